//! Endpoints as they are shown: those with a row, and before them that of the business's file.

use jiff::Timestamp;

use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::endpoint::Endpoint;
use crate::domain::id::EndpointId;
use crate::store::{self, Tx};

/// An endpoint as it is shown, without its secrets.
#[derive(Clone, Debug)]
pub struct View {
    /// Identity.
    pub id: EndpointId,
    /// Where events are posted to.
    pub url: String,
    /// The merchant's remark.
    pub description: String,
    /// The merchant's metadata (a JSON object).
    pub metadata: String,
    /// Whether nothing is sent to it.
    pub disabled: bool,
    /// The types of events that it wants; none for all.
    pub filter_types: Option<Vec<String>>,
    /// The most deliveries in a second.
    pub rate_limit: Option<u32>,
    /// When it was made; the beginning of time for that of the file, of which no row says when.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Whether the business's file names it, so that nothing else can change it.
    pub fixed: bool,
}

impl From<Endpoint> for View {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            id: endpoint.id,
            url: endpoint.url,
            description: endpoint.description,
            metadata: endpoint.metadata,
            disabled: endpoint.disabled,
            filter_types: endpoint.filter_types,
            rate_limit: endpoint.rate_limit,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
            fixed: false,
        }
    }
}

/// Up to `limit` endpoints behind `after`, oldest first; that of the file is the first of all.
pub async fn list(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    after: Option<&EndpointId>,
    limit: u32,
) -> store::Result<Vec<View>> {
    let of_file = of_file(cx, scope).filter(|view| after.is_none_or(|after| *after < view.id));
    let after = after.map_or("", EndpointId::as_str);
    let rows = tx.endpoints(scope, after, limit).await?;
    let views = of_file.into_iter().chain(rows.into_iter().map(View::from));
    Ok(views.take(limit as usize).collect())
}

/// The endpoint with this id.
pub async fn find(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    id: &EndpointId,
) -> store::Result<Option<View>> {
    if *id == EndpointId::of_file(scope) {
        return Ok(of_file(cx, scope));
    }
    Ok(tx.endpoint(scope, id).await?.map(View::from))
}

pub(super) fn of_file(cx: &Cx, scope: &Scope) -> Option<View> {
    let settings = cx.settings.load();
    let webhook = settings.scope(scope)?.webhook.as_ref()?;
    Some(View {
        id: EndpointId::of_file(scope),
        url: webhook.url.as_str().to_owned(),
        description: "From the business's file".to_owned(),
        metadata: "{}".to_owned(),
        disabled: false,
        filter_types: webhook.filter_types.clone(),
        rate_limit: None,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        fixed: true,
    })
}
