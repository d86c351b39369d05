//! Conversations written down, and the stage that plays them.
//!
//! A transcript is a text that needs no Rust to read or write:
//!
//! ```text
//! # What it shows. Requirement or RFC.
//! Setup: implicit-tls            told to the stage before the curtain
//! S: 220 *                       the server's line; a star at the end stands for anything
//! S~ 250                         a whole reply of SMTP with this code, of however many lines
//! C: RCPT TO:<dr@cabinet.example> the client's line; CRLF is added
//! C- half a line                 the client's bytes as they stand, no CRLF
//! W: recipient refused …         what the world will answer; for the lines of C around it
//! Q: recipient dr@…              what the machine asked; once one is written, all of the group are
//! S: 550 5.7.1 *
//! ```
//!
//! In `C`, `S` and `Q` lines `<CR>`, `<LF>`, `<CRLF>`, `<NUL>`, `<0xE9>` and `<300*text>` stand for
//! what they say. Lines of their own: `<TLS>` (the handshake begins and succeeds), `<CLOSED>`,
//! `<EVENT>` (the world tells what changed, the machine listens), `<TOGETHER>` (the next lines of C come in one read; the rule shown is about that), `<SILENCE>`,
//! `<STOPPING>`, `<GONE>`, `<AFTER 90s>`.
//!
//! Each transcript is played on the bare machine whole, byte by byte, and cut in two at every byte;
//! the output must always be the same. The same files are played over TLS on a running server.

use crate::{Action, Actions, Input, Machine, TlsFacts};
use names::{SECOND, Timestamp};
use std::collections::VecDeque;

/// A conversation.
#[derive(Clone, Debug)]
pub struct Transcript {
    /// The `Setup:` lines, without their key.
    pub setup: Vec<String>,
    /// The lines in order, each with its number in the text.
    pub lines: Vec<(usize, Line)>,
}

/// One line of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Bytes the client sends.
    Client(Vec<u8>),
    /// A line the server sends.
    Server(Pattern),
    /// A reply the server sends: lines that begin with this and `-`, then one with this and a blank.
    Reply(Vec<u8>),
    /// What the world will answer.
    World(String),
    /// What the machine asked.
    Question(Pattern),
    /// The server begins TLS, and it succeeds.
    Tls,
    /// The server closes.
    Closed,
    /// The next bytes of the client come in one read.
    Together,
    /// The client says nothing for too long.
    Silence,
    /// The server is told to stop.
    Stopping,
    /// The client goes away.
    Gone,
    /// The world tells the listening machine what changed.
    Event,
    /// So many seconds pass.
    After(i64),
}

/// What a line must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    bytes: Vec<u8>,
    open: bool,
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, String> {
        let (text, open) = match text.strip_suffix('*') {
            Some(text) => (text, true),
            None => (text, false),
        };
        Ok(Self { bytes: decode(text)?, open })
    }

    /// Whether `line`, without its CRLF, is what was meant.
    #[must_use]
    pub fn matches(&self, line: &[u8]) -> bool {
        if self.open { line.starts_with(&self.bytes) } else { line == self.bytes }
    }
}

impl Transcript {
    /// Reads a transcript; the error names the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut transcript = Self { setup: Vec::new(), lines: Vec::new() };
        for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(setup) = line.strip_prefix("Setup: ") {
                transcript.setup.push(setup.to_owned());
                continue;
            }
            let line = parse_line(line).map_err(|why| format!("line {number}: {why}"))?;
            transcript.lines.push((number, line));
        }
        Ok(transcript)
    }

    /// How many bytes the client sends.
    #[must_use]
    pub fn sent(&self) -> usize {
        let bytes = |(_, line): &(usize, Line)| if let Line::Client(bytes) = line { bytes.len() } else { 0 };
        self.lines.iter().map(bytes).sum()
    }
}

