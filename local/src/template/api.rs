//! The `AWS::Serverless::HttpApi`: its stage, its throttling, its CORS and its Lambda authorizers.

use super::{
    error::{Read, Refusal},
    fields::{Fields, entries, texts},
    model::{Api, Cors, Throttling, function_arn},
    scope::{Kind, Scope},
    yaml::Node,
};
use std::collections::BTreeMap;

/// Reads the API.
pub(super) fn read(scope: &Scope, logical_id: &str, properties: &Node) -> Read<Api> {
    let mut fields = Fields::open(scope, "AWS::Serverless::HttpApi", properties)?;
    // A named stage would be part of every path that the router sees.
    fields.need_one_of("StageName", &["$default"])?;
    let throttling = fields.take("DefaultRouteSettings").map(|node| throttling(scope, node)).transpose()?;
    let cors = fields.take("CorsConfiguration").map(|node| cors(scope, node)).transpose()?;
    let mut api = Api {
        logical_id: logical_id.to_owned(),
        authorizers: BTreeMap::new(),
        default_authorizer: None,
        throttling,
        cors,
    };
    if let Some(node) = fields.take("Auth") {
        auth(scope, node, &mut api)?;
    }
    fields.finish()?;
    Ok(api)
}

/// Credentials are sent in headers, never in cookies, so `AllowCredentials` is not supported.
fn cors(scope: &Scope, node: &Node) -> Read<Cors> {
    let mut fields = Fields::open(scope, "CorsConfiguration", node)?;
    let mut list = |name: &str| -> Read<Vec<String>> {
        Ok(texts(scope, fields.need(name)?)?.into_iter().map(|(_, text)| text).collect())
    };
    let (allow_origins, allow_methods) = (list("AllowOrigins")?, list("AllowMethods")?);
    let (allow_headers, expose_headers) = (list("AllowHeaders")?, list("ExposeHeaders")?);
    let max_age_seconds = fields.need_count("MaxAge", 0..=86_400)?;
    fields.finish()?;
    Ok(Cors { allow_origins, allow_methods, allow_headers, expose_headers, max_age_seconds })
}

fn throttling(scope: &Scope, node: &Node) -> Read<Throttling> {
    let mut fields = Fields::open(scope, "DefaultRouteSettings", node)?;
    let rate = fields.need("ThrottlingRateLimit")?;
    let text = scope.text(rate)?;
    let burst = fields.need_count("ThrottlingBurstLimit", 1..=1_000_000)?;
    fields.finish()?;
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(Throttling { rate, burst }),
        _ => Err(Refusal::new(rate.line, format!("`ThrottlingRateLimit` is a number above 0, not `{text}`"))),
    }
}

fn auth(scope: &Scope, node: &Node, api: &mut Api) -> Read<()> {
    let mut fields = Fields::open(scope, "Auth", node)?;
    for (key, node) in entries(fields.need("Authorizers")?)? {
        if key.name == "NONE" {
            return Err(Refusal::new(key.line, "`NONE` means no authorizer and names none"));
        }
        api.authorizers.insert(key.name.clone(), authorizer(scope, &key.name, node)?);
    }
    if let Some(node) = fields.take("DefaultAuthorizer") {
        let name = scope.text(node)?;
        if !api.authorizers.contains_key(&name) {
            return Err(Refusal::new(node.line, format!("there is no authorizer `{name}`")));
        }
        api.default_authorizer = Some(name);
    }
    fields.finish()
}

/// The logical id of the function behind an authorizer.
fn authorizer(scope: &Scope, name: &str, node: &Node) -> Read<String> {
    let mut fields = Fields::open(scope, format!("the authorizer `{name}`"), node)?;
    let function = scope.by_arn(fields.need("FunctionArn")?, Kind::Function, function_arn)?;
    fields.need_one_of("AuthorizerPayloadFormatVersion", &["2.0"])?;
    fields.need_one_of("EnableSimpleResponses", &["true"])?;
    // Without it the gateway may not call the function, and every request on AWS fails with 500.
    fields.need_one_of("EnableFunctionDefaultPermissions", &["true"])?;
    // Identity sources make the gateway reject requests itself, and a lifetime makes it cache answers. Neither is
    // emulated here, so neither is allowed.
    let mut identity = Fields::open(scope, "Identity", fields.need("Identity")?)?;
    identity.need_one_of("ReauthorizeEvery", &["0"])?;
    identity.finish()?;
    fields.finish()?;
    Ok(function)
}
