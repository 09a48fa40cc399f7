//! How a route is declared: in one row, which says everything about it.
//!
//! The routers, the `Allow` header, the tests that cover all routes, the OpenAPI document, the list of routes in the docs,
//! and the gateway's routes in `template.yaml` are derived from the rows (the last three by `cargo mill generate`).

use axum::routing::MethodRouter;
use shared::Code;

use super::App;
#[cfg(feature = "openapi")]
use super::openapi::{Access, Operation};

/// The Lambda function that serves a route. Routes are grouped by the permissions that they need on the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpFunction {
    /// `orders-create`.
    OrdersCreate,
    /// `orders-query`.
    OrdersQuery,
    /// `orders-manage`.
    OrdersManage,
    /// `webhooks`.
    Webhooks,
}

impl HttpFunction {
    /// Every function that serves routes.
    pub const ALL: [Self; 4] = [Self::OrdersCreate, Self::OrdersQuery, Self::OrdersManage, Self::Webhooks];

    /// The name of its binary.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrdersCreate => "orders-create",
            Self::OrdersQuery => "orders-query",
            Self::OrdersManage => "orders-manage",
            Self::Webhooks => "webhooks",
        }
    }
}

/// One route.
#[derive(Clone, Copy)]
pub struct Route {
    /// The function that serves it.
    pub function: HttpFunction,
    /// Its method, in upper case.
    pub method: &'static str,
    /// Its path; `{name}` stands for one segment.
    pub path: &'static str,
    /// Its `operationId` in the OpenAPI document, unique and stable.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// Error codes that do not follow from the types of its handler.
    pub codes: &'static [Code],
    pub(super) handler: fn() -> MethodRouter<App>,
    /// Describes the arguments and the answer of its handler.
    #[cfg(feature = "openapi")]
    pub(super) describe: fn(&mut Operation),
}

#[cfg(feature = "openapi")]
impl Route {
    /// Its arguments, its answers, and all its error codes.
    #[must_use]
    pub fn operation(&self) -> Operation {
        let mut operation = Operation::default();
        (self.describe)(&mut operation);
        operation.codes.extend(self.codes);
        operation.codes.extend([Code::Internal, Code::TryAgain]);
        let is_change = matches!(self.method, "POST" | "PATCH" | "PUT");
        operation.takes_idempotency_key = is_change && operation.access != Access::Public;
        if operation.takes_idempotency_key {
            let codes = [Code::IdempotencyKeyInUse, Code::IdempotencyKeyReused, Code::InvalidParameter];
            operation.codes.extend(codes);
        }
        operation
    }
}

/// Declares routes, one per line: function, method, path, handler, operation id, summary, error codes.
macro_rules! routes {
    ($($function:ident $method:ident $path:literal $handler:path, $operation:literal, $summary:literal, [$($code:ident),*];)+) => {
        &[$($crate::http::route::Route {
            function: $crate::http::route::HttpFunction::$function,
            method: stringify!($method),
            path: $path,
            name: $operation,
            summary: $summary,
            codes: &[$(shared::Code::$code),*],
            handler: || $crate::http::route::mount!($method $handler),
            #[cfg(feature = "openapi")]
            describe: |operation| $crate::http::openapi::describe($handler, operation),
        },)+]
    };
}

/// Mounts a handler under its method.
macro_rules! mount {
    (GET $handler:path) => {
        axum::routing::get($handler)
    };
    (POST $handler:path) => {
        axum::routing::post($handler)
    };
    (PUT $handler:path) => {
        axum::routing::put($handler)
    };
    (PATCH $handler:path) => {
        axum::routing::patch($handler)
    };
    (DELETE $handler:path) => {
        axum::routing::delete($handler)
    };
}

pub(super) use {mount, routes};