fn parse_line(line: &str) -> Result<Line, String> {
    let rest = |mark: &str| line.strip_prefix(mark).map(|rest| rest.strip_prefix(' ').unwrap_or(rest));
    if let Some(text) = rest("C:") {
        let mut bytes = decode(text)?;
        bytes.extend_from_slice(b"\r\n");
        return Ok(Line::Client(bytes));
    }
    if let Some(text) = rest("C-") {
        return Ok(Line::Client(decode(text)?));
    }
    if let Some(text) = rest("S:") {
        return Ok(Line::Server(Pattern::parse(text)?));
    }
    if let Some(text) = rest("S~") {
        return Ok(Line::Reply(text.as_bytes().to_vec()));
    }
    if let Some(text) = rest("W:") {
        return Ok(Line::World(text.to_owned()));
    }
    if let Some(text) = rest("Q:") {
        return Ok(Line::Question(Pattern::parse(text)?));
    }
    if let Some(seconds) = line.strip_prefix("<AFTER ").and_then(|rest| rest.strip_suffix("s>")) {
        return Ok(Line::After(seconds.parse().map_err(|_| "not a number of seconds".to_owned())?));
    }
    match line {
        "<TLS>" => Ok(Line::Tls),
        "<CLOSED>" => Ok(Line::Closed),
        "<TOGETHER>" => Ok(Line::Together),
        "<SILENCE>" => Ok(Line::Silence),
        "<STOPPING>" => Ok(Line::Stopping),
        "<GONE>" => Ok(Line::Gone),
        "<EVENT>" => Ok(Line::Event),
        other => Err(format!("not a line of a transcript: {other}")),
    }
}

/// Puts the bytes that `<…>` stands for in their place; any other `<` stands for itself.
fn decode(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at..];
        let token = rest.split_inclusive('>').next().unwrap_or(rest);
        match token_bytes(token.trim_start_matches('<').trim_end_matches('>'))? {
            Some(meant) => bytes.extend_from_slice(&meant),
            None => bytes.extend_from_slice(token.as_bytes()),
        }
        rest = &rest[token.len()..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

fn token_bytes(token: &str) -> Result<Option<Vec<u8>>, String> {
    match token {
        "CR" => return Ok(Some(b"\r".to_vec())),
        "LF" => return Ok(Some(b"\n".to_vec())),
        "CRLF" => return Ok(Some(b"\r\n".to_vec())),
        "NUL" => return Ok(Some(b"\0".to_vec())),
        _ => {}
    }
    if let Some(hexadecimal) = token.strip_prefix("0x") {
        let byte = u8::from_str_radix(hexadecimal, 16).map_err(|_| format!("not a byte: {token}"))?;
        return Ok(Some(vec![byte]));
    }
    if let Some((count, text)) = token.split_once('*')
        && let Ok(count) = count.parse::<usize>()
    {
        return Ok(Some(text.repeat(count).into_bytes()));
    }
    Ok(None)
}

/// What stands around a machine while a transcript is played.
pub trait Stage {
    /// The machine.
    type Machine: Machine;

    /// Reads a `Setup:` line; called before [`Stage::machine`].
    fn setup(&mut self, line: &str) -> Result<(), String>;

    /// A machine in its first state.
    fn machine(&mut self) -> Self::Machine;

    /// The TLS under it when the curtain rises, if any.
    fn tls(&self) -> Option<TlsFacts>;

    /// Reads a `W:` line: what the next question of its kind will be answered.
    fn script(&mut self, line: &str) -> Result<(), String>;

    /// Answers a question; for a pull, all items in order.
    fn answer(&mut self, ask: <Self::Machine as Machine>::Ask) -> Vec<<Self::Machine as Machine>::Answer>;

    /// Takes a piece of a streamed body.
    fn pushed(&mut self, piece: &[u8]);

    /// What was asked since the last call, one line each.
    fn asked(&mut self) -> Vec<String>;

    /// What changed, for a machine that listens; `None` where nothing ever does.
    fn event(&mut self) -> Option<<Self::Machine as Machine>::Answer> {
        None
    }
}

/// Where what the client sends is cut into reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Only where the transcript waits for the server.
    Nowhere,
    /// Also before this byte, counted over the whole transcript.
    Before(usize),
    /// Before every byte.
    Everywhere,
}

