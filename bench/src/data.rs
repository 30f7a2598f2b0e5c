//! The conversations to measure with, which are the same in every run.

use conversation_store::model::Timestamp;
use fastrand::Rng;
use serde::Serialize;

/// The time of the first message, epoch ms.
const BEGIN: i64 = 1_750_000_000_000;
/// A time after all initial messages, epoch ms.
pub const LATEST: i64 = 1_780_000_000_000;
/// The pause between two messages, ms.
const PAUSE: i64 = 20_000;

/// The vocabulary of the texts: about as many words as a chat repeats, with characters of one to four bytes.
const WORDS: &str = "the a to of and in is it you that for on with as this be are can if not use we have from an or by \
    will when which function value server request data return type error code list string number async await promise \
    client cache index query table column update insert delete select between however because therefore example first \
    second finally note that should would could about there their using used make sure check test build deploy version \
    café naïve größer 東京 🙂 → `let x = 1;` {\"key\":\"value\"} https://example.com/path?q=1 C:\\temp";

/// A conversation as a frontend keeps it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    pub id: String,
    title: String,
    created_at: String,
    updated_at: String,
    total_tokens: u64,
    pub messages: Vec<Message>,
}

/// A message as a frontend keeps it.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    pub id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    pub content: String,
    timestamp: String,
    tokens: Tokens,
}

#[derive(Clone, Debug, Serialize)]
struct Tokens {
    input: u64,
    output: u64,
    total: u64,
}

/// `count` conversations of `messages` messages, the oldest first. Ids begin with `owner`, because the
/// baseline's keys do not separate users.
pub fn conversations(owner: &str, count: usize, messages: usize) -> Vec<Conversation> {
    (0..count)
        .map(|number| conversation(owner, number, messages))
        .collect()
}

fn conversation(owner: &str, number: usize, messages: usize) -> Conversation {
    let id = format!("{owner}-{number}");
    // Starts an hour after the previous one, or at its end.
    let length = (messages as i64 * PAUSE).max(3_600_000);
    let begin = BEGIN + number as i64 * length;
    let messages: Vec<Message> = (0..messages)
        .map(|index| message(&id, index, begin + index as i64 * PAUSE))
        .collect();
    let end = begin + messages.len() as i64 * PAUSE;
    Conversation {
        title: format!("Conversation {number} of {owner}"),
        created_at: iso(begin),
        updated_at: iso(end),
        total_tokens: messages.iter().map(|message| message.tokens.total).sum(),
        id,
        messages,
    }
}

/// The `index`th message of a conversation: questions are short and replies are long.
pub fn message(conversation: &str, index: usize, timestamp: i64) -> Message {
    let mut rng = Rng::with_seed(index as u64);
    let (kind, length) = match index % 2 {
        0 => ("user", rng.usize(20..200)),
        _ => ("assistant", rng.usize(200..1_400)),
    };
    let content = text(&mut rng, length);
    let total = content.len() as u64 / 4;
    let (input, output) = if kind == "user" {
        (total, 0)
    } else {
        (0, total)
    };
    Message {
        id: format!("{conversation}-m{index}"),
        kind,
        content,
        timestamp: iso(timestamp),
        tokens: Tokens {
            input,
            output,
            total,
        },
    }
}

/// At least `length` bytes of words.
fn text(rng: &mut Rng, length: usize) -> String {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let mut text = String::with_capacity(length + 32);
    while text.len() < length {
        // The product favours the first words, as language does.
        let word = words[(rng.f64() * rng.f64() * words.len() as f64) as usize];
        text.push_str(word);
        text.push(if rng.u8(..20) == 0 { '\n' } else { ' ' });
    }
    text
}

/// ISO 8601 in UTC.
fn iso(ms: i64) -> String {
    Timestamp::from_ms(ms).to_string()
}
