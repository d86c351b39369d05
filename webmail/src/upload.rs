//! Reading an answer with its files: limits while it arrives, kinds by content, names cleaned.
//!
//! What is too much is read and thrown away up to [`MULTIPART_MAX`](crate::limits::MULTIPART_MAX),
//! so that the browser gets a page that says so instead of a broken connection. So are the files of a form whose
//! token does not hold: it may be of a session that ended while somebody wrote, and their words are given back.

use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use bytes::Bytes;

use crate::file_kind::FileKind;
use crate::limits::{FILE_MAX, FILES_COUNT_MAX, FILES_TOTAL_MAX, SUBJECT_MAX, TEXT_MAX};
use crate::second_origin::file_name;
use crate::texts::{FileRefusal, Missing};

/// A file somebody joined, accepted.
#[derive(Clone, Debug)]
pub struct JoinedFile {
    /// Its name, made safe, its ending right for its content.
    pub name: String,
    /// What it is.
    pub kind: FileKind,
    /// Its content, unchanged.
    pub content: Bytes,
}

/// What a posted answer holds.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// Whether the form was made for this session: if not, nothing may be done for it but show the words again.
    pub token_holds: bool,
    /// Whether files came with it.
    pub had_files: bool,
    /// The form's submission mark.
    pub submission: String,
    /// The subject, when the form had the field.
    pub subject: Option<String>,
    /// The text, line ends as LF.
    pub text: String,
    /// The files that may go.
    pub files: Vec<JoinedFile>,
    /// The files that may not, and why.
    pub refused: Vec<(FileRefusal, String)>,
    /// What the form lacks.
    pub missing: Vec<Missing>,
}

impl Written {
    /// Whether it may be sent.
    #[cfg(test)]
    pub fn is_complete(&self) -> bool {
        self.token_holds && self.refused.is_empty() && self.missing.is_empty()
    }
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The token does not come first.
    #[error("the form has no token")]
    Token,
    /// Not a form, or cut.
    #[error("cannot read the form")]
    Broken(#[source] MultipartError),
    /// Beyond all limits.
    #[error("the form is larger than we read")]
    TooLarge,
}

/// Reads the form. The token must come first: no file is kept before it holds.
pub async fn read(form: &mut Multipart, holds: impl Fn(&str) -> bool) -> Result<Written, UploadError> {
    let mut written = Written::default();
    let mut begun = false;
    let mut total = 0;
    while let Some(field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        if !begun {
            if name != "jeton" {
                return Err(UploadError::Token);
            }
            written.token_holds = holds(&short(field, 128).await?.unwrap_or_default());
            begun = true;
            continue;
        }
        match name.as_str() {
            "envoi" => written.submission = short(field, 64).await?.unwrap_or_default(),
            "sujet" => match short(field, SUBJECT_MAX * 8).await? {
                Some(subject) => written.subject = Some(one_line(&subject)),
                None => written.missing.push(Missing::SubjectTooLong),
            },
            "texte" => match short(field, TEXT_MAX * 4).await? {
                Some(text) => written.text = text.replace("\r\n", "\n").replace('\r', "\n"),
                None => written.missing.push(Missing::TextTooLong),
            },
            "fichiers" => file(field, &mut written, &mut total).await?,
            _ => {}
        }
    }
    if !begun {
        return Err(UploadError::Token);
    }
    check_words(&mut written);
    Ok(written)
}

fn check_words(written: &mut Written) {
    if let Some(subject) = &written.subject {
        if subject.is_empty() && !written.missing.contains(&Missing::SubjectTooLong) {
            written.missing.push(Missing::Subject);
        }
        if subject.chars().count() > SUBJECT_MAX {
            written.missing.push(Missing::SubjectTooLong);
        }
    }
    if written.text.chars().count() > TEXT_MAX {
        written.missing.push(Missing::TextTooLong);
    }
    if written.text.trim().is_empty() && !written.missing.contains(&Missing::TextTooLong) {
        written.missing.push(Missing::Text);
    }
}

/// One file: read whole, kept if it may be, else thrown away while it arrives.
async fn file(mut field: Field<'_>, written: &mut Written, total: &mut usize) -> Result<(), UploadError> {
    let given = field.file_name().unwrap_or_default().to_owned();
    let mut content = Vec::new();
    let mut size = 0usize;
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        size += chunk.len();
        if written.token_holds && size <= FILE_MAX && *total + size <= FILES_TOTAL_MAX {
            content.extend_from_slice(&chunk);
        } else {
            content = Vec::new();
        }
    }
    // A browser sends one empty, nameless file when none was chosen.
    if given.is_empty() && size == 0 {
        return Ok(());
    }
    written.had_files = true;
    if !written.token_holds {
        return Ok(());
    }
    let kind = FileKind::of(&content);
    let refusal = if size > FILE_MAX {
        Some(FileRefusal::TooLarge)
    } else if *total + size > FILES_TOTAL_MAX {
        Some(FileRefusal::TotalTooLarge)
    } else if written.files.len() >= FILES_COUNT_MAX {
        Some(FileRefusal::TooMany)
    } else if size == 0 {
        Some(FileRefusal::Empty)
    } else if kind == FileKind::Heic {
        Some(FileRefusal::Heic)
    } else if !kind.may_be_joined() {
        Some(FileRefusal::Kind)
    } else {
        None
    };
    match refusal {
        Some(why) => {
            if written.refused.len() < FILES_COUNT_MAX {
                written.refused.push((why, file_name(&given, FileKind::Other)));
            }
        }
        None => {
            *total += size;
            written.files.push(JoinedFile { name: file_name(&given, kind), kind, content: content.into() });
        }
    }
    Ok(())
}

