// Written by `cargo mill generate` from shared/src/catalogue.rs.

/** One place in a body, or the body itself, breaks a rule. */
export type ViolationCode =
  /** The bytes are not JSON (RFC 8259). */
  | "NOT_JSON"
  /** The bytes are not UTF-8. */
  | "INVALID_UTF8"
  /** Arrays and objects nest deeper than the limit. */
  | "TOO_DEEP"
  /** An object has the same member twice. */
  | "DUPLICATE_MEMBER"
  /** A required member is absent or null. */
  | "REQUIRED"
  /** The value has another JSON type than the rule asks for. */
  | "WRONG_TYPE"
  /** A string is shorter than the limit, in characters. */
  | "TOO_SHORT"
  /** A string is longer than the limit, in characters. */
  | "TOO_LONG"
  /** An array or map has fewer entries than the limit. */
  | "TOO_FEW"
  /** An array or map has more entries than the limit. */
  | "TOO_MANY"
  /** A number is outside its range. */
  | "OUT_OF_RANGE"
  /** An amount has more decimals than the limit. */
  | "TOO_MANY_DECIMALS"
  /** A string is not of the form that its member asks for. */
  | "INVALID_FORMAT"
  /** A string holds a control character. */
  | "CONTROL_CHARACTER"
  /** A text holds a card number: 14 to 19 digits, also with single spaces or hyphens among them, that begin like those of a card network, have a length that it uses, and pass Luhn's check. No answer shows it. `cardFirst4` and `cardLast4` are all of a card that is kept. */
  | "CARD_NUMBER"
  /** The duplicate check is on, but there is nothing to check. */
  | "CLIENT_ORDER_NUMBER_REQUIRED"
  /** No product has this SKU. */
  | "UNKNOWN_SKU"
  /** The product is not sold at present. */
  | "INACTIVE_SKU"
  /** No price covers the quantity. */
  | "NO_PRICE"
  /** A total or a line exceeds what an amount can hold. */
  | "AMOUNT_TOO_LARGE"
  /** The order has no such item. */
  | "NO_SUCH_ITEM"
  /** An update brings a member that stays as the order was created with it. */
  | "NOT_UPDATABLE"
  /** The body, or one order in it, is larger than the limit. */
  | "PAYLOAD_TOO_LARGE"
  /** A bulk holds more orders than the limit. */
  | "TOO_MANY_ORDERS";

/** One place in a body is odd; it is accepted. */
export type WarningCode =
  /** No rule knows the member; it is kept out of the order. */
  | "UNKNOWN_MEMBER"
  /** The answer to a bulk would be too long: this order is answered in short. */
  | "ANSWER_SHORTENED"
  /** Amounts of the body do not add up. */
  | "TOTAL_MISMATCH"
  /** An earlier order of the same bulk has this safe id; whether it is a replay or a conflict is decided on creation. */
  | "DUPLICATE_SAFE_ID";

/** The answer to a whole request. */
export type ProblemCode =
  /** At least one violation; the answer lists them. */
  | "VALIDATION_FAILED"
  /** A query parameter or a header cannot be read. */
  | "INVALID_PARAMETER"
  /** The lines of a bulk API order have more than one currency. */
  | "MIXED_CURRENCY"
  /** Credentials are missing or wrong. */
  | "UNAUTHORIZED"
  /** The wallet holds less than the order costs. */
  | "INSUFFICIENT_FUNDS"
  /** The body names another merchant than the credentials. */
  | "MERCHANT_MISMATCH"
  /** The credentials are valid, and for other calls. */
  | "FORBIDDEN"
  /** Nothing is there, or it is another merchant's. */
  | "NOT_FOUND"
  /** The path exists, but not for this method. */
  | "METHOD_NOT_ALLOWED"
  /** The merchant has an order with this client order number. */
  | "CLIENT_ORDER_NUMBER_DUPLICATE"
  /** The merchant has another order with this safe id. */
  | "SAFE_ID_EXISTS"
  /** The merchant has another order with this external id. */
  | "EXTERNAL_ID_EXISTS"
  /** A request with this idempotency key is being worked. */
  | "IDEMPOTENCY_KEY_IN_USE"
  /** The thing has changed since the client read it. */
  | "PRECONDITION_FAILED"
  /** The body, or one order in it, is larger than the limit. */
  | "PAYLOAD_TOO_LARGE"
  /** A bulk holds more orders than the limit. */
  | "TOO_MANY_ORDERS"
  /** The body is not declared as JSON. */
  | "UNSUPPORTED_MEDIA_TYPE"
  /** No wallet can pay in the currency. */
  | "UNSUPPORTED_CURRENCY"
  /** The order, or the shipment, is not in a state that allows it; the message says in which it is. */
  | "STATE_NOT_ALLOWED"
  /** A refund is more than what is left of the item's price or shipping; the message says how much that is. */
  | "REFUND_EXCEEDS_BALANCE"
  /** The merchant has as many subscriptions as it may. */
  | "TOO_MANY_SUBSCRIPTIONS"
  /** An earlier request with this idempotency key was another one. */
  | "IDEMPOTENCY_KEY_REUSED"
  /** A fault of ours; the log has the reason under the request id. */
  | "INTERNAL"
  /** A service that this one needs did not answer in time; the same request may be sent again. */
  | "TRY_AGAIN";

/** Every code that the APIs and the validation answer. */
export type Code = ViolationCode | WarningCode | ProblemCode;
