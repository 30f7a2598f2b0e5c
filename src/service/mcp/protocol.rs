//! JSON-RPC as the Model Context Protocol uses it: messages, responses, errors, and which revisions are spoken.

use serde_json::{Map, Value, json};

/// Revisions whose requests say themselves which one they are of, the newest first.
const STATELESS: [&str; 1] = ["2026-07-28"];
/// Revisions that begin with a handshake, the newest first. For a server with tools alone they are the same.
const WITH_HANDSHAKE: [&str; 2] = ["2025-11-25", "2025-06-18"];

/// What a request says of itself, among what is called `_meta`: the revision that it is of...
const REVISION: &str = "io.modelcontextprotocol/protocolVersion";
/// ...and what its client can do.
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// What the server says of itself in each result.
const SERVER: &str = "io.modelcontextprotocol/serverInfo";

/// A message of a client.
#[derive(Debug)]
pub struct Message {
    id: Option<Value>,
    method: Option<String>,
    pub(super) params: Value,
}

impl Message {
    /// Reads a message.
    ///
    /// # Errors
    /// `NoJson`; `NoMessage`.
    pub fn parse(body: &[u8]) -> Result<Self, RpcError> {
        let message = serde_json::from_slice(body)
            .map_err(|error| RpcError::NoJson(format!("The body is no JSON: {error}.")))?;
        let Value::Object(mut message) = message else {
            return Err(RpcError::NoMessage(
                "The body has to be one message, an object.",
            ));
        };
        if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            return Err(RpcError::NoMessage("jsonrpc has to be \"2.0\"."));
        }
        let id = message.remove("id");
        let is_id = |id: &Value| id.is_string() || id.is_number();
        if id.as_ref().is_some_and(|id| !is_id(id)) {
            return Err(RpcError::NoMessage("id has to be a text or a number."));
        }
        let method = match message.remove("method") {
            None => None,
            Some(Value::String(method)) => Some(method),
            Some(_) => return Err(RpcError::NoMessage("method has to be a text.")),
        };
        let params = message.remove("params").unwrap_or_default();
        Ok(Self { id, method, params })
    }

    /// What is asked for; `None` for a response.
    pub fn method(&self) -> Option<&str> {
        self.method.as_deref()
    }

    /// Whether it wants a response: else it is a notification, or a response itself, though this server asks nothing.
    pub fn is_request(&self) -> bool {
        self.id.is_some() && self.method.is_some()
    }

    /// The tool that a request calls.
    pub fn tool(&self) -> Option<&str> {
        let is_call = self.method() == Some("tools/call");
        self.params["name"].as_str().filter(|_| is_call)
    }

    /// Whether it says itself which revision it is of, and there was no handshake.
    pub fn is_stateless(&self) -> bool {
        self.meta().is_some_and(|meta| meta.contains_key(REVISION))
    }

    /// The revision that it says it is of.
    pub fn revision(&self) -> Option<&str> {
        self.meta()?.get(REVISION)?.as_str()
    }

    /// Refuses a message that says less of itself than it has to, or is of a revision that is not spoken.
    ///
    /// # Errors
    /// `NoMeta`; `UnknownRevision`.
    pub fn check_meta(&self) -> Result<(), RpcError> {
        let meta = |name| self.meta().and_then(|meta| meta.get(name));
        if !meta(REVISION).is_some_and(Value::is_string) {
            return Err(RpcError::NoMeta(format!("_meta lacks {REVISION}, a text.")));
        }
        if self.is_request() && !meta(CAPABILITIES).is_some_and(Value::is_object) {
            return Err(RpcError::NoMeta(format!(
                "_meta lacks {CAPABILITIES}, an object."
            )));
        }
        match self.revision() {
            Some(revision) if !STATELESS.contains(&revision) => {
                Err(RpcError::UnknownRevision(revision.to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn meta(&self) -> Option<&Map<String, Value>> {
        self.params["_meta"].as_object()
    }

    /// The response to it.
    pub fn response(&self, result: Result<Value, RpcError>) -> Response {
        match result {
            Ok(result) => self.success(result),
            Err(error) => error.response(self),
        }
    }

    fn success(&self, mut result: Value) -> Response {
        if self.is_stateless() {
            result["resultType"] = "complete".into();
            result["_meta"] = json!({ SERVER: server_info() });
        }
        Response {
            kind: ResponseKind::Result,
            json: json!({ "jsonrpc": "2.0", "id": self.id, "result": result }).to_string(),
        }
    }
}

/// What the server calls itself.
pub(super) fn server_info() -> Value {
    json!({
        "name": "conversation-store",
        "title": "Conversation history",
        "version": env!("CARGO_PKG_VERSION"),
    })
}

/// The revisions that a client can choose from without a handshake.
pub(super) fn stateless_revisions() -> Value {
    json!(STATELESS)
}

/// The revision that a handshake agrees on: the one that the client proposes, where it is spoken here; else the newest, which the
/// client takes or leaves.
pub(super) fn negotiate(proposed: Option<&str>) -> &'static str {
    let mut spoken = WITH_HANDSHAKE.into_iter();
    let found = spoken.find(|revision| proposed == Some(revision));
    found.unwrap_or(WITH_HANDSHAKE[0])
}

/// Whether a revision is one that needs no handshake.
pub fn is_stateless_revision(revision: &str) -> bool {
    STATELESS.contains(&revision)
}

/// Whether a revision is one that begins with a handshake.
pub fn is_handshake_revision(revision: &str) -> bool {
    WITH_HANDSHAKE.contains(&revision)
}

/// What goes back.
#[derive(Debug)]
pub struct Response {
    /// What it is.
    pub kind: ResponseKind,
    /// The message; empty where there is nothing to say.
    pub json: String,
}

/// What goes back, as far as a transport tells one from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseKind {
    /// What was asked for, or an error that came of carrying it out.
    Result,
    /// Nothing: no response is wanted.
    Nothing,
    /// An error: this is nothing that can be carried out.
    Refusal,
    /// An error: there is no such method, which a revision without a handshake wants the transport to tell, too.
    NoMethod,
}

/// An error inside the protocol.
#[derive(Debug, PartialEq)]
pub enum RpcError {
    /// The body is no JSON.
    NoJson(String),
    /// It is JSON, but no message.
    NoMessage(&'static str),
    /// There is no such method.
    UnknownMethod(String),
    /// It lacks what each message of its revision says of itself.
    NoMeta(String),
    /// What a method takes is wrong.
    InvalidParams(String),
    /// What the transport repeats of the message is missing there, or another.
    HeaderMismatch(String),
    /// The revision is not spoken here.
    UnknownRevision(String),
    /// The page that asks may not.
    ForbiddenPage,
}

impl RpcError {
    /// The response to something that is no message.
    pub fn response_to_none(&self) -> Response {
        self.respond(None, ResponseKind::Refusal)
    }

    fn response(&self, message: &Message) -> Response {
        let kind = match self {
            Self::InvalidParams(_) => ResponseKind::Result,
            Self::UnknownMethod(_) if message.is_stateless() => ResponseKind::NoMethod,
            Self::UnknownMethod(_) => ResponseKind::Result,
            _ => ResponseKind::Refusal,
        };
        self.respond(message.id.as_ref(), kind)
    }

    fn respond(&self, id: Option<&Value>, kind: ResponseKind) -> Response {
        let mut error = json!({ "code": self.code(), "message": self.text() });
        if let Self::UnknownRevision(requested) = self {
            let supported = STATELESS.into_iter().chain(WITH_HANDSHAKE);
            let supported: Vec<&str> = supported.collect();
            error["data"] = json!({ "supported": supported, "requested": requested });
        }
        let mut response = json!({ "jsonrpc": "2.0", "error": error });
        // What cannot be read has no id, and the protocol knows no other one for it.
        if let Some(id) = id {
            response["id"] = id.clone();
        }
        Response {
            kind,
            json: response.to_string(),
        }
    }

    fn code(&self) -> i32 {
        match self {
            Self::NoJson(_) => -32700,
            Self::NoMessage(_) | Self::ForbiddenPage => -32600,
            Self::UnknownMethod(_) => -32601,
            Self::NoMeta(_) | Self::InvalidParams(_) => -32602,
            Self::HeaderMismatch(_) => -32020,
            Self::UnknownRevision(_) => -32022,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::NoMessage(text) => (*text).to_owned(),
            Self::NoJson(text)
            | Self::NoMeta(text)
            | Self::InvalidParams(text)
            | Self::HeaderMismatch(text) => text.clone(),
            Self::UnknownMethod(method) => format!("There is no method {method}."),
            Self::UnknownRevision(_) => "This version of the protocol is not spoken here.".into(),
            Self::ForbiddenPage => "Pages of this origin may not ask.".into(),
        }
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
    fn a_handshake_agrees_on_what_the_client_proposes_or_the_newest() {
        assert_eq!(negotiate(Some("2025-06-18")), "2025-06-18");
        for unknown in [
            None,
            Some("2025-03-26"),
            Some("2024-11-05"),
            Some("2026-07-28"),
        ] {
            assert_eq!(negotiate(unknown), WITH_HANDSHAKE[0]);
        }
    }

    #[test]
    fn a_message_that_says_its_revision_says_all_it_has_to() {
        let check = |meta: Value| {
            let params = json!({ "_meta": meta });
            let json = json!({ "jsonrpc": "2.0", "id": 1, "method": "x", "params": params });
            Message::parse(json.to_string().as_bytes())
                .unwrap()
                .check_meta()
        };
        assert_eq!(
            check(json!({ REVISION: "2026-07-28", CAPABILITIES: {} })),
            Ok(())
        );
        for lacking in [
            json!({ REVISION: "2026-07-28" }),
            json!({ REVISION: "2026-07-28", CAPABILITIES: [] }),
            json!({ REVISION: 5, CAPABILITIES: {} }),
            json!({ CAPABILITIES: {} }),
        ] {
            assert!(matches!(check(lacking), Err(RpcError::NoMeta(_))));
        }
        // A revision that begins with a handshake is none of a message that says it itself.
        for revision in ["2025-11-25", "2027-01-01"] {
            let refused = check(json!({ REVISION: revision, CAPABILITIES: {} }));
            assert_eq!(refused, Err(RpcError::UnknownRevision(revision.into())));
        }
    }

    proptest! {
        #[test]
        fn no_body_ends_badly(body in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = Message::parse(&body);
        }
    }
}