/// A field of words: `None` when longer than `most` octets (the rest is read and dropped).
async fn short(mut field: Field<'_>, most: usize) -> Result<Option<String>, UploadError> {
    let mut content = Vec::new();
    let mut fits = true;
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        fits = fits && content.len() + chunk.len() <= most;
        if fits {
            content.extend_from_slice(&chunk);
        }
    }
    Ok(fits.then(|| String::from_utf8_lossy(&content).replace('\0', "")))
}

/// A subject is one line: what would end a header field is a space (RELIABILITY S-12).
fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn broken(cause: MultipartError) -> UploadError {
    if cause.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        UploadError::TooLarge
    } else {
        UploadError::Broken(cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::extract::{DefaultBodyLimit, FromRequest};
    use axum::http::Request;

    const PDF: &[u8] = b"%PDF-1.4\n%%EOF\n";

    struct Form(Vec<u8>);

    impl Form {
        fn new(token: &str) -> Self {
            Self(Vec::new()).field("jeton", token)
        }
        fn field(mut self, name: &str, value: &str) -> Self {
            self.0.extend(
                format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
            );
            self
        }
        fn file(mut self, name: &str, content: &[u8]) -> Self {
            self.0.extend(
                format!("--X\r\nContent-Disposition: form-data; name=\"fichiers\"; filename=\"{name}\"\r\nContent-Type: text/html\r\n\r\n")
                    .bytes(),
            );
            self.0.extend_from_slice(content);
            self.0.extend(b"\r\n");
            self
        }
        async fn read(self) -> Result<Written, UploadError> {
            self.read_within(crate::limits::MULTIPART_MAX).await
        }
        async fn read_within(mut self, octets: usize) -> Result<Written, UploadError> {
            self.0.extend(b"--X--\r\n");
            let mut request = Request::post("/")
                .header("content-type", "multipart/form-data; boundary=X")
                .body(Body::from(self.0))
                .unwrap();

            DefaultBodyLimit::max(octets).apply(&mut request);
            let mut form = Multipart::from_request(request, &()).await.unwrap();
            read(&mut form, |token| token == "right").await
        }
    }

    fn answer() -> Form {
        Form::new("right").field("envoi", "abc").field("texte", "Bonjour\r\ndocteur")
    }

    #[tokio::test]
    async fn an_answer_with_a_file_is_read_whole() {
        let written = answer().file("ordonnance.pdf", PDF).file("", b"").read().await.unwrap();
        assert!(written.is_complete());
        assert_eq!((written.text.as_str(), written.submission.as_str()), ("Bonjour\ndocteur", "abc"));
        assert_eq!((written.files.len(), written.files[0].name.as_str()), (1, "ordonnance.pdf"));
        assert_eq!(&written.files[0].content[..], PDF);
    }

    #[tokio::test]
    async fn nothing_is_read_before_a_token() {
        for (case, form) in [
            ("absent", Form(Vec::new()).field("texte", "x")),
            ("after the text", Form(Vec::new()).field("texte", "x").field("jeton", "right")),
            ("empty form", Form(Vec::new())),
        ] {
            assert!(matches!(form.read().await, Err(UploadError::Token)), "{case}");
        }
    }

    #[tokio::test]
    async fn of_a_form_of_another_session_the_words_are_kept_and_no_file() {
        for (case, token) in [("wrong", "wrong"), ("empty", ""), ("huge", &"r".repeat(100_000)[..])] {
            let form = Form::new(token).field("texte", "Bonjour").file("a.pdf", PDF).file("b.exe", b"MZ");
            let written = form.read().await.unwrap();
            assert!(!written.token_holds && written.had_files && !written.is_complete(), "{case}");
            assert_eq!(written.text, "Bonjour", "{case}");
            assert!(written.files.is_empty() && written.refused.is_empty(), "{case}");
        }
        let again = Form::new("right").field("jeton", "right").field("texte", "x").read().await.unwrap();
        assert!(again.token_holds);
        let later = Form::new("wrong").field("jeton", "right").file("a.pdf", PDF).read().await.unwrap();
        assert!(!later.token_holds && later.files.is_empty(), "the first token counts");
    }

    #[tokio::test]
    async fn each_file_is_judged_on_its_own() {
        let heic = b"\0\0\0\x18ftypheic\0\0\0\0";
        let large = [PDF, &vec![b' '; FILE_MAX][..]].concat();
        let written = answer()
            .file("a.pdf", PDF)
            .file("b.exe", b"MZ\x90\0\x03")
            .file("c.heic", heic)
            .file("d.pdf", b"")
            .file("e.pdf", &large)
            .file("../f.html", b"\xff\xd8\xff\xe0")
            .read()
            .await
            .unwrap();
        let refused: Vec<_> = written.refused.iter().map(|(why, name)| (*why, name.as_str())).collect();
        assert_eq!(
            refused,
            [
                (FileRefusal::Kind, "b.exe"),
                (FileRefusal::Heic, "c.heic"),
                (FileRefusal::Empty, "d.pdf"),
                (FileRefusal::TooLarge, "e.pdf"),
            ]
        );
        let kept: Vec<_> = written.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(kept, ["a.pdf", "f.jpg"]);
        assert!(!written.is_complete());
    }

    #[tokio::test]
    async fn a_file_at_the_limit_passes_and_one_octet_more_does_not() {
        let exactly = [PDF, &vec![b' '; FILE_MAX - PDF.len()][..]].concat();
        assert!(answer().file("a.pdf", &exactly).read().await.unwrap().is_complete());
        let more = [PDF, &vec![b' '; FILE_MAX - PDF.len() + 1][..]].concat();
        assert_eq!(answer().file("a.pdf", &more).read().await.unwrap().refused[0].0, FileRefusal::TooLarge);
    }

    #[tokio::test]
    async fn all_files_together_have_a_limit_and_a_count() {
        let big = [PDF, &vec![b' '; FILE_MAX - PDF.len()][..]].concat();
        let mut form = answer();
        for _ in 0..4 {
            form = form.file("a.pdf", &big);
        }
        let written = form.read().await.unwrap();
        assert_eq!(written.files.len(), 3);
        assert_eq!(written.refused[0].0, FileRefusal::TotalTooLarge);

        let mut form = answer();
        for _ in 0..=FILES_COUNT_MAX {
            form = form.file("a.pdf", PDF);
        }
        let written = form.read().await.unwrap();
        assert_eq!((written.files.len(), written.refused[0].0), (FILES_COUNT_MAX, FileRefusal::TooMany));
    }

    #[tokio::test]
    async fn a_film_is_thrown_away_and_the_words_are_not() {
        let film = vec![b'x'; 30_000_000];
        let written = answer().file("film.mov", &film).read().await.unwrap();
        assert_eq!(
            (written.text.as_str(), written.refused[0].0),
            ("Bonjour\ndocteur", FileRefusal::TooLarge)
        );
    }

    #[tokio::test]
    async fn beyond_all_limits_reading_stops() {
        let huge = vec![b'x'; 100_000];
        let read = answer().file("a.txt", &huge).read_within(huge.len()).await;
        assert!(matches!(read, Err(UploadError::TooLarge)));
    }

    #[tokio::test]
    async fn words_have_limits_too() {
        let long = |n: usize| "é".repeat(n);
        for (case, form, want) in [
            ("no text", Form::new("right").field("texte", " \n "), vec![Missing::Text]),
            ("text at the limit", Form::new("right").field("texte", &long(TEXT_MAX)), vec![]),
            (
                "text over it",
                Form::new("right").field("texte", &long(TEXT_MAX + 1)),
                vec![Missing::TextTooLong],
            ),
            (
                "text far over it",
                Form::new("right").field("texte", &long(TEXT_MAX * 4)),
                vec![Missing::TextTooLong],
            ),
            ("no subject", answer().field("sujet", " "), vec![Missing::Subject]),
            (
                "subject over the limit",
                answer().field("sujet", &long(SUBJECT_MAX + 1)),
                vec![Missing::SubjectTooLong],
            ),
        ] {
            assert_eq!(form.read().await.unwrap().missing, want, "{case}");
        }
        let written = answer().field("sujet", "Bonjour\r\nBcc: x@y.fr\t!").read().await.unwrap();
        assert_eq!(written.subject.as_deref(), Some("Bonjour Bcc: x@y.fr !"), "one line");
    }
}
