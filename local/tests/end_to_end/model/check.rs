//! Compares an answer with the model's prediction.

use serde_json::Value;

use super::world::Expected;
use crate::support::Reply;

/// Status and code, as counted.
pub(super) fn summary(reply: &Reply) -> String {
    let code = reply.body["code"].as_str().map(|code| format!(" {code}")).unwrap_or_default();
    format!("{}{code}", reply.status)
}

/// Checks that the answer is the expected one; describes the difference otherwise.
pub(super) fn answer(expected: &Expected, reply: &Reply) -> Result<(), String> {
    let differs = |what: String| Err(format!("{what}\nanswered {} {}", reply.status, reply.body));
    if let Err(difference) = entry(expected, reply.status.into(), &reply.body) {
        return differs(difference);
    }
    let tag = expected.version.map(|version| format!("\"{version}\"")).unwrap_or_default();
    if expected.version.is_some() && reply.header("etag") != tag {
        return differs(format!("the ETag is {}, not {tag}", reply.header("etag")));
    }
    if expected.replayed != (reply.header("idempotency-replayed") == "true") {
        return differs(format!("replayed: {}", !expected.replayed));
    }
    Ok(())
}

/// The same for an entry of a bulk.
fn entry(expected: &Expected, status: u64, body: &Value) -> Result<(), String> {
    if status != u64::from(expected.status) {
        return Err(format!("the status is {status}, not {} {:?}", expected.status, expected.code));
    }
    if let Some(code) = expected.code.filter(|code| body["code"] != **code) {
        return Err(format!("the code is {}, not {code}", body["code"]));
    }
    for (code, pointer) in &expected.violations {
        let errors = body["errors"].as_array().into_iter().flatten();
        let mut same = errors.filter(|error| error["errorCode"] == *code && error["pointer"] == pointer.as_str());
        if same.next().is_none() {
            return Err(format!("{code} at `{pointer}` is not among the errors"));
        }
    }
    if let Some(wanted) = &expected.body {
        within(wanted, body, "")?;
    }
    if let Some(wanted) = &expected.orders {
        let mut found: Vec<Value> = body["orders"].as_array().cloned().unwrap_or_default();
        let by_name = |order: &Value| order["safeId"].as_str().unwrap_or_default().to_owned();
        let mut wanted = wanted.clone();
        found.sort_by_key(by_name);
        wanted.sort_by_key(by_name);
        within(&Value::Array(wanted), &Value::Array(found), "/orders")?;
    }
    let Some(wanted) = &expected.bulk else { return Ok(()) };
    let entries = body["bulk"].as_array().cloned().unwrap_or_default();
    if entries.len() != wanted.len() {
        return Err(format!("{} entries, not {}", entries.len(), wanted.len()));
    }
    for (index, (wanted, found)) in wanted.iter().zip(&entries).enumerate() {
        let status = found["status"].as_u64().unwrap_or_default();
        entry(wanted, status, &found["response"]).map_err(|difference| format!("entry {index}: {difference}"))?;
    }
    Ok(())
}

/// Checks that `found` contains every member of `wanted`. The merchant's own maps may contain no others.
fn within(wanted: &Value, found: &Value, at: &str) -> Result<(), String> {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) if !at.ends_with("/meta") => {
            // A resource without an id yet is not compared by it.
            let known = wanted.iter().filter(|(name, value)| *name != "id" || !value.is_null());
            known.into_iter().try_for_each(|(name, wanted)| {
                within(wanted, found.get(name).unwrap_or(&Value::Null), &format!("{at}/{name}"))
            })
        }
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            let mut pairs = wanted.iter().zip(found).enumerate();
            pairs.try_for_each(|(index, (wanted, found))| within(wanted, found, &format!("{at}/{index}")))
        }
        _ if wanted == found => Ok(()),
        _ => Err(format!("{at} is {found}, not {wanted}")),
    }
}

/// The ids of new orders in an answer.
pub(super) fn created(expected: &Expected, body: &Value) -> Vec<(usize, String)> {
    let id = |body: &Value| body["order"]["id"].as_str().unwrap_or_default().to_owned();
    let own = expected.created.map(|index| (index, id(body)));
    let entries = expected.bulk.iter().flatten().enumerate();
    let of_entry = |(place, entry): (usize, &Expected)| Some((entry.created?, id(&body["bulk"][place]["response"])));
    own.into_iter().chain(entries.filter_map(of_entry)).collect()
}
