//! Two whole servers that share nothing but a trust space: one of practices, one of patients.

use crate::people::NO_ALLOWANCE;
use kit::{Engine, House, Member, Operator, Plan, Route, TrustSpace};

/// What the operator of practices answers for.
pub const PRACTICES: [&str; 4] = [
    "cabinet-lilas.mssante.example",
    "hopital-saint-roch.mssante.example",
    "pharmacie-lilas.mssante.example",
    "ccas-valmont.mssante.example",
];
/// What the other answers for.
pub const PATIENTS: &str = "patient.mssante.example";

/// The two.
pub struct Neighbours {
    pub practices: House,
    pub patients: House,
}

impl Neighbours {
    pub fn open(engine: Engine) -> Self {
        let space = TrustSpace::found();
        let [practices, patients] = operators(&space);
        let [to_practices, to_patients] = [practices.clone(), patients.clone()];
        let practices = House::build(practices_plan(engine, practices, &to_patients));
        let patients = House::build(patients_plan(engine, patients, &to_practices));
        Self { practices, patients }
    }
}

/// The two operators as their space knows them; no ways yet.
pub fn operators(space: &TrustSpace) -> [Operator; 2] {
    let practices = space.member("mail.praticiens.mssante.example", "OPERATEUR DES PRATICIENS");
    let patients = space.member("mail.patients.mssante.example", "OPÉRATEUR DES PATIENTS");
    [practices, patients].map(|member| space.operator(member, &[]))
}

/// The professionals of the demonstration; patients are elsewhere.
pub fn practices_plan(engine: Engine, mut here: Operator, patients: &Operator) -> Plan {
    let mut plan = Plan { settings: NO_ALLOWANCE.to_owned(), ..Plan::demo(engine) };
    let (people, _) = plan.people.split_once("# A mother").expect("patients stand last");
    let ours = format!("domain = \"{PATIENTS}\"\nplace = \"local-patients\"\n");
    assert!(people.contains(&ours), "the demonstration has patients");
    plan.people = people.replace(&ours, &remote(PATIENTS, "remote-patients", &patients.member));
    here.routes.push(patients.route(PATIENTS));
    plan.operator = Some(here);
    plan
}

/// The patients of the demonstration; professionals are elsewhere.
pub fn patients_plan(engine: Engine, mut here: Operator, practices: &Operator) -> Plan {
    let mut plan = Plan::demo(engine);
    let (_, people) = plan.people.split_once("# A mother").expect("patients stand last");
    let people = people.to_owned();
    plan.people = format!("[[domains]]\ndomain = \"{PATIENTS}\"\nplace = \"local-patients\"\n");
    for domain in PRACTICES {
        let theirs = remote(domain, "remote", &practices.member);
        plan.people.push_str(&format!("[[domains]]\n{theirs}"));
        here.routes.push(practices.route(domain));
    }
    plan.people.push_str("# A mother");
    plan.people.push_str(&people);
    here.patients = Some(PATIENTS.to_owned());
    plan.operator = Some(here);
    plan
}

/// Lines of a `[[domains]]` of somebody else.
pub fn remote(domain: &str, place: &str, member: &Member) -> String {
    format!("domain = \"{domain}\"\nplace = \"{place}\"\nnames = [\"{}\"]\n", member.distinguished())
}

/// A further operator of professionals, known to `plan`'s house and reached at `port`.
pub fn with_neighbour(mut plan: Plan, domain: &str, member: &Member, port: u16) -> Plan {
    plan.people = format!("[[domains]]\n{}{}", remote(domain, "remote", member), plan.people);
    let operator = plan.operator.as_mut().expect("an operator among others");
    operator.routes.push(Route::new(domain, &member.host, port));
    plan
}
