//! How the pages are served.

use crate::browser::Browser;
use crate::common::Site;
use crate::on_both_stores;

on_both_stores!(the_page_loads_without_a_complaint);

async fn the_page_loads_without_a_complaint(site: Site) {
    let Some(browser) = Browser::open(&site).await else {
        return;
    };
    browser.visit("/").await;
    browser.until("document.querySelector('h1')").await;
    let log = browser.log("browser").await;
    assert!(log.is_empty(), "{log:#?}");
}
