//! The service's own form, and unknown formats.

#![allow(clippy::unwrap_used)]

mod common;

use common::convert;
use importers::{ConvertError, Format, Options};
use serde_json::json;

#[test]
fn the_native_format_passes_through_unchanged() {
    let one = r#"{"id":"a","title":"\ud83d","messages":[{"id":"m","type":"user","content":"x","n":1.50}],"z":1}"#;
    let lines = format!("{one}\n{one}\n{{\"export\":{{\"complete\":true}}}}\n");
    for source in [
        format!("[{one}, {one}]"),
        format!("{{\"conversations\":[{one},{one}]}}"),
        lines,
    ] {
        let converted = convert(source.as_bytes());
        assert_eq!(converted.report.format, Format::Own);
        assert_eq!(
            serde_json::to_string(&converted.conversations).unwrap(),
            format!("[{one},{one}]")
        );
        assert_eq!(converted.report.imported(), 2);
    }
}

#[test]
fn a_source_of_another_format_is_an_error() {
    let source = br#"[{"mapping":{}}]"#;
    let convert = |format, source: &[u8]| importers::convert(format, source, &Options::default());
    assert_eq!(
        convert(Format::ClaudeCode, source).unwrap_err(),
        ConvertError::WrongShape(Format::ClaudeCode)
    );
    assert_eq!(
        convert(Format::ChatGpt, b"[{").unwrap_err(),
        ConvertError::NotJson
    );
    assert_eq!(
        convert(Format::ChatGpt, b"5").unwrap_err(),
        ConvertError::WrongShape(Format::ChatGpt)
    );
    assert_eq!(convert(Format::Own, b" ").unwrap_err(), ConvertError::Empty);
    let report = convert(Format::ClaudeAi, source).unwrap().report;
    assert_eq!(report.imported(), 0);
    let options = Options {
        max_conversations: 1,
        ..Options::default()
    };
    let two = importers::convert(
        Format::ChatGpt,
        br#"[{"mapping":{}},{"mapping":{}}]"#,
        &options,
    )
    .unwrap();
    assert_eq!(
        json!(two.report.conversations[1].skipped),
        json!("too_many_conversations")
    );
}
