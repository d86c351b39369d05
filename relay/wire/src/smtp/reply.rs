//! Every reply this door can give; the only place in `wire` with three-digit codes.

use super::limits::{BY_SHORTEST, HOLD_LONGEST};
use super::{Accepted, Config, Discard, Extension};
use crate::sasl::{Mechanism, SaslError};
use names::{SECOND, Timestamp};

/// Octets of one reply line with its code, separator and CRLF (RFC 5321 §4.5.3.1.5).
const LINE: usize = 512;
/// What a client over the cap of connections reads before it is shut out (RFC 5321 §3.1).
pub const BUSY: &[u8] = b"421 4.7.0 too many connections, come back in a few minutes\r\n";

/// One reply: a code, an enhanced code where the extension asks for one (RFC 2034), a sentence.
///
/// The sentence is made safe when the reply is built: one or more lines of printable ASCII, however
/// it was given. Replies are ASCII unless the client asked for SMTPUTF8 (RFC 6531 §3.7.4.2), and no
/// client shows the difference, so French sentences lose their accents here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    enhanced: Option<(u8, u8, u16)>,
    text: String,
}

impl Reply {
    /// A reply of the world's own. `\n` in the text begins a new line of a multi-line reply.
    ///
    /// The first figure of the enhanced code follows the code's, as RFC 2034 §4 demands.
    #[must_use]
    pub fn new(code: u16, enhanced: (u8, u8, u16), text: &str) -> Self {
        let class = u8::try_from(code / 100).unwrap_or(5);
        Self { enhanced: Some((class, enhanced.1, enhanced.2)), ..Self::bare(code, text) }
    }

    /// A reply without enhanced code: greeting, EHLO, intermediate replies.
    fn bare(code: u16, text: &str) -> Self {
        Self { code, enhanced: None, text: safe(text) }
    }

    /// The three-digit code.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The enhanced status code (RFC 3463).
    #[must_use]
    pub fn enhanced(&self) -> Option<(u8, u8, u16)> {
        self.enhanced
    }

    /// The sentence, printable ASCII, lines parted by `\n`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it refuses for good (5yz).
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// Whether it refuses, for now or for good.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.code >= 400
    }

    /// Whether the connection ends after it (421, RFC 5321 §3.8).
    #[must_use]
    pub fn is_farewell(&self) -> bool {
        self.code == 421
    }

    /// Appends the reply as it goes on the wire: `code-` on every line but the last.
    pub fn write(&self, out: &mut Vec<u8>) {
        let enhanced = self.enhanced.map(|(a, b, c)| format!("{a}.{b}.{c} ")).unwrap_or_default();
        let room = LINE - 2 - 4 - enhanced.len();
        let lines: Vec<&str> = self.text.split('\n').flat_map(|line| pieces(line, room)).collect();
        for (index, line) in lines.iter().enumerate() {
            let separator = if index + 1 == lines.len() { ' ' } else { '-' };
            out.extend_from_slice(format!("{}{separator}{enhanced}{line}\r\n", self.code).as_bytes());
        }
    }
}

/// Cuts a line of ASCII into pieces of at most `room` octets, at blanks where there are any.
fn pieces(mut line: &str, room: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    while line.len() > room {
        let cut = line[..room].rfind(' ').filter(|&cut| cut > 0).unwrap_or(room);
        pieces.push(&line[..cut]);
        line = line[cut..].trim_start_matches(' ');
    }
    pieces.push(line);
    pieces
}

fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.trim_end_matches('\n').chars() {
        match c {
            '\n' | ' '..='~' => safe.push(c),
            'à' | 'â' | 'ä' => safe.push('a'),
            'é' | 'è' | 'ê' | 'ë' => safe.push('e'),
            'î' | 'ï' => safe.push('i'),
            'ô' | 'ö' => safe.push('o'),
            'ù' | 'û' | 'ü' => safe.push('u'),
            'ç' => safe.push('c'),
            'À' | 'Â' => safe.push('A'),
            'É' | 'È' | 'Ê' => safe.push('E'),
            'Ç' => safe.push('C'),
            'œ' => safe.push_str("oe"),
            '’' | '‘' => safe.push('\''),
            '«' | '»' | '“' | '”' => safe.push('"'),
            '–' | '—' => safe.push('-'),
            '\r' => {}
            '\t' | '\u{a0}' | '\u{202f}' => safe.push(' '),
            _ => safe.push('?'),
        }
    }
    safe
}

