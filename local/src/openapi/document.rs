//! The OpenAPI document, written from the rows of the routes.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use shared::limits::IDEMPOTENCY_KEY_CHARACTERS_MAX;
use shared::order_network::event::Event;
use shared::validation::generate::{Json, Models, object, text, texts};
use shared::webhook::EventKind;

use functions::openapi::{Access, AnswerType, BodyKind, Operation, error_schemas};
use functions::routes::{ROUTES, Route};

use super::errors::{by_status, header_references, response};
use super::examples::{Example, Examples};
use super::service::{SERVICES, service};

/// The document, with examples from recorded conversations.
#[must_use]
pub fn document(examples: &Examples) -> Json {
    let mut schemas = Schemas::new();
    let mut paths: Vec<(String, Json)> = Vec::new();
    for route in ROUTES {
        let operation = schemas.operation(route, examples.of(&format!("{} {}", route.method, route.path)));
        let method = route.method.to_ascii_lowercase();
        match paths.iter_mut().find(|(path, _)| path == route.path) {
            Some((_, Json::Object(methods))) => methods.push((method, operation)),
            _ => paths.push((route.path.to_owned(), Json::Object(vec![(method, operation)]))),
        }
    }
    let webhooks = EventKind::ALL.map(|kind| (kind.as_str().to_owned(), schemas.webhook(kind))).into();
    object([
        ("openapi", text("3.1.0")),
        ("info", info()),
        (
            "servers",
            Json::List(vec![object([
                ("url", text("http://127.0.0.1:3000")),
                ("description", text("The stack on this machine (`cargo mill up`)")),
            ])]),
        ),
        ("tags", tags()),
        ("paths", Json::Object(paths)),
        ("webhooks", Json::Object(webhooks)),
        (
            "components",
            object([("schemas", schemas.finish()), ("headers", headers()), ("securitySchemes", security_schemes())]),
        ),
    ])
}

fn info() -> Json {
    object([
        ("title", text("Ordermill")),
        ("version", text(env!("CARGO_PKG_VERSION"))),
        ("summary", text("Orders in bulk: the bulk order API and the order network API.")),
        (
            "description",
            text(
                "An order system for people who take orders in bulk. Every request body is validated as a whole: an answer \
             lists all violations, each with its code, place and value. A refusal has a stable code; \
             match on it, not on the message. Members that a request does not know are named in `warnings`; \
             `Prefer: handling=strict` makes every warning a violation. A POST, PATCH or PUT with an `Idempotency-Key` is \
             carried out once, however often it is sent.",
            ),
        ),
        ("license", object([("name", text("MIT OR Apache-2.0")), ("identifier", text("MIT OR Apache-2.0"))])),
    ])
}

fn tags() -> Json {
    let tags = SERVICES.iter().filter(|(_, _, about)| !about.is_empty());
    Json::List(tags.map(|(_, name, about)| object([("name", text(*name)), ("description", text(*about))])).collect())
}

fn security_schemes() -> Json {
    let bearer =
        |about: &str| object([("type", text("http")), ("scheme", text("bearer")), ("description", text(about))]);
    object([
        ("merchantToken", bearer("The token of a merchant, or of an account of the bulk order API.")),
        ("vendorToken", bearer("The token of one of a merchant's vendors; it sees that vendor's shipments.")),
        (
            "apiKey",
            object([
                ("type", text("apiKey")),
                ("in", text("header")),
                ("name", text("x-api-key")),
                (
                    "description",
                    text("The key of an account of the bulk order API; sent beside the token of the same account."),
                ),
            ]),
        ),
    ])
}

fn security(access: Access) -> Json {
    let one =
        |names: &[&str]| Json::Object(names.iter().map(|name| ((*name).to_owned(), Json::List(Vec::new()))).collect());
    Json::List(match access {
        Access::Public => Vec::new(),
        Access::Merchant => vec![one(&["merchantToken"])],
        Access::MerchantOrVendor => vec![one(&["merchantToken"]), one(&["vendorToken"])],
        Access::BulkAccount => vec![one(&["merchantToken", "apiKey"])],
    })
}

fn headers() -> Json {
    let header = |about: &str| object([("description", text(about)), ("schema", object([("type", text("string"))]))]);
    object([
        ("ETag", header("The version of what the answer shows; send it as `If-Match` to change just that version.")),
        ("Location", header("The path of what was created.")),
        ("Retry-After", header("Seconds after which to send the same request again; present where that helps.")),
        (
            "WWW-Authenticate",
            header("The scheme of the credentials; `error=\"invalid_token\"` where a token came and is not valid."),
        ),
        ("Idempotency-Replayed", header("`true` on an answer that was given before; absent otherwise.")),
    ])
}

/// Collects the schemas that the document refers to.
struct Schemas {
    requests: Models,
    answers: SchemaGenerator,
}

