//! Invented entries.

use names::{AccountKind, Address, NationalPersonId, NationalStructureId, Profession, SectorCode, Timestamp};

use super::Lots;
use crate::{Coded, Listing, ListingId, Mailbox, Organisation, Place, Professional, Situation, Source};

const GIVEN: [&str; 72] = [
    "Marie",
    "Jean",
    "Pierre",
    "Sophie",
    "Philippe",
    "Nathalie",
    "Michel",
    "Isabelle",
    "Alain",
    "Sylvie",
    "Nicolas",
    "Catherine",
    "Christophe",
    "Martine",
    "Laurent",
    "Christine",
    "Frédéric",
    "Valérie",
    "Sébastien",
    "Sandrine",
    "Stéphane",
    "Stéphanie",
    "Éric",
    "Véronique",
    "David",
    "Céline",
    "Thierry",
    "Chantal",
    "Olivier",
    "Patricia",
    "Julien",
    "Brigitte",
    "Pascal",
    "Aurélie",
    "François",
    "Élodie",
    "Daniel",
    "Émilie",
    "Guillaume",
    "Camille",
    "Thomas",
    "Monique",
    "Anne",
    "Jérôme",
    "Claire",
    "Mathieu",
    "Hélène",
    "Antoine",
    "Béatrice",
    "Vincent",
    "Agnès",
    "Rémi",
    "Joëlle",
    "Benoît",
    "Jean-Pierre",
    "Anne-Marie",
    "Jean-Luc",
    "Marie-Claude",
    "Jean-François",
    "Marie-Hélène",
    "Éloïse",
    "Gaëlle",
    "Raphaël",
    "Inès",
    "Maëlys",
    "Yves",
    "Xavier",
    "Zoé",
    "Cyril",
    "Fatima",
    "Mohamed",
    "Aïcha",
];
const FAMILY: [&str; 160] = [
    "Martin",
    "Bernard",
    "Thomas",
    "Petit",
    "Robert",
    "Richard",
    "Durand",
    "Dubois",
    "Moreau",
    "Laurent",
    "Simon",
    "Michel",
    "Lefebvre",
    "Leroy",
    "Roux",
    "David",
    "Bertrand",
    "Morel",
    "Fournier",
    "Girard",
    "Bonnet",
    "Dupont",
    "Lambert",
    "Fontaine",
    "Rousseau",
    "Vincent",
    "Müller",
    "Lefèvre",
    "Faure",
    "André",
    "Mercier",
    "Blanc",
    "Guérin",
    "Boyer",
    "Garnier",
    "Chevalier",
    "François",
    "Legrand",
    "Gauthier",
    "Garcia",
    "Perrin",
    "Robin",
    "Clément",
    "Morin",
    "Nicolas",
    "Henry",
    "Roussel",
    "Mathieu",
    "Gautier",
    "Masson",
    "Marchand",
    "Duval",
    "Denis",
    "Dumont",
    "Marie",
    "Lemaire",
    "Noël",
    "Meyer",
    "Dufour",
    "Meunier",
    "Brun",
    "Blanchard",
    "Giraud",
    "Joly",
    "Rivière",
    "Lucas",
    "Brunet",
    "Gaillard",
    "Barbier",
    "Arnaud",
    "Martinez",
    "Gérard",
    "Roche",
    "Renard",
    "Schmitt",
    "Roy",
    "Leroux",
    "Colin",
    "Vidal",
    "Caron",
    "Picard",
    "Roger",
    "Fabre",
    "Aubert",
    "Lemoine",
    "Renaud",
    "Dumas",
    "Lacroix",
    "Olivier",
    "Philippe",
    "Bourgeois",
    "Pierre",
    "Benoît",
    "Rey",
    "Leclerc",
    "Payet",
    "Rolland",
    "Leclercq",
    "Guillaume",
    "Lecomte",
    "Lopez",
    "Jean",
    "Dupuy",
    "Guillot",
    "Hubert",
    "Berger",
    "Carpentier",
    "Sanchez",
    "Dupuis",
    "Moulin",
    "Louis",
    "Deschamps",
    "Huet",
    "Vasseur",
    "Perez",
    "Boucher",
    "Fleury",
    "Royer",
    "Klein",
    "Jacquet",
    "Adam",
    "Paris",
    "Poirier",
    "Marty",
    "Aubry",
    "Guyot",
    "Carré",
    "Charles",
    "Renault",
    "Charpentier",
    "Ménard",
    "Maillard",
    "Baron",
    "Bertin",
    "Bailly",
    "Hervé",
    "Schneider",
    "Fernandez",
    "Le Gall",
    "Collet",
    "Léger",
    "Bouvier",
    "Julien",
    "Prévost",
    "Millet",
    "Perrot",
    "Daniel",
    "Le Roux",
    "Cousin",
    "Germain",
    "Breton",
    "Besson",
    "Langlois",
    "Rémy",
    "Le Goff",
    "Pelletier",
    "Lévêque",
    "Perrier",
    "Leblanc",
    "Barré",
];
const STARTS: [&str; 48] = [
    "Ab", "Bar", "Ber", "Bou", "Bran", "Cai", "Cha", "Cler", "Cor", "Cou", "Dal", "Del", "Dor", "Es", "Fal",
    "Fer", "Gal", "Gar", "Gri", "Gui", "Her", "Jan", "Jou", "Ker", "Lan", "Lou", "Mal", "Mar", "Mon", "Mou",
    "Nau", "Or", "Pas", "Pel", "Pon", "Quen", "Rai", "Ros", "Rou", "Sal", "Sau", "Tan", "Ter", "Tou", "Val",
    "Ver", "Vi", "Yv",
];
const MIDDLES: [&str; 40] = [
    "", "ba", "be", "bi", "bo", "ca", "che", "chi", "co", "da", "de", "di", "do", "fi", "ga", "ge", "go",
    "la", "le", "li", "lo", "ma", "mi", "mo", "na", "ne", "ni", "pa", "phi", "que", "ra", "ri", "ro", "sa",
    "si", "ta", "ti", "tho", "va", "vi",
];
const ENDS: [&str; 36] = [
    "ac", "ain", "ais", "al", "an", "ard", "as", "at", "aud", "ault", "aux", "eau", "el", "elle", "enne",
    "er", "et", "ette", "eux", "ez", "ic", "ier", "ille", "in", "lac", "lin", "mond", "nec", "ois", "on",
    "ot", "ou", "oux", "rand", "ry", "vin",
];
const TOWNS: [(&str, &str); 60] = [
    ("75011", "Paris"),
    ("75015", "Paris"),
    ("69003", "Lyon"),
    ("13001", "Marseille"),
    ("31000", "Toulouse"),
    ("06000", "Nice"),
    ("44000", "Nantes"),
    ("34000", "Montpellier"),
    ("67000", "Strasbourg"),
    ("33000", "Bordeaux"),
    ("59000", "Lille"),
    ("35000", "Rennes"),
    ("51100", "Reims"),
    ("42000", "Saint-Étienne"),
    ("76600", "Le Havre"),
    ("83000", "Toulon"),
    ("38000", "Grenoble"),
    ("21000", "Dijon"),
    ("49000", "Angers"),
    ("30000", "Nîmes"),
    ("69100", "Villeurbanne"),
    ("63000", "Clermont-Ferrand"),
    ("72000", "Le Mans"),
    ("13100", "Aix-en-Provence"),
    ("29200", "Brest"),
    ("37000", "Tours"),
    ("80000", "Amiens"),
    ("87000", "Limoges"),
    ("74000", "Annecy"),
    ("66000", "Perpignan"),
    ("57000", "Metz"),
    ("25000", "Besançon"),
    ("45000", "Orléans"),
    ("76000", "Rouen"),
    ("68100", "Mulhouse"),
    ("14000", "Caen"),
    ("54000", "Nancy"),
    ("95100", "Argenteuil"),
    ("93200", "Saint-Denis"),
    ("59100", "Roubaix"),
    ("59200", "Tourcoing"),
    ("84000", "Avignon"),
    ("86000", "Poitiers"),
    ("17000", "La Rochelle"),
    ("64000", "Pau"),
    ("56100", "Lorient"),
    ("22000", "Saint-Brieuc"),
    ("29000", "Quimper"),
    ("50100", "Cherbourg-en-Cotentin"),
    ("81000", "Albi"),
    ("65000", "Tarbes"),
    ("47000", "Agen"),
    ("24000", "Périgueux"),
    ("16000", "Angoulême"),
    ("79000", "Niort"),
    ("85000", "La Roche-sur-Yon"),
    ("53000", "Laval"),
    ("61000", "Alençon"),
    ("28000", "Chartres"),
    ("20000", "Ajaccio"),
];
const SPECIALITIES: [&str; 18] = [
    "Médecine générale",
    "Cardiologie et maladies vasculaires",
    "Dermatologie et vénéréologie",
    "Pédiatrie",
    "Ophtalmologie",
    "Psychiatrie",
    "Gynécologie médicale",
    "Radiodiagnostic",
    "Anesthésie-réanimation",
    "Gastro-entérologie et hépatologie",
    "Neurologie",
    "Rhumatologie",
    "Pneumologie",
    "Urologie",
    "Néphrologie",
    "Endocrinologie et métabolisme",
    "Chirurgie orthopédique et traumatologie",
    "Oto-rhino-laryngologie",
];
/// Codes and labels of DOMAIN §4.7.
const PROFESSIONS: [(&str, &str); 9] = [
    ("10", "Médecin"),
    ("60", "Infirmier"),
    ("70", "Masseur-kinésithérapeute"),
    ("40", "Chirurgien-dentiste"),
    ("21", "Pharmacien"),
    ("50", "Sage-femme"),
    ("91", "Orthophoniste"),
    ("80", "Pédicure-podologue"),
    ("28", "Opticien-lunetier"),
];
const STREETS: [&str; 12] = [
    "rue des Lilas",
    "avenue de la Gare",
    "place du Marché",
    "rue Victor-Hugo",
    "boulevard de la Liberté",
    "impasse des Tilleuls",
    "rue de l’Église",
    "chemin du Moulin",
    "quai de la Rivière",
    "rue Pasteur",
    "allée des Acacias",
    "rue de la République",
];
const THINGS: [&str; 40] = [
    "des Lilas",
    "du Marché",
    "de la Gare",
    "de l’Hôtel-Dieu",
    "Saint-Joseph",
    "Sainte-Anne",
    "du Centre",
    "des Acacias",
    "de la Mairie",
    "du Port",
    "des Tilleuls",
    "de l’Étoile",
    "Saint-Michel",
    "Saint-Louis",
    "de la Fontaine",
    "du Parc",
    "des Remparts",
    "du Château",
    "de la Rivière",
    "du Moulin",
    "des Jardins",
    "de l’Europe",
    "Jeanne-d’Arc",
    "de Bretagne",
    "du Rond-Point",
    "de la Cathédrale",
    "des Arènes",
    "du Lac",
    "Pasteur",
    "Victor-Hugo",
    "de la Paix",
    "du Théâtre",
    "des Halles",
    "de la Plage",
    "du Vieux-Pont",
    "des Trois-Fontaines",
    "du Soleil",
    "de l’Océan",
    "de la Colline",
    "des Platanes",
];
const SERVICES: [&str; 8] = [
    "Cardiologie",
    "Urgences",
    "Laboratoire de biologie",
    "Imagerie médicale",
    "Secrétariat de pédiatrie",
    "Maternité",
    "Oncologie",
    "Gériatrie",
];
/// Sectors of activity of DOMAIN §4.8, with what such a place is called.
const STRUCTURES: [(&str, &str); 6] = [
    ("SA33", "Pharmacie"),
    ("SA01", "Hôpital"),
    ("SA04", "Clinique"),
    ("SA25", "Laboratoire"),
    ("SA17", "Résidence"),
    ("SA52", "Maison de santé"),
];
/// A day in 2026.
const CHANGED: Timestamp = Timestamp(1_790_000_000_000);

