//! Parts of the page in isolation.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::common::Site;

/// Markdown, and the elements it becomes.
const MARKDOWN: [(&str, &str); 43] = [
    ("", ""),
    ("plain", "<p>plain</p>"),
    ("one\ntwo", "<p>one<br>two</p>"),
    ("one\r\n\r\ntwo", "<p>one</p><p>two</p>"),
    (
        "# A\n## B\n###### F",
        "<h3 data-level=\"1\">A</h3><h4 data-level=\"2\">B</h4><h6 data-level=\"6\">F</h6>",
    ),
    (
        "# A #\n# B#",
        "<h3 data-level=\"1\">A</h3><h3 data-level=\"1\">B#</h3>",
    ),
    ("#no heading", "<p>#no heading</p>"),
    (
        "**a** __b__ *c* _d_ ~~e~~",
        "<p><strong>a</strong> <strong>b</strong> <em>c</em> <em>d</em> <del>e</del></p>",
    ),
    ("***both***", "<p><strong><em>both</em></strong></p>"),
    ("**a *b* c**", "<p><strong>a <em>b</em> c</strong></p>"),
    ("*a **b** c*", "<p><em>a <strong>b</strong> c</em></p>"),
    (
        "snake_case_name and 2 * 3 * 4",
        "<p>snake_case_name and 2 * 3 * 4</p>",
    ),
    ("**open and *open", "<p>**open and *open</p>"),
    ("\\*not\\* \\`code\\`", "<p>*not* `code`</p>"),
    (
        "`a * b` and ``c ` d``",
        "<p><code>a * b</code> and <code>c ` d</code></p>",
    ),
    (
        "**a `**` b**",
        "<p><strong>a <code>**</code> b</strong></p>",
    ),
    ("`open", "<p>`open</p>"),
    (
        "a <b>c</b> &amp; d",
        "<p>a &lt;b&gt;c&lt;/b&gt; &amp;amp; d</p>",
    ),
    ("---", "<hr>"),
    (
        "> a\n> b\n\nc",
        "<blockquote><p>a<br>b</p></blockquote><p>c</p>",
    ),
    (
        ">> a",
        "<blockquote><blockquote><p>a</p></blockquote></blockquote>",
    ),
    ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
    ("3. a\n4. b", "<ol start=\"3\"><li>a</li><li>b</li></ol>"),
    (
        "- a\n  - b\n    - c\n- d",
        "<ul><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li><li>d</li></ul>",
    ),
    ("1. a\n\n2. b", "<ol><li>a</li><li>b</li></ol>"),
    (
        "- a\n\n  more\n- b",
        "<ul><li>a<p>more</p></li><li>b</li></ul>",
    ),
    (
        "- a\nlazy\n\nafter",
        "<ul><li>a<br>lazy</li></ul><p>after</p>",
    ),
    ("text\n- a", "<p>text</p><ul><li>a</li></ul>"),
    ("- ", "<ul><li></li></ul>"),
    (
        "- [x] done\n- [ ] open",
        "<ul><li class=\"task\"><input type=\"checkbox\" disabled=\"\" checked=\"\">done</li><li class=\"task\"><input type=\"checkbox\" disabled=\"\">open</li></ul>",
    ),
    (
        "[a](https://x.example/b(c)d)",
        "<p>LINK[https://x.example/b(c)d]a</a></p>",
    ),
    (
        "[**a**](http://x.example \"t\")",
        "<p>LINK[http://x.example/]<strong>a</strong></a></p>",
    ),
    (
        "![alt](https://x.example/i.png)",
        "<p>LINK[https://x.example/i.png]alt</a></p>",
    ),
    (
        "see https://x.example/a?b=c&d.",
        "<p>see LINK[https://x.example/a?b=c&amp;d]https://x.example/a?b=c&amp;d</a>.</p>",
    ),
    (
        "(https://x.example/a)",
        "<p>(LINK[https://x.example/a]https://x.example/a</a>)</p>",
    ),
    (
        "<https://x.example>",
        "<p>LINK[https://x.example/]https://x.example</a></p>",
    ),
    (
        "[mail](mailto:a@x.example)",
        "<p>LINK[mailto:a@x.example]mail</a></p>",
    ),
    (
        "[a](javascript:alert(1))",
        "<p>[a](javascript:alert(1))</p>",
    ),
    (
        "[a](/relative) [b](ftp://x.example)",
        "<p>[a](/relative) [b](ftp://x.example)</p>",
    ),
    (
        "| a | b |\n|---|--:|\n| `1` | 2 |\n| 3 | 4 | 5 |",
        "TABLE<thead><tr><th>a</th><th class=\"end\">b</th></tr></thead><tbody><tr><td><code>1</code></td><td class=\"end\">2</td></tr><tr><td>3</td><td class=\"end\">4</td></tr></tbody></table></div>",
    ),
    ("a | b\nno table", "<p>a | b<br>no table</p>"),
    (
        "```rust\nlet a = \"<b>\";\n\n```\nafter",
        "CODE[rust]let a = \"&lt;b&gt;\";\n</code></pre></figure><p>after</p>",
    ),
    (
        "~~~\n```\nstill open",
        "CODE[text]```\nstill open</code></pre></figure>",
    ),
];

async fn page(site: &Site) -> Option<Browser> {
    let browser = Browser::open(site).await?;
    // A page with the content security policy and without a store.
    browser.visit("/shared#none").await;
    Some(browser)
}

