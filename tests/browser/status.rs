//! The status line says whether everything is saved.

use crate::browser::Browser;
use crate::common::Site;

on_one_store!(
    being_offline_is_shown_and_survived,
    disabled_storage_is_shown_and_survived
);

async fn being_offline_is_shown_and_survived(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.open_sample("How do I undo").await;
    browser.until_saved().await;
    browser.set_offline(true).await;
    browser.talk("Written without a network").await;
    browser
        .until_texts("#status-text", &["Offline, 1 conversation unsent"])
        .await;
    browser.until_texts(".row .unsent", &["· unsent"]).await;
    // The status may be shown before the thread is drawn.
    browser
        .until(
            "[...document.querySelectorAll('.message .content')].some((text) => text.textContent.includes('Written without a network'))",
        )
        .await;

    browser.set_offline(false).await;
    browser.until_saved().await;
    browser
        .until("!document.querySelector('.row .unsent')")
        .await;
    let kept = browser.kept(&site).await;
    assert_eq!(kept["messageCount"], 6);
    assert_eq!(kept["messages"][4]["content"], "Written without a network");
}

async fn disabled_storage_is_shown_and_survived(site: Site) {
    let Some(browser) = Browser::open(&site).await else {
        return;
    };
    let off = site.deployment(&[("REDIS_ENABLED", "false")]).await;
    browser.client.goto(&off.url()).await.unwrap();
    browser.until_ready().await;
    browser.talk("Kept here").await;
    browser
        .until_texts(
            "#status-text",
            &["Storage is off: kept on this device only"],
        )
        .await;
    browser.client.refresh().await.unwrap();
    browser
        .until("document.querySelectorAll('.message').length === 2")
        .await;
    assert_eq!(browser.messages().await[0], "Kept here");
    // The sample can still be opened.
    browser
        .client
        .goto(&format!("{}/#/new", off.url()))
        .await
        .unwrap();
    browser
        .run(
            "const { importSample } = await import('/app/transfer.js'); await importSample();",
            &[],
        )
        .await;
    browser
        .until("document.querySelectorAll('.row').length === 4")
        .await;
}
