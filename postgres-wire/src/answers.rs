//! Reads the answers to a batch message by message, and checks that each message belongs there.
//!
//! A message that does not belong there means that server and client are out of step: it could be part of the answer to
//! another batch. It is therefore an error of the connection, and all answers of the batch are dropped.

use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use postgres_protocol::message::backend;
use tokio_postgres::types::Type;

use crate::batch::{BatchError, Command, Query};
use crate::error::{ServerError, WireError};
use crate::rows::{Collector, Column, Row, read_columns};

/// The largest memory of the rows of a batch, in bytes.
const MOST_MEMORY: usize = 256 * 1024 * 1024;

/// The state of the transaction, as `ReadyForQuery` gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transaction {
    /// No transaction is open.
    None,
    /// A transaction is open.
    Open,
    /// A transaction is open that can only be rolled back.
    Failed,
}

/// The columns of a statement, or the message that will describe them.
#[derive(Clone, Debug)]
pub(crate) enum Columns {
    /// The server has described them in an earlier batch.
    Known(Arc<[Column]>),
    /// The server is about to describe them for the same statement at this earlier index of the batch.
    OfEarlier(usize),
    /// The server is about to describe them for this statement.
    Requested,
    /// The server has described them in this batch.
    Described(Arc<[Column]>),
}

/// The message that the server must send next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// `CloseComplete`, this many times.
    Closed(usize),
    /// `ParseComplete`
    Parsed,
    /// `ParameterDescription`
    Parameters,
    /// `RowDescription` or `NoData`
    Columns,
    /// `BindComplete`
    Bound,
    /// `DataRow`, `CommandComplete` or `EmptyQueryResponse`
    Rows,
    /// `ReadyForQuery`, after the answers to all statements.
    Ready,
    /// `ReadyForQuery`, after a refused statement; the later ones did not run.
    Refused,
}

/// The part of an answer that an accepted message is.
#[derive(Debug)]
pub(crate) enum Accepted {
    /// The message is in the middle of an answer.
    Part,
    /// The message ends a statement's answer, whose rows lie in the bytes since the previous answer.
    Answer,
    /// The message ends the batch.
    End,
}

/// The answers to a batch.
#[derive(Debug)]
pub(crate) struct Answers<'q> {
    queries: &'q [Query<'q>],
    columns: Vec<Columns>,
    next: Next,
    transaction: Transaction,
    /// True if the end of the transaction was refused: the transaction may be over, or have failed.
    may_be_over: bool,
    collector: Collector,
    rows: Vec<Vec<Row>>,
    /// The memory of the batch's rows so far, in bytes.
    memory: usize,
    refused: Option<BatchError>,
    /// True if a statement was refused outside a transaction. Within one, the end of the transaction proves that no more messages follow.
    refused_outside: bool,
}

/// The outcome of a batch.
pub(crate) struct Outcome {
    pub(crate) answers: Result<Vec<Vec<Row>>, BatchError>,
    pub(crate) columns: Vec<Columns>,
    /// True if the connection can run another batch.
    pub(crate) is_usable: bool,
}

const UNEXPECTED: WireError = WireError::Protocol("an unexpected message");