#[tokio::test]
async fn markdown_becomes_elements() {
    let site = Site::embedded().await;
    let Some(browser) = page(&site).await else {
        return;
    };
    let body = r#"
        const { renderMarkdown } = await import('/app/markdown.js');
        return args[0].map((text) => {
            const node = document.createElement('div');
            node.append(renderMarkdown(text));
            return node.innerHTML
                .replace(/<a href="([^"]*)" target="_blank" rel="noopener noreferrer">/g, 'LINK[$1]')
                .replace(/<div class="table"[^>]*><table>/g, 'TABLE')
                .replace(/<figure class="code"><figcaption><span>([^<]*)<\/span><button[^>]*>Copy<\/button><\/figcaption><pre[^>]*><code>/g, 'CODE[$1]');
        });"#;
    let texts: Vec<&str> = MARKDOWN.iter().map(|(text, _)| *text).collect();
    let made = browser.run(body, &[json!(texts)]).await;
    for ((text, expected), made) in MARKDOWN.iter().zip(made.as_array().unwrap()) {
        assert_eq!(made, expected, "{text:?}");
    }
}

#[tokio::test]
async fn parts_of_messages_become_elements() {
    let site = Site::embedded().await;
    let Some(browser) = page(&site).await else {
        return;
    };
    let body = r#"
        const { partsOf, renderPart, textOf } = await import('/app/message-parts.js');
        return args[0].map((message) => {
            const node = document.createElement('div');
            node.append(...(partsOf(message) ?? []).flatMap(renderPart));
            const html = node.innerHTML
                .replace(/<figure class="code"><pre[^>]*><code>/g, 'CODE:')
                .replace(/<\/code><\/pre><\/figure>/g, '')
                .replace(/ target="_blank" rel="noopener noreferrer"/g, '');
            return [html, textOf(message)];
        });"#;
    let image = "iVBORw0KGgo=".repeat(100);
    let hello = json!({ "type": "text", "text": "*Hello* <b>" });
    let cases = [
        (json!({ "content": "x" }), "", "x"),
        (
            json!({ "content": [hello] }),
            "<p><em>Hello</em> &lt;b&gt;</p>",
            "*Hello* <b>",
        ),
        (
            json!({ "content": "x", "parts": [{ "type": "reasoning", "text": "Hm." }, { "type": "step-start" }, 5] }),
            r#"<details class="part"><summary>Reasoning</summary><p>Hm.</p></details>"#,
            "x",
        ),
        (
            json!({ "content": "x", "parts": [{ "type": "tool-a", "state": "output-error", "input": "<b>", "errorText": "no" }] }),
            r#"<details class="part"><summary>Tool: <code>a</code></summary>CODE:&lt;b&gt;</details><details class="part"><summary>Error</summary>CODE:no</details>"#,
            "x",
        ),
        (
            json!({ "content": [{ "type": "tool_result", "content": [{ "type": "text", "text": image }] }] }),
            r#"<details class="part"><summary>Result</summary>CODE:…</details>"#,
            "",
        ),
        (
            json!({ "content": [
                { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "AA==" } },
                { "type": "image", "image": "data:image/svg+xml;base64,AA==" },
                { "type": "image_url", "image_url": { "url": "data:image/gif;base64,AA==" } },
                { "type": "file", "data": "AA==", "mimeType": "text/plain", "filename": "c.txt" },
                { "type": "input_file", "file_data": "data:application/pdf;base64,AA==", "filename": "d.pdf" },
                { "type": "file", "filename": "e", "url": "data:text/html,<script>" },
            ] }),
            r#"<img class="part" src="data:image/png;base64,AA==" alt="Image"><a class="part" href="data:image/svg+xml;base64,AA==" download="Image">Image</a><img class="part" src="data:image/gif;base64,AA==" alt="Image"><a class="part" href="data:text/plain;base64,AA==" download="c.txt">c.txt</a><a class="part" href="data:application/pdf;base64,AA==" download="d.pdf">d.pdf</a><span class="part">e</span>"#,
            "",
        ),
        (
            json!({ "content": [
                { "type": "image", "source": { "type": "base64", "data": image } },
                { "type": "file", "filename": "a.pdf", "url": "https://example.com/a.pdf" },
                { "type": "file", "filename": "b", "url": "javascript:alert(1)" },
            ] }),
            r#"<span class="part">Image</span><a class="part" href="https://example.com/a.pdf">a.pdf</a><span class="part">b</span>"#,
            "",
        ),
    ];
    let messages: Vec<&Value> = cases.iter().map(|(message, _, _)| message).collect();
    let made = browser.run(body, &[json!(messages)]).await;
    for ((message, html, text), made) in cases.iter().zip(made.as_array().unwrap()) {
        assert_eq!(*made, json!([html, text]), "{message}");
    }
}

/// Texts that would take forever with quadratic work. A thousand times the length may take some ten thousand times as
/// long, but not a million times.
#[tokio::test]
async fn no_text_takes_forever() {
    let site = Site::embedded().await;
    let Some(browser) = page(&site).await else {
        return;
    };
    let body = "
        const { renderMarkdown } = await import('/app/markdown.js');
        const pieces = ['[', '![', '](', '*', '**a ', '_a ', '`', '` ', '<https://', 'https://x.example/((', '> ', '- ', '1. a\\n ',
            '|', '|-', '\\\\', '#', '# ', ' ', '~~~\\n', '***', '*a_b', '[a](', 'h', 'mailto:', '- - ', '. ', '[x](https://'];
        for (const piece of pieces) renderMarkdown(piece.repeat(100_000 / piece.length));
        // More elements than a call can take arguments.
        renderMarkdown('- a\\n'.repeat(200_000));
        return pieces.length;";
    assert_eq!(browser.run(body, &[]).await, 28);
}
