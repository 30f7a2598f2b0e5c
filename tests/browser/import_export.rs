//! Import and export.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::common::{Site, real_data};
use test_support::until;

on_one_store!(
    a_dump_is_imported_by_dropping_it,
    a_chosen_file_is_imported_and_its_errors_are_reported,
    an_export_is_downloaded_and_holds_everything,
);

async fn a_dump_is_imported_by_dropping_it(site: Site) {
    let Some(dump) = real_data() else { return };
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    let file = browser.scratch().join("localstorage.json");
    fs::write(&file, dump.to_string()).unwrap();
    drop_on_the_page(&browser, &file).await;
    let count = dump.as_array().unwrap().len();
    browser
        .until_toast(&format!("{count} conversations imported."))
        .await;
    browser
        .until("document.querySelectorAll('.row').length > 8")
        .await;

    let title = dump[0]["title"].as_str().unwrap();
    browser.open_conversation(title).await;
    let statistics = browser.user(&site).await.get("/api/user").await.expect(200);
    assert_eq!(statistics["totals"]["current"]["conversations"], count);
}

/// Drags a file over the page and drops it there. The events are created in the page, because a busy browser loses some of
/// those sent from outside.
pub async fn drop_on_the_page(browser: &Browser, file: &Path) {
    let name = file.file_name().unwrap().to_str().unwrap();
    let text = fs::read_to_string(file).unwrap();
    let body = "
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([args[1]], args[0]));
        const send = (type) =>
            document.body.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
        const isIgnored = send('dragover');
        const isShown = !document.querySelector('#drop').hidden;
        send('drop');
        return [isIgnored, isShown, document.querySelector('#drop').hidden];";
    let seen = browser.run(body, &[json!(name), json!(text)]).await;
    assert_eq!(seen, json!([false, true, true]));
}

async fn a_chosen_file_is_imported_and_its_errors_are_reported(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    let file = browser.scratch().join("mixed.json");
    let mixed = json!([
        { "id": "good", "title": "A good one", "messages": [{ "id": "m", "type": "user", "content": "hi" }] },
        { "id": "not good!", "title": "A bad one", "messages": [] },
    ]);
    fs::write(&file, mixed.to_string()).unwrap();
    browser.type_into("#files", file.to_str().unwrap()).await;
    browser
        .until("document.querySelector('dialog .text')?.textContent === '1 conversation imported, 1 not accepted.'")
        .await;
    browser
        .until_texts(
            "dialog .entries small",
            &["Not accepted: invalid id", "Imported"],
        )
        .await;
    browser.click("dialog [title=Close]").await;
    browser.until_texts(".row .name", &["A good one"]).await;

    fs::write(&file, "this is no JSON").unwrap();
    browser.type_into("#files", file.to_str().unwrap()).await;
    browser
        .until("document.querySelector('dialog .text')?.textContent.startsWith('This file is neither JSON')")
        .await;
}

async fn an_export_is_downloaded_and_holds_everything(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.open_sample("How do I undo").await;
    browser.choose_from_page("Export everything").await;
    let lines = downloaded(&browser, "ndjson").await;
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[3]["export"]["complete"], true);

    browser.choose("Export as Markdown").await;
    let markdown = downloaded(&browser, "md").await;
    assert!(markdown.contains("git reset --soft HEAD~1"), "{markdown}");
}

/// The download with this extension, as soon as it is complete.
async fn downloaded(browser: &Browser, extension: &str) -> String {
    let complete = || {
        let entries = fs::read_dir(browser.downloads()).into_iter().flatten();
        let mut paths = entries.map(|entry| entry.unwrap().path());
        // While it is being written it has another extension.
        paths.find(|path| path.extension().is_some_and(|one| one == extension))
    };
    until("the download is complete", async || complete().is_some()).await;
    fs::read_to_string(complete().unwrap()).unwrap()
}
