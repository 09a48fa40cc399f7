//! The port over HTTP: sends shipments to their vendors' endpoints, and cancellations of their lines.
//!
//! Each is one `POST` of JSON, signed as Standard Webhooks are (the vendor checks it with any library of that
//! standard). The shipment determines the `Idempotency-Key`, so a vendor that honours it makes a shipment once. The key
//! of a cancellation also contains the lines and the order's version: a vendor that did not know the shipment yet gets
//! the cancellation again under another key once it has the shipment.
//!
//! | answer | what follows |
//! |---|---|
//! | 2xx | accepted, or heard |
//! | 404, 410 of a cancellation | it never had the shipment, and none is on its way any more: heard |
//! | 400, 410, 413, 422 | for good: the shipment is rejected, or the cancellation given up, with the beginning of the answer as reason |
//! | any other, none in time | tried again; counts for the circuit ([`super::breaker`]), 409 and 429 do not |
//!
//! Other 3xx and 4xx answers are about a wrong endpoint or token, not about the shipment.

use std::borrow::Cow;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderValue, Request, header};
use futures_util::future::join_all;
use serde::Serialize;
use shared::ids::{MerchantId, OrderId, ShipmentId};
use shared::order::{Command, LineStatus, OrderState, Progress, Shipment};
use shared::order_network::request::Address;
use shared::vendor::Vendor;

use super::{Worked, Worker};
use crate::outbound::signature::{Secret, sign};
use crate::store::network_orders::FoundOrder;
use crate::store::stored::{StoredOrder, StoredState};

/// How long a job waits for a vendor's circuit, counted from the version that it is for.
const SPARED_MAX: Duration = Duration::from_secs(6 * 3600);

/// A request to a vendor.
#[derive(Serialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
enum Message<'m> {
    ShipmentSubmission {
        #[serde(flatten)]
        names: Names<'m>,
        shipping_address: &'m Address,
        return_address: Option<&'m Address>,
        shipping_method: Option<&'m str>,
        items: Vec<Item<'m>>,
    },
    /// Do not make these items, if there is still time.
    ShipmentCancellation {
        #[serde(flatten)]
        names: Names<'m>,
        items: Vec<Item<'m>>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Names<'m> {
    shipment_id: String,
    shipment_short_id: String,
    order_id: &'m str,
    safe_id: Option<&'m str>,
    external_order_id: Option<&'m str>,
    merchant_id: &'m str,
    vendor_id: &'m str,
}

/// An item as the merchant sent it, with its id and the remaining units.
#[derive(Serialize)]
struct Item<'m> {
    id: String,
    #[serde(flatten)]
    item: Cow<'m, shared::order_network::request::Item>,
}

/// The vendor's answer to a message.
enum Answer {
    Accepted,
    /// Status and beginning of the answer.
    Refused(String),
    /// The vendor does not have the shipment.
    Unknown,
    /// To be retried; with the reason.
    Failed(String),
    /// Not called, because the circuit is open for this long.
    Spared(Duration),
}

struct Order {
    merchant: MerchantId,
    id: OrderId,
    stored: StoredState,
    found: FoundOrder,
    vendors: Vec<Vendor>,
}

impl Worker {
    /// Sends shipments to their vendors and records the answers.
    pub(super) async fn submit(&self, order: StoredOrder, numbers: &[u16]) -> Result<Worked, String> {
        let order = self.order_with_vendors(order).await?;
        let (stored, state) = (&order.stored, &order.found.state);
        let shipments: Vec<&Shipment> = numbers.iter().filter_map(|number| state.shipment(*number)).collect();
        let calls = shipments.iter().map(|shipment| async {
            let wanted = |line: &usize| state.lines.get(*line) == Some(LineStatus::Processing);
            let lines: Vec<usize> = shipment.lines.iter().copied().filter(wanted).collect();
            let key = order.shipment_id(shipment).to_string();
            self.call(&order, shipment, &key, &order.submission(shipment, &lines)).await
        });
        let answers = join_all(calls).await;
        let (mut accepted, mut refused, mut problems) = (Vec::new(), Vec::new(), Problems::default());
        for (shipment, answer) in shipments.iter().zip(answers) {
            match answer {
                Answer::Accepted => accepted.push(shipment.number),
                Answer::Refused(reason) => {
                    let reason = format!("vendor {} refused the shipment: {reason}", shipment.vendor);
                    refused.push(Command::Report(shipment.number, Progress::Rejected { reason }));
                }
                other => problems.add(&shipment.vendor, other),
            }
        }
        // Acceptances first: a lost refusal is repeated by the next call.
        let news: Vec<Command> = (!accepted.is_empty()).then_some(Command::Accept(accepted)).into_iter().collect();
        let has_news = !news.is_empty() || !refused.is_empty();
        for command in news.iter().chain(&refused) {
            self.note(stored, command).await?;
        }
        // The version that was just written has a job for the rest.
        if has_news { Ok(Worked::Done) } else { problems.result(self.age(state)) }
    }

