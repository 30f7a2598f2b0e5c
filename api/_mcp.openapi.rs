//! What `public/openapi.json` says of `/api/mcp`. With its underscore, the file is no function.

use conversation_store::http::Route;
use http::Method;
use serde_json::json;

use super::super::operation::{Access, Operation, Response};
use super::super::parameters::header;
use super::super::schemas::reference;

pub fn operations() -> Vec<Operation> {
    vec![agent_message()]
}

fn agent_message() -> Operation {
    let refused = json!({ "oneOf": [reference("AgentRefusal"), reference("Error")] });
    Operation::new(Method::POST, Route::Mcp, "answerAgent")
        .describe(
            "agents",
            "Respond to an agent",
            "A message of the Model Context Protocol, over Streamable HTTP without sessions or streams, of the versions 2026-07-28, \
             2025-11-25 and 2025-06-18. Its tools search, list and read the user's conversations, and change nothing.",
        )
        .open_to(Access::Reader)
        .takes_also(header(
            "MCP-Protocol-Version",
            "The protocol's version that the message is of. Only a handshake does without: `initialize`.",
            json!({ "type": "string", "examples": ["2025-11-25"] }),
        ))
        .takes_also(header(
            "Mcp-Method",
            "From 2026-07-28 on: the message's `method`.",
            json!({ "type": "string" }),
        ))
        .takes_also(header(
            "Mcp-Name",
            "From 2026-07-28 on: the tool that is called. What is no visible ASCII comes in Base64, as `=?base64?…?=`.",
            json!({ "type": "string" }),
        ))
        .body(true, "AgentMessage")
        .response(Response::json(200, "The response.", "AgentResponse"))
        .response(Response::new(
            202,
            "It was received, and needs no response.",
        ))
        .response(
            Response::new(
                400,
                "It is no message of a version that is spoken, or the headers do not fit it; or the request was incomplete.",
            )
            .body("application/json", refused),
        )
        .response(Response::json(
            403,
            "It comes from a page whose origin is not among `ALLOWED_ORIGINS`.",
            "AgentRefusal",
        ))
        .response(Response::json(
            404,
            "From 2026-07-28 on: there is no such method.",
            "AgentRefusal",
        ))
}
