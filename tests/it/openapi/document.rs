//! The whole document.

use serde_json::{Map, Value, json};

use super::errors::shared;
use super::examples::Examples;
use super::operations::operations;
use super::parameters::{headers, parameters};
use super::schemas::schemas;

const DESCRIPTION: &str = "The server side for AI chat history. JSON in and out, camelCase; times as ISO 8601 UTC \
with milliseconds. Every write may be sent twice. Text comes back byte for byte, and fields that the service does \
not know are kept and given back.

A route refuses methods it does not take with 405 and `Allow`, responds to OPTIONS with 204 and `Allow`, and HEAD as \
GET without the body. JSON over 1 KB is compressed for clients that take gzip.";

pub fn document(examples: &Examples) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "conversation-store",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": "/", "description": "The origin of this document." }],
        "tags": tags(),
        "paths": paths(examples),
        "components": {
            "securitySchemes": security_schemes(),
            "parameters": parameters(),
            "headers": headers(),
            "responses": shared(),
            "schemas": schemas(),
        },
    })
}

fn tags() -> Value {
    let tags = [
        ("session", "The user and their devices."),
        ("conversations", "Conversations."),
        ("messages", "Messages of a conversation."),
        (
            "shares",
            "Read-only snapshots for anybody who knows their id.",
        ),
        ("sync", "Changes by other devices."),
        (
            "data",
            "All of a user's data: import, export, statistics, erasure.",
        ),
        (
            "agents",
            "An agent's read access to a user's conversations.",
        ),
        ("operation", "For operators."),
    ];
    tags.map(|(name, description)| json!({ "name": name, "description": description }))
        .into()
}

fn security_schemes() -> Value {
    json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token of `POST /api/session`; or a JWT of the auth provider, if one is configured.",
        },
        "reader": {
            "type": "http",
            "scheme": "bearer",
            "description": "A read-only token: `{\"action\":\"createReadToken\"}` at `POST /api/session`.",
        },
        "metrics": {
            "type": "http",
            "scheme": "bearer",
            "description": "The `METRICS_TOKEN` of the deployment.",
        },
    })
}

fn paths(examples: &Examples) -> Map<String, Value> {
    let mut paths = Map::new();
    for operation in operations() {
        let path = paths.entry(operation.route).or_insert_with(
            || json!({ "parameters": [{ "$ref": "#/components/parameters/RequestId" }] }),
        );
        path[&operation.method] = operation.to_json(examples);
    }
    paths
}