/// Plays `transcript` whole, byte by byte, and cut in two at every byte.
pub fn play_every_way<S: Stage>(transcript: &Transcript, stage: impl Fn() -> S) -> Result<(), String> {
    let cuts = [Cut::Nowhere, Cut::Everywhere].into_iter().chain((1..transcript.sent()).map(Cut::Before));
    for cut in cuts {
        play(transcript, stage(), cut).map_err(|why| format!("{why} (cut: {cut:?})"))?;
    }
    Ok(())
}

/// Plays `transcript` on the bare machine. The error names the line and what came instead.
pub fn play<S: Stage>(transcript: &Transcript, mut stage: S, cut: Cut) -> Result<(), String> {
    for line in &transcript.setup {
        stage.setup(line)?;
    }
    let machine = stage.machine();
    let tls = stage.tls();
    let mut play = Play {
        stage,
        machine,
        cut,
        now: Timestamp(1_795_318_467_000),
        said: 0,
        output: Vec::new(),
        closed: false,
        marks: VecDeque::new(),
        questions: VecDeque::new(),
        questioned: false,
    };
    play.input(Input::Open(tls));
    let mut unsent = Vec::new();
    let mut together = false;
    for (number, line) in &transcript.lines {
        let at = |why: String| format!("line {number}: {why}");
        match line {
            Line::Client(bytes) => unsent.extend_from_slice(bytes),
            Line::World(text) => play.stage.script(text).map_err(at)?,
            Line::Together => {
                play.send(&mut unsent, &mut together).map_err(at)?;
                together = true;
            }
            Line::Server(_)
            | Line::Reply(_)
            | Line::Question(_)
            | Line::Tls
            | Line::Closed
            | Line::Silence
            | Line::Stopping
            | Line::Gone
            | Line::Event
            | Line::After(_) => {
                play.send(&mut unsent, &mut together).map_err(at)?;
                play.line(line).map_err(at)?;
            }
        }
    }
    let at_end = |why| format!("at the end: {why}");
    play.send(&mut unsent, &mut together).map_err(at_end)?;
    play.nothing_left().map_err(at_end)?;
    match play.marks.front() {
        Some(mark) => Err(format!("at the end: nobody wrote {mark:?}")),
        None => Ok(()),
    }
}

struct Play<S: Stage> {
    stage: S,
    machine: S::Machine,
    cut: Cut,
    now: Timestamp,
    /// Bytes sent so far, for [`Cut::Before`].
    said: usize,
    /// What the server sent and no line has taken yet.
    output: Vec<u8>,
    closed: bool,
    /// TLS and close, as they came.
    marks: VecDeque<Line>,
    questions: VecDeque<String>,
    /// Whether this group writes its questions down.
    questioned: bool,
}

impl<S: Stage> Play<S> {
    fn send(&mut self, unsent: &mut Vec<u8>, together: &mut bool) -> Result<(), String> {
        if unsent.is_empty() {
            return Ok(());
        }
        self.nothing_left()?;
        self.questions.clear();
        self.questioned = false;
        let bytes = std::mem::take(unsent);
        let whole = std::mem::take(together);
        match self.cut {
            Cut::Everywhere if !whole => {
                for byte in &bytes {
                    self.input(Input::Bytes(&[*byte]));
                }
            }
            Cut::Before(cut) if !whole && cut > self.said && cut < self.said + bytes.len() => {
                let (first, second) = bytes.split_at(cut - self.said);
                self.input(Input::Bytes(first));
                self.input(Input::Bytes(second));
            }
            Cut::Nowhere | Cut::Before(_) | Cut::Everywhere => self.input(Input::Bytes(&bytes)),
        }
        self.said += bytes.len();
        Ok(())
    }

