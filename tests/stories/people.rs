//! Who the stories speak of, beside the people of the demonstration. All invented.

use kit::{Browser, House, Plan, Scripts, Window};

/// A login of the demonstration: address and application password.
pub struct Professional {
    pub address: &'static str,
    pub password: &'static str,
}

pub const MARIE: Professional =
    Professional { address: "marie.lenoir@cabinet-lilas.mssante.example", password: "demo-marie-lenoir" };
pub const PAUL: Professional = Professional {
    address: "paul.ferrand@hopital-saint-roch.mssante.example",
    password: "demo-paul-ferrand",
};
pub const PHARMACIST: Professional =
    Professional { address: "contact@pharmacie-lilas.mssante.example", password: "demo-thomas-morel" };

/// Jean Petit of the demonstration, who reads for himself.
pub const JEAN: Patient = Patient {
    address: "167029900040424@patient.mssante.example",
    login: "jean.petit",
    password: "Quatre-Bateaux-47",
};

/// A patient who signs in.
pub struct Patient {
    pub address: &'static str,
    pub login: &'static str,
    pub password: &'static str,
}

/// A window as wide as a desk's.
pub const DESK: Window = Window { width: 1280, scripts: Scripts::Allowed };

/// Opens the pages and signs in, taking the code from what left the house.
pub fn sign_in(browser: &mut Browser, house: &House, login: &str, password: &str) {
    let seen = house.sink.all().len();
    browser.open(&format!("{}/connexion", house.pages()));
    browser.fill("Mon identifiant", login);
    browser.fill("Mon mot de passe", password);
    browser.press("Continuer");
    let code = house.sink.wait(seen, "a sign-in code", |caught| caught.code().is_some());
    browser.fill("Code à 6 chiffres", &code.code().expect("just seen"));
    browser.press("Me connecter");
    assert!(browser.address().ends_with("/messages"), "signed in, but at {}", browser.address());
}

/// More tables behind the people of the demonstration.
pub fn with_people(mut plan: Plan, more: &str) -> Plan {
    plan.people.push_str(more);
    plan
}

/// Settings of a house whose mailboxes may send as much as a story likes.
pub const NO_ALLOWANCE: &str = "[policy.sending.people]\nletters_per_hour = 1000000\n\
    letters_per_day = 1000000\npatients_per_day = 1000000\n";
