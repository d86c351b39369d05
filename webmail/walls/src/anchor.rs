//! What the token of a form hangs on before anybody is signed in: a cookie of the sign-in (login CSRF).

use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

use crate::cookie::Cookie;
use crate::csrf::FormKey;
use crate::page::{Fields, set_cookie};

/// The secret in this browser's cookie, or a fresh one with the cookie that brings it.
pub struct Anchor {
    secret: String,
    fresh: Option<HeaderValue>,
}

impl Anchor {
    /// That of this browser; `chance` makes another, for `seconds`, when it has none.
    pub fn of(cookie: Cookie, headers: &HeaderMap, seconds: i64, chance: impl FnOnce() -> String) -> Self {
        match cookie.read(headers) {
            Some(secret) => Self { secret, fresh: None },
            None => {
                let secret = chance();
                let fresh = Some(cookie.set(&secret, seconds));
                Self { secret, fresh }
            }
        }
    }

    /// The token of the form.
    #[must_use]
    pub fn token(&self, forms: &FormKey) -> String {
        forms.token(&self.secret)
    }

    /// Lets the page bring the cookie, if this browser has none.
    pub fn drop_in(self, page: &mut Response) {
        if let Some(cookie) = self.fresh {
            set_cookie(page, cookie);
        }
    }

    /// The secret of the cookie, once the form's token is its own.
    #[must_use]
    pub fn held(cookie: Cookie, headers: &HeaderMap, forms: &FormKey, fields: &Fields) -> Option<String> {
        cookie.read(headers).filter(|secret| forms.holds(secret, fields.field("jeton")))
    }
}
