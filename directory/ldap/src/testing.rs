//! A small register in memory, a doorman, and a bench on which the machine and its world run without a
//! socket. Requests are written and answers read by `ldap3_proto`: another reader than ours.

mod bank;
mod oracle;
mod written;

pub(crate) use bank::{HOLDERS, bank};
pub(crate) use oracle::oracle;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::BytesMut;
use ldap3_proto::LdapCodec;
use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{
    LdapDerefAliases, LdapMsg, LdapOp, LdapResultCode, LdapSearchRequest, LdapSearchScope,
};
use names::{Address, Clock, Timestamp, fold};
use net::{PeerInfo, World as _};
use register::{Criterion, Error, Listing, Mailbox, Match, Page, Query, Quota, Situation, Token, Wanted};
use tokio_util::codec::{Decoder as _, Encoder as _};
use wire::{Action, Actions, Input, Machine as _, TlsFacts};

use crate::gatekeeper::{Caller, Credentials, Gatekeeper, Refused};
use crate::server::{Ask, Server};
use crate::source::{Leaf, Source};
use crate::values::resembles;
use crate::world::{House, LdapWorld};
use crate::{ARC, Base, Readers, Settings, Tally};

pub(crate) const NOON: Timestamp = Timestamp(1_795_348_800_000);
pub(crate) const BASE: &str = "ou=bal,o=mssante,c=fr";
pub(crate) const LOGIN: &str = "helene.lefevre@cabinet-lilas.example";
pub(crate) const PASSWORD: &str = "un-mot-de-passe";

pub(crate) fn settings() -> Settings {
    Settings { base: Base::parse(BASE).unwrap(), arc: ARC.to_owned(), readers: Readers::SignedIn }
}

/// A register in memory that does what the words of [`Criterion`] and [`Match`] say.
#[derive(Clone, Default)]
pub(crate) struct Shelf {
    pub(crate) listings: Arc<Vec<Listing>>,
    /// What was asked.
    pub(crate) asked: Arc<Mutex<Vec<Query>>>,
    /// Fails from now on.
    pub(crate) broken: Arc<AtomicBool>,
    /// Never answers from now on.
    pub(crate) stuck: Arc<AtomicBool>,
}

impl Shelf {
    pub(crate) fn new(listings: Vec<Listing>) -> Self {
        Self { listings: Arc::new(listings), ..Self::default() }
    }
}

impl Source for Shelf {
    async fn search(&self, query: &Query, page: &Page, _now: Timestamp) -> Result<Leaf, Error> {
        self.asked.lock().unwrap().push(query.clone());
        if self.broken.load(Ordering::SeqCst) {
            return Err(Error::Corrupt("a shelf"));
        }
        if self.stuck.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let skip = page.after.as_ref().map_or(0, |token| token.0.parse().unwrap());
        let found: Vec<&Listing> = self.listings.iter().filter(|listing| answers(listing, query)).collect();
        let shown = found.iter().skip(skip).take(page.count).map(|listing| (*listing).clone()).collect();
        let next = (skip + page.count < found.len()).then(|| Token((skip + page.count).to_string()));
        Ok(Leaf { listings: shown, next })
    }

    async fn by_address(&self, address: &Address) -> Result<Option<(Listing, Mailbox)>, Error> {
        let found = self.listings.iter().find_map(|listing| {
            let mailbox = mailboxes(listing).into_iter().find(|mailbox| mailbox.address == *address)?;
            Some((listing.clone(), mailbox.clone()))
        });
        Ok(found)
    }
}

pub(crate) fn mailboxes(listing: &Listing) -> Vec<&Mailbox> {
    match listing {
        Listing::Professional(person) => {
            person.mailboxes.iter().chain(person.situations.iter().flat_map(|one| &one.mailboxes)).collect()
        }
        Listing::Organisation(organisation) => organisation.mailboxes.iter().collect(),
    }
}

fn answers(listing: &Listing, query: &Query) -> bool {
    let wanted = match (query.wanted, listing) {
        (Wanted::Everything, _)
        | (Wanted::Professionals, Listing::Professional(_))
        | (Wanted::Organisations, Listing::Organisation(_)) => true,
        (Wanted::Professionals, _) | (Wanted::Organisations, _) => false,
    };
    let reachable = !query.reachable || mailboxes(listing).iter().any(|mailbox| !mailbox.red_list);
    let text = query.text.as_ref().is_none_or(|text| resembles(&everything(listing), &fold(text)));
    wanted && reachable && text && query.all.iter().all(|criterion| holds(listing, criterion))
}

