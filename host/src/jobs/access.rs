//! Mails with a way in. Link and code are made in the run that sends them; the queue holds ids.

use jiff::tz::TimeZone;

use super::post::{Letter, Post, verdict};
use super::{Jobs, Verdict};
use crate::domain::Scope;
use crate::domain::id::LoginRequestId;
use crate::flows::{address, email_change, portal_link, sign_in, staff};
use crate::mail::Envelope;
use crate::mail::account::{
    EmailChanged, EmailConfirmation, Invitation, Login, PortalLink, StaffLogin,
};
use crate::store::{self, AccessMail};
use crate::themes::{DEFAULT, Frame};

/// Answers a request for a login link.
pub(super) async fn answer(jobs: &Jobs, scope: &Scope, request: &LoginRequestId) -> Verdict {
    let Some(post) = Post::of(jobs, scope) else {
        return Verdict::Done;
    };
    let answer = match sign_in::answer(&jobs.cx, scope, request).await {
        Ok(Some(answer)) => answer,
        Ok(None) => return Verdict::Done,
        Err(error) => return error.into(),
    };
    let message_id = format!("login-{request}");
    let letter = Letter {
        to: &answer.email,
        locale: Some(&answer.locale),
        message_id: &message_id,
    };
    let left = answer.expires_at.duration_since(jobs.cx.now());
    let mail = Login {
        link: portal_link::url(&jobs.cx, scope, &answer.token),
        code: grouped(&answer.code),
        minutes: minutes(left),
    };
    post.send(&letter, Some(mail)).await
}

/// Answers a request for a link to the console.
pub(super) async fn answer_staff(jobs: &Jobs, request: &LoginRequestId) -> Verdict {
    let answer = match staff::answer(&jobs.cx, request).await {
        Ok(Some(answer)) => answer,
        Ok(None) => return Verdict::Done,
        Err(error) => return error.into(),
    };
    let locale = jobs.themes.negotiate(DEFAULT, &[&answer.locale]);
    let frame = Frame::of(None, false, locale, TimeZone::UTC, jobs.cx.now());
    let envelope = Envelope {
        from_name: String::new(),
        to: answer.email,
        reply_to: None,
        message_id: format!("staff-login-{request}"),
    };
    let lifetime = jobs.cx.settings.load().login.staff_link_lifetime;
    let mail = StaffLogin {
        link: answer.link,
        minutes: minutes(lifetime),
    };
    verdict(
        jobs,
        jobs.mailer.send(DEFAULT, &frame, &envelope, &mail).await,
    )
}

/// Sends a mail about getting in.
pub(super) async fn send(jobs: &Jobs, scope: &Scope, order: &AccessMail) -> Verdict {
    let Some(post) = Post::of(jobs, scope) else {
        return Verdict::Park("the business's file is not there".to_owned());
    };
    let message_id = order.message_key().replace(':', "-");
    match write(jobs, scope, order, &post, &message_id).await {
        Ok(verdict) => verdict,
        Err(error) => error.into(),
    }
}

async fn write(
    jobs: &Jobs,
    scope: &Scope,
    order: &AccessMail,
    post: &Post<'_>,
    message_id: &str,
) -> store::Result<Verdict> {
    let cx = &jobs.cx;
    let mut tx = cx.store.read().await?;
    let to = |to, locale| Letter {
        to,
        locale,
        message_id,
    };
    match order {
        AccessMail::PortalLink { link } => {
            let Some(link) = tx.portal_link(scope, link).await? else {
                return Ok(Verdict::Done);
            };
            let over = link.used.is_some() || link.ended_at.is_some();
            let customer = tx.customer(scope, &link.customer).await?;
            drop(tx);
            let Some(customer) = customer.filter(|_| !over && cx.now() < link.expires_at) else {
                return Ok(Verdict::Done);
            };
            let mail = PortalLink {
                link: portal_link::url(cx, scope, &portal_link::token(cx, &link)),
                expires_at: link.expires_at,
            };
            let letter = to(&customer.email, customer.locale.as_deref());
            Ok(post.send(&letter, Some(mail)).await)
        }
        AccessMail::Invitation { customer, .. } => {
            let customer = tx.customer(scope, customer).await?;
            drop(tx);
            let Some(customer) = customer else {
                return Ok(Verdict::Done);
            };
            let mail = Invitation {
                link: address::static_link(cx, scope),
            };
            let letter = to(&customer.email, customer.locale.as_deref());
            Ok(post.send(&letter, Some(mail)).await)
        }
        AccessMail::EmailConfirmation { change } => {
            let change = tx.email_change(scope, change).await?;
            drop(tx);
            let open = change.filter(|change| {
                change.ended_at.is_none()
                    && change.confirmed_at.is_none()
                    && cx.now() < change.expires_at
            });
            let Some(change) = open else {
                return Ok(Verdict::Done);
            };
            let mail = EmailConfirmation {
                link: email_change::url(cx, &change),
                minutes: minutes(change.expires_at.duration_since(cx.now())),
            };
            let letter = to(&change.new_email, Some(&change.locale));
            Ok(post.send(&letter, Some(mail)).await)
        }
        AccessMail::EmailChanged { change } => {
            let change = tx.email_change(scope, change).await?;
            drop(tx);
            let done = change.and_then(|change| Some((change.confirmed_at?, change)));
            let Some((at, change)) = done else {
                return Ok(Verdict::Done);
            };
            let mail = EmailChanged {
                new_address: change.new_email.masked(),
                at,
            };
            let letter = to(&change.old_email, Some(&change.locale));
            Ok(post.send(&letter, Some(mail)).await)
        }
    }
}

/// The code in two halves, which people read and type more easily.
fn grouped(code: &str) -> String {
    let (start, end) = code.split_at(code.len() / 2);
    format!("{start} {end}")
}

fn minutes(left: jiff::SignedDuration) -> u32 {
    u32::try_from(left.as_mins().max(1)).unwrap_or(u32::MAX)
}