    /// Notifies vendors of cancelled lines and records the answers.
    pub(super) async fn recall(&self, order: StoredOrder, numbers: &[u16]) -> Result<Worked, String> {
        let order = self.order_with_vendors(order).await?;
        let (stored, state) = (&order.stored, &order.found.state);
        let shipments: Vec<&Shipment> = numbers.iter().filter_map(|number| state.shipment(*number)).collect();
        let calls = shipments.iter().map(|shipment| async {
            let lines: Vec<String> = shipment.recall.iter().map(usize::to_string).collect();
            let (id, version) = (order.shipment_id(shipment), state.version);
            let key = format!("{id}:cancel:{version}:{}", lines.join("-"));
            self.call(&order, shipment, &key, &order.cancellation(shipment)).await
        });
        let answers = join_all(calls).await;
        let (mut recalled, mut refused, mut problems) = (Vec::new(), Vec::new(), Problems::default());
        for (shipment, answer) in shipments.iter().zip(answers) {
            match answer {
                Answer::Accepted | Answer::Unknown => recalled.push((shipment.number, shipment.recall.clone())),
                Answer::Refused(reason) => {
                    refused.push(format!("vendor {} refused the cancellation: {reason}", shipment.vendor));
                }
                other => problems.add(&shipment.vendor, other),
            }
        }
        // The version that is written here has a job for the rest.
        if !recalled.is_empty() {
            return self.note(stored, &Command::Recalled(recalled)).await;
        }
        // Do not give up while another vendor is to be retried.
        if refused.is_empty() || !problems.is_empty() {
            return problems.result(self.age(state));
        }
        self.advance(stored, &Command::GiveUp { reason: refused.join("; "), dead: None }).await
    }

    fn age(&self, state: &OrderState) -> Duration {
        let age_ms = self.table.context.now().milliseconds_since(state.updated_at);
        Duration::from_millis(u64::try_from(age_ms).unwrap_or(0))
    }

    async fn order_with_vendors(&self, order: StoredOrder) -> Result<Order, String> {
        let stored = order.state.clone();
        let merchant = stored.key.merchant().ok_or("the order has no merchant")?;
        let vendors = self.table.vendors(&merchant).await?;
        let found = FoundOrder::from_stored(order)?;
        let safe_id = found.safe_id()?;
        Ok(Order { id: OrderId::derive(&merchant, &safe_id), merchant, stored, found, vendors })
    }

    async fn call(&self, order: &Order, shipment: &Shipment, idempotency_key: &str, message: &Message<'_>) -> Answer {
        let request = match self.request(order, shipment, idempotency_key, message) {
            Ok(request) => request,
            Err(reason) => return Answer::Failed(reason),
        };
        let circuit = format!("{}/{}", order.merchant, shipment.vendor);
        if let Err(open) = self.breakers.admit(&circuit, self.table.context.now()) {
            return Answer::Spared(open);
        }
        let answer = self.outbound.send(request, self.settings.vendor_timeout).await;
        let (answer, is_well) = match answer {
            Ok(answer) => {
                let status = answer.status.as_u16();
                let is_cancellation = matches!(message, Message::ShipmentCancellation { .. });
                let text: String = String::from_utf8_lossy(&answer.body).chars().take(200).collect();
                let answer = meaning(status, is_cancellation, &text);
                let is_well = !matches!(answer, Answer::Failed(_)) || matches!(status, 409 | 429);
                (answer, is_well)
            }
            Err(error) => (Answer::Failed(error.to_string()), false),
        };
        self.breakers.note(&circuit, is_well, self.table.context.now());
        answer
    }

    fn request(
        &self,
        order: &Order,
        shipment: &Shipment,
        idempotency_key: &str,
        message: &Message<'_>,
    ) -> Result<Request<Bytes>, String> {
        let vendor = order.vendors.iter().find(|vendor| vendor.id == shipment.vendor);
        let vendor = vendor.ok_or_else(|| "it is not set up any more".to_owned())?;
        let endpoint = vendor.endpoint.as_deref().ok_or_else(|| "it has no endpoint".to_owned())?;
        let secret = vendor.secret.as_deref().ok_or_else(|| "it has no secret".to_owned())?;
        let secret = Secret::parse(secret).map_err(|error| format!("its secret is wrong: {error}"))?;
        let body = serde_json::to_vec(message).map_err(|error| error.to_string())?;
        let now_seconds = self.table.context.now().seconds();
        let headers = sign(&[&secret], idempotency_key, now_seconds, &body).map_err(|error| error.to_string())?;
        let mut request = Request::post(endpoint)
            .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header("idempotency-key", idempotency_key)
            .body(Bytes::from(body))
            .map_err(|error| format!("its endpoint is wrong: {error}"))?;
        request.headers_mut().extend(headers);
        Ok(request)
    }
}

impl Order {
    fn shipment_id(&self, shipment: &Shipment) -> ShipmentId {
        ShipmentId::new(&self.id, shipment.number)
    }

