//! The rows of each table, from texts to types. Reasons name the field and the rule, never its value.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use names::{
    AccountKind, Address, DistinguishedName, Domain, Finess, Ins, NationalPersonId, NationalStructureId,
    Profession, ProfileState, SectorCode, Timestamp,
};

use crate::mailboxes::MailboxState;
use crate::seed::fields::{
    Fields, Reader, ZONE, address, birth_place, ins, ins_oid, instant, mail, person_reference, phone, rights,
    sector, siret, structure_reference, truth,
};
use crate::users::{Contact, check_login};
use crate::{Channel, Entrance, ProfileLife, Relation, Rights, Sex, Traits, trust};

#[derive(Clone)]
pub(crate) struct DomainRow {
    pub(crate) domain: Domain,
    pub(crate) place: trust::Place,
    pub(crate) names: Vec<DistinguishedName>,
}

#[derive(Clone)]
pub(crate) struct OrganisationRow {
    pub(crate) national_id: NationalStructureId,
    pub(crate) finess: Option<Finess>,
    pub(crate) siret: Option<String>,
    pub(crate) name: String,
    pub(crate) sector: Option<SectorCode>,
    pub(crate) street: String,
    pub(crate) postal_code: String,
    pub(crate) town: String,
}

#[derive(Clone)]
pub(crate) struct PersonRow {
    pub(crate) national_id: NationalPersonId,
    pub(crate) civility: String,
    pub(crate) given_name: String,
    pub(crate) family_name: String,
    pub(crate) profession: Option<Profession>,
    pub(crate) specialty: Option<String>,
}

#[derive(Clone)]
pub(crate) struct MailboxRow {
    pub(crate) address: Address,
    pub(crate) kind: AccountKind,
    pub(crate) person: Option<NationalPersonId>,
    pub(crate) organisation: Option<NationalStructureId>,
    pub(crate) description: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) red_list: bool,
    pub(crate) rank: i64,
    /// Changes a known mailbox only when it is written.
    pub(crate) state: Option<MailboxState>,
}

#[derive(Clone)]
pub(crate) struct MemberRow {
    pub(crate) mailbox: Address,
    pub(crate) person: NationalPersonId,
    pub(crate) rights: Rights,
}

#[derive(Clone)]
pub(crate) struct DelegationRow {
    pub(crate) mailbox: Address,
    pub(crate) person: NationalPersonId,
    pub(crate) rights: Rights,
    pub(crate) starts: Timestamp,
    pub(crate) ends: Option<Timestamp>,
}

#[derive(Clone)]
pub(crate) struct PatientRow {
    pub(crate) traits: Traits,
    /// Counts only for a patient not yet known: from then on the profile lives its own life.
    pub(crate) life: ProfileLife,
    /// Whether they are to be told by us. A row with a date tells of something that happened elsewhere.
    pub(crate) entrance: Option<Entrance>,
    pub(crate) time_zone: String,
}

#[derive(Clone)]
pub(crate) struct UserRow {
    pub(crate) ins: Ins,
    pub(crate) contact: Contact,
    /// Counts only for a user not yet known: a password changed since is never undone.
    pub(crate) password: String,
}

#[derive(Clone)]
pub(crate) struct MandateRow {
    pub(crate) login: String,
    pub(crate) ins: Ins,
    pub(crate) relation: Relation,
    pub(crate) starts: Timestamp,
    pub(crate) ends: Option<Timestamp>,
}

#[derive(Clone)]
pub(crate) struct PasswordRow {
    pub(crate) owner: PasswordOwner,
    pub(crate) label: String,
    pub(crate) secret: String,
}

#[derive(Clone)]
pub(crate) enum PasswordOwner {
    Person(NationalPersonId),
    Machine(Address),
}

/// `domain`, `place` (local, local-patients, remote, remote-patients), `names` (list of DN).
pub(crate) fn domain(fields: Fields) -> Result<DomainRow, String> {
    let mut fields = Reader(fields);
    let row = DomainRow {
        domain: fields.parsed("domain", |text| Domain::parse(text).map_err(|error| error.to_string()))?,
        place: fields.parsed("place", |text| {
            trust::Place::from_code(text)
                .ok_or_else(|| "is local, local-patients, remote or remote-patients".to_owned())
        })?,
        names: distinguished_names(&fields.list("names")?)?,
    };
    fields.finish(row)
}

fn distinguished_names(texts: &[String]) -> Result<Vec<DistinguishedName>, String> {
    let parse =
        |text: &String| DistinguishedName::parse(text).map_err(|error| format!("names: {text:?}: {error}"));
    texts.iter().map(parse).collect()
}

