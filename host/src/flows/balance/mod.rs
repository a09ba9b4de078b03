//! The daily comparison of each gateway's books with ours. It changes nothing: it names what
//! differs, and what it cannot see.

mod book;

use jiff::{SignedDuration, Timestamp};

use self::book::Book;
use super::Error;
use crate::cx::Cx;
use crate::domain::balance::{Balance, Pages, Unseen};
use crate::domain::{Mode, Scope};
use crate::plugins::gateway::Gateway;
use crate::store::Work;

/// How far the two clocks may be apart.
const CLOCKS: SignedDuration = SignedDuration::from_hours(1);

/// After so long a gateway that did not answer is asked again.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// The most pages that are read of a gateway's books.
const MOST_PAGES: usize = 10_000;

/// The newest comparison of each gateway: of one scope, or of the host.
pub async fn latest(cx: &Cx, scope: Option<&Scope>) -> Result<Vec<Balance>, Error> {
    let mut tx = cx.store.read().await?;
    Ok(tx.latest_balances(scope).await?)
}

/// Orders the comparison of every gateway that is configured; one that was made has its next a day
/// later, and one that is ordered already stays as it is.
pub async fn order_all(cx: &Cx) -> Result<(), Error> {
    let every = cx.settings.load().billing.balance_every;
    for (scope, gateway) in gateways(cx) {
        let mut tx = cx.store.begin().await?;
        let made = tx.latest_balances(Some(&scope)).await?;
        let made = made.into_iter().find(|balance| balance.gateway == gateway);
        let at = made.and_then(|made| made.made_at.checked_add(every).ok());
        let work = work(&scope, &gateway);
        let key = work.unique_key().unwrap_or_default();
        if tx.next_run_of(&key).await?.is_none() {
            cx.order_at(&mut tx, &scope, &work, at.unwrap_or(cx.now()))
                .await?;
            tx.commit().await?;
        }
    }
    Ok(())
}

/// Compares every gateway now; for the operator who does not want to wait.
pub async fn make_all(cx: &Cx) -> Result<(), Error> {
    for (scope, gateway) in gateways(cx) {
        compare(cx, &scope, &gateway).await?;
    }
    Ok(())
}

fn work(scope: &Scope, gateway: &str) -> Work {
    Work::Balance {
        business: scope.business.clone(),
        mode: scope.mode,
        gateway: gateway.to_owned(),
    }
}

fn gateways(cx: &Cx) -> Vec<(Scope, String)> {
    let settings = cx.settings.load();
    let mut all = Vec::new();
    for business in settings.businesses.values() {
        for mode in [Mode::Live, Mode::Test] {
            let scope = Scope::new(business.id.clone(), mode);
            let names = business.mode(mode).gateways.keys();
            all.extend(names.map(|name| (scope.clone(), name.clone())));
        }
    }
    all
}

/// Compares one gateway, and orders the next time.
pub async fn make(cx: &Cx, scope: &Scope, gateway: &str) -> Result<(), Error> {
    let known = cx.business(scope);
    if known.is_none_or(|(_, mode)| !mode.gateways.contains_key(gateway)) {
        // Neither the business nor the gateway is configured any more.
        return Ok(());
    }
    let made = compare(cx, scope, gateway).await?;
    let silent = |unseen: &Unseen| matches!(unseen, Unseen::NoAnswer { .. });
    let wait = if made.unseen.iter().any(silent) {
        AGAIN
    } else {
        cx.settings.load().billing.balance_every
    };
    let mut tx = cx.store.begin().await?;
    let work = work(scope, gateway);
    let at = made.made_at.checked_add(wait).unwrap_or(Timestamp::MAX);
    cx.order_at(&mut tx, scope, &work, at).await?;
    tx.commit().await?;
    Ok(())
}

/// Compares one gateway and keeps the result.
pub async fn compare(cx: &Cx, scope: &Scope, gateway: &str) -> Result<Balance, Error> {
    let (window, keep, deadline) = {
        let settings = cx.settings.load();
        let billing = &settings.billing;
        (
            billing.balance_window,
            billing.balance_keep,
            settings.plugins.deadline,
        )
    };
    let now = cx.now();
    let before = |by: SignedDuration| now.checked_sub(by).unwrap_or(Timestamp::MIN);
    let door = cx.plugins.gateway_of_open(scope, gateway);
    let lag = match &door {
        Ok(door) => SignedDuration::try_from(door.description().lookup_lag).unwrap_or_default(),
        Err(_) => SignedDuration::ZERO,
    };
    // What moved later may be written down on one side only.
    let until = before(lag.checked_add(deadline).unwrap_or(lag));
    let mut book = Book::new(scope, gateway, before(window), until);
    let mut unseen = Vec::new();
    match door {
        Err(error) => unseen.push(Unseen::NoAnswer {
            why: error.to_string(),
        }),
        Ok(door) if !door.capabilities().ledger => unseen.push(Unseen::NoList),
        Ok(door) => match read(cx, &door, &mut book, now).await? {
            None => book.read_ours(cx).await?,
            Some(hidden) => unseen.push(hidden),
        },
    }
    if !book.others.is_empty() {
        let kinds = book.others;
        unseen.push(Unseen::OtherKinds { kinds });
    }
    let balance = Balance {
        id: cx.new_id(),
        scope: book.scope,
        gateway: book.gateway,
        since: book.since,
        until: book.until,
        made_at: now,
        movements: book.movements,
        differences: book.differences,
        unseen,
    };
    if !balance.differences.is_empty() {
        let plugin = cx.plugins.plugin_of(scope, gateway);
        tracing::error!(gateway, plugin, %scope, count = balance.differences.len(), "the gateway's books differ from ours; see `vestibule payment balance`");
    }
    let mut tx = cx.store.begin().await?;
    tx.insert_balance(&balance).await?;
    tx.forget_balances(scope, gateway, before(keep)).await?;
    tx.commit().await?;
    Ok(balance)
}

/// Reads the gateway's books to their end; answers what kept them from being read so far. Ours are
/// not held against a part of them.
async fn read(
    cx: &Cx,
    door: &Gateway,
    book: &mut Book,
    now: Timestamp,
) -> Result<Option<Unseen>, Error> {
    let from = book.since.checked_sub(CLOCKS).unwrap_or(book.since);
    let to = now.checked_add(CLOCKS).unwrap_or(now);
    // By then the next comparison is due.
    let longest = cx.settings.load().billing.balance_every;
    let mut pages = Pages::up_to(MOST_PAGES);
    let mut cursor = None;
    loop {
        match door.ledger_list(from, to, cursor.as_deref()).await {
            Ok(page) => {
                book.read_theirs(cx, &page.entries).await?;
                cursor = page.next;
            }
            Err(error) => {
                let why = error.to_string();
                return Ok(Some(Unseen::NoAnswer { why }));
            }
        }
        let Some(next) = &cursor else {
            return Ok(None);
        };
        if !pages.leads_on(next) || cx.now().duration_since(now) > longest {
            let (gateway, pages) = (book.gateway.as_str(), pages.read());
            tracing::error!(gateway, scope = %book.scope, pages, "the gateway's list of its books does not end; what is read of it is compared");
            return Ok(Some(Unseen::NoEnd { pages }));
        }
    }
}