fn everything(listing: &Listing) -> String {
    let (mut words, places): (Vec<&str>, Vec<_>) = match listing {
        Listing::Professional(person) => (
            [&person.given_name, &person.family_name]
                .into_iter()
                .map(String::as_str)
                .chain(person.profession.iter().map(|profession| profession.label.as_str()))
                .chain(person.know_how.iter().map(|coded| coded.label.as_str()))
                .chain(person.situations.iter().map(|situation| situation.organisation_name.as_str()))
                .collect(),
            person.situations.iter().map(|situation| &situation.place).collect(),
        ),
        Listing::Organisation(organisation) => {
            (vec![&organisation.name, &organisation.trade_name], vec![&organisation.place])
        }
    };
    words.extend(mailboxes(listing).into_iter().filter_map(|mailbox| mailbox.service.as_deref()));
    words.extend(places.iter().flat_map(|place| [place.town.as_str(), place.postal_code.as_str()]));
    fold(&words.join(" "))
}

fn holds(listing: &Listing, criterion: &Criterion) -> bool {
    let situations: &[Situation] = match listing {
        Listing::Professional(person) => &person.situations,
        Listing::Organisation(_) => &[],
    };
    let of = |values: Vec<String>, wanted: &Match| values.iter().any(|value| matches(value, wanted));
    let coded = |coded: &register::Coded| vec![coded.code.clone(), coded.label.clone()];
    match (criterion, listing) {
        (Criterion::Family(wanted), Listing::Professional(person)) => {
            of(vec![person.family_name.clone()], wanted)
        }
        (Criterion::Given(wanted), Listing::Professional(person)) => {
            of(vec![person.given_name.clone()], wanted)
        }
        (Criterion::Family(_) | Criterion::Given(_), Listing::Organisation(_)) => false,
        (Criterion::Name(wanted), Listing::Professional(person)) => {
            of(vec![person.family_name.clone(), person.given_name.clone()], wanted)
        }
        (Criterion::Name(wanted), Listing::Organisation(organisation)) => {
            of(vec![organisation.name.clone(), organisation.trade_name.clone()], wanted)
        }
        (Criterion::Profession(wanted), Listing::Professional(person)) => {
            let profession = person.profession.iter();
            of(profession.flat_map(|one| [one.code.clone(), one.label.clone()]).collect(), wanted)
        }
        (Criterion::KnowHow(wanted), Listing::Professional(person)) => {
            of(person.know_how.iter().flat_map(coded).collect(), wanted)
        }
        (Criterion::Role(wanted), Listing::Professional(_)) => {
            let roles = situations.iter().flat_map(|one| one.mode.iter().chain(&one.role));
            of(roles.flat_map(coded).collect(), wanted)
        }
        (Criterion::Profession(_) | Criterion::KnowHow(_) | Criterion::Role(_), Listing::Organisation(_)) => {
            false
        }
        (Criterion::Sector(wanted), Listing::Professional(_)) => {
            of(situations.iter().flat_map(|one| &one.sector).map(|sector| sector.0.clone()).collect(), wanted)
        }
        (Criterion::Sector(wanted), Listing::Organisation(organisation)) => {
            of(organisation.sector.iter().map(|sector| sector.0.clone()).collect(), wanted)
        }
        (Criterion::Town(wanted), _) => {
            of(places(listing).iter().map(|place| place.town.clone()).collect(), wanted)
        }
        (Criterion::PostalCode(wanted), _) => {
            of(places(listing).iter().map(|place| place.postal_code.clone()).collect(), wanted)
        }
        (Criterion::Line(wanted), _) => {
            of(places(listing).iter().flat_map(|place| place.lines.clone()).collect(), wanted)
        }
        (Criterion::Organisation(wanted), Listing::Professional(_)) => {
            of(situations.iter().map(|one| one.organisation_name.clone()).collect(), wanted)
        }
        (Criterion::Organisation(wanted), Listing::Organisation(organisation)) => {
            of(vec![organisation.name.clone(), organisation.trade_name.clone()], wanted)
        }
        (Criterion::Service(wanted), _) => {
            of(mailboxes(listing).iter().filter_map(|mailbox| mailbox.service.clone()).collect(), wanted)
        }
        (Criterion::Address(wanted), _) => of(
            mailboxes(listing)
                .iter()
                .filter(|mailbox| !mailbox.red_list)
                .map(|mailbox| mailbox.address.to_string())
                .collect(),
            wanted,
        ),
        (Criterion::Kind(kind), _) => mailboxes(listing).iter().any(|mailbox| mailbox.kind == *kind),
        (Criterion::Person(ids), Listing::Professional(person)) => ids.contains(&person.national_id),
        (Criterion::Person(_), Listing::Organisation(_)) => false,
        (Criterion::Structure(ids), Listing::Professional(_)) => {
            situations.iter().any(|one| one.organisation.as_ref().is_some_and(|id| ids.contains(id)))
        }
        (Criterion::Structure(ids), Listing::Organisation(organisation)) => {
            ids.contains(&organisation.national_id)
        }
        (Criterion::Identifier(wanted), Listing::Professional(person)) => {
            person.national_id.0 == *wanted || person.national_id.0.get(1..) == Some(wanted)
        }
        (Criterion::Identifier(wanted), Listing::Organisation(organisation)) => {
            let own = [
                Some(organisation.national_id.0.clone()),
                organisation.siret.clone(),
                organisation.siren.clone(),
            ];
            let finess = organisation.finess.iter().chain(&organisation.finess_legal);
            let own = own.into_iter().flatten().chain(finess.map(|finess| finess.as_str().to_owned()));
            own.into_iter().any(|id| id == *wanted || id.get(1..) == Some(wanted))
        }
        (Criterion::Row(ids), Listing::Professional(person)) => ids.contains(&person.id),
        (Criterion::Row(ids), Listing::Organisation(organisation)) => ids.contains(&organisation.id),
        (Criterion::UpdatedSince(since), _) => updated(listing) >= *since,
        (Criterion::UpdatedBefore(before), _) => updated(listing) < *before,
        (Criterion::Mailbox(address), _) => {
            mailboxes(listing).iter().any(|mailbox| !mailbox.red_list && mailbox.address == *address)
        }
        (Criterion::PartOf(finess), Listing::Organisation(organisation)) => {
            organisation.finess_legal.as_ref() == Some(finess)
        }
        (Criterion::PartOf(_), Listing::Professional(_)) => false,
        (Criterion::Any(all), _) => all.iter().any(|criterion| holds(listing, criterion)),
    }
}