/// The protocol's own replies, one function for each thing that happens.
impl Reply {
    pub(super) fn greeting(config: &Config) -> Self {
        Self::bare(220, &format!("{} ESMTP {}", config.hostname, config.greeting.replace('\n', " ")))
    }

    pub(super) fn hello(config: &Config) -> Self {
        Self::bare(250, &config.hostname.to_string())
    }

    /// What is offered in the present state, and nothing else. `mechanisms` are those of AUTH.
    pub(super) fn extensions(
        config: &Config,
        secured: bool,
        mechanisms: &[Mechanism],
        now: Timestamp,
    ) -> Self {
        let limits = &config.limits;
        let mut lines = vec![
            config.hostname.to_string(),
            "PIPELINING".to_owned(),
            format!("SIZE {}", limits.letter),
            "8BITMIME".to_owned(),
        ];
        if !secured {
            lines.push("STARTTLS".to_owned());
        }
        // RFC 4954 §4: not before the TLS that protects the password, not after it has served.
        if !mechanisms.is_empty() {
            let names = mechanisms.iter().map(|mechanism| mechanism.as_str());
            lines.push(std::iter::once("AUTH").chain(names).collect::<Vec<_>>().join(" "));
        }
        lines.push("ENHANCEDSTATUSCODES".to_owned());
        for extension in &config.extensions {
            lines.push(match extension {
                Extension::Chunking => "CHUNKING".to_owned(),
                Extension::Dsn => "DSN".to_owned(),
                // RFC 8689 §2: only where it can be kept.
                Extension::RequireTls if !secured => continue,
                Extension::RequireTls => "REQUIRETLS".to_owned(),
                Extension::Limits => {
                    format!("LIMITS RCPTMAX={} MAILMAX={}", limits.recipients, limits.letters)
                }
                Extension::DeliverBy => format!("DELIVERBY {BY_SHORTEST}"),
                Extension::FutureRelease => {
                    let latest = now.plus(HOLD_LONGEST * SECOND);
                    format!("FUTURERELEASE {HOLD_LONGEST} {}", latest.utc().strftime("%Y-%m-%dT%H:%M:%SZ"))
                }
            });
        }
        lines.push("SMTPUTF8".to_owned());
        Self::bare(250, &lines.join("\n"))
    }

    pub(super) fn ok() -> Self {
        Self::new(250, (2, 0, 0), "OK")
    }

    pub(super) fn sender_ok() -> Self {
        Self::new(250, (2, 1, 0), "sender OK")
    }

    pub(super) fn recipient_ok() -> Self {
        Self::new(250, (2, 1, 5), "recipient OK")
    }

    pub(super) fn accepted(accepted: &Accepted) -> Self {
        Self::new(250, (2, 0, 0), &format!("{} accepted", accepted.queue))
    }

    pub(super) fn begin_letter() -> Self {
        Self::bare(354, "send the letter, end with <CRLF>.<CRLF>")
    }

    pub(super) fn chunk_taken(octets: u64) -> Self {
        Self::new(250, (2, 0, 0), &format!("{octets} octets"))
    }

    /// Where a chunk ends cannot be known, so that nothing after it can be read.
    pub(super) fn bad_chunk() -> Self {
        Self::new(501, (5, 5, 4), "syntax: BDAT octets [LAST], goodbye")
    }

    /// A chunk that will not even be read away.
    pub(super) fn chunk_absurd(limit: u64) -> Self {
        Self::new(552, (5, 3, 4), &format!("a letter may have {limit} octets, goodbye"))
    }

    pub(super) fn begin_tls() -> Self {
        Self::new(220, (2, 0, 0), "ready for TLS")
    }

    pub(super) fn bye() -> Self {
        Self::new(221, (2, 0, 0), "bye")
    }

