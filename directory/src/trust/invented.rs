//! Invented national lists for tests, with the layouts of DOMAIN §1.1.

use std::fmt::Write as _;

use crate::trust::NAMESPACE;

/// One entry of an invented list.
pub(crate) fn entry(domain: &str, name: &str) -> String {
    format!(
        "<Domaine><Nom>{domain}</Nom><Description>Invented</Description>\
         <DNCertificatOperateur>{name}</DNCertificatOperateur>\
         <ResponsableContact>a@b.example</ResponsableContact><SupportContact/>\
         <DateMAJ>2024-06-07T10:24:42Z</DateMAJ></Domaine>"
    )
}

/// A list of this date with these entries.
pub(crate) fn list(date: &str, entries: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListeBlancheMSSante xmlns=\"{NAMESPACE}\">\n\
         <DateDeGeneration>{date}</DateDeGeneration>\n<ListeDomaines>{entries}</ListeDomaines>\n\
         </ListeBlancheMSSante>\n"
    )
}

/// `count` entries over some nine tenths as many domains: repeated domains with another name, mixed
/// case, unsorted, line ends in contacts and around values, accents, names shared by hundreds.
pub(crate) fn entries(count: usize) -> String {
    let towns = ["Besançon", "Saint-Étienne", "Nîmes", "Évreux", "Le Kremlin-Bicêtre", "Fort-de-France"];
    let departments = ["Doubs (25)", "Loire (42)", "Bouches-du-Rhône (13)", "Eure (27)", "La Réunion (974)"];
    let mut text = String::new();
    for number in 0..count {
        // Every tenth entry repeats the domain of another; the order is stirred.
        let stirred = (number * 7919) % count;
        let domain = if stirred % 10 == 9 { stirred - 1 } else { stirred };
        let operator = stirred * 321 / count + usize::from(stirred % 10 == 9);
        let name = match number % 3 {
            0 => format!("cabinet-{domain}.mssante.example"),
            1 => format!("CABINET-{domain}.MSSante.example"),
            _ => format!("\n      cabinet-{domain}.mssante.example "),
        };
        let (town, department) = (towns[number % towns.len()], departments[operator % departments.len()]);
        let comma = if number % 4 == 0 { ", " } else { "," };
        let dn = [
            format!("CN=mx{operator}.operateur.example"),
            format!("OU=3{operator:014}"),
            format!("O=GIP Santé numérique n° {operator}"),
            format!("ST={department}"),
            "C=FR".to_owned(),
        ];
        let _ = write!(
            text,
            "\n    <Domaine>\n      <Nom>{name}</Nom>\n      <Description>Cabinet &amp; associés, {town}</Description>\n      \
             <DNCertificatOperateur>{}</DNCertificatOperateur>\n      \
             <ResponsableContact>\"+33 1 00 00 00 00,  responsable@cabinet-{domain}.example\n\"</ResponsableContact>\n      \
             <SupportContact>\"+33 1 00 00 00 01,\n  support@operateur.example\"</SupportContact>\n      \
             <DateMAJ>2025-01-02T03:04:05Z</DateMAJ>\n    </Domaine>",
            dn.join(comma)
        );
    }
    text
}
