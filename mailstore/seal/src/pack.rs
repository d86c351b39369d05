//! Packing: a frame whose lines of base64 are kept as the octets they carry (ADR 0035).
//!
//! Most of a letter with a document is base64: four octets for three, and a line end after each 76. A line is kept
//! as what it carries only if coding that again gives the very line; everything else stays as it is. So every frame
//! comes back octet for octet, whatever it holds: a signature over a letter never notices.
//!
//! ```text
//! packed  = VERSION piece*
//! piece   = LITERAL count-1:u16 octets          as they are
//!         | LINES lines-1:u16 carried-1:u16     so many lines, each the base64 of so many octets, with its
//!           octets                              padding, and CRLF behind it
//! ```
//! Numbers are big-endian. A frame has 65,536 octets at most, so they suffice.

use base64_simd::{AsOut, STANDARD};

use crate::Tampered;
use crate::limits::{PACKED_GAIN, PACKED_GROUP, PACKED_LINE};

/// How a packed frame is written; another way to pack takes another number.
const VERSION: u8 = 1;
const LITERAL: u8 = 0;
const LINES: u8 = 1;
const CRLF: &[u8] = b"\r\n";

/// Packs `plain`, a frame at most, into `out`, whatever was there. `false`: it would save too little, and `out`
/// holds nothing of use.
pub(crate) fn pack(plain: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    out.push(VERSION);
    // Where the octets begin that are not in `out` yet, and where the next line does.
    let (mut kept, mut at) = (0, 0);
    while let Some(end) = memchr::memchr(b'\n', &plain[at..]) {
        let next = at + end + 1;
        if let Some(carried) = carried(&plain[at..at + end]) {
            // Room for what the rest carries if all is base64: grown in steps it would be copied at each.
            let rest = plain.len() - kept;
            out.reserve(rest - rest / 4);
            put_literal(&plain[kept..at], out);
            kept = at + put_lines(&plain[at..], end - 1, carried, out);
        }
        at = next.max(kept);
    }
    if kept == 0 {
        return false;
    }
    put_literal(&plain[kept..], out);
    out.len() + PACKED_GAIN <= plain.len() && comes_back(out, plain)
}

/// The law, tried on every frame before a letter is answered for: a fault in here, or in a decoder for one kind of
/// processor that no test ran on, costs room and no letter. In a buffer of its own: `out` of the sealer is kept until
/// it is on disk, and would be kept as long as the frame. Wiping it would cost as much again, and the letter stands
/// unwiped in the buffers it came through.
fn comes_back(packed: &[u8], plain: &[u8]) -> bool {
    let mut back = Vec::with_capacity(plain.len());
    unpack(packed, plain.len(), &mut back).is_ok() && back == plain
}

/// Appends to `plain` the `size` octets that were packed.
pub(crate) fn unpack(packed: &[u8], size: usize, plain: &mut Vec<u8>) -> Result<(), Tampered> {
    let end = plain.len() + size;
    let Some((&VERSION, mut rest)) = packed.split_first() else { return Err(Tampered) };
    while let Some((&piece, after)) = rest.split_first() {
        let room = end - plain.len();
        match piece {
            LITERAL => {
                let (count, after) = number(after)?;
                let (octets, after) = after.split_at_checked(count).ok_or(Tampered)?;
                if count > room {
                    return Err(Tampered);
                }
                plain.extend_from_slice(octets);
                rest = after;
            }
            LINES => {
                let (lines, after) = number(after)?;
                let (carried, after) = number(after)?;
                let (octets, after) = after.split_at_checked(lines * carried).ok_or(Tampered)?;
                if lines * (STANDARD.encoded_length(carried) + CRLF.len()) > room {
                    return Err(Tampered);
                }
                write_lines(octets, lines, carried, plain);
                rest = after;
            }
            _ => return Err(Tampered),
        }
    }
    if plain.len() == end { Ok(()) } else { Err(Tampered) }
}

/// How many octets a line carries, its line feed cut off; none if it is not worth packing, or not exactly the
/// base64 of what it carries.
fn carried(line: &[u8]) -> Option<usize> {
    let text = line.strip_suffix(b"\r")?;
    if text.len() < PACKED_LINE || !text.len().is_multiple_of(4) {
        return None;
    }
    STANDARD.check(text).and_then(|()| STANDARD.decoded_length(text)).ok()
}

fn put_literal(octets: &[u8], out: &mut Vec<u8>) {
    if !octets.is_empty() {
        out.push(LITERAL);
        put_number(octets.len(), out);
        out.extend_from_slice(octets);
    }
}