    /// One input, and all that follows from it. A closed machine hears nothing more.
    fn input(&mut self, input: Input<'_, <S::Machine as Machine>::Answer>) {
        if self.closed {
            return;
        }
        let mut out = Actions::default();
        self.machine.step(input, self.now, &mut out);
        let mut todo: VecDeque<_> = out.drain().collect();
        while let Some(action) = todo.pop_front() {
            let inputs = match action {
                Action::Send(bytes) => {
                    self.output.extend_from_slice(&bytes);
                    Vec::new()
                }
                Action::Push(piece) => {
                    self.stage.pushed(&piece);
                    Vec::new()
                }
                Action::StartTls => {
                    self.marks.push_back(Line::Tls);
                    Vec::new()
                }
                Action::Close => {
                    self.closed = true;
                    self.marks.push_back(Line::Closed);
                    return;
                }
                Action::Ask(ask) => {
                    let answers = self.stage.answer(ask);
                    self.questions.extend(self.stage.asked());
                    answers.into_iter().map(Input::Answer).collect()
                }
                Action::Pull(ask) => {
                    let answers = self.stage.answer(ask);
                    self.questions.extend(self.stage.asked());
                    answers.into_iter().map(Input::Answer).chain([Input::End]).collect()
                }
            };
            for input in inputs {
                let mut out = Actions::default();
                self.machine.step(input, self.now, &mut out);
                todo.extend(out.drain());
            }
        }
    }

    fn line(&mut self, line: &Line) -> Result<(), String> {
        match line {
            Line::Server(pattern) => {
                let got = self.server_line()?;
                if pattern.matches(&got) { Ok(()) } else { Err(format!("got {:?}", show(&got))) }
            }
            Line::Reply(code) => loop {
                let got = self.server_line()?;
                match reply_goes_on(code, &got) {
                    Some(true) => {}
                    Some(false) => return Ok(()),
                    None => return Err(format!("got {:?}", show(&got))),
                }
            },
            Line::Question(pattern) => {
                self.questioned = true;
                let got = self.questions.pop_front().ok_or("nothing more was asked")?;
                if pattern.matches(got.as_bytes()) { Ok(()) } else { Err(format!("asked {got:?}")) }
            }
            Line::Tls => {
                self.mark(Line::Tls)?;
                self.input(Input::Secured(tls_facts()));
                Ok(())
            }
            Line::Closed => self.mark(Line::Closed),
            Line::Silence => {
                self.nothing_left()?;
                self.input(Input::Silence);
                Ok(())
            }
            Line::Stopping => {
                self.nothing_left()?;
                self.input(Input::Stopping);
                Ok(())
            }
            Line::Gone => {
                self.nothing_left()?;
                self.input(Input::Gone);
                Ok(())
            }
            Line::Event => {
                self.nothing_left()?;
                if !self.machine.listening() {
                    return Err("the machine does not listen".to_owned());
                }
                let answer = self.stage.event().ok_or("this world has no events")?;
                self.input(Input::Event(answer));
                Ok(())
            }
            Line::After(seconds) => {
                self.now = self.now.plus(seconds * SECOND);
                Ok(())
            }
            Line::Client(_) | Line::World(_) | Line::Together => Ok(()),
        }
    }

    fn server_line(&mut self) -> Result<Vec<u8>, String> {
        let end = self.output.windows(2).position(|pair| pair == b"\r\n");
        let end = end.ok_or_else(|| format!("no line came; {}", self.rest()))?;
        Ok(self.output.drain(..end + 2).take(end).collect())
    }

    fn mark(&mut self, want: Line) -> Result<(), String> {
        self.nothing_left()?;
        match self.marks.pop_front() {
            Some(mark) if mark == want => Ok(()),
            Some(mark) => Err(format!("wanted {want:?}, got {mark:?}")),
            None => Err(format!("wanted {want:?}, got nothing")),
        }
    }

    /// All that was sent, and all that was asked where questions are written down, was expected.
    fn nothing_left(&self) -> Result<(), String> {
        if !self.output.is_empty() {
            return Err(format!("nobody expected this: {}", self.rest()));
        }
        match self.questions.front() {
            Some(question) if self.questioned => Err(format!("nobody expected the question {question:?}")),
            Some(_) | None => Ok(()),
        }
    }

