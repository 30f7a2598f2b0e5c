//! Whatever a message or a title contains is shown as text.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::common::{Site, message};

on_one_store!(hostile_texts_stay_texts);

/// Each would set `window.broken` if it ran.
const HOSTILE: [&str; 16] = [
    "<script>window.broken = 1</script>",
    "<img src=x onerror=\"window.broken = 2\">",
    "<svg onload=window.broken=3><use href=\"data:x\"></svg>",
    "<iframe srcdoc=\"<script>parent.broken = 4</script>\"></iframe>",
    "[click](javascript:window.broken=5)",
    "[click](JaVaScRiPt:window.broken=6 \"title\")",
    "[click](  java\u{9}script:window.broken=7)",
    "[click](data:text/html,<script>opener.broken=8</script>)",
    "![x](x\" onerror=\"window.broken=9)",
    "[a](https://example.com/\" onmouseover=\"window.broken=10)",
    "<javascript:window.broken=11>",
    "```\"><img src=x onerror=window.broken=12>\n</code></pre><script>window.broken=12</script>\n```",
    "| <img src=x onerror=window.broken=13> | b |\n|---|---|\n| <script>window.broken=13</script> | `<b>` |",
    "# <img src=x onerror=window.broken=14>\n> <script>window.broken=14</script>\n- <b onclick=window.broken=14>x</b>",
    "[x](vbscript:window.broken=15) [y](file:///etc/passwd) [z](//elsewhere.example)",
    "\u{202e}<style>*{display:none}</style><base href=//elsewhere.example><meta http-equiv=refresh content=0>",
];

async fn hostile_texts_stay_texts(site: Site) {
    let user = site.user().await;
    let messages = HOSTILE.iter().enumerate();
    let messages = messages.map(|(at, text)| message(&format!("m{at}"), kind(at), text));
    user.create("hostile", messages.collect()).await;
    let title = HOSTILE[1];
    user.patch("/api/conversations/hostile", &json!({ "title": title }))
        .await
        .expect(200);
    let Some(browser) = Browser::open(&site).await else {
        return;
    };
    browser.become_user(&user).await;
    browser.until_texts(".row .name", &[title]).await;
    browser.click(".row a").await;
    browser.until_texts("#title", &[title]).await;
    // All of them are drawn, not just those in view.
    see_all_messages(&browser, HOSTILE.len()).await;
    browser.type_into("#search", "onerror").await;
    browser.until("document.querySelector('.row mark')").await;
    nothing_happened(&browser, "main").await;

    let share = user
        .post("/api/shares", &json!({ "conversationId": "hostile" }))
        .await
        .expect(201);
    browser
        .visit(&format!("/shared#{}", share["id"].as_str().unwrap()))
        .await;
    browser.until_texts("#title", &[title]).await;
    see_all_messages(&browser, HOSTILE.len()).await;
    nothing_happened(&browser, "shared").await;
}

fn kind(at: usize) -> &'static str {
    if at.is_multiple_of(2) {
        "user"
    } else {
        "assistant"
    }
}

async fn see_all_messages(browser: &Browser, count: usize) {
    browser.until("document.querySelector('.message')").await;
    let body = "
        const thread = document.querySelector('#thread');
        const seen = new Map();
        const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
        for (let top = 0; top < thread.scrollHeight + 500; top += 300) {
            thread.scrollTop = top;
            await frame();
            await frame();
            for (const node of document.querySelectorAll('.message')) {
                const allowed = 'A BLOCKQUOTE BR BUTTON CODE FIGCAPTION FIGURE H3 LI PRE SPAN TABLE TBODY TD TH THEAD TR UL P DIV';
                const made = [...node.querySelector('.content').querySelectorAll('*')];
                const strange = made.filter((one) => !allowed.split(' ').includes(one.tagName));
                const links = made.filter((one) => one.tagName === 'A').map((one) => [one.href, one.rel]);
                const handlers = made.filter((one) => [...one.attributes].some(({ name }) => name.startsWith('on')));
                seen.set(node.dataset.key, [strange.length, handlers.length, links, node.textContent]);
            }
        }
        return [...seen];";
    let seen = browser.run(body, &[]).await;
    let seen = seen.as_array().unwrap();
    assert_eq!(seen.len(), count);
    for entry in seen {
        let [strange, handlers, links, text] = [0, 1, 2, 3].map(|at| &entry[1][at]);
        assert_eq!((strange, handlers), (&json!(0), &json!(0)), "{entry}");
        for link in links.as_array().unwrap() {
            assert!(
                link[0]
                    .as_str()
                    .unwrap()
                    .starts_with("https://example.com/"),
                "{entry}"
            );
            assert_eq!(link[1], "noopener noreferrer");
        }
        // Code is shown as text, or is part of an address, where it does nothing.
        let is_read = text.as_str().unwrap().contains("broken") || entry[0] == "m15";
        assert!(is_read || *links != json!([]), "{entry}");
    }
}

async fn nothing_happened(browser: &Browser, place: &str) {
    let outside = browser.value("document.querySelectorAll('#main script, #main iframe, #main style, #sidebar script, h1 img, .row img').length").await;
    assert_eq!(outside, 0, "{place}");
    assert_eq!(browser.value("window.broken").await, Value::Null, "{place}");
    let log = browser.log("browser").await;
    assert!(log.is_empty(), "{place}: {log:#?}");
}
