//! Tokens in the addresses of hosted pages and returns: the row they stand for and a MAC of
//! the host's key over it, so that a joined repeat of an API call answers the same link and
//! no secret is kept.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::{AttemptOf, address};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::{PageId, PaymentId};

const PAY: &str = "pay";
const RETURN: &str = "return";

/// The token of the hosted page of a first payment.
pub fn pay(cx: &Cx, scope: &Scope, payment: &PaymentId) -> String {
    write(cx, PAY, scope, payment.as_str())
}

/// The first payment whose hosted page a token opens.
pub fn read_pay(cx: &Cx, token: &str) -> Option<(Scope, PaymentId)> {
    let (scope, id) = read(cx, PAY, token)?;
    Some((scope, id.parse().ok()?))
}

/// The token of the hosted page on which a method is given.
pub fn method_page(cx: &Cx, scope: &Scope, page: &PageId) -> String {
    write(cx, PAY, scope, page.as_str())
}

/// The page for a method that a token opens.
pub fn read_method_page(cx: &Cx, token: &str) -> Option<(Scope, PageId)> {
    let (scope, id) = read(cx, PAY, token)?;
    Some((scope, id.parse().ok()?))
}

/// The token in the address that a gateway sends the customer back to; none for an attempt
/// that asked no gateway.
pub fn returning(cx: &Cx, scope: &Scope, of: &AttemptOf) -> Option<String> {
    match of {
        AttemptOf::Payment(id) => Some(write(cx, RETURN, scope, id.as_str())),
        AttemptOf::Setup(id) => Some(write(cx, RETURN, scope, id.as_str())),
        AttemptOf::Nothing => None,
    }
}

/// What a customer comes back from.
pub fn read_return(cx: &Cx, token: &str) -> Option<(Scope, AttemptOf)> {
    let (scope, id) = read(cx, RETURN, token)?;
    let of = match id.parse() {
        Ok(payment) => AttemptOf::Payment(payment),
        Err(_) => AttemptOf::Setup(id.parse().ok()?),
    };
    Some((scope, of))
}

/// The address that a gateway sends the customer back to.
pub(super) fn return_url(cx: &Cx, scope: &Scope, of: &AttemptOf) -> String {
    let token = returning(cx, scope, of).unwrap_or_default();
    // Where the portal's cookies are, so that a customer who is signed in is found so.
    let place = address::portal_place(&cx.settings.load(), scope);
    address::at(place.origin, &format!("/return/{token}"))
}

fn write(cx: &Cx, purpose: &str, scope: &Scope, id: &str) -> String {
    let row = format!("{}.{}.{id}", scope.business, scope.mode);
    let mac = BASE64_URL_SAFE_NO_PAD.encode(cx.keys.sign(purpose, row.as_bytes()));
    format!("{row}.{mac}")
}

fn read<'a>(cx: &Cx, purpose: &str, token: &'a str) -> Option<(Scope, &'a str)> {
    let (row, mac) = token.rsplit_once('.')?;
    let mac = BASE64_URL_SAFE_NO_PAD.decode(mac).ok()?;
    if !cx.keys.verify(purpose, row.as_bytes(), &mac) {
        return None;
    }
    let mut parts = row.split('.');
    let scope = Scope::new(parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let id = parts.next()?;
    parts.next().is_none().then_some((scope, id))
}
