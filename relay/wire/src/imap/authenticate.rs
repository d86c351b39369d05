//! STARTTLS, LOGIN, AUTHENTICATE (RFC 3501 §6.2, RFC 4959). What the mechanisms say is in
//! [`sasl`](crate::sasl), shared with SMTP.

use super::reader::{LineFault, privacy_required};
use super::reply::Completion;
use super::server::{Channel, Out, Phase, Server, Task};
use super::session::Standing;
use super::{Ask, Code, Refusal, limits};
use crate::Action;
use crate::sasl::{self, Attempt, Exchange, Mechanism, SaslError, Step};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

impl Server {
    pub(super) fn start_tls(&mut self, tag: &str, out: &mut Out) {
        match (self.channel, self.standing) {
            // RELIABILITY T-01: a client waits for the OK; what came behind is somebody else's.
            (Channel::Plain, Standing::Stranger) if self.reader.has_more() => {
                self.bye("CLIENTBUG", "nothing may follow STARTTLS before the handshake", out);
            }
            (Channel::Plain, Standing::Stranger) => {
                out.send(Completion::ok("begin TLS now").line(tag).as_bytes());
                out.push(Action::StartTls);
                self.phase = Phase::Handshake;
            }
            (Channel::Secured, _) | (Channel::Plain, Standing::SignedIn) => {
                self.fail(tag, Completion::bad("TLS is on already").with("CLIENTBUG"), out);
            }
        }
    }

    /// Whether signing in makes sense now; otherwise the command is refused.
    fn may_sign_in(&mut self, tag: &str, out: &mut Out) -> bool {
        match (self.standing, self.channel) {
            (Standing::SignedIn, _) => {
                self.fail(tag, Completion::bad("signed in already").with("CLIENTBUG"), out);
                false
            }
            (Standing::Stranger, Channel::Plain) => {
                self.fail(tag, privacy_required(), out);
                false
            }
            (Standing::Stranger, Channel::Secured) => true,
        }
    }

    /// What AUTHENTICATE may speak on this TLS session.
    pub(super) fn mechanisms(&self) -> Vec<Mechanism> {
        let Some(tls) = &self.tls else { return Vec::new() };
        self.config.mechanisms.iter().copied().filter(|mechanism| mechanism.fits(tls)).collect()
    }

    fn binding(&self) -> Option<Vec<u8>> {
        self.tls.as_ref().and_then(|tls| tls.exporter.clone())
    }

    pub(super) fn login(&mut self, tag: &str, login: &[u8], password: &[u8], out: &mut Out) {
        if !self.may_sign_in(tag, out) {
            return;
        }
        match (sasl::identity(login), sasl::password_of(password)) {
            (Ok(login), Ok(secret)) => {
                let attempt = Attempt::Password { mechanism: Mechanism::Login, login, authzid: None, secret };
                let task = Task::SignIn { tag: tag.to_owned(), exchange: None };
                self.ask(Ask::Authenticate { attempt, binding: self.binding() }, task, out);
            }
            (Err(_), _) | (_, Err(_)) => self.sign_in_refused(tag, wrong(), out),
        }
    }

    pub(super) fn authenticate(&mut self, tag: &str, mechanism: &str, initial: Option<&[u8]>, out: &mut Out) {
        if !self.may_sign_in(tag, out) {
            return;
        }
        let offered = self.mechanisms();
        let known = Mechanism::parse(mechanism.as_bytes()).filter(|mechanism| offered.contains(mechanism));
        let Some(mechanism) = known else {
            return self.fail(tag, Completion::no(Code::Cannot, "this mechanism is not offered"), out);
        };
        let exchange = Exchange::begin(mechanism, &offered);
        match initial {
            Some(initial) => self.exchange(tag, exchange, sasl::initial(initial), out),
            None => {
                let invitation = exchange.invitation();
                self.challenge(tag.to_owned(), exchange, None, invitation, out);
            }
        }
    }

    /// A continuation of an exchange: `+`, a blank even before nothing (RFC 3501 §7.5), base64.
    fn challenge(
        &mut self,
        tag: String,
        exchange: Exchange,
        refusal: Option<Refusal>,
        message: &[u8],
        out: &mut Out,
    ) {
        out.send(format!("+ {}\r\n", STANDARD.encode(message)).as_bytes());
        self.phase = Phase::Sasl { tag, exchange, refusal };
    }

    pub(super) fn world_challenges(
        &mut self,
        tag: String,
        mut exchange: Exchange,
        challenge: &[u8],
        out: &mut Out,
    ) {
        exchange.challenged();
        self.challenge(tag, exchange, None, challenge, out);
    }

