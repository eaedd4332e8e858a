//! A batch of statements: sent together, answered together.

use std::borrow::Cow;

use bytes::{BufMut as _, BytesMut};
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;
use tokio_postgres::error::SqlState;

use super::Connection;
use super::answers::{Answers, Heard, Outcome, Source};
use super::error::{ServerError, WireError};
use super::rows::Row;
use crate::Parameter;

/// Values travel in binary format.
const BINARY: i16 = 1;
/// `Close` and `Describe` speak of a statement.
const STATEMENT: u8 = b'S';

/// A statement of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// SQL; parameters are `$1`, `$2`…
    pub text: &'a str,
    /// Values of the parameters.
    pub parameters: &'a [Parameter],
    /// Whether the server shall remember it under a name, if the connection keeps statements.
    pub keep: bool,
    /// What the server has to say of it.
    pub command: Command,
}

impl<'a> Query<'a> {
    /// A statement without parameters that the server need not remember.
    pub const fn plain(text: &'a str, command: Command) -> Self {
        Self { text, parameters: &[], keep: false, command }
    }

    /// A statement without parameters that the server shall remember.
    pub const fn kept(text: &'a str, command: Command) -> Self {
        Self { keep: true, ..Self::plain(text, command) }
    }
}

/// What the server has to say of a statement, besides its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Nothing; it leaves the transaction open or closed as it is.
    Statement,
    /// The same, and it gives one row, whose last column is this number.
    Mark(u64),
    /// It begins one.
    Begin,
    /// It makes it last.
    Commit,
    /// It undoes it.
    Rollback,
}

/// Why a batch failed, and at which of its statements.
#[derive(Debug)]
pub struct BatchError {
    /// Index of the statement that failed, in the order of the batch.
    pub at: usize,
    /// The reason.
    pub error: WireError,
}

impl Connection {
    /// Runs statements in their order and gives the rows of each. After one that fails, the later ones are not run. A
    /// call that is given up half-way leaves the connection in no state to be used again.
    pub async fn run(&mut self, queries: &[Query<'_>]) -> Result<Vec<Vec<Row>>, BatchError> {
        let whole = |error| BatchError { at: 0, error };
        self.settle().map_err(whole)?;
        self.busy = true;
        let (sources, closed) = self.write(queries).map_err(whole)?;
        self.send().await.map_err(whole)?;
        let Outcome { mut answers, sources, is_settled } = self.read(queries, sources, closed).await;
        self.busy = false;
        self.closed |= !is_settled;
        if let Err(BatchError { at, error }) = &mut answers
            && is_outdated(error, queries.get(*at))
            && matches!(sources.get(*at), Some(Source::Prepared(_)))
        {
            let is_forgotten = is_unknown(error) && self.is_behind_pooler();
            *error = if is_forgotten { WireError::Forgotten } else { WireError::Outdated };
            self.prepared.clear();
        }
        for (query, source) in queries.iter().zip(sources).filter(|(query, _)| query.keep) {
            if let Source::Told(columns) = source {
                self.prepared.describe(query, columns);
            }
        }
        if let Err(BatchError { at, .. }) = &answers {
            self.prepared.doubt(queries.get(*at));
        }
        answers
    }

    /// Writes a batch into the outbox; gives where the columns of each statement come from, and how many `Close` stand
    /// before them.
    fn write(&mut self, queries: &[Query<'_>]) -> Result<(Vec<Source>, usize), WireError> {
        let Self { outbox: out, prepared, keeps, .. } = self;
        let stale = prepared.begin();
        for name in &stale {
            frontend::close(STATEMENT, name, out)?;
        }
        let mut sources = Vec::with_capacity(queries.len());
        for (at, query) in queries.iter().enumerate() {
            let keep = query.keep && *keeps;
            let known = if keep { prepared.find(query) } else { None };
            let name = if let Some(named) = known {
                sources.push(Source::Prepared(named.columns.clone()));
                Cow::Borrowed(&*named.name)
            } else {
                sources.push(Source::Asked);
                let name = if keep { prepared.add(query, at) } else { "" };
                let parameters = query.parameters.iter().map(|parameter| parameter.ty.oid());
                frontend::parse(name, query.text, parameters, out)?;
                frontend::describe(STATEMENT, name, out)?;
                Cow::Borrowed(name)
            };
            let value = |parameter: &Parameter, out: &mut BytesMut| {
                let Some(value) = &parameter.value else { return Ok(IsNull::Yes) };
                out.put_slice(value);
                Ok(IsNull::No)
            };
            frontend::bind("", &name, [BINARY], query.parameters, value, [BINARY], out)
                .map_err(|_| WireError::Protocol("too many parameters"))?;
            frontend::execute("", 0, out)?;
        }
        frontend::sync(out);
        Ok((sources, stale.len()))
    }

    async fn read(&mut self, queries: &[Query<'_>], sources: Vec<Source>, closed: usize) -> Outcome {
        let mut answers = Answers::new(queries, sources, closed, self.transaction);
        loop {
            match self.hear(&mut answers).await {
                Ok(Heard::End) => {
                    self.transaction = answers.transaction();
                    return answers.finish();
                }
                Ok(Heard::Part | Heard::Answer) => {}
                Err(error) => return answers.broken(error),
            }
        }
    }

    async fn hear(&mut self, answers: &mut Answers<'_>) -> Result<Heard, WireError> {
        let message = self.next().await?;
        if self.hear_end(message)? {
            return Ok(Heard::Part);
        }
        let heard = answers.hear(message.tag, self.body(message), message.start)?;
        match heard {
            Heard::Answer => answers.take(self.take().freeze())?,
            Heard::End => drop(self.take()),
            Heard::Part => {}
        }
        Ok(heard)
    }
}

/// Whether the server no longer knows a statement as it was prepared.
fn is_outdated(error: &WireError, query: Option<&Query<'_>>) -> bool {
    // A standby says the same of a transaction that is to write, and will say so again.
    let has_changed = |error: &ServerError| {
        error.code == SqlState::FEATURE_NOT_SUPPORTED && query.is_some_and(|it| it.command != Command::Begin)
    };
    is_unknown(error) || matches!(error, WireError::Server(error) if has_changed(error))
}

/// Whether the server does not know a statement of this name.
fn is_unknown(error: &WireError) -> bool {
    matches!(error, WireError::Server(error) if error.code == SqlState::INVALID_SQL_STATEMENT_NAME)
}
