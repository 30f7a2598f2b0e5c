//! Drawing bar charts in SVG, for light and dark backgrounds.

use std::fmt::Write as _;

use crate::side::Pair;
use crate::side::Side;

const WIDTH: u32 = 800;
/// The left end of the bars.
const LEFT: u32 = 230;
/// The length of the longest bar of a row.
const LONGEST: f64 = 380.0;
const TOP: u32 = 66;
const ROW: u32 = 46;
const BAR: u32 = 15;

/// The values of both sides for one label.
#[derive(Debug)]
pub struct Row {
    pub label: String,
    pub values: Pair<f64>,
    /// The values as text.
    pub texts: Pair<String>,
    /// The comparison in short, such as a ratio.
    pub verdict: String,
}

/// Draws a chart; each row has its own scale.
pub fn draw(title: &str, rows: &[Row]) -> String {
    let height = TOP + ROW * u32::try_from(rows.len()).unwrap_or_default() + 8;
    let mut svg = head(title, height);
    for (row, y) in rows.iter().zip((TOP..).step_by(ROW as usize)) {
        draw_row(&mut svg, row, y);
    }
    svg.push_str("</svg>\n");
    svg
}

fn head(title: &str, height: u32) -> String {
    let title = escaped(title);
    let [functions, baseline] = Side::BOTH.map(Side::label);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-label="{title}">
<style>
text {{ font: 13px system-ui, sans-serif; fill: #1f2328; }}
.title {{ font-weight: 600; font-size: 15px; }}
.quiet {{ fill: #59636e; }}
.verdict {{ font-weight: 600; }}
.functions {{ fill: #1a7f64; }}
.baseline {{ fill: #b08a4e; }}
@media (prefers-color-scheme: dark) {{
text {{ fill: #e6edf3; }}
.quiet {{ fill: #9198a1; }}
.functions {{ fill: #35b894; }}
.baseline {{ fill: #c9a66b; }}
}}
</style>
<text x="8" y="22" class="title">{title}</text>
<rect x="8" y="36" width="12" height="12" rx="2" class="functions"/><text x="26" y="47" class="quiet">{functions}</text>
<rect x="110" y="36" width="12" height="12" rx="2" class="baseline"/><text x="128" y="47" class="quiet">{baseline}</text>
<text x="{LEFT}" y="47" class="quiet">each row has a scale of its own</text>
"##
    )
}

fn draw_row(svg: &mut String, row: &Row, y: u32) {
    let most = row.values[0].max(row.values[1]).max(f64::MIN_POSITIVE);
    let label = escaped(&row.label);
    let verdict = escaped(&row.verdict);
    // Writing into memory does not fail.
    let _ = writeln!(svg, r#"<text x="8" y="{}">{label}</text>"#, y + 21);
    for (index, side) in Side::BOTH.into_iter().enumerate() {
        let y = y + index as u32 * (BAR + 2);
        let length = (row.values[index] / most * LONGEST).max(1.0);
        let end = f64::from(LEFT) + length + 6.0;
        let text = escaped(&row.texts[index]);
        let class = side.label();
        let _ = writeln!(
            svg,
            r#"<rect x="{LEFT}" y="{y}" width="{length:.1}" height="{BAR}" rx="2" class="{class}"/><text x="{end:.1}" y="{}">{text}</text>"#,
            y + 12
        );
    }
    let _ = writeln!(
        svg,
        r#"<text x="{}" y="{}" text-anchor="end" class="verdict">{verdict}</text>"#,
        WIDTH - 8,
        y + 21
    );
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_to_scale_and_text_is_escaped() {
        let row = Row {
            label: "a < b".to_owned(),
            values: [1.0, 4.0],
            texts: ["1".to_owned(), "4".to_owned()],
            verdict: "4×".to_owned(),
        };
        let svg = draw("\"t\"", &[row]);
        assert!(svg.contains("a &lt; b") && svg.contains("&quot;t&quot;"));
        assert!(svg.contains(r#"width="95.0""#) && svg.contains(r#"width="380.0""#));
    }
}