/// `finess` or `siret` (one at least), `name`, `sector`, `street`, `postal_code`, `town`.
pub(crate) fn organisation(fields: Fields) -> Result<OrganisationRow, String> {
    let mut fields = Reader(fields);
    let finess = fields.maybe("finess", |text| Finess::parse(text).map_err(|error| error.to_string()))?;
    let siret = fields.maybe("siret", siret)?;
    let national_id = match (&finess, &siret) {
        (Some(finess), _) => format!("1{}", finess.as_str()),
        (None, Some(siret)) => format!("3{siret}"),
        (None, None) => return Err("finess or siret must be given".to_owned()),
    };
    let row = OrganisationRow {
        national_id: NationalStructureId(national_id),
        finess,
        siret,
        name: fields.text("name")?,
        sector: fields.maybe("sector", sector)?,
        street: fields.maybe_text("street")?.unwrap_or_default(),
        postal_code: fields.maybe_text("postal_code")?.unwrap_or_default(),
        town: fields.maybe_text("town")?.unwrap_or_default(),
    };
    fields.finish(row)
}

/// `id` (RPPS, ADELI, or structure/number), `civility`, `given_name`, `family_name`, `profession` and
/// `profession_label`, `specialty`.
pub(crate) fn person(fields: Fields) -> Result<PersonRow, String> {
    let mut fields = Reader(fields);
    let national_id = fields.parsed("id", person_reference)?;
    let code = fields.maybe_text("profession")?;
    let label = fields.maybe_text("profession_label")?;
    let profession = match (code, label) {
        (Some(code), Some(label)) => Some(Profession { code, label }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            return Err("profession and profession_label go together".to_owned());
        }
    };
    let row = PersonRow {
        national_id,
        civility: fields.maybe_text("civility")?.unwrap_or_default(),
        given_name: fields.text("given_name")?,
        family_name: fields.text("family_name")?,
        profession,
        specialty: fields.maybe_text("specialty")?,
    };
    fields.finish(row)
}

/// `address`, `kind` (PER, ORG, APP, CAB), `person`, `organisation`, `description`, `service`,
/// `red_list`, `rank`, `state` (open, suspended, closed).
pub(crate) fn mailbox(fields: Fields) -> Result<MailboxRow, String> {
    let mut fields = Reader(fields);
    let row = MailboxRow {
        address: fields.parsed("address", address)?,
        kind: fields.parsed("kind", |code| {
            AccountKind::from_code(code)
                .filter(|kind| kind.is_professional())
                .ok_or_else(|| "is PER, ORG, APP or CAB".to_owned())
        })?,
        person: fields.maybe("person", person_reference)?,
        organisation: fields.maybe("organisation", structure_reference)?,
        description: fields.maybe_text("description")?,
        service: fields.maybe_text("service")?,
        red_list: fields.maybe("red_list", truth)?.unwrap_or(false),
        rank: fields.maybe("rank", |text| text.parse().map_err(|_| "is a number".to_owned()))?.unwrap_or(1),
        state: fields.maybe("state", |code| {
            MailboxState::from_code(code).ok_or_else(|| "is open, suspended or closed".to_owned())
        })?,
    };
    let holder = match row.kind {
        AccountKind::Personal => row.person.is_some(),
        AccountKind::Organisational | AccountKind::Applicative => {
            row.organisation.is_some() && row.person.is_none()
        }
        AccountKind::Practice => row.person.is_some() || row.organisation.is_some(),
        AccountKind::Patient => false,
    };
    if !holder {
        return Err(
            "a PER has a person, an ORG or APP an organisation and no person, a CAB either".to_owned()
        );
    }
    fields.finish(row)
}

/// `mailbox`, `person`, `rights` (read, write, manage; write when absent).
pub(crate) fn member(fields: Fields) -> Result<MemberRow, String> {
    let mut fields = Reader(fields);
    let row = MemberRow {
        mailbox: fields.parsed("mailbox", address)?,
        person: fields.parsed("person", person_reference)?,
        rights: fields.maybe("rights", rights)?.unwrap_or(Rights::Write),
    };
    fields.finish(row)
}

/// `mailbox`, `person`, `rights`, `from`, `until`.
pub(crate) fn delegation(fields: Fields, now: Timestamp) -> Result<DelegationRow, String> {
    let mut fields = Reader(fields);
    let row = DelegationRow {
        mailbox: fields.parsed("mailbox", address)?,
        person: fields.parsed("person", person_reference)?,
        rights: fields.maybe("rights", rights)?.unwrap_or(Rights::Write),
        starts: fields.maybe("from", |text| instant(text, now))?.unwrap_or(Timestamp(0)),
        ends: fields.maybe("until", |text| instant(text, now))?,
    };
    fields.finish(row)
}

