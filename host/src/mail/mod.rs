//! Mail: rendering the texts that the host sends, and handing them to a transport.
//!
//! Which mail goes to whom is decided by flows and carried by jobs; nothing here retries or
//! remembers. The Message-ID is given by the caller and is the same at every attempt.

pub mod account;
pub mod billing;
pub mod dunning;
pub mod mailbox;
pub mod plan;
pub mod refund;
pub mod transport;

use std::sync::Arc;

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};

use crate::domain::email::Email;
use crate::themes::{self, Frame, Mail, Registered, Themes};
use transport::Transport;

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be rendered; trying again does not help until the theme changes.
    #[error("the mail could not be rendered")]
    Render(#[from] themes::Error),
    /// It cannot be written as a message, for example because of an address.
    #[error("the mail could not be put together")]
    Compose(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The mail server refused it for good.
    #[error("the mail was refused for good")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It was not taken now; trying again may help.
    #[error("the mail was not taken")]
    Transport(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Whether the same mail may go through later.
    pub fn may_pass_later(&self) -> bool {
        match self {
            Self::Transport(_) | Self::Render(_) => true,
            Self::Compose(_) | Self::Refused(_) => false,
        }
    }
}

/// From whom, to whom, and the id that stays the same when a mail is sent again.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The name that stands before the sending address; usually the business's.
    pub from_name: String,
    /// The recipient.
    pub to: Email,
    /// Where answers go; the sending address when `None`.
    pub reply_to: Option<Email>,
    /// The part of the Message-ID before the `@`; one per fact.
    pub message_id: String,
}

/// Renders mails and sends them.
pub struct Mailer {
    themes: Arc<Themes>,
    transport: Transport,
    from: Email,
}

impl Mailer {
    /// A mailer that sends from `from`.
    pub fn new(themes: Arc<Themes>, transport: Transport, from: Email) -> Self {
        Self {
            themes,
            transport,
            from,
        }
    }

    /// Whether mails leave the house: a mailbox folder only keeps them.
    pub fn reaches_people(&self) -> bool {
        match self.transport {
            Transport::Smtp(_) => true,
            Transport::Mailbox(_) => false,
        }
    }

    /// Renders `mail` in the language of `frame` and hands it over.
    pub async fn send<M: Mail>(
        &self,
        theme: &str,
        frame: &Frame,
        envelope: &Envelope,
        mail: &M,
    ) -> Result<(), Error> {
        let parts = self.themes.render_mail(theme, frame, mail)?;
        let message = self.compose(envelope, parts, frame.test)?;
        self.transport.send(&message).await
    }

    fn compose(
        &self,
        envelope: &Envelope,
        parts: themes::MailParts,
        test: bool,
    ) -> Result<Message, Error> {
        let composed = |error: lettre::error::Error| Error::Compose(Box::new(error));
        let from = address(&self.from)?;
        let domain = from.domain().to_owned();
        // A line break in a header would begin another one.
        let name: String = envelope
            .from_name
            .chars()
            .filter(|c| !c.is_control())
            .collect();
        let name = Some(name).filter(|name| !name.is_empty());
        let mut message = Message::builder()
            .from(Mailbox::new(name, from))
            .to(Mailbox::new(None, address(&envelope.to)?))
            .message_id(Some(format!("<{}@{domain}>", envelope.message_id)))
            .subject(parts.subject)
            // Out-of-office replies to a machine help nobody (RFC 3834).
            .raw_header(header("Auto-Submitted", "auto-generated"));
        if test {
            message = message.raw_header(header("X-Vestibule-Mode", "test"));
        }
        if let Some(reply_to) = &envelope.reply_to {
            message = message.reply_to(Mailbox::new(None, address(reply_to)?));
        }
        message
            .multipart(MultiPart::alternative_plain_html(parts.text, parts.html))
            .map_err(composed)
    }
}

fn address(email: &Email) -> Result<Address, Error> {
    email
        .as_str()
        .parse()
        .map_err(|error: lettre::address::AddressError| Error::Compose(Box::new(error)))
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// Every mail of the host, for checks of themes.
pub fn registered() -> Vec<Registered> {
    vec![
        Registered::mail::<account::Login>(),
        Registered::mail::<account::StaffLogin>(),
        Registered::mail::<account::PortalLink>(),
        Registered::mail::<account::Invitation>(),
        Registered::mail::<account::EmailConfirmation>(),
        Registered::mail::<account::EmailChanged>(),
        Registered::mail::<billing::SubscriptionStarted>(),
        Registered::mail::<billing::PaymentReceived>(),
        Registered::mail::<refund::RefundIssued>(),
        Registered::mail::<refund::RefundReturned>(),
        Registered::mail::<refund::PaymentReversed>(),
        Registered::mail::<billing::SubscriptionReactivated>(),
        Registered::mail::<billing::PaymentFailed>(),
        Registered::mail::<billing::PaymentMethodUpdated>(),
        Registered::mail::<dunning::PaymentDue>(),
        Registered::mail::<dunning::RenewalSoon>(),
        Registered::mail::<dunning::CardExpiring>(),
        Registered::mail::<plan::PlanChanged>(),
        Registered::mail::<plan::SubscriptionPaused>(),
        Registered::mail::<plan::SubscriptionResumed>(),
        Registered::mail::<dunning::MethodGone>(),
        Registered::mail::<billing::SubscriptionCancelled>(),
    ]
}
