//! Descriptions of arguments.

use axum::extract::State;
use shared::Code;
use shared::body::RequestBody;
use shared::validation::Body as OrderBody;
use shared::validation::generate::{Json, object, text};

use super::super::answer::Collection;
use super::super::body::{
    Body, BulkOrderBytes, Draft, ItemPatchBytes, OptionalBody, OrderBytes, OrderPatchBytes, OrderPatchesBytes,
    OrdersBytes,
};
use super::super::caller::{BulkCaller, NetworkCaller, ShipmentCaller};
use super::super::conditional::IfMatch;
use super::super::paging::List;
use super::super::parameters::{PathParameter, PathParameters};
use super::super::preference::Strict;
use super::super::query::{Loose, Parameters, Query};
use super::super::target::{Change, Find};
use super::super::{App, RequestId};
use super::{Access, Argument, BodyKind, Operation, ParameterType, RequestBodyType};
use crate::store::Table;

macro_rules! nothing {
    ($($type:ty),+) => {$(impl Argument for $type { fn describe(_: &mut Operation) {} })+};
}
nothing!(Table, RequestId, Collection, State<App>);

macro_rules! access {
    ($($type:ty, $access:ident, $codes:expr;)+) => {$(
        impl Argument for $type {
            fn describe(operation: &mut Operation) {
                operation.access = Access::$access;
                operation.codes.extend($codes);
            }
        }
    )+};
}
access! {
    NetworkCaller, Merchant, [Code::Unauthorized, Code::Forbidden];
    ShipmentCaller, MerchantOrVendor, [Code::Unauthorized];
    BulkCaller, BulkAccount, [Code::Unauthorized];
}

impl Argument for Strict {
    fn describe(operation: &mut Operation) {
        operation.has_strict_handling = true;
    }
}

impl Argument for IfMatch {
    fn describe(operation: &mut Operation) {
        operation.is_conditional = true;
        operation.codes.insert(Code::PreconditionFailed);
    }
}

impl Argument for Find {
    fn describe(operation: &mut Operation) {
        NetworkCaller::describe(operation);
        PathParameter::describe(operation);
    }
}

impl Argument for Change {
    fn describe(operation: &mut Operation) {
        Find::describe(operation);
        IfMatch::describe(operation);
    }
}

impl Argument for PathParameter {
    fn describe(operation: &mut Operation) {
        operation.codes.insert(Code::NotFound);
    }
}

impl<T> Argument for PathParameters<T> {
    fn describe(operation: &mut Operation) {
        operation.codes.insert(Code::NotFound);
    }
}

impl<P: Parameters> Argument for Query<P> {
    fn describe(operation: &mut Operation) {
        Loose::<P>::describe(operation);
        operation.has_strict_handling = true;
    }
}

impl<P: Parameters> Argument for Loose<P> {
    fn describe(operation: &mut Operation) {
        operation.query.extend(P::describe());
        operation.codes.insert(Code::InvalidParameter);
    }
}

impl<F: Parameters> Argument for List<F> {
    fn describe(operation: &mut Operation) {
        Query::<super::super::paging::ListParameters<F>>::describe(operation);
    }
}

fn body(operation: &mut Operation, rules: BodyKind, is_required: bool) {
    operation.body = Some(RequestBodyType { rules, is_required });
    operation.codes.extend([Code::ValidationFailed, Code::PayloadTooLarge, Code::UnsupportedMediaType]);
}

impl<T: RequestBody> Argument for Body<T> {
    fn describe(operation: &mut Operation) {
        body(operation, BodyKind::Rules(T::RULES), true);
        operation.has_strict_handling = true;
        operation.codes.insert(Code::MerchantMismatch);
    }
}

impl<T: RequestBody> Argument for Draft<T> {
    fn describe(operation: &mut Operation) {
        Body::<T>::describe(operation);
    }
}

impl<T: RequestBody> Argument for OptionalBody<T> {
    fn describe(operation: &mut Operation) {
        Body::<T>::describe(operation);
        body(operation, BodyKind::Rules(T::RULES), false);
    }
}

