//! Describes each route for the generator of the OpenAPI document.
//!
//! Compiled only with the feature `openapi`, for `cargo mill generate`, so deployed functions do not contain it. A handler
//! is described by its types: each argument names the part of the request that it reads, the answer names its statuses and
//! schema, and both name their error codes. The route's row adds the rest.

mod answers;
mod arguments;

use std::collections::BTreeSet;

use schemars::Schema;
use schemars::generate::SchemaGenerator;
use shared::Code;
use shared::validation::BodyRules;
use shared::validation::generate::Json;

/// Who may call a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    #[default]
    Public,
    /// A merchant of the order network API.
    Merchant,
    /// Such a merchant, or one of its vendors.
    MerchantOrVendor,
    /// An account of the bulk order API.
    BulkAccount,
}

/// The type of a query parameter.
#[derive(Clone, Debug)]
pub struct ParameterType {
    schema: Json,
    is_required: bool,
    is_list: bool,
    /// Whether the schema must say that an empty value counts as absent.
    may_be_empty: bool,
}

/// The body that a route reads.
#[derive(Clone, Copy)]
pub struct RequestBodyType {
    /// Its rules.
    pub rules: BodyKind,
    /// Whether it is required.
    pub is_required: bool,
}

/// Which rules a body has.
#[derive(Clone, Copy)]
pub enum BodyKind {
    /// A table of its own.
    Rules(&'static BodyRules),
    /// Any object, as a merge patch of the named thing.
    Patch(&'static str),
    /// A batch of such patches, each with the id of its order.
    Patches(&'static str),
}

/// A successful answer.
pub struct AnswerType {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: &'static [&'static str],
    /// The schema of its body, if it has one.
    pub schema: Option<fn(&mut SchemaGenerator) -> Schema>,
}

/// The description of a handler.
#[derive(Default)]
pub struct Operation {
    /// Who may call it.
    pub access: Access,
    /// Takes an `Idempotency-Key`.
    pub takes_idempotency_key: bool,
    /// Its query parameters: name, description, type.
    pub query: Vec<(&'static str, &'static str, ParameterType)>,
    /// Reads `If-Match`.
    pub is_conditional: bool,
    /// Honours `Prefer: handling=strict`.
    pub has_strict_handling: bool,
    /// The body that it reads.
    pub body: Option<RequestBodyType>,
    /// Its successful answers.
    pub answers: Vec<AnswerType>,
    /// Its error codes.
    pub codes: BTreeSet<Code>,
}

/// An argument of a handler.
pub(crate) trait Argument {
    fn describe(operation: &mut Operation);
}

/// The answer of a handler.
pub(crate) trait Answers {
    fn describe(operation: &mut Operation);
}

/// A handler that is described by its arguments and its answer.
pub(crate) trait Described<Arguments> {
    fn describe(operation: &mut Operation);
}

macro_rules! described {
    ($($argument:ident)*) => {
        impl<F, Fut, A, $($argument,)*> Described<($($argument,)*)> for F
        where
            F: Fn($($argument,)*) -> Fut,
            Fut: Future<Output = Result<A, crate::refusal::Refusal>>,
            A: Answers,
            $($argument: Argument,)*
        {
            fn describe(operation: &mut Operation) {
                $($argument::describe(operation);)*
                A::describe(operation);
            }
        }
    };
}

described! {}
described! { A1 }
described! { A1 A2 }
described! { A1 A2 A3 }
described! { A1 A2 A3 A4 }
described! { A1 A2 A3 A4 A5 }
described! { A1 A2 A3 A4 A5 A6 }

/// Describes a handler.
pub(super) fn describe<H: Described<Arguments>, Arguments>(_: H, operation: &mut Operation) {
    H::describe(operation);
}

/// Adds the schemas of both error bodies.
pub fn error_schemas(generator: &mut SchemaGenerator) {
    generator.subschema_for::<crate::refusal::NetworkBody>();
    generator.subschema_for::<crate::refusal::BulkBody>();
}
