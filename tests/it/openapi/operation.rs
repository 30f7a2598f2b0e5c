//! One operation of the document: a method of a route.

use std::collections::BTreeMap;

use conversation_store::ErrorCode;
use conversation_store::http::Route;
use http::Method;
use serde_json::{Map, Value, json};

use super::errors::{self, BODY, GROW, READ, STORE, TOKEN, WRITE};
use super::examples::Examples;

/// Who may ask.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Those with a token.
    User,
    /// Those with a token, and those without.
    UserOrAnonymous,
    /// Anybody: tokens are not looked at.
    Anybody,
    /// Those with the token for metrics.
    Metrics,
    /// Those with a token, including a read token.
    Reader,
}

/// The description of an operation.
pub struct Operation {
    pub route: &'static str,
    pub method: String,
    pub id: &'static str,
    texts: Map<String, Value>,
    access: Access,
    parameters: Vec<Value>,
    body: Option<(bool, Map<String, Value>)>,
    responses: Vec<Response>,
    codes: Vec<ErrorCode>,
}

/// A response that is no error.
pub struct Response {
    status: u16,
    description: &'static str,
    content: Vec<(&'static str, Value)>,
    headers: Vec<&'static str>,
    links: Map<String, Value>,
}

impl Operation {
    /// An operation of a route in the table.
    pub fn new(method: Method, route: Route, id: &'static str) -> Self {
        assert!(route.methods().contains(&method), "{id}");
        let own: &[&[ErrorCode]] = match method {
            Method::GET => &[&READ],
            Method::DELETE => &[&WRITE],
            _ => &[&WRITE, &GROW],
        };
        let codes = [&TOKEN[..], &STORE, &[ErrorCode::StorageDisabled]];
        let operation = Self {
            route: route.pattern(),
            method: method.as_str().to_lowercase(),
            id,
            texts: Map::new(),
            access: Access::User,
            parameters: Vec::new(),
            body: None,
            responses: Vec::new(),
            codes: [&codes[..], own].concat().concat(),
        };
        match method {
            Method::GET => operation,
            _ => operation.takes(&["IdempotencyKey"]),
        }
    }

    pub fn describe(mut self, tag: &str, summary: &str, description: &str) -> Self {
        self.texts.insert("tags".into(), json!([tag]));
        self.texts.insert("summary".into(), json!(summary));
        self.texts.insert("description".into(), json!(description));
        self
    }

    /// Also those whose storage is switched off.
    pub fn whether_enabled_or_not(mut self) -> Self {
        self.codes
            .retain(|code| *code != ErrorCode::StorageDisabled);
        self
    }

    pub fn open_to(mut self, access: Access) -> Self {
        self.access = access;
        match access {
            Access::Anybody | Access::Metrics => self.codes = vec![ErrorCode::InternalError],
            Access::Reader => self.codes.retain(|code| *code != ErrorCode::ReadToken),
            Access::User | Access::UserOrAnonymous => {}
        }
        self
    }

    /// A parameter of the components.
    pub fn takes(mut self, names: &[&str]) -> Self {
        for name in names {
            let parameter = format!("#/components/parameters/{name}");
            self.parameters.push(json!({ "$ref": parameter }));
        }
        self
    }

    /// A parameter of this operation only.
    pub fn takes_also(mut self, parameter: Value) -> Self {
        self.parameters.push(parameter);
        self
    }

    pub fn body(mut self, is_required: bool, schema: &str) -> Self {
        self.body = Some((is_required, Map::new()));
        self.codes.extend(BODY);
        self.body_as("application/json", super::schemas::reference(schema))
    }

    /// Another form that the body may have.
    pub fn body_as(mut self, media_type: &str, schema: Value) -> Self {
        if let Some((_, content)) = &mut self.body {
            content.insert(media_type.into(), json!({ "schema": schema }));
        }
        self
    }

    pub fn response(mut self, response: Response) -> Self {
        self.responses.push(response);
        self
    }

    pub fn refuses(mut self, codes: &[ErrorCode]) -> Self {
        self.codes.extend(codes);
        self
    }