    fn names<'m>(&'m self, shipment: &'m Shipment) -> Names<'m> {
        let id = self.shipment_id(shipment);
        Names {
            shipment_short_id: id.short_id(),
            shipment_id: id.to_string(),
            order_id: self.id.as_str(),
            safe_id: self.found.request.safe_id.as_deref(),
            external_order_id: self.found.external_id(),
            merchant_id: self.merchant.as_str(),
            vendor_id: &shipment.vendor,
        }
    }

    fn items(&self, lines: &[usize]) -> Vec<Item<'_>> {
        let item = |line: &usize| {
            let mut item = Cow::Borrowed(self.found.request.items.get(*line)?);
            let left = self.found.state.units_left(*line, item.quantity);
            if left != item.quantity {
                item.to_mut().quantity = left;
            }
            Some(Item { id: self.id.item_id(*line), item })
        };
        lines.iter().filter_map(item).collect()
    }

    fn submission<'m>(&'m self, shipment: &'m Shipment, lines: &[usize]) -> Message<'m> {
        let request = &self.found.request;
        Message::ShipmentSubmission {
            names: self.names(shipment),
            shipping_address: &request.shipping_address,
            return_address: request.return_address.as_ref(),
            shipping_method: request.customer_shipping_method.as_deref(),
            items: self.items(lines),
        }
    }

    fn cancellation<'m>(&'m self, shipment: &'m Shipment) -> Message<'m> {
        Message::ShipmentCancellation { names: self.names(shipment), items: self.items(&shipment.recall) }
    }
}

fn meaning(status: u16, is_cancellation: bool, text: &str) -> Answer {
    match status {
        200..=299 => Answer::Accepted,
        404 | 410 if is_cancellation => Answer::Unknown,
        400 | 410 | 413 | 422 => Answer::Refused(format!("{status} {}", text.trim()).trim_end().to_owned()),
        _ => Answer::Failed(format!("it answered {status}")),
    }
}

/// Failed and skipped calls.
#[derive(Default)]
struct Problems {
    failures: Vec<String>,
    /// Vendors that were not called, and for how long their circuits are open.
    spared: Vec<(String, Duration)>,
}

impl Problems {
    fn add(&mut self, vendor: &str, answer: Answer) {
        match answer {
            Answer::Failed(reason) => self.failures.push(format!("vendor {vendor}: {reason}")),
            Answer::Spared(open) => self.spared.push((vendor.to_owned(), open)),
            Answer::Accepted | Answer::Unknown | Answer::Refused(_) => {}
        }
    }

    fn is_empty(&self) -> bool {
        self.failures.is_empty() && self.spared.is_empty()
    }

    /// A failure costs an attempt. If all vendors were skipped, no attempt was made, until the order has waited too
    /// long.
    fn result(self, age: Duration) -> Result<Worked, String> {
        if !self.failures.is_empty() {
            return Err(self.failures.join("; "));
        }
        let Some(open) = self.spared.iter().map(|(_, open)| *open).max() else { return Ok(Worked::Done) };
        if age <= SPARED_MAX {
            return Ok(Worked::Later(open));
        }
        let vendors: Vec<&str> = self.spared.iter().map(|(vendor, _)| vendor.as_str()).collect();
        let hours = SPARED_MAX.as_secs() / 3600;
        Ok(Worked::Exhausted(format!("vendor {}: no answer for {hours} hours", vendors.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Duration, Problems, SPARED_MAX, Worked, meaning};

    #[test]
    fn only_what_speaks_of_the_shipment_is_final() {
        for (status, submission, cancellation) in [
            (200, "accepted", "accepted"),
            (202, "accepted", "accepted"),
            (400, "refused", "refused"),
            (410, "refused", "unknown"),
            (413, "refused", "refused"),
            (422, "refused", "refused"),
            (404, "failed", "unknown"),
            (302, "failed", "failed"),
            (401, "failed", "failed"),
            (403, "failed", "failed"),
            (405, "failed", "failed"),
            (409, "failed", "failed"),
            (429, "failed", "failed"),
            (503, "failed", "failed"),
        ] {
            let name = |is_cancellation| match meaning(status, is_cancellation, "x") {
                Answer::Accepted => "accepted",
                Answer::Refused(_) => "refused",
                Answer::Unknown => "unknown",
                Answer::Failed(_) => "failed",
                Answer::Spared(_) => "spared",
            };
            assert_eq!((name(false), name(true)), (submission, cancellation), "{status}");
        }
    }

    #[test]
    fn a_vendor_is_spared_for_hours_and_not_for_ever() {
        let spared = || {
            let mut problems = Problems::default();
            problems.add("press", Answer::Spared(Duration::from_secs(30)));
            problems
        };
        assert_eq!(spared().result(SPARED_MAX), Ok(Worked::Later(Duration::from_secs(30))));
        let exhausted = Worked::Exhausted("vendor press: no answer for 6 hours".to_owned());
        assert_eq!(spared().result(SPARED_MAX + Duration::from_secs(1)), Ok(exhausted));
        let mut failed = spared();
        failed.add("other", Answer::Failed("it answered 500".to_owned()));
        assert_eq!(failed.result(Duration::ZERO), Err("vendor other: it answered 500".to_owned()));
    }
}
