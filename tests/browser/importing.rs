//! Files of other systems, dropped on the page or chosen.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde_json::json;

use crate::browser::Browser;
use crate::common::{Site, repository};
use crate::import_export::drop_on_the_page;

on_one_store!(files_of_other_systems_are_imported_and_reported);

const SESSION: &str = "claude-code-claude-normalization-main.jsonl";

async fn files_of_other_systems_are_imported_and_reported(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    let session = repository().join("importers/tests/data").join(SESSION);
    drop_on_the_page(&browser, &session).await;
    until_outcome(&browser, "3 conversations imported.").await;
    browser
        .until_texts("dialog .entries small", &["Imported"; 3])
        .await;
    let note = format!("{SESSION}: read as Claude Code.");
    assert_eq!(browser.texts("dialog .import-notes li").await, [note]);
    // Its former call is a link to it, and its tools are folded there.
    browser.click("dialog .entries a").await;
    browser
        .until("document.querySelector('.message details.part summary code')")
        .await;
    assert_eq!(
        browser
            .value("document.querySelectorAll('.message details[open]').length")
            .await,
        0
    );
    browser.screenshot("imported-session").await;

    browser.type_into("#files", session.to_str().unwrap()).await;
    until_outcome(&browser, "0 conversations imported, 3 known already.").await;
    browser.click("dialog [title=Close]").await;

    let archive = browser.scratch().join("export.zip");
    fs::write(&archive, export()).unwrap();
    browser.type_into("#files", archive.to_str().unwrap()).await;
    until_outcome(&browser, "1 conversation imported, 1 skipped.").await;
    browser
        .until_texts(
            "dialog .entries small",
            &["Skipped: there is nothing to read in it.", "Imported"],
        )
        .await;
    browser
        .until_texts(
            "dialog .import-notes li",
            &[
                "conversations.json: read as claude.ai.",
                "users.json: no conversations in it.",
            ],
        )
        .await;
    browser.screenshot("import-report").await;
    browser.click("dialog [title=Close]").await;

    let text = browser.scratch().join("diary.txt");
    fs::write(&text, "Dear diary").unwrap();
    browser.type_into("#files", text.to_str().unwrap()).await;
    until_outcome(&browser, "This file is neither JSON nor lines of JSON.").await;
    browser.click("dialog [title=Close]").await;

    browser.set_offline(true).await;
    browser.type_into("#files", session.to_str().unwrap()).await;
    until_outcome(&browser, "The server cannot be reached.").await;
}

async fn until_outcome(browser: &Browser, text: &str) {
    browser
        .until_texts("dialog .dialog-body > [role=status]", &[text])
        .await;
}

/// An export of claude.ai: one conversation with messages, one without, and a file without conversations.
fn export() -> Vec<u8> {
    let conversations = json!([
        { "uuid": "with", "name": "Tides", "chat_messages": [
            { "uuid": "m", "sender": "human", "text": "Why are there two tides a day?" },
        ] },
        { "uuid": "without", "name": "Nothing", "chat_messages": [] },
    ]);
    zip(&[
        ("users.json", r#"[{"uuid":"u","full_name":"N"}]"#),
        ("conversations.json", &conversations.to_string()),
    ])
}

fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let (mut archive, mut list) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        let packed = encoder.finish().unwrap();
        let offset = archive.len() as u32;
        let sizes = [0, packed.len() as u32, text.len() as u32];
        // Version, flags, method, time and date; checksum and sizes; the length of the name, and of what may follow it.
        let shared = [20, 0, 8, 0, 0].map(u16::to_le_bytes).concat();
        let shared = [shared, sizes.map(u32::to_le_bytes).concat()].concat();
        let lengths = [name.len() as u16, 0].map(u16::to_le_bytes).concat();
        archive.extend([b"PK\x03\x04".as_slice(), &shared, &lengths].concat());
        archive.extend([name.as_bytes(), &packed].concat());
        list.extend([b"PK\x01\x02\x14\0".as_slice(), &shared, &lengths, &[0; 10]].concat());
        list.extend([&offset.to_le_bytes(), name.as_bytes()].concat());
    }
    let count = (files.len() as u16).to_le_bytes();
    let place = [list.len() as u32, archive.len() as u32].map(u32::to_le_bytes);
    let end = [
        b"PK\x05\x06\0\0\0\0".as_slice(),
        &count,
        &count,
        &place.concat(),
        &[0; 2],
    ]
    .concat();
    [archive, list, end].concat()
}
