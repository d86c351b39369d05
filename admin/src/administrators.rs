//! Who administers: made, invited and stopped at the command line only, so that nobody who came in by the
//! console can give away more than they have.

use crate::{Admin, AdministratorCommand, Done, Error};
use audit::{Actor, Chain};
use directory::{Administrator, AdministratorInvitation, NewAdministrator, Reach, Role, Roles};
use names::{NationalStructureId, Timestamp};
use std::fmt::Write as _;

impl Admin {
    pub(crate) async fn administrator(
        &self,
        command: &AdministratorCommand,
        now: Timestamp,
    ) -> Result<Done, Error> {
        let by = Actor::Operator;
        match command {
            AdministratorCommand::Add { login, name, roles, organisations } => {
                let new = NewAdministrator {
                    login: checked_login(login)?,
                    name: checked_name(name)?,
                    roles: read_roles(roles)?,
                    organisations: read_organisations(organisations)?,
                };
                let made = self.directory.add_administrator(&new, by, now).await;
                Ok(shown(&new.login, &made.map_err(refused)?))
            }
            AdministratorCommand::List => self.administrators(now).await,
            AdministratorCommand::Invite { login } => {
                let made = self.directory.invite_administrator(login, by, now).await;
                Ok(shown(login, &made.map_err(refused)?))
            }
            AdministratorCommand::Disable { login } => {
                self.directory.disable_administrator(login, by, now).await.map_err(refused)?;
                Ok(Done::complete(format!("{login} may not come in any more; sessions have ended.\n")))
            }
            AdministratorCommand::Roles { login, roles, organisations } => {
                let (roles, organisations) = (read_roles(roles)?, read_organisations(organisations)?);
                let set =
                    self.directory.set_administrator_roles(login, &roles, &organisations, by, now).await;
                set.map_err(refused)?;
                Ok(Done::complete(format!("{login} has these roles from the next request on.\n")))
            }
        }
    }

    async fn administrators(&self, now: Timestamp) -> Result<Done, Error> {
        let failed = |cause| Error::Directory { what: "listing administrators", cause };
        let all = self.directory.administrators().await.map_err(failed)?;
        self.looked(Chain::System, format!("administrators={}", all.len()), now).await?;
        let mut text = String::new();
        for Administrator { login, name, roles, reach, state, .. } in &all {
            let roles = roles.iter().map(Role::code).collect::<Vec<_>>().join(",");
            let place = match reach {
                Reach::Everywhere => "everywhere".to_owned(),
                Reach::Only(some) => format!("{} organisations", some.len()),
            };
            let _ = writeln!(text, "{login:<24}  {:<8}  {roles:<26}  {place:<18}  {name}", state.code());
        }
        if all.is_empty() {
            text.push_str("Nobody yet: `pli admin administrator add` makes the first.\n");
        }
        Ok(Done::complete(text))
    }
}

fn shown(login: &str, invitation: &AdministratorInvitation) -> Done {
    Done::complete(format!(
        "code       {}\nends       {}\nIt is shown this once and serves once. Hand it to {login}: it is typed on the page \
         of invitations of the console (/invitation), with a password of their choice and a telephone that makes codes.\n",
        *invitation.code,
        invitation.ends.rfc3339()
    ))
}

fn refused(cause: directory::Error) -> Error {
    let words = match &cause {
        directory::Error::Unknown("administrator") => {
            "there is no such administrator; `pli admin administrator list` shows them"
        }
        directory::Error::Unknown("organisation") => "an organisation with this number is not known here",
        directory::Error::Taken(_) => "an administrator with this login is there already",
        _ => return Error::Directory { what: "changing administrators", cause },
    };
    Error::Refused(words.to_owned())
}

fn checked_login(login: &str) -> Result<String, Error> {
    let right = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    if directory::limits::ADMINISTRATOR_LOGIN.contains(&login.len()) && login.bytes().all(right) {
        return Ok(login.to_owned());
    }
    Err(Error::Refused("a login is 3 to 60 small letters, digits, dots or hyphens".to_owned()))
}

