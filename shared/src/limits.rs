//! Every limit in one place, each with its reason.

/// Bytes of one order: deflated, it must fit with its state into a DynamoDB item of 400 KB, even if it does not
/// compress.
pub const ORDER_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a request body: a Lambda event holds 6 MB of JSON, in which every quote of the body is escaped.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Characters of an `Idempotency-Key`: it is part of a DynamoDB key (2,048 bytes).
pub const IDEMPOTENCY_KEY_CHARACTERS_MAX: usize = 255;
/// Bytes of the entries in a bulk response, counted as Lambda escapes them; entries beyond it are shortened. A Lambda
/// response holds 6 MB, and 500 short entries with the longest names fit into the rest.
pub const BULK_ANSWER_BYTES_MAX: usize = 5 * 1000 * 1000;
/// Orders per read by ids: as many as one table request returns.
pub const READ_ORDERS_MAX: usize = 100;
/// Orders in one bulk: 500 orders of the seed's size are 1.8 MB in and 2.5 MB out, both within Lambda's 6 MB.
pub const BULK_ORDERS_MAX: usize = 500;
/// Concurrent changes of a bulk: each reads and writes one order, a few milliseconds each.
pub const BULK_CONCURRENCY: usize = 25;
/// Maximum nesting of arrays and objects: the deepest member of the models is at 8. Bounds recursion.
pub const DEPTH_MAX: usize = 32;
/// Lines of one bulk API order: the SKUs of an order are looked up in one `BatchGetItem`, which takes 100 keys.
pub const PRODUCTS_MAX: usize = 100;
/// Units of one line.
pub const QUANTITY_MAX: i64 = 10_000;
/// Items of one network order: item ids number them with three hex digits, and the item list fits into one DynamoDB
/// item.
pub const ITEMS_MAX: usize = 500;
/// Decimals of an amount: the finest currencies have 4 (CLF, UYW); more are the trace of a binary float.
pub const AMOUNT_DECIMALS_MAX: u32 = 4;
/// Amounts are below this, so that sums of 10,000 units over 500 lines fit into 28 digits.
pub const AMOUNT_MAX: i64 = 1_000_000_000_000;
/// Violations reported for one body; further ones are only counted, so that a response stays bounded.
pub const VIOLATIONS_MAX: usize = 1_000;
/// Bytes of an attempted value that the response repeats.
pub const ATTEMPTED_VALUE_BYTES_MAX: usize = 64;
/// Characters of a `clientOrderNumber`: it is part of a DynamoDB key (2,048 bytes).
pub const CLIENT_ORDER_NUMBER_CHARACTERS_MAX: usize = 128;
/// Characters of a `safeId`.
pub const SAFE_ID_CHARACTERS_MAX: usize = 64;
/// Characters of an `externalId`: it is part of a DynamoDB key (2,048 bytes).
pub const EXTERNAL_ID_CHARACTERS_MAX: usize = 128;

/// Characters of a reason entered by a person: a few sentences.
pub const REASON_CHARACTERS_MAX: usize = 1_000;
/// Characters of a note: several pages. The longest take 40 KB, so a page of 200 of them does not fit into a response
/// and ends early.
pub const NOTE_CHARACTERS_MAX: usize = 10_000;
/// Items named by one cancel: as many as the largest order has.
pub const CANCELLED_ITEMS_MAX: usize = ITEMS_MAX;
/// Refunds in one call: price and shipping of each item of the largest order.
pub const REFUNDS_MAX: usize = 2 * ITEMS_MAX;
/// Packages in one vendor report: one for each item of the largest order is more than anyone sends at once. An order
/// has no more packages than items, because each package holds at least one item.
pub const PACKAGES_MAX: usize = 100;
/// Bytes of the link to a carrier's page: real links need less than half.
pub const CARRIER_LINK_BYTES_MAX: usize = 512;
/// Bytes up to which reports, restarts and refunds may grow an order's state, written as JSON, which is longer than the
/// table's form. With the largest body, 32 KB of the item's 400 KB remain for what must always fit: a hold, a failure,
/// a reason, recalls, and the units and times of cancelled lines. 500 packages with carrier and tracking number are 60
/// KB, and 110 KB with a link of 100 bytes each.
pub const STATE_BYTES_MAX: usize = 112 * 1024;

