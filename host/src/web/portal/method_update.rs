//! Choosing what a running subscription is paid with. Nothing is charged here; what is due on
//! a subscription on hold is paid on the page of `reactivation`.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::reactivation::needs_support;
use super::view::{Method, Plan, Standing};
use super::{progress, sample, trouble};
use crate::domain::subscription::Subscription;
use crate::flows::{self, Choice, method_update, reactivation};
use crate::store::Tx;
use crate::themes::Page;
use crate::web::{Error, Owned, Posted, SignedIn, leaving};

/// The choice of a method.
#[derive(Debug, Serialize)]
pub struct MethodUpdatePage {
    /// The subscription.
    pub plan: Plan,
    /// Saved methods.
    pub methods: Vec<Method>,
    /// The value of the choice that is marked: a method's id, or `new`.
    pub chosen: String,
    /// Why the last try did not work: the ending of a message key.
    pub trouble: Option<&'static str>,
}

/// The choice of a method, in an address or a form.
#[derive(Debug, Deserialize)]
pub struct Chosen {
    /// A method's id, or `new`.
    #[serde(default)]
    pub choice: Option<String>,
}

impl Chosen {
    /// What was chosen; none when that cannot be.
    pub fn read(&self) -> Option<Choice> {
        match self.choice.as_deref()? {
            "new" => Some(Choice::New),
            id => Some(Choice::Saved(id.parse().ok()?)),
        }
    }
}

/// `GET /subscriptions/{id}/payment-method`.
pub(super) async fn show(
    Owned { who, item }: Owned<Subscription>,
    Query(asked): Query<Chosen>,
) -> Result<Response, Error> {
    page(&who, &item, asked, None).await
}

/// `POST /subscriptions/{id}/payment-method`.
pub(super) async fn update(
    Owned { who, item }: Owned<Subscription>,
    Posted(form): Posted<Chosen>,
) -> Result<Response, Error> {
    allowed(&who)?;
    let Some(choice) = form.read() else {
        return page(&who, &item, form, Some("choose")).await;
    };
    let (cx, scope, id) = (who.cx(), who.scope().clone(), item.id.clone());
    let flow = async move {
        Ok::<_, flows::Error>(method_update::start_free(&cx, &scope, &id, choice).await)
    };
    match who.web.perform(flow).await? {
        Ok(attempt) => Ok(progress::follow(&who, &item.id, &attempt)),
        Err(error) => match trouble::word(&error) {
            Some(word) => page(&who, &item, form, Some(word)).await,
            None => Err(error.into()),
        },
    }
}

/// The path of the page on which the method of a running subscription is chosen; none where the
/// customer may not choose, or first has to get help with what is due.
pub(super) async fn path(
    who: &SignedIn,
    tx: &mut Tx,
    subscription: &Subscription,
) -> Result<Option<String>, Error> {
    let offered = allowed(who).is_ok() && !needs_support(who, tx, &subscription.id).await?;
    Ok(offered.then(|| format!("/subscriptions/{}/payment-method", subscription.id)))
}

/// Whether the business lets its customers choose.
pub(super) fn allowed(who: &SignedIn) -> Result<(), Error> {
    let allowed = who.frame.can_choose;
    allowed.then_some(()).ok_or_else(Error::not_found)
}

async fn page(
    who: &SignedIn,
    subscription: &Subscription,
    asked: Chosen,
    trouble: Option<&'static str>,
) -> Result<Response, Error> {
    allowed(who)?;
    let mut records = who.records().await?;
    let plan = records.plan(subscription).await?;
    let here = format!("/subscriptions/{}", plan.id);
    // Where what is due is paid, or told where customers may not pay it.
    let dues = if who.frame.can_pay {
        format!("{here}/reactivate")
    } else {
        here.clone()
    };
    match &plan.standing {
        Standing::Ended { .. } | Standing::Pending => return Ok(who.redirect(&here)),
        Standing::OnHold { due: Some(_), .. } | Standing::PastDue { due: Some(_), .. } => {
            return Ok(who.redirect(&dues));
        }
        _ => {}
    }
    let (cx, tx) = (&who.web.cx, &mut records.tx);
    let quote = reactivation::quote_in(cx, tx, who.scope(), &subscription.id).await?;
    if quote.is_some() {
        // The paid period ran out meanwhile: coming back costs the next one.
        return Ok(who.redirect(&dues));
    }
    let methods = records.methods().await?;
    let current = plan.method.as_ref().map(|method| method.id.clone());
    let page = MethodUpdatePage {
        chosen: asked.choice.or(current).unwrap_or_else(|| "new".to_owned()),
        plan,
        methods,
        trouble,
    };
    let status = match trouble {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let response = who.render_as(status, &page)?;
    Ok(leaving::allow(&who.web, who.scope(), response))
}

impl Page for MethodUpdatePage {
    const TEMPLATE: &'static str = "pages/method-update.html";

    fn samples() -> Vec<Self> {
        let page = |methods: Vec<Method>, chosen: &str, trouble| Self {
            plan: sample::active(),
            methods,
            chosen: chosen.to_owned(),
            trouble,
        };
        let mut samples = vec![
            page(sample::methods(), "pm_visa", None),
            page(Vec::new(), "new", None),
        ];
        samples.extend(
            trouble::ALL
                .iter()
                .map(|trouble| page(sample::methods(), "new", Some(trouble))),
        );
        samples
    }
}
