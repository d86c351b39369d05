//! The cookies, all `__Host-`: this host only, this scheme only, not readable by scripts.
//!
//! `Secure` is set in the demo too: browsers take `http://localhost` for a safe context.

use axum::http::{HeaderMap, HeaderValue, header};

/// Which cookie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cookie {
    /// The signed-in session.
    Session,
    /// A sign-in under way, and the anchor of form tokens before there is a session.
    SignIn,
    /// An activation of a patient's space under way.
    Activation,
    /// The signed-in session of a professional. A name of its own: browsers part cookies by host and
    /// not by port, and a professional may be a patient in the same browser.
    Professional,
    /// A professional's sign-in under way.
    ProfessionalSignIn,
    /// A professional's sign-in that is at the identity provider, sealed.
    Provider,
    /// The signed-in session of an administrator.
    Console,
    /// An administrator's sign-in or enrolment under way.
    ConsoleSignIn,
}

impl Cookie {
    /// The cookie's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "__Host-pli",
            Self::SignIn => "__Host-pli-connexion",
            Self::Activation => "__Host-pli-activation",
            Self::Professional => "__Host-pli-pro",
            Self::ProfessionalSignIn => "__Host-pli-pro-connexion",
            Self::Provider => "__Host-pli-pro-fournisseur",
            Self::Console => "__Host-pli-console",
            Self::ConsoleSignIn => "__Host-pli-console-connexion",
        }
    }

    /// `Lax` for the session, because a patient arrives from the alert in an ordinary mailbox: with
    /// `Strict` the link would show the sign-in page to somebody already signed in. No `GET` of ours
    /// changes anything, so `Lax` gives nothing away (RELIABILITY A-06). A professional comes back from
    /// the identity provider, which is another site, for both of theirs. Nobody is sent to the console from
    /// elsewhere: `Strict`.
    const fn same_site(self) -> &'static str {
        match self {
            Self::Session | Self::Professional | Self::Provider => "Lax",
            Self::SignIn
            | Self::Activation
            | Self::ProfessionalSignIn
            | Self::Console
            | Self::ConsoleSignIn => "Strict",
        }
    }

    /// Characters of a value that is ours, at most.
    const fn longest(self) -> usize {
        match self {
            Self::Session
            | Self::SignIn
            | Self::Activation
            | Self::Professional
            | Self::ProfessionalSignIn
            | Self::Console
            | Self::ConsoleSignIn => 128,
            Self::Provider => 1_024,
        }
    }

    /// The `Set-Cookie` that gives `value` for `seconds`. `value` is base64url: no escaping needed.
    #[must_use]
    pub fn set(self, value: &str, seconds: i64) -> HeaderValue {
        debug_assert!(value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
        let text = format!(
            "{}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite={}",
            self.name(),
            self.same_site()
        );
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
    }

    /// The `Set-Cookie` that removes it.
    #[must_use]
    pub fn clear(self) -> HeaderValue {
        self.set("", 0)
    }

    /// The value the browser sent. Two cookies of one name are a cookie thrown from elsewhere
    /// (RELIABILITY A-05): neither is believed.
    #[must_use]
    pub fn read(self, headers: &HeaderMap) -> Option<String> {
        let mut values = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(name, _)| *name == self.name())
            .map(|(_, value)| value);
        match (values.next(), values.next()) {
            (Some(value), None) if !value.is_empty() && value.len() <= self.longest() => {
                Some(value.to_owned())
            }
            (Some(_) | None, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(cookies: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
        }
        headers
    }

    #[test]
    fn cookies_are_bound_to_this_host_and_hidden_from_scripts() {
        let all = [
            Cookie::Session,
            Cookie::SignIn,
            Cookie::Activation,
            Cookie::Professional,
            Cookie::ProfessionalSignIn,
            Cookie::Provider,
            Cookie::Console,
            Cookie::ConsoleSignIn,
        ];
        for cookie in all {
            let set = cookie.set("abc", 60);
            let set = set.to_str().unwrap();
            assert!(set.starts_with("__Host-"), "{set}");
            for part in ["; Path=/;", "; Secure;", "; HttpOnly;", "; SameSite="] {
                assert!(set.contains(part), "{set} lacks {part}");
            }
            assert!(!set.contains("Domain"), "{set}");
            assert!(cookie.clear().to_str().unwrap().contains("Max-Age=0"));
        }
    }

    #[test]
    fn a_doubled_or_empty_cookie_is_not_believed() {
        for (case, cookies, want) in [
            ("one", vec!["a=b; __Host-pli=xyz"], Some("xyz")),
            ("doubled", vec!["__Host-pli=xyz; __Host-pli=thrown"], None),
            ("doubled over two fields", vec!["__Host-pli=xyz", "__Host-pli=thrown"], None),
            ("empty", vec!["__Host-pli="], None),
            ("another name", vec!["__Host-pli-connexion=xyz"], None),
            ("none", vec![], None),
        ] {
            assert_eq!(Cookie::Session.read(&sent(&cookies)).as_deref(), want, "{case}");
        }
    }
}
