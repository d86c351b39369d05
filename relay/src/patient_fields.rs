//! Fields by which practice software knows the patient who wrote (DESIGN §4, step 7): the trade names
//! none, so these are ours (docs/headers.md).

use crate::{Error, Relay, Visitor};
use policy::PatientFields;
use wire::mime::Head;

/// The national health identity number.
const INS: &str = "X-Pli-Patient-INS";
/// Year, month, day.
const BIRTH_DATE: &str = "X-Pli-Patient-Birth-Date";
/// Who wrote, when it was a parent or a helper.
const WRITTEN_BY: &str = "X-Pli-Written-By";

impl Relay {
    /// The fields of a letter that this visitor writes.
    pub(crate) async fn patient_fields(
        &self,
        visitor: &Visitor,
    ) -> Result<Vec<(&'static str, String)>, Error> {
        match self.settings().patient_fields {
            PatientFields::Absent => return Ok(Vec::new()),
            PatientFields::Written => {}
        }
        let patient = self.directory().patient_by_account(visitor.account).await;
        let what = "finding who writes";
        let mut fields = Vec::new();
        if let Some(patient) = patient.map_err(|cause| Error::Directory { what, cause })? {
            fields.push((INS, patient.traits.ins.expose().to_owned()));
            fields.push((BIRTH_DATE, patient.traits.birth_date.to_string()));
        }
        if visitor.actor != visitor.patient {
            fields.push((WRITTEN_BY, visitor.actor_name.clone()));
        }
        Ok(fields)
    }
}

/// Takes these fields off a letter that does not come from the address of the patient they name: only
/// the operator of a patient may write them.
pub(crate) fn drop_claims(head: &mut Head) {
    let Some(claimed) = head.field(INS).map(|field| field.unfolded().trim().to_owned()) else {
        head.remove(BIRTH_DATE);
        head.remove(WRITTEN_BY);
        return;
    };
    let author = head.author().ok().and_then(|author| author.address.ins().ok());
    if head.count(INS) > 1 || author.is_none_or(|author| author.expose() != claimed) {
        for name in [INS, BIRTH_DATE, WRITTEN_BY] {
            head.remove(name);
        }
    }
}

/// The fields that only an operator writes, and what they are called in a letter that no operator brought: names
/// of the same length, so that no octet of the letter moves.
const DISOWNED: [(&str, &str); 4] = [
    (INS, "X-Was-Patient-INS"),
    (BIRTH_DATE, "X-Was-Patient-Birth-Date"),
    (WRITTEN_BY, "X-Was-Written-By"),
    (crate::intake::TRACE, "X-Was-Trace"),
];

/// Takes their meaning from the fields that only an operator may write, in a letter that a mail program put into
/// a mailbox (ADR 0021). What they say stays to be read by people.
pub(crate) fn disown(head: &mut Head) {
    for (name, other) in DISOWNED {
        head.rename(name, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_appended_letter_claims_nothing_and_keeps_its_length() {
        let block = "x-pli-patient-ins: 1\r\nX-Pli-Patient-Birth-Date: 2\r\nX-Pli-Written-By: 3\r\nX-Pli-Trace: 4\r\nX-Pli-Secrecy: INVISIBLE_PATIENT\r\nX-MSS-NIL: 5\r\n\r\n";
        let mut head = Head::parse(block.as_bytes().to_vec()).unwrap();
        disown(&mut head);
        let names: Vec<_> = head.fields().map(|field| field.name().to_owned()).collect();
        let want =
            "X-Was-Patient-INS X-Was-Patient-Birth-Date X-Was-Written-By X-Was-Trace X-Pli-Secrecy X-MSS-NIL";
        assert_eq!(names.join(" "), want);
        assert_eq!(head.len(), block.len());
    }

    #[test]
    fn the_fields_stay_on_letters_from_that_patients_address_only() {
        let own = "X-Pli-Patient-INS: 285059900010125\r\n";
        let rest = "X-Pli-Patient-Birth-Date: 1985-05-12\r\nX-Pli-Written-By: Paul\r\n";
        for (name, from, fields, kept) in [
            ("the patient's", "285059900010125@patients.far.example", format!("{own}{rest}"), 3),
            ("a doctor's", "dr@far.example", format!("{own}{rest}"), 0),
            ("another patient's", "167029900040424@patients.far.example", format!("{own}{rest}"), 0),
            ("one that names two", "285059900010125@patients.far.example", format!("{own}{own}{rest}"), 0),
            ("one that names none", "285059900010125@patients.far.example", rest.to_owned(), 0),
        ] {
            let block = format!("From: <{from}>\r\n{fields}Subject: x\r\n\r\n");
            let mut head = Head::parse(block.into_bytes()).unwrap();
            drop_claims(&mut head);
            let ours = [INS, BIRTH_DATE, WRITTEN_BY].iter().map(|name| head.count(name)).sum::<usize>();
            assert_eq!(ours, kept, "{name}");
            assert_eq!(head.subject(), "x");
        }
    }
}