macro_rules! bytes {
    ($($type:ty, $rules:expr, $codes:expr;)+) => {$(
        impl Argument for $type {
            fn describe(operation: &mut Operation) {
                body(operation, $rules, true);
                operation.codes.extend($codes);
            }
        }
    )+};
}
bytes! {
    OrderBytes, BodyKind::Rules(OrderBody::Order.rules()), [Code::MerchantMismatch];
    OrdersBytes, BodyKind::Rules(OrderBody::Orders.rules()), [Code::MerchantMismatch];
    BulkOrderBytes, BodyKind::Rules(OrderBody::BulkOrder.rules()), [Code::ValidationFailed];
    OrderPatchBytes, BodyKind::Patch("an order"), [Code::MerchantMismatch];
    ItemPatchBytes, BodyKind::Patch("an item of an order"), [Code::MerchantMismatch];
    OrderPatchesBytes, BodyKind::Patches("an order"), [Code::MerchantMismatch];
}

impl ParameterType {
    fn of(members: Vec<(&str, Json)>) -> Self {
        let members = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { schema: Json::Object(members), is_required: false, is_list: false, may_be_empty: false }
    }

    /// Any text; an empty parameter counts as absent.
    pub(crate) fn text() -> Self {
        Self::of(vec![("type", Json::Text("string".to_owned()))])
    }

    /// With at most this many characters.
    pub(crate) fn no_longer_than(mut self, characters: usize) -> Self {
        if let Json::Object(members) = &mut self.schema {
            members.push(("maxLength".to_owned(), Json::Number(characters as i64)));
        }
        self
    }

    /// With at least one character.
    pub(crate) fn not_empty(mut self) -> Self {
        if let Json::Object(members) = &mut self.schema {
            members.push(("minLength".to_owned(), Json::Number(1)));
        }
        self
    }

    /// A date, or a date and time.
    pub(crate) fn time() -> Self {
        let format = |name: &str| object([("type", text("string")), ("format", text(name))]);
        Self { may_be_empty: true, ..Self::of(vec![("anyOf", Json::List(vec![format("date"), format("date-time")]))]) }
    }

    /// One of these names.
    pub(crate) fn names(names: &[&str]) -> Self {
        let names = names.iter().map(|name| Json::Text((*name).to_owned())).collect();
        let names = Self::of(vec![("type", Json::Text("string".to_owned())), ("enum", Json::List(names))]);
        Self { may_be_empty: true, ..names }
    }

    /// A number from 1.
    pub(crate) fn count(max: usize) -> Self {
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        let kind = Json::Text("integer".to_owned());
        let count = Self::of(vec![("type", kind), ("minimum", Json::Number(1)), ("maximum", Json::Number(max))]);
        Self { may_be_empty: true, ..count }
    }

    /// Required.
    pub(crate) fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    /// Several values, separated by commas.
    pub(crate) fn several(self) -> Self {
        let array = Self::of(vec![("type", Json::Text("array".to_owned())), ("items", self.complete_schema())]);
        Self { is_list: true, ..array }
    }

    /// With at most this many values, and at least one.
    pub(crate) fn at_most(mut self, max: usize) -> Self {
        if let Json::Object(members) = &mut self.schema {
            members.push(("minItems".to_owned(), Json::Number(1)));
            members.push(("maxItems".to_owned(), Json::Number(i64::try_from(max).unwrap_or(i64::MAX))));
        }
        self
    }

    /// Its parameter object.
    #[must_use]
    pub fn parameter(&self, name: &str, about: &str) -> Json {
        let mut members = vec![
            ("name".to_owned(), text(name)),
            ("in".to_owned(), text("query")),
            ("description".to_owned(), text(about)),
            ("required".to_owned(), Json::Boolean(self.is_required)),
        ];
        if self.is_list {
            members.push(("style".to_owned(), text("form")));
            members.push(("explode".to_owned(), Json::Boolean(false)));
        }
        members.push(("schema".to_owned(), self.complete_schema()));
        Json::Object(members)
    }

    fn complete_schema(&self) -> Json {
        if !self.may_be_empty || self.is_required {
            return self.schema.clone();
        }
        object([("anyOf", Json::List(vec![self.schema.clone(), object([("const", text(""))])]))])
    }
}
