//! `allowed_payment_method_types`: the kinds of methods that a merchant wants to see offered. The
//! gateway's page offers what the gateway takes, so the list is fine where it leaves nothing of
//! that out, and refused otherwise: ignored, it would offer what the merchant excluded.

use super::input::invalid;
use super::key::ApiKey;
use crate::plugins::gateway::answer::MethodKind;
use crate::web::Error;

/// Dodo's words for direct debits.
const BANK_DEBITS: &[&str] = &["ach", "bacs", "becs", "sepa"];

/// Dodo's words for methods that lead to the customer's bank.
const BANK_REDIRECTS: &[&str] = &[
    "bancontact_card",
    "bizum",
    "blik",
    "eps",
    "giropay",
    "ideal",
    "interac",
    "local_bank_redirect",
    "multibanco",
    "open_banking_uk",
    "przelewy24",
    "sofort",
    "trustly",
];

/// Dodo's words for wallets.
const WALLETS: &[&str] = &[
    "ali_pay",
    "amazon_pay",
    "apple_pay",
    "cashapp",
    "google_pay",
    "kakao_pay",
    "mb_way",
    "mobile_pay",
    "naver_pay",
    "paypal",
    "paze",
    "revolut_pay",
    "samsung_pay",
    "swish",
    "twint",
    "vipps",
    "we_chat_pay",
];

/// Refuses a list that would leave out a kind of method that the business takes.
pub(super) fn check(key: &ApiKey, allowed: Option<&[String]>) -> Result<(), Error> {
    let Some(allowed) = allowed.filter(|allowed| !allowed.is_empty()) else {
        return Ok(());
    };
    let name = key.cx.business(&key.scope);
    let name = name.and_then(|(_, mode)| mode.default_gateway);
    let name = name.ok_or_else(Error::unavailable)?;
    let gateway = key.cx.plugins.gateway(&key.scope, &name);
    let gateway = gateway.map_err(|error| Error::unavailable().because(error))?;
    let excluded: Vec<String> = gateway
        .description()
        .methods
        .into_iter()
        .filter(|method| !is_allowed(&method.kind, allowed))
        .map(|method| word(&method.kind))
        .collect();
    if excluded.is_empty() {
        return Ok(());
    }
    let problem = format!(
        "leaves out {}, which this business takes; this host cannot restrict that, so leave the \
         field out or name all of them",
        excluded.join(", ")
    );
    Err(invalid("allowed_payment_method_types", &problem))
}

/// Whether all that `kind` may offer is in the list: a page for cards takes both sorts of cards,
/// while one for debits takes the one debit of the customer's country.
fn is_allowed(kind: &MethodKind, allowed: &[String]) -> bool {
    let names = |word: &&str| allowed.iter().any(|allowed| allowed == word);
    match kind {
        MethodKind::Card => ["credit", "debit"].iter().all(names),
        MethodKind::BankDebit => BANK_DEBITS.iter().any(names),
        MethodKind::BankRedirect => BANK_REDIRECTS.iter().any(names),
        MethodKind::Wallet => WALLETS.iter().any(names),
        MethodKind::Other(word) => names(&word.as_str()),
    }
}

/// The kind, as an answer names it.
fn word(kind: &MethodKind) -> String {
    match kind {
        MethodKind::Card => "cards (credit, debit)".to_owned(),
        MethodKind::BankDebit => format!("bank debits ({})", BANK_DEBITS.join(", ")),
        MethodKind::BankRedirect => format!("banks' pages ({})", BANK_REDIRECTS.join(", ")),
        MethodKind::Wallet => format!("wallets ({})", WALLETS.join(", ")),
        MethodKind::Other(word) => word.clone(),
    }
}
