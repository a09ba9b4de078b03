//! Sending a mail of a business to somebody: whose words, whose language, which links, and
//! whether it may leave the house at all.

use super::{Jobs, Verdict};
use crate::branding;
use crate::config::{Business, DuesAtCancel};
use crate::domain::branding::Surface;
use crate::domain::email::Email;
use crate::domain::id::{PaymentId, SubscriptionId};
use crate::domain::{Mode, Scope};
use crate::flows::address;
use crate::mail::{self, Envelope};
use crate::store::{self, TestMail};
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
        address::static_link(&self.jobs.cx, self.scope)
    }

    /// The page of a payment, behind sign-in.
    pub(super) fn payment(&self, id: &PaymentId) -> String {
        address::portal(&self.jobs.cx, self.scope, &format!("/payments/{id}"))
    }

    /// The page of a subscription, behind sign-in.
    pub(super) fn subscription(&self, id: &SubscriptionId) -> String {
        address::portal(&self.jobs.cx, self.scope, &format!("/subscriptions/{id}"))
    }

    /// The page on which everything due on a subscription is paid, or told where its customer may
    /// not pay it there; behind sign-in.
    pub(super) fn dues(&self, id: &SubscriptionId) -> String {
        if !self.business.allow.reactivate {
            return self.subscription(id);
        }
        let path = format!("/subscriptions/{id}/reactivate");
        address::portal(&self.jobs.cx, self.scope, &path)
    }

    /// Whether what is due of a subscription that was cancelled can be paid.
    pub(super) fn keeps_dues(&self) -> bool {
        self.jobs.cx.settings.load().billing.dues_at_cancel == DuesAtCancel::Keep
    }

    /// Whether customers may change their plan, and so take a change back.
    pub(super) fn lets_change_plan(&self) -> bool {
        self.business.allow.plan_change
    }

    /// The page of the payment methods, behind sign-in.
    pub(super) fn methods(&self) -> String {
        address::portal(&self.jobs.cx, self.scope, "/payment-methods")
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
        if let Err(error) = self.keep_test_mail(letter, &frame, &mail).await {
            return error;
        }
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
        verdict(self.jobs, sent)
    }

    /// What a rehearsal mails is kept for staff to look at, whether or not it leaves the house.
    async fn keep_test_mail<M: Mail>(
        &self,
        letter: &Letter<'_>,
        frame: &Frame,
        mail: &M,
    ) -> Result<(), Verdict> {
        if self.scope.mode != Mode::Test {
            return Ok(());
        }
        let cx = &self.jobs.cx;
        let theme = &self.business.theme;
        let parts = self.jobs.themes.render_mail(theme, frame, mail);
        let parts = parts.map_err(|error| Verdict::Retry(chain(&error)))?;
        let kept = TestMail {
            id: cx.new_id(),
            message_id: letter.message_id.to_owned(),
            to: letter.to.clone(),
            subject: parts.subject,
            body: parts.text,
            at: cx.now(),
        };
        let written = async {
            let mut tx = cx.store.begin().await?;
            tx.keep_test_mail(self.scope, &kept).await?;
            tx.commit().await
        };
        written.await.map_err(Verdict::from)
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
        let brand = Brand {
            name: self.business.name.clone(),
            logo: None,
            home: None,
            support: Some(self.business.support_email.as_str().to_owned()),
        };
        let mut frame = Frame::of(
            Some(brand),
            self.scope.mode == Mode::Test,
            jobs.themes.negotiate(&self.business.theme, &wishes),
            self.business.time_zone.clone(),
            now,
        );
        frame.can_pay = self.business.allow.reactivate;
        frame.can_choose = self.business.allow.payment_methods;
        let mut known = tx.customers_by_email(self.scope, letter.to).await?;
        // Of several with this address nobody knows which is meant.
        let customer = known.pop().filter(|_| known.is_empty());
        drop(tx);
        let (cx, themes, surface) = (&jobs.cx, &jobs.themes, Surface::Mail);
        frame.look =
            branding::look(cx, themes, self.scope, customer.as_ref(), surface, &frame).await;
        Ok(frame)
    }
}

/// What became of a mail. One that the server refuses for good is offered again, less often: it may
/// be the server that has to be mended.
pub(super) fn verdict(jobs: &Jobs, sent: Result<(), mail::Error>) -> Verdict {
    let again = || jobs.cx.settings.load().mail.refused_again_after;
    match sent {
        Ok(()) => Verdict::Done,
        // What mail servers say may repeat the address; only a theme's fault is told whole.
        Err(mail::Error::Render(error)) => Verdict::Retry(chain(&error)),
        Err(error) if error.may_pass_later() => Verdict::Retry(error.to_string()),
        Err(error @ mail::Error::Refused(_)) => Verdict::RetryAfter(again(), error.to_string()),
        Err(error) => Verdict::GiveUp(error.to_string()),
    }
}
