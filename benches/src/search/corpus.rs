//! Letters as a practice receives them: plain notes, French in quoted-printable, HTML with a file.

const WORDS: [&str; 24] = [
    "patient",
    "traitement",
    "examen",
    "biologie",
    "consultation",
    "tension",
    "dossier",
    "hopital",
    "medecin",
    "resultat",
    "ordonnance",
    "suivi",
    "bilan",
    "scanner",
    "radiologie",
    "douleur",
    "antecedent",
    "allergie",
    "posologie",
    "infirmier",
    "pharmacie",
    "courrier",
    "compte",
    "rendu",
];
const ACCENTED: [&str; 6] =
    ["m=C3=A9decin", "r=C3=A9sultat", "=C3=A9tat", "pr=C3=A9l=C3=A8vement", "o=C3=B9", "=C3=A0"];

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % sides as u64) as usize
    }

    fn text(&mut self, octets: usize, accents: bool) -> String {
        let (mut text, mut line) = (String::with_capacity(octets + 80), 0);
        while text.len() < octets {
            let word =
                if accents && self.roll(5) == 0 { ACCENTED[self.roll(6)] } else { WORDS[self.roll(24)] };
            if line + word.len() > 70 {
                text.push_str(if accents && self.roll(2) == 0 { " =\r\n" } else { "\r\n" });
                line = 0;
            } else if line > 0 {
                text.push(' ');
            }
            text.push_str(word);
            line += word.len() + 1;
        }
        text.push_str("\r\n");
        text
    }
}

/// The letter of a number, header block and body.
pub(crate) fn letter(number: u64) -> Vec<u8> {
    let mut dice = Dice(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let subject = match number % 50 {
        7 => "=?utf-8?Q?R=C3=A9sultats_de_glyc=C3=A9mie?=".to_owned(),
        _ => format!("{} {} {number}", WORDS[dice.roll(24)], WORDS[dice.roll(24)]),
    };
    let mut letter = format!(
        "Return-Path: <martin{0}@hopital-saint-roch.mssante.example>\r\n\
         Received: from smtp.hopital-saint-roch.mssante.example (smtp.hopital-saint-roch.mssante.example [192.0.2.25])\r\n\
         \tby mail.pli.example with ESMTPS id {number:x}\r\n\tfor <marie.lenoir@cabinet-lilas.mssante.example>;\r\n\
         \tSat, 21 Nov 2026 09:30:00 +0100\r\n\
         Received: from poste-{1}.interne.example (poste-{1}.interne.example [10.1.2.{1}])\r\n\
         \tby smtp.hopital-saint-roch.mssante.example with ESMTPSA id a{number:x}; Sat, 21 Nov 2026 09:29:58 +0100\r\n\
         From: =?utf-8?Q?Dr_H=C3=A9l=C3=A8ne_Martin?= <martin{0}@hopital-saint-roch.mssante.example>\r\n\
         To: Marie Lenoir <marie.lenoir@cabinet-lilas.mssante.example>\r\nSubject: {subject}\r\n\
         Date: Sat, 21 Nov 2026 09:29:57 +0100\r\nMessage-ID: <{number}.martin@hopital-saint-roch.mssante.example>\r\n\
         User-Agent: Logiciel de cabinet 12.4\r\nMIME-Version: 1.0\r\n",
        dice.roll(200),
        dice.roll(250),
    );
    let rare = if number % 2_000 == 77 { "un ph=C3=A9ochromocytome, =\r\n" } else { "" };
    match number % 20 {
        0..10 => {
            letter.push_str(
                "Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n",
            );
            let octets = 400 + dice.roll(2_800);
            letter.push_str(&dice.text(octets, false));
        }
        10..18 => {
            letter.push_str("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n");
            letter.push_str(rare);
            let octets = 600 + dice.roll(4_000);
            letter.push_str(&dice.text(octets, true));
        }
        _ => {
            letter.push_str("Content-Type: multipart/mixed; boundary=\"limite\"\r\n\r\n");
            letter.push_str("--limite\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
            let octets = 1_500 + dice.roll(5_000);
            let html = format!("<html><body><p>état : {}</p></body></html>", dice.text(octets, false));
            base64(html.as_bytes(), &mut letter);
            letter.push_str("--limite\r\nContent-Type: application/pdf; name=\"cr.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n");
            let file: Vec<u8> = (0..9_000 + dice.roll(18_000)).map(|_| dice.roll(256) as u8).collect();
            base64(&file, &mut letter);
            letter.push_str("--limite--\r\n");
        }
    }
    letter.into_bytes()
}

fn base64(octets: &[u8], out: &mut String) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for line in octets.chunks(57) {
        for three in line.chunks(3) {
            let bits = three.iter().fold(0_u32, |bits, octet| bits << 8 | u32::from(*octet))
                << (8 * (3 - three.len()));
            for at in 0..4 {
                out.push(if at <= three.len() {
                    ALPHABET[(bits >> (18 - 6 * at)) as usize & 63] as char
                } else {
                    '='
                });
            }
        }
        out.push_str("\r\n");
    }
}