/// `ins`, `ins_oid` (checked, not kept: the number itself tells), `birth_name`, `used_name`, `given_names` (list),
/// `used_given_name`, `birth_date`, `birth_place` (INSEE), `sex` (F, M, I), `email`, `phone`, `postal_address` (list of
/// lines), `state` (announced when absent), `since`, `time_zone`. Without `since`, somebody
/// new is announced by us now, or their space opened at once (`state = "created"`: a birth, a new
/// affiliation), and they are told, with a code; with it, the row tells of what happened before, and nobody is.
pub(crate) fn patient(fields: Fields, now: Timestamp) -> Result<PatientRow, String> {
    let mut fields = Reader(fields);
    let given_names = fields.list("given_names")?;
    if given_names.is_empty() {
        return Err("given_names must be given".to_owned());
    }
    fields.maybe("ins_oid", ins_oid)?;
    let traits = Traits {
        ins: fields.parsed("ins", ins)?,
        birth_name: fields.text("birth_name")?,
        used_name: fields.maybe_text("used_name")?,
        given_names,
        used_given_name: fields.maybe_text("used_given_name")?,
        birth_date: fields.parsed("birth_date", |text| born(text, now))?,
        birth_place: fields.maybe("birth_place", birth_place)?,
        sex: fields.parsed("sex", |code| Sex::from_code(code).ok_or_else(|| "is F, M or I".to_owned()))?,
        email: fields.maybe("email", mail)?,
        phone: fields.maybe("phone", phone)?,
        postal: fields.list("postal_address")?,
    };
    let state = fields.maybe("state", |code| {
        ProfileState::from_code(code)
            .ok_or_else(|| "is announced, created, activated, opposed or closed".to_owned())
    })?;
    let state = state.unwrap_or(ProfileState::Announced);
    let since = fields.maybe("since", |text| instant(text, now))?;
    let entrance = match (state, since) {
        (ProfileState::Announced, None) => Some(Entrance::Announced),
        (ProfileState::Created, None) => Some(Entrance::AtOnce),
        (ProfileState::Activated | ProfileState::Opposed | ProfileState::Closed, _) | (_, Some(_)) => None,
    };
    let time_zone = fields.maybe("time_zone", |text| {
        TimeZone::get(text)
            .map(|_| text.to_owned())
            .map_err(|_| "is an IANA zone like Europe/Paris".to_owned())
    })?;
    let row = PatientRow {
        traits,
        life: match entrance {
            Some(entrance) => entrance.life(now),
            None => ProfileLife::entered(state, since.unwrap_or(now)),
        },
        entrance,
        time_zone: time_zone.unwrap_or_else(|| ZONE.to_owned()),
    };
    fields.finish(row)
}

fn born(text: &str, now: Timestamp) -> Result<Date, String> {
    let date = text.parse::<Date>().map_err(|_| "is a date like 1984-05-17".to_owned())?;
    // Somewhere on earth it is tomorrow already.
    let tomorrow = now.utc().date().saturating_add(jiff::Span::new().days(1));
    if date > tomorrow { Err("is in the future".to_owned()) } else { Ok(date) }
}

/// `login`, `ins`, `email` or `phone` (where codes go), `password`.
pub(crate) fn user(fields: Fields) -> Result<UserRow, String> {
    let mut fields = Reader(fields);
    let login = fields.parsed("login", |text| match check_login(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    })?;
    let email = fields.maybe("email", mail)?;
    let phone = fields.maybe("phone", phone)?;
    let (channel, destination) = match (email, phone) {
        (Some(email), None) => (Channel::Email, email),
        (None, Some(phone)) => (Channel::Sms, phone),
        (Some(_), Some(_)) | (None, None) => {
            return Err("email or phone must be given, and not both: codes go there".to_owned());
        }
    };
    let row = UserRow {
        ins: fields.parsed("ins", ins)?,
        contact: Contact { login, channel, destination },
        password: fields.text("password")?,
    };
    fields.finish(row)
}

/// `login`, `patient` (INS), `relation` (legal-representative, helper), `from`, `until`.
pub(crate) fn mandate(fields: Fields, now: Timestamp) -> Result<MandateRow, String> {
    let mut fields = Reader(fields);
    let row = MandateRow {
        login: fields.text("login")?,
        ins: fields.parsed("patient", ins)?,
        relation: fields.parsed("relation", |code| {
            Relation::from_code(code).ok_or_else(|| "is legal-representative or helper".to_owned())
        })?,
        starts: fields.maybe("from", |text| instant(text, now))?.unwrap_or(Timestamp(0)),
        ends: fields.maybe("until", |text| instant(text, now))?,
    };
    fields.finish(row)
}

/// `person` or `mailbox` (of an APP), `label`, `password`: a fixed application password, for demos and
/// for moving in from another system.
pub(crate) fn password(fields: Fields) -> Result<PasswordRow, String> {
    let mut fields = Reader(fields);
    let owner = match (fields.maybe("person", person_reference)?, fields.maybe("mailbox", address)?) {
        (Some(person), None) => PasswordOwner::Person(person),
        (None, Some(mailbox)) => PasswordOwner::Machine(mailbox),
        (Some(_), Some(_)) | (None, None) => {
            return Err("person or mailbox must be given, and not both".to_owned());
        }
    };
    let secret = fields.text("password")?;
    if secret.chars().count() < SECRET_CHARACTERS || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("password has at least 12 letters, digits or signs of ASCII, without space".to_owned());
    }
    let row = PasswordRow { owner, label: fields.text("label")?, secret };
    fields.finish(row)
}

/// A fixed application password is chosen by a person; shorter ones are refused.
const SECRET_CHARACTERS: usize = 12;
