//! A user's day in a real browser, its commands counted.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use tempfile::TempDir;

use crate::browser::Browser;
use crate::common::day::ALLOWED;
use crate::common::{Site, repository};

on_one_store!(a_users_day_in_a_browser_stays_inside_its_budget);

const BEGIN: &str = "
    const script = await import('/tests/module/chromium-day.mjs');
    window.nextQuestion = script.nextQuestion;
    script.play();";

async fn a_users_day_in_a_browser_stays_inside_its_budget(site: Site) {
    let files = pages_for_the_script();
    let service = site.deployment_of(&[], files.path()).await;
    let Some(browser) = Browser::open(&site).await else {
        return;
    };
    let page = format!("{}/page.html", service.url());
    browser.client.goto(&page).await.unwrap();
    browser.run(BEGIN, &[]).await;
    let (mut before, mut days) = (0, 0);
    loop {
        let question = browser.run("return await nextQuestion();", &[]).await;
        let question = question.as_str().unwrap();
        if let Some(ms) = question.strip_prefix("advance ") {
            site.advance(Duration::from_millis(ms.parse().unwrap()));
        } else if let Some(what) = question.strip_prefix("count ") {
            let now = site.commands().await;
            if what != "nothing" {
                let commands = now - before;
                println!("{what}: {commands} commands of {ALLOWED}");
                assert!(commands <= ALLOWED, "{what}: {commands}");
                days += 1;
            }
            before = now;
        } else {
            assert_eq!(question, "done");
            break;
        }
    }
    assert_eq!(days, 1);
}

/// The repository's scripts, served to a browser: they import the module by its path in the repository.
pub fn pages_for_the_script() -> TempDir {
    let repository = repository();
    let pages = TempDir::with_prefix("pages-").unwrap();
    fs::write(
        pages.path().join("page.html"),
        "<!doctype html><title>A day</title>",
    )
    .unwrap();
    for folder in ["public", "tests"] {
        symlink(repository.join(folder), pages.path().join(folder)).unwrap();
    }
    pages
}
