//! What a server must say to a batch, message by message.
//!
//! A message that does not belong where it comes means that server and gateway no longer speak of the same question: it
//! could be the answer to somebody else's. So it is an error of the connection, and nothing that came before it counts.

use bytes::{Buf as _, Bytes};
use postgres_protocol::message::backend;
use tokio_postgres::types::Type;

use super::batch::{BatchError, Command, Query};
use super::error::{ServerError, WireError};
use super::prepared::Described;
use super::rows::{Collector, Columns, Row, read_columns};

/// Whether a transaction is open, as the server says whenever it is ready for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transaction {
    /// None is.
    None,
    /// One is.
    Open,
    /// One is that can only be rolled back.
    Failed,
}

/// Where a statement's columns come from.
#[derive(Debug)]
pub(super) enum Source {
    /// The server has described them in an earlier batch, or is about to, at an earlier place of this one.
    Prepared(Described),
    /// It is about to learn the statement, and is asked for its columns.
    Asked,
    /// It has just described them.
    Told(Columns),
}

/// The message that has to come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// `CloseComplete`, so many times.
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
    /// `ReadyForQuery`: every statement is answered.
    Ready,
    /// `ReadyForQuery`: a statement was refused, and those after it were not run.
    Refused,
}

/// What a message was.
#[derive(Debug)]
pub(super) enum Heard {
    /// A part of an answer.
    Part,
    /// The end of a statement's answer: its rows lie in everything that came since the one before.
    Answer,
    /// The end of the batch.
    End,
}

/// The answers to a batch.
#[derive(Debug)]
pub(super) struct Answers<'q> {
    queries: &'q [Query<'q>],
    sources: Vec<Source>,
    next: Next,
    transaction: Transaction,
    /// Whether the end of the transaction was under way when it was refused: then it may be over, or have failed.
    may_be_over: bool,
    collector: Collector,
    rows: Vec<Vec<Row>>,
    refused: Option<BatchError>,
    /// Whether it was refused outside of a transaction. Within one, its end will show that nothing else is to come.
    refused_outside: bool,
}

/// What has become of a batch.
pub(super) struct Outcome {
    pub(super) answers: Result<Vec<Vec<Row>>, BatchError>,
    pub(super) sources: Vec<Source>,
    /// Whether the connection can be asked again.
    pub(super) is_settled: bool,
}

const UNEXPECTED: WireError = WireError::Protocol("an unexpected message");