    pub(super) fn cannot_verify() -> Self {
        Self::new(252, (2, 5, 2), "cannot verify; send a letter and see")
    }

    pub(super) fn help() -> Self {
        Self::new(214, (2, 0, 0), "RFC 5321; ask the operator of this house")
    }

    pub(super) fn challenge(base64: &str) -> Self {
        Self::bare(334, base64)
    }

    pub(super) fn signed_in() -> Self {
        Self::new(235, (2, 7, 0), "signed in")
    }

    /// The exchange broke before the world could be asked. A login or password that cannot be one
    /// gets the same words as a wrong one (RELIABILITY A-02).
    pub(super) fn sign_in_broken(why: SaslError) -> Self {
        match why {
            SaslError::Cancelled => Self::new(501, (5, 7, 0), "sign-in cancelled"),
            SaslError::Base64 => Self::new(501, (5, 5, 2), "not base64"),
            SaslError::Shape => Self::new(501, (5, 5, 2), "not a message of this mechanism"),
            SaslError::Binding => Self::new(535, (5, 7, 8), "the sign-in is not bound to this TLS session"),
            SaslError::Identity | SaslError::Secret => Self::sign_in_failed(),
        }
    }

    /// The one reply to a wrong login or password, whichever it was.
    #[must_use]
    pub fn sign_in_failed() -> Self {
        Self::new(535, (5, 7, 8), "login or password is not right")
    }

    /// Who came in does so no longer, and the session ends: the program signs in again.
    #[must_use]
    pub fn signed_out(why: &str) -> Self {
        Self::new(421, (4, 7, 0), why)
    }

    /// The world could not say whether the login may come in.
    #[must_use]
    pub fn sign_in_unavailable() -> Self {
        Self::new(454, (4, 7, 0), "sign-in is not possible at the moment")
    }

    /// Too many wrong guesses lately; the limiter of all doors says when to try again.
    #[must_use]
    pub fn sign_in_wait(seconds: u64) -> Self {
        Self::new(454, (4, 7, 0), &format!("too many failed sign-ins, try again in {seconds} seconds"))
    }

    /// Something of ours failed; nothing was kept, try again.
    #[must_use]
    pub fn local_error() -> Self {
        Self::new(451, (4, 3, 0), "something failed here; nothing was kept, try again")
    }

    /// The letter names somebody its sender may not speak for (RFC 6409 §6.1, DESIGN §2.4).
    #[must_use]
    pub fn not_yours(what: &str) -> Self {
        Self::new(550, (5, 7, 1), what)
    }

    /// The letter's own words contradict each other or cannot be read.
    #[must_use]
    pub fn not_understood(what: &str) -> Self {
        Self::new(554, (5, 6, 0), what)
    }

    /// The disk is nearly full: reading goes on, nothing new is taken (RELIABILITY R-03).
    #[must_use]
    pub fn no_room() -> Self {
        Self::new(452, (4, 3, 1), "no room for letters at the moment, try again later")
    }

    /// This login has written to as many patients as it may in one day.
    #[must_use]
    pub fn too_many_patients(limit: u64) -> Self {
        let said = format!("this login may write to {limit} patients a day; please go on tomorrow");
        Self::new(452, (4, 7, 1), &said)
    }

    /// A wish of the envelope that this house cannot grant for this recipient: better refused than
    /// forgotten (RFC 2852, RFC 4865, RFC 8689).
    #[must_use]
    pub fn wish_not_granted(what: &str) -> Self {
        Self::new(550, (5, 7, 1), what)
    }

    /// The letter has been here, or goes round in circles (RFC 3463 §3.5, RELIABILITY S-09).
    #[must_use]
    pub fn looped() -> Self {
        Self::new(554, (5, 4, 6), "this letter goes round in circles")
    }

    /// The certificate is nobody's whom the trust list knows (DOMAIN §1.4).
    #[must_use]
    pub fn no_peer(what: &str) -> Self {
        Self::new(554, (5, 7, 1), what)
    }