// ---------------------------------------------------------------- members of a network order
/// Characters of a SKU: it is part of a DynamoDB key, and no catalogue we know has longer ones.
pub const SKU_CHARACTERS_MAX: usize = 64;
/// Characters of a name, a street line, a city or a state: more than any carrier prints on a label.
pub const NAME_CHARACTERS_MAX: usize = 200;
/// Characters of a postal code: the longest in use has 10; the rest is room for what people type.
pub const ZIP_CHARACTERS_MAX: usize = 20;
/// Characters of a phone number: 15 digits (E.164) with separators and an extension.
pub const PHONE_CHARACTERS_MAX: usize = 40;
/// Characters of an e-mail address: the longest path of SMTP without its brackets (RFC 5321).
pub const EMAIL_CHARACTERS_MAX: usize = 254;
/// Characters of a URL: browsers and proxies handle this length without trouble, and S3's signed URLs fit.
pub const URL_CHARACTERS_MAX: usize = 2_048;
/// Characters of a foreign id (transactions, facilities, files).
pub const ID_CHARACTERS_MAX: usize = 128;
/// A text in a query. It may become part of a key of DynamoDB, which holds 2,048 bytes; no stored id is longer than this.
pub const PARAMETER_CHARACTERS_MAX: usize = 256;
/// Characters of a keyword from an open list (print method, shipping method, payment method).
pub const KEYWORD_CHARACTERS_MAX: usize = 64;
/// Characters of a name in `meta` and `clientAttributes`: they are names, not texts.
pub const META_NAME_CHARACTERS_MAX: usize = 128;
/// Characters of a value in `meta` and `clientAttributes`, and of other free text: a one-page note.
pub const META_VALUE_CHARACTERS_MAX: usize = 2_000;
/// Entries of `meta` and `clientAttributes`: annotations of an order, not a data store.
pub const META_ENTRIES_MAX: usize = 100;
/// Images of an item: more than a product has places to print on. 500 items with that many images take 3 MB to read
/// back, within the 6 MB of a Lambda response.
pub const IMAGES_MAX: usize = 20;
/// Options of one item.
pub const OPTIONS_MAX: usize = 100;
/// Payment methods of one order: split payments use a handful.
pub const PAYMENT_METHODS_MAX: usize = 20;
/// Transactions of one payment method: instalments and refunds.
pub const TRANSACTIONS_MAX: usize = 50;
/// Shipments of a reprint: each replaces a shipment of the original order.
pub const REPRINT_SHIPMENTS_MAX: usize = 50;
/// Decimals of a coordinate: 15 are finer than an atom, and a binary float prints no more for degrees.
pub const COORDINATE_DECIMALS_MAX: u32 = 15;
/// Member names without a rule that are remembered per object to find duplicates. Nobody reads these members, and
/// comparing each with all others must not take longer the more there are.
pub const UNKNOWN_NAMES_MAX: usize = 64;
/// Bytes of a member name shown in a pointer; the pointer of a longer one ends at its object.
pub const POINTER_NAME_BYTES_MAX: usize = 512;

// ---------------------------------------------------------------- webhooks
/// Subscriptions of one merchant: every event reads all of them, in one page of a query, and is sent to each.
pub const SUBSCRIPTIONS_MAX: usize = 20;
/// Characters of a subscription's description: one line of text.
pub const DESCRIPTION_CHARACTERS_MAX: usize = 200;
/// Seconds for which a replaced secret may keep signing: a week is longer than a deployment takes.
pub const SECRET_OVERLAP_SECONDS_MAX: i64 = 604_800;
/// Replaced secrets that sign alongside the current one: a client that misses the response rotates again a few times.
/// Each adds a signature of 47 bytes to a header.
pub const PREVIOUS_SECRETS_MAX: usize = 10;

// ---------------------------------------------------------------- inbound orders
/// Bytes of the foreign body of an inbound order: with its rules it must fit into a DynamoDB item of 400 KB, even if
/// neither compresses.
pub const INBOUND_BYTES_MAX: usize = 256 * 1024;
/// Rules of a transformation: an order in the models has about 120 places.
pub const TRANSFORMATION_RULES_MAX: usize = 200;
/// Bytes of a transformation's rules as stored. Every receipt keeps the rules it was received with.
pub const TRANSFORMATION_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a pointer in a rule: the deepest member of the models needs a fifth.
pub const TRANSFORMATION_POINTER_BYTES_MAX: usize = 512;
/// Bytes of an inbound order's outcome, which replaces its stored body; violations beyond it are only counted.
pub const INBOUND_OUTCOME_BYTES_MAX: usize = 256 * 1024;