/// Puts the line of `width` at the beginning of `rest`, and those behind it that carry as much; answers how many
/// octets of `rest` they are.
fn put_lines(rest: &[u8], width: usize, carried: usize, out: &mut Vec<u8>) -> usize {
    let header = out.len();
    out.extend_from_slice(&[0; 5]);
    let stride = width + CRLF.len();
    // A padded line is the last of its text.
    let most = if carried * 4 < width * 3 { 1 } else { (PACKED_GROUP / width).max(1) };
    let mut lines = 0;
    loop {
        let group = alike(&rest[lines * stride..], width, most);
        let taken = take(&rest[lines * stride..], width, group, carried, out);
        lines += taken;
        if taken < most || carried * 4 < width * 3 {
            break;
        }
    }
    if lines == 0 {
        out.truncate(header);
        return 0;
    }
    out[header] = LINES;
    out[header + 1..header + 3].copy_from_slice(&short(lines));
    out[header + 3..header + 5].copy_from_slice(&short(carried));
    lines * stride
}

/// How many lines of `width` stand at the beginning of `rest`, `most` at most, going by their ends.
fn alike(rest: &[u8], width: usize, most: usize) -> usize {
    let stride = width + CRLF.len();
    let ends = |line: &usize| rest.get(line * stride + width..(line + 1) * stride) == Some(CRLF);
    (0..most).take_while(ends).count()
}

/// Takes these lines, or those before the first that carries something else.
fn take(rest: &[u8], width: usize, lines: usize, carried: usize, out: &mut Vec<u8>) -> usize {
    if lines > 1 && decode(rest, width, lines, carried, out) {
        return lines;
    }
    let stride = width + CRLF.len();
    (0..lines).take_while(|line| decode(&rest[line * stride..], width, 1, carried, out)).count()
}

/// Appends what these lines carry, if that is so much each and exactly.
fn decode(rest: &[u8], width: usize, lines: usize, carried: usize, out: &mut Vec<u8>) -> bool {
    let mut together = [0; PACKED_GROUP];
    let text = match lines {
        1 => &rest[..width],
        // Line by line the start and the end of each call would cost more than what is between.
        lines => {
            let sources = rest.chunks(width + CRLF.len()).take(lines);
            for (line, place) in sources.zip(together.chunks_mut(width)) {
                place.copy_from_slice(&line[..width]);
            }
            &together[..lines * width]
        }
    };
    let (from, length) = (out.len(), lines * carried);
    out.resize(from + length, 0);
    // Refuses padding but at the end, and bits that no octet has.
    let exact = STANDARD.decode(text, out[from..].as_out()).is_ok_and(|decoded| decoded.len() == length);
    if !exact {
        out.truncate(from);
    }
    exact
}

fn write_lines(octets: &[u8], lines: usize, carried: usize, plain: &mut Vec<u8>) {
    let width = STANDARD.encoded_length(carried);
    let (from, stride) = (plain.len(), width + CRLF.len());
    plain.resize(from + lines * stride, 0);
    let place = &mut plain[from..];
    if carried.is_multiple_of(3) {
        // All in one, at the end of their room; then each moves to its place, and never over one that has not moved.
        let spare = lines * CRLF.len();
        _ = STANDARD.encode(octets, place[spare..].as_out());
        for line in 0..lines {
            let source = spare + line * width;
            place.copy_within(source..source + width, line * stride);
            place[line * stride + width..(line + 1) * stride].copy_from_slice(CRLF);
        }
    } else {
        for (octets, line) in octets.chunks(carried).zip(place.chunks_mut(stride)) {
            _ = STANDARD.encode(octets, line.as_out());
            line[width..].copy_from_slice(CRLF);
        }
    }
}

/// Counts from one, in two octets.
fn short(count: usize) -> [u8; 2] {
    debug_assert!((1..=crate::limits::FRAME).contains(&count));
    ((count - 1) as u16).to_be_bytes()
}

fn put_number(count: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&short(count));
}