/// How large and how varied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Corpus {
    /// Entries; one in five is a structure.
    pub entries: usize,
    /// Of a hundred families, so many have a name put together from syllables: there are some 70,000.
    pub rare_names: usize,
    /// Towns made beside the sixty large ones.
    pub small_towns: usize,
}

impl Corpus {
    /// Some thousands: for a test.
    pub const SMALL: Self = Self { entries: 6_000, rare_names: 45, small_towns: 200 };
    /// A country: for a bench.
    pub const COUNTRY: Self = Self { entries: 1_000_000, rare_names: 60, small_towns: 20_000 };
}

/// Entries with ids counted from 1, the same each time.
pub fn entries(corpus: Corpus) -> impl Iterator<Item = Listing> + Send {
    (1..=corpus.entries as i64).map(move |number| {
        let mut lots = Lots::new(number as u64);
        if number % 5 == 0 {
            Listing::Organisation(Box::new(organisation(number, corpus, &mut lots)))
        } else {
            Listing::Professional(Box::new(professional(number, corpus, &mut lots)))
        }
    })
}

fn professional(number: i64, corpus: Corpus, lots: &mut Lots) -> Professional {
    let given = GIVEN[lots.common(GIVEN.len())].to_owned();
    let family = family(corpus, lots);
    let (code, label) = if lots.percent(40) { PROFESSIONS[0] } else { *lots.one(&PROFESSIONS) };
    let know_how = match code {
        "10" => vec![Coded { code: String::new(), label: (*lots.one(&SPECIALITIES)).to_owned() }],
        _ => Vec::new(),
    };
    let situations = if lots.percent(25) { 2 } else { 1 };
    let local = format!("{}.{number}", names::fold(&format!("{given} {family}")).replace(' ', "."));
    Professional {
        id: ListingId(number),
        source: Source::National,
        national_id: NationalPersonId(format!("8{}", 10_000_000_000 + number)),
        civility: if code == "10" { "Dr".to_owned() } else { String::new() },
        given_name: given,
        family_name: family,
        profession: Some(Profession { code: code.to_owned(), label: label.to_owned() }),
        category: None,
        know_how,
        situations: (0..situations).map(|at| situation(number, at, corpus, lots)).collect(),
        mailboxes: vec![mailbox(local, AccountKind::Personal, None, lots)],
        updated: CHANGED,
    }
}