    pub(super) fn read_sasl(&mut self, out: &mut Out) -> bool {
        let line = self.reader.whole_line(limits::SASL_LINE);
        if matches!(line, Ok(None)) {
            return false;
        }
        let (tag, exchange, refusal) = match std::mem::replace(&mut self.phase, Phase::Ready) {
            Phase::Sasl { tag, exchange, refusal } => (tag, exchange, refusal),
            other => {
                self.phase = other;
                return false;
            }
        };
        match line {
            Ok(None) => {}
            Ok(Some(line)) => match refusal {
                // The client has heard what is wrong with its token; whatever it says to it.
                Some(refusal) => self.sign_in_refused(&tag, refusal, out),
                None => self.exchange(&tag, exchange, sasl::response(&line), out),
            },
            Err(LineFault::BareNewline) => self.fail(&tag, Completion::bad("lines end with CRLF"), out),
            Err(LineFault::TooLong) => self.bye("LIMIT", "the line is too long", out),
        }
        true
    }

    fn exchange(
        &mut self,
        tag: &str,
        mut exchange: Exchange,
        message: Result<Zeroizing<Vec<u8>>, SaslError>,
        out: &mut Out,
    ) {
        match exchange.respond(message) {
            Ok(Step::Challenge(challenge)) => {
                self.challenge(tag.to_owned(), exchange, None, &challenge, out);
            }
            Ok(Step::Attempt(attempt)) => {
                let task = Task::SignIn { tag: tag.to_owned(), exchange: Some(exchange) };
                self.ask(Ask::Authenticate { attempt, binding: self.binding() }, task, out);
            }
            Ok(Step::Respond(answer)) => {
                let task = Task::SignIn { tag: tag.to_owned(), exchange: Some(exchange) };
                self.ask(Ask::Respond(answer), task, out);
            }
            Err(SaslError::Cancelled) => self.fail(tag, Completion::bad("AUTHENTICATE cancelled"), out),
            Err(SaslError::Base64 | SaslError::Shape) => {
                let said = "not a message of this mechanism in base64";
                self.fail(tag, Completion::bad(said).with("CLIENTBUG"), out);
            }
            Err(SaslError::Binding) => self.sign_in_refused(tag, unbound(), out),
            Err(SaslError::Identity | SaslError::Secret) => self.sign_in_refused(tag, wrong(), out),
        }
    }

    pub(super) fn signed_in(
        &mut self,
        tag: &str,
        exchange: Option<Exchange>,
        outcome: Result<(), Refusal>,
        out: &mut Out,
    ) {
        match outcome {
            Ok(()) => {
                self.standing = Standing::SignedIn;
                // Old clients miss what is offered only after sign-in unless told here (RFC 3501 §6.2.3).
                let completion = Completion::ok("signed in").with(self.capabilities());
                out.send(completion.line(tag).as_bytes());
                self.phase = Phase::Ready;
            }
            Err(refusal) if !is_guess(refusal.code) => self.sign_in_refused(tag, refusal, out),
            Err(refusal) => {
                match exchange.and_then(|exchange| Some((exchange.fault(&self.config.bearer)?, exchange))) {
                    Some((fault, exchange)) => {
                        self.challenge(tag.to_owned(), exchange, Some(refusal), &fault, out);
                    }
                    None => self.sign_in_refused(tag, refusal, out),
                }
            }
        }
    }

    fn sign_in_refused(&mut self, tag: &str, refusal: Refusal, out: &mut Out) {
        let guessed = is_guess(refusal.code);
        out.send(Completion::refused(refusal).line(tag).as_bytes());
        self.phase = Phase::Ready;
        self.refused_sign_ins += u32::from(guessed);
        if self.refused_sign_ins >= self.config.limits.sign_ins {
            self.bye("LIMIT", "too many refused sign-ins", out);
        }
    }
}

fn wrong() -> Refusal {
    Refusal::new(Code::AuthenticationFailed, "wrong login or password")
}

fn unbound() -> Refusal {
    Refusal::new(Code::AuthenticationFailed, "the sign-in is not bound to this TLS session")
}

/// Whether the client showed something wrong, rather than something of ours failing.
fn is_guess(code: Code) -> bool {
    match code {
        Code::AuthenticationFailed | Code::AuthorizationFailed | Code::Expired => true,
        Code::Unavailable
        | Code::ContactAdmin
        | Code::NoPermission
        | Code::InUse
        | Code::ServerBug
        | Code::Cannot
        | Code::Limit
        | Code::OverQuota
        | Code::NotificationOverflow
        | Code::AlreadyExists
        | Code::TooBig
        | Code::ExpungeIssued
        | Code::UnknownCte
        | Code::HasChildren
        | Code::UseAttr
        | Code::TooManyAnnotations
        | Code::Nonexistent => false,
    }
}
