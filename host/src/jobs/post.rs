//! Sending a mail of a business to somebody: whose words, whose language, which links, and
//! whether it may leave the house at all.

use super::{Jobs, Verdict};
use crate::config::Business;
use crate::domain::email::Email;
use crate::domain::id::PaymentId;
use crate::domain::{Mode, Scope};
use crate::mail::{self, Envelope};
use crate::store;
use crate::themes::{Brand, Frame, Mail, chain};

/// A business that mails are sent for, as its file is now.
pub(super) struct Post<'a> {
    jobs: &'a Jobs,
    scope: &'a Scope,
    business: Business,
}

/// To whom, in which language, and the id that stays the same at every attempt.
pub(super) struct Letter<'a> {
    pub(super) to: &'a Email,
    pub(super) locale: Option<&'a str>,
    pub(super) message_id: &'a str,
}

impl<'a> Post<'a> {
    /// None when the business's file is gone.
    pub(super) fn of(jobs: &'a Jobs, scope: &'a Scope) -> Option<Self> {
        let (business, _) = jobs.cx.business(scope)?;
        Some(Self {
            jobs,
            scope,
            business,
        })
    }

    /// The sign-in page of the portal.
    pub(super) fn sign_in(&self) -> String {
        self.link("/login", "")
    }

    /// The page of a payment, behind sign-in.
    pub(super) fn payment(&self, id: &PaymentId) -> String {
        self.link("", &format!("/payments/{id}"))
    }

    /// A link into the portal: on a host of its own it has no business in its path.
    fn link(&self, before: &str, after: &str) -> String {
        let settings = self.jobs.cx.settings.load();
        let own = &self.business.mode(self.scope.mode).host;
        let mut url = own.as_ref().unwrap_or(&settings.server.public_url).clone();
        let test = if self.scope.mode == Mode::Test {
            "/test"
        } else {
            ""
        };
        let path = match own {
            Some(_) => format!("{before}{after}"),
            None => format!("{test}{before}/{}{after}", self.business.id),
        };
        url.set_path(&path);
        url.into()
    }

    /// Renders `mail` and hands it over; done when there is nothing to say. A test mail leaves
    /// the house only for the addresses that the business's file names.
    pub(super) async fn send<M: Mail>(&self, letter: &Letter<'_>, mail: Option<M>) -> Verdict {
        let Some(mail) = mail else {
            return Verdict::Done;
        };
        let frame = match self.frame(letter).await {
            Ok(frame) => frame,
            Err(error) => return error.into(),
        };
        let mode = self.business.mode(self.scope.mode);
        let folded = letter.to.folded();
        let is_listed = || mode.mail_to.iter().any(|known| known.folded() == folded);
        if self.scope.mode == Mode::Test && self.jobs.mailer.reaches_people() && !is_listed() {
            tracing::info!("a test mail to an address that test.mail_to does not name is not sent");
            return Verdict::Done;
        }
        let envelope = Envelope {
            from_name: self.business.name.clone(),
            to: letter.to.clone(),
            reply_to: Some(self.business.support_email.clone()),
            message_id: letter.message_id.to_owned(),
        };
        let sent = self
            .jobs
            .mailer
            .send(&self.business.theme, &frame, &envelope, &mail)
            .await;
        match sent {
            Ok(()) => Verdict::Done,
            // What mail servers say may repeat the address; only a theme's fault is told whole.
            Err(mail::Error::Render(error)) => Verdict::Retry(chain(&error)),
            Err(error) if error.may_pass_later() => Verdict::Retry(error.to_string()),
            Err(error) => Verdict::GiveUp(error.to_string()),
        }
    }

    async fn frame(&self, letter: &Letter<'_>) -> store::Result<Frame> {
        let jobs = self.jobs;
        let mut tx = jobs.cx.store.read().await?;
        let now = jobs.cx.business_now(&mut tx, self.scope).await?;
        let wishes: Vec<&str> = letter
            .locale
            .into_iter()
            .chain([self.business.default_locale.as_str()])
            .collect();
        Ok(Frame {
            brand: Some(Brand {
                name: self.business.name.clone(),
                logo: None,
                home: None,
                support: Some(self.business.support_email.as_str().to_owned()),
            }),
            test: self.scope.mode == Mode::Test,
            locale: jobs.themes.negotiate(&self.business.theme, &wishes),
            time_zone: self.business.time_zone.clone(),
            now,
            account: None,
            base: String::new(),
            path: String::new(),
            csrf: None,
            request_id: String::new(),
            navigation: Vec::new(),
            flash: None,
            script_nonce: None,
        })
    }
}
