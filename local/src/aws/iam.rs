//! Identifies callers and checks them against the policies of the template.
//!
//! Each function has its own access key. Signatures are not verified: the key id identifies the caller, which is all
//! that a permission check needs, and services on 127.0.0.1 are no secret from this machine's user. Policies have
//! neither wildcards nor conditions (the template reader rejects them), so a decision is a search for two equal
//! strings.

use crate::template::{ACCOUNT, Effect, Function, Statement};
use axum::http::{HeaderMap, header::AUTHORIZATION};
use std::collections::BTreeMap;

/// The principals of the stack by access key id.
#[derive(Debug, Default)]
pub struct Identities {
    principals: BTreeMap<String, Principal>,
}

#[derive(Debug)]
enum Principal {
    /// Allowed everything: the tools and the tests.
    Administrator,
    /// Allowed what its statements allow.
    Function { role: String, name: String, statements: Vec<Statement> },
}

/// Why a call is denied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The request has no readable `Authorization` header.
    #[error("Request is missing Authentication Token")]
    MissingToken,
    /// No principal has this access key.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// The policies do not allow it.
    #[error(
        "User: {user} is not authorized to perform: {action} on resource: {resource} because no identity-based policy \
         allows the {action} action"
    )]
    NotAllowed {
        /// The principal's ARN.
        user: String,
        /// The attempted action.
        action: String,
        /// The resource.
        resource: String,
    },
    /// A policy forbids it.
    #[error(
        "User: {user} is not authorized to perform: {action} on resource: {resource} with an explicit deny in an \
         identity-based policy"
    )]
    Forbidden {
        /// The principal's ARN.
        user: String,
        /// The attempted action.
        action: String,
        /// The resource.
        resource: String,
    },
}

impl Identities {
    /// Without principals.
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows the holder of this key everything.
    pub fn add_administrator(&mut self, access_key_id: impl Into<String>) {
        self.principals.insert(access_key_id.into(), Principal::Administrator);
    }

    /// Allows the holder of this key what the function's policies allow.
    pub fn add_function(&mut self, access_key_id: impl Into<String>, function: &Function) {
        let principal = Principal::Function {
            role: format!("{}Role", function.name),
            name: function.name.clone(),
            statements: function.statements.clone(),
        };
        self.principals.insert(access_key_id.into(), principal);
    }

    /// Checks that the holder of the key may perform the action.
    ///
    /// # Errors
    ///
    /// The denial, with AWS's message.
    pub fn authorize(&self, access_key_id: &str, action: &str, resource_arn: &str) -> Result<(), Denied> {
        let (role, name, statements) = match self.principals.get(access_key_id) {
            None => return Err(Denied::UnknownKey),
            Some(Principal::Administrator) => return Ok(()),
            Some(Principal::Function { role, name, statements }) => (role, name, statements),
        };
        // IAM compares action names case-insensitively.
        let applies = |statement: &&Statement| {
            statement.actions.iter().any(|allowed| allowed.eq_ignore_ascii_case(action))
                && statement.resources.iter().any(|allowed| allowed == resource_arn)
        };
        let user = || format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}");
        let mut applying = statements.iter().filter(applies).peekable();
        if applying.peek().is_none() {
            return Err(Denied::NotAllowed {
                user: user(),
                action: action.to_owned(),
                resource: resource_arn.to_owned(),
            });
        }
        if applying.any(|statement| statement.effect == Effect::Deny) {
            return Err(Denied::Forbidden {
                user: user(),
                action: action.to_owned(),
                resource: resource_arn.to_owned(),
            });
        }
        Ok(())
    }

    /// The `SenderId` of a message: the unique id of the role and the name of its session.
    pub fn sender_id(&self, access_key_id: &str) -> String {
        match self.principals.get(access_key_id) {
            Some(Principal::Function { name, .. }) => format!("AROAORDERMILLLOCAL:{name}"),
            _ => "AIDAORDERMILLLOCAL".to_owned(),
        }
    }
}

