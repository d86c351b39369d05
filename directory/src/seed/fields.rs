//! The fields of a row, from texts to types, whatever the table.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use names::{Address, DAY, Finess, Ins, NationalPersonId, NationalStructureId, SectorCode, Timestamp};

use crate::{Rights, limits};

/// A row as it was read: column and text.
pub(crate) type Fields = BTreeMap<String, String>;

/// Dates without a time mean midnight here, and patients without a zone live here.
pub(super) const ZONE: &str = "Europe/Paris";

/// The fields of a row, taken one by one; what is left at the end is a misspelt column.
pub(super) struct Reader(pub(super) Fields);

impl Reader {
    pub(super) fn maybe_text(&mut self, name: &str) -> Result<Option<String>, String> {
        let Some(text) = self.0.remove(name) else { return Ok(None) };
        let text = text.trim();
        if text.chars().count() > limits::SEED_FIELD || text.chars().any(char::is_control) {
            return Err(format!("{name} is too long or holds a control character"));
        }
        Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
    }

    pub(super) fn text(&mut self, name: &str) -> Result<String, String> {
        self.maybe_text(name)?.ok_or_else(|| format!("{name} must be given"))
    }

    pub(super) fn list(&mut self, name: &str) -> Result<Vec<String>, String> {
        let text = self.maybe_text(name)?.unwrap_or_default();
        Ok(text.split(';').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect())
    }

    pub(super) fn maybe<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        let text = self.maybe_text(name)?;
        text.map(|text| parse(&text).map_err(|reason| format!("{name}: {reason}"))).transpose()
    }

    pub(super) fn parsed<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, String> {
        self.maybe(name, parse)?.ok_or_else(|| format!("{name} must be given"))
    }

    pub(super) fn finish<T>(self, row: T) -> Result<T, String> {
        match self.0.keys().next() {
            None => Ok(row),
            Some(unknown) => Err(format!("there is no field {unknown:?} in this table")),
        }
    }
}

/// An RPPS (11 digits), an ADELI (9 characters), or `structure/number` for those who have neither.
pub fn person_reference(text: &str) -> Result<NationalPersonId, String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/.-_".contains(&byte));
    let id = match (text.len(), text.contains('/')) {
        (_, true) if plain => format!("3{text}"),
        (11, false) if text.bytes().all(|byte| byte.is_ascii_digit()) => format!("8{text}"),
        (9, false) if plain => format!("0{text}"),
        _ => return Err("is an RPPS, an ADELI, or structure/number".to_owned()),
    };
    Ok(NationalPersonId(id))
}

/// A FINESS (9 characters) or a SIRET (14 digits).
pub fn structure_reference(text: &str) -> Result<NationalStructureId, String> {
    match (Finess::parse(text), siret(text)) {
        (Ok(finess), _) => Ok(NationalStructureId(format!("1{}", finess.as_str()))),
        (Err(_), Ok(siret)) => Ok(NationalStructureId(format!("3{siret}"))),
        (Err(_), Err(_)) => Err("is a FINESS or a SIRET".to_owned()),
    }
}

pub(super) fn siret(text: &str) -> Result<String, String> {
    let digits = text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { Ok(text.to_owned()) } else { Err("is 14 digits".to_owned()) }
}

pub(super) fn sector(text: &str) -> Result<SectorCode, String> {
    let shape = text
        .strip_prefix("SA")
        .is_some_and(|rest| rest.len() == 2 && rest.bytes().all(|b| b.is_ascii_digit()));
    if shape { Ok(SectorCode(text.to_owned())) } else { Err("is SA and two digits".to_owned()) }
}

pub(super) fn address(text: &str) -> Result<Address, String> {
    Address::parse(text).map_err(|error| error.to_string())
}

pub(super) fn mail(text: &str) -> Result<String, String> {
    Address::parse(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

pub(super) fn ins(text: &str) -> Result<Ins, String> {
    Ins::parse(text).map_err(|error| error.to_string())
}

/// The authorities of an INS: NIR and NIA in use, the NIR of tests and of demonstrations (DOMAIN §4.6).
const INS_OIDS: [&str; 4] =
    ["1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9", "1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.11"];

pub(super) fn ins_oid(text: &str) -> Result<(), String> {
    let known = INS_OIDS.contains(&text);
    if known { Ok(()) } else { Err("is the OID of an INS, 1.2.250.1.213.1.4.8 to .11".to_owned()) }
}

/// The official code of a commune or country: five characters, `2A` and `2B` among them.
pub(super) fn birth_place(text: &str) -> Result<String, String> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let department = |text: &str| digits(text) || matches!(text, "2A" | "2B");
    let shape = text.is_ascii() && text.len() == 5 && department(&text[..2]) && digits(&text[2..]);
    if shape { Ok(text.to_owned()) } else { Err("is a code of INSEE, like 75056 or 2A004".to_owned()) }
}

/// Digits, with the plus of E.164; spaces and dots are dropped.
pub(super) fn phone(text: &str) -> Result<String, String> {
    let compact: String = text.chars().filter(|c| !matches!(c, ' ' | '.' | '-')).collect();
    let digits = compact.strip_prefix('+').unwrap_or(&compact);
    let shape = (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if shape { Ok(compact) } else { Err("is a telephone number".to_owned()) }
}

pub(super) fn rights(code: &str) -> Result<Rights, String> {
    Rights::from_code(code).ok_or_else(|| "is read, write or manage".to_owned())
}

pub(super) fn truth(text: &str) -> Result<bool, String> {
    match text {
        "true" | "yes" | "oui" | "1" => Ok(true),
        "false" | "no" | "non" | "0" => Ok(false),
        _ => Err("is true or false".to_owned()),
    }
}

/// `2026-11-22T10:00:00Z`, `2026-11-22` (midnight in France), or `-10d` (ten days before now).
pub(super) fn instant(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Some(days) = text.strip_prefix('-').and_then(|rest| rest.strip_suffix('d')) {
        let days: u16 = days.parse().map_err(|_| "is an age like -10d".to_owned())?;
        return Ok(now.plus(-i64::from(days) * DAY));
    }
    if let Ok(exact) = text.parse::<jiff::Timestamp>() {
        return Ok(Timestamp(exact.as_millisecond()));
    }
    let zone = TimeZone::get(ZONE).unwrap_or(TimeZone::UTC);
    let midnight = text.parse::<Date>().ok().and_then(|date| date.to_zoned(zone).ok());
    midnight
        .map(|zoned| Timestamp(zoned.timestamp().as_millisecond()))
        .ok_or_else(|| "is a date like 2026-11-22, an instant with its zone, or an age like -10d".to_owned())
}
