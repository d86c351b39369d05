//! The one form of FHIRPath that a patch may hold (DOMAIN §4.2): `Type.telecom`, a mailbox of it by its address,
//! and what is said of that mailbox.

use names::Address;

use crate::{Kind, Trouble, limits, systems};

/// What a path points at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Target {
    /// The list of mailboxes.
    All,
    /// A mailbox, or a part of it.
    Mailbox(Address, Part),
}

/// What of a mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    Whole,
    Rank,
    Told(Told),
}

/// What is told of a mailbox in its extension and may change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Told {
    Description,
    Service,
    Responsible,
    RedList,
    Paperless,
}

impl Told {
    pub(super) const ALL: [Self; 5] =
        [Self::Description, Self::Service, Self::Responsible, Self::RedList, Self::Paperless];

    /// The url of the extension within the extension.
    pub(super) fn url(self) -> &'static str {
        match self {
            Self::Description => "description",
            Self::Service => "service",
            Self::Responsible => "responsible",
            Self::RedList => "listeRouge",
            Self::Paperless => "digitization",
        }
    }
}

/// Reads a path.
pub(super) fn parse(kind: Kind, text: &str) -> Result<Target, Trouble> {
    if text.chars().count() > limits::PATH_CHARACTERS {
        return Err(Trouble::invalid("this path is too long"));
    }
    let mut cursor = Cursor { rest: text.trim() };
    read(kind, &mut cursor).ok_or_else(|| {
        Trouble::not_offered(format!(
            "a path is {kind}.telecom, {kind}.telecom.where(value = 'address'), and behind it .rank or \
             .extension('{}').extension('name').value with one of the names description, service, responsible, \
             listeRouge, digitization; address and type of a mailbox never change",
            systems::MAILBOX
        ))
    })
}

fn read(kind: Kind, cursor: &mut Cursor<'_>) -> Option<Target> {
    cursor.word(kind.name())?;
    cursor.member("telecom")?;
    if cursor.is_done() {
        return Some(Target::All);
    }
    cursor.member("where")?;
    let address = cursor.equal("value")?;
    let address = Address::parse(&address).ok()?;
    if cursor.is_done() {
        return Some(Target::Mailbox(address, Part::Whole));
    }
    let mut ahead = cursor.clone();
    if ahead.member("rank").is_some() && ahead.is_done() {
        return Some(Target::Mailbox(address, Part::Rank));
    }
    (cursor.extension()? == systems::MAILBOX).then_some(())?;
    let name = cursor.extension()?;
    let told = Told::ALL.into_iter().find(|told| told.url() == name)?;
    // The value of the extension, or the extension as a whole.
    if !cursor.is_done() {
        cursor.member("value")?;
        cursor.is_done().then_some(())?;
    }
    Some(Target::Mailbox(address, Part::Told(told)))
}

#[derive(Clone)]
struct Cursor<'a> {
    rest: &'a str,
}

impl Cursor<'_> {
    fn is_done(&self) -> bool {
        self.rest.trim().is_empty()
    }

    /// A name, whole.
    fn word(&mut self, word: &str) -> Option<()> {
        let after = self.rest.trim_start().strip_prefix(word)?;
        if after.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            return None;
        }
        self.rest = after;
        Some(())
    }

    fn sign(&mut self, sign: char) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(sign)?;
        Some(())
    }

    fn member(&mut self, name: &str) -> Option<()> {
        self.sign('.')?;
        self.word(name)
    }

    /// `(name = 'text')`
    fn equal(&mut self, name: &str) -> Option<String> {
        self.sign('(')?;
        self.word(name)?;
        self.sign('=')?;
        let text = self.text()?;
        self.sign(')')?;
        Some(text)
    }

    /// `.extension('url')` or `.extension.where(url = 'url')`
    fn extension(&mut self) -> Option<String> {
        self.member("extension")?;
        if self.rest.trim_start().starts_with('(') {
            self.sign('(')?;
            let url = self.text()?;
            self.sign(')')?;
            return Some(url);
        }
        self.member("where")?;
        self.equal("url")
    }

    /// A text between apostrophes; a backslash protects the next sign.
    fn text(&mut self) -> Option<String> {
        self.sign('\'')?;
        let (mut text, mut protected) = (String::new(), false);
        for (place, sign) in self.rest.char_indices() {
            match sign {
                '\'' if !protected => {
                    self.rest = &self.rest[place + 1..];
                    return Some(text);
                }
                '\\' if !protected => protected = true,
                sign => {
                    text.push(sign);
                    protected = false;
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_forms_of_the_trade_are_read() {
        let address = || Address::parse("equipe@chb.mssante.example").unwrap();
        let mailbox = |part| Target::Mailbox(address(), part);
        let told = |told| mailbox(Part::Told(told));
        let metadata = systems::MAILBOX;
        for (path, target) in [
            ("Organization.telecom".to_owned(), Target::All),
            (
                "Organization.telecom.where(value = 'equipe@chb.mssante.example')".to_owned(),
                mailbox(Part::Whole),
            ),
            (
                "Organization.telecom.where(value='Equipe@chb.mssante.example')".to_owned(),
                mailbox(Part::Whole),
            ),
            (
                "Organization.telecom.where(value='equipe@chb.mssante.example').rank".to_owned(),
                mailbox(Part::Rank),
            ),
            (
                format!(
                    "Organization.telecom.where(value = 'equipe@chb.mssante.example').extension('{metadata}')\
                     .extension('listeRouge').value"
                ),
                told(Told::RedList),
            ),
            (
                format!(
                    "Organization.telecom.where(value = 'equipe@chb.mssante.example').extension.where(url = \
                     '{metadata}').extension.where(url='service')"
                ),
                told(Told::Service),
            ),
        ] {
            assert_eq!(parse(Kind::Organization, &path), Ok(target), "{path}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let metadata = systems::MAILBOX;
        let at = "Organization.telecom.where(value = 'equipe@chb.mssante.example')";
        for path in [
            String::new(),
            "Organization".to_owned(),
            "Practitioner.telecom".to_owned(),
            "Organization.telecoms".to_owned(),
            "Organization.name".to_owned(),
            "Organization.telecom[0]".to_owned(),
            "Organization.telecom.where(system = 'email')".to_owned(),
            "Organization.telecom.where(value = 'x' or true)".to_owned(),
            "Organization.telecom.where(value = 'equipe@chb.mssante.example'".to_owned(),
            "Organization.telecom.where(value = 'no address')".to_owned(),
            format!("{at}.value"),
            format!("{at}.system"),
            format!("{at}.rank.value"),
            format!("{at}.extension('{metadata}')"),
            format!("{at}.extension('{metadata}').extension('type').value"),
            format!("{at}.extension('http://elsewhere').extension('service').value"),
            format!("{at}.extension('{metadata}').extension('service').value.value"),
        ] {
            let refused = parse(Kind::Organization, &path).unwrap_err();
            assert_eq!(refused.status.as_u16(), 400, "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_path_makes_the_reader_fail(text in "(Organization\\.telecom)?[.a-z()='\\\\ ]{0,40}|\\PC{0,60}") {
            let _ = parse(Kind::Organization, &text);
        }
    }
}
