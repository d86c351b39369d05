//! Notices by mail: lettre to a configured smarthost, over TLS, one destination each.

use super::ChannelError;
use super::channel::Notice;
use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters, TlsVersion};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use names::{Address, Entropy, Timestamp};
use std::time::{Duration, SystemTime};

/// Longest wait for any answer of the smarthost.
const PATIENCE: Duration = Duration::from_secs(30);

/// The mail server that carries notices outside.
#[derive(Clone)]
pub struct Smarthost {
    /// Host name; its certificate must name it.
    pub host: String,
    /// Port.
    pub port: u16,
    /// When TLS begins.
    pub tls: SmarthostTls,
    /// PEM of the only roots to trust; the system's when none.
    pub roots: Option<String>,
    /// Login and password.
    pub credentials: Option<(String, String)>,
    /// Sender of notices.
    pub from: Address,
}

/// When TLS begins. There is no clear text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmarthostTls {
    /// From the first byte.
    Implicit,
    /// By STARTTLS, required.
    StartTls,
}

/// Notices by mail.
pub struct EmailChannel {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    domain: String,
    entropy: Entropy,
}

impl EmailChannel {
    /// Prepares the way; connects when the first notice leaves.
    pub fn new(smarthost: Smarthost, entropy: Entropy) -> Result<Self, ChannelError> {
        let set_up = |what: String| ChannelError::SetUp { what };
        let mut parameters =
            TlsParameters::builder(smarthost.host.clone()).set_min_tls_version(TlsVersion::Tlsv12);
        if let Some(pem) = &smarthost.roots {
            let roots = Certificate::from_pem(pem.as_bytes()).map_err(|cause| set_up(cause.to_string()))?;
            parameters = parameters.certificate_store(CertificateStore::None).add_root_certificate(roots);
        }
        let parameters = parameters.build_rustls().map_err(|cause| set_up(cause.to_string()))?;
        let tls = match smarthost.tls {
            SmarthostTls::Implicit => Tls::Wrapper(parameters),
            SmarthostTls::StartTls => Tls::Required(parameters),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smarthost.host)
            .port(smarthost.port)
            .tls(tls)
            .timeout(Some(PATIENCE));
        if let Some((login, password)) = smarthost.credentials {
            transport = transport.credentials(Credentials::new(login, password));
        }
        let address =
            smarthost.from.to_string().parse().map_err(|_| set_up("the From address".to_owned()))?;
        let from = Mailbox::new(Some("Votre espace santé".to_owned()), address);
        let domain = smarthost.from.domain().to_string();
        Ok(Self { transport: transport.build(), from, domain, entropy })
    }

    pub(crate) async fn send(&self, to: &str, notice: &Notice, now: Timestamp) -> Result<(), ChannelError> {
        let permanent = |what: &str| ChannelError::Permanent { what: what.to_owned() };
        let to = to.parse().map_err(|_| permanent("the destination is not a mail address"))?;
        let id: String = self.entropy.bytes::<12>().iter().map(|byte| format!("{byte:02x}")).collect();
        let body = SinglePart::builder()
            .header(ContentType::TEXT_PLAIN)
            .header(ContentTransferEncoding::QuotedPrintable)
            .body(notice.text.clone());
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&notice.subject)
            .date(SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(now.0).unwrap_or(0)))
            .message_id(Some(format!("<{id}@{}>", self.domain)))
            .header(AutoSubmitted)
            .singlepart(body)
            .map_err(|_| permanent("the notice cannot be composed"))?;
        self.transport.send(message).await.map(drop).map_err(|cause| {
            // The cause may quote the destination; only its class and code are kept.
            let code = cause.status().map(|code| format!("reply {code}"));
            let what = code.unwrap_or_else(|| class(&cause).to_owned());
            if cause.is_permanent() {
                ChannelError::Permanent { what }
            } else {
                ChannelError::Temporary { what }
            }
        })
    }
}

fn class(cause: &lettre::transport::smtp::Error) -> &'static str {
    match () {
        () if cause.is_timeout() => "no answer in time",
        () if cause.is_tls() => "TLS failed: check the smarthost's certificate and name",
        () if cause.is_client() => "the smarthost does not offer what we need",
        () if cause.is_response() => "the smarthost's answer is not understood",
        () => "no connection to the smarthost",
    }
}

/// `Auto-Submitted: auto-generated` (RFC 3834 §5): no holiday message answers a notice.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
