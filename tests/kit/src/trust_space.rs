//! A closed space of operators: the authority above them, its lists of the revoked, their names.

use crate::loopback::{Ports, now};
use certs::{Alternatives, Authority, Issued, ListOrder, OperatorName, Order};
use std::sync::Arc;

/// Two authorities, one above the other, as the national ones stand. The lower one certifies operators.
pub struct TrustSpace {
    root: Authority,
    organisations: Authority,
}

/// Somebody in that space: a name and a certificate.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its server, and the CN of its certificate.
    pub host: String,
    /// The subject of its certificate (DOMAIN §1.1).
    pub name: OperatorName,
    /// The certificate, for both sides of a session.
    pub identity: Arc<Issued>,
}

/// What makes a house a member: a door for others, and the ways to them.
#[derive(Clone, Debug)]
pub struct Operator {
    /// Who it is.
    pub member: Member,
    /// Its doors, found before it opens so that others can be told.
    pub ports: Ports,
    /// The domain of its patients, when it has any.
    pub patients: Option<String>,
    /// Domain, server and port of the others.
    pub routes: Vec<Route>,
    /// PEM: the authorities of the space.
    pub roots: String,
    /// PEM: what each of them has revoked; nothing when lists do not count here.
    pub lists: Vec<String>,
    /// Where newer ones are published.
    pub published: Vec<String>,
}

/// Where a domain's letters go.
#[derive(Clone, Debug)]
pub struct Route {
    /// The domain.
    pub domain: String,
    /// The name the server's certificate must bear.
    pub host: String,
    /// Where it listens on the loopback.
    pub port: u16,
}

impl Route {
    /// To a server.
    #[must_use]
    pub fn new(domain: &str, host: &str, port: u16) -> Self {
        Self { domain: domain.to_owned(), host: host.to_owned(), port }
    }
}

impl TrustSpace {
    /// A new one.
    ///
    /// # Panics
    /// When no certificates can be made.
    #[must_use]
    pub fn found() -> Self {
        let root = Authority::new("AC Racine des récits", now()).expect("an authority can be made");
        let organisations = root.intermediate("AC Organisations des récits", None, now());
        Self { root, organisations: organisations.expect("an authority can be made") }
    }

    /// Whom everybody in it believes, PEM.
    #[must_use]
    pub fn roots(&self) -> String {
        self.organisations.chain_pem()
    }

    /// The authority that certifies operators, for certificates with something wrong.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.organisations
    }

    /// The name of an operator in the layout of the national list.
    #[must_use]
    pub fn name(host: &str, organisation: &str) -> OperatorName {
        OperatorName {
            common_name: host.to_owned(),
            structure: "1990000028".to_owned(),
            organisation: organisation.to_owned(),
            department: "Haute-Garonne (31)".to_owned(),
        }
    }

    /// A member with a certificate for its server.
    ///
    /// # Panics
    /// When no certificate can be made.
    #[must_use]
    pub fn member(&self, host: &str, organisation: &str) -> Member {
        let name = Self::name(host, organisation);
        // The clients of the kit call every server localhost.
        let names = [host, "localhost"];
        let order = Order { names: Alternatives::These(&names), ..Order::operator(&name, now()) };
        let identity = Arc::new(self.organisations.issue(&order).expect("a certificate can be made"));
        Member { host: host.to_owned(), name, identity }
    }

    /// A house of this space, with doors found for it and lists that revoke `revoked`.
    ///
    /// # Panics
    /// When no lists can be made.
    #[must_use]
    pub fn operator(&self, member: Member, revoked: &[&Issued]) -> Operator {
        let serials: Vec<String> =
            revoked.iter().map(|issued| issued.serial().expect("a certificate has a number")).collect();
        let serials: Vec<&str> = serials.iter().map(String::as_str).collect();
        let list = |authority: &Authority, revoked: &[&str]| {
            authority.revocation_list(&ListOrder::daily(revoked, now())).expect("a list can be made").pem
        };
        Operator {
            member,
            ports: Ports::find(),
            patients: None,
            routes: Vec::new(),
            roots: self.roots(),
            lists: vec![list(&self.root, &[]), list(&self.organisations, &serials)],
            published: Vec::new(),
        }
    }
}

impl Member {
    /// The subject as the list writes it.
    #[must_use]
    pub fn distinguished(&self) -> String {
        let OperatorName { common_name, structure, organisation, department } = &self.name;
        format!("CN={common_name},OU={structure},O={organisation},ST={department},C=FR")
    }
}

impl Operator {
    /// The way to its own door, for others.
    #[must_use]
    pub fn route(&self, domain: &str) -> Route {
        Route::new(domain, &self.member.host, self.ports.mx)
    }

    /// Its lines for `pli.toml`.
    pub(crate) fn configuration(&self) -> String {
        let lists = if self.lists.is_empty() { "off" } else { "required" };
        let mut text = format!(
            "[operators]\nroots = \"operators/roots.pem\"\nchain = \"operators/chain.pem\"\n\
             key = \"operators/key.pem\"\nrevocation = \"{lists}\"\nlists = {:?}\n\
             [mx]\nlisten = \"127.0.0.1:{}\"\n[queue.routes]\n",
            self.published, self.ports.mx
        );
        for Route { domain, host, port } in &self.routes {
            text.push_str(&format!("\"{domain}\" = [\"{host}@127.0.0.1:{port}\"]\n"));
        }
        text
    }
}
