//! Formats the results as a table, for the terminal and for Markdown.

use std::fmt::Write as _;

use crate::cpu::Cpu;

/// One measurement of one contender in one case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Answers per second of the closed load.
    pub(crate) rate: f64,
    /// Median latency of the open load, in milliseconds.
    pub(crate) p50: f64,
    /// 99th percentile of that latency, in milliseconds.
    pub(crate) p99: f64,
    /// Processor time per answer.
    pub(crate) cpu: Cpu,
    /// Number of processors that all other processes of the machine kept busy.
    pub(crate) others: Option<f64>,
}

/// A contender in a case, over all rounds.
#[derive(Debug)]
pub(crate) struct Series {
    /// `gateway`, `floor` or a peer's name.
    pub(crate) name: String,
    /// One sample for each round.
    pub(crate) samples: Vec<Sample>,
    /// Statements and round trips of a request, if known.
    pub(crate) counts: Option<(u32, u32)>,
}

/// All contenders in a case.
#[derive(Debug)]
pub(crate) struct Result {
    /// Name of the case.
    pub(crate) case: String,
    /// Rows of an answer.
    pub(crate) rows: usize,
    /// The measurements: the gateway first, then the floor, then peers.
    pub(crate) series: Vec<Series>,
}

impl Series {
    /// Returns the median of a figure over the rounds.
    pub(crate) fn median(&self, figure: impl Fn(&Sample) -> Option<f64>) -> Option<f64> {
        let mut figures: Vec<f64> = self.samples.iter().filter_map(figure).collect();
        figures.sort_by(f64::total_cmp);
        let middle = figures.len() / 2;
        if figures.len() % 2 == 1 {
            figures.get(middle).copied()
        } else {
            Some(f64::midpoint(*figures.get(middle.checked_sub(1)?)?, *figures.get(middle)?))
        }
    }

    /// Returns the median of the answers per second.
    pub(crate) fn rate(&self) -> f64 {
        self.median(|sample| Some(sample.rate)).unwrap_or_default()
    }
}

/// Returns the number of processors that other processes used meanwhile: on average, and at most.
pub(crate) fn others(results: &[Result]) -> Option<(f64, f64)> {
    let samples = results.iter().flat_map(|result| &result.series).flat_map(|series| &series.samples);
    let figures: Vec<f64> = samples.filter_map(|sample| sample.others).collect();
    let count = u32::try_from(figures.len()).ok().filter(|count| *count > 0)?;
    Some((figures.iter().sum::<f64>() / f64::from(count), figures.iter().copied().fold(0.0, f64::max)))
}

/// Returns the table of medians.
pub(crate) fn table(results: &[Result]) -> String {
    let head = [
        "case",
        "rows",
        "",
        "requests/s",
        "of floor",
        "p50 ms",
        "p99 ms",
        "statements",
        "round trips",
        "CPU ms",
        "Postgres CPU ms",
    ];
    let mut lines = vec![head.map(str::to_owned)];
    for result in results {
        let floor = result.series.iter().find(|series| series.name == "floor").map(Series::rate);
        for (place, series) in result.series.iter().enumerate() {
            let number = |figure: Option<f64>, digits: usize| {
                figure.map_or_else(|| "–".to_owned(), |figure| format!("{figure:.digits$}"))
            };
            let count = |count: Option<u32>| count.map_or_else(|| "–".to_owned(), |count| count.to_string());
            lines.push([
                if place == 0 { result.case.clone() } else { String::new() },
                if place == 0 { result.rows.to_string() } else { String::new() },
                series.name.clone(),
                number(Some(series.rate()), 0),
                floor.map_or_else(
                    || "–".to_owned(),
                    |floor| format!("{:.0} %", series.rate() / floor * 100.0),
                ),
                number(series.median(|sample| Some(sample.p50)), 2),
                number(series.median(|sample| Some(sample.p99)), 2),
                count(series.counts.map(|counts| counts.0)),
                count(series.counts.map(|counts| counts.1)),
                number(series.median(|sample| sample.cpu.server.map(|time| time * 1_000.0)), 3),
                number(series.median(|sample| sample.cpu.postgres.map(|time| time * 1_000.0)), 3),
            ]);
        }
    }
    markdown(&lines)
}

/// Returns a table whose columns are aligned in the terminal too: text to the left, numbers to the right.
fn markdown<const N: usize>(lines: &[[String; N]]) -> String {
    let is_text = |column: usize| column == 0 || column == 2;
    let width =
        |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let mut out = String::new();
    for (place, line) in lines.iter().enumerate() {
        for (column, cell) in line.iter().enumerate() {
            let width = width(column);
            // Writing to a String cannot fail.
            let _ = if is_text(column) {
                write!(out, "| {cell:<width$} ")
            } else {
                write!(out, "| {cell:>width$} ")
            };
        }
        out.push_str("|\n");
        if place == 0 {
            for column in 0..N {
                let dashes = "-".repeat(width(column) + 1);
                let _ = if is_text(column) { write!(out, "|{dashes}-") } else { write!(out, "|{dashes}:") };
            }
            out.push_str("|\n");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str, rates: &[f64]) -> Series {
        let sample =
            |rate: &f64| Sample { rate: *rate, p50: 1.0, p99: 2.0, cpu: Cpu::default(), others: None };
        Series { name: name.to_owned(), samples: rates.iter().map(sample).collect(), counts: None }
    }

    #[test]
    fn the_table_compares_medians_with_the_floor() {
        assert!((series("a", &[3.0, 1.0, 9.0]).rate() - 3.0).abs() < 1e-9);
        assert!((series("a", &[3.0, 1.0]).rate() - 2.0).abs() < 1e-9);
        let results = [Result {
            case: "one".to_owned(),
            rows: 3,
            series: vec![series("gateway", &[50.0]), series("floor", &[100.0])],
        }];
        let table = table(&results);
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines[2].starts_with("| one  |    3 | gateway |         50 |     50 % |"), "{table}");
        assert!(lines.iter().all(|line| line.chars().count() == lines[0].chars().count()), "{table}");
    }
}