impl Schemas {
    fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        let mut answers = settings.for_serialize().into_generator();
        error_schemas(&mut answers);
        Self { requests: Models::new("#/components/schemas/"), answers }
    }

    fn finish(mut self) -> Json {
        let answers = self.answers.take_definitions(true);
        let mut schemas = self.requests.finish();
        schemas.extend(answers.into_iter().map(|(name, schema)| (name, Json::from(schema))));
        schemas.sort_by(|(one, _), (other, _)| one.cmp(other));
        Json::Object(schemas)
    }

    fn operation(&mut self, route: &Route, examples: &[Example]) -> Json {
        let operation = route.operation();
        let parameters = parameters(route, &operation);
        let body = operation.body.map(|body| {
            let sent = examples.iter().filter(|example| example.status < 300 && example.is_flawless());
            let sent = sent.filter_map(|example| Some((example.title.clone(), example.request.clone()?)));
            let content = object([("schema", self.body(body.rules))]).with_some("examples", several(sent, 2));
            object([
                ("required", Json::Boolean(body.is_required)),
                ("content", object([("application/json", content)])),
            ])
        });
        object([
            ("operationId", text(route.name)),
            ("summary", text(route.summary.trim_end_matches('.'))),
            ("tags", texts([service(route.path)])),
        ])
        .with("security", security(operation.access))
        .with_some("parameters", (!parameters.is_empty()).then_some(Json::List(parameters)))
        .with_some("requestBody", body)
        .with("responses", self.responses(&operation, examples))
    }

    fn body(&mut self, kind: BodyKind) -> Json {
        let patch = |what: &str| {
            object([
                ("type", text("object")),
                (
                    "description",
                    text(format!("A merge patch (RFC 7396) of the members of {what}; null clears a member.")),
                ),
                ("additionalProperties", Json::Boolean(true)),
            ])
        };
        match kind {
            BodyKind::Rules(rules) => self.requests.body(rules),
            BodyKind::Patch(what) => patch(what),
            BodyKind::Patches(what) => {
                let id =
                    object([("type", text("string")), ("description", text("The id of the order that it is for."))]);
                let entry =
                    patch(what).with("properties", object([("orderId", id)])).with("required", texts(["orderId"]));
                let bulk = object([("type", text("array")), ("minItems", Json::Number(1)), ("items", entry)]);
                object([
                    ("type", text("object")),
                    ("properties", object([("bulk", bulk)])),
                    ("required", texts(["bulk"])),
                ])
            }
        }
    }

    fn responses(&mut self, operation: &Operation, examples: &[Example]) -> Json {
        let mut responses: Vec<(u16, Json)> = Vec::new();
        for answer in &operation.answers {
            responses.push((answer.status, self.success(operation, answer, examples)));
        }
        for (status, codes) in by_status(operation) {
            let answered = examples.iter().filter(|example| example.status == status);
            let answered = answered.filter_map(|example| Some((example.title.clone(), example.answer.clone()?)));
            responses.push((status, with_examples(response(status, &codes, operation.access), several(answered, 1))));
        }
        let throttled = object([
            ("type", text("object")),
            ("properties", object([("message", object([("type", text("string"))]))])),
        ]);
        let throttled = object([
            ("description", text("The gateway's limit of requests per second is exceeded.")),
            ("content", object([("application/json", object([("schema", throttled)]))])),
        ]);
        responses.push((429, throttled));
        responses.sort_by_key(|(status, _)| *status);
        Json::Object(responses.into_iter().map(|(status, response)| (status.to_string(), response)).collect())
    }

    fn success(&mut self, operation: &Operation, answer: &AnswerType, examples: &[Example]) -> Json {
        let mut names = answer.headers.to_vec();
        if operation.takes_idempotency_key || (answer.status == 200 && operation.answers.len() > 1) {
            names.push("Idempotency-Replayed");
        }
        let about = match answer.status {
            201 => "Created.",
            202 => "Accepted.",
            204 => "Deleted.",
            _ => "Success.",
        };
        let answered = examples.iter().filter(|example| example.status == answer.status);
        let answered = answered.filter_map(|example| Some((example.title.clone(), example.answer.clone()?)));
        let content = answer.schema.map(|schema| {
            let schema = Json::from(serde_json::Value::from(schema(&mut self.answers)));
            object([("application/json", object([("schema", schema)]).with_some("examples", several(answered, 1)))])
        });
        object([("description", text(about))])
            .with_some("headers", (!names.is_empty()).then(|| header_references(&names)))
            .with_some("content", content)
    }

    /// The call that a subscriber gets.
    fn webhook(&mut self, kind: EventKind) -> Json {
        let schema = Json::from(serde_json::Value::from(self.answers.subschema_for::<Event<'_>>()));
        let header = |name: &str, about: &str| {
            object([
                ("name", text(name)),
                ("in", text("header")),
                ("required", Json::Boolean(true)),
                ("description", text(about)),
                ("schema", object([("type", text("string"))])),
            ])
        };
        let answer = |about: &str| object([("description", text(about))]);
        let post = object([
            ("operationId", text(format!("on{}", kind.as_str()))),
            ("summary", text(format!("A subscriber to `{kind}` is called"))),
            (
                "description",
                text(
                    "Signed by the rules of Standard Webhooks: `webhook-signature` is `v1,` and the Base64 of an HMAC-SHA256 \
                 of `{webhook-id}.{webhook-timestamp}.{body}`, one for each valid secret, with spaces between. A \
                 delivery keeps its `webhook-id` over all its attempts, which go on for 76 hours.",
                ),
            ),
            ("tags", texts(["Webhooks"])),
            ("security", Json::List(Vec::new())),
            (
                "parameters",
                Json::List(vec![
                    header("webhook-id", "Names the delivery over all its attempts."),
                    header("webhook-timestamp", "Seconds since the epoch at which this attempt was signed."),
                    header("webhook-signature", "`v1,` and Base64, for each secret that signs."),
                ]),
            ),
            (
                "requestBody",
                object([
                    ("required", Json::Boolean(true)),
                    ("content", object([("application/json", object([("schema", schema)]))])),
                ]),
            ),
            (
                "responses",
                object([
                    ("2XX", answer("The delivery has arrived.")),
                    ("4XX", answer("It has not, and is tried again; 410 disables the subscription.")),
                ]),
            ),
        ]);
        object([("post", post)])
    }
}

fn with_examples(response: Json, examples: Option<Json>) -> Json {
    let (Some(examples), Json::Object(mut members)) = (examples, response.clone()) else { return response };
    for (name, member) in &mut members {
        if let (true, Json::Object(types)) = (name == "content", &mut *member)
            && let Some((_, Json::Object(media))) = types.first_mut()
        {
            media.push(("examples".to_owned(), examples.clone()));
        }
    }
    Json::Object(members)
}

/// Longer examples show nothing that shorter ones do not.
const EXAMPLE_BYTES_MAX: usize = 6_000;

/// The first of these examples that are not too long, each with a name of its own.
fn several(examples: impl Iterator<Item = (String, Json)>, max: usize) -> Option<Json> {
    let mut named: Vec<(String, Json)> = Vec::new();
    for (title, value) in examples.filter(|(_, value)| value.document().len() <= EXAMPLE_BYTES_MAX).take(max) {
        let name = format!("example{}", named.len().saturating_add(1));
        named.push((name, object([("summary", text(title)), ("value", value)])));
    }
    (!named.is_empty()).then_some(Json::Object(named))
}

fn parameters(route: &Route, operation: &Operation) -> Vec<Json> {
    let string = || object([("type", text("string"))]);
    let parameter = |name: &str, place: &str, about: &str, schema: Json| {
        object([
            ("name", text(name)),
            ("in", text(place)),
            ("required", Json::Boolean(place == "path")),
            ("description", text(about)),
            ("schema", schema),
        ])
    };
    let names = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Json> = names
        .map(|name| parameter(name, "path", path_parameter(name), string().with("minLength", Json::Number(1))))
        .collect();
    parameters.extend(operation.query.iter().map(|(name, about, kind)| kind.parameter(name, about)));
    if operation.takes_idempotency_key {
        let about = format!(
            "1 to {IDEMPOTENCY_KEY_CHARACTERS_MAX} printable ASCII characters. A repeated request with the same key gets \
             the answer of the first."
        );
        let max = i64::try_from(IDEMPOTENCY_KEY_CHARACTERS_MAX).unwrap_or(i64::MAX);
        let pattern = r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$";
        let schema = string()
            .with("minLength", Json::Number(1))
            .with("maxLength", Json::Number(max))
            .with("pattern", text(pattern));
        parameters.push(parameter("Idempotency-Key", "header", &about, schema));
    }
    if operation.is_conditional {
        const ABOUT: &str = "ETags, one of which must be the current one; otherwise 412.";
        parameters.push(parameter("If-Match", "header", ABOUT, string()));
    }
    if operation.has_strict_handling {
        const ABOUT: &str = "`handling=strict` makes every warning a violation (RFC 7240).";
        parameters.push(parameter("Prefer", "header", ABOUT, string()));
    }
    parameters
}

fn path_parameter(name: &str) -> &'static str {
    match name {
        "orderId" => "The order's id: 24 hex digits.",
        "safeId" => "The merchant's own name of the order.",
        "orderItemId" => "The item's id: 24 hex digits.",
        "shipmentId" => "The shipment's id.",
        "noteId" => "The note's id: 24 hex digits.",
        "subscriptionId" => "The subscription's id, a UUID.",
        "transformationId" => "The transformation's id, a UUID.",
        "receiptId" => "The receipt's id, a UUID.",
        _ => "An id.",
    }
}
