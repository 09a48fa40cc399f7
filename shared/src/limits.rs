//! Every limit, in one place, each with its reason.

/// Bytes of one order: deflated it must fit beside its state in a DynamoDB item of 400 KB, also when it does not compress.
pub const ORDER_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a request body: a Lambda event holds 6 MB of JSON, in which every quote of the body is escaped.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Characters of an `Idempotency-Key` (choice of the spec): it is part of a DynamoDB key (2,048 bytes).
pub const IDEMPOTENCY_KEY_CHARACTERS_MAX: usize = 255;
/// Bytes of the entries in the answer to a bulk, counted as Lambda escapes them; entries beyond it are answered in short. A
/// Lambda answer holds 6 MB, and 500 short entries of the longest names stay within the rest.
pub const BULK_ANSWER_BYTES_MAX: usize = 5 * 1000 * 1000;
/// Orders of one read by ids: as many as one request of the table gives.
pub const READ_ORDERS_MAX: usize = 100;
/// Orders in one bulk: 500 orders of the seed's size are 1.8 MB in and 2.5 MB out, inside Lambda's 6 MB either way.
pub const BULK_ORDERS_MAX: usize = 500;
/// Changes of a bulk that are under way at once: each is a read and a write of one order, a few milliseconds each.
pub const BULK_CONCURRENCY: usize = 25;
/// How deep arrays and objects nest: the deepest member of the models stands at 8; recursion stays bounded.
pub const DEPTH_MAX: usize = 32;
/// Lines of one bulk API order: the SKUs of an order are looked up in one `BatchGetItem`, which takes 100 keys.
pub const PRODUCTS_MAX: usize = 100;
/// Units of one line.
pub const QUANTITY_MAX: i64 = 10_000;
/// Items of one network order: item ids number them with three hex digits; the item list stays within one DynamoDB item.
pub const ITEMS_MAX: usize = 500;
/// Decimals of an amount: the finest currencies have 4 (CLF, UYW); more is the trace of a binary float.
pub const AMOUNT_DECIMALS_MAX: u32 = 4;
/// An amount is below this, so that sums of 10,000 units over 500 lines stay within 28 digits.
pub const AMOUNT_MAX: i64 = 1_000_000_000_000;
/// Violations reported for one body; beyond it the rest is only counted, so that an answer stays bounded.
pub const VIOLATIONS_MAX: usize = 1_000;
/// Bytes of an attempted value that are shown back.
pub const ATTEMPTED_VALUE_BYTES_MAX: usize = 64;
/// Characters of a `clientOrderNumber`: it is part of a DynamoDB key (2,048 bytes).
pub const CLIENT_ORDER_NUMBER_CHARACTERS_MAX: usize = 128;
/// Characters of a `safeId` (choice of the spec).
pub const SAFE_ID_CHARACTERS_MAX: usize = 64;
/// Characters of an `externalId`: it is part of a DynamoDB key (2,048 bytes).
pub const EXTERNAL_ID_CHARACTERS_MAX: usize = 128;

/// Characters of a reason that a person gives: a few sentences.
pub const REASON_CHARACTERS_MAX: usize = 1_000;
/// Characters of a note (choice of the spec): several pages. The longest have 40 KB, so a page of 200 of them does not fit
/// into an answer and ends early.
pub const NOTE_CHARACTERS_MAX: usize = 10_000;
/// Items that one cancel names: those of the largest order.
pub const CANCELLED_ITEMS_MAX: usize = ITEMS_MAX;
/// Refunds that one call asks for: price and shipping of each item of the largest order.
pub const REFUNDS_MAX: usize = 2 * ITEMS_MAX;
/// Packages that one report of a vendor names: an item each of the largest order would be more than anyone sends at once. An
/// order has no more of them than items, because each holds one at least.
pub const PACKAGES_MAX: usize = 100;
/// Bytes of the link to a carrier's page: every carrier's have less than half.
pub const CARRIER_LINK_BYTES_MAX: usize = 512;
/// Bytes of what an order's state may grow to by reports, restarts and refunds, written as JSON, which is longer than the
/// table's form. Beside the largest body 32 KB of the item's 400 KB are left: for a hold, a failure, a reason, recalls, and
/// the units and times of cancelled lines, which must always find room. 500 packages with carrier and tracking number are 60 KB, with a link of 100 bytes each 110 KB.
pub const STATE_BYTES_MAX: usize = 112 * 1024;

