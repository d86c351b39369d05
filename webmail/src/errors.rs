//! What people read when something does not go, with one way on.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::pages::html;
use crate::views::Oops;

/// What went wrong, as far as the reader may know. "Not yours" and "not there" are one case
/// (RELIABILITY D-01).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// Nothing of this reader's stands there.
    NotFound,
    /// The form was not ours, or too old.
    Form,
    /// More was sent than we read.
    TooLarge,
    /// Too many requests.
    TooMany,
    /// The address of a file is too old.
    LinkExpired,
    /// Our fault.
    Broken,
    /// A method that this page does not know.
    Method,
}

impl Trouble {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Form => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::LinkExpired => StatusCode::GONE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NotFound | Self::Method => (
                "Cette page n’existe pas",
                "Elle a peut-être été déplacée, ou n’est pas dans l’espace que vous avez ouvert.",
            ),
            Self::Form => (
                "Votre demande n’a pas été prise en compte",
                "La page était ouverte depuis trop longtemps, ou venait d’un autre site. Rien n’a été envoyé. \
                 Revenez à vos messages et recommencez.",
            ),
            Self::TooLarge => (
                "Vos pièces jointes sont trop lourdes",
                "Rien n’a été envoyé. Chaque fichier peut peser 5\u{a0}Mo au plus, 18\u{a0}Mo pour tous ensemble. \
                 Envoyez-les en plusieurs messages.",
            ),
            Self::TooMany => {
                ("Patientez un instant", "Trop de demandes à la fois. Recommencez dans une minute.")
            }
            Self::LinkExpired => (
                "Ce lien n’est plus valable",
                "Pour votre sécurité, l’adresse d’un document ne sert que peu de temps. Revenez à vos messages et \
                 ouvrez-le de nouveau.",
            ),
            Self::Broken => (
                "Le service a eu un incident",
                "Ce n’est pas de votre fait. Recommencez dans quelques minutes\u{a0}; rien n’est perdu.",
            ),
        }
    }

    /// The page; `home` is where its button leads (the application's address, on the second origin).
    pub fn page(self, home: &str) -> Response {
        let (heading, words) = self.words();
        let view = Oops {
            heading: heading.to_owned(),
            words: words.to_owned(),
            href: home.to_owned(),
            action: "Revenir à mes messages".to_owned(),
        };
        (self.status(), html(&view)).into_response()
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        self.page("/messages")
    }
}
