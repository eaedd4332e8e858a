//! Checks the names of migrations, their order, and that each has an up and a down script.

use std::collections::{BTreeMap, BTreeSet};

use super::super::rule::{Rule, Severity, source};
use super::{Finding, Side, Text};

const NAME: Rule = Rule {
    id: "migration-name",
    severity: Severity::Error,
    what: "A migration is named <YYYYMMDDHHMMSS>_<snake_case>, and its number is a valid time.",
    why: "Migrations run in the order of their names.",
    source: source::BRIEF,
    remedy: "Rename the file before it lands.",
};

const ORDER: Rule = Rule {
    id: "migration-order",
    severity: Severity::Error,
    what: "No two migrations have the same number.",
    why: "Their order would depend on the rest of their names.",
    source: source::VITAL,
    remedy: "Give the later one a larger number before it lands.",
};

const PAIR: Rule = Rule {
    id: "migration-pair",
    severity: Severity::Error,
    what: "Every migration has an up script and a down script.",
    why: "A step that cannot be reverted cannot be tried.",
    source: source::VITAL_MIGRATIONS,
    remedy: "Write the one that is missing.",
};

pub(super) fn rules() -> impl Iterator<Item = &'static Rule> {
    [&NAME, &ORDER, &PAIR].into_iter()
}

pub(super) fn check(texts: &[Text]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut sides: BTreeMap<&str, (&Text, BTreeSet<Side>)> = BTreeMap::new();
    for text in texts {
        sides.entry(&text.name).or_insert_with(|| (text, BTreeSet::new())).1.insert(text.side);
    }
    let mut moments: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, (text, has)) in &sides {
        match split(name) {
            None => findings.push(text.finding(
                &NAME,
                1,
                format!("{name} is not named <YYYYMMDDHHMMSS>_<snake_case>"),
                "rename the file before it lands".into(),
            )),
            Some(moment) => {
                if let Some(first) = moments.insert(moment, name) {
                    findings.push(text.finding(
                        &ORDER,
                        1,
                        format!("{first} has the same number"),
                        "give it a larger number before it lands".into(),
                    ));
                }
            }
        }
        for (side, ending) in [(Side::Up, "up"), (Side::Down, "down")] {
            if !has.contains(&side) {
                findings.push(text.finding(
                    &PAIR,
                    1,
                    format!("it has no {ending} script"),
                    format!("write {name}.{ending}.sql"),
                ));
            }
        }
    }
    findings
}

/// Returns the time in the name of a well-named migration.
fn split(name: &str) -> Option<&str> {
    let (moment, words) = name.split_once('_')?;
    let is_snake = !words.is_empty()
        && words.split('_').all(|word| {
            !word.is_empty() && word.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit())
        });
    (is_snake && is_moment(moment)).then_some(moment)
}

fn is_moment(digits: &str) -> bool {
    if digits.len() != 14 || !digits.bytes().all(|it| it.is_ascii_digit()) {
        return false;
    }
    let number = |from: usize, to: usize| digits[from..to].parse::<u32>().unwrap_or(u32::MAX);
    let (year, month, day) = (number(0, 4), number(4, 6), number(6, 8));
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 31,
    };
    (1..=12).contains(&month)
        && (1..=days).contains(&day)
        && number(8, 10) < 24
        && number(10, 12) < 60
        && number(12, 14) < 60
}

#[cfg(test)]
mod tests {
    use super::is_moment;

    #[test]
    fn a_moment_is_one_of_the_calendar() {
        assert!(["20260228235959", "20240229000000", "20000229000000"].into_iter().all(is_moment));
        for wrong in [
            "20260229000000",
            "21000229000000",
            "20261301000000",
            "20260431000000",
            "20260101240000",
            "2026010100000x",
        ] {
            assert!(!is_moment(wrong), "{wrong}");
        }
    }
}