impl<'q> Answers<'q> {
    /// Answers that are still to come, to `queries` behind so many `Close`.
    pub(super) fn new(
        queries: &'q [Query<'q>],
        sources: Vec<Source>,
        closed: usize,
        transaction: Transaction,
    ) -> Self {
        let mut answers = Self {
            queries,
            sources,
            next: Next::Closed(closed),
            transaction,
            may_be_over: false,
            collector: Collector::default(),
            rows: Vec::with_capacity(queries.len()),
            refused: None,
            refused_outside: false,
        };
        if closed == 0 {
            answers.next = answers.first_of_statement();
        }
        answers
    }

    /// Takes a message, whose body lies at `start` of what came since the last answer.
    pub(super) fn hear(&mut self, tag: u8, body: &[u8], start: usize) -> Result<Heard, WireError> {
        match (self.next, tag) {
            (Next::Rows, backend::DATA_ROW_TAG) => {
                let columns = columns(&self.sources, self.rows.len())?;
                self.collector.add(body, start, columns)?;
                return Ok(Heard::Part);
            }
            (Next::Rows, backend::COMMAND_COMPLETE_TAG) => {
                self.complete(body)?;
                return Ok(Heard::Answer);
            }
            (Next::Rows, backend::EMPTY_QUERY_RESPONSE_TAG) => {
                let text = self.queries.get(self.rows.len()).map_or("", |query| query.text);
                expect_empty(body)?;
                return if text.trim().is_empty() { Ok(Heard::Answer) } else { Err(UNEXPECTED) };
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
                if let Some(source) = self.sources.get_mut(self.rows.len()) {
                    *source = Source::Told(described);
                }
                self.next = Next::Bound;
            }
            (Next::Closed(count), backend::CLOSE_COMPLETE_TAG) => {
                expect_empty(body)?;
                self.next = if count > 1 { Next::Closed(count - 1) } else { self.first_of_statement() };
            }
            (Next::Ready | Next::Refused, backend::READY_FOR_QUERY_TAG) => {
                self.end(body)?;
                return Ok(Heard::End);
            }
            (_, backend::ERROR_RESPONSE_TAG) if self.may_be_refused() => self.refuse(body),
            _ => return Err(UNEXPECTED),
        }
        Ok(Heard::Part)
    }

    /// Takes the bytes in which the rows of an answer lie.
    pub(super) fn take(&mut self, bytes: Bytes) -> Result<(), WireError> {
        let columns = columns(&self.sources, self.rows.len())?;
        let rows = self.collector.finish(bytes, columns);
        if let Command::Mark(mark) = self.command() {
            let told = rows.first().and_then(|row| row.bytes(columns.len().saturating_sub(1)));
            if rows.len() != 1 || told != Some(&mark.to_be_bytes()) {
                return Err(WireError::Protocol("the answer to another batch"));
            }
        }
        self.rows.push(rows);
        self.next = self.first_of_statement();
        Ok(())
    }

    /// Whether a transaction is open behind the batch.
    pub(super) fn transaction(&self) -> Transaction {
        self.transaction
    }

    /// The outcome of a batch that has ended.
    pub(super) fn finish(self) -> Outcome {
        let answers = self.refused.map_or(Ok(self.rows), Err);
        Outcome { answers, sources: self.sources, is_settled: !self.refused_outside }
    }

    /// The outcome of a batch that the connection did not survive. What the server said before it hung up tells more than
    /// that it did; but what does not belong to this batch tells nothing.
    pub(super) fn broken(self, error: WireError) -> Outcome {
        let at = self.rows.len();
        let refused = self.refused.filter(|_| !matches!(error, WireError::Protocol(_)));
        let answers = Err(refused.unwrap_or(BatchError { at, error }));
        Outcome { answers, sources: self.sources, is_settled: false }
    }

    fn first_of_statement(&self) -> Next {
        match self.sources.get(self.rows.len()) {
            Some(Source::Asked) => Next::Parsed,
            Some(Source::Prepared(_) | Source::Told(_)) => Next::Bound,
            None => Next::Ready,
        }
    }

    fn command(&self) -> Command {
        self.queries.get(self.rows.len()).map_or(Command::Statement, |query| query.command)
    }

    /// Checks that the statement did what it was to do, as far as the server's word for it says.
    fn complete(&mut self, body: &[u8]) -> Result<(), WireError> {
        let Some(tag) = body.strip_suffix(&[0]) else {
            return Err(WireError::Protocol("a completion without an end"));
        };
        let (expected, transaction): (&[u8], _) = match self.command() {
            Command::Statement | Command::Mark(_) => return self.check_count(tag),
            Command::Begin => (b"BEGIN", Transaction::Open),
            Command::Commit => (b"COMMIT", Transaction::None),
            Command::Rollback => (b"ROLLBACK", Transaction::None),
        };
        if tag != expected {
            return Err(WireError::Protocol("another statement was completed"));
        }
        self.transaction = transaction;
        Ok(())
    }

    /// Checks that as many rows came as the server says there are.
    fn check_count(&self, tag: &[u8]) -> Result<(), WireError> {
        let columns = columns(&self.sources, self.rows.len())?;
        let mut words = tag.split(|byte| *byte == b' ');
        match words.next() {
            Some(b"BEGIN" | b"COMMIT" | b"ROLLBACK") => {
                return Err(WireError::Protocol("another statement was completed"));
            }
            Some(b"SELECT" | b"INSERT" | b"UPDATE" | b"DELETE") if !columns.is_empty() => {}
            _ => return Ok(()),
        }
        let told = words.next_back().and_then(|count| std::str::from_utf8(count).ok()?.parse().ok());
        if told == Some(self.collector.count()) {
            Ok(())
        } else {
            Err(WireError::Protocol("another number of rows than it says"))
        }
    }

    /// Checks that the server took the parameters for what they are.
    fn check_parameters(&self, mut body: &[u8]) -> Result<(), WireError> {
        const OTHERS: WireError = WireError::Protocol("other parameters than were sent");
        let sent = self.queries.get(self.rows.len()).map_or(&[][..], |query| query.parameters);
        if body.try_get_u16().map(usize::from) != Ok(sent.len())
            || body.len() != sent.len() * size_of::<u32>()
        {
            return Err(OTHERS);
        }
        let is_same = |sent: u32, told: u32| sent == told || sent == 0 || sent == Type::UNKNOWN.oid();
        let all = sent.iter().all(|sent| body.try_get_u32().is_ok_and(|told| is_same(sent.ty.oid(), told)));
        if all { Ok(()) } else { Err(OTHERS) }
    }

    /// Whether the server may refuse something here: the statement that it is about to answer, or the end of the transaction
    /// that a batch without one of its own is. After one refusal it is silent until the batch ends.
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
        let told = Transaction::read(body)?;
        // A commit that is refused ends the transaction, unless something stopped it before it had begun.
        let is_expected = told == self.transaction || (self.may_be_over && told == Transaction::None);
        self.transaction = told;
        if is_expected { Ok(()) } else { Err(WireError::Protocol("another state of the transaction")) }
    }
}

impl Transaction {
    /// Reads the body of a `ReadyForQuery`.
    pub(super) fn read(body: &[u8]) -> Result<Self, WireError> {
        match body {
            b"I" => Ok(Self::None),
            b"T" => Ok(Self::Open),
            b"E" => Ok(Self::Failed),
            _ => Err(WireError::Protocol("an unknown state of the transaction")),
        }
    }
}

/// The columns of the statement at a place of a batch.
fn columns(sources: &[Source], at: usize) -> Result<&Columns, WireError> {
    match sources.get(at) {
        Some(Source::Prepared(Described::Before(columns)) | Source::Told(columns)) => Ok(columns),
        Some(Source::Prepared(Described::At(earlier))) => match sources.get(*earlier) {
            Some(Source::Told(columns)) => Ok(columns),
            _ => Err(UNEXPECTED),
        },
        _ => Err(UNEXPECTED),
    }
}

fn expect_empty(body: &[u8]) -> Result<(), WireError> {
    if body.is_empty() { Ok(()) } else { Err(WireError::Protocol("a message of another length")) }
}
