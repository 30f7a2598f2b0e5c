//! The Model Context Protocol over HTTP: what headers repeat of a message, and which status a response has.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, StatusCode};

use super::{ApiRequest, ApiResponse};
use crate::service::mcp::{
    Message, Response, ResponseKind, RpcError, is_handshake_revision, is_stateless_revision,
};

const VERSION: &str = "mcp-protocol-version";
const METHOD: &str = "mcp-method";
const NAME: &str = "mcp-name";

/// What the headers of a request repeat of its message, so that what is between client and server need not read that.
#[derive(Debug, Default)]
pub struct AgentHeaders {
    version: Option<String>,
    method: Option<String>,
    name: Option<String>,
}

impl AgentHeaders {
    /// Takes them from a request.
    pub fn of(request: &ApiRequest) -> Self {
        let header = |name| {
            let value = request.header(&HeaderName::from_static(name));
            value.map(|value| value.trim().to_owned())
        };
        Self {
            version: header(VERSION),
            method: header(METHOD),
            name: header(NAME),
        }
    }

    /// Reads the message of a body, and refuses one that the headers do not fit.
    ///
    /// # Errors
    /// The response that says so.
    pub fn read(&self, body: &[u8]) -> Result<Message, Response> {
        let message = Message::parse(body).map_err(|error| error.response_to_none())?;
        match self.check(&message) {
            Ok(()) => Ok(message),
            Err(error) => Err(message.response(Err(error))),
        }
    }

    fn check(&self, message: &Message) -> Result<(), RpcError> {
        let version = self.version.as_deref();
        if message.is_stateless() {
            return self.check_stateless(message);
        }
        match version {
            Some(version) if is_stateless_revision(version) => self.check_undeclared(message),
            Some(version) if !is_handshake_revision(version) => {
                Err(RpcError::UnknownRevision(version.to_owned()))
            }
            // A handshake comes before any version, and clients of the versions without this header are not spoken with.
            None if message.is_request() && message.method() != Some("initialize") => {
                Err(missing("MCP-Protocol-Version"))
            }
            _ => Ok(()),
        }
    }

    /// The header is of a revision whose messages say so themselves, and this one does not.
    fn check_undeclared(&self, message: &Message) -> Result<(), RpcError> {
        match message.method() {
            Some("initialize") => Err(RpcError::HeaderMismatch(
                "MCP-Protocol-Version is of a version that has no handshake.".into(),
            )),
            _ if message.is_request() => message.check_meta(),
            _ => Ok(()),
        }
    }

    fn check_stateless(&self, message: &Message) -> Result<(), RpcError> {
        let has_to_repeat = message.is_request();
        let repeats = |name, header: &Option<String>, said: Option<&str>| match header {
            None if has_to_repeat && said.is_some() => Err(missing(name)),
            Some(header) if said.is_some_and(|said| said != header) => Err(
                RpcError::HeaderMismatch(format!("{name} is not what the message has.")),
            ),
            _ => Ok(()),
        };
        // Which version it is comes first: another one may have other headers.
        if self.version.is_some() {
            repeats("MCP-Protocol-Version", &self.version, message.revision())?;
        }
        message.check_meta()?;
        repeats("MCP-Protocol-Version", &self.version, message.revision())?;
        repeats("Mcp-Method", &self.method, message.method())?;
        let name = self.name.as_deref().map(decoded).transpose()?;
        repeats("Mcp-Name", &name, message.tool())
    }
}

fn missing(name: &str) -> RpcError {
    RpcError::HeaderMismatch(format!("The header {name} is missing."))
}

/// A value that no header can hold as it is comes as `=?base64?…?=`.
fn decoded(value: &str) -> Result<String, RpcError> {
    let Some(encoded) = value
        .strip_prefix("=?base64?")
        .and_then(|rest| rest.strip_suffix("?="))
    else {
        return Ok(value.to_owned());
    };
    let bytes = STANDARD.decode(encoded).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| RpcError::HeaderMismatch("Mcp-Name is no Base64 of a text.".into()))
}

impl ApiRequest {
    /// The refusal of a page whose origin is not configured: a browser sends the origin of whatever page asks. `None` for any other
    /// caller.
    pub fn forbidden_page(&self) -> Option<ApiResponse> {
        if !self.context.origin.is_unlisted {
            return None;
        }
        let refusal = RpcError::ForbiddenPage.response_to_none();
        Some(ApiResponse::json(StatusCode::FORBIDDEN, refusal.json))
    }
}

impl ApiResponse {
    /// What an agent is answered.
    pub fn agent(response: Response) -> Self {
        match response.kind {
            ResponseKind::Result => Self::ok(response.json),
            ResponseKind::Nothing => Self::accepted(),
            ResponseKind::Refusal => Self::json(StatusCode::BAD_REQUEST, response.json),
            ResponseKind::NoMethod => Self::json(StatusCode::NOT_FOUND, response.json),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn code(headers: [Option<&str>; 3], message: &Value) -> i64 {
        let [version, method, name] = headers.map(|header| header.map(str::to_owned));
        let headers = AgentHeaders {
            version,
            method,
            name,
        };
        match headers.read(message.to_string().as_bytes()) {
            Ok(_) => 0,
            Err(response) => {
                assert_eq!(response.kind, ResponseKind::Refusal);
                let json: Value = serde_json::from_str(&response.json).unwrap();
                json["error"]["code"].as_i64().unwrap()
            }
        }
    }

    fn request(method: &str, params: Value) -> Value {
        json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
    }

    #[test]
    fn headers_repeat_what_a_message_says_itself() {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let call = request("tools/call", json!({ "name": "ä", "_meta": meta }));
        let list = request("tools/list", json!({ "_meta": meta }));
        let version = Some("2026-07-28");
        let called = Some("tools/call");
        let encoded = Some("=?base64?w6Q=?=");
        for (headers, message, expected) in [
            ([version, called, encoded], &call, 0),
            ([version, called, Some("=?base64?*?=")], &call, -32020),
            ([version, called, Some("a")], &call, -32020),
            ([version, called, None], &call, -32020),
            ([version, Some("tools/list"), encoded], &call, -32020),
            ([version, None, encoded], &call, -32020),
            ([None, called, encoded], &call, -32020),
            ([Some("2025-11-25"), called, encoded], &call, -32020),
            ([version, Some("tools/list"), None], &list, 0),
            ([version, Some("tools/list"), Some("any")], &list, 0),
        ] {
            assert_eq!(code(headers, message), expected, "{headers:?}");
        }
        let notification = json!({ "jsonrpc": "2.0", "method": "x", "params": { "_meta": meta } });
        assert_eq!(code([None, None, None], &notification), 0);
        assert_eq!(code([version, Some("y"), None], &notification), -32020);
    }

    #[test]
    fn a_message_that_does_not_say_its_version_has_had_a_handshake() {
        let (list, begin) = (
            request("tools/list", json!({})),
            request("initialize", json!({})),
        );
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        for (version, message, expected) in [
            (Some("2025-06-18"), &list, 0),
            (Some("2025-11-25"), &list, 0),
            (Some("2025-03-26"), &list, -32022),
            (Some("2026-07-28"), &list, -32602),
            (None, &list, -32020),
            (None, &begin, 0),
            (Some("2026-07-28"), &begin, -32020),
            (None, &ready, 0),
            (Some("1999-01-01"), &ready, -32022),
        ] {
            assert_eq!(
                code([version, None, None], message),
                expected,
                "{version:?} {message}"
            );
        }
    }
}