/// The access key id in `Authorization: AWS4-HMAC-SHA256 Credential=AKID/date/region/service/aws4_request, …`.
///
/// # Errors
///
/// [`Denied::MissingToken`] if there is none.
pub fn access_key_id(headers: &HeaderMap) -> Result<&str, Denied> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or(Denied::MissingToken)?;
    let fields = header.strip_prefix("AWS4-HMAC-SHA256").ok_or(Denied::MissingToken)?;
    let credential =
        fields.split(',').find_map(|field| field.trim().strip_prefix("Credential=")).ok_or(Denied::MissingToken)?;
    match credential.split_once('/') {
        Some((key, _)) if !key.is_empty() => Ok(key),
        _ => Err(Denied::MissingToken),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const TABLE: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/t";

    fn statement(effect: Effect, actions: &[&str]) -> Statement {
        Statement {
            effect,
            actions: actions.iter().map(|action| (*action).to_owned()).collect(),
            resources: vec![TABLE.to_owned()],
        }
    }

    fn identities() -> Identities {
        let mut identities = Identities::new();
        identities.add_administrator("ADMIN");
        identities.principals.insert(
            "FUNCTION".to_owned(),
            Principal::Function {
                role: "ordermill-FRole".to_owned(),
                name: "ordermill-F".to_owned(),
                statements: vec![
                    statement(Effect::Allow, &["dynamodb:GetItem", "dynamodb:PutItem"]),
                    statement(Effect::Deny, &["dynamodb:PutItem"]),
                ],
            },
        );
        identities
    }

    #[test]
    fn a_function_may_do_what_its_policies_allow_and_none_deny() {
        let identities = identities();
        assert_eq!(identities.authorize("ADMIN", "dynamodb:DeleteTable", TABLE), Ok(()));
        assert_eq!(identities.authorize("FUNCTION", "dynamodb:GetItem", TABLE), Ok(()));
        for (key, action, resource, expected) in [
            (
                "FUNCTION",
                "dynamodb:DeleteItem",
                TABLE,
                "User: arn:aws:sts::000000000000:assumed-role/ordermill-FRole/ordermill-F is not authorized to perform: dynamodb:DeleteItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table/t because no identity-based policy allows the dynamodb:DeleteItem action",
            ),
            (
                "FUNCTION",
                "dynamodb:GetItem",
                "arn:aws:dynamodb:us-east-1:000000000000:table/other",
                "User: arn:aws:sts::000000000000:assumed-role/ordermill-FRole/ordermill-F is not authorized to perform: dynamodb:GetItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table/other because no identity-based policy allows the dynamodb:GetItem action",
            ),
            (
                "FUNCTION",
                "dynamodb:PutItem",
                TABLE,
                "User: arn:aws:sts::000000000000:assumed-role/ordermill-FRole/ordermill-F is not authorized to perform: dynamodb:PutItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table/t with an explicit deny in an identity-based policy",
            ),
            ("NOBODY", "dynamodb:GetItem", TABLE, "The security token included in the request is invalid."),
        ] {
            assert_eq!(identities.authorize(key, action, resource).expect_err("refused").to_string(), expected);
        }
    }

    #[test]
    fn the_key_id_is_read_from_the_credential() {
        for (header, expected) in [
            (
                Some("AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host"),
                Ok("AKID"),
            ),
            (Some("AWS4-HMAC-SHA256 SignedHeaders=host,Credential=AKID/x"), Ok("AKID")),
            (Some("AWS4-HMAC-SHA256 Credential=/x"), Err(Denied::MissingToken)),
            (Some("Bearer AKID"), Err(Denied::MissingToken)),
            (None, Err(Denied::MissingToken)),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                headers.insert(AUTHORIZATION, HeaderValue::from_static(header));
            }
            assert_eq!(access_key_id(&headers), expected, "{header:?}");
        }
    }
}
