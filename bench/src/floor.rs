//! Measures the floor: one hand-written statement that produces the same JSON, under the same role and claims, and is sent like the
//! gateway's own statements: opening, prepared statement and end in one round trip, without waiting for the end.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::BytesMut;
use futures_util::FutureExt as _;
use serde_json::Value;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Statement};

use crate::Failure;
use crate::cases::Case;
use crate::database::connect;
use crate::load::Connection;

/// The statement and the requests that every connection of a case uses.
#[derive(Debug)]
pub(crate) struct Floor {
    url: String,
    opening: String,
    sql: String,
    /// True if the writes are committed.
    writes: bool,
    /// The parameters of each request, and the length of its answer.
    requests: Vec<(Vec<Text>, Option<usize>)>,
}

impl Floor {
    /// Returns the floor of a case for the bearer of a token.
    pub(crate) fn new(url: &str, token: &str, case: &Case) -> Result<Self, Failure> {
        let (sql, names) = number(&case.floor);
        let parameters = |variables: &Value| {
            names
                .iter()
                .map(|name| match variables.get(name) {
                    Some(value) => Ok(Text::new(value)),
                    None => Err(Failure::from(format!("{}: floor.sql names an unknown ${name}", case.name))),
                })
                .collect::<Result<Vec<_>, _>>()
        };
        let requests = case
            .variables
            .iter()
            .map(|variables| Ok((parameters(variables)?, None)))
            .collect::<Result<_, Failure>>()?;
        let writes = case.write.is_some();
        Ok(Self { url: url.to_owned(), opening: opening(token, writes)?, sql, writes, requests })
    }

    /// Returns the answers to the case's first requests; later answers must have the same lengths.
    pub(crate) async fn answers(&mut self, first: usize) -> Result<Vec<Value>, Failure> {
        let connection = FloorConnection::open(Arc::new(self.clone_without_lengths())).await?;
        let first = first.min(self.requests.len());
        let mut answers = Vec::with_capacity(first);
        for turn in 0..first {
            let row = connection.query(turn).await?;
            let text = row.try_get::<_, Json<'_>>(0)?.0;
            self.requests[turn].1 = Some(text.len());
            answers.push(serde_json::from_slice(text)?);
        }
        Ok(answers)
    }

    fn clone_without_lengths(&self) -> Self {
        Self {
            url: self.url.clone(),
            opening: self.opening.clone(),
            sql: self.sql.clone(),
            writes: self.writes,
            requests: self.requests.iter().map(|(parameters, _)| (parameters.clone(), None)).collect(),
        }
    }
}

/// A connection with the statement prepared.
pub(crate) struct FloorConnection {
    floor: Arc<Floor>,
    client: Client,
    statement: Statement,
}

impl FloorConnection {
    pub(crate) async fn open(floor: Arc<Floor>) -> Result<Self, Failure> {
        let client = connect(&floor.url).await?;
        // Prepared as the role that runs it, since policies belong to a role.
        client.batch_execute(&floor.opening).await?;
        let statement = client.prepare(&floor.sql).await?;
        client.batch_execute("ROLLBACK").await?;
        Ok(Self { floor, client, statement })
    }

    async fn query(&self, turn: usize) -> Result<tokio_postgres::Row, Failure> {
        let (parameters, _) = &self.floor.requests[turn % self.floor.requests.len()];
        let parameters: Vec<&(dyn ToSql + Sync)> =
            parameters.iter().map(|parameter| parameter as &(dyn ToSql + Sync)).collect();
        let opening = self.client.batch_execute(&self.floor.opening);
        let query = self.client.query_one(&self.statement, &parameters);
        // Both are sent before the first answer arrives.
        let (opened, row) = futures_util::join!(opening, query);
        opened?;
        let row = row?;
        if self.floor.writes {
            self.client.batch_execute("COMMIT").await?;
        } else {
            // Sent without waiting for the answer.
            let _ = self.client.batch_execute("ROLLBACK").now_or_never();
        }
        Ok(row)
    }
}

impl Connection for FloorConnection {
    async fn ask(&mut self, turn: usize) -> Result<(), Failure> {
        let row = self.query(turn).await?;
        let wanted = self.floor.requests[turn % self.floor.requests.len()].1;
        let length = row.try_get::<_, Json<'_>>(0)?.0.len();
        if wanted.is_some_and(|wanted| wanted != length) {
            return Err("the floor's answer differs from before".into());
        }
        Ok(())
    }
}

/// Returns the statement that opens a session, as the gateway writes it.
fn opening(token: &str, writes: bool) -> Result<String, Failure> {
    let claims = token.split('.').nth(1).ok_or("a token has three parts")?;
    let claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims)?)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let level = if writes { "READ COMMITTED READ WRITE" } else { "REPEATABLE READ READ ONLY" };
    let mut sql =
        format!("BEGIN ISOLATION LEVEL {level};SELECT set_config('statement_timeout','10000',true)");
    for (setting, value) in [
        ("request.jwt.claims", claims.to_string().as_str()),
        ("request.jwt.claim.sub", text("sub")),
        ("request.jwt.claim.role", text("role")),
        ("app.user_id", text("sub")),
        ("role", text("role")),
    ] {
        let value = value.replace('\\', "\\\\").replace('\'', "''");
        // Writing to a String cannot fail.
        let _ = write!(sql, ",set_config('{setting}', E'{value}',true)");
    }
    Ok(sql)
}

/// Replaces each `$name` by `$1`, `$2`…, and returns the names in the order of their numbers.
fn number(sql: &str) -> (String, Vec<String>) {
    let (mut numbered, mut names) = (String::with_capacity(sql.len()), Vec::<String>::new());
    let mut parts = sql.split('$');
    numbered.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let end =
            part.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        let place = names.iter().position(|known| known == name).unwrap_or_else(|| {
            names.push(name.to_owned());
            names.len() - 1
        });
        // Writing to a String cannot fail.
        let _ = write!(numbered, "${}{rest}", place + 1);
    }
    (numbered, names)
}

/// A parameter in Postgres's text format, which every type has.
#[derive(Clone, Debug)]
struct Text(Option<String>);

impl Text {
    fn new(value: &Value) -> Self {
        Self(match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            Value::Array(elements) => {
                let elements: Vec<String> = elements.iter().map(Value::to_string).collect();
                Some(format!("{{{}}}", elements.join(",")))
            }
            other => Some(other.to_string()),
        })
    }
}

impl ToSql for Text {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        Ok(match &self.0 {
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                IsNull::No
            }
            None => IsNull::Yes,
        })
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// The bytes of a `json` value.
struct Json<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Json<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::JSON || *ty == Type::TEXT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_become_parameters() {
        let (sql, names) = number("SELECT $site::bigint, $from, $site");
        assert_eq!(sql, "SELECT $1::bigint, $2, $1");
        assert_eq!(names, ["site", "from"]);
        assert_eq!(Text::new(&serde_json::json!(["a", "b,c"])).0.as_deref(), Some(r#"{"a","b,c"}"#));
    }
}