    pub fn codes(&self) -> &[ErrorCode] {
        &self.codes
    }

    pub fn to_json(&self, examples: &Examples) -> Value {
        let mut json = self.texts.clone();
        json.insert("operationId".into(), json!(self.id));
        json.insert("security".into(), self.security());
        if !self.parameters.is_empty() {
            json.insert("parameters".into(), json!(self.parameters));
        }
        if let Some((is_required, content)) = &self.body {
            let mut content = content.clone();
            examples.add_requests(self.id, &mut content);
            let body = json!({ "required": is_required, "content": content });
            json.insert("requestBody".into(), body);
        }
        json.insert("responses".into(), json!(self.responses(examples)));
        json.into()
    }

    fn security(&self) -> Value {
        match self.access {
            Access::User => json!([{ "bearer": [] }]),
            Access::Reader => json!([{ "bearer": [] }, { "reader": [] }]),
            Access::UserOrAnonymous => json!([{ "bearer": [] }, {}]),
            Access::Anybody => json!([]),
            Access::Metrics => json!([{ "metrics": [] }]),
        }
    }

    fn responses(&self, examples: &Examples) -> BTreeMap<String, Value> {
        let mut responses = BTreeMap::new();
        for response in &self.responses {
            let mut json = response.to_json();
            examples.add_responses(self.id, response.status, &mut json);
            responses.insert(response.status.to_string(), json);
        }
        for (status, codes) in errors::by_status(&self.codes) {
            let mut json = errors::response(&codes);
            if examples.has_response(self.id, status) {
                json = errors::own_response(&codes);
                examples.add_responses(self.id, status, &mut json);
            }
            // The health's 503 is not an error body, and is described among the responses.
            responses.entry(status.to_string()).or_insert(json);
        }
        responses
    }
}

impl Response {
    pub fn new(status: u16, description: &'static str) -> Self {
        Self {
            status,
            description,
            content: Vec::new(),
            headers: Vec::new(),
            links: Map::new(),
        }
    }

    /// The client's copy is current.
    pub fn not_modified() -> Self {
        Self::new(304, "The client's copy is current.").headers(&["ETag"])
    }

    /// The conversation after a write, and what can be done with it next.
    pub fn written(status: u16, description: &'static str) -> Self {
        let id = json!({ "id": "$response.body#/id" });
        Self::json(status, description, "WrittenConversation")
            .headers(&["ETag"])
            .leads_to("open", "openConversation", id.clone())
            .leads_to("save", "saveConversation", id.clone())
            .leads_to("patch", "patchConversation", id.clone())
            .leads_to("delete", "deleteConversation", id.clone())
            .leads_to("append", "appendMessages", id.clone())
            .leads_to("messages", "listMessages", id)
            .leads_to(
                "export",
                "exportConversations",
                json!({ "conversation": "$response.body#/id" }),
            )
    }

    /// With a JSON body: a schema of the components.
    pub fn json(status: u16, description: &'static str, schema: &str) -> Self {
        Self::new(status, description).body("application/json", super::schemas::reference(schema))
    }

    pub fn body(mut self, media_type: &'static str, schema: Value) -> Self {
        self.content.push((media_type, schema));
        self
    }

    pub fn headers(mut self, names: &[&'static str]) -> Self {
        self.headers.extend(names);
        self
    }

    /// A link to a next request: an operation, and where its parameters come from.
    pub fn leads_to(mut self, name: &str, operation: &str, parameters: Value) -> Self {
        let link = json!({ "operationId": operation, "parameters": parameters });
        self.links.insert(name.into(), link);
        self
    }

    fn to_json(&self) -> Value {
        let mut json = json!({
            "description": self.description,
            "headers": errors::headers(&self.headers),
        });
        if !self.content.is_empty() {
            let content = self.content.iter();
            let content: Map<String, Value> = content
                .map(|(media_type, schema)| ((*media_type).into(), json!({ "schema": schema })))
                .collect();
            json["content"] = content.into();
        }
        if !self.links.is_empty() {
            json["links"] = self.links.clone().into();
        }
        json
    }
}
