//! Which texts a letter surely does not hold (ADR 0032): of the folded text that a search looks through, every run
//! of three octets sets one bit. A text whose runs are not all there is not there; the others are looked for.

/// Bits of the largest filter: of some ten thousand different runs one position in eight is taken.
const WIDEST: usize = 1 << 16;
/// Bits kept for each position taken, at least: a run that is not there is taken for there once in four to
/// eight times, and a word has several.
const SPARSE: usize = 4;
/// Octets of a run.
const GRAM: usize = 3;

/// Gathers the runs of texts. Used again for letter after letter.
pub(super) struct Grams {
    bits: Box<[u64]>,
    /// The last octets of the text so far, to which the next piece is joined.
    tail: [u8; GRAM - 1],
    known: usize,
}

/// The bits of some texts. `None`: so many that nothing is ruled out.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Filter(pub(super) Option<Vec<u8>>);

/// The runs of a text that is looked for.
#[derive(Clone, Debug)]
pub(super) struct Probe(Vec<u16>);

/// The high half of the product hangs on every octet.
fn place(gram: [u8; GRAM]) -> u16 {
    let number = u64::from(gram[0]) << 16 | u64::from(gram[1]) << 8 | u64::from(gram[2]);
    (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as u16
}

impl Grams {
    pub(super) fn new() -> Self {
        Self { bits: vec![0; WIDEST / 64].into(), tail: [0; GRAM - 1], known: 0 }
    }

    /// Takes the next piece of a text.
    pub(super) fn add(&mut self, piece: &[u8]) {
        for &octet in piece {
            if self.known == GRAM - 1 {
                let place = usize::from(place([self.tail[0], self.tail[1], octet]));
                self.bits[place / 64] |= 1 << (place % 64);
            } else {
                self.known += 1;
            }
            self.tail = [self.tail[1], octet];
        }
    }

    /// What comes next is another text.
    pub(super) fn end_text(&mut self) {
        self.known = 0;
    }

    /// The filter of all texts since the last one, as narrow as its texts allow.
    pub(super) fn take(&mut self) -> Filter {
        self.end_text();
        let ones: usize = self.bits.iter().map(|word| word.count_ones() as usize).sum();
        let width = (ones * SPARSE).next_power_of_two().clamp(64, WIDEST);
        let filter = if ones == 0 {
            Filter(Some(Vec::new()))
        } else if ones > WIDEST / 2 {
            Filter(None)
        } else {
            let mut narrow = vec![0_u64; width / 64];
            for (at, word) in self.bits.iter().enumerate() {
                narrow[at % (width / 64)] |= word;
            }
            Filter(Some(narrow.iter().flat_map(|word| word.to_le_bytes()).collect()))
        };
        self.bits.fill(0);
        filter
    }
}

impl Probe {
    /// Of a folded text; one that is shorter than a run may stand everywhere.
    pub(super) fn of(needle: &str) -> Self {
        Self(needle.as_bytes().windows(GRAM).map(|gram| place([gram[0], gram[1], gram[2]])).collect())
    }

    /// Whether the text may stand where these bits come from: a number of octets that is a power of two, or none.
    pub(super) fn may_stand(&self, bits: Option<&[u8]>) -> bool {
        let Some(bits) = bits else { return true };
        if bits.is_empty() {
            return self.0.is_empty();
        }
        let mask = bits.len() * 8 - 1;
        self.0.iter().all(|place| {
            let place = usize::from(*place) & mask;
            bits[place / 8] >> (place % 8) & 1 == 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_word_that_is_not_there_is_ruled_out_and_a_short_one_never_is() {
        let mut grams = Grams::new();
        grams.add(b"le cholesterol ");
        grams.add(b"est bas");
        grams.end_text();
        grams.add(b"fin");
        let filter = grams.take();
        let bits = filter.0.as_deref();
        for there in ["cholesterol", "ol est b", "fin", "", "zz"] {
            assert!(Probe::of(there).may_stand(bits), "{there}");
        }
        for not in ["glycemie", "radiographie", "basfin et la suite"] {
            assert!(!Probe::of(not).may_stand(bits), "{not}");
        }
        assert_eq!(grams.take(), Filter(Some(Vec::new())), "nothing is left of the letter before");
        assert!(!Probe::of("abc").may_stand(Some(&[])) && Probe::of("ab").may_stand(Some(&[])));
        assert!(Probe::of("abc").may_stand(None));
    }

    #[test]
    fn what_has_too_many_runs_rules_nothing_out() {
        let mut grams = Grams::new();
        let mut number = 1_u64;
        let octets = std::iter::repeat_with(|| {
            // Marsaglia's xorshift.
            number ^= number << 13;
            number ^= number >> 7;
            number ^= number << 17;
            number as u8
        });
        grams.add(&octets.take(100_000).collect::<Vec<u8>>());
        assert_eq!(grams.take(), Filter(None));
    }

    proptest! {
        #[test]
        fn what_stands_in_a_text_is_never_ruled_out(
            texts in prop::collection::vec("[a-eé ]{0,40}", 1..6), from in 0..40_usize, length in 0..12_usize, cut in 0..40_usize,
        ) {
            let mut grams = Grams::new();
            for text in &texts {
                let (one, two) = text.as_bytes().split_at(cut.min(text.len()));
                grams.add(one);
                grams.add(two);
                grams.end_text();
            }
            let filter = grams.take();
            for text in &texts {
                let needle: String = text.chars().skip(from % 40).take(length).collect();
                prop_assert!(Probe::of(&needle).may_stand(filter.0.as_deref()));
            }
        }
    }
}
