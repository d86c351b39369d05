//! The administrators' console in a real browser: from an invitation to the everyday tasks, each in at most
//! five pages.

use crate::pages::{Critic, pictures};
use crate::people::{DESK, PAUL};
use kit::{Browser, Engine, House, Letter, Telephone};

const LOGIN: &str = "claire.petit";
const PASSWORD: &str = "Huit-Phares-52";
const TEAM: &str = "cardiologie@hopital-saint-roch.mssante.example";
const MARIE: &str = "10099000019";
/// Pages that an everyday task may take, the first and the last among them.
const MOST: usize = 5;

/// The command line makes the first administrator; the code of the invitation.
fn invited(house: &House) -> String {
    let add = ["administrator", "add", LOGIN, "--name", "Claire Petit", "--role", "directory"];
    let told = house.pli("admin", &add).ok().text();
    told.lines().find_map(|line| line.strip_prefix("code")).expect("a line with the code").trim().to_owned()
}

/// The secret in letters that stands on the page.
fn secret(text: &str) -> String {
    let spelt = |line: &&str| {
        let plain = line.replace(' ', "");
        plain.len() == 32
            && plain.bytes().all(|byte| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte))
    };
    text.lines().map(str::trim).find(spelt).expect("the secret is shown").to_owned()
}

/// Invited, enrolled and inside; what each page looks like, if somebody looks.
fn enrol(browser: &mut Browser, house: &House, look: &mut impl FnMut(&mut Browser, &str)) {
    let code = invited(house);
    browser.open(&format!("{}/connexion", house.console()));
    look(browser, "console-sign-in");
    browser.follow("Utiliser un code d’invitation");
    look(browser, "console-invitation");
    browser.fill("Identifiant", LOGIN);
    browser.fill("Code d’invitation", &code);
    browser.fill("Nouveau mot de passe", PASSWORD);
    browser.fill("Le même mot de passe", PASSWORD);
    browser.press("Continuer");
    look(browser, "console-telephone");
    let secret = secret(&browser.text());
    browser.fill("Code à 6 chiffres", &Telephone::taught(&secret).code());
    browser.press("Terminer");
    assert!(browser.text().contains("Vos codes de secours"), "{}", browser.text());
    look(browser, "console-recovery");
    browser.follow("J’ai noté mes codes");
}

/// A task, counted in pages.
struct Task<'a> {
    browser: &'a mut Browser,
    name: &'static str,
    pages: usize,
}

impl<'a> Task<'a> {
    /// Begins on the first page.
    fn begin(browser: &'a mut Browser, house: &House, name: &'static str) -> Self {
        browser.open(&house.console());
        Self { browser, name, pages: 1 }
    }

    fn search(&mut self, words: &str) {
        self.browser.fill("Boîte, personne ou structure", words);
        self.press("Rechercher");
    }

    fn press(&mut self, name: &str) {
        self.browser.press(name);
        self.pages += 1;
    }

    fn follow(&mut self, name: &str) {
        self.browser.follow(name);
        self.pages += 1;
    }

    /// The last page says so; how many it took.
    fn ends(self, words: &str) -> usize {
        let text = self.browser.text();
        assert!(text.contains(words), "{}: no «{words}» in {text}", self.name);
        assert!(self.pages <= MOST, "{} took {} pages", self.name, self.pages);
        println!("{}: {} pages", self.name, self.pages);
        self.pages
    }
}

