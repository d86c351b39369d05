//! What every answer says to the browser about itself (RELIABILITY §2.6, ASVS 3.4).

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::Origin;

const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), \
    fullscreen=(), geolocation=(), gyroscope=(), hid=(), microphone=(), midi=(), payment=(), \
    publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()";

/// The policies of the two origins, composed once.
#[derive(Clone, Debug)]
pub struct Policies {
    app: HeaderValue,
    letter: HeaderValue,
    picture: HeaderValue,
    opened_file: HeaderValue,
    hsts: bool,
}

/// What kind of answer it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// A page of ours, with forms.
    Page,
    /// Our style sheet or picture: the same for everybody, kept by browsers.
    Asset,
    /// A letter, shown in a frame of ours or alone.
    Letter,
    /// A picture inside a letter. Letters are sandboxed, so their origin is nobody's and their
    /// pictures must be loadable from anywhere; the address is sealed and lives minutes.
    Picture,
    /// A file that opens in the browser. Not sandboxed: browsers' PDF readers refuse to run there.
    OpenedFile,
    /// A file to keep, or a refusal: nothing in it may act.
    KeptFile,
}

impl Policies {
    /// The policies of these two origins.
    pub fn new(app: &Origin, files: &Origin) -> Self {
        let value = |text: String| HeaderValue::from_str(&text).expect("origins are plain ASCII");
        Self {
            app: value(format!(
                "default-src 'none'; style-src 'self'; img-src 'self'; frame-src {files}; form-action 'self'; \
                 base-uri 'none'; frame-ancestors 'none'"
            )),
            letter: value(format!(
                "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src {files}; \
                 img-src {files}; form-action 'none'; base-uri 'none'; frame-ancestors {app}"
            )),
            picture: value("sandbox; default-src 'none'; frame-ancestors 'none'".to_owned()),
            opened_file: value(
                "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; object-src 'self'; \
                 form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
                    .to_owned(),
            ),
            hsts: app.is_secure() && files.is_secure(),
        }
    }

    /// Adds to `headers` what an answer of this kind must say.
    pub fn apply(&self, answer: Answer, headers: &mut HeaderMap) {
        let policy = match answer {
            Answer::Page | Answer::Asset => &self.app,
            Answer::Letter => &self.letter,
            Answer::Picture | Answer::KeptFile => &self.picture,
            Answer::OpenedFile => &self.opened_file,
        };
        let mut set = |name: HeaderName, value: &'static str| {
            headers.insert(name, HeaderValue::from_static(value));
        };
        set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(HeaderName::from_static("permissions-policy"), PERMISSIONS);
        set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
        set(header::X_FRAME_OPTIONS, "DENY");
        set(HeaderName::from_static("x-robots-tag"), "noindex, nofollow, noarchive");
        set(HeaderName::from_static("x-dns-prefetch-control"), "off");
        set(
            header::CACHE_CONTROL,
            match answer {
                Answer::Asset => "public, max-age=31536000, immutable",
                Answer::Page | Answer::Letter | Answer::Picture | Answer::OpenedFile | Answer::KeptFile => {
                    "no-store"
                }
            },
        );
        set(
            HeaderName::from_static("cross-origin-resource-policy"),
            match answer {
                Answer::Picture | Answer::Asset => "cross-origin",
                Answer::Page | Answer::Letter | Answer::OpenedFile | Answer::KeptFile => "same-origin",
            },
        );
        // Not "no-referrer" on our own pages: browsers would then say "Origin: null" on our own
        // forms, and the check of `csrf` would refuse them (Fetch §3.2).
        set(
            header::REFERRER_POLICY,
            match answer {
                Answer::Page | Answer::Asset => "same-origin",
                Answer::Letter | Answer::Picture | Answer::OpenedFile | Answer::KeptFile => "no-referrer",
            },
        );
        if answer == Answer::Letter {
            // Framed by the application only, as `frame-ancestors` says; this older field cannot name it.
            headers.remove(header::X_FRAME_OPTIONS);
        }
        if self.hsts {
            headers.insert(
                header::STRICT_TRANSPORT_SECURITY,
                HeaderValue::from_static("max-age=63072000; includeSubDomains"),
            );
        }
        headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(answer: Answer, scheme: &str) -> HeaderMap {
        let app = Origin::parse(&format!("{scheme}://localhost:1")).unwrap();
        let files = Origin::parse(&format!("{scheme}://files.localhost:1")).unwrap();
        let mut headers = HeaderMap::new();
        Policies::new(&app, &files).apply(answer, &mut headers);
        headers
    }

    #[test]
    fn every_answer_forbids_everything_it_does_not_need() {
        for answer in [
            Answer::Page,
            Answer::Asset,
            Answer::Letter,
            Answer::Picture,
            Answer::OpenedFile,
            Answer::KeptFile,
        ] {
            let headers = of(answer, "https");
            let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.contains("default-src 'none'"), "{answer:?}: {policy}");
            assert!(policy.contains("frame-ancestors"), "{answer:?}: {policy}");
            assert!(
                !policy.contains("script-src") && !policy.contains("allow-scripts"),
                "{answer:?}: {policy}"
            );
            assert!(!policy.contains("allow-same-origin"), "{answer:?}: {policy}");
            assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert!(
                headers[header::STRICT_TRANSPORT_SECURITY].to_str().unwrap().contains("max-age=63072000")
            );
            assert_eq!(headers[header::CACHE_CONTROL] == "no-store", answer != Answer::Asset, "{answer:?}");
        }
    }

    #[test]
    fn pages_take_no_inline_style_and_are_framed_by_nobody() {
        let headers = of(Answer::Page, "https");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(!policy.contains("unsafe-inline") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(headers[header::REFERRER_POLICY], "same-origin");
        assert!(
            of(Answer::Page, "http").get(header::STRICT_TRANSPORT_SECURITY).is_none(),
            "plain http in the demo"
        );
    }

    #[test]
    fn a_letter_is_framed_by_the_application_only_and_runs_nothing() {
        let headers = of(Answer::Letter, "https");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("sandbox allow-popups allow-popups-to-escape-sandbox;"), "{policy}");
        assert!(
            policy.contains("frame-ancestors https://localhost:1") && policy.contains("form-action 'none'"),
            "{policy}"
        );
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
    }
}
