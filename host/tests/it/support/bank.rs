//! A bank, for transfers that customers approve: real HTTP on a port of its own. Orders are
//! resources under the merchant's ids, amounts are decimals, and money arrives when the bank
//! executes what was approved.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Redirect;
use axum::routing::{post, put};
use axum::{Json, Router};
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use vestibule::plugins::gateway::request::{Delivery, Pair};

use crate::sandbox::now;

/// The merchant's name at the bank.
pub(crate) const MERCHANT: &str = "lumen";

type Book = Arc<Mutex<BTreeMap<String, Value>>>;

/// A running bank with one merchant, who has `password`.
#[derive(Clone)]
pub(crate) struct Bank {
    url: String,
    book: Book,
    password: String,
}

impl Bank {
    /// Opens on a free port.
    pub(crate) async fn open(password: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let bank = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            book: Book::default(),
            password: password.to_owned(),
        };
        let router = Router::new()
            .route("/transfers/{id}", put(order).get(tell))
            .route("/transfers/{id}/withdraw", post(withdraw))
            .route("/approve/{id}", post(approve))
            .with_state(bank.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        bank
    }

    /// Its address, as a gateway's `base_url` and grant name it.
    pub(crate) fn origin(&self) -> String {
        self.url.clone()
    }

    /// The customer approves on the bank's page, and is sent back.
    pub(crate) async fn approve(&self, page: &str) {
        assert!(self.try_approve(page).await, "{page}");
    }

    /// The same on a page that may be over: whether it was taken.
    pub(crate) async fn try_approve(&self, page: &str) -> bool {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        let answer = client.post(page).send().await.unwrap();
        answer.status() == StatusCode::SEE_OTHER
    }

    /// Executes, or refuses, everything that was approved.
    pub(crate) fn settle(&self, executes: bool) {
        for transfer in self.book.lock().unwrap().values_mut() {
            if transfer["state"] == "approved" {
                transfer["state"] = json!(if executes { "executed" } else { "refused" });
                transfer["reason"] = json!("no-funds");
            }
        }
    }

    /// The amounts that arrived.
    pub(crate) fn arrived(&self) -> Vec<String> {
        let book = self.book.lock().unwrap();
        let executed = book.values().filter(|t| t["state"] == "executed");
        let amount = |transfer: &Value| transfer["amount"].as_str().unwrap().to_owned();
        executed.map(amount).collect()
    }

    /// The bank's notice of a transfer, signed with `secret`.
    pub(crate) fn delivery(key: &str, secret: &str) -> Delivery {
        let body = json!({
            "notice": format!("notice-of-{key}"),
            "transfer": HEXLOWER.encode(key.as_bytes()),
            "at": now().as_second(),
        });
        let body = body.to_string().into_bytes();
        let mut mac = Hmac::<sha2::Sha512>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(&body);
        Delivery {
            headers: vec![Pair {
                name: "x-bank-signature".to_owned(),
                value: HEXLOWER.encode(&mac.finalize().into_bytes()),
            }],
            query: Vec::new(),
            body,
            received_at: now(),
        }
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        let pair = format!("{MERCHANT}:{}", self.password);
        let expected = format!("Basic {}", BASE64.encode(pair.as_bytes()));
        headers
            .get("authorization")
            .is_some_and(|said| said.as_bytes() == expected.as_bytes())
    }
}

type Answer = Result<Json<Value>, (StatusCode, Json<Value>)>;

/// What the bank says instead of a transfer.
fn refusal(status: StatusCode, error: &str) -> (StatusCode, Json<Value>) {
    (status, Json(json!({ "error": error })))
}

async fn order(
    State(bank): State<Bank>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(order): Json<Value>,
) -> Answer {
    if !bank.knows(&headers) {
        return Err(refusal(StatusCode::UNAUTHORIZED, "unauthorized"));
    }
    let mut book = bank.book.lock().unwrap();
    if let Some(known) = book.get(&id) {
        return if known["order"] == order {
            Ok(Json(known.clone()))
        } else {
            Err(refusal(StatusCode::CONFLICT, "another-transfer"))
        };
    }
    let transfer = json!({
        "id": id,
        "state": "offered",
        "amount": order["amount"],
        "currency": order["currency"],
        "approve": format!("{}/approve/{id}", bank.url),
        "valid_until": order["valid_until"],
        "ordered_at": now().as_second(),
        "reason": null,
        "order": order,
    });
    book.insert(id, transfer.clone());
    Ok(Json(transfer))
}

async fn tell(State(bank): State<Bank>, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    if !bank.knows(&headers) {
        return Err(refusal(StatusCode::UNAUTHORIZED, "unauthorized"));
    }
    let mut book = bank.book.lock().unwrap();
    let unknown = || refusal(StatusCode::NOT_FOUND, "unknown-transfer");
    let transfer = book.get_mut(&id).ok_or_else(unknown)?;
    expire(transfer);
    Ok(Json(transfer.clone()))
}

async fn withdraw(State(bank): State<Bank>, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    if !bank.knows(&headers) {
        return Err(refusal(StatusCode::UNAUTHORIZED, "unauthorized"));
    }
    let mut book = bank.book.lock().unwrap();
    let unknown = || refusal(StatusCode::NOT_FOUND, "unknown-transfer");
    let transfer = book.get_mut(&id).ok_or_else(unknown)?;
    expire(transfer);
    if transfer["state"] == "offered" {
        transfer["state"] = json!("withdrawn");
    }
    Ok(Json(transfer.clone()))
}

async fn approve(State(bank): State<Bank>, Path(id): Path<String>) -> Result<Redirect, StatusCode> {
    let mut book = bank.book.lock().unwrap();
    let transfer = book.get_mut(&id).ok_or(StatusCode::NOT_FOUND)?;
    expire(transfer);
    if transfer["state"] != "offered" {
        return Err(StatusCode::GONE);
    }
    transfer["state"] = json!("approved");
    Ok(Redirect::to(transfer["order"]["back"].as_str().unwrap()))
}

/// What was not approved in time cannot be any more.
fn expire(transfer: &mut Value) {
    let over = transfer["valid_until"].as_i64() <= Some(now().as_second());
    if transfer["state"] == "offered" && over {
        transfer["state"] = json!("expired");
    }
}
