//! Who becomes an administrator, what they may do, and when they stop: at the command line.

use std::collections::BTreeSet;

use audit::{Act, Actor, Entry};
use db::{Tx, args};
use names::{AdministratorId, NationalStructureId, Timestamp};

use super::{Administrator, AdministratorState, Reach, Roles, rows, sessions};
use crate::professionals::invitations::{canonical, spell};
use crate::{Directory, Error, limits, organisations};

/// Somebody who shall administer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewAdministrator {
    /// What they will type; small letters, digits, dot, hyphen.
    pub login: String,
    /// How they are called.
    pub name: String,
    /// What they may do.
    pub roles: Roles,
    /// The organisations they are limited to; everywhere when empty.
    pub organisations: Vec<NationalStructureId>,
}

/// An invitation just made. Nobody can show it again.
pub struct AdministratorInvitation {
    /// Twelve characters as `xxxx-xxxx-xxxx`.
    pub code: zeroize::Zeroizing<String>,
    /// When it stops counting.
    pub ends: Timestamp,
}

const RETIRE: &str =
    "UPDATE administrator_invitation SET used = TRUE WHERE administrator = $1 AND used = FALSE";
const INSERT: &str =
    "INSERT INTO administrator_invitation (id, administrator, code, created_at, expires_at, used)
    VALUES ($1, $2, $3, $4, $5, FALSE)";

impl Directory {
    /// Every administrator, by login.
    pub async fn administrators(&self) -> Result<Vec<Administrator>, Error> {
        let mut tx = self.db().read().await?;
        rows::all(&mut tx).await
    }

    /// How administrators are called, by id, for the trail's readers.
    pub async fn administrator(&self, id: AdministratorId) -> Result<Option<Administrator>, Error> {
        let mut tx = self.db().read().await?;
        rows::find(&mut tx, id).await
    }

    /// Makes one, with an invitation.
    pub async fn add_administrator(
        &self,
        new: &NewAdministrator,
        by: Actor,
        now: Timestamp,
    ) -> Result<AdministratorInvitation, Error> {
        let reach = self.reach(&new.organisations).await?;
        let made = Administrator {
            id: AdministratorId(self.db().id(now)),
            login: new.login.clone(),
            name: new.name.clone(),
            roles: new.roles.clone(),
            reach,
            state: AdministratorState::Invited,
            created: now,
        };
        let detail = format!(
            "administrator={} roles={} organisations={}",
            made.id.0,
            made.roles.codes().replace(' ', "+"),
            limit(&made.reach)
        );
        let told = [
            self.told_of_administrators(by, Act::AdministratorChanged, detail, now),
            self.invited(made.id, by, now),
        ];
        let (invitation, row) = self.fresh_invitation(made.id, now);
        let add = db::unit("add an administrator", (made, row, told), |(made, row, told), tx| {
            Box::pin(async move {
                if rows::by_login(tx, &made.login).await?.is_some() {
                    return Err(Error::Taken("login"));
                }
                rows::insert(tx, made).await?;
                invite(tx, row).await?;
                audit::append(tx, told).await?;
                Ok(())
            })
        });
        self.db().write(add).await?;
        Ok(invitation)
    }

    /// Another invitation, for lost factors; one before it stops counting. The factors before count until
    /// the new ones are enrolled.
    pub async fn invite_administrator(
        &self,
        login: &str,
        by: Actor,
        now: Timestamp,
    ) -> Result<AdministratorInvitation, Error> {
        let known = self.administrator_called(login).await?;
        let (invitation, row) = self.fresh_invitation(known.id, now);
        let told = self.invited(known.id, by, now);
        let unit = db::unit("invite an administrator", (known.id, row, told), |(id, row, told), tx| {
            Box::pin(async move {
                let found = rows::find(tx, *id).await?.ok_or(Error::Unknown("administrator"))?;
                if found.state == AdministratorState::Disabled {
                    rows::set_state(tx, *id, AdministratorState::Invited).await?;
                }
                invite(tx, row).await?;
                audit::append(tx, std::slice::from_ref(told)).await?;
                Ok::<_, Error>(())
            })
        });
        self.db().write(unit).await?;
        Ok(invitation)
    }

