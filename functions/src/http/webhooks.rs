//! The webhook service (`/webhook/v1`).

mod view;

use axum::Json;
use axum::extract::State;
use shared::body::subscription::{CreateSubscription, PatchSubscription, RotateSecret};
use shared::time::Timestamp;
use shared::webhook::SubscriptionId;

use self::view::{DeliveryView, SubscriptionView, TestView};
use super::answer::{Collection, Created, Envelope, Versioned};
use super::body::{Body, OptionalBody};
use super::caller::NetworkCaller;
use super::entity::{self, Answer, versioned};
use super::paging::{List, Page};
use super::query::NoParameters;
use super::route::{Route, routes};
use super::target::{Change, Find};
use super::{App, RequestId};
use crate::app::webhooks::{self, NewSubscription, SubscriptionPatch};
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::deliveries::Delivery;
use crate::store::entity::{Stored, Viewed};
use crate::store::subscriptions::Subscription;

pub(super) const ROUTES: &[Route] = routes! {
    Webhooks POST "/webhook/v1/subscriptions" create, "createSubscription", "Creates a subscription and shows its secret, this once.", [TooManySubscriptions];
    Webhooks GET "/webhook/v1/subscriptions" list, "listSubscriptions", "Lists the subscriptions, oldest first.", [];
    Webhooks GET "/webhook/v1/subscriptions/{subscriptionId}" entity::read::<Subscription>, "readSubscription", "Reads a subscription.", [];
    Webhooks PATCH "/webhook/v1/subscriptions/{subscriptionId}" patch, "patchSubscription", "Changes a subscription by a merge patch.", [];
    Webhooks DELETE "/webhook/v1/subscriptions/{subscriptionId}" entity::delete::<Subscription>, "deleteSubscription", "Deletes a subscription; deliveries on their way to it end.", [];
    Webhooks POST "/webhook/v1/subscriptions/{subscriptionId}/test" test, "testSubscription", "Sends a signed test event and tells what came of it, which may be a failure.", [];
    Webhooks POST "/webhook/v1/subscriptions/{subscriptionId}/rotateSecret" rotate, "rotateSecret", "Replaces the secret and shows the new one, this once.", [];
    Webhooks GET "/webhook/v1/subscriptions/{subscriptionId}/deliveries" deliveries, "listDeliveries", "Lists the deliveries of a subscription, newest first.", [];
};

async fn create(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    collection: Collection,
    Body { value, warnings, .. }: Body<CreateSubscription>,
) -> Result<Created<Answer<Subscription>>, Refusal> {
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

/// Removes repetitions, because the list is a set.
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
    // There are few, so all of them are read.
    let all = table.subscriptions(&merchant).await?;
    let start = after.map_or(list.skip(), |place| position(&all, &place));
    let now = table.context.now();
    let row = |subscription: &Stored<Subscription>| {
        let place = format!("{} {}", subscription.created_at.milliseconds(), subscription.id);
        (Subscription::view(subscription, now), place)
    };
    let rows = all.iter().skip(start).take(list.size().saturating_add(1)).map(row).collect();
    list.answer(NAME, rows, false)
}

/// The place after the last returned subscription; it works even if that one was deleted.
fn position(all: &[Stored<Subscription>], cursor: &str) -> usize {
    let last = cursor
        .split_once(' ')
        .and_then(|(at, id)| Some((Timestamp::from_milliseconds(at.parse().ok()?), SubscriptionId::parse(id).ok()?)));
    all.partition_point(|each| last.as_ref().is_some_and(|(at, id)| (each.created_at, &each.id) <= (*at, id)))
}

async fn patch(
    change: Change,
    Body { value, warnings, .. }: Body<PatchSubscription>,
) -> Result<Versioned<Answer<Subscription>>, Refusal> {
    let patch = SubscriptionPatch {
        url: value.url,
        events: value.events.map(distinct),
        description: value.description,
        is_enabled: value.is_enabled,
    };
    let patched = webhooks::patch(&change.table, change.target(), patch).await?;
    Ok(versioned(&change.table, &patched, warnings))
}

async fn test(find: Find, RequestId(request_id): RequestId, State(app): State<App>) -> Result<Json<TestView>, Refusal> {
    let transport = &*app.subscribers.transport;
    Ok(Json(webhooks::test(&find.table, transport, find.target(), &request_id).await?.into()))
}

async fn rotate(
    change: Change,
    OptionalBody(Body { value, warnings, .. }): OptionalBody<RotateSecret>,
) -> Result<Versioned<Answer<Subscription>>, Refusal> {
    const DAY_SECONDS: i64 = 24 * 3600;
    let seconds = value.overlap_seconds.unwrap_or(DAY_SECONDS);
    let rotated = webhooks::rotate(&change.table, change.target(), seconds).await?;
    let shown = SubscriptionView::revealing(&rotated, change.table.context.now());
    Ok(Versioned { version: rotated.version, body: Envelope { shown, warnings } })
}

async fn deliveries(find: Find, list: List<NoParameters>) -> Result<Page<DeliveryView>, Refusal> {
    let name = format!("deliveries {}", find.id);
    let before = list.after(&name)?;
    let subscription = find.target().read::<Subscription>(&find.table).await?;
    let found = find.table.deliveries(&find.merchant, &subscription.id, before.as_deref(), list.rows()).await?;
    let row = |delivery: Delivery| {
        let place = delivery.key.sk.clone();
        (delivery.into(), place)
    };
    list.answer(&name, found.into_iter().map(row).collect(), false)
}