fn number(rest: &[u8]) -> Result<(usize, &[u8]), Tampered> {
    let (number, rest) = rest.split_first_chunk().ok_or(Tampered)?;
    Ok((usize::from(u16::from_be_bytes(*number)) + 1, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::FRAME;
    use proptest::prelude::*;

    /// Packs and unpacks; how long it was in between, if it was packed.
    fn there_and_back(plain: &[u8]) -> Option<usize> {
        let mut packed = b"what was there".to_vec();
        if !pack(plain, &mut packed) {
            return None;
        }
        let mut back = b"before".to_vec();
        unpack(&packed, plain.len(), &mut back).unwrap();
        assert!(back.strip_prefix(b"before") == Some(plain), "another text came back");
        Some(packed.len())
    }

    fn octets(count: usize) -> Vec<u8> {
        (0..count as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
    }

    /// These octets as base64 in lines.
    fn lines(octets: &[u8], width: usize, end: &str) -> Vec<u8> {
        let text = STANDARD.encode_to_string(octets);
        text.as_bytes().chunks(width).flat_map(|line| [line, end.as_bytes()].concat()).collect()
    }

    fn document(carried: usize) -> Vec<u8> {
        let head = b"--limite\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n";
        [&head[..], &lines(&octets(carried), 76, "\r\n"), b"--limite--\r\n"].concat()
    }

    #[test]
    fn a_document_is_kept_in_hardly_more_octets_than_it_carries() {
        for carried in [1_000, 35_200, 35_201, 35_202, 47_000] {
            let plain = document(carried);
            let packed = there_and_back(&plain).unwrap();
            assert!(packed <= carried + 130, "{packed} octets for {carried}");
        }
    }

    #[test]
    fn what_is_not_exactly_base64_in_lines_comes_back_as_it_was() {
        let good = lines(&octets(1_710), 76, "\r\n");
        let with = |at: usize, octet: u8| {
            let mut text = good.clone();
            text[at] = octet;
            text
        };
        // `packed`: whether enough of it is left to be worth it.
        for (case, plain, packed) in [
            ("nothing", Vec::new(), false),
            ("a line end", b"\r\n".to_vec(), false),
            ("line feeds alone", b"\n\n\n\n".to_vec(), false),
            ("a text", "Madame, Monsieur,\r\n\r\nvoici le compte rendu.\r\n".repeat(40).into_bytes(), false),
            ("octets", octets(FRAME), false),
            ("a line too short", lines(&octets(12), 76, "\r\n"), false),
            ("one line", lines(&octets(57), 76, "\r\n"), false),
            ("lines of 76", good.clone(), true),
            ("lines of 64", lines(&octets(1_710), 64, "\r\n"), true),
            ("lines of 75", lines(&octets(1_710), 75, "\r\n"), false),
            ("lines of 996 and of what is left", lines(&octets(4_000), 996, "\r\n"), true),
            ("one endless line", lines(&octets(40_000), 80_000, "\r\n"), true),
            ("one endless line without an end", lines(&octets(40_000), 80_000, ""), false),
            ("bare line feeds", lines(&octets(1_710), 76, "\n"), false),
            ("bare carriage returns", lines(&octets(1_710), 76, "\r"), false),
            ("a space before each line end", lines(&octets(1_710), 76, " \r\n"), false),
            (
                "the alphabet of addresses",
                good.iter().map(|octet| if *octet == b'+' { b'-' } else { *octet }).collect(),
                true,
            ),
            ("a space in the first line", with(10, b' '), true),
            ("a space in the middle", with(1_000, b' '), true),
            ("a space in the last line", with(good.len() - 5, b' '), true),
            ("padding in the middle", with(1_003, b'='), true),
            (
                "two pads at the end of a line",
                {
                    let mut text = with(74, b'=');
                    text[75] = b'=';
                    text
                },
                true,
            ),
            ("three pads", b"QUFBQUFBQUFBQUFBQUFBQUFB====\r\n".repeat(20), false),
            ("bits that no octet has", b"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQR==\r\n".repeat(20), false),
            (
                "bits that no octet has, one pad",
                b"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUG=\r\n".repeat(20),
                false,
            ),
            ("padded lines one after the other", lines(&octets(34), 76, "\r\n").repeat(20), true),
            ("a line feed in a line", with(400, b'\n'), true),
            ("a carriage return for a line end", with(77, b'\r'), true),
            ("cut in the middle of a line", good[..1_000].to_vec(), true),
            ("begun in the middle of a line", good[39..].to_vec(), true),
            ("cut between CR and LF", good[..good.len() - 1].to_vec(), true),
            (
                "every second line broken",
                good.chunks(78)
                    .enumerate()
                    .flat_map(|(at, line)| {
                        let mut line = line.to_vec();
                        if at % 2 == 1 {
                            line[3] = b'!'
                        }
                        line
                    })
                    .collect(),
                true,
            ),
            ("a whole frame of pads", vec![b'='; FRAME], false),
            ("a whole frame of lines", lines(&octets(49_152), 76, "\r\n")[..FRAME].to_vec(), true),
        ] {
            assert_eq!(there_and_back(&plain).is_some(), packed, "{case}");
        }
    }

    #[test]
    fn what_nobody_packed_is_refused() {
        let lines_of = |lines: u16, carried: u16, octets: usize| {
            let mut packed = vec![VERSION, LINES];
            packed.extend_from_slice(&lines.to_be_bytes());
            packed.extend_from_slice(&carried.to_be_bytes());
            packed.resize(packed.len() + octets, 7);
            packed
        };
        for (case, packed, size) in [
            ("nothing", vec![], 0),
            ("another version", vec![2], 0),
            ("an octet missing", vec![VERSION, LITERAL, 0, 1, 7], 2),
            ("one octet too many", vec![VERSION, LITERAL, 0, 1, 7, 7], 1),
            ("one octet too few", vec![VERSION, LITERAL, 0, 1, 7, 7], 3),
            ("a piece of no kind", vec![VERSION, 9, 0, 0, 7], 1),
            ("half a number", vec![VERSION, LITERAL, 0], 1),
            ("a kind alone", vec![VERSION, LINES], 0),
            ("lines without octets", lines_of(0, 56, 56), 78),
            ("lines beyond the frame", lines_of(0, 56, 57), 77),
            ("lines short of the frame", lines_of(0, 56, 57), 79),
            ("lines beyond all measure", lines_of(65_535, 65_535, 70_000), FRAME),
            ("short lines that would grow", lines_of(65_535, 0, 65_536), FRAME),
        ] {
            let mut plain = Vec::new();
            assert_eq!(unpack(&packed, size, &mut plain), Err(Tampered), "{case}");
            assert!(plain.len() <= size, "{case}: {} octets were made", plain.len());
        }
    }

    /// Something that may stand in a letter.
    fn piece() -> impl Strategy<Value = Vec<u8>> {
        let ends = prop_oneof![8 => Just("\r\n"), 1 => Just("\n"), 1 => Just("\r"), 1 => Just(" \r\n"), 1 => Just("")];
        let widths = prop_oneof![6 => Just(76_usize), 2 => Just(64), 1 => Just(72), 1 => 20_usize..90, 1 => 500_usize..1_000];
        prop_oneof![
            6 => (0_usize..6_000, widths, ends).prop_map(|(count, width, end)| lines(&octets(count), width, end)),
            2 => "[a-zA-Z ,.é]{0,80}(\r\n|\n|)".prop_map(String::into_bytes),
            1 => proptest::collection::vec(any::<u8>(), 0..300),
            // Nearly base64: its alphabet, pads and line ends anywhere.
            2 => proptest::collection::vec(proptest::sample::select(&b"AQBz09+/==\r\n"[..]), 0..400),
            1 => "([A-Za-z0-9+/]{24}[A-Za-z0-9+/=]{4}\r\n){0,30}".prop_map(String::into_bytes),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn any_frame_comes_back_octet_for_octet(
            pieces in proptest::collection::vec(piece(), 0..8), from in any::<prop::sample::Index>(),
            holes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        ) {
            let mut plain = pieces.concat();
            for (at, octet) in holes {
                if !plain.is_empty() {
                    let at = at.index(plain.len());
                    plain[at] = octet;
                }
            }
            // A frame begins anywhere in a letter.
            let from = from.index(plain.len() + 1);
            let frame = &plain[from..plain.len().min(from + FRAME)];
            there_and_back(frame);
            there_and_back(&plain[..plain.len().min(FRAME)]);
        }

        #[test]
        fn whatever_is_unpacked_gives_its_size_or_nothing(
            packed in proptest::collection::vec(prop_oneof![4 => 0_u8..3, 1 => any::<u8>()], 0..200), size in 0_usize..2_000,
            flip in any::<prop::sample::Index>(), bit in 0_u32..8,
        ) {
            let mut plain = Vec::new();
            let made = unpack(&packed, size, &mut plain);
            prop_assert!(plain.len() <= size);
            prop_assert!(made.is_err() || plain.len() == size);
            // And one bit away from what was packed.
            let document = document(1_200);
            let mut packed = Vec::new();
            prop_assert!(pack(&document, &mut packed));
            let flip = flip.index(packed.len());
            packed[flip] ^= 1 << bit;
            plain.clear();
            let made = unpack(&packed, document.len(), &mut plain);
            prop_assert!(plain.len() <= document.len());
            prop_assert!(made.is_err() || plain != document);
        }
    }
}
