//! A small PDF that every reader opens: one page, a title, a few lines.

use std::fmt::Write as _;

/// Writes a page with these lines, the first one larger. Characters outside Latin-1 become `?`.
pub(super) fn page(lines: &[&str]) -> Vec<u8> {
    let mut text = String::from("BT\n72 760 Td\n");
    for (number, line) in lines.iter().enumerate() {
        let size = if number == 0 { 18 } else { 12 };
        let _ = writeln!(text, "/F1 {size} Tf\n({}) Tj\n0 -24 Td", escaped(line));
    }
    text.push_str("ET\n");
    let stream: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
    let objects: [Vec<u8>; 5] = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
          /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_vec(),
        [format!("<< /Length {} >>\nstream\n", stream.len()).as_bytes(), &stream, b"endstream"].concat(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_vec(),
    ];
    let mut file = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut places = Vec::with_capacity(objects.len());
    for (number, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.extend_from_slice(format!("{} 0 obj\n", number + 1).as_bytes());
        file.extend_from_slice(object);
        file.extend_from_slice(b"\nendobj\n");
    }
    let table = file.len();
    let mut trailer = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for place in places {
        let _ = writeln!(trailer, "{place:010} 00000 n ");
    }
    let _ = write!(
        trailer,
        "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n",
        objects.len() + 1
    );
    file.extend_from_slice(trailer.as_bytes());
    file
}

fn escaped(line: &str) -> String {
    line.chars().flat_map(|c| matches!(c, '(' | ')' | '\\').then_some('\\').into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_file_points_at_its_objects() {
        let file = page(&["Compte rendu", "été (fin) \\ 😀"]);
        let text: String = file.iter().copied().map(char::from).collect();
        assert!(text.contains("(\u{e9}t\u{e9} \\(fin\\) \\\\ ?) Tj"), "{text}");
        let table: usize = text.split("startxref\n").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
        let rows = std::str::from_utf8(&file[table..]).unwrap();
        assert!(rows.starts_with("xref\n0 6\n"), "{rows}");
        for (number, row) in rows.lines().skip(3).take(5).enumerate() {
            let place: usize = row[..10].parse().unwrap();
            assert_eq!(row.len(), 19, "an entry has twenty octets with its line end");
            let object = format!("{} 0 obj", number + 1);
            assert!(file[place..].starts_with(object.as_bytes()), "{row}");
        }
        let length: usize =
            text.split("/Length ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        let stream = text.split("stream\n").nth(1).unwrap();
        assert_eq!(stream.strip_suffix("end").unwrap().chars().count(), length);
    }
}
