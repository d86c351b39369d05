//! What each command does, once its line was read.

use super::{Challenge, Client, Question, Server, State, Then};
use crate::sasl::{self, Exchange, Mechanism, SaslError, Step};
use crate::smtp::command::{self, Extended, Verb};
use crate::smtp::{Ask, Extension, Protocol, Reply, Role, Trace};
use crate::{Action, Actions};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

impl Server {
    pub(super) fn command(&mut self, verb: Verb, argument: &str, out: &mut Actions<Ask>) {
        // RFC 3207 §4: before TLS, only these; a password or an address never passes in clear.
        let harmless = matches!(
            verb,
            Verb::Ehlo
                | Verb::Helo
                | Verb::Noop
                | Verb::StartTls
                | Verb::Quit
                | Verb::Bdat
                | Verb::Http
                | Verb::Unknown
        );
        if self.tls.is_none() && !harmless {
            return self.error(&Reply::tls_first(), out);
        }
        let done = match verb {
            Verb::Ehlo => self.hello(argument, Verb::Ehlo, out),
            Verb::Helo => self.hello(argument, Verb::Helo, out),
            Verb::StartTls => self.start_tls(argument, out),
            Verb::Auth => self.auth(argument, out),
            Verb::Mail => self.mail(argument, out),
            Verb::Rcpt => self.rcpt(argument, out),
            Verb::Data => self.data(argument, out),
            Verb::Rset => command::nothing(argument).map(|()| {
                self.idle(out);
                self.reset(Reply::ok(), Then::GoOn, out);
            }),
            Verb::Quit => command::nothing(argument).map(|()| self.reset(Reply::bye(), Then::Close, out)),
            Verb::Noop => {
                self.chat(&Reply::ok(), out);
                Ok(())
            }
            Verb::Help => {
                self.chat(&Reply::help(), out);
                Ok(())
            }
            Verb::Vrfy if argument.is_empty() => Err(Reply::bad_argument("VRFY address")),
            Verb::Vrfy => {
                self.chat(&Reply::cannot_verify(), out);
                Ok(())
            }
            Verb::Expn => Err(Reply::not_offered()),
            Verb::Bdat if !self.config.offers(Extension::Chunking) => {
                // RELIABILITY S-03: what follows is a chunk of a letter, never commands.
                self.say_and_close(&Reply::not_offered(), out);
                Ok(())
            }
            Verb::Bdat => {
                self.bdat(argument, out);
                Ok(())
            }
            Verb::Http => {
                self.say_and_close(&Reply::not_smtp(), out);
                Ok(())
            }
            Verb::Unknown => Err(Reply::unknown_command()),
        };
        if let Err(reply) = done {
            self.error(&reply, out);
        }
    }

    fn hello(&mut self, argument: &str, verb: Verb, out: &mut Actions<Ask>) -> Result<(), Reply> {
        let name = command::client_name(argument)?.to_owned();
        let extended = verb == Verb::Ehlo;
        self.client = Some(Client { name, extended });
        let reply = if extended {
            let mechanisms = if self.signed_in { Vec::new() } else { self.mechanisms() };
            Reply::extensions(&self.config, self.tls.is_some(), &mechanisms, self.seen)
        } else {
            Reply::hello(&self.config)
        };
        self.idle(out);
        self.reset(reply, Then::GoOn, out); // RFC 5321 §4.1.4: a second EHLO clears as RSET does
        Ok(())
    }

    fn start_tls(&mut self, argument: &str, out: &mut Actions<Ask>) -> Result<(), Reply> {
        command::nothing(argument)?;
        if self.tls.is_some() {
            return Err(Reply::bad_sequence("TLS is on already"));
        }
        if !self.lines.unread().is_empty() {
            // RELIABILITY T-01: whoever wrote this, nobody will read it as if it came under TLS.
            self.say_and_close(&Reply::injected(), out);
            return Ok(());
        }
        self.say(&Reply::begin_tls());
        self.flush(out);
        out.push(Action::StartTls);
        self.state = State::Handshake;
        Ok(())
    }

