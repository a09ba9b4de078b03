//! Customers with browsers: each opens the page of what is due, presses its button and reads what
//! became of it. Everything that a request meets is met, but for the wire.

use anyhow::{Context as _, bail, ensure};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;
use vestibule::domain::id::{MethodId, SubscriptionId};

use super::works::Works;
use crate::host::Host;
use crate::seed;

/// Bytes of a page, at most.
const LARGEST: usize = 1 << 20;
/// Redirects that a browser follows.
const REDIRECTS: usize = 5;

/// A signed-in customer in front of what is due.
pub(super) struct Browser {
    router: Router,
    cookie: String,
    /// The page of what is due.
    path: String,
    method: MethodId,
}

impl Browser {
    /// Signs in the customer of this subscription.
    pub(super) async fn of(works: &Works, id: &SubscriptionId) -> anyhow::Result<Self> {
        let (store, scope) = (&works.cx.store, &works.scope);
        let mut tx = store.begin().await?;
        let subscription = tx.subscription(scope, id).await?;
        let subscription = subscription.context("it is not there")?;
        let customer = tx.customer(scope, &subscription.customer).await?;
        let customer = customer.context("it is nobody's")?;
        let token = format!("token-for-{id}");
        let hash = HEXLOWER.encode(&Sha256::digest(token.as_bytes()));
        tx.insert_session(&seed::session(&customer, works.cx.now()), &hash)
            .await?;
        tx.commit().await?;
        Ok(Self {
            router: works.router(),
            cookie: Host::cookie(&token),
            path: format!("{}/{id}/reactivate", Host::subscriptions()),
            method: subscription.method.context("it has no method")?,
        })
    }

    /// Pays with the saved method.
    pub(super) async fn pay(&self) -> anyhow::Result<()> {
        let (status, page, _) = self.send(self.get(&self.path)).await?;
        ensure!(status == StatusCode::OK, "{status}: {page}");
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("csrf", hidden(&page, "csrf")?)
            .append_pair("quote", hidden(&page, "quote")?)
            .append_pair("choice", &self.method.to_string())
            .finish();
        let pressed = self
            .get(&self.path)
            .method("POST")
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let (mut status, mut page, mut next) = self.send_with(pressed, Body::from(form)).await?;
        for _ in 0..REDIRECTS {
            let Some(path) = next else {
                ensure!(status == StatusCode::OK, "{status}: {page}");
                return Ok(());
            };
            (status, page, next) = self.send(self.get(&path)).await?;
        }
        bail!("it is led around for ever")
    }

    fn get(&self, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .uri(path)
            .header(header::HOST, "127.0.0.1:8080")
            .header(header::COOKIE, &self.cookie)
    }

    async fn send(
        &self,
        request: axum::http::request::Builder,
    ) -> anyhow::Result<(StatusCode, String, Option<String>)> {
        self.send_with(request, Body::empty()).await
    }

    /// Status, body and where it leads on to.
    async fn send_with(
        &self,
        request: axum::http::request::Builder,
        body: Body,
    ) -> anyhow::Result<(StatusCode, String, Option<String>)> {
        let response = self.router.clone().oneshot(request.body(body)?).await?;
        let status = response.status();
        let location = response.headers().get(header::LOCATION);
        let location = location.map(|to| to.to_str().map(str::to_owned));
        let location = location.transpose()?;
        let body = to_bytes(response.into_body(), LARGEST).await?;
        Ok((
            status,
            String::from_utf8_lossy(&body).into_owned(),
            location,
        ))
    }
}

/// The value of a hidden field of the page's form.
fn hidden<'a>(page: &'a str, name: &str) -> anyhow::Result<&'a str> {
    let field = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&field).context("no such field")?;
    let (value, _) = rest.split_once('"').context("an open field")?;
    Ok(value)
}
