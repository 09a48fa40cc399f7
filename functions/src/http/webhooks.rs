//! The webhook service (`/webhook/v1`).

mod view;

use axum::Json;
use axum::extract::State;
use shared::body::subscription::{CreateSubscription, PatchSubscription, RotateSecret};
use shared::time::Timestamp;
use shared::webhook::SubscriptionId;

use self::view::{DeliveryView, SubscriptionView, TestView};
use super::answer::{Collection, Created, Deleted, Envelope, Versioned};
use super::body::{Body, OptionalBody};
use super::caller::NetworkCaller;
use super::conditional::IfMatch;
use super::paging::{List, Page};
use super::parameters::PathParameter;
use super::query::NoParameters;
use super::route::{Route, routes};
use super::{App, RequestId};
use crate::app::webhooks::{self, NewSubscription, SubscriptionPatch, Target};
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::subscriptions::Subscription;

pub(super) const ROUTES: &[Route] = routes! {
    Webhooks POST "/webhook/v1/subscriptions" create, "createSubscription", "Creates a subscription and shows its secret, this once.", [TooManySubscriptions];
    Webhooks GET "/webhook/v1/subscriptions" list, "listSubscriptions", "Lists the subscriptions, oldest first.", [];
    Webhooks GET "/webhook/v1/subscriptions/{subscriptionId}" read, "readSubscription", "Reads a subscription.", [];
    Webhooks PATCH "/webhook/v1/subscriptions/{subscriptionId}" patch, "patchSubscription", "Changes a subscription by a merge patch.", [];
    Webhooks DELETE "/webhook/v1/subscriptions/{subscriptionId}" delete, "deleteSubscription", "Deletes a subscription; deliveries on their way to it end.", [];
    Webhooks POST "/webhook/v1/subscriptions/{subscriptionId}/test" test, "testSubscription", "Sends a signed test event and tells what came of it, which may be a failure.", [];
    Webhooks POST "/webhook/v1/subscriptions/{subscriptionId}/rotateSecret" rotate, "rotateSecret", "Replaces the secret and shows the new one, this once.", [];
    Webhooks GET "/webhook/v1/subscriptions/{subscriptionId}/deliveries" deliveries, "listDeliveries", "Lists the deliveries of a subscription, newest first.", [];
};

async fn create(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    collection: Collection,
    Body { value, warnings, .. }: Body<CreateSubscription>,
) -> Result<Created<Envelope<SubscriptionView>>, Refusal> {
    let new = NewSubscription {
        url: value.url,
        events: distinct(value.events),
        description: value.description,
        is_enabled: value.is_enabled.unwrap_or(true),
    };
    let created = webhooks::subscribe(&table, &merchant, new).await?;
    let shown = SubscriptionView::revealing(&created, table.context.now());
    let location = Some(collection.location(&created.id));
    Ok(Created { location, version: created.version, body: Envelope { shown, warnings } })
}

/// A list without repetitions: a set is what is meant.
fn distinct<T: PartialEq>(sent: Vec<T>) -> Vec<T> {
    sent.into_iter().fold(Vec::new(), |mut distinct, kind| {
        if !distinct.contains(&kind) {
            distinct.push(kind);
        }
        distinct
    })
}

async fn list(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    list: List<NoParameters>,
) -> Result<Page<SubscriptionView>, Refusal> {
    const NAME: &str = "subscriptions";
    let after = list.after(NAME)?;
    // There are few, so all of them are read in any case.
    let all = table.subscriptions(&merchant).await?;
    let start = after.map_or(list.skip(), |place| position(&all, &place));
    let now = table.context.now();
    let row = |subscription: &Subscription| {
        let place = format!("{} {}", subscription.created_at.milliseconds(), subscription.id);
        (SubscriptionView::new(subscription, now), place)
    };
    let rows = all.iter().skip(start).take(list.size().saturating_add(1)).map(row).collect();
    list.answer(NAME, rows, false)
}

/// Where the list goes on after the subscription that was shown last, even if it is gone.
fn position(all: &[Subscription], cursor: &str) -> usize {
    let last = cursor
        .split_once(' ')
        .and_then(|(at, id)| Some((Timestamp::from_milliseconds(at.parse().ok()?), SubscriptionId::parse(id).ok()?)));
    all.partition_point(|each| last.as_ref().is_some_and(|(at, id)| (each.created_at, &each.id) <= (*at, id)))
}

async fn read(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    PathParameter(id): PathParameter,
) -> Result<Versioned<Envelope<SubscriptionView>>, Refusal> {
    let found = Target { merchant: &merchant, id: &id, versions: None }.read(&table).await?;
    let shown = SubscriptionView::new(&found, table.context.now());
    Ok(Versioned { version: found.version, body: Envelope::of(shown) })
}

async fn patch(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    IfMatch(versions): IfMatch,
    PathParameter(id): PathParameter,
    Body { value, warnings, .. }: Body<PatchSubscription>,
) -> Result<Versioned<Envelope<SubscriptionView>>, Refusal> {
    let patch = SubscriptionPatch {
        url: value.url,
        events: value.events.map(distinct),
        description: value.description,
        is_enabled: value.is_enabled,
    };
    let target = Target { merchant: &merchant, id: &id, versions: versions.as_ref() };
    let patched = webhooks::patch(&table, target, patch).await?;
    let shown = SubscriptionView::new(&patched, table.context.now());
    Ok(Versioned { version: patched.version, body: Envelope { shown, warnings } })
}

async fn delete(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    IfMatch(versions): IfMatch,
    PathParameter(id): PathParameter,
) -> Result<Deleted, Refusal> {
    let target = Target { merchant: &merchant, id: &id, versions: versions.as_ref() };
    webhooks::unsubscribe(&table, target).await?;
    Ok(Deleted)
}

async fn test(
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

async fn rotate(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    IfMatch(versions): IfMatch,
    PathParameter(id): PathParameter,
    OptionalBody(Body { value, warnings, .. }): OptionalBody<RotateSecret>,
) -> Result<Versioned<Envelope<SubscriptionView>>, Refusal> {
    const DAY_SECONDS: i64 = 24 * 3600;
    let target = Target { merchant: &merchant, id: &id, versions: versions.as_ref() };
    let rotated = webhooks::rotate(&table, target, value.overlap_seconds.unwrap_or(DAY_SECONDS)).await?;
    let shown = SubscriptionView::revealing(&rotated, table.context.now());
    Ok(Versioned { version: rotated.version, body: Envelope { shown, warnings } })
}

async fn deliveries(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    PathParameter(id): PathParameter,
    list: List<NoParameters>,
) -> Result<Page<DeliveryView>, Refusal> {
    let name = format!("deliveries {id}");
    let before = list.after(&name)?;
    let subscription = Target { merchant: &merchant, id: &id, versions: None }.read(&table).await?;
    let found = table.deliveries(&merchant, &subscription.id, before.as_deref(), list.rows()).await?;
    let row = |delivery: crate::store::deliveries::Delivery| {
        let place = delivery.key.sk.clone();
        (delivery.into(), place)
    };
    list.answer(&name, found.into_iter().map(row).collect(), false)
}
