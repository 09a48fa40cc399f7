//! Storage: the one table behind everything. Each item names its kind in the attribute `entity` ([`kind`]).
//!
//! | what | key | reads | writes (units of 1 KB) |
//! |---|---|---|---|
//! | network order | `{merchant}#order#{short id}` / order id | `GetItem` | insert 1 + 1 for the index `due`, 1 for `listed` |
//! | guard of an external id | `{merchant}#external#{id}` / `first` | with the order | insert 1 |
//! | another order with an external id | `{merchant}#external#{id}` / order id | `Query` | insert 1 |
//! | bulk API order | `{merchant}#v2` / transaction id | `Query`, `GetItem` | in a transaction: 2 + 1 for `due` |
//! | client order number | `{merchant}#client#{number}` / `first` or transaction id | `Query` | in a transaction: 2 |
//! | wallet | `{merchant}#wallet` / currency | `Query` | in a transaction: 2 |
//! | product | `product#{sku}` / `product` | `BatchGetItem` | by the operator |
//! | credential | `credential#{hash}` / `credential` | `BatchGetItem` | by the operator |
//! | vendor | `{merchant}#vendor` / vendor id | `Query` by the worker | by the operator |
//! | stock of a SKU | `stock#{sku}` / `cursor` | `BatchGetItem` by the worker | in a transaction: 2 |
//! | note | `{merchant}#note#{id}` / id | `GetItem`, `BatchGetItem` | insert 1 + 1 for `listed`; changes 1; deletion 1 + 1 |
//! | notes of a thing by time | index `listed`: `{merchant}#note#{type}#{id}` / `{created ms}#{note id}` | `Query` | with the note |
//! | audit event | `{merchant}#audit#{order id, transaction id, or note#{id}}` / version | `Query` | in a transaction: 2 |
//! | counts by status | `{merchant}#counts` / API | `GetItem` | in the transaction of the audit events: 2 |
//! | subscription | `{merchant}#webhook` / `subscription#{id}` | `GetItem`, `Query` | in a transaction with their count: 2 + 2; changes 1 |
//! | delivery | `{merchant}#webhook#{subscription}` / `{ms}#{webhook id}` | `GetItem`, `Query` | insert 1 + 1 for `due`; each attempt 1 + 1, and 1 more to take a later one |
//! | network orders by status and time | index `listed`: `{merchant}#{status}` / `{created ms}#{order id}` | `Query` | with the order: insert 1, each change of status 2 |
//! | idempotency key | `{merchant}#key#{key}` / `merchant`, or `vendor:{id}` | with the write; parts by `GetItem` | begin 1; end 1 and the deflated answer |
//! | long answer | `{merchant}#answer#{key}` / `{owner}#{attempt}#{part}` | `GetItem` | its deflated length |
//! | receipt of an inbound order | `{merchant}#inbound#{id}` / `receipt` | `GetItem` | insert 1 for each KB of the deflated body and rules, and 1 for `due`; its end the same |
//! | transformation | `{merchant}#transformation` / id | `GetItem`, `Query` | 1; deleted in a transaction: 2 |
//! | unfinished orders | index `due`: `due_shard` / `due_at` | `Query` by the sweep | with the order |

pub(crate) mod audit;
mod body;
pub mod bulk_orders;
pub(crate) mod cause;
mod claims;
pub(crate) mod credentials;
pub(crate) mod deliveries;
pub(crate) mod entity;
mod error;
pub mod idempotency;
pub mod keys;
pub(crate) mod kind;
pub(crate) mod listing;
pub mod network_orders;
pub(crate) mod notes;
pub(crate) mod page;
pub mod pipeline;
pub(crate) mod receipts;
pub(crate) mod request_key;
pub(crate) mod stock;
pub(crate) mod stored;
pub(crate) mod subscriptions;
pub(crate) mod table;
pub(crate) mod transformations;
pub(crate) mod vendors;

pub(crate) use error::StoreError;
pub(crate) use table::Table;
