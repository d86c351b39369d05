//! What each request leads to.

use ldap3_proto::proto::LdapResultCode as Code;
use names::Address;
use wire::{Action, Actions};

use super::{Ask, Comparison, Ended, Link, Question, Server, State, is_abandoned};
use crate::answer::{self, Choice, Outcome};
use crate::ber::{self, Reader};
use crate::controls::{self, Fault};
use crate::dn::{NotADn, Target};
use crate::entry;
use crate::filter::Heard;
use crate::gatekeeper::{Credentials, Refused};
use crate::message::{
    Bind, CANCEL, Compare, Control, Message, Proof, Reply, Request, STARTTLS, Scope, Search, WHO_AM_I,
};
use crate::reason::Reason;
use crate::{Readers, limits};

impl Server {
    pub(super) fn operate(&mut self, message: Message, behind: &[u8], out: &mut Actions<Ask>) {
        let Message { id, request, controls } = message;
        let reply = match &request {
            Request::Unbind => return self.close(out),
            // One request is carried out at a time: what could be abandoned is over (RFC 4511 §4.11).
            Request::Abandon(_) => return,
            Request::Search(_) => return self.search(id, request, &controls, behind, out),
            Request::Bind(_) => Reply::Bind,
            Request::Compare(_) => Reply::Compare,
            Request::Extended { .. } => Reply::Extended,
            Request::Change(reply) => *reply,
        };
        if controls::of_other(&controls).is_err() {
            let outcome = Outcome::new(
                Code::UnavailableCriticalExtension,
                "a critical control is not for this request",
            );
            return self.refuse(id, reply, outcome, out);
        }
        match request {
            Request::Bind(bind) => self.bind(id, bind, out),
            Request::Compare(compare) => self.compare(id, compare, out),
            Request::Extended { name, value } => self.extended(id, &name, value.as_deref(), out),
            Request::Change(_) => {
                let outcome = Outcome::new(
                    Code::UnwillingToPerform,
                    "the directory is read here, and written elsewhere",
                )
                .because(Reason::Write);
                self.refuse(id, reply, outcome, out);
            }
            Request::Unbind | Request::Abandon(_) | Request::Search(_) => {}
        }
    }

    /// RFC 4511 §4.2, RFC 4513 §5. What was before ends with any attempt.
    fn bind(&mut self, id: i32, bind: Bind, out: &mut Actions<Ask>) {
        self.caller = None;
        let refused = |code, text: &str| Err(Outcome::new(code, text));
        let verdict = match (bind.version, bind.proof) {
            (version, _) if version != 3 => refused(Code::ProtocolError, "LDAP of version 3 is spoken here"),
            (_, Proof::Simple(secret)) if secret.is_empty() && bind.name.is_empty() => Ok(None),
            // RFC 4513 §5.1.2: a name without a password would look like a sign-in and be none.
            (_, Proof::Simple(secret)) if secret.is_empty() => {
                let outcome = Outcome::new(Code::UnwillingToPerform, "a name needs its password");
                Err(outcome.because(Reason::Credentials))
            }
            (_, Proof::Simple(_)) if self.link == Link::Clear => refused(
                Code::ConfidentialityRequired,
                "use StartTLS or LDAPS: this password was sent in the clear",
            ),
            (_, Proof::Simple(secret)) => {
                Ok(Some(Credentials::Password { login: self.login(&bind.name), secret }))
            }
            (_, Proof::Sasl { mechanism, credentials }) if mechanism == "EXTERNAL" => {
                match (self.link, authorisation(credentials)) {
                    (Link::Shown, Ok(identity)) => {
                        Ok(Some(Credentials::Certificate(identity.map(|identity| self.login(&identity)))))
                    }
                    (Link::Shown, Err(())) => {
                        refused(Code::InvalidCredentials, "the identity cannot be read")
                    }
                    (Link::Clear | Link::Secured, _) => {
                        refused(Code::InappropriateAuthentication, "no certificate was shown")
                    }
                }
            }
            (_, Proof::Sasl { .. } | Proof::Other) => refused(
                Code::AuthMethodNotSupported,
                "sign in by password, or by EXTERNAL with a certificate",
            ),
        };
        match verdict {
            Ok(Some(credentials)) => {
                self.state = State::Entering(id);
                out.push(Action::Ask(Ask::Enter(credentials)));
            }
            Ok(None) => self.leave(id, Outcome::plain(Code::Success), out),
            Err(outcome) => self.leave(id, outcome, out),
        }
    }

    /// They are nobody; the world hears of it before the answer leaves.
    fn leave(&mut self, id: i32, outcome: Outcome, out: &mut Actions<Ask>) {
        self.count(&outcome);
        let mut then = Vec::new();
        answer::outcome(&mut then, id, Reply::Bind, outcome, Vec::new());
        self.state = State::Leaving(then);
        out.push(Action::Ask(Ask::Leave));
    }

