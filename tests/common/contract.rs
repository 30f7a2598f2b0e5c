//! Checks every response that a test gets against `public/openapi.json`.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, PoisonError};

use conversation_store::http::route_of;
use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::TestResponse;

/// The command that regenerates the document.
pub const UPDATE: &str =
    "UPDATE_OPENAPI=1 cargo test -p integration --test it openapi is_up_to_date";

/// Headers that a response may only have if they are documented.
const DOCUMENTED_HEADERS: [&str; 10] = [
    "content-disposition",
    "etag",
    "location",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "retry-after",
    "www-authenticate",
    "x-request-id",
    "x-robots-tag",
];

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let text = fs::read_to_string(path()).unwrap();
    let mut document = serde_json::from_str(&text).unwrap();
    close(&mut document);
    document
});

static VALIDATORS: LazyLock<Mutex<HashMap<String, &'static Validator>>> =
    LazyLock::new(Mutex::default);

pub fn path() -> PathBuf {
    super::repository().join("public/openapi.json")
}

/// While the document is being generated, there is nothing to check against.
pub fn is_being_updated() -> bool {
    std::env::var("UPDATE_OPENAPI").is_ok_and(|value| value == "1")
}

/// Checks the response to `method path`, and a body that was accepted.
#[track_caller]
pub fn check(method: &Method, path: &str, sent: Option<&str>, response: &TestResponse) {
    let route = route_of(path.split('?').next().unwrap_or_default());
    if is_being_updated() || route == "other" || [Method::HEAD, Method::OPTIONS].contains(method) {
        return;
    }
    let method = method.as_str().to_lowercase();
    let at = format!("{method} {route}: {}", response.status);
    let operation = &DOCUMENT["paths"][route][&method];
    if operation.is_null() {
        assert_eq!(response.status, 405, "{at}");
        return;
    }
    let documented = referenced(&operation["responses"][response.status.to_string()]);
    assert!(
        documented.is_object(),
        "{at} is not documented: {}",
        response.text
    );
    check_headers(&at, documented, response);
    check_body(&at, documented, response);
    if let Some(json) = sent.and_then(|sent| serde_json::from_str(sent).ok())
        && response.status < 300
    {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        check_value(&format!("{at}, body sent"), schema, &json);
    }
}

/// Checks data of a schema of the components.
#[track_caller]
pub fn check_component(name: &str, data: &Value) {
    if !is_being_updated() {
        check_value(name, &DOCUMENT["components"]["schemas"][name], data);
    }
}

#[track_caller]
fn check_headers(at: &str, documented: &Value, response: &TestResponse) {
    let headers = documented["headers"].as_object().unwrap();
    for (name, reference) in headers {
        let header = referenced(reference);
        let is_there = response.headers.contains_key(name);
        assert!(
            is_there || header["required"] != json!(true),
            "{at} lacks {name}"
        );
    }
    for name in DOCUMENTED_HEADERS {
        let is_documented = headers.keys().any(|known| known.eq_ignore_ascii_case(name));
        let is_there = response.headers.contains_key(name);
        assert!(is_documented || !is_there, "{at} has {name}, undocumented");
    }
}

#[track_caller]
fn check_body(at: &str, documented: &Value, response: &TestResponse) {
    let Some(content_type) = response.header("content-type") else {
        assert!(documented["content"].is_null(), "{at} has no body");
        return;
    };
    let content = &documented["content"][content_type];
    assert!(content.is_object(), "{at}: {content_type} is undocumented");
    let is_readable =
        content_type == "application/json" && response.header("content-encoding").is_none();
    // Lone surrogates and huge numbers come back as they were sent, but do not fit a `Value`.
    if is_readable && let Ok(json) = serde_json::from_str(&response.text) {
        check_value(at, &content["schema"], &json);
    }
}

#[track_caller]
fn check_value(at: &str, schema: &Value, value: &Value) {
    let errors: Vec<String> = validator(schema)
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(
        errors.is_empty(),
        "{at} is not as documented:\n{}",
        errors.join("\n")
    );
}

/// The validator of one of the document's schemas; made once per process.
fn validator(schema: &Value) -> &'static Validator {
    let mut made = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    made.entry(schema.to_string()).or_insert_with(|| {
        let schema = json!({ "components": DOCUMENT["components"], "allOf": [schema] });
        let options = jsonschema::options().should_validate_formats(true);
        Box::leak(Box::new(options.build(&schema).unwrap()))
    })
}

/// Objects have no other members unless the document says so. The document itself does not forbid them, because
/// clients must tolerate later versions.
fn close(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Object(members) => {
            let is_object = members.get("type") == Some(&json!("object"));
            if is_object && members.contains_key("properties") {
                members
                    .entry("additionalProperties")
                    .or_insert(json!(false));
            }
            members.values_mut().for_each(close);
        }
        _ => {}
    }
}

fn referenced(value: &Value) -> &Value {
    let pointer = value["$ref"]
        .as_str()
        .and_then(|text| text.strip_prefix('#'));
    pointer
        .and_then(|pointer| DOCUMENT.pointer(pointer))
        .unwrap_or(value)
}