fn places(listing: &Listing) -> Vec<&register::Place> {
    match listing {
        Listing::Professional(person) => person.situations.iter().map(|situation| &situation.place).collect(),
        Listing::Organisation(organisation) => vec![&organisation.place],
    }
}

fn updated(listing: &Listing) -> Timestamp {
    match listing {
        Listing::Professional(person) => person.updated,
        Listing::Organisation(organisation) => organisation.updated,
    }
}

fn matches(value: &str, wanted: &Match) -> bool {
    let value = fold(value);
    match wanted {
        Match::Exactly(wanted) => value == fold(wanted),
        Match::Begins(wanted) => {
            let wanted = fold(wanted);
            value.starts_with(&wanted) || value.split(' ').any(|word| word.starts_with(&wanted))
        }
        Match::Contains(wanted) => {
            let wanted = fold(wanted);
            assert!(wanted.chars().count() >= register::limits::CONTAINS_CHARACTERS, "{wanted}");
            value.contains(&wanted)
        }
        Match::Like(wanted) => resembles(&value, &fold(wanted)),
        Match::Present => !value.is_empty(),
    }
}

/// Lets one login in, and whoever showed a certificate.
#[derive(Clone, Default)]
pub(crate) struct Doorman {
    pub(crate) revoked: Arc<AtomicBool>,
}

impl Gatekeeper for Doorman {
    fn secured(&mut self, _peer: &PeerInfo) {}