fn situation(number: i64, at: i64, corpus: Corpus, lots: &mut Lots) -> Situation {
    let place = place(corpus, lots);
    Situation {
        id: format!("{number}-{at}"),
        mode: Some(Coded { code: "L".to_owned(), label: "Libéral".to_owned() }),
        role: None,
        organisation: None,
        organisation_name: match lots.below(3) {
            0 => format!("Cabinet médical {}", lots.one(&THINGS)),
            1 => format!("Centre {}", place.town),
            _ => String::new(),
        },
        sector: Some(SectorCode("SA07".to_owned())),
        place,
        phone: None,
        mailboxes: Vec::new(),
    }
}

fn organisation(number: i64, corpus: Corpus, lots: &mut Lots) -> Organisation {
    let (sector, kind) = if lots.percent(50) { STRUCTURES[0] } else { *lots.one(&STRUCTURES) };
    let name = if lots.percent(30) {
        format!("{kind} {}", family(corpus, lots))
    } else {
        format!("{kind} {}", lots.one(&THINGS))
    };
    let service = (sector == "SA01").then(|| (*lots.one(&SERVICES)).to_owned());
    Organisation {
        id: ListingId(number),
        source: Source::National,
        national_id: NationalStructureId(format!("1{number:09}")),
        finess: None,
        finess_legal: None,
        siret: None,
        siren: None,
        name,
        trade_name: String::new(),
        sector: Some(SectorCode(sector.to_owned())),
        legal: false,
        place: place(corpus, lots),
        phone: None,
        mailboxes: vec![mailbox(format!("contact.{number}"), AccountKind::Organisational, service, lots)],
        updated: CHANGED,
    }
}

