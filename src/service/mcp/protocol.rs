//! JSON-RPC as the Model Context Protocol uses it: messages, responses, errors, versions.

use serde_json::{Value, json};

use crate::ErrorCode;
use crate::model::Invalid;

/// The protocol's versions that this server speaks, the newest first. To a server with tools alone they are the same.
pub const VERSIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// A message of a client.
pub(super) struct Message {
    /// What a response names; nothing for a notification.
    pub(super) id: Option<Value>,
    /// What is asked for; nothing for a response.
    pub(super) method: Option<String>,
    pub(super) params: Value,
}

impl Message {
    /// Reads a message.
    ///
    /// # Errors
    /// `invalid_json`, `invalid_field`.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Invalid> {
        let message: Value = serde_json::from_slice(body)
            .map_err(|error| Invalid::new(ErrorCode::InvalidJson, format!("body: {error}")))?;
        let Value::Object(mut message) = message else {
            return Err(Invalid::field("body", "one message of JSON-RPC, an object"));
        };
        if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            return Err(Invalid::field("body.jsonrpc", "\"2.0\""));
        }
        let id = message.remove("id");
        if id
            .as_ref()
            .is_some_and(|id| !id.is_string() && !id.is_number())
        {
            return Err(Invalid::field("body.id", "a text or a number"));
        }
        let method = match message.remove("method") {
            None => None,
            Some(Value::String(method)) => Some(method),
            Some(_) => return Err(Invalid::field("body.method", "a text")),
        };
        let params = message.remove("params").unwrap_or_default();
        Ok(Self { id, method, params })
    }
}

/// An error inside the protocol.
#[derive(Debug)]
pub(super) struct RpcError {
    code: i32,
    message: String,
}

impl RpcError {
    pub(super) fn unknown_method(method: &str) -> Self {
        Self {
            code: -32601,
            message: format!("There is no method {method}."),
        }
    }

    pub(super) fn invalid_params(message: String) -> Self {
        Self {
            code: -32602,
            message,
        }
    }
}

/// The response to the request of this id.
pub(super) fn response(id: &Value, result: Result<Value, RpcError>) -> String {
    let response = match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(RpcError { code, message }) => {
            json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
        }
    };
    response.to_string()
}

/// Versions of the protocol.
pub(super) struct Version;

impl Version {
    /// The version that the client proposes, if it is supported; else the newest.
    pub(super) fn negotiate(proposed: Option<&str>) -> &'static str {
        let spoken = VERSIONS
            .into_iter()
            .find(|version| proposed == Some(version));
        spoken.unwrap_or(VERSIONS[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn requests_notifications_and_responses_are_told_apart() {
        let read = |json: &str| {
            Message::parse(json.as_bytes()).map(|message| (message.id, message.method))
        };
        let request = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        assert_eq!(
            read(request).unwrap(),
            (Some(json!(1)), Some("ping".into()))
        );
        let notification = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        assert_eq!(read(notification).unwrap().0, None);
        let response = r#"{"jsonrpc":"2.0","id":"a","result":{}}"#;
        assert_eq!(read(response).unwrap().1, None);
        for wrong in [
            "",
            "5",
            "[]",
            "{}",
            r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#,
            r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":5}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_version_is_the_clients_where_it_is_spoken() {
        assert_eq!(Version::negotiate(Some("2025-03-26")), "2025-03-26");
        assert_eq!(Version::negotiate(Some("1999-01-01")), VERSIONS[0]);
        assert_eq!(Version::negotiate(None), VERSIONS[0]);
    }

    proptest! {
        #[test]
        fn no_body_ends_badly(body in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = Message::parse(&body);
        }
    }
}
