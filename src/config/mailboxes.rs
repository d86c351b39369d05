//! `[mailboxes]`: the life of mailboxes of the trade that nobody uses.

use directory::InactivityRules;
use names::AccountKind;
use serde::Deserialize;

/// `[mailboxes]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mailboxes {
    /// Months without use after which those who answer for a mailbox are written to; 0 is never.
    pub notice_months: u16,
    /// Months after which it is suspended; 0 is never.
    pub suspension_months: u16,
    /// Months after which it is closed and leaves the directory; 0 is never.
    pub closing_months: u16,
    /// Which kinds: PER, CAB, ORG, APP.
    pub kinds: Vec<String>,
}

impl Default for Mailboxes {
    fn default() -> Self {
        let rules = InactivityRules::default();
        Self {
            notice_months: rules.notice_months,
            suspension_months: rules.suspension_months,
            closing_months: rules.closing_months,
            kinds: rules.kinds.iter().map(|kind| kind.code().to_owned()).collect(),
        }
    }
}

impl Mailboxes {
    /// As the directory wants them; `Err` says what is wrong.
    pub fn rules(&self) -> Result<InactivityRules, String> {
        let kind = |code: &String| {
            AccountKind::from_code(code)
                .ok_or_else(|| format!("mailboxes.kinds: «{code}» is none of PER, CAB, ORG, APP"))
        };
        let rules = InactivityRules {
            notice_months: self.notice_months,
            suspension_months: self.suspension_months,
            closing_months: self.closing_months,
            kinds: self.kinds.iter().map(kind).collect::<Result<_, _>>()?,
        };
        rules.check().map_err(|what| format!("mailboxes.{what}"))?;
        Ok(rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_the_figures_and_what_contradicts_itself_is_refused() {
        let read = |text: &str| toml::from_str::<Mailboxes>(text).unwrap().rules();
        assert_eq!(read(""), Ok(InactivityRules::default()));
        assert!(read("notice_months = 0\nsuspension_months = 0\nclosing_months = 0").unwrap().is_off());
        let letters = read("suspension_months = 0\nclosing_months = 0\nkinds = [\"PER\"]").unwrap();
        assert_eq!((letters.notice_months, letters.kinds), (12, vec![AccountKind::Personal]));
        for (case, text, words) in [
            ("too soon", "suspension_months = 6", "mailboxes.suspension_months"),
            ("closed first", "suspension_months = 0", "mailboxes.closing_months"),
            ("no kind", "kinds = [\"BAL\"]", "mailboxes.kinds"),
            ("patients", "kinds = [\"PAT\"]", "mailboxes.kinds"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(words), "{case}: {error}");
        }
    }
}
