//! An HTTP answer of the gateway, with assertions about its content.

use reqwest::{Response, StatusCode, header::HeaderMap};
use serde_json::Value;

/// An answer: its status, headers and JSON body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        Self { status, headers, body }
    }

    /// Returns the data of an answer without errors.
    #[track_caller]
    pub(crate) fn data(&self) -> &Value {
        assert_eq!(self.body.get("errors"), None, "{:#}", self.body);
        assert_eq!(self.status, StatusCode::OK);
        &self.body["data"]
    }

    /// Returns the nodes of a connection of `Query`.
    #[track_caller]
    pub(crate) fn nodes(&self, field: &str) -> &Vec<Value> {
        self.data()[field]["nodes"]
            .as_array()
            .unwrap_or_else(|| panic!("{field} has no nodes: {:#}", self.body))
    }

    /// Returns the code of the only error.
    #[track_caller]
    pub(crate) fn code(&self) -> &str {
        self.error()["extensions"]["code"].as_str().unwrap()
    }

    /// Returns the only error.
    #[track_caller]
    pub(crate) fn error(&self) -> &Value {
        let errors = self.body["errors"].as_array().unwrap_or_else(|| panic!("no errors: {:#}", self.body));
        assert_eq!(errors.len(), 1, "{:#}", self.body);
        &errors[0]
    }

    /// Returns the number of statements of the request, without the session's own.
    #[track_caller]
    pub(crate) fn statements(&self) -> u32 {
        self.count("statements=")
    }

    /// Returns the number of round trips to Postgres.
    #[track_caller]
    pub(crate) fn round_trips(&self) -> u32 {
        self.count("round_trips=")
    }

    #[track_caller]
    fn count(&self, name: &str) -> u32 {
        let timing = self.headers["server-timing"].to_str().unwrap();
        let after = timing.split_once(name).unwrap().1;
        after.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
    }

    /// Returns the text of the request from the location of the first error.
    #[track_caller]
    pub(crate) fn points_at<'q>(&self, query: &'q str) -> &'q str {
        let place = &self.error()["locations"][0];
        let number = |name: &str| usize::try_from(place[name].as_u64().expect("a place")).unwrap() - 1;
        let line = query.split('\n').nth(number("line")).unwrap();
        &line[line.char_indices().nth(number("column")).unwrap().0..]
    }
}