    /// The trust list cannot be asked at the moment (DOMAIN §1.4).
    #[must_use]
    pub fn no_trust_now() -> Self {
        Self::new(451, (4, 7, 0), "the trust list cannot be asked at the moment, try again later")
    }

    /// Too many recipients that nobody has (RELIABILITY S-10).
    #[must_use]
    pub fn slow_down(seconds: u64) -> Self {
        Self::new(451, (4, 7, 1), &format!("too many unknown recipients, try again in {seconds} seconds"))
    }

    pub(super) fn too_many_failures() -> Self {
        Self::new(421, (4, 7, 0), "too many failed sign-ins, goodbye")
    }

    pub(super) fn unknown_mechanism() -> Self {
        Self::new(504, (5, 5, 4), "mechanism not offered")
    }

    pub(super) fn unknown_command() -> Self {
        Self::new(500, (5, 5, 1), "command not recognised")
    }

    pub(super) fn not_offered() -> Self {
        Self::new(502, (5, 5, 1), "command not offered")
    }

    pub(super) fn not_smtp() -> Self {
        Self::new(500, (5, 5, 1), "this is not a web server, goodbye")
    }

    pub(super) fn no_argument_allowed() -> Self {
        Self::new(501, (5, 5, 4), "this command takes no argument")
    }

    pub(super) fn bad_argument(usage: &str) -> Self {
        Self::new(501, (5, 5, 4), &format!("syntax: {usage}"))
    }

    pub(super) fn bad_line() -> Self {
        Self::new(500, (5, 5, 2), "the line is not well-formed text")
    }

    /// A control character that ends lines for somebody, but not for us.
    pub(super) fn bad_framing() -> Self {
        Self::new(500, (5, 5, 2), "lines end with CR LF and hold neither CR, LF nor NUL, goodbye")
    }

    pub(super) fn line_too_long() -> Self {
        Self::new(500, (5, 5, 2), "line too long")
    }

    pub(super) fn line_endless() -> Self {
        Self::new(500, (5, 5, 2), "line much too long, goodbye")
    }

    pub(super) fn auth_line_too_long() -> Self {
        Self::new(500, (5, 5, 6), "sign-in line too long")
    }

    pub(super) fn bad_sequence(first: &str) -> Self {
        Self::new(503, (5, 5, 1), first)
    }

    pub(super) fn tls_first() -> Self {
        Self::new(530, (5, 7, 0), "must issue a STARTTLS command first")
    }

    pub(super) fn sign_in_first() -> Self {
        Self::new(530, (5, 7, 0), "authentication required")
    }

    pub(super) fn spoke_too_early() -> Self {
        Self::new(554, (5, 5, 0), "spoke before being asked, goodbye")
    }

    pub(super) fn injected() -> Self {
        Self::new(554, (5, 7, 0), "nothing may follow STARTTLS before the handshake, goodbye")
    }

    pub(super) fn unknown_parameter(name: &str) -> Self {
        Self::new(555, (5, 5, 4), &format!("parameter not recognised: {name}"))
    }

    pub(super) fn repeated_parameter(name: &str) -> Self {
        Self::new(501, (5, 5, 4), &format!("parameter given twice: {name}"))
    }

    pub(super) fn bad_parameter(name: &str, rule: &str) -> Self {
        Self::new(501, (5, 5, 4), &format!("parameter not well formed: {name} ({rule})"))
    }

    /// RFC 2852 §4.1.
    pub(super) fn too_soon(seconds: i64) -> Self {
        Self::new(501, (5, 5, 4), &format!("BY with R needs at least {seconds} seconds"))
    }

    pub(super) fn held_too_long(seconds: i64) -> Self {
        Self::new(501, (5, 5, 4), &format!("a letter may be held for {seconds} seconds at most"))
    }

    pub(super) fn bad_sender() -> Self {
        Self::new(553, (5, 1, 7), "the sender's address is not valid")
    }

    pub(super) fn null_sender() -> Self {
        Self::new(550, (5, 7, 1), "a letter from a mail program needs a sender")
    }

    pub(super) fn bad_recipient() -> Self {
        Self::new(553, (5, 1, 3), "the recipient's address is not valid")
    }

