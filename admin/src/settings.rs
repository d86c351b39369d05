//! The settings that decide about letters. They stand in the configuration file alone: one place to look.

use crate::{Admin, Done, Error};
use audit::Chain;
use names::Timestamp;
use policy::Settings;
use std::fmt::Write as _;

impl Admin {
    pub(crate) async fn settings(&self, now: Timestamp) -> Result<Done, Error> {
        self.looked(Chain::System, "settings".to_owned(), now).await?;
        Ok(Done::complete(told(self.relay.settings())))
    }
}

fn told(settings: &Settings) -> String {
    let mut text = String::new();
    for (name, value) in lines(settings) {
        let _ = writeln!(text, "{name} = {value}");
    }
    text.push_str(
        "\nThey stand under [policy] in the configuration file. After a change: `pli check`, then restart the server.\n",
    );
    text
}

/// Each setting as the configuration file writes it.
pub(crate) fn lines(settings: &Settings) -> Vec<(String, String)> {
    let value = serde_json::to_value(settings).unwrap_or_default();
    let fields = value.as_object().cloned().unwrap_or_default();
    fields.into_iter().map(|(name, value)| (name, value.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use crate::Command;
    use crate::testing::{NOON, houses};

    #[tokio::test]
    async fn the_sectors_that_are_pharmacies_are_told_and_where_to_change_them() {
        for house in houses().await {
            let text = house.admin.run(&Command::Settings, NOON).await.unwrap().text;
            assert!(text.contains("pharmacy_sectors = [\"SA33\",\"SA38\",\"SA39\",\"SA65\"]"), "{text}");
            assert!(text.contains("[policy]"), "{text}");
        }
    }
}