#[test]
fn five_everyday_tasks_take_at_most_five_pages_each_and_axe_finds_nothing_wrong() {
    let house = House::open(Engine::Sqlite);
    let mut browser = Browser::start(DESK);
    let mut critic = Critic { folder: pictures(&house), wrong: Vec::new(), looked_at: 0 };
    enrol(&mut browser, &house, &mut |browser, name| critic.look(browser, name));
    critic.look(&mut browser, "console-home");

    let mut task = Task::begin(&mut browser, &house, "new mailbox");
    task.follow("Nouvelle boîte");
    critic.look(task.browser, "console-new-mailbox");
    task.browser.select("Type", "Boîte personnelle (PER)");
    task.browser.fill("Adresse", "ines.roy@hopital-saint-roch.mssante.example");
    task.browser.select("Structure", "Hôpital Saint-Roch");
    task.browser.fill("Numéro RPPS", "10099999999");
    task.press("Créer la boîte");
    assert!(task.browser.text().contains("donnez son prénom et son nom"), "{}", task.browser.text());
    critic.look(task.browser, "console-new-mailbox-refused");
    task.browser.fill("Prénom", "Inès");
    task.browser.fill("Nom de famille", "Roy");
    task.press("Créer la boîte");
    critic.look(task.browser, "console-mailbox-created");
    task.ends("La boîte est créée");
    let told =
        house.pli("admin", &["mailbox", "show", "ines.roy@hopital-saint-roch.mssante.example"]).ok().text();
    assert!(told.contains("Inès Roy") && told.contains("open"), "{told}");

    let mut task = Task::begin(&mut browser, &house, "new member of a shared box");
    task.search(TEAM);
    critic.look(task.browser, "console-search");
    task.follow(TEAM);
    task.browser.fill("Numéro RPPS de la personne, ou adresse de sa boîte", MARIE);
    task.browser.fill("À partir du (facultatif)", "01/12/2099");
    task.browser.fill("Jusqu’au (facultatif)", "31/12/2099");
    task.press("Ajouter");
    critic.look(task.browser, "console-member-added");
    assert!(task.browser.text().contains("à partir du 1er décembre 2099, jusqu’au 31 décembre 2099 inclus"));
    task.ends("Dr Marie Lenoir");

    let mut task = Task::begin(&mut browser, &house, "lost password");
    task.search("férand");
    task.follow("Dr Paul Ferrand");
    critic.look(task.browser, "console-person");
    task.follow("Mot de passe ou téléphone perdu");
    critic.look(task.browser, "console-reset");
    task.browser.fill("Courriel ordinaire pour les codes", "paul@courriel.example");
    task.press("Faire un code d’invitation");
    critic.look(task.browser, "console-invitation-made");
    task.ends("Code d’invitation pour Dr Paul Ferrand");

    let mut task = Task::begin(&mut browser, &house, "application password");
    task.search("férand");
    task.follow("Dr Paul Ferrand");
    task.follow("Faire un mot de passe d’application");
    critic.look(task.browser, "console-new-password");
    task.browser.fill("Appareil ou logiciel", "Poste de l’accueil");
    task.press("Faire le mot de passe");
    critic.look(task.browser, "console-password-made");
    task.ends("Mot de passe pour Dr Paul Ferrand");

    let mut task = Task::begin(&mut browser, &house, "red list");
    task.search(PAUL.address);
    task.follow(PAUL.address);
    critic.look(task.browser, "console-mailbox");
    task.browser.select("Dans les recherches", "Cachée (liste rouge)");
    task.press("Enregistrer la fiche");
    task.ends("Cachée des recherches");

    // He is at his mail program when he leaves: his session accepts nothing any more.
    let mut open = house.sender(PAUL.address, PAUL.password).unwrap();
    let mut task = Task::begin(&mut browser, &house, "departure");
    task.search("ferrand");
    task.follow("Dr Paul Ferrand");
    task.follow("Départ");
    critic.look(task.browser, "console-departure");
    task.press("Enregistrer le départ");
    critic.look(task.browser, "console-departed");
    task.ends("Départ de Dr Paul Ferrand");
    let letter = Letter::new(PAUL.address, PAUL.address, "Encore", "…").octets();
    let answer = open.send(PAUL.address, &[PAUL.address], &letter);
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.code != 250), "the session goes on");
    assert!(house.sender(PAUL.address, PAUL.password).is_err(), "the password still opens");

    let cookies = browser.cookies();
    assert!(cookies.iter().all(|cookie| cookie["domain"] == "admin.localhost"), "{cookies:?}");
    browser.open(&format!("{}/nulle-part", house.console()));
    critic.look(&mut browser, "console-not-found");
    browser.open(&house.console());
    browser.press("Se déconnecter");
    critic.look(&mut browser, "console-goodbye");
    assert!(critic.wrong.is_empty(), "{} findings:\n{}", critic.wrong.len(), critic.wrong.join("\n"));
    println!("{} pages, two widths, no finding", critic.looked_at);
}
