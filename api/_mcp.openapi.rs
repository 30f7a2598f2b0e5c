//! What `public/openapi.json` says of `/api/mcp`. With its underscore, the file is no function.

use conversation_store::ErrorCode::{InvalidField, InvalidHeader};
use conversation_store::http::Route;
use http::Method;

use super::super::operation::{Access, Operation, Response};

pub fn operations() -> Vec<Operation> {
    vec![agent_message()]
}

fn agent_message() -> Operation {
    Operation::new(Method::POST, Route::Mcp, "answerAgent")
        .describe(
            "agents",
            "Respond to an agent",
            "A message of the Model Context Protocol, over Streamable HTTP without sessions or streams. Its tools list \
             and read the user's conversations, and change nothing.",
        )
        .open_to(Access::Reader)
        .body(true, "AgentMessage")
        .response(Response::json(200, "The response.", "AgentResponse"))
        .response(Response::new(
            202,
            "It was received, and needs no response.",
        ))
        .refuses(&[InvalidField, InvalidHeader])
}