    /// Stops one at once: sessions end, invitations stop counting.
    pub async fn disable_administrator(&self, login: &str, by: Actor, now: Timestamp) -> Result<(), Error> {
        let known = self.administrator_called(login).await?;
        let detail = format!("administrator={} state=disabled", known.id.0);
        let told = self.told_of_administrators(by, Act::AdministratorChanged, detail, now);
        let unit = db::unit("disable an administrator", (known.id, told), |(id, told), tx| {
            Box::pin(async move {
                rows::lock(tx, *id).await?;
                rows::set_state(tx, *id, AdministratorState::Disabled).await?;
                tx.execute(RETIRE, args![id.0]).await?;
                sessions::end_all(tx, *id).await?;
                audit::append(tx, std::slice::from_ref(told)).await?;
                Ok::<_, Error>(())
            })
        });
        self.db().write(unit).await
    }

    /// Says what one may do, and where; counts at their next request.
    pub async fn set_administrator_roles(
        &self,
        login: &str,
        roles: &Roles,
        organisations: &[NationalStructureId],
        by: Actor,
        now: Timestamp,
    ) -> Result<(), Error> {
        let known = self.administrator_called(login).await?;
        let reach = self.reach(organisations).await?;
        let codes = roles.codes().replace(' ', "+");
        let detail = format!("administrator={} roles={codes} organisations={}", known.id.0, limit(&reach));
        let told = self.told_of_administrators(by, Act::AdministratorChanged, detail, now);
        let unit = (known.id, roles.clone(), reach, told);
        let set = db::unit("set an administrator's roles", unit, |(id, roles, reach, told), tx| {
            Box::pin(async move {
                rows::lock(tx, *id).await?;
                rows::set_roles(tx, *id, roles, reach).await?;
                audit::append(tx, std::slice::from_ref(told)).await?;
                Ok::<_, Error>(())
            })
        });
        self.db().write(set).await
    }

    async fn administrator_called(&self, login: &str) -> Result<Administrator, Error> {
        let mut tx = self.db().read().await?;
        rows::by_login(&mut tx, &login.trim().to_lowercase()).await?.ok_or(Error::Unknown("administrator"))
    }

    async fn reach(&self, organisations: &[NationalStructureId]) -> Result<Reach, Error> {
        if organisations.is_empty() {
            return Ok(Reach::Everywhere);
        }
        let mut tx = self.db().read().await?;
        let found = organisations::find_by_national_ids(&mut tx, organisations).await?;
        let ids: BTreeSet<_> = found.iter().map(|one| one.id).collect();
        let named: BTreeSet<_> = organisations.iter().map(|one| one.0.as_str()).collect();
        if ids.len() == named.len() { Ok(Reach::Only(ids)) } else { Err(Error::Unknown("organisation")) }
    }

    fn fresh_invitation(&self, id: AdministratorId, now: Timestamp) -> (AdministratorInvitation, Row) {
        let code = zeroize::Zeroizing::new(spell(&self.entropy().bytes()));
        let row = Row {
            id: self.db().id(now),
            administrator: id,
            code: self.sealing().secret_hash(&canonical(&code)),
            now,
        };
        (AdministratorInvitation { code, ends: now.plus(limits::INVITATION_LIFE) }, row)
    }

    fn invited(&self, id: AdministratorId, by: Actor, now: Timestamp) -> Entry {
        self.told_of_administrators(by, Act::Invited, format!("administrator={}", id.0), now)
    }
}

struct Row {
    id: i64,
    administrator: AdministratorId,
    code: [u8; 32],
    now: Timestamp,
}

async fn invite(tx: &mut Tx, row: &Row) -> Result<(), db::Error> {
    tx.execute(RETIRE, args![row.administrator.0]).await?;
    let ends = row.now.plus(limits::INVITATION_LIFE);
    tx.execute(INSERT, args![row.id, row.administrator.0, row.code, row.now, ends]).await.map(drop)
}

fn limit(reach: &Reach) -> String {
    match reach {
        Reach::Everywhere => "all".to_owned(),
        Reach::Only(some) => some.iter().map(|one| one.0.to_string()).collect::<Vec<_>>().join("+"),
    }
}
