//! How this room seals what names a patient, and finds it again.

use names::{Entropy, Ins};
use seal::{HashKey, MasterKeys, Vault};

use crate::Error;

/// The keys of this room, derived once from the master keys.
pub(crate) struct Sealing {
    vault: Vault,
    ins: HashKey,
    login: HashKey,
    secret: HashKey,
    code: HashKey,
    identity: HashKey,
    entropy: Entropy,
}

/// What a sealed value is; with the row's id, the place it is bound to.
#[derive(Clone, Copy)]
pub(crate) enum Sealed {
    /// A patient's identity traits.
    Traits,
    /// A user's login id and where their codes go.
    Contact,
    /// A user's Argon2id hash.
    Password,
    /// Where a professional's codes go.
    ProfessionalContact,
    /// A professional's Argon2id hash.
    ProfessionalPassword,
    /// An administrator's Argon2id hash.
    AdministratorPassword,
    /// The secret of an administrator's second factor.
    AdministratorFactor,
    /// A temporary code that has not left yet.
    TemporaryCode,
    /// What was chosen in an activation under way.
    Activation,
    /// The name of whom a parent invited.
    InvitedName,
}

impl Sealed {
    fn name(self) -> &'static str {
        match self {
            Self::Traits => "patient traits",
            Self::Contact => "user contact",
            Self::Password => "user password",
            Self::ProfessionalContact => "professional contact",
            Self::ProfessionalPassword => "professional password",
            Self::AdministratorPassword => "administrator password",
            Self::AdministratorFactor => "administrator second factor",
            Self::TemporaryCode => "temporary code",
            Self::Activation => "activation",
            Self::InvitedName => "invited name",
        }
    }
}

impl Sealing {
    pub(crate) fn new(keys: &MasterKeys, entropy: Entropy) -> Self {
        Self {
            vault: keys.vault("directory"),
            ins: keys.hash_key("directory ins"),
            login: keys.hash_key("directory login"),
            secret: keys.hash_key("directory secret"),
            code: keys.hash_key("directory code"),
            identity: keys.hash_key("directory identity"),
            entropy,
        }
    }

    pub(crate) fn entropy(&self) -> &Entropy {
        &self.entropy
    }

    /// Where a patient is found.
    pub(crate) fn ins_hash(&self, ins: &Ins) -> [u8; 32] {
        self.ins.hash(ins.expose().as_bytes())
    }

    /// Where a user is found; case does not count.
    pub(crate) fn login_hash(&self, login: &str) -> [u8; 32] {
        self.login.hash(login.trim().to_lowercase().as_bytes())
    }

    /// Where an application password is found.
    pub(crate) fn secret_hash(&self, secret: &str) -> [u8; 32] {
        self.secret.hash(secret.as_bytes())
    }

    /// What is kept of a one-time code: six digits alone are ground in no time, so the key matters.
    pub(crate) fn code_hash(&self, id: i64, code: &str) -> [u8; 32] {
        self.code.hash(format!("{id}:{code}").as_bytes())
    }

    /// Where somebody is found by name and date of birth.
    pub(crate) fn identity_hash(&self, plain: &str) -> [u8; 32] {
        self.identity.hash(plain.as_bytes())
    }

    pub(crate) fn seal(&self, what: Sealed, id: i64, plain: &[u8]) -> Vec<u8> {
        self.vault.seal(&place(what, id), plain, &self.entropy)
    }

    pub(crate) fn open(&self, what: Sealed, id: i64, sealed: Vec<u8>) -> Result<Vec<u8>, Error> {
        self.vault.open(&place(what, id), sealed).map_err(|cause| Error::Unseal { what: what.name(), cause })
    }
}

fn place(what: Sealed, id: i64) -> Vec<u8> {
    format!("{} {id}", what.name()).into_bytes()
}
