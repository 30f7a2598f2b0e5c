//! Citations in ChatGPT's texts: markers of private-use characters, and the pages they stand for.

use std::collections::{HashMap, HashSet};

use crate::json::{Json, Object};
use crate::parts::Part;

const BEGIN: char = '\u{e200}';
const END: char = '\u{e201}';
const SEPARATOR: char = '\u{e202}';

/// What a message cites.
pub(crate) struct Cited {
    /// Markers, and their replacements.
    markers: HashMap<String, String>,
    /// Addresses and titles of pages.
    pages: Vec<(String, Option<String>)>,
}

impl Cited {
    /// Reads the metadata of a message.
    pub(crate) fn new(metadata: &Object<'_>) -> Self {
        let mut cited = Self {
            markers: HashMap::new(),
            pages: Vec::new(),
        };
        let objects = |name| metadata.items(name).into_iter().filter_map(Json::object);
        for reference in objects("content_references") {
            cited.add_reference(&reference);
        }
        for citation in objects("citations") {
            let page = citation.object("metadata").unwrap_or_default();
            cited.pages.extend(
                page.nonempty("url")
                    .map(|url| (url, page.nonempty("title"))),
            );
        }
        for group in objects("search_result_groups") {
            let entries = group.items("entries").into_iter().filter_map(Json::object);
            cited.pages.extend(
                entries.filter_map(|entry| Some((entry.nonempty("url")?, entry.nonempty("title")))),
            );
        }
        let mut seen = HashSet::new();
        cited
            .pages
            .retain(|(url, _)| url.starts_with("http") && seen.insert(url.clone()));
        cited
    }

    fn add_reference(&mut self, reference: &Object<'_>) {
        let marker = reference
            .nonempty("matched_text")
            .filter(|text| text.contains(BEGIN));
        if let Some(marker) = marker {
            let alt = reference.text("alt").unwrap_or_default();
            self.markers.insert(marker, without_markers(&alt));
        }
        let items = ["items", "sources"].map(|name| reference.items(name));
        let items = items.into_iter().flatten().filter_map(Json::object);
        let pages = items.filter_map(|item| Some((item.nonempty("url")?, item.nonempty("title"))));
        self.pages.extend(pages);
        self.pages.extend(
            reference
                .nonempty("url")
                .map(|url| (url, reference.nonempty("title"))),
        );
    }

    /// The text with its markers replaced, or nothing if there are none.
    pub(crate) fn replace(&self, text: &str) -> String {
        if !text.contains([BEGIN, END, SEPARATOR]) {
            return text.to_owned();
        }
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(BEGIN) {
            result += &rest[..at];
            rest = &rest[at..];
            let Some(end) = rest.find(END) else {
                break;
            };
            let (marker, behind) = rest.split_at(end + END.len_utf8());
            result += self.markers.get(marker).map_or("", String::as_str);
            rest = behind;
        }
        result += rest;
        result.retain(|c| ![BEGIN, END, SEPARATOR].contains(&c));
        result
    }

    /// The pages as parts.
    pub(crate) fn sources(&self) -> Vec<Part> {
        self.pages
            .iter()
            .map(|(url, title)| Part::source_url(url, title.as_deref()))
            .collect()
    }
}

fn without_markers(text: &str) -> String {
    Cited {
        markers: HashMap::new(),
        pages: Vec::new(),
    }
    .replace(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_become_words_and_pages() {
        let json = "{\"content_references\":[{\"matched_text\":\"\u{e200}cite\u{e202}t0\u{e201}\",\
            \"alt\":\"([A](https://a.example))\",\"items\":[{\"url\":\"https://a.example\",\"title\":\"A\"}]},\
            {\"matched_text\":\" \",\"url\":\"https://a.example\"}]}";
        let cited = Cited::new(&Json::parse(json).unwrap().object().unwrap());
        let text = "x \u{e200}cite\u{e202}t0\u{e201} y\u{e200}other\u{e201} \u{e200}open";
        assert_eq!(cited.replace(text), "x ([A](https://a.example)) y open");
        assert_eq!(cited.sources().len(), 1);
    }
}
