//! Who an OIDC token speaks for.
#![warn(missing_docs)]
