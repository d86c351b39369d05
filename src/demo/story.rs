//! What the newcomer reads: who is who, where, and three commands to paste.

use super::{Demo, SPACE, administrator, letters};
use std::fmt::Write as _;
use std::net::SocketAddr;

/// Somebody with a mail program.
#[derive(Clone, Copy, Debug)]
pub struct Professional {
    /// Who.
    pub who: &'static str,
    /// The mailbox, which is also the login.
    pub address: &'static str,
    /// The application password.
    pub password: &'static str,
}

/// Somebody with a space, or nearly.
#[derive(Clone, Copy, Debug)]
pub struct Patient {
    /// Who, and in which state.
    pub who: &'static str,
    /// The address professionals write to.
    pub address: &'static str,
    /// Identifier and password of the pages, for those who sign in.
    pub sign_in: Option<(&'static str, &'static str)>,
}

/// Everybody who may use a mail program.
pub const PROFESSIONALS: [Professional; 7] = [
    professional("Dr Marie Lenoir, généraliste", letters::MARIE.1, "demo-marie-lenoir"),
    professional(
        "Dr Paul Ferrand, cardiologue",
        "paul.ferrand@hopital-saint-roch.mssante.example",
        "demo-paul-ferrand",
    ),
    professional(
        "Secrétariat de cardiologie",
        "cardiologie@hopital-saint-roch.mssante.example",
        "demo-anne-dubreuil",
    ),
    professional(
        "Laboratoire (automate)",
        "laboratoire_auto@hopital-saint-roch.mssante.example",
        "demo-laboratoire",
    ),
    professional("Pharmacie des Lilas", "contact@pharmacie-lilas.mssante.example", "demo-thomas-morel"),
    professional(
        "Pharmacie de l'Hôtel-de-Ville",
        "hotel-de-ville@pharmacie-lilas.mssante.example",
        "demo-thomas-morel",
    ),
    professional(
        "Nadia Benali, assistante sociale",
        "nadia.benali@ccas-valmont.mssante.example",
        "demo-nadia-benali",
    ),
];

/// Every patient of the demonstration.
pub const PATIENTS: [Patient; 8] = [
    patient("Claire Moreau", letters::CLAIRE.1, Some(("claire.moreau", "Trois-Tulipes-29"))),
    patient("Léo Moreau, son fils", "119049900020288@patient.mssante.example", None),
    patient("André Fontaine, son père", "152039900030303@patient.mssante.example", None),
    patient(
        "Jean Petit",
        "167029900040424@patient.mssante.example",
        Some(("jean.petit", "Quatre-Bateaux-47")),
    ),
    patient("Lucie Garnier, pas encore activée", "296129900070759@patient.mssante.example", None),
    patient("Karim Haddad, seulement annoncé", "190019900060637@patient.mssante.example", None),
    patient("Hélène Roux, opposée", "274089900050514@patient.mssante.example", None),
    patient("Yanis Lambert, espace fermé", "193079900080875@patient.mssante.example", None),
];

const fn professional(who: &'static str, address: &'static str, password: &'static str) -> Professional {
    Professional { who, address, password }
}

const fn patient(
    who: &'static str,
    address: &'static str,
    sign_in: Option<(&'static str, &'static str)>,
) -> Patient {
    Patient { who, address, sign_in }
}

pub(super) fn tell(demo: &Demo) -> String {
    let mut text =
        String::from("\nPli, demonstration. Everybody is invented; nothing leaves this machine.\n\n");
    text.push_str("Mail programs (login = address)\n");
    for person in &PROFESSIONALS {
        let _ = writeln!(text, "  {:<34}{:<53}{}", person.who, person.address, person.password);
    }
    text.push_str("\nPatients (identifier and password of the pages)\n");
    for person in &PATIENTS {
        let sign_in =
            person.sign_in.map_or_else(String::new, |(login, password)| format!("{login}  {password}"));
        let _ = writeln!(text, "  {:<34}{:<53}{sign_in}", person.who, person.address);
    }
    text.push_str("\nProfessional space (identifier and password; the code arrives in the outside box)\n");
    for person in &SPACE {
        let _ = writeln!(text, "  {:<34}{:<53}{}", person.who, person.login, person.password);
    }
    text.push_str("\nAdministration (login and password; the outside box shows what the telephone would)\n");
    let _ = writeln!(
        text,
        "  {:<34}{:<53}{}",
        administrator::NAME,
        administrator::LOGIN,
        administrator::PASSWORD
    );
    let addresses = demo.addresses();
    let port = |address: Option<SocketAddr>| address.map_or(0, |address| address.port());
    let (smtp, smtps) = (port(addresses.submission_starttls), port(addresses.submission_implicit));
    let (imap, imaps) = (port(addresses.imap_starttls), port(addresses.imap_implicit));
    let (folder, web) = (demo.folder().display(), demo.web());
    let _ = write!(
        text,
        "\nDoors of localhost\n  submission   {smtp} STARTTLS   {smtps} TLS\n  IMAP         {imap} STARTTLS   {imaps} \
         TLS\n  root to trust            {}\n  patients' pages          {web}/\n  professional space       {}/\n  administration           {}/\n  what left the house      \
         {web}/boite-exterieure   (sign-in codes arrive here)\n  data                     {folder}\n",
        demo.root().display(),
        demo.pro(),
        demo.console()
    );
    let root = quoted(&demo.root().display().to_string());
    let letter = quoted(&demo.folder().join(letters::SAMPLE).display().to_string());
    let (doctor, patient) = (letters::MARIE.1, letters::CLAIRE.1);
    let _ = write!(
        text,
        "\n1. Dr Lenoir sends Claire Moreau a letter with a PDF:\n\n\
         curl --ssl-reqd --cacert {root} smtp://localhost:{smtp} --user '{doctor}:demo-marie-lenoir' \\\n  \
         --mail-from {doctor} --mail-rcpt {patient} --upload-file {letter}\n\n\
         2. Open the page, sign in as claire.moreau, read, answer:\n\n\
         xdg-open {web}/\n\n\
         3. Dr Lenoir reads the newest letter of her mailbox:\n\n\
         curl --cacert {root} --user '{doctor}:demo-marie-lenoir' 'imaps://localhost:{imaps}/INBOX;MAILINDEX=*'\n\n\
         Why a letter passed or was refused: pli admin --config {} why NUMBER   (the number in the reply)\n\
         Ctrl-C ends it.\n",
        quoted(&demo.config().display().to_string())
    );
    text
}

/// Quoted for a shell, where needed.
fn quoted(path: &str) -> String {
    if path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte)) {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_for_the_shell_where_needed() {
        for (path, shown) in
            [("/tmp/pli", "/tmp/pli"), ("/tmp/a b", "'/tmp/a b'"), ("/l'été", "'/l'\\''été'")]
        {
            assert_eq!(quoted(path), shown);
        }
    }
}
