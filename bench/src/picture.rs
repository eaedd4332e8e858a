//! Draws the results: horizontal bars of requests per second, in light and dark.

use std::fmt::Write as _;

use crate::report::Result;

const WIDTH: f64 = 760.0;
/// The left edge of the bars, and the room for a number after the longest.
const LEFT: f64 = 250.0;
const RIGHT: f64 = 110.0;
const BAR: f64 = 16.0;
const STEP: f64 = 21.0;
const GAP: f64 = 14.0;
const TOP: f64 = 44.0;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2328}.t{font-weight:600}.m{fill:#59636e}\
    .c0{fill:#4f46e5}.c1{fill:#9aa4b2}.c2{fill:#d97706}.c3{fill:#0d9488}\
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}.m{fill:#9198a1}.c0{fill:#818cf8}.c1{fill:#6b7684}\
    .c2{fill:#f59e0b}.c3{fill:#2dd4bf}}";

/// Draws the results. In each case the fastest has the longest bar.
pub(crate) fn draw(results: &[Result]) -> String {
    let mut bars = String::new();
    let mut y = TOP;
    for result in results {
        let fastest = result.series.iter().map(super::report::Series::rate).fold(1.0, f64::max);
        // Writing to a String cannot fail.
        let _ = writeln!(bars, r#"<text class="t" x="8" y="{}">{}</text>"#, y + 13.0, escape(&result.case));
        for (place, series) in result.series.iter().enumerate() {
            let width = (WIDTH - LEFT - RIGHT) * series.rate() / fastest;
            let _ = writeln!(
                bars,
                r#"<text class="m" x="{}" y="{}" text-anchor="end">{}</text><rect class="c{}" x="{LEFT}" y="{y}" width="{width:.1}" height="{BAR}" rx="2"/><text x="{:.1}" y="{}">{:.0}</text>"#,
                LEFT - 8.0,
                y + 13.0,
                escape(&series.name),
                place.min(3),
                LEFT + width + 6.0,
                y + 13.0,
                series.rate(),
            );
            y += STEP;
        }
        y += GAP;
    }
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" role="img" aria-label="Requests per second of gateway, floor and peers in each case">
<style>{STYLE}</style>
<text class="m" x="8" y="22">Requests per second; in each case the longest bar is the fastest</text>
{bars}</svg>
"#
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
