//! A chart of horizontal bars, as SVG.
//!
//! It is written by hand for what no library of charts gives: one file that is read as well on a
//! light page as on a dark one, in the reader's own fonts.

use std::fmt::Write as _;

/// All lengths are in pixels.
const WIDTH: f64 = 760.0;
const MARGIN: f64 = 16.0;
const HEAD: f64 = 56.0;
const ROW: f64 = 26.0;
const BAR: f64 = 16.0;
/// About the width of a character, for room that text needs.
const CHARACTER: f64 = 7.2;

/// Where the largest value exceeds the smallest by more than this, the bars are logarithmic: the
/// smallest would not be seen.
const LINEAR_UP_TO: f64 = 60.0;

const STYLE: &str = "\
text{font:13px system-ui,-apple-system,\"Segoe UI\",Roboto,\"DejaVu Sans\",sans-serif;fill:#1f2430}
.t{font-size:15px;font-weight:600}.s{font-size:12px;fill:#5a6172}.o{font-weight:600}
rect{fill:#a9b0c4}.o rect{fill:#3f51b5}
@media(prefers-color-scheme:dark){text{fill:#e3e6ef}.s{fill:#a4abbd}rect{fill:#667089}.o rect{fill:#8c9eff}}
";

/// One bar.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// No bar is drawn for what is negative.
    pub(crate) value: f64,
    /// Whether it stands out.
    pub(crate) highlighted: bool,
}

/// Draws a bar for each row, in their order, with its value in `unit` beside it.
pub(crate) fn svg(title: &str, unit: &str, rows: &[Row]) -> String {
    let scale = Scale::of(rows);
    let height = HEAD + ROW * rows.len() as f64 + MARGIN / 2.0;
    let names = rows.iter().map(|row| width(&row.name)).fold(0.0, f64::max);
    let labels: Vec<_> = rows
        .iter()
        .map(|row| format!("{} {unit}", number(row.value)))
        .collect();
    let values = labels.iter().map(|label| width(label)).fold(0.0, f64::max);
    let left = MARGIN + names + 10.0;
    let room = WIDTH - left - values - 8.0 - MARGIN;

    let title = escaped(title);
    let subtitle = scale.subtitle();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"{title}\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n\
         <text class=\"t\" x=\"{MARGIN}\" y=\"24\">{title}</text>\n\
         <text class=\"s\" x=\"{MARGIN}\" y=\"43\">{subtitle}</text>\n"
    );
    for (index, (row, label)) in rows.iter().zip(labels).enumerate() {
        let top = HEAD + ROW * index as f64;
        let baseline = top + BAR - 3.0;
        let bar = room * scale.share(row.value);
        let class = if row.highlighted { " class=\"o\"" } else { "" };
        // Writing to a string does not fail.
        let _ = writeln!(
            svg,
            "<g{class}><text x=\"{:.1}\" y=\"{baseline:.1}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{bar:.1}\" height=\"{BAR}\" rx=\"2\"/>\
             <text x=\"{:.1}\" y=\"{baseline:.1}\">{}</text></g>",
            left - 10.0,
            escaped(&row.name),
            left + bar + 8.0,
            escaped(&label),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// How long a bar is.
enum Scale {
    Linear {
        most: f64,
    },
    /// From a power of ten to the largest value, as their logarithms.
    Logarithmic {
        least: f64,
        most: f64,
    },
}

impl Scale {
    fn of(rows: &[Row]) -> Self {
        let positive = || {
            rows.iter()
                .map(|row| row.value)
                .filter(|value| *value > 0.0)
        };
        let most = positive().fold(0.0, f64::max);
        let least = positive().fold(f64::INFINITY, f64::min);
        if most > least * LINEAR_UP_TO {
            // The smallest bar is still to be seen.
            let least = (least / 2.0).log10().floor();
            let most = most.log10();
            Self::Logarithmic { least, most }
        } else {
            Self::Linear { most }
        }
    }

    fn share(&self, value: f64) -> f64 {
        if value.is_nan() || value <= 0.0 {
            return 0.0;
        }
        match *self {
            Self::Linear { most } => value / most,
            Self::Logarithmic { least, most } => (value.log10() - least) / (most - least),
        }
    }

    fn subtitle(&self) -> &'static str {
        match self {
            Self::Linear { .. } => "less is better",
            Self::Logarithmic { .. } => "less is better; logarithmic scale",
        }
    }
}

fn width(text: &str) -> f64 {
    text.chars().count() as f64 * CHARACTER
}

/// Three significant digits or all before the point, in groups of three.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let (sign, digits) = whole.split_at(whole.len() - whole.trim_start_matches('-').len());
    let mut grouped = sign.to_owned();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, value: f64, highlighted: bool) -> Row {
        Row {
            name: name.to_owned(),
            value,
            highlighted,
        }
    }

    /// The widths of the bars.
    fn bars(svg: &str) -> Vec<f64> {
        svg.lines()
            .filter_map(|line| line.split_once("width=\""))
            .filter_map(|(_, rest)| rest.split_once('"')?.0.parse().ok())
            .collect()
    }

    #[test]
    fn bars_are_as_long_as_their_values() {
        let svg = svg(
            "line",
            "ns",
            &[row("ours", 100.0, true), row("peer", 400.0, false)],
        );
        let bars = bars(&svg);
        assert_eq!(bars.len(), 2);
        assert!((bars[1] / bars[0] - 4.0).abs() < 0.01, "{bars:?}");
        assert!(!svg.contains("logarithmic"));
    }

    #[test]
    fn a_logarithmic_scale_is_told() {
        let rows = [row("ours", 10.0, true), row("peer", 10_000.0, false)];
        let svg = svg("line", "ns", &rows);
        let bars = bars(&svg);
        assert!(svg.contains("logarithmic scale"));
        assert!(bars[0] > 0.0 && bars[1] / bars[0] < 10.0, "{bars:?}");
    }

    #[test]
    fn what_is_highlighted_stands_out() {
        let svg = svg(
            "line",
            "ns",
            &[row("ours", 1.0, true), row("peer", 2.0, false)],
        );
        assert_eq!(svg.matches("<g class=\"o\">").count(), 1);
    }

    #[test]
    fn a_negative_value_has_a_label_and_no_bar() {
        let svg = svg(
            "over bare",
            "ns",
            &[row("ours", -1234.5, true), row("peer", 2.0, false)],
        );
        assert!(svg.contains("-1,234 ns") || svg.contains("-1,235 ns"));
        assert_eq!(bars(&svg)[0], 0.0);
        assert!(bars(&super::svg("none", "ns", &[])).is_empty());
    }

    #[test]
    fn names_are_escaped() {
        let svg = svg("a<b", "\u{b5}s", &[row("x&y", 1.0, false)]);
        assert!(svg.contains("a&lt;b") && svg.contains("x&amp;y") && svg.contains("1.00 \u{b5}s"));
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(number(1_234_567.8), "1,234,568");
        assert_eq!(number(999.0), "999");
        assert_eq!(number(45.67), "45.7");
        assert_eq!(number(0.5), "0.50");
        assert_eq!(number(-4321.0), "-4,321");
    }
}