    fn rest(&self) -> String {
        format!("waiting: {:?}, {:?}", show(&self.output), self.marks)
    }
}

/// Whether a line belongs to a reply with this code, and if so, whether more of it follows.
#[must_use]
pub fn reply_goes_on(code: &[u8], line: &[u8]) -> Option<bool> {
    match line.strip_prefix(code)?.first() {
        Some(b'-') => Some(true),
        Some(b' ') => Some(false),
        Some(_) | None => None,
    }
}

/// The TLS of transcripts.
#[must_use]
pub fn tls_facts() -> TlsFacts {
    TlsFacts {
        version: "TLS1.3".to_owned(),
        cipher: "TLS_AES_256_GCM_SHA384".to_owned(),
        client_certificate: false,
        exporter: Some(vec![7; 32]),
    }
}

fn show(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_stand_for_bytes_and_addresses_for_themselves() {
        assert_eq!(decode("a<CR><LF>b<NUL><0xE9>").unwrap(), b"a\r\nb\0\xe9");
        assert_eq!(decode("MAIL FROM:<a@b.fr> <3*xy>").unwrap(), b"MAIL FROM:<a@b.fr> xyxyxy");
        assert_eq!(decode("<<a").unwrap(), b"<<a");
        assert!(decode("<0xZZ>").is_err());
    }

    /// Answers every line with `ok` and the line; closes at `bye`.
    struct Echo(crate::lines::Lines);

    impl Machine for Echo {
        type Ask = ();
        type Answer = ();

        fn step(&mut self, input: Input<'_, ()>, _now: Timestamp, out: &mut Actions<()>) {
            if let Input::Bytes(bytes) = input {
                self.0.push(bytes);
            }
            while let crate::lines::Next::Line(line) = self.0.next(100) {
                out.send(&[b"ok ".as_slice(), &line, b"\r\n"].concat());
                if line == b"bye" {
                    out.push(Action::Close);
                }
            }
        }

        fn patience(&self) -> std::time::Duration {
            std::time::Duration::from_secs(1)
        }
    }

    struct EchoStage;

    impl Stage for EchoStage {
        type Machine = Echo;

        fn setup(&mut self, line: &str) -> Result<(), String> {
            Err(line.to_owned())
        }

        fn machine(&mut self) -> Echo {
            Echo(crate::lines::Lines::default())
        }

        fn tls(&self) -> Option<TlsFacts> {
            None
        }

        fn script(&mut self, line: &str) -> Result<(), String> {
            Err(line.to_owned())
        }

        fn answer(&mut self, (): ()) -> Vec<()> {
            vec![()]
        }

        fn pushed(&mut self, _piece: &[u8]) {}

        fn asked(&mut self) -> Vec<String> {
            Vec::new()
        }
    }

    #[test]
    fn a_play_fails_where_the_text_and_the_machine_differ() {
        for (case, text, want) in [
            ("right", "C: a\nC: b\nS: ok a\nS: ok *\nC: bye\nS: ok bye\n<CLOSED>", None),
            ("other line", "C: a\nS: ok b", Some("line 2: got \"ok a\"")),
            ("line missing", "C: a\nS: ok a\nS: ok a", Some("line 3: no line came")),
            ("line too many", "C: a\nC: b\nS: ok a", Some("at the end: nobody expected this")),
            ("close not written", "C: bye\nS: ok bye", Some("at the end: nobody wrote Closed")),
            ("close wanted", "C: a\nS: ok a\n<CLOSED>", Some("line 3: wanted Closed")),
            ("no such line", "X: a", Some("line 1: not a line")),
        ] {
            let played = Transcript::parse(text).and_then(|read| play_every_way(&read, || EchoStage));
            match want {
                None => assert_eq!(played, Ok(()), "{case}"),
                Some(want) => {
                    assert!(played.as_ref().is_err_and(|why| why.starts_with(want)), "{case}: {played:?}")
                }
            }
        }
    }
}
