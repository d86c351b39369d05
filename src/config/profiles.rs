//! `[profiles]`: the life of patients' profiles, the law's figures by default.

use anyhow::Context as _;
use directory::{ProfileRules, Proofs};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// What is accepted at activation when the operator has not written their own.
const TERMS: &str = include_str!("conditions.txt");

/// `[profiles]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Profiles {
    /// Days to oppose, from the sending of the announcement.
    pub opposition_days: i64,
    /// Years for which a closed profile is archived, then destroyed.
    pub archive_years: i16,
    /// Days from an express request of deletion to the deletion.
    pub deletion_days: i64,
    /// Age at which parents' mandates end.
    pub majority: i16,
    /// Days a second parent has to answer.
    pub invitation_days: i64,
    /// Whether the date of birth is asked at activation, beside the code and the INS.
    pub ask_birth_date: bool,
    /// Where people telephone when they are lost.
    pub support_phone: String,
    /// Who writes to them, in letters and e-mails.
    pub sender: String,
    /// Lines under that name on a letter.
    pub sender_address: Vec<String>,
    /// The terms accepted at activation, a text file.
    pub terms_file: Option<PathBuf>,
    /// The folder of letters to print; without it they wait.
    pub letters: Option<PathBuf>,
}

impl Default for Profiles {
    fn default() -> Self {
        let law = ProfileRules::default();
        Self {
            opposition_days: law.opposition_days,
            archive_years: law.archive_years,
            deletion_days: law.deletion_days,
            majority: law.majority,
            invitation_days: law.invitation_days,
            ask_birth_date: law.proofs.contains(&Proofs::BirthDate),
            support_phone: law.support_phone,
            sender: law.sender,
            sender_address: law.sender_address,
            terms_file: None,
            letters: None,
        }
    }
}

impl Profiles {
    /// As the directory wants them. `origin`: the address of the patients' pages.
    pub fn rules(&self, origin: &str) -> anyhow::Result<ProfileRules> {
        let terms = match &self.terms_file {
            Some(file) => {
                std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?
            }
            None => TERMS.to_owned(),
        };
        Ok(self.with(origin, terms))
    }

    fn with(&self, origin: &str, terms: String) -> ProfileRules {
        ProfileRules {
            opposition_days: self.opposition_days,
            archive_years: self.archive_years,
            deletion_days: self.deletion_days,
            majority: self.majority,
            invitation_days: self.invitation_days,
            proofs: if self.ask_birth_date { vec![Proofs::BirthDate] } else { Vec::new() },
            support_phone: self.support_phone.clone(),
            sender: self.sender.clone(),
            sender_address: self.sender_address.clone(),
            origin: origin.to_owned(),
            terms,
            spool: self.letters.clone(),
        }
    }

    pub(super) fn check(&self, data: &Path) -> Result<(), String> {
        if self.letters.as_ref().is_some_and(|letters| letters.starts_with(data)) {
            return Err(
                "profiles.letters lies inside server.data: letters hold codes in the clear, and a copy of \
                        the data would hold them too; move it elsewhere"
                    .to_owned(),
            );
        }
        self.with("", String::new()).check().map_err(|what| format!("profiles.{what}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_the_law_and_what_breaks_it_is_refused() {
        let read = |text: &str| toml::from_str::<Profiles>(text).unwrap();
        let data = Path::new("/srv/pli/data");
        let law = read("");
        assert_eq!(law.rules("https://espace.example").unwrap().opposition_days, 42);
        assert!(law.rules("").unwrap().terms.len() > 200);
        assert_eq!(law.check(data), Ok(()));
        for (case, text, words) in [
            ("too late", "deletion_days = 120", "deletion_days"),
            ("letters beside the data", "letters = \"/srv/pli/data/courrier\"", "profiles.letters"),
        ] {
            let error = read(text).check(data).unwrap_err();
            assert!(error.contains(words), "{case}: {error}");
        }
        assert!(read("ask_birth_date = false").rules("").unwrap().proofs.is_empty());
    }
}