impl<'q> Answers<'q> {
    /// Returns a reader of the answers to `queries`, which follow `closed` answers to `Close`.
    pub(crate) fn new(
        queries: &'q [Query<'q>],
        columns: Vec<Columns>,
        closed: usize,
        transaction: Transaction,
    ) -> Self {
        let mut answers = Self {
            queries,
            columns,
            next: Next::Closed(closed),
            transaction,
            may_be_over: false,
            collector: Collector::default(),
            rows: Vec::with_capacity(queries.len()),
            memory: 0,
            refused: None,
            refused_outside: false,
        };
        if closed == 0 {
            answers.next = answers.first_of_statement();
        }
        answers
    }

    /// Accepts a message, or returns an error if another one must come. `start`: the index of its body among the bytes since the
    /// previous answer.
    pub(crate) fn accept(&mut self, tag: u8, body: &[u8], start: usize) -> Result<Accepted, WireError> {
        match (self.next, tag) {
            (Next::Rows, backend::DATA_ROW_TAG) => {
                let columns = columns(&self.columns, self.rows.len())?;
                self.memory += self.collector.add(body, start, columns)?;
                if self.memory > MOST_MEMORY {
                    return Err(WireError::Protocol("more rows than the memory limit allows"));
                }
                return Ok(Accepted::Part);
            }
            (Next::Rows, backend::COMMAND_COMPLETE_TAG) => {
                self.complete(body)?;
                return Ok(Accepted::Answer);
            }
            (Next::Rows, backend::EMPTY_QUERY_RESPONSE_TAG) => {
                let text = self.queries.get(self.rows.len()).map_or("", |query| query.text);
                expect_empty(body)?;
                return if text.trim().is_empty() { Ok(Accepted::Answer) } else { Err(UNEXPECTED) };
            }
            (Next::Bound, backend::BIND_COMPLETE_TAG) => {
                expect_empty(body)?;
                self.next = Next::Rows;
            }
            (Next::Parsed, backend::PARSE_COMPLETE_TAG) => {
                expect_empty(body)?;
                self.next = Next::Parameters;
            }
            (Next::Parameters, backend::PARAMETER_DESCRIPTION_TAG) => {
                self.check_parameters(body)?;
                self.next = Next::Columns;
            }
            (Next::Columns, backend::ROW_DESCRIPTION_TAG | backend::NO_DATA_TAG) => {
                let described = if tag == backend::NO_DATA_TAG {
                    expect_empty(body)?;
                    [].into()
                } else {
                    read_columns(body)?
                };
                if let Some(columns) = self.columns.get_mut(self.rows.len()) {
                    *columns = Columns::Described(described);
                }
                self.next = Next::Bound;
            }
            (Next::Closed(count), backend::CLOSE_COMPLETE_TAG) => {
                expect_empty(body)?;
                self.next = if count > 1 { Next::Closed(count - 1) } else { self.first_of_statement() };
            }
            (Next::Ready | Next::Refused, backend::READY_FOR_QUERY_TAG) => {
                self.end(body)?;
                return Ok(Accepted::End);
            }
            (_, backend::ERROR_RESPONSE_TAG) if self.may_be_refused() => self.refuse(body),
            _ => return Err(UNEXPECTED),
        }
        Ok(Accepted::Part)
    }

    /// Completes an answer with the bytes that contain its rows.
    pub(crate) fn take(&mut self, bytes: Bytes) -> Result<(), WireError> {
        let columns = columns(&self.columns, self.rows.len())?;
        let rows = self.collector.finish(bytes, columns);
        if let Command::Mark(mark) = self.command() {
            let last = rows.first().and_then(|row| row.bytes(columns.len().saturating_sub(1)));
            if rows.len() != 1 || last != Some(&mark.to_be_bytes()) {
                return Err(WireError::Protocol("the answer to another batch"));
            }
        }
        self.rows.push(rows);
        self.next = self.first_of_statement();
        Ok(())
    }

    /// Returns the state of the transaction after the batch.
    pub(crate) fn transaction(&self) -> Transaction {
        self.transaction
    }

    /// Returns the outcome of a batch that has ended.
    pub(crate) fn finish(self) -> Outcome {
        let answers = self.refused.map_or(Ok(self.rows), Err);
        Outcome { answers, columns: self.columns, is_usable: !self.refused_outside }
    }

    /// Returns the outcome of a batch whose connection broke. An earlier refusal is returned instead of the connection's error,
    /// since it says more, unless the server has violated the protocol.
    pub(crate) fn broken(self, error: WireError) -> Outcome {
        let at = self.rows.len();
        let refused = self.refused.filter(|_| !matches!(error, WireError::Protocol(_)));
        let answers = Err(refused.unwrap_or(BatchError { at, error }));
        Outcome { answers, columns: self.columns, is_usable: false }
    }

    fn first_of_statement(&self) -> Next {
        match self.columns.get(self.rows.len()) {
            Some(Columns::Requested) => Next::Parsed,
            Some(_) => Next::Bound,
            None => Next::Ready,
        }
    }

    fn command(&self) -> Command {
        self.queries.get(self.rows.len()).map_or(Command::Statement, |query| query.command)
    }

    /// Checks the tag of a `CommandComplete`: the server must have completed the statement that was sent.
    fn complete(&mut self, body: &[u8]) -> Result<(), WireError> {
        let Some(tag) = body.strip_suffix(&[0]) else {
            return Err(WireError::Protocol("a command tag without an end"));
        };
        let (expected, transaction): (&[u8], _) = match self.command() {
            Command::Statement | Command::Mark(_) => return self.check_count(tag),
            Command::Begin => (b"BEGIN", Transaction::Open),
            Command::Commit => (b"COMMIT", Transaction::None),
            Command::Rollback => (b"ROLLBACK", Transaction::None),
        };
        if tag != expected {
            return Err(WireError::Protocol("the completion of another statement"));
        }
        self.transaction = transaction;
        Ok(())
    }

    /// Checks that the number of rows is the one in the tag of `CommandComplete`.
    fn check_count(&self, tag: &[u8]) -> Result<(), WireError> {
        let columns = columns(&self.columns, self.rows.len())?;
        let mut words = tag.split(|byte| *byte == b' ');
        match words.next() {
            Some(b"BEGIN" | b"COMMIT" | b"ROLLBACK") => {
                return Err(WireError::Protocol("the completion of another statement"));
            }
            Some(b"SELECT" | b"INSERT" | b"UPDATE" | b"DELETE") if !columns.is_empty() => {}
            _ => return Ok(()),
        }
        let count = words.next_back().and_then(|count| std::str::from_utf8(count).ok()?.parse().ok());
        if count == Some(self.collector.count()) {
            Ok(())
        } else {
            Err(WireError::Protocol("another number of rows than the tag says"))
        }
    }

    /// Checks that the parameters have the types that were sent.
    fn check_parameters(&self, mut body: &[u8]) -> Result<(), WireError> {
        const OTHERS: WireError = WireError::Protocol("other parameter types than those sent");
        let sent = self.queries.get(self.rows.len()).map_or(&[][..], |query| query.parameters);
        if body.try_get_u16().map(usize::from) != Ok(sent.len())
            || body.len() != sent.len() * size_of::<u32>()
        {
            return Err(OTHERS);
        }
        let is_same = |sent: u32, given: u32| sent == given || sent == 0 || sent == Type::UNKNOWN.oid();
        let all = sent.iter().all(|sent| body.try_get_u32().is_ok_and(|given| is_same(sent.ty.oid(), given)));
        if all { Ok(()) } else { Err(OTHERS) }
    }

    /// Returns true if the server may send an error here: for the statement that it is about to answer, or for the implicit commit
    /// of a batch outside a transaction. After an error it sends nothing else until the batch ends.
    fn may_be_refused(&self) -> bool {
        match self.next {
            Next::Parsed | Next::Parameters | Next::Columns | Next::Bound | Next::Rows => true,
            Next::Ready => {
                let last = self.queries.last().map_or(Command::Statement, |query| query.command);
                self.transaction == Transaction::None && last == Command::Statement
            }
            Next::Closed(_) | Next::Refused => false,
        }
    }

    fn refuse(&mut self, body: &[u8]) {
        let error = WireError::Server(Box::new(ServerError::parse(body)));
        self.refused = Some(BatchError { at: self.rows.len(), error });
        self.may_be_over =
            self.next == Next::Rows && matches!(self.command(), Command::Commit | Command::Rollback);
        self.refused_outside = self.transaction == Transaction::None;
        if self.transaction == Transaction::Open {
            self.transaction = Transaction::Failed;
        }
        self.next = Next::Refused;
    }

    fn end(&mut self, body: &[u8]) -> Result<(), WireError> {
        let state = Transaction::read(body)?;
        // A refused commit ends the transaction, unless it was stopped before it began.
        let is_expected = state == self.transaction || (self.may_be_over && state == Transaction::None);
        self.transaction = state;
        if is_expected { Ok(()) } else { Err(WireError::Protocol("an unexpected state of the transaction")) }
    }
}

impl Transaction {
    /// Reads the body of a `ReadyForQuery`.
    pub(crate) fn read(body: &[u8]) -> Result<Self, WireError> {
        match body {
            b"I" => Ok(Self::None),
            b"T" => Ok(Self::Open),
            b"E" => Ok(Self::Failed),
            _ => Err(WireError::Protocol("an unknown state of the transaction")),
        }
    }
}

/// Returns the columns of the statement at an index of a batch.
fn columns(all: &[Columns], at: usize) -> Result<&Arc<[Column]>, WireError> {
    match all.get(at) {
        Some(Columns::Known(columns) | Columns::Described(columns)) => Ok(columns),
        Some(Columns::OfEarlier(earlier)) => match all.get(*earlier) {
            Some(Columns::Described(columns)) => Ok(columns),
            _ => Err(UNEXPECTED),
        },
        _ => Err(UNEXPECTED),
    }
}

fn expect_empty(body: &[u8]) -> Result<(), WireError> {
    if body.is_empty() { Ok(()) } else { Err(WireError::Protocol("a message of the wrong length")) }
}