    fn auth(&mut self, argument: &str, out: &mut Actions<Ask>) -> Result<(), Reply> {
        match self.config.role {
            Role::Mx => return Err(Reply::not_offered()),
            Role::Submission => {}
        }
        if !self.client.as_ref().is_some_and(|client| client.extended) {
            return Err(Reply::bad_sequence("EHLO first"));
        }
        if self.signed_in {
            return Err(Reply::bad_sequence("signed in already"));
        }
        let (mechanism, initial) = command::auth(argument)?;
        let offered = self.mechanisms();
        let known = Mechanism::parse(mechanism.as_bytes()).filter(|mechanism| offered.contains(mechanism));
        let exchange = Exchange::begin(known.ok_or_else(Reply::unknown_mechanism)?, &offered);
        match initial {
            Some(initial) => self.exchange(exchange, sasl::initial(initial.as_bytes()), out),
            None => {
                let invitation = exchange.invitation();
                self.challenge(exchange, invitation);
            }
        }
        Ok(())
    }

    /// What AUTH may speak in the present state.
    pub(super) fn mechanisms(&self) -> Vec<Mechanism> {
        match (self.config.role, &self.tls) {
            (Role::Submission, Some(tls)) => {
                self.config.mechanisms.iter().copied().filter(|mechanism| mechanism.fits(tls)).collect()
            }
            (Role::Submission, None) | (Role::Mx, _) => Vec::new(),
        }
    }

    pub(super) fn challenge(&mut self, exchange: Exchange, message: &[u8]) {
        self.say(&Reply::challenge(&STANDARD.encode(message)));
        self.state = State::Challenge(Challenge { exchange, refusal: None });
    }

    pub(super) fn challenge_answered(&mut self, challenge: Challenge, line: &[u8], out: &mut Actions<Ask>) {
        match challenge.refusal {
            // The client has heard what is wrong with its token; whatever it says to it.
            Some(reply) => self.sign_in_refused(&reply, out),
            None => self.exchange(challenge.exchange, sasl::response(line), out),
        }
    }

    fn exchange(
        &mut self,
        mut exchange: Exchange,
        message: Result<Zeroizing<Vec<u8>>, SaslError>,
        out: &mut Actions<Ask>,
    ) {
        match exchange.respond(message) {
            Ok(Step::Challenge(challenge)) => self.challenge(exchange, &challenge),
            Ok(Step::Attempt(attempt)) => {
                let binding = self.tls.as_ref().and_then(|tls| tls.exporter.clone());
                self.ask(Ask::Authenticate { attempt, binding }, Question::SignIn(exchange), out);
            }
            Ok(Step::Respond(answer)) => self.ask(Ask::Respond(answer), Question::SignIn(exchange), out),
            Err(why @ (SaslError::Identity | SaslError::Secret | SaslError::Binding)) => {
                self.sign_in_refused(&Reply::sign_in_broken(why), out);
            }
            Err(why @ (SaslError::Cancelled | SaslError::Base64 | SaslError::Shape)) => {
                self.error(&Reply::sign_in_broken(why), out);
            }
        }
    }

    /// The world refused. A client whose token is not good is first told why (RFC 7628 §3.2.3).
    pub(super) fn attempt_refused(&mut self, exchange: Exchange, reply: Reply, out: &mut Actions<Ask>) {
        match exchange.fault(&self.config.bearer) {
            Some(fault) if reply.is_permanent() => {
                self.challenge(exchange, &fault);
                if let State::Challenge(challenge) = &mut self.state {
                    challenge.refusal = Some(reply);
                }
            }
            Some(_) | None => self.sign_in_refused(&reply, out),
        }
    }

    pub(super) fn sign_in_refused(&mut self, reply: &Reply, out: &mut Actions<Ask>) {
        // What failed on our side is not the client's failure.
        if reply.is_permanent() && self.tally.sign_in_failed(&self.config.limits) {
            return self.say_and_close(&Reply::too_many_failures(), out);
        }
        self.error(reply, out);
    }

