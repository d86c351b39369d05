//! Which structure a certificate was given to: the organisational unit of its subject (DOMAIN §3.1, §4.6).

use names::{DistinguishedName, NationalStructureId};

/// The structure id among the organisational units of a subject: `1` and the nine characters of a FINESS
/// number, or `3` and the fourteen digits of a SIRET number. One and no other: a subject that names two
/// structures names none.
pub(super) fn of_subject(subject: &str) -> Option<NationalStructureId> {
    let name = DistinguishedName::parse(subject).ok()?;
    let mut found = name.values("OU").filter(|unit| is_structure(unit));
    let first = found.next()?.to_owned();
    found.all(|other| other == first).then_some(NationalStructureId(first))
}

fn is_structure(unit: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    match unit.split_at_checked(1) {
        // The second character of a FINESS number may be the letter of a Corsican département.
        Some(("1", finess)) => {
            finess.len() == 9
                && digits(&finess[..1])
                && matches!(finess.as_bytes()[1], b'0'..=b'9' | b'A' | b'B')
                && digits(&finess[2..])
        }
        Some(("3", siret)) => siret.len() == 14 && digits(siret),
        Some(_) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_structure_stands_among_the_units() {
        for (case, subject, want) in [
            ("SIRET", "CN=labo,OU=318751275100020,O=HCL,ST=Rhône (69),C=FR", Some("318751275100020")),
            ("FINESS", "CN=labo,OU=1690781810,O=HCL,C=FR", Some("1690781810")),
            ("Corsica", "CN=labo,OU=12A0000014,O=CH,C=FR", Some("12A0000014")),
            ("among others", "CN=labo,OU=IGC-SANTE,OU=1690781810,O=HCL,C=FR", Some("1690781810")),
            ("twice the same", "CN=labo,OU=1690781810,OU=1690781810,C=FR", Some("1690781810")),
            ("two structures", "CN=labo,OU=1690781810,OU=1750712184,C=FR", None),
            ("in the common name", "CN=1690781810,O=HCL,C=FR", None),
            ("in the organisation", "CN=labo,O=1690781810,C=FR", None),
            ("inside a value", "CN=labo,OU=x 1690781810,C=FR", None),
            ("escaped separator", r"CN=x\,OU\=1690781810,O=HCL", None),
            ("too short", "CN=labo,OU=169078181,C=FR", None),
            ("other prefix", "CN=labo,OU=2690781810,C=FR", None),
            ("beyond ASCII", "CN=labo,OU=1é90781810,C=FR", None),
            ("no name", "not a name", None),
        ] {
            assert_eq!(of_subject(subject).map(|id| id.0).as_deref(), want, "{case}");
        }
    }
}