fn mailbox(local: String, kind: AccountKind, service: Option<String>, lots: &mut Lots) -> Mailbox {
    let domain = ["medecin", "cabinet", "hopital", "region"][lots.below(4)];
    let address = Address::parse(&format!("{local}@{domain}.example.fr"));
    Mailbox {
        address: address.unwrap_or_else(|_| unreachable!("folded names and numbers make an address")),
        kind,
        description: None,
        service,
        responsible: None,
        red_list: lots.percent(3),
        rank: 1,
        paperless: false,
        updated: CHANGED,
        standing: crate::Standing::Open,
    }
}

fn place(corpus: Corpus, lots: &mut Lots) -> Place {
    let (postal_code, town) = if lots.percent(50) {
        let (code, town) = TOWNS[lots.common(TOWNS.len())];
        (code.to_owned(), town.to_owned())
    } else {
        small_town(lots.below(corpus.small_towns))
    };
    Place {
        lines: vec![format!("{} {}", 1 + lots.below(200), lots.one(&STREETS))],
        department: postal_code.chars().take(2).collect(),
        postal_code,
        town,
        country: String::new(),
    }
}

/// One of the small towns, by its number.
fn small_town(number: usize) -> (String, String) {
    let lots = &mut Lots::new(0x70a1 + number as u64);
    let code = format!("{:02}{:03}", 1 + lots.below(95), 10 * lots.below(100));
    let name = syllables(lots);
    let town = match lots.below(5) {
        0 => format!("Saint-{}", GIVEN[lots.below(40)]),
        1 => format!("{name}-sur-{}", ["Loire", "Saône", "Mer", "Marne"][lots.below(4)]),
        2 => format!("La {name}"),
        _ => name,
    };
    (code, town)
}

fn family(corpus: Corpus, lots: &mut Lots) -> String {
    let one = |lots: &mut Lots| {
        if lots.percent(corpus.rare_names) {
            syllables(lots)
        } else {
            FAMILY[lots.common(FAMILY.len())].to_owned()
        }
    };
    let name = one(lots);
    match lots.below(100) {
        0..=7 => format!("{name}-{}", one(lots)),
        8 => format!("de {name}"),
        9 => format!("de La {name}"),
        10 => format!("d’{name}"),
        11 => format!("Le {name}"),
        _ => name,
    }
}

fn syllables(lots: &mut Lots) -> String {
    format!("{}{}{}", lots.one(&STARTS), lots.one(&MIDDLES), lots.one(&ENDS))
}