    async fn enter(&mut self, credentials: Credentials, _now: Timestamp) -> Result<Caller, Refused> {
        let caller =
            |login: &str| Caller { address: Address::parse(login).unwrap(), asker: format!("login:{login}") };
        match credentials {
            Credentials::Password { login, secret } if login == LOGIN && secret == PASSWORD.as_bytes() => {
                Ok(caller(LOGIN))
            }
            Credentials::Password { login, .. } if login == "impatient" => {
                Err(Refused::Wait(std::time::Duration::from_secs(30)))
            }
            Credentials::Password { .. } => Err(Refused::Wrong),
            Credentials::Certificate(None) => Ok(caller("labo@hopital.example")),
            Credentials::Certificate(Some(login)) if login == "labo@hopital.example" => Ok(caller(&login)),
            Credentials::Certificate(Some(_)) => Err(Refused::Wrong),
        }
    }

    async fn remains(&mut self, _now: Timestamp) -> Result<(), Refused> {
        if self.revoked.load(Ordering::SeqCst) { Err(Refused::Wrong) } else { Ok(()) }
    }

    fn leave(&mut self) {}
}

/// A machine and its world, and what they do.
pub(crate) struct Bench {
    machine: Server,
    world: LdapWorld<Shelf, Doorman>,
    pub(crate) shelf: Shelf,
    pub(crate) doorman: Doorman,
    pub(crate) tally: Tally,
    pub(crate) time: Arc<AtomicI64>,
    /// What was sent and not looked at yet.
    pub(crate) sent: Vec<u8>,
    pub(crate) closed: bool,
    /// The machine waits for the handshake.
    pub(crate) securing: bool,
    _floor: db::testing::TestDb,
}

/// How a bench begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    Clear,
    Secured,
    Shown,
    /// Secured, and signed in.
    In,
}

impl Bench {
    pub(crate) async fn new(start: Start) -> Self {
        Self::with(start, bank(), settings(), 0).await
    }

    pub(crate) async fn with(start: Start, listings: Vec<Listing>, settings: Settings, most: u64) -> Self {
        let floor = db::testing::sqlite().await;
        floor.migrate(register::MIGRATIONS).await.unwrap();
        let (shelf, doorman, tally) = (Shelf::new(listings), Doorman::default(), Tally::default());
        let time = Arc::new(AtomicI64::new(NOON.0));
        let clock = Arc::clone(&time);
        let settings = Arc::new(settings);
        let house = House {
            source: shelf.clone(),
            settings: Arc::clone(&settings),
            quota: Quota::new((*floor).clone(), most),
            tally: tally.clone(),
            clock: Clock::new(move || Timestamp(clock.load(Ordering::SeqCst))),
        };
        let world = LdapWorld::new(house, doorman.clone(), "192.0.2.7".parse().unwrap());
        let machine = Server::new(settings, tally.clone());
        let mut bench = Self {
            machine,
            world,
            shelf,
            doorman,
            tally,
            time,
            sent: Vec::new(),
            closed: false,
            securing: false,
            _floor: floor,
        };
        let facts = |client_certificate| TlsFacts { client_certificate, ..TlsFacts::default() };
        bench
            .step(Input::Open(match start {
                Start::Clear => None,
                Start::Secured | Start::In => Some(facts(false)),
                Start::Shown => Some(facts(true)),
            }))
            .await;
        if start == Start::In {
            assert_eq!(bench.bind(LOGIN, PASSWORD).await, LdapResultCode::Success);
        }
        bench
    }

    /// Gives the machine an input, and carries out all that follows from it.
    pub(crate) async fn step(&mut self, input: Input<'_, crate::Answer>) {
        let mut actions = Actions::default();
        self.machine.step(input, NOON, &mut actions);
        let mut queue: std::collections::VecDeque<Action<Ask>> = actions.drain().collect();
        while let Some(action) = queue.pop_front() {
            let mut follow = |machine: &mut Server, input| {
                let mut actions = Actions::default();
                machine.step(input, NOON, &mut actions);
                let more: Vec<_> = actions.drain().collect();
                queue.extend(more);
            };
            match action {
                Action::Send(bytes) => self.sent.extend_from_slice(&bytes),
                Action::Ask(ask) => {
                    let answer = self.world.answer(ask).await;
                    follow(&mut self.machine, Input::Answer(answer));
                }
                Action::Pull(ask) => {
                    self.world.open(ask).await;
                    while let Some(item) = self.world.pull().await {
                        follow(&mut self.machine, Input::Answer(item));
                    }
                    follow(&mut self.machine, Input::End);
                }
                Action::StartTls => self.securing = true,
                Action::Close => self.closed = true,
                Action::Push(_) => panic!("nothing is pushed"),
            }
        }
    }

