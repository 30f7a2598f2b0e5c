//! What a search has to find, determined by regular expressions over the JSON sent, independent of the tokenizer.

use std::collections::BTreeMap;

use fancy_regex::Regex;
use fastrand::Rng;
use serde_json::{Value, json};

/// Conversations and their texts.
pub struct Expected {
    pub conversations: Vec<Value>,
    rng: std::cell::RefCell<Rng>,
}

/// The vocabulary of the texts: common and rare words, in several spellings.
const WORDS: [&str; 26] = [
    "the",
    "The",
    "of",
    "THE",
    "Café",
    "cafe",
    "CAFE\u{301}",
    "Redis",
    "redistribute",
    "red",
    "naïve",
    "NAIVE",
    "über",
    "Uber",
    "東京都",
    "京都",
    "東京",
    "한국어",
    "국어",
    "x1",
    "x10",
    "snake_case",
    "don't",
    "end.",
    "東",
    "λόγος",
];
/// What is searched for.
const WISHES: [&str; 22] = [
    "the",
    "of",
    "cafe",
    "café",
    "RED",
    "red*",
    "redis",
    "redist*",
    "naive",
    "uber",
    "ube*",
    "京都",
    "東京",
    "京",
    "국어",
    "x1",
    "x1*",
    "case",
    "snake_case",
    "don't",
    "end",
    "λόγος",
];

impl Expected {
    pub fn new(seed: u64, count: usize) -> Self {
        let mut rng = Rng::with_seed(seed);
        let conversations = (0..count)
            .map(|index| conversation(&mut rng, index))
            .collect();
        Self {
            conversations,
            rng: rng.into(),
        }
    }

    pub fn queries(&self, count: usize) -> Vec<String> {
        let mut rng = self.rng.borrow_mut();
        let mut wish = || WISHES[rng.usize(..WISHES.len())].to_owned();
        let mut queries: Vec<String> = WISHES.iter().map(|wish| (*wish).to_owned()).collect();
        for index in 0..count {
            queries.push(match index % 2 {
                0 => format!("{} {}", wish(), wish()),
                _ => format!(
                    "\"{} {}\"",
                    wish().replace('*', ""),
                    wish().replace('*', "")
                ),
            });
        }
        queries
    }

    /// In how many messages of each conversation it matches.
    pub fn found(&self, query: &str) -> BTreeMap<String, u64> {
        let parts = parts_of(query);
        let mut found = BTreeMap::new();
        for conversation in &self.conversations {
            let title = conversation["title"].as_str().unwrap();
            let in_title: Vec<bool> = parts
                .iter()
                .map(|part| part.is_match(title).unwrap())
                .collect();
            let messages = conversation["messages"].as_array().unwrap().iter();
            let matches = messages.filter(|message| {
                let text = text_of(message);
                let here: Vec<bool> = parts
                    .iter()
                    .map(|part| part.is_match(&text).unwrap())
                    .collect();
                here.contains(&true) && here.iter().zip(&in_title).all(|(a, b)| *a || *b)
            });
            let matches = matches.count() as u64;
            if matches > 0 || !in_title.contains(&false) {
                found.insert(conversation["id"].as_str().unwrap().to_owned(), matches);
            }
        }
        found
    }
}

fn text(rng: &mut Rng, longest: usize) -> String {
    let count = rng.usize(1..longest);
    let words = (0..count).map(|_| WORDS[rng.usize(..WORDS.len())]);
    words
        .collect::<Vec<_>>()
        .join([" ", ", ", "\n"][rng.usize(..3)])
}

fn conversation(rng: &mut Rng, index: usize) -> Value {
    let count = rng.usize(1..5);
    let messages: Vec<Value> = (0..count)
        .map(|number| {
            let id = format!("m{number}");
            match rng.bool() {
                true => json!({ "id": id, "type": "user", "content": text(rng, 6) }),
                false => json!({ "id": id, "type": "assistant", "parts": [
                    { "type": "text", "text": text(rng, 4) }, { "type": "reasoning", "text": text(rng, 3) },
                ] }),
            }
        })
        .collect();
    json!({ "id": format!("c{index}"), "title": text(rng, 3), "messages": messages })
}

/// The text of a message: its content, or the texts of its parts.
fn text_of(message: &Value) -> String {
    if let Some(content) = message["content"].as_str() {
        return content.to_owned();
    }
    let parts = message["parts"].as_array().unwrap().iter();
    parts
        .map(|part| part["text"].as_str().unwrap())
        .collect::<Vec<_>>()
        .join("\n\n")
}

fn parts_of(query: &str) -> Vec<Regex> {
    match query.strip_prefix('"') {
        Some(phrase) => vec![regex(phrase.trim_end_matches('"'))],
        None => query.split(' ').map(regex).collect(),
    }
}

fn regex(words: &str) -> Regex {
    const LETTER: &str = r"[\p{L}\p{N}\p{M}]";
    const NO_SPACES: &str = r"[\p{Han}\p{Hangul}]";
    let is_prefix = words.ends_with('*');
    let words = words.trim_end_matches('*').to_lowercase();
    let pieces: Vec<String> = words
        .split([' ', '_', '\''])
        .map(|word| {
            let letters: String = word.chars().map(letter).collect();
            match Regex::new(NO_SPACES).unwrap().is_match(word).unwrap() {
                true => letters,
                // Scripts without spaces end a word, too.
                false => format!(
                    "(?:(?<!{LETTER})|(?<={NO_SPACES})){letters}{}",
                    match is_prefix {
                        true => String::new(),
                        false => format!("(?:(?!{LETTER})|(?={NO_SPACES}))"),
                    }
                ),
            }
        })
        .collect();
    let between = r"(?:[^\p{L}\p{N}\p{M}]*)";
    Regex::new(&format!("(?i){}", pieces.join(between))).unwrap()
}

/// Every spelling of a letter.
fn letter(c: char) -> String {
    match c {
        'e' | 'é' => "(?:[eé]\u{301}?)".to_owned(),
        'i' | 'ï' => "[iï]".to_owned(),
        'u' | 'ü' => "[uü]".to_owned(),
        'o' | 'ό' | 'ο' => "[oόο]".to_owned(),
        'σ' | 'ς' => "[σς]".to_owned(),
        c => fancy_regex::escape(&c.to_string()).into_owned(),
    }
}
