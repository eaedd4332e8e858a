//! Runs a batch of statements, which are sent together and answered together.

use std::borrow::Cow;
use std::time::Duration;

use bytes::{BufMut as _, BytesMut};
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;

use crate::answers::{Accepted, Answers, Columns, Outcome};
use crate::connection::Connection;
use crate::error::{ServerError, WireError};
use crate::parameter::Parameter;
use crate::rows::Row;

/// The format code of binary values.
const BINARY: i16 = 1;
/// The byte that stands for a prepared statement in `Close` and `Describe`.
const STATEMENT: u8 = b'S';

/// A statement of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// SQL, one statement; parameters are `$1`, `$2`…
    pub text: &'a str,
    /// Values of the parameters, at most 65,535.
    pub parameters: &'a [Parameter],
    /// True if the server keeps the statement prepared under a name, provided that the connection keeps statements.
    pub keep: bool,
    /// The kind of answer that the statement must have.
    pub command: Command,
}

impl<'a> Query<'a> {
    /// Returns a query without parameters that is prepared only for this batch.
    pub const fn plain(text: &'a str, command: Command) -> Self {
        Self { text, parameters: &[], keep: false, command }
    }

    /// Returns a query without parameters that stays prepared.
    pub const fn kept(text: &'a str, command: Command) -> Self {
        Self { keep: true, ..Self::plain(text, command) }
    }
}

/// The kind of answer that a statement must have, besides its rows. Another answer closes the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// The statement neither begins nor ends a transaction.
    Statement,
    /// The statement returns one row whose last column is this number, as `int8`, and neither begins nor ends a transaction. A
    /// number that no other batch has proves that the answer belongs to this batch.
    Mark(u64),
    /// The statement begins a transaction.
    Begin,
    /// The statement commits the transaction.
    Commit,
    /// The statement rolls the transaction back.
    Rollback,
}

/// The error of a batch.
#[derive(Debug)]
pub struct BatchError {
    /// Index of the statement that failed.
    pub at: usize,
    /// The reason.
    pub error: WireError,
}

impl Connection {
    /// Runs statements in their order and returns the rows of each. After a statement that fails, the later ones are not run. An empty
    /// batch asks only whether the server answers.
    ///
    /// `within` limits the whole exchange: if the answer is not complete by then, the error is [`WireError::Silent`]. A network can drop
    /// a connection without a word, so that no call waits for a server without a limit.
    ///
    /// If the server refuses a statement, the error is [`WireError::Server`], and the connection can be used again once
    /// [`Connection::roll_back`] has returned true. After any other error, and after a call that was dropped before its end, it
    /// cannot be used again, except for [`WireError::Outdated`], after which the same batch can be run once more.
    pub async fn run(
        &mut self,
        queries: &[Query<'_>],
        within: Duration,
    ) -> Result<Vec<Vec<Row>>, BatchError> {
        let whole = |error| BatchError { at: 0, error };
        self.finish_rollback().map_err(whole)?;
        if self.busy {
            // An earlier batch is unanswered: its answers would be taken for those of this one.
            self.closed = true;
            return Err(whole(WireError::Closed));
        }
        self.busy = true;
        let (columns, closed) = self.write(queries).map_err(whole)?;
        let exchange = async {
            self.send().await?;
            Ok(self.read(queries, columns, closed).await)
        };
        // It stays busy after its limit, as after a call that was dropped.
        let exchanged = timeout(within, exchange).await.unwrap_or(Err(WireError::Silent));
        let Outcome { mut answers, columns, is_usable } = exchanged.map_err(whole)?;
        self.busy = false;
        self.closed |= !is_usable;
        if let Err(BatchError { at, error }) = &mut answers
            && is_outdated(error, queries.get(*at))
            && matches!(columns.get(*at), Some(Columns::Known(_) | Columns::OfEarlier(_)))
        {
            let is_lost = is_unknown(error) && self.is_behind_pooler();
            *error = if is_lost { WireError::StatementLost } else { WireError::Outdated };
            self.prepared.clear();
        }
        for (query, columns) in queries.iter().zip(columns).filter(|(query, _)| query.keep) {
            if let Columns::Described(columns) = columns {
                self.prepared.describe(query, columns);
            }
        }
        if let Err(BatchError { at, .. }) = &answers {
            self.prepared.forget_failed(queries.get(*at));
        }
        answers
    }

    /// Writes a batch into the outbox. Returns the columns of each statement as far as they are known, and the number of `Close`
    /// messages before the batch.
    fn write(&mut self, queries: &[Query<'_>]) -> Result<(Vec<Columns>, usize), WireError> {
        let Self { outbox: out, prepared, keeps, .. } = self;
        let evicted = prepared.begin();
        for name in &evicted {
            frontend::close(STATEMENT, name, out)?;
        }
        let mut columns = Vec::with_capacity(queries.len());
        for (at, query) in queries.iter().enumerate() {
            let keep = query.keep && *keeps;
            let known = if keep { prepared.find(query) } else { None };
            let name = if let Some(named) = known {
                columns.push(named.columns.clone());
                Cow::Borrowed(&*named.name)
            } else {
                columns.push(Columns::Requested);
                let name = if keep { prepared.add(query, at) } else { "" };
                let types = query.parameters.iter().map(|parameter| parameter.ty.oid());
                frontend::parse(name, query.text, types, out)?;
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
        Ok((columns, evicted.len()))
    }

    async fn read(&mut self, queries: &[Query<'_>], columns: Vec<Columns>, closed: usize) -> Outcome {
        let mut answers = Answers::new(queries, columns, closed, self.transaction);
        loop {
            match self.accept(&mut answers).await {
                Ok(Accepted::End) => {
                    self.transaction = answers.transaction();
                    return answers.finish();
                }
                Ok(Accepted::Part | Accepted::Answer) => {}
                Err(error) => return answers.broken(error),
            }
        }
    }

    /// Waits for the next message, and accepts it as part of a batch's answers.
    async fn accept(&mut self, answers: &mut Answers<'_>) -> Result<Accepted, WireError> {
        let message = self.next().await?;
        if self.accept_rollback(message)? {
            return Ok(Accepted::Part);
        }
        let accepted = answers.accept(message.tag, self.body(message), message.start)?;
        match accepted {
            Accepted::Answer => answers.take(self.take().freeze())?,
            Accepted::End => drop(self.take()),
            Accepted::Part => {}
        }
        Ok(accepted)
    }
}

/// Returns true if the error means that a prepared statement is no longer valid.
fn is_outdated(error: &WireError, query: Option<&Query<'_>>) -> bool {
    // A standby refuses a transaction that writes with the same code, and will do so again.
    let has_changed = |error: &ServerError| {
        error.code == SqlState::FEATURE_NOT_SUPPORTED && query.is_some_and(|it| it.command != Command::Begin)
    };
    is_unknown(error) || matches!(error, WireError::Server(error) if has_changed(error))
}

/// Returns true if the error means that the server has no statement of this name.
fn is_unknown(error: &WireError) -> bool {
    matches!(error, WireError::Server(error) if error.code == SqlState::INVALID_SQL_STATEMENT_NAME)
}