    /// The mailbox that a name means: an address as it is, or the name of its entry.
    fn login(&self, name: &str) -> String {
        match self.settings.base.target(name) {
            Ok(Target::Mailbox(address)) => address.to_string(),
            Ok(_) | Err(NotADn) => name.trim().to_owned(),
        }
    }

    pub(super) fn entered(&mut self, id: i32, entered: Result<Address, Refused>, out: &mut Actions<Ask>) {
        let outcome = match entered {
            Ok(address) => {
                self.caller = Some(address);
                Outcome::plain(Code::Success)
            }
            Err(Refused::Wrong) => {
                Outcome::new(Code::InvalidCredentials, "the login or its password is wrong")
            }
            Err(Refused::Wait(wait)) => {
                let seconds = wait.as_secs().max(1);
                Outcome::new(Code::Busy, format!("too many failed sign-ins; try again in {seconds} s"))
            }
            Err(Refused::Unavailable) => Outcome::new(Code::Unavailable, "sign-in is not possible now"),
        };
        let wrong = outcome.code == Code::InvalidCredentials;
        self.refuse(id, Reply::Bind, outcome, out);
        if wrong {
            self.refused += 1;
            if self.refused >= limits::BINDS {
                self.end(Code::StrongerAuthRequired, "too many failed sign-ins", out);
            }
        }
    }

    fn search(
        &mut self,
        id: i32,
        request: Request,
        controls: &[Control],
        behind: &[u8],
        out: &mut Actions<Ask>,
    ) {
        let Request::Search(search) = request else { return };
        if is_abandoned(id, behind, &self.settings.arc) {
            return;
        }
        let outcome = match self.question(*search, controls) {
            Ok((question, choice)) => {
                let Some(fixed) = self.fixed(&question) else {
                    self.state = State::Searching { id, choice, ended: false };
                    return out.push(Action::Pull(Ask::Search(Box::new(question))));
                };
                let arc = &self.settings.arc;
                if question.filter.matches(&fixed, None, &Heard::default(), arc) == Some(true) {
                    answer::entry(out.text(), id, &fixed, &choice);
                }
                Outcome::plain(Code::Success)
            }
            Err(outcome) => outcome,
        };
        self.refuse(id, Reply::Search, outcome, out);
    }

    /// What the search asks, if it may be asked.
    fn question(&self, search: Search, controls: &[Control]) -> Result<(Question, Choice), Outcome> {
        let arc = &self.settings.arc;
        let wishes = controls::of_search(controls, arc).map_err(|fault| match fault {
            Fault::Unavailable => {
                Outcome::new(Code::UnavailableCriticalExtension, "a critical control is not known")
            }
            Fault::Wrong => Outcome::new(Code::ProtocolError, "a control cannot be read"),
            Fault::Unsorted => Outcome::new(Code::VirtualListViewError, "a window needs an order"),
            Fault::Both => Outcome::new(Code::UnwillingToPerform, "pages or a window, not both"),
        })?;
        let (target, scope) = match (self.target(&search.base)?, search.scope) {
            // Programs without a base ask the root for everything below it.
            (Target::Root, Scope::Sub) => (Target::Base, Scope::Sub),
            (Target::Root, Scope::One) => (Target::Base, Scope::Base),
            other => other,
        };
        if !is_open(&target, scope) {
            self.may_read()?;
        }
        if let Target::Nowhere(nearest) = target {
            let matched = self.settings.base.nearest(nearest);
            return Err(Outcome { matched, ..Outcome::plain(Code::NoSuchObject) });
        }
        let choice = Choice::new(&search.chosen, search.types_only, arc);
        let Search { filter, size, seconds, .. } = search;
        Ok((Question { target, scope, filter, size, seconds, wishes }, choice))
    }

    fn target(&self, name: &str) -> Result<Target, Outcome> {
        let target = self.settings.base.target(name);
        target.map_err(|NotADn| Outcome::new(Code::InvalidDNSyntax, "the name of the entry cannot be read"))
    }

    /// Entries that need nobody's answer.
    fn fixed(&self, question: &Question) -> Option<entry::Entry> {
        match (&question.target, question.scope) {
            (Target::Root, Scope::Base) => {
                Some(entry::root(&self.settings, self.link == Link::Shown, self.link != Link::Clear))
            }
            (Target::Subschema, Scope::Base | Scope::Sub) => Some(entry::subschema(&self.settings)),
            _ => None,
        }
    }

