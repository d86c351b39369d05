//! Values of the file that are more than text.

use names::{Address, Domain};
use serde::{Deserialize, Deserializer};

fn parsed<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: impl Fn(&str) -> Result<T, names::AddressError>,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map_err(|error| serde::de::Error::custom(format!("«{text}»: {error}")))
}

pub(super) fn domain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Domain, D::Error> {
    parsed(deserializer, Domain::parse)
}

pub(super) fn maybe_domain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Domain>, D::Error> {
    parsed(deserializer, Domain::parse).map(Some)
}

pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
    parsed(deserializer, Address::parse)
}

pub(super) fn domains<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Domain>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let parse = |text: &String| {
        Domain::parse(text).map_err(|error| serde::de::Error::custom(format!("«{text}»: {error}")))
    };
    texts.iter().map(parse).collect()
}