    pub(crate) async fn hear(&mut self, bytes: &[u8]) {
        self.step(Input::Bytes(bytes)).await;
    }

    /// Sends one message; what was answered.
    pub(crate) async fn ask(&mut self, message: LdapMsg) -> Vec<LdapMsg> {
        self.hear(&encoded(message)).await;
        self.answers()
    }

    /// What was sent, read by another.
    pub(crate) fn answers(&mut self) -> Vec<LdapMsg> {
        read_all(&std::mem::take(&mut self.sent))
    }

    pub(crate) async fn bind(&mut self, name: &str, password: &str) -> LdapResultCode {
        let answers = self.ask(bind(name, password)).await;
        match &answers[0].op {
            LdapOp::BindResponse(response) => response.res.code.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// Searches everything: the names found, and the result.
    pub(crate) async fn search(&mut self, filter: &str) -> (Vec<String>, LdapResultCode) {
        let found = self.ask(search(BASE, LdapSearchScope::Subtree, filter, &[])).await;
        (names(&found), code(&found))
    }
}

pub(crate) fn encoded(message: LdapMsg) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    LdapCodec::default().encode(message, &mut bytes).unwrap();
    bytes.to_vec()
}

pub(crate) fn read_all(bytes: &[u8]) -> Vec<LdapMsg> {
    let mut bytes = BytesMut::from(bytes);
    let mut codec = LdapCodec::new(Some(1 << 20), None);
    let mut all = Vec::new();
    while let Some(message) = codec.decode(&mut bytes).unwrap() {
        all.push(message);
    }
    assert!(bytes.is_empty(), "half an answer");
    all
}

pub(crate) fn bind(name: &str, password: &str) -> LdapMsg {
    use ldap3_proto::proto::{LdapBindCred, LdapBindRequest};
    let cred = LdapBindCred::Simple(password.to_owned());
    LdapMsg::new(1, LdapOp::BindRequest(LdapBindRequest { version: 3, dn: name.to_owned(), cred }))
}

pub(crate) fn search(base: &str, scope: LdapSearchScope, filter: &str, attributes: &[&str]) -> LdapMsg {
    let request = LdapSearchRequest {
        base: base.to_owned(),
        scope,
        aliases: LdapDerefAliases::Never,
        sizelimit: 0,
        timelimit: 0,
        typesonly: false,
        filter: written::filter(filter),
        attrs: attributes.iter().map(|name| (*name).to_owned()).collect(),
    };
    LdapMsg::new(2, LdapOp::SearchRequest(request))
}

/// The same with a change to it.
pub(crate) fn changed(
    mut message: LdapMsg,
    change: impl FnOnce(&mut LdapSearchRequest),
    controls: Vec<LdapControl>,
) -> LdapMsg {
    match &mut message.op {
        LdapOp::SearchRequest(request) => change(request),
        other => panic!("{other:?}"),
    }
    message.ctrl = controls;
    message
}

/// The addresses, or names, of the entries found.
pub(crate) fn names(found: &[LdapMsg]) -> Vec<String> {
    let entry = |message: &LdapMsg| match &message.op {
        LdapOp::SearchResultEntry(entry) => Some(short(&entry.dn)),
        _ => None,
    };
    found.iter().filter_map(entry).collect()
}

pub(crate) fn short(dn: &str) -> String {
    let first = dn.split(',').next().unwrap_or_default();
    first.strip_prefix("mail=").unwrap_or(first).to_owned()
}

/// How a search ended.
pub(crate) fn code(found: &[LdapMsg]) -> LdapResultCode {
    match &found.last().expect("an answer").op {
        LdapOp::SearchResultDone(result)
        | LdapOp::CompareResult(result)
        | LdapOp::ModifyResponse(result)
        | LdapOp::AddResponse(result)
        | LdapOp::DelResponse(result)
        | LdapOp::ModifyDNResponse(result) => result.code.clone(),
        LdapOp::BindResponse(response) => response.res.code.clone(),
        LdapOp::ExtendedResponse(response) => response.res.code.clone(),
        other => panic!("{other:?}"),
    }
}
