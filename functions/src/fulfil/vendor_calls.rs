//! The port over HTTP: a shipment is sent to its vendor's endpoint, and so is the news that lines of it were cancelled.
//!
//! One `POST` of JSON each, signed as Standard Webhooks are (the vendor checks it with any library of that standard). The
//! `Idempotency-Key` is fixed by the shipment, for a cancellation by the lines that it names too, so a vendor that
//! honours it makes a shipment once, however often it hears of it.
//!
//! | answer | what follows |
//! |---|---|
//! | 2xx | accepted, or heard |
//! | 408, 409, 425, 429, 5xx, none in time | tried again; counts for the circuit ([`super::breaker`]), 409 and 429 do not |
//! | 404, 410 of a cancellation | it never had the shipment, and none is on its way any more: heard |
//! | any other | for good: the shipment is rejected, or the cancellation given up, with the beginning of the answer as reason |

use std::borrow::Cow;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderValue, Request, header};
use futures_util::future::join_all;
use serde::Serialize;
use shared::ids::{MerchantId, OrderId, ShipmentId};
use shared::network::request::Address;
use shared::order::{Command, LineStatus, Progress, Shipment};
use shared::vendor::Vendor;

use super::{Worked, Worker};
use crate::outbound::signature::{Secret, sign};
use crate::store::network_orders::FoundOrder;
use crate::store::stored::{StoredOrder, StoredState};
/// What a vendor is sent.
#[derive(Serialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
enum Message<'m> {
    /// Make and send these items.
    ShipmentSubmission {
        #[serde(flatten)]
        names: Names<'m>,
        shipping_address: &'m Address,
        return_address: Option<&'m Address>,
        shipping_method: Option<&'m str>,
        items: Vec<Item<'m>>,
    },
    /// Do not make these items, if it is not too late.
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

/// An item as the merchant sent it, with its id and the units that are left of it.
#[derive(Serialize)]
struct Item<'m> {
    id: String,
    #[serde(flatten)]
    item: Cow<'m, shared::network::request::Item>,
}

/// How a vendor took a message.
enum Answer {
    Accepted,
    /// Its status and the beginning of its words.
    Refused(String),
    /// To be tried again: why, and whether the vendor is to be spared for a while.
    Failed(String),
    /// It was not called, its circuit being open for so long.
    Spared(Duration),
}

/// What the messages of one order have in common.
struct Order {
    merchant: MerchantId,
    id: OrderId,
    stored: StoredState,
    found: FoundOrder,
    vendors: Vec<Vendor>,
}

impl Worker {
    /// Sends shipments to their vendors and notes who took them.
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
        let (mut accepted, mut problems) = (Vec::new(), Problems::default());
        for (shipment, answer) in shipments.iter().zip(answers) {
            match answer {
                Answer::Accepted => accepted.push(shipment.number),
                Answer::Refused(reason) => {
                    let reason = format!("vendor {} refused the shipment: {reason}", shipment.vendor);
                    let command = Command::Report(shipment.number, Progress::Rejected { reason });
                    self.note(stored, &command).await?;
                }
                other => problems.add(&shipment.vendor, other),
            }
        }
        if !accepted.is_empty() {
            self.note(stored, &Command::Accept(accepted.clone())).await?;
        }
        // What is left over has the job of the version that was just written.
        if accepted.is_empty() { problems.result() } else { Ok(Worked::Done) }
    }

    /// Tells vendors of cancelled lines and notes who has heard.
    pub(super) async fn recall(&self, order: StoredOrder, numbers: &[u16]) -> Result<Worked, String> {
        let order = self.order_with_vendors(order).await?;
        let (stored, state) = (&order.stored, &order.found.state);
        let shipments: Vec<&Shipment> = numbers.iter().filter_map(|number| state.shipment(*number)).collect();
        let calls = shipments.iter().map(|shipment| async {
            let lines: Vec<String> = shipment.recall.iter().map(usize::to_string).collect();
            let key = format!("{}:cancel:{}", order.shipment_id(shipment), lines.join("-"));
            self.call(&order, shipment, &key, &order.cancellation(shipment)).await
        });
        let answers = join_all(calls).await;
        let (mut told, mut problems) = (Vec::new(), Problems::default());
        for (shipment, answer) in shipments.iter().zip(answers) {
            match answer {
                Answer::Accepted => told.push((shipment.number, shipment.recall.clone())),
                Answer::Refused(reason) if is_unknown(&reason) => told.push((shipment.number, shipment.recall.clone())),
                Answer::Refused(reason) => {
                    let reason = format!("vendor {} refused the cancellation: {reason}", shipment.vendor);
                    self.try_advance(stored, &Command::GiveUp { reason, version: stored.version }).await?;
                    return Ok(Worked::Done);
                }
                other => problems.add(&shipment.vendor, other),
            }
        }
        if told.is_empty() {
            return problems.result();
        }
        self.note(stored, &Command::Recalled(told)).await
    }

    async fn order_with_vendors(&self, order: StoredOrder) -> Result<Order, String> {
        let stored = order.state.clone();
        let merchant = stored.key.merchant().ok_or("the order has no merchant")?;
        let vendors = self.table.vendors(&merchant).await.map_err(|error| error.to_string())?;
        let found = FoundOrder::from_stored(order).map_err(|error| error.to_string())?;
        let safe_id = found.safe_id().map_err(|error| error.to_string())?;
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
        let now = self.table.context.now();
        match answer {
            Ok(answer) if answer.status.is_success() => {
                self.breakers.note(&circuit, true, now);
                Answer::Accepted
            }
            Ok(answer) => {
                let status = answer.status.as_u16();
                let is_passing = matches!(status, 408 | 409 | 425 | 429 | 500..);
                if is_passing {
                    self.breakers.note(&circuit, matches!(status, 409 | 429), now);
                    return Answer::Failed(format!("it answered {status}"));
                }
                self.breakers.note(&circuit, true, now);
                let text: String = String::from_utf8_lossy(&answer.body).chars().take(200).collect();
                Answer::Refused(format!("{status} {}", text.trim()).trim_end().to_owned())
            }
            Err(error) => {
                self.breakers.note(&circuit, false, now);
                Answer::Failed(error.to_string())
            }
        }
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

/// Whether a refusal says that the vendor has no such shipment.
fn is_unknown(reason: &str) -> bool {
    reason.starts_with("404") || reason.starts_with("410")
}

/// What kept calls from succeeding.
#[derive(Default)]
struct Problems {
    failures: Vec<String>,
    spared: Vec<Duration>,
}

impl Problems {
    fn add(&mut self, vendor: &str, answer: Answer) {
        match answer {
            Answer::Failed(reason) => self.failures.push(format!("vendor {vendor}: {reason}")),
            Answer::Spared(open) => self.spared.push(open),
            Answer::Accepted | Answer::Refused(_) => {}
        }
    }

    /// A failure costs an attempt; where every vendor was spared, none was made.
    fn result(self) -> Result<Worked, String> {
        if !self.failures.is_empty() {
            return Err(self.failures.join("; "));
        }
        Ok(self.spared.into_iter().max().map_or(Worked::Done, Worked::Later))
    }
}
