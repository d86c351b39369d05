//! The stage on which transcripts of SMTP are played, and the properties of the bare machine.
//!
//! `W:` lines, each for the next question of its kind; unscripted questions are answered well:
//!
//! ```text
//! W: sign-in refused 535 5.7.8 text      W: sender refused …      W: recipient refused …
//! W: data refused …                      W: letter refused …      W: nonsense
//! W: challenge text
//! ```
//!
//! `Q:` lines: `sign-in PLAIN dr "password" for boss`, `sender a@b SIZE=1 8BITMIME SMTPUTF8`,
//! `recipient a@b`, `data ESMTPSA client`, `letter "…"`, `finish 12`, `discard BareLf(3)`, `reset`.

use super::{
    Accepted, Answer, Ask, Body, Config, Discard, Extension, MailParameters, Notify, NotifyWhen, Protocol,
    RcptParameters, Reply, Ret, Role, Server, Trace,
};
use crate::TlsFacts;
use crate::sasl::{self, Mechanism};
use crate::transcript::{Stage, tls_facts};
use names::{Address, Domain, QueueId, SECOND, Timestamp};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

pub struct SmtpStage {
    pub config: Config,
    pub implicit_tls: bool,
    certificate: bool,
    no_exporter: bool,
    refusals: HashMap<&'static str, VecDeque<Reply>>,
    /// What is answered to the next steps of a sign-in before its outcome.
    challenges: VecDeque<Vec<u8>>,
    nonsense: bool,
    asked: Vec<String>,
    letter: Vec<u8>,
    /// Letters committed, for the properties.
    pub accepted: Vec<Vec<u8>>,
}

impl Default for SmtpStage {
    fn default() -> Self {
        let postmaster = Address::parse("postmaster@house.example").unwrap();
        let hostname = Domain::parse("smtp.house.example").unwrap();
        Self {
            config: Config::new(Role::Submission, hostname, postmaster),
            implicit_tls: false,
            certificate: false,
            no_exporter: false,
            refusals: HashMap::new(),
            challenges: VecDeque::new(),
            nonsense: false,
            asked: Vec::new(),
            letter: Vec::new(),
            accepted: Vec::new(),
        }
    }
}

const KINDS: [&str; 5] = ["sign-in", "sender", "recipient", "data", "letter"];

impl Stage for SmtpStage {
    type Machine = Server;

    fn setup(&mut self, line: &str) -> Result<(), String> {
        let limits = &mut self.config.limits;
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        let number = || value.parse::<u32>().map_err(|_| format!("setup {line}: not a number"));
        match key {
            "implicit-tls" => self.implicit_tls = true,
            "certificate" => self.certificate = true,
            "no-exporter" => self.no_exporter = true,
            "mx" => {
                let Config { hostname, postmaster, .. } = self.config.clone();
                self.config = Config::new(Role::Mx, hostname, postmaster);
            }
            "mechanisms" => {
                let parse =
                    |name: &str| Mechanism::parse(name.as_bytes()).ok_or(format!("no mechanism {name}"));
                self.config.mechanisms = value.split(' ').map(parse).collect::<Result<_, _>>()?;
            }
            "letter" => limits.letter = number()?.into(),
            "text-line" => limits.text_line = number()? as usize,
            "recipients" => limits.recipients = number()?,
            // Times in it are the stage's.
            "the-clock-stands" => {}
            "scope" => self.config.bearer.scope = Some(value.to_owned()),
            "letters" => limits.letters = number()?,
            "without-chunking" => self.config.extensions.retain(|offered| *offered != Extension::Chunking),
            "errors" => limits.errors = number()?,
            "junk" => limits.junk = number()?,
            "refusals" => limits.refusals = number()?,
            _ => return Err(format!("no such setup: {line}")),
        }
        Ok(())
    }

    fn machine(&mut self) -> Server {
        Server::new(Arc::new(self.config.clone()))
    }

    fn tls(&self) -> Option<TlsFacts> {
        let facts = TlsFacts { client_certificate: self.certificate, ..tls_facts() };
        let facts = if self.no_exporter { TlsFacts { exporter: None, ..facts } } else { facts };
        self.implicit_tls.then_some(facts)
    }

    fn script(&mut self, line: &str) -> Result<(), String> {
        if let Some(challenge) = line.strip_prefix("challenge ") {
            self.challenges.push_back(challenge.as_bytes().to_vec());
            return Ok(());
        }
        if line == "nonsense" {
            self.nonsense = true;
            return Ok(());
        }
        let wrong = || format!("no such answer: {line}");
        let (kind, reply) = line.split_once(" refused ").ok_or_else(wrong)?;
        let kind = KINDS.into_iter().find(|known| *known == kind).ok_or_else(wrong)?;
        let mut words = reply.splitn(3, ' ');
        let code = words.next().and_then(|code| code.parse().ok()).ok_or_else(wrong)?;
        let mut figures = words.next().ok_or_else(wrong)?.split('.').map(|figure| figure.parse::<u16>().ok());
        let mut figure = || figures.next().flatten().ok_or_else(wrong);
        let enhanced = (figure()? as u8, figure()? as u8, figure()?);
        let reply = Reply::new(code, enhanced, words.next().unwrap_or_default());
        self.refusals.entry(kind).or_default().push_back(reply);
        Ok(())
    }

