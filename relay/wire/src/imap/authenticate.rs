//! STARTTLS, LOGIN, AUTHENTICATE (RFC 3501 §6.2, RFC 4959).

use super::ask::SignIn;
use super::reader::{LineFault, privacy_required};
use super::reply::Completion;
use super::server::{Channel, Out, Phase, Server, Task};
use super::session::Standing;
use super::{Ask, Code, Mechanism, Refusal, limits};
use crate::Action;
use crate::sasl::{self, SaslError};

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

    pub(super) fn login(&mut self, tag: &str, login: &[u8], password: &[u8], out: &mut Out) {
        if !self.may_sign_in(tag, out) {
            return;
        }
        match (sasl::identity(login), sasl::password_of(password)) {
            (Ok(login), Ok(secret)) => {
                let who = SignIn { mechanism: Mechanism::Login, authorize: None, login, secret };
                self.ask(Ask::Authenticate(who), Task::SignIn { tag: tag.to_owned() }, out);
            }
            (Err(_), _) | (_, Err(_)) => self.sign_in_refused(tag, wrong(), out),
        }
    }

    pub(super) fn authenticate(&mut self, tag: &str, mechanism: &str, initial: Option<&[u8]>, out: &mut Out) {
        if !self.may_sign_in(tag, out) {
            return;
        }
        match (mechanism, initial) {
            ("PLAIN", Some(initial)) => self.plain(tag, sasl::initial(initial).as_deref(), out),
            ("PLAIN", None) => {
                out.send(b"+ \r\n");
                self.phase = Phase::Sasl { tag: tag.to_owned() };
            }
            _ => self.fail(tag, Completion::no(Code::Cannot, "this mechanism is not offered"), out),
        }
    }

    pub(super) fn read_sasl(&mut self, out: &mut Out) -> bool {
        let line = self.reader.whole_line(limits::SASL_LINE);
        let Phase::Sasl { tag } = &self.phase else { return false };
        let tag = tag.clone();
        match line {
            Ok(None) => return false,
            Ok(Some(line)) => self.plain(&tag, sasl::response(&line).as_deref(), out),
            Err(LineFault::BareNewline) => self.fail(&tag, Completion::bad("lines end with CRLF"), out),
            Err(LineFault::TooLong) => self.bye("LIMIT", "the line is too long", out),
        }
        true
    }

    fn plain(&mut self, tag: &str, message: Result<&Vec<u8>, &SaslError>, out: &mut Out) {
        match message.map_err(|error| *error).and_then(|message| sasl::plain(message)) {
            Ok(credentials) => {
                let who = SignIn {
                    mechanism: Mechanism::Plain,
                    authorize: credentials.authzid,
                    login: credentials.login,
                    secret: credentials.secret,
                };
                self.ask(Ask::Authenticate(who), Task::SignIn { tag: tag.to_owned() }, out);
            }
            Err(SaslError::Cancelled) => self.fail(tag, Completion::bad("AUTHENTICATE cancelled"), out),
            Err(SaslError::Base64 | SaslError::Shape) => {
                self.fail(tag, Completion::bad("not a PLAIN message in base64").with("CLIENTBUG"), out);
            }
            Err(SaslError::Identity | SaslError::Secret) => self.sign_in_refused(tag, wrong(), out),
        }
    }

    pub(super) fn signed_in(&mut self, tag: &str, outcome: Result<(), Refusal>, out: &mut Out) {
        match outcome {
            Ok(()) => {
                self.standing = Standing::SignedIn;
                // Old clients miss what is offered only after sign-in unless told here (RFC 3501 §6.2.3).
                let completion = Completion::ok("signed in").with(self.capabilities());
                out.send(completion.line(tag).as_bytes());
                self.phase = Phase::Ready;
            }
            Err(refusal) => self.sign_in_refused(tag, refusal, out),
        }
    }

    fn sign_in_refused(&mut self, tag: &str, refusal: Refusal, out: &mut Out) {
        let guessed = match refusal.code {
            Code::AuthenticationFailed | Code::AuthorizationFailed | Code::Expired => true,
            Code::Unavailable
            | Code::ContactAdmin
            | Code::NoPermission
            | Code::InUse
            | Code::ServerBug
            | Code::Cannot
            | Code::Limit
            | Code::OverQuota
            | Code::AlreadyExists
            | Code::Nonexistent => false,
        };
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
