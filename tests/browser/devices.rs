//! Two devices of one user.

use serde_json::json;

use crate::browser::Browser;
use crate::common::{Site, message};

on_one_store!(
    a_device_is_linked_by_the_address_in_the_qr_code,
    a_device_is_linked_by_a_typed_code,
    a_signed_out_device_says_so_and_starts_over,
);

async fn a_device_is_linked_by_the_address_in_the_qr_code(site: Site) {
    let Some((first, second)) = Browser::open_two(&site).await else {
        return;
    };
    first.visit("/").await;
    first.until_ready().await;
    first.open_sample("How do I undo").await;
    let code = code_of(&first).await;
    // The QR code is that of the link; tests/module/qr.test.mjs reads such codes.
    let drawn = first
        .value("document.querySelector('.qr path').getAttribute('d')")
        .await;
    let body = "const { qrPath } = await import('/app/qr.js');
        return qrPath(`${location.origin}/#link=${args[0]}`).path;";
    assert_eq!(drawn, first.run(body, &[json!(code)]).await);

    second.visit("/").await;
    second.until_ready().await;
    second.talk("Written on the second device").await;
    second.until_saved().await;
    second.visit(&format!("/#link={code}")).await;
    second
        .until_texts("dialog h2", &["Link this device?"])
        .await;
    // The code is not left where the next person at this device finds it.
    assert_eq!(second.value("location.href.includes('link')").await, false);
    assert!(second.texts("dialog label").await[0].ends_with("1 conversation"));
    second.click("dialog footer .primary").await;
    second.until_toast("This device is linked.").await;
    second
        .until("document.querySelectorAll('.row').length === 4")
        .await;
    second.until_saved().await;
    first.click("dialog [title=Close]").await;
    // And the second device's data comes to the first.
    first
        .until("document.querySelectorAll('.row').length === 4")
        .await;
}

async fn a_device_is_linked_by_a_typed_code(site: Site) {
    let Some((first, second)) = Browser::open_two(&site).await else {
        return;
    };
    first.visit("/").await;
    first.until_ready().await;
    first.talk("Hello from the first").await;
    first.until_saved().await;
    let code = code_of(&first).await;

    second.visit("/").await;
    second.until_ready().await;
    second.click("#link-device").await;
    second.type_into("#redeem-code", "WRNG-CDDE").await;
    second.click_among("dialog form button", "Go on").await;
    second.click("dialog footer .primary").await;
    second.until_toast("This code is wrong").await;
    second.choose_from_page("Link another device").await;
    second.type_into("#redeem-code", &code.to_lowercase()).await;
    second.click_among("dialog form button", "Go on").await;
    second.click("dialog footer .primary").await;
    second
        .until_texts(".row .name", &["Hello from the first"])
        .await;
}

async fn a_signed_out_device_says_so_and_starts_over(site: Site) {
    let Some((first, second)) = Browser::open_two(&site).await else {
        return;
    };
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "Mine")]).await;
    first.become_user(&user).await;
    second.become_user(&user).await;
    second
        .until("document.querySelectorAll('.row').length === 1")
        .await;
    first.choose_from_page("Link another device").await;
    first
        .click_among("dialog button", "Sign out all other devices")
        .await;
    first
        .click_among("dialog footer button", "Sign them out")
        .await;
    first.until_toast("All other devices are signed out.").await;

    second.visit("/#/new").await;
    second.until_ready().await;
    second.talk("Written after that").await;
    second
        .until_texts("#status-text", &["Signed out on another device"])
        .await;
    second.click("#status").await;
    second
        .click_among("dialog footer button", "Begin anew")
        .await;
    second
        .click_among("dialog footer .primary", "Begin anew")
        .await;
    second.until_saved().await;
    second
        .until("[...document.querySelectorAll('.row .name')].some((name) => name.textContent === 'Written after that')")
        .await;
    // It belongs to another user now.
    let list = user.get("/api/conversations").await;
    list.expect_error(401, "signed_out");
}

/// The code that a device shows.
async fn code_of(browser: &Browser) -> String {
    browser.choose_from_page("Link another device").await;
    let code = browser
        .until("document.querySelector('#link-code')?.textContent")
        .await;
    code.as_str().unwrap().to_owned()
}
