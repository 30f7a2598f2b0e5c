//! The API's document, `public/openapi.json`, is generated here from the code and has to be up to date. Every test
//! checks responses against it, by `common::contract`.

mod document;
mod errors;
mod examples;
mod operation;
mod operations;
mod parameters;
mod scenario;
mod schemas;

use std::collections::BTreeSet;
use std::fs;

use crate::common::contract::{self, UPDATE};
use crate::common::{Site, repository};
use conversation_store::ErrorCode;
use conversation_store::http::Route;
use document::document;
use examples::Examples;
use operations::operations;
use reqwest::Method;
use serde_json::Value;

#[tokio::test]
async fn is_up_to_date() {
    let document = document(&Examples::record().await);
    if contract::is_being_updated() {
        let text = serde_json::to_string_pretty(&document).unwrap();
        fs::write(contract::path(), text + "\n").unwrap();
    }
    let committed = fs::read_to_string(contract::path()).unwrap_or_default();
    let committed: Value = serde_json::from_str(&committed).unwrap_or_default();
    if let Some(place) = first_difference(&committed, &document, String::new()) {
        panic!("public/openapi.json is out of date at {place}: run `{UPDATE}`");
    }
}

#[test]
fn has_every_route() {
    let documented: BTreeSet<&str> = operations()
        .iter()
        .map(|operation| operation.route)
        .collect();
    let routes = Route::ALL.iter().map(|route| route.pattern());
    assert_eq!(documented, routes.collect());
}

#[tokio::test]
async fn has_every_method() {
    let site = Site::embedded().await;
    for route in Route::ALL {
        let route = route.pattern();
        let path = route.replace(['{', '}'], "");
        let response = site
            .anonymous_caller()
            .send(Method::OPTIONS, &path, None)
            .await;
        assert_eq!(response.status, 204, "{route}");
        let allowed = response.header("allow").unwrap().to_lowercase();
        // HEAD is GET.
        let allowed: BTreeSet<&str> = allowed.split(", ").filter(|name| *name != "head").collect();
        let operations = operations();
        let of_route = operations
            .iter()
            .filter(|operation| operation.route == route);
        let documented: BTreeSet<&str> = of_route
            .map(|operation| operation.method.as_str())
            .collect();
        assert_eq!(documented, allowed, "{route}");
    }
}

#[tokio::test]
async fn every_operation_has_an_example() {
    let examples = Examples::record().await;
    let with_example: BTreeSet<&str> = examples.operations().collect();
    let all: BTreeSet<&str> = operations().iter().map(|operation| operation.id).collect();
    assert_eq!(with_example, all);
}

#[test]
fn some_operation_has_every_error() {
    let documented: Vec<ErrorCode> = operations()
        .iter()
        .flat_map(|operation| operation.codes().to_vec())
        .collect();
    // What is no operation gets this.
    let elsewhere = [ErrorCode::MethodNotAllowed];
    for code in ErrorCode::ALL {
        let is_documented = documented.contains(code);
        assert!(is_documented != elsewhere.contains(code), "{code}");
    }
}

#[test]
fn the_guide_lists_every_error() {
    let guide = fs::read_to_string(repository().join("docs/api.md")).unwrap();
    let rows = |status: &str| {
        let rows = guide.lines().filter(|line| line.starts_with("| "));
        let of_status = rows.filter(|row| {
            row.split('|')
                .nth(1)
                .is_some_and(|cell| cell.contains(status))
        });
        of_status.collect::<Vec<_>>().join("\n")
    };
    for code in ErrorCode::ALL
        .iter()
        .filter(|code| **code != ErrorCode::NoRoute)
    {
        let rows = rows(code.status().as_str());
        assert!(rows.contains(&format!("`{code}`")), "{code}");
    }
}

#[test]
fn the_guide_lists_every_route_with_its_methods() {
    let guide = fs::read_to_string(repository().join("docs/api.md")).unwrap();
    let (_, table) = guide.split_once("\n| route | methods | |\n").unwrap();
    let mut listed: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut route = "";
    for row in table.lines().take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        if !cells[1].is_empty() {
            route = cells[1].trim_matches('`');
        }
        if !cells[2].is_empty() {
            listed.insert((route, cells[2]));
        }
    }
    listed.retain(|(_, method)| !method.starts_with('-'));
    let taken = Route::ALL.iter().flat_map(|route| {
        let methods = route.methods().iter();
        methods.map(|method| (route.pattern(), method.as_str()))
    });
    assert_eq!(listed, taken.collect());
}

/// A pointer to where two documents differ first.
fn first_difference(one: &Value, other: &Value, place: String) -> Option<String> {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            names.into_iter().find_map(|name| {
                let place = format!("{place}/{name}");
                match (one.get(name), other.get(name)) {
                    (Some(one), Some(other)) => first_difference(one, other, place),
                    _ => Some(place),
                }
            })
        }
        _ => (one != other).then_some(place),
    }
}