// ---------------------------------------------------------------- members of a network order
/// Characters of a SKU: it is part of a DynamoDB key, and no catalogue known to us has longer ones.
pub const SKU_CHARACTERS_MAX: usize = 64;
/// Characters of a name, a street line, a city or a state: more than any carrier prints on a label.
pub const NAME_CHARACTERS_MAX: usize = 200;
/// Characters of a postal code: the longest in use has 10; the rest is room for what people type.
pub const ZIP_CHARACTERS_MAX: usize = 20;
/// Characters of a phone number: 15 digits (E.164) with separators and an extension.
pub const PHONE_CHARACTERS_MAX: usize = 40;
/// Characters of an e-mail address: the longest path of SMTP without its brackets (RFC 5321).
pub const EMAIL_CHARACTERS_MAX: usize = 254;
/// Characters of a URL: what browsers and proxies carry without trouble; signed URLs of S3 fit.
pub const URL_CHARACTERS_MAX: usize = 2_048;
/// Characters of an id that is not ours (transactions, facilities, files).
pub const ID_CHARACTERS_MAX: usize = 128;
/// Characters of a keyword of an open list (print method, shipping method, payment method).
pub const KEYWORD_CHARACTERS_MAX: usize = 64;
/// Characters of a name in `meta` and `clientAttributes`: they are names, not texts.
pub const META_NAME_CHARACTERS_MAX: usize = 128;
/// Characters of a value in `meta` and `clientAttributes`, and of other free text: a note of a page.
pub const META_VALUE_CHARACTERS_MAX: usize = 2_000;
/// Entries of `meta` and `clientAttributes`: notes beside an order, not a data store.
pub const META_ENTRIES_MAX: usize = 100;
/// Images of an item: more than a product has places to print on. 500 items of as many images read back in 3 MB, within
/// the 6 MB of a Lambda answer.
pub const IMAGES_MAX: usize = 20;
/// Options of one item.
pub const OPTIONS_MAX: usize = 100;
/// Payment methods of one order: split payments have a handful.
pub const PAYMENT_METHODS_MAX: usize = 20;
/// Transactions of one payment method: instalments and refunds.
pub const TRANSACTIONS_MAX: usize = 50;
/// Shipments of a reprint: each replaces a shipment of the original order.
pub const REPRINT_SHIPMENTS_MAX: usize = 50;
/// Decimals of a coordinate: 15 are finer than an atom and all that a binary float prints for degrees.
pub const COORDINATE_DECIMALS_MAX: u32 = 15;
/// Names without a rule that are remembered in each object, to find repeated ones: nobody reads these members, and comparing
/// each with all others must not take longer the more there are.
pub const UNKNOWN_NAMES_MAX: usize = 64;
/// Bytes of a member name that are shown in a pointer; the pointer of a longer one ends at its object.
pub const POINTER_NAME_BYTES_MAX: usize = 512;

// ---------------------------------------------------------------- webhooks
/// Subscriptions of one merchant: every event reads all of them, in one page of a query, and is sent to each.
pub const SUBSCRIPTIONS_MAX: usize = 20;
/// Characters of a subscription's description: a line of text.
pub const DESCRIPTION_CHARACTERS_MAX: usize = 200;
/// Seconds for which a replaced secret may go on to sign: a week is more than a deployment takes.
pub const SECRET_OVERLAP_SECONDS_MAX: i64 = 604_800;
/// Replaced secrets that sign beside the present one: a client that does not see the answer rotates again a few times. Each
/// is a signature of 47 bytes in a header.
pub const PREVIOUS_SECRETS_MAX: usize = 10;
