//! Declares ready-made queries and demo data of a system, for people who try it out.

use chrono::{NaiveDate, TimeDelta};

use super::demo::Demo;

/// A ready-made query, for GraphiQL's tabs and for the tests.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// Title of the tab.
    pub title: &'static str,
    /// The document, with one operation or several; its first comment says what it shows.
    pub query: &'static str,
    /// Variables as JSON; empty for none. `{today}`, `{today+14}` and `{today-14}` stand for days.
    pub variables: &'static str,
    /// Address of the demo user who sends the query. A comment `# As ADDRESS` above an operation names another one.
    pub persona: &'static str,
    /// Variables that later operations of the document need, each with the path of its value in the data of an answer.
    pub keeps: &'static [(&'static str, &'static str)],
}

impl Example {
    /// Returns the variables with the days counted from `today`.
    pub fn variables_on(&self, today: NaiveDate) -> String {
        let mut parts = self.variables.split("{today");
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (days, rest) = part.split_once('}').unwrap_or((part, ""));
            let day = today + TimeDelta::days(days.parse().unwrap_or_default());
            text.push_str(&day.to_string());
            text.push_str(rest);
        }
        text
    }
}

/// The ready-made queries and the demo data of a system.
#[derive(Clone, Copy)]
pub struct Offer {
    /// Ready-made queries.
    pub examples: &'static [Example],
    /// Ready-made documents that walk through a use case, operation by operation.
    pub walks: &'static [Example],
    /// The demo data, and the users in it to sign in as.
    pub demo: Demo,
}
