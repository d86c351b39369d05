//! The second step: a login id and a password.

use names::Timestamp;

use super::{LoginRefusal, live, live_of, save};
use crate::sign_in::sha256;
use crate::users::{self, check_login};
use crate::{Directory, Error, passwords};

impl Directory {
    /// Keeps login id and password of an activation, if they follow the rules. The outer error is ours.
    pub async fn choose_login(
        &self,
        token: &str,
        login: &str,
        password: &str,
        now: Timestamp,
    ) -> Result<Result<(), LoginRefusal>, Error> {
        let personal = {
            let mut tx = self.db().read().await?;
            let Some(live) = live(&mut tx, self, token, now).await? else {
                return Ok(Err(LoginRefusal::Over));
            };
            if let Err(error) = check_login(login) {
                return Ok(Err(LoginRefusal::Login(error)));
            }
            if !users::find_by_logins(&mut tx, self.sealing(), &[login]).await?.is_empty() {
                return Ok(Err(LoginRefusal::Taken));
            }
            let traits = &live.patient.traits;
            let mut personal = live.patient.names();
            personal.extend([traits.birth_date.to_string(), login.to_owned()]);
            // Day and year as people write them.
            personal.push(traits.birth_date.strftime("%d%m%Y").to_string());
            personal.push(traits.ins.expose().to_owned());
            personal
        };
        if let Err(weak) = passwords::check(password, &personal) {
            return Ok(Err(LoginRefusal::Password(weak)));
        }
        let hashed = self.hash_password(password).await?;
        let unit = (self.clone(), sha256(token.as_bytes()), login.to_owned(), hashed, now);
        self.db()
            .write(db::unit("choose a login id", unit, |(directory, token, login, hashed, now), tx| {
                Box::pin(async move {
                    let Some(mut live) = live_of(tx, directory, token, *now).await? else {
                        return Ok(Err(LoginRefusal::Over));
                    };
                    live.draft.login = Some(login.clone());
                    live.draft.password = Some(hashed.clone());
                    save(tx, directory.sealing(), &live).await?;
                    Ok(Ok(()))
                })
            }))
            .await
    }
}