    /// Routes, percent and bang forms, literals (RELIABILITY S-06).
    pub(super) fn no_relaying() -> Self {
        Self::new(550, (5, 7, 1), "this form of address is not relayed")
    }

    pub(super) fn needs_utf8() -> Self {
        Self::new(553, (5, 6, 7), "a non-ASCII address needs the SMTPUTF8 parameter")
    }

    pub(super) fn too_many_recipients(limit: u32) -> Self {
        Self::new(452, (4, 5, 3), &format!("a letter may have {limit} recipients"))
    }

    pub(super) fn too_large(limit: u64) -> Self {
        Self::new(552, (5, 3, 4), &format!("a letter may have {limit} octets"))
    }

    /// MAILMAX (RFC 9422) is used up.
    pub(super) fn too_many_letters(limit: u32) -> Self {
        Self::new(421, (4, 5, 3), &format!("a session may have {limit} letters, please connect again"))
    }

    pub(super) fn no_recipients() -> Self {
        Self::new(554, (5, 5, 1), "no valid recipients")
    }

    /// What the sender hears of a letter that was given up.
    pub(super) fn discarded(why: Discard, config: &Config) -> Self {
        match why {
            Discard::BareCr(at) => Self::bad_content(&format!("CR without LF at octet {at}, goodbye")),
            Discard::BareLf(at) => Self::bad_content(&format!("LF without CR at octet {at}, goodbye")),
            Discard::Nul(at) => Self::bad_content(&format!("NUL at octet {at}, goodbye")),
            Discard::LongLine(at) => {
                let limit = config.limits.text_line;
                Self::bad_content(&format!("a line is longer than {limit} octets, at octet {at}"))
            }
            Discard::TooLarge => Self::too_large(config.limits.letter),
            Discard::TooSlow => Self::too_slow(),
            Discard::Disconnect => Self::new(421, (4, 4, 2), "connection lost"),
        }
    }

    fn bad_content(text: &str) -> Self {
        Self::new(550, (5, 6, 0), text)
    }

    pub(super) fn too_slow() -> Self {
        Self::new(421, (4, 4, 2), "too slow, goodbye")
    }

    pub(super) fn stopping() -> Self {
        Self::new(421, (4, 3, 2), "the house is closing for a moment, come back soon")
    }

    pub(super) fn too_many_errors() -> Self {
        Self::new(421, (4, 7, 0), "too many errors, goodbye")
    }

    pub(super) fn confused() -> Self {
        Self::new(421, (4, 3, 0), "something failed here, goodbye")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wire(reply: &Reply) -> String {
        let mut out = Vec::new();
        reply.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn replies_have_one_or_many_lines() {
        for (case, reply, want) in [
            ("one", Reply::ok(), "250 2.0.0 OK\r\n"),
            ("two", Reply::new(550, (5, 7, 1), "a\nb"), "550-5.7.1 a\r\n550 5.7.1 b\r\n"),
            ("empty", Reply::challenge(""), "334 \r\n"),
            ("class follows the code", Reply::new(450, (5, 7, 1), "x"), "450 4.7.1 x\r\n"),
            (
                "French",
                Reply::new(550, (5, 7, 1), "l’échange « clos »\r\n"),
                "550 5.7.1 l'echange \" clos \"\r\n",
            ),
        ] {
            assert_eq!(wire(&reply), want, "{case}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_text_the_reply_is_well_formed(text in "(?s).{0,1500}") {
            let wire = wire(&Reply::new(550, (5, 7, 1), &text));
            prop_assert!(wire.is_ascii() && wire.ends_with("\r\n"));
            let lines: Vec<&str> = wire.trim_end_matches("\r\n").split("\r\n").collect();
            for (index, line) in lines.iter().enumerate() {
                let start = if index + 1 == lines.len() { "550 5.7.1 " } else { "550-5.7.1 " };
                prop_assert!(line.starts_with(start), "{line:?}");
                prop_assert!(line.len() + 2 <= LINE);
                prop_assert!(line.bytes().all(|b| (b' '..=b'~').contains(&b)), "{line:?}");
            }
        }
    }
}
