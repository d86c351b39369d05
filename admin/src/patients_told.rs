//! Patients in words for the terminal: by INS, which comes from standard input.

use crate::patients::{Found, PatientAct, PatientRefusal, PatientSheet, Whom, Why};
use crate::{Admin, Done, Error};
use directory::{Authority, CaseNumber, Reason};
use names::{Ins, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// What is asked on the command line. No `Debug`: it names a patient.
#[derive(Clone, Serialize, Deserialize)]
pub struct PatientCommand {
    /// Whom.
    pub ins: Ins,
    /// What is done; only looked at when absent.
    pub act: Option<PatientAct>,
    /// The code of the reason.
    pub reason: String,
    /// The case in the support's books.
    pub case: Option<String>,
}

impl Admin {
    pub(crate) async fn patient(&self, command: &PatientCommand, now: Timestamp) -> Result<Done, Error> {
        let authority = Authority::operator();
        let Found::One(patient) = self.find_patient(&Whom::Ins(command.ins.clone()), &authority, now).await?
        else {
            return Err(Error::Refused("no patient here has that INS".to_owned()));
        };
        if let Some(act) = &command.act {
            let why = why(&command.reason, command.case.as_deref())?;
            let done = self.act_on_patient(patient, act, &why, &authority, now).await?;
            done.map_err(|refusal| Error::Refused(refused(refusal)))?;
        }
        let sheet = self.patient_sheet(patient, &authority, now).await?;
        let sheet = sheet.ok_or_else(|| Error::Refused("this profile is gone".to_owned()))?;
        Ok(Done::complete(told(&sheet, now)))
    }
}

/// A reason that support may give, and a case number.
pub(crate) fn why(reason: &str, case: Option<&str>) -> Result<Why, Error> {
    let known = Reason::from_code(reason).filter(|reason| Reason::OF_SUPPORT.contains(reason));
    let reason = known.ok_or_else(|| {
        let codes = Reason::OF_SUPPORT.map(Reason::code).join(", ");
        Error::Refused(format!("«{reason}» is not a reason; it is one of {codes}"))
    })?;
    let case = case.map(CaseNumber::parse).transpose().map_err(|error| Error::Refused(error.to_string()))?;
    Ok(Why { reason, case })
}

fn refused(refusal: PatientRefusal) -> String {
    match refusal {
        PatientRefusal::NotAllowed => "this is not allowed".to_owned(),
        PatientRefusal::State(state) => {
            format!("the profile is {}: it cannot have that; `show` tells its state", state.code())
        }
        PatientRefusal::NoChild => "this person is of age, or their space is not open".to_owned(),
        PatientRefusal::NoRepresentative => "nobody of age with an activated space has that INS".to_owned(),
        PatientRefusal::Already => "that parent represents this child already".to_owned(),
        PatientRefusal::NoProof => "a representative is added on proof: --case names it".to_owned(),
    }
}

fn told(sheet: &PatientSheet, now: Timestamp) -> String {
    let view = &sheet.view;
    let since = view.patient.life.since(now).rfc3339();
    let mut text =
        format!("patient    {}\nstate      {} since {since}\n", view.patient.id.0, view.state.code());
    for (what, at) in [("oppose     until", view.oppose_until), ("erased     on", view.erase_at)] {
        if let Some(at) = at {
            let _ = writeln!(text, "{what} {}", at.rfc3339());
        }
    }
    let word = |known: bool| if known { "yes" } else { "no" };
    let _ = writeln!(text, "code       waits: {}", word(view.has_code));
    let _ = writeln!(text, "user       {}", word(view.has_user));
    for (name, until) in &sheet.representatives {
        let until = until.map_or_else(|| "majority".to_owned(), Timestamp::rfc3339);
        let _ = writeln!(text, "acts for   {name}, until {until}");
    }
    text
}