    /// RELIABILITY D-09: nothing is read by strangers, or in the clear.
    fn may_read(&self) -> Result<(), Outcome> {
        if self.link == Link::Clear {
            return Err(Outcome::new(Code::ConfidentialityRequired, "use StartTLS or LDAPS"));
        }
        match (&self.caller, self.settings.readers) {
            (Some(_), _) | (None, Readers::Everybody) => Ok(()),
            (None, Readers::SignedIn) => Err(Outcome::new(
                Code::InsufficentAccessRights,
                "sign in with a mailbox and its application password",
            )),
        }
    }

    pub(super) fn ended(&mut self, id: i32, ended: Ended, out: &mut Actions<Ask>) {
        let Ended { outcome, cookie, sorted, viewed, out: gone } = ended;
        if gone {
            self.caller = None;
        }
        let mut under = Vec::new();
        under.extend(cookie.map(|cookie| controls::paged(&cookie)));
        under.extend(sorted.map(|sorted| controls::sorted(sorted.err())));
        under.extend(viewed.map(|viewed| controls::viewed(&viewed)));
        self.count(&outcome);
        answer::outcome(out.text(), id, Reply::Search, outcome, under);
    }

    /// RFC 4511 §4.10.
    fn compare(&mut self, id: i32, compare: Compare, out: &mut Actions<Ask>) {
        let may = self.target(&compare.entry).and_then(|target| match target {
            Target::Root | Target::Subschema => {
                Err(Outcome::new(Code::UnwillingToPerform, "this entry is read, not compared"))
            }
            target => self.may_read().map(|()| target),
        });
        match may {
            Ok(target) => {
                self.state = State::Comparing(id);
                let comparison = Comparison { target, assertion: compare.assertion };
                out.push(Action::Ask(Ask::Compare(Box::new(comparison))));
            }
            Err(outcome) => self.refuse(id, Reply::Compare, outcome, out),
        }
    }

    fn extended(&mut self, id: i32, name: &str, value: Option<&[u8]>, out: &mut Actions<Ask>) {
        match name {
            STARTTLS => {
                let (outcome, begins) = match (self.link, value) {
                    (Link::Clear, None) => (Outcome::plain(Code::Success), true),
                    (Link::Clear, Some(_)) => {
                        (Outcome::new(Code::ProtocolError, "StartTLS has no value"), false)
                    }
                    // RFC 4511 §4.14.1.
                    (Link::Secured | Link::Shown, _) => {
                        (Outcome::new(Code::OperationsError, "TLS is there already"), false)
                    }
                };
                self.count(&outcome);
                answer::extended(out.text(), id, outcome, Some(STARTTLS), None);
                if begins {
                    self.caller = None;
                    self.state = State::Securing;
                    out.push(Action::StartTls);
                }
            }
            // RFC 4532 §2.2; RFC 4513 §5.2.1.8: an empty identity is a stranger's.
            WHO_AM_I => {
                let identity =
                    self.caller.as_ref().map(|address| format!("dn:{}", self.settings.base.mailbox(address)));
                let identity = identity.unwrap_or_default().into_bytes();
                answer::extended(out.text(), id, Outcome::plain(Code::Success), None, Some(identity));
            }
            // RFC 3909 §2.2: one request is carried out at a time, so the other one is over.
            CANCEL => {
                let readable = value.is_some_and(|value| {
                    Reader::new(value).inside(ber::SEQUENCE).is_ok_and(|mut inside| inside.integer().is_ok())
                });
                let outcome = match readable {
                    true => Outcome::plain(Code::NoSuchOperation),
                    false => Outcome::new(Code::ProtocolError, "what should be cancelled cannot be read"),
                };
                self.refuse(id, Reply::Extended, outcome, out);
            }
            _ => {
                let outcome = Outcome::new(Code::ProtocolError, "an extended request of an unknown kind");
                self.refuse(id, Reply::Extended, outcome, out);
            }
        }
    }
}

/// Read by everybody, also in the clear: what a program needs to know before it signs in.
fn is_open(target: &Target, scope: Scope) -> bool {
    match target {
        Target::Root => scope == Scope::Base,
        Target::Subschema => true,
        Target::Base
        | Target::Structures
        | Target::Mailbox(_)
        | Target::Structure(_)
        | Target::Nowhere(_) => false,
    }
}

/// RFC 4513 §5.2.1.8: `dn:` and a name, `u:` and a login, or nothing.
fn authorisation(credentials: Option<Vec<u8>>) -> Result<Option<String>, ()> {
    let text = String::from_utf8(credentials.unwrap_or_default()).map_err(|_| ())?;
    if text.is_empty() {
        return Ok(None);
    }
    let identity = text.strip_prefix("dn:").or_else(|| text.strip_prefix("u:")).ok_or(())?;
    Ok(Some(identity.to_owned()))
}
