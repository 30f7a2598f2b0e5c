//! Where a request goes, by the routes that `vercel build` wrote.

use fancy_regex::{Captures, Regex};
use serde_json::Value;

use super::output::Output;

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub enum Routed {
    /// To a function, which sees the request's own path, and the parameters in the query.
    Function { name: String, query: String },
    /// To a file.
    File(String),
    /// Elsewhere.
    Redirect(String),
    /// Nowhere.
    NotFound,
}

impl Output {
    /// Where the routes of `config.json` send a path, in the order that Vercel's Build Output API gives
    /// them: rules, then files and functions of that very name, then rewrites.
    pub fn route(&self, path: &str) -> Routed {
        let mut is_past_files = false;
        for route in self.routes() {
            match route["handle"].as_str() {
                Some("filesystem") => {
                    if let Some(found) = self.find(path, "") {
                        return found;
                    }
                    is_past_files = true;
                    continue;
                }
                Some(_) => break,
                None if route["continue"] == true => continue,
                None => {}
            }
            let regex = Regex::new(route["src"].as_str().unwrap()).unwrap();
            let Some(captures) = regex.captures(path).unwrap() else {
                continue;
            };
            if let Some(location) = route["headers"]["Location"].as_str() {
                return Routed::Redirect(expand(&captures, location));
            }
            if is_past_files && let Some(target) = route["dest"].as_str() {
                let target = expand(&captures, target);
                let (path, query) = target.split_once('?').unwrap_or((&target, ""));
                return self.find(path, query).unwrap_or(Routed::NotFound);
            }
            return Routed::NotFound;
        }
        Routed::NotFound
    }

    /// The value of a header that the routes give every response at a path.
    pub fn header(&self, path: &str, name: &str) -> Option<&str> {
        let adding = self.routes().filter(|route| route["continue"] == true);
        let matching = adding.filter(|route| {
            let regex = Regex::new(route["src"].as_str().unwrap()).unwrap();
            regex.is_match(path).unwrap()
        });
        matching
            .filter_map(|route| route["headers"][name].as_str())
            .last()
    }

    fn routes(&self) -> impl Iterator<Item = &Value> {
        self.config["routes"].as_array().unwrap().iter()
    }

    /// The function or file at a path. A page is at its name without the ending.
    fn find(&self, path: &str, query: &str) -> Option<Routed> {
        if self.functions.contains_key(path) {
            let (name, query) = (path.to_owned(), query.to_owned());
            return Some(Routed::Function { name, query });
        }
        let is_there = |file: &&std::path::PathBuf| {
            let file = file.to_str().unwrap();
            let name = self.config["overrides"][file]["path"].as_str();
            let name = name.unwrap_or(file);
            let name = if name == "index" { "" } else { name };
            path == format!("/{name}")
        };
        let file = self.files.iter().find(is_there)?;
        Some(Routed::File(file.to_str().unwrap().to_owned()))
    }
}

/// `$1` and so on, replaced by what was matched.
fn expand(captures: &Captures<'_, str>, template: &str) -> String {
    let mut expanded = template.to_owned();
    for index in 1..captures.len() {
        let matched = captures.get(index).map_or("", |part| part.as_str());
        expanded = expanded.replace(&format!("${index}"), matched);
    }
    expanded
}
