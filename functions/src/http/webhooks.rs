//! Handlers of the webhook service (`/webhook/v1`).

mod body;
mod view;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::ids::MerchantId;
use shared::time::Timestamp;
use shared::webhook::SubscriptionId;

use self::body::Reading;
use self::view::{Deliveries, Envelope, SubscriptionView, Subscriptions, TestView};
use super::body::{JsonBody, OptionalJsonBody};
use super::caller::NetworkCaller;
use super::manage::version_of;
use super::network::is_strict;
use super::paging::Cursors;
use super::parameters::PathParameter;
use super::query::RawQuery;
use super::{App, RequestId};
use crate::app::entity::Target;
use crate::app::webhooks;
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::entity::Stored;
use crate::store::subscriptions::Subscription;

/// `POST /webhook/v1/subscriptions`: 201 with the subscription and, this once, its secret; 400, 422.
pub(crate) async fn create(
    NetworkCaller(merchant): NetworkCaller,
    State(app): State<App>,
    table: Table,
    headers: HeaderMap,
    JsonBody(bytes): JsonBody,
) -> Result<Response, Refusal> {
    let (new, warnings) = body::subscription(&bytes, reading(&app, &merchant, &headers))?;
    let created = webhooks::subscribe(&table, &merchant, new).await?;
    let subscription = SubscriptionView::revealing(&created, table.context.now());
    let mut response =
        (StatusCode::CREATED, tagged(&created), Json(Envelope { subscription, warnings })).into_response();
    if let Ok(location) = HeaderValue::from_str(&format!("/webhook/v1/subscriptions/{}", created.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// `GET /webhook/v1/subscriptions`: 200 with a page of them, the oldest first.
pub(crate) async fn list(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    cursors: Cursors,
    query: RawQuery,
) -> Result<Json<Subscriptions>, Refusal> {
    const LIST: &str = "subscriptions";
    let asked = query.read(&[])?;
    let page = &asked.page;
    // All of them are read in any case: there are few.
    let all = table.subscriptions(&merchant).await?;
    let start = match &page.cursor {
        Some(cursor) => position(&all, &cursors.open(LIST, cursor)?),
        None => page.skip(),
    };
    let now = table.context.now();
    let shown: Vec<&Stored<Subscription>> = all.iter().skip(start).take(page.size).collect();
    let is_last = start.saturating_add(shown.len()) >= all.len();
    let next_cursor = shown.last().filter(|_| !is_last).map(|last| {
        let position = format!("{} {}", last.created_at.milliseconds(), last.id);
        cursors.seal(LIST, &position)
    });
    let subscriptions = shown.into_iter().map(|subscription| SubscriptionView::new(subscription, now)).collect();
    Ok(Json(Subscriptions { subscriptions, page: asked.answered(next_cursor) }))
}

/// Where the list goes on after the subscription that was shown last, even if it is gone.
fn position(all: &[Stored<Subscription>], cursor: &str) -> usize {
    let last = cursor
        .split_once(' ')
        .and_then(|(at, id)| Some((Timestamp::from_milliseconds(at.parse().ok()?), SubscriptionId::parse(id).ok()?)));
    all.partition_point(|each| last.as_ref().is_some_and(|(at, id)| (each.created_at, &each.id) <= (*at, id)))
}

/// `GET /webhook/v1/subscriptions/{subscriptionId}`: 200 with the subscription and its `ETag`; 404.
pub(crate) async fn read(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    PathParameter(id): PathParameter,
) -> Result<Response, Refusal> {
    let target = Target { merchant: &merchant, id: &id, versions: None };
    let found = target.read::<Subscription>(&table).await?;
    let subscription = SubscriptionView::new(&found, table.context.now());
    Ok((tagged(&found), Json(Envelope { subscription, warnings: Vec::new() })).into_response())
}

/// `PATCH /webhook/v1/subscriptions/{subscriptionId}`: 200 with the subscription; 400, 404, 412.
pub(crate) async fn patch(
    NetworkCaller(merchant): NetworkCaller,
    State(app): State<App>,
    table: Table,
    headers: HeaderMap,
    PathParameter(id): PathParameter,
    JsonBody(bytes): JsonBody,
) -> Result<Response, Refusal> {
    let (patch, warnings) = body::patch(&bytes, reading(&app, &merchant, &headers))?;
    let versions = version_of(&headers);
    let target = Target { merchant: &merchant, id: &id, versions: versions.as_ref() };
    let patched = webhooks::patch(&table, target, patch).await?;
    let subscription = SubscriptionView::new(&patched, table.context.now());
    Ok((tagged(&patched), Json(Envelope { subscription, warnings })).into_response())
}

/// `DELETE /webhook/v1/subscriptions/{subscriptionId}`: 204; 404, 412.
pub(crate) async fn delete(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    headers: HeaderMap,
    PathParameter(id): PathParameter,
) -> Result<StatusCode, Refusal> {
    let versions = version_of(&headers);
    let target = Target { merchant: &merchant, id: &id, versions: versions.as_ref() };
    target.delete::<Subscription>(&table).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /webhook/v1/subscriptions/{subscriptionId}/test`: 200 with what came of it, which may be a failure; 404.
pub(crate) async fn test(
    NetworkCaller(merchant): NetworkCaller,
    RequestId(request_id): RequestId,
    State(app): State<App>,
    table: Table,
    PathParameter(id): PathParameter,
) -> Result<Json<TestView>, Refusal> {
    let target = Target { merchant: &merchant, id: &id, versions: None };
    let tested = webhooks::test(&table, &*app.subscribers.transport, target, &request_id).await?;
    Ok(Json(tested.into()))
}

/// `POST /webhook/v1/subscriptions/{subscriptionId}/rotateSecret`: 200 with the subscription and, this once, its new
/// secret; 400, 404, 412.
pub(crate) async fn rotate(
    NetworkCaller(merchant): NetworkCaller,
    State(app): State<App>,
    table: Table,
    headers: HeaderMap,
    PathParameter(id): PathParameter,
    OptionalJsonBody(bytes): OptionalJsonBody,
) -> Result<Response, Refusal> {
    let (overlap_seconds, warnings) = body::overlap_seconds(&bytes, reading(&app, &merchant, &headers))?;
    let versions = version_of(&headers);
    let target = Target { merchant: &merchant, id: &id, versions: versions.as_ref() };
    let rotated = webhooks::rotate(&table, target, overlap_seconds).await?;
    let subscription = SubscriptionView::revealing(&rotated, table.context.now());
    Ok((tagged(&rotated), Json(Envelope { subscription, warnings })).into_response())
}

/// `GET /webhook/v1/subscriptions/{subscriptionId}/deliveries`: 200 with a page of the log, newest first; 404.
pub(crate) async fn deliveries(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    cursors: Cursors,
    PathParameter(id): PathParameter,
    query: RawQuery,
) -> Result<Json<Deliveries>, Refusal> {
    let asked = query.read(&[])?;
    let page = &asked.page;
    let list = format!("deliveries {id}");
    let before = page.cursor.as_deref().map(|cursor| cursors.open(&list, cursor)).transpose()?;
    let target = Target { merchant: &merchant, id: &id, versions: None };
    let subscription = target.read::<Subscription>(&table).await?;
    // One more than is shown says whether there is more.
    let rows = (page.skip(), page.size.saturating_add(1));
    let mut found = table.deliveries(&merchant, &subscription.id, before.as_deref(), rows).await?;
    let has_more = found.len() > page.size;
    found.truncate(page.size);
    let next_cursor = found.last().filter(|_| has_more).map(|last| cursors.seal(&list, &last.key.sk));
    let deliveries = found.into_iter().map(Into::into).collect();
    Ok(Json(Deliveries { deliveries, page: asked.answered(next_cursor) }))
}

fn reading<'r>(app: &App, merchant: &'r MerchantId, headers: &HeaderMap) -> Reading<'r> {
    Reading { merchant, strict: is_strict(headers), allow_loopback: app.subscribers.allow_loopback }
}

fn tagged(subscription: &Stored<Subscription>) -> [(header::HeaderName, String); 1] {
    [(header::ETAG, subscription.etag())]
}