    fn answer(&mut self, ask: Ask) -> Vec<Answer> {
        let mut refusal = |kind| match self.refusals.get_mut(kind).and_then(VecDeque::pop_front) {
            Some(reply) => Err(reply),
            None => Ok(()),
        };
        let (asked, answer) = match ask {
            Ask::Authenticate { attempt, binding } => {
                let asked = format!("sign-in {}", sasl::testing::show(&attempt, binding.as_deref()));
                let challenge = self.challenges.pop_front().map(Answer::Challenge);
                (asked, challenge.unwrap_or_else(|| Answer::Authenticated(refusal("sign-in"))))
            }
            Ask::Respond(response) => {
                let asked = format!("respond {:?}", String::from_utf8_lossy(response.expose()));
                let challenge = self.challenges.pop_front().map(Answer::Challenge);
                (asked, challenge.unwrap_or_else(|| Answer::Authenticated(refusal("sign-in"))))
            }
            Ask::Sender { path, parameters } => {
                let path = path.map_or_else(|| "<>".to_owned(), |path| path.to_string());
                (format!("sender {path}{}", show_parameters(&parameters)), Answer::Sender(refusal("sender")))
            }
            Ask::Recipient { path, parameters } => (
                format!("recipient {path}{}", show_recipient(&parameters)),
                Answer::Recipient(refusal("recipient")),
            ),
            Ask::Data(trace) => {
                self.letter.clear();
                (format!("data {}", show_trace(&trace)), Answer::Data(refusal("data")))
            }
            Ask::Finish { size } => {
                assert_eq!(size, self.letter.len() as u64, "the size is that of what was pushed");
                let letter = std::mem::take(&mut self.letter);
                self.asked.push(format!("letter {:?}", String::from_utf8_lossy(&letter)));
                let verdict = refusal("letter").map(|()| {
                    self.accepted.push(letter);
                    Accepted { queue: QueueId(self.accepted.len() as i64) }
                });
                (format!("finish {size}"), Answer::Finished(verdict))
            }
            Ask::Discard(why) => {
                self.letter.clear();
                (format!("discard {}", show_discard(why)), Answer::Done)
            }
            Ask::Reset => ("reset".to_owned(), Answer::Done),
        };
        self.asked.push(asked);
        if std::mem::take(&mut self.nonsense) { vec![Answer::Done] } else { vec![answer] }
    }

    fn pushed(&mut self, piece: &[u8]) {
        assert!((1..=65_536).contains(&piece.len()), "a piece has 1 to 65,536 octets");
        self.letter.extend_from_slice(piece);
    }

    fn asked(&mut self) -> Vec<String> {
        std::mem::take(&mut self.asked)
    }
}

fn show_parameters(parameters: &MailParameters) -> String {
    let MailParameters { size, body, utf8, dsn, require_tls, deliver_by, hold } = parameters;
    let now = Timestamp(1_795_318_467_000);
    let words = [
        size.map(|size| format!("SIZE={size}")),
        body.map(|body| match body {
            Body::SevenBit => "7BIT".to_owned(),
            Body::EightBitMime => "8BITMIME".to_owned(),
        }),
        utf8.then(|| "SMTPUTF8".to_owned()),
        dsn.ret.map(|ret| match ret {
            Ret::Full => "RET=FULL".to_owned(),
            Ret::Headers => "RET=HDRS".to_owned(),
        }),
        dsn.envelope_id.as_ref().map(|id| format!("ENVID={id:?}")),
        require_tls.then(|| "REQUIRETLS".to_owned()),
        deliver_by.map(|by| format!("by {}s {:?} trace={}", by.by.since(now) / SECOND, by.mode, by.trace)),
        hold.map(|hold| format!("held {}s", hold.until.since(now) / SECOND)),
    ];
    words.into_iter().flatten().map(|word| format!(" {word}")).collect()
}

fn show_recipient(parameters: &RcptParameters) -> String {
    let RcptParameters { notify, original } = parameters;
    let notify = notify.map(|notify| match notify {
        Notify::Never => " NOTIFY=NEVER".to_owned(),
        Notify::When(NotifyWhen { success, failure, delay }) => {
            let words = [(success, "SUCCESS"), (failure, "FAILURE"), (delay, "DELAY")];
            let words: Vec<_> = words.into_iter().filter(|(on, _)| *on).map(|(_, word)| word).collect();
            format!(" NOTIFY={}", words.join(","))
        }
    });
    let original =
        original.as_ref().map(|original| format!(" ORCPT={};{:?}", original.kind, original.address));
    format!("{}{}", notify.unwrap_or_default(), original.unwrap_or_default())
}

fn show_trace(trace: &Trace) -> String {
    let protocol = match trace.protocol {
        Protocol::Smtp => "SMTP",
        Protocol::Esmtp => "ESMTP",
        Protocol::Esmtps => "ESMTPS",
        Protocol::Esmtpsa => "ESMTPSA",
        Protocol::Utf8Smtps => "UTF8SMTPS",
        Protocol::Utf8Smtpsa => "UTF8SMTPSA",
    };
    format!("{protocol} {}", trace.client)
}

fn show_discard(why: Discard) -> String {
    format!("{why:?}")
}