fn checked_name(name: &str) -> Result<String, Error> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let readable = !name.chars().any(char::is_control);
    if directory::limits::ADMINISTRATOR_NAME.contains(&name.chars().count()) && readable {
        return Ok(name);
    }
    Err(Error::Refused("a name has 2 to 100 characters".to_owned()))
}

fn read_roles(roles: &[String]) -> Result<Roles, Error> {
    let read: Option<Vec<Role>> = roles.iter().map(|role| Role::from_code(role)).collect();
    match read {
        Some(read) if !read.is_empty() => Ok(Roles::of(&read)),
        Some(_) | None => Err(Error::Refused("a role is directory, support or auditor".to_owned())),
    }
}

fn read_organisations(organisations: &[String]) -> Result<Vec<NationalStructureId>, Error> {
    organisations
        .iter()
        .map(|number| directory::structure_reference(number).map_err(Error::Refused))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Command;
    use crate::testing::{NOON, full_houses};

    fn add(login: &str, roles: &[&str], organisations: &[&str]) -> Command {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Command::Administrator(AdministratorCommand::Add {
            login: login.to_owned(),
            name: "Claire Petit".to_owned(),
            roles: owned(roles),
            organisations: owned(organisations),
        })
    }

    #[tokio::test]
    async fn an_administrator_is_made_listed_and_stopped() {
        for house in full_houses().await {
            let run = async |command: AdministratorCommand| {
                house.admin.run(&Command::Administrator(command), NOON).await.unwrap().text
            };
            assert!(run(AdministratorCommand::List).await.contains("Nobody yet"));
            let made =
                house.admin.run(&add("claire.petit", &["directory"], &["990000010"]), NOON).await.unwrap();
            let code = made.text.lines().next().unwrap().strip_prefix("code").unwrap().trim();
            assert_eq!(code.len(), 14, "{}: {code}", house.engine);
            let listed = run(AdministratorCommand::List).await;
            assert!(listed.contains("claire.petit") && listed.contains("1 organisations"), "{listed}");
            assert!(listed.contains("invited"), "{listed}");
            let login = "claire.petit".to_owned();
            let again = run(AdministratorCommand::Invite { login: login.clone() }).await;
            assert!(again.starts_with("code"), "{again}");
            let roles = vec!["auditor".to_owned(), "support".to_owned()];
            run(AdministratorCommand::Roles { login: login.clone(), roles, organisations: Vec::new() }).await;
            run(AdministratorCommand::Disable { login }).await;
            let listed = run(AdministratorCommand::List).await;
            assert!(listed.contains("support,auditor") && listed.contains("everywhere"), "{listed}");
            assert!(listed.contains("disabled"), "{listed}");
        }
    }

    #[tokio::test]
    async fn what_cannot_be_is_said() {
        for house in full_houses().await {
            house.admin.run(&add("claire.petit", &["directory"], &[]), NOON).await.unwrap();
            for (case, command, words) in [
                ("twice", add("claire.petit", &["directory"], &[]), "already"),
                ("capitals", add("Claire", &["directory"], &[]), "small letters"),
                ("short", add("cp", &["directory"], &[]), "small letters"),
                ("no such role", add("jean", &["root"], &[]), "directory, support"),
                ("no role", add("jean", &[], &[]), "directory, support"),
                ("nowhere", add("jean", &["directory"], &["990009999"]), "not known"),
                (
                    "nobody",
                    Command::Administrator(AdministratorCommand::Disable { login: "x".to_owned() }),
                    "no such",
                ),
            ] {
                let error = house.admin.run(&command, NOON).await.unwrap_err();
                assert!(error.to_string().contains(words), "{}: {case}: {error}", house.engine);
            }
        }
    }
}