    /// What must be true before a letter may be addressed.
    pub(super) fn may_address(&self) -> Result<(), Reply> {
        if self.client.is_none() {
            return Err(Reply::bad_sequence("EHLO first"));
        }
        match self.config.role {
            Role::Submission if !self.signed_in => Err(Reply::sign_in_first()),
            Role::Submission | Role::Mx => Ok(()),
        }
    }

    fn mail(&mut self, argument: &str, out: &mut Actions<Ask>) -> Result<(), Reply> {
        self.may_address()?;
        if self.transaction.is_some() {
            return Err(Reply::bad_sequence("one letter at a time"));
        }
        let extended = self.client.as_ref().is_some_and(|client| client.extended);
        let (path, parameters) = command::mail(argument, extended, &self.config, self.seen)?;
        if self.tally.letter_begun(&self.config.limits) {
            self.say_and_close(&Reply::too_many_letters(self.config.limits.letters), out);
            return Ok(());
        }
        let utf8 = parameters.utf8;
        self.ask(Ask::Sender { path, parameters }, Question::Sender { utf8 }, out);
        Ok(())
    }

    fn rcpt(&mut self, argument: &str, out: &mut Actions<Ask>) -> Result<(), Reply> {
        self.may_address()?;
        let Some(transaction) = &self.transaction else {
            return Err(Reply::bad_sequence("MAIL first"));
        };
        if transaction.is_in_chunks() {
            return Err(Reply::bad_sequence("BDAT has begun; go on with it, or RSET"));
        }
        if transaction.recipients >= self.config.limits.recipients {
            self.refused(&Reply::too_many_recipients(self.config.limits.recipients), out);
            return Ok(());
        }
        let extended = match &self.client {
            Some(client) if client.extended && transaction.utf8 => Extended::Utf8,
            Some(client) if client.extended => Extended::Yes,
            Some(_) | None => Extended::No,
        };
        let (path, parameters) = command::rcpt(argument, extended, &self.config)?;
        self.ask(Ask::Recipient { path, parameters }, Question::Recipient, out);
        Ok(())
    }

    fn data(&mut self, argument: &str, out: &mut Actions<Ask>) -> Result<(), Reply> {
        command::nothing(argument)?;
        self.may_address()?;
        let Some(transaction) = &self.transaction else {
            return Err(Reply::bad_sequence("MAIL first"));
        };
        if transaction.is_in_chunks() {
            // RFC 3030 §2: never both for one letter.
            return Err(Reply::bad_sequence("BDAT has begun; go on with it, or RSET"));
        }
        if transaction.recipients == 0 {
            return Err(Reply::no_recipients());
        }
        if !self.lines.unread().is_empty() {
            // RFC 2920 §3.1: DATA ends its group. A letter that does not wait for 354 may be a
            // letter to some and commands to others (RELIABILITY S-05).
            self.say_and_close(&Reply::spoke_too_early(), out);
            return Ok(());
        }
        let trace = self.trace(transaction.utf8);
        self.ask(Ask::Data(trace), Question::Begin(None), out);
        Ok(())
    }

    pub(super) fn trace(&self, utf8: bool) -> Trace {
        let (name, extended) = match &self.client {
            Some(client) => (client.name.clone(), client.extended),
            None => (String::new(), false),
        };
        let protocol = match (extended, self.tls.is_some(), self.signed_in, utf8) {
            (false, ..) => Protocol::Smtp,
            (true, false, ..) => Protocol::Esmtp,
            (true, true, false, false) => Protocol::Esmtps,
            (true, true, true, false) => Protocol::Esmtpsa,
            (true, true, false, true) => Protocol::Utf8Smtps,
            (true, true, true, true) => Protocol::Utf8Smtpsa,
        };
        Trace { client: name, protocol, tls: self.tls.clone() }
    }
}
