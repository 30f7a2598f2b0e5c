//! Replaces strings in JSON, and leaves every other byte as it is.

use std::borrow::Cow;

/// Passes every string of JSON (or of lines of it) to `replace`, which returns what to put there instead, if anything.
///
/// Text that is not quite JSON, such as a line that was cut off, is passed as it is.
pub fn replace_strings(
    json: &[u8],
    mut replace: impl FnMut(&str) -> Option<String>,
) -> Cow<'_, [u8]> {
    let mut output: Vec<u8> = Vec::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(start) = json[at..]
        .iter()
        .position(|byte| *byte == b'"')
        .map(|offset| at + offset + 1)
    {
        let end = start + string_length(&json[start..]);
        if let Some(text) = replaced(&json[start..end], &mut replace) {
            output.extend(&json[copied..start]);
            output.extend(text.as_bytes());
            copied = end;
        }
        at = (end + 1).min(json.len());
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    output.extend(&json[copied..]);
    Cow::Owned(output)
}

/// How many bytes a string has, up to its closing quote, or without one up to the end of the line.
fn string_length(text: &[u8]) -> usize {
    let mut is_escaped = false;
    let ends = |byte: &u8| {
        let ends = *byte == b'\n' || (*byte == b'"' && !is_escaped);
        is_escaped = *byte == b'\\' && !is_escaped;
        ends
    };
    text.iter().position(ends).unwrap_or(text.len())
}

/// The replacement of a string, escaped as JSON.
fn replaced(raw: &[u8], replace: &mut impl FnMut(&str) -> Option<String>) -> Option<String> {
    let raw = String::from_utf8_lossy(raw);
    let text = match raw.contains('\\') {
        true => serde_json::from_str(&format!("\"{raw}\"")).map_or(raw, Cow::<str>::Owned),
        false => raw,
    };
    let encoded = serde_json::to_string(&replace(&text)?).ok()?;
    Some(encoded[1..encoded.len() - 1].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shout(json: &str) -> String {
        let replaced = replace_strings(json.as_bytes(), |text| {
            text.contains("secret").then(|| text.to_uppercase())
        });
        String::from_utf8(replaced.into_owned()).unwrap()
    }

    #[test]
    fn only_what_is_replaced_changes() {
        let json = "{ \"a\" : [1.50, \"\\u0041 secret \\\"x\\\" \\n\"],\r\n \"b\":\"\\/\"}";
        assert_eq!(
            shout(json),
            "{ \"a\" : [1.50, \"A SECRET \\\"X\\\" \\n\"],\r\n \"b\":\"\\/\"}"
        );
        assert_eq!(shout("{}"), "{}");
        assert_eq!(shout("\"\\\\\" \"secret\""), "\"\\\\\" \"SECRET\"");
    }

    #[test]
    fn truncated_text_is_filtered_too() {
        assert_eq!(shout("{\"a\":\"secr et secret"), "{\"a\":\"SECR ET SECRET");
        assert_eq!(
            shout("\"a secret\n{\"b\":\"secret\"}"),
            "\"A SECRET\n{\"b\":\"SECRET\"}"
        );
        assert_eq!(shout("\""), "\"");
    }
}
