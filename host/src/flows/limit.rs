//! What is limited for all processes together: the mails that anybody may cause (per address over
//! all businesses, per network, and for browsers that have signed in before), and calls.

use jiff::{SignedDuration, Timestamp};

use super::Error;
use super::secret::keyed_hash;
use crate::cx::Cx;
use crate::store::{self, Tx};

const PURPOSE: &str = "limit";

/// Whose sign-in pages: what one side uses up is not the other's.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Portal,
    Console,
}

impl Side {
    fn prefix(self) -> &'static str {
        match self {
            Self::Portal => "",
            Self::Console => "console-",
        }
    }
}

/// Who asks for something.
pub(super) struct Asking<'a> {
    pub(super) side: Side,
    pub(super) browser_hash: &'a str,
    pub(super) network: &'a str,
    /// The hash of a browser that has signed in with this address before.
    pub(super) known: Option<&'a str>,
}

/// Counts a request for a link; answers false, and counts nothing, when this browser or its
/// network has asked so often within the time that requests live. Whoever is over it has neither
/// a row nor a job.
pub(super) async fn allow_request(
    cx: &Cx,
    tx: &mut Tx,
    asking: &Asking<'_>,
) -> store::Result<bool> {
    let settings = cx.settings.load();
    let login = &settings.login;
    let side = asking.side.prefix();
    let subjects = match asking.known {
        Some(known) => vec![(
            format!("{side}requests-known:{known}"),
            login.requests_per_browser,
        )],
        None => vec![
            (
                format!("{side}requests-browser:{}", asking.browser_hash),
                login.requests_per_browser,
            ),
            (
                format!("{side}requests-network:{}", asking.network),
                login.requests_per_network,
            ),
        ],
    };
    count(cx, tx, subjects, login.request_lifetime).await
}

/// Who causes a mail.
pub(super) struct Cause<'a> {
    pub(super) side: Side,
    pub(super) email_folded: &'a str,
    pub(super) network: &'a str,
    /// The hash of a browser that has signed in with this address before.
    pub(super) known: Option<&'a str>,
}

/// Counts a mail to an address; answers false, and counts nothing, when a limit is reached.
pub(super) async fn allow_mail(cx: &Cx, tx: &mut Tx, cause: &Cause<'_>) -> store::Result<bool> {
    let settings = cx.settings.load();
    let login = &settings.login;
    let side = cause.side.prefix();
    let subjects = match cause.known {
        Some(known) => vec![(
            format!("{side}known:{known}:{}", cause.email_folded),
            login.mails_per_known_browser,
        )],
        None => vec![
            (
                format!("{side}address:{}", cause.email_folded),
                login.mails_per_address,
            ),
            (
                format!("{side}network:{}", cause.network),
                login.mails_per_network,
            ),
        ],
    };
    count(cx, tx, subjects, login.mail_window).await
}

/// Uses every subject once, or none when one was used so often within `window`. Subjects come in
/// an order of their own kinds, so that two transactions never wait for each other.
async fn count(
    cx: &Cx,
    tx: &mut Tx,
    subjects: Vec<(String, u32)>,
    window: SignedDuration,
) -> store::Result<bool> {
    let now = cx.now();
    let since = now.saturating_sub(window).unwrap_or(Timestamp::MIN);
    let mut keys = Vec::new();
    for (subject, most) in subjects {
        let key = keyed_hash(cx, PURPOSE, &subject);
        if tx.take_limit(&key, since, now).await? >= most {
            return Ok(false);
        }
        keys.push(key);
    }
    for key in keys {
        tx.use_limit(&key, now).await?;
    }
    Ok(true)
}

/// Uses a limit of its own once; answers false when it was used since `since`.
pub(super) async fn once_since(
    cx: &Cx,
    tx: &mut Tx,
    subject: &str,
    since: Timestamp,
) -> store::Result<bool> {
    let key = keyed_hash(cx, PURPOSE, subject);
    let free = tx.take_limit(&key, since, cx.now()).await? == 0;
    if free {
        tx.use_limit(&key, cx.now()).await?;
    }
    Ok(free)
}

/// Uses `subject` once, at most `most` times in any `window`; otherwise answers how long it takes
/// until that is possible again.
pub async fn take(
    cx: &Cx,
    subject: &str,
    most: u32,
    window: SignedDuration,
) -> Result<Option<SignedDuration>, Error> {
    let now = cx.now();
    let since = now.saturating_sub(window).unwrap_or(Timestamp::MIN);
    let key = keyed_hash(cx, PURPOSE, subject);
    let mut tx = cx.store.begin().await?;
    if tx.take_limit(&key, since, now).await? >= most {
        let oldest = tx.oldest_use(&key, since).await?.unwrap_or(now);
        return Ok(Some(oldest.duration_since(since)));
    }
    tx.use_limit(&key, now).await?;
    tx.commit().await?;
    Ok(None)
}

/// Whoever counts what there is of `subject`, and makes one more, waits here for anybody else who
/// does, until that transaction ends.
pub(super) async fn one_by_one(cx: &Cx, tx: &mut Tx, subject: &str) -> store::Result<()> {
    let (key, now) = (keyed_hash(cx, PURPOSE, subject), cx.now());
    tx.take_limit(&key, now, now).await?;
    Ok(())
}
