//! Runs sessions: one transaction per request, with the caller's role and claims local to it.
//!
//! A session opens with the first statements that need it, in the same round trip. Its writes last only if it is committed.

use std::ops::AddAssign;
use std::sync::Arc;
use std::time::Duration;

use postgres_wire::{BatchError, Command, Query, Row, WireError};

use super::connections::PooledConnection;
use super::pool::{Access, Pool};
use super::{DatabaseError, Parameter, Statement};
use crate::auth::{Caller, Share};
use crate::budget::Reservation;

macro_rules! set_up {
    ($first:literal) => {
        concat!(
            "SELECT ",
            $first,
            "set_config('jit','off',true),\
            set_config('statement_timeout',$1,true),\
            set_config('request.jwt.claims',$2,true),\
            set_config('request.jwt.claim.sub',$3,true),\
            set_config('request.jwt.claim.role',$4,true),\
            set_config('app.user_id',$3,true),\
            set_config('role',$5,true),\
            $6::int8"
        )
    };
}

/// Sets the statement timeout, claims and role local to the transaction, so that it works behind a pooler too. The role comes
/// last: from there on the statement itself runs with the caller's rights. JIT compilation is off: Postgres's estimate of the
/// rows behind a policy is far too high, and compiling took as long as the charts of a large site.
const SET_UP: &str = set_up!("");
/// The same as [`SET_UP`], for a transaction that writes; it also respects the operator's `default_transaction_read_only`.
const SET_UP_WRITING: &str =
    set_up!("set_config('transaction_read_only',current_setting('default_transaction_read_only'),true),");
/// Changes the role within the transaction.
const BECOME: &str = "SELECT set_config('role',$1,true)";
/// The name of the role that the gateway logged in as.
const LOGIN: &str = "none";
/// Ends a session whose writes, if any, must not last.
const END: &str = "ROLLBACK";
const COMMIT: &str = "COMMIT";
/// The longest statement, in bytes, that is prepared. A longer one writes many rows at once and is seldom repeated.
const LONGEST_KEPT: usize = 8 * 1024;
/// The number of statements that open most sessions.
const OPENING: usize = 2;

/// A transaction that is opened when it is first needed.
pub struct Session {
    pool: Pool,
    caller: Arc<Caller>,
    share: Share,
    connection: Option<PooledConnection>,
    access: Access,
    /// The statements of the gateway's own role that run first, when the session opens.
    prelude: Vec<Statement>,
    /// True if the session begins with the gateway's own role instead of the caller's.
    as_login: bool,
    counts: SessionCounts,
    /// The memory of its rows, if that is limited.
    held: Option<Reservation>,
}

/// The cost of a session so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionCounts {
    /// Statements, without those that open the session.
    pub statements: u32,
    /// Times that the session waited for Postgres; the opening travels with the first.
    pub round_trips: u32,
}

impl AddAssign for SessionCounts {
    fn add_assign(&mut self, other: Self) {
        self.statements += other.statements;
        self.round_trips += other.round_trips;
    }
}

/// The error of a statement, after which no further statement of the batch has run.
#[derive(Clone, Debug)]
pub struct StatementError {
    /// The index of the statement in the batch.
    pub at: usize,
    /// The error.
    pub error: DatabaseError,
}

impl Session {
    /// Returns a session of a caller that only reads, not yet open.
    pub fn new(pool: Pool, caller: Arc<Caller>) -> Self {
        Self::begin(Access::Reads, pool, caller)
    }

    /// Returns a session of a caller that writes, not yet open.
    pub fn writing(pool: Pool, caller: Arc<Caller>) -> Self {
        Self::begin(Access::Writes, pool, caller)
    }

    fn begin(access: Access, pool: Pool, caller: Arc<Caller>) -> Self {
        let share = caller.share();
        let held = pool.budget.as_ref().map(|budget| budget.open(share));
        Self {
            pool,
            caller,
            share,
            connection: None,
            access,
            prelude: Vec::new(),
            as_login: false,
            counts: SessionCounts::default(),
            held,
        }
    }

    /// Returns the session, not yet open, with a statement that the gateway's own role runs before it becomes the caller. It
    /// travels with the opening; its rows are dropped.
    #[must_use]
    pub fn after(mut self, prelude: Statement) -> Self {
        self.prelude.push(prelude);
        self
    }

    /// Returns the session with its connection counted for another share.
    #[must_use]
    pub fn on_behalf_of(mut self, share: Share) -> Self {
        self.share = share;
        self.held = self.pool.budget.as_ref().map(|budget| budget.open(share));
        self
    }

    /// Returns the caller.
    pub fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    /// Returns the cost of the session so far.
    pub fn counts(&self) -> SessionCounts {
        self.counts
    }

    /// Runs statements with the caller's role and claims, in one round trip, and returns the rows of each.
    pub async fn query(&mut self, statements: &[Statement]) -> Result<Vec<Vec<Row>>, StatementError> {
        self.run(statements, false).await
    }

    /// Runs the last statements of the session. Its end travels with them, which saves a round trip. A session that writes is not
    /// over until it is committed.
    pub async fn query_last(&mut self, statements: &[Statement]) -> Result<Vec<Vec<Row>>, StatementError> {
        if self.access == Access::Writes {
            return self.query(statements).await;
        }
        let answers = self.run(statements, true).await?;
        // Its transaction is over; the pool may give the connection to others.
        self.connection = None;
        Ok(answers)
    }

    /// Opens the session with statements that the gateway's own role runs, with the caller's claims; from then on it has the
    /// caller's role.
    pub(super) async fn open_with(
        &mut self,
        statements: &[Statement],
    ) -> Result<Vec<Vec<Row>>, StatementError> {
        self.as_login = true;
        let as_caller = become_role(&self.caller.role);
        let answers = self.run(&[statements, &[as_caller]].concat(), false).await;
        self.as_login = false;
        answers
    }

    /// Commits the writes, with the gateway's own `statements` at the end. After a failure other than Postgres's refusal it is
    /// unknown whether they are committed.
    pub(super) async fn commit_with(&mut self, statements: &[Statement]) -> Result<(), DatabaseError> {
        let Some(mut connection) = self.connection.take() else { return Ok(()) };
        // A commit in progress should end even if its answer is no longer awaited: its outcome is unknown until then.
        connection.finishes_within = self.pool.statement_timeout;
        self.counts.round_trips += 1;
        let as_login = [become_role(LOGIN)];
        let own = if statements.is_empty() { &[][..] } else { &as_login };
        let mut queries: Vec<Query<'_>> = own.iter().chain(statements).map(Statement::query).collect();
        queries.push(Query::kept(COMMIT, Command::Commit));
        let within = self.pool.answers_within(queries.len());
        let committed = connection.run(&queries, within).await.map(drop);
        connection.finishes_within = Duration::ZERO;
        committed.map_err(|failed| failed.error.into())
    }

    /// Commits the writes. After a failure other than Postgres's refusal it is unknown whether they are committed.
    pub async fn commit(&mut self) -> Result<(), DatabaseError> {
        self.commit_with(&[]).await
    }

    /// Rolls the writes back, and then runs a statement of the gateway's own role on the same connection.
    pub async fn end_with(&mut self, statement: &Statement) -> Result<Vec<Row>, DatabaseError> {
        let over = || DatabaseError::Unavailable("the session is over".into());
        let mut connection = self.connection.take().ok_or_else(over)?;
        self.counts.round_trips += 1;
        let queries = [Query::kept(END, Command::Rollback), statement.query()];
        let answers =
            connection.run(&queries, self.pool.answers_within(1)).await.map_err(|failed| failed.error)?;
        Ok(answers.into_iter().next_back().unwrap_or_default())
    }

    async fn run(&mut self, statements: &[Statement], last: bool) -> Result<Vec<Vec<Row>>, StatementError> {
        self.pool.gate().ensure_open().map_err(|error| StatementError { at: 0, error })?;
        self.counts.statements += u32::try_from(statements.len()).unwrap_or(u32::MAX);
        self.counts.round_trips += 1;
        let mut queries = Vec::with_capacity(OPENING + statements.len());
        let (set_up, as_caller);
        if self.connection.is_none() {
            let mark = self.pool.mark();
            set_up = self.set_up(mark);
            let begin = self.access.begin();
            queries.push(Query::kept(begin, Command::Begin));
            let text = match self.access {
                Access::Reads => SET_UP,
                Access::Writes => SET_UP_WRITING,
            };
            queries.push(Query { parameters: &set_up, ..Query::kept(text, Command::Mark(mark)) });
            if !self.prelude.is_empty() {
                as_caller = become_role(&self.caller.role);
                let own = self.prelude.iter().chain((!self.as_login).then_some(&as_caller));
                queries.extend(own.map(Statement::query));
            }
        }
        let opening = queries.len();
        queries.extend(
            statements
                .iter()
                .map(|statement| Query { keep: statement.text.len() <= LONGEST_KEPT, ..statement.query() }),
        );
        if last {
            queries.push(Query::kept(END, Command::Rollback));
        }
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => {
                let pooled =
                    self.pool.get(self.share).await.map_err(|error| StatementError { at: 0, error })?;
                none.insert(pooled)
            }
        };
        let access = self.access;
        let caller = &self.caller;
        let within = self.pool.answers_within(statements.len() + self.prelude.len());
        let mut ran = connection.run(&queries, within).await;
        let is_outdated = |failed: &BatchError| matches!(failed.error, WireError::Outdated);
        if opening > 0 && ran.as_ref().is_err_and(is_outdated) && connection.roll_back() {
            // No answer of the session has been sent yet: it begins again, with newly prepared statements.
            self.counts.round_trips += 1;
            ran = connection.run(&queries, within).await;
        }
        let answers = ran.map_err(|failed| {
            let error = match access {
                Access::Reads => DatabaseError::from(failed.error),
                Access::Writes => DatabaseError::of_writing(failed.error, failed.at == 0 && opening > 0),
            };
            let error = error.of_caller(caller);
            match failed.at.checked_sub(opening) {
                // A failure after the last statement, of the end or the connection itself, counts as the last one's.
                Some(at) => StatementError { at: at.min(statements.len().saturating_sub(1)), error },
                None if matches!(error, DatabaseError::ReadOnly(_)) => StatementError { at: 0, error },
                // Without its opening the transaction has neither role nor claims.
                None => StatementError {
                    at: 0,
                    error: DatabaseError::Unavailable(format!("the session could not be opened: {error}")),
                },
            }
        });
        if let Err(StatementError { error: DatabaseError::ReadOnly(_), .. }) = &answers
            && let Some(connection) = self.connection.take()
        {
            Pool::close_if_stale(connection);
        }
        let mut answers = answers?;
        // There are as many answers as queries: any other message would have been an error.
        answers.drain(..opening.min(answers.len()));
        answers.truncate(statements.len());
        if let Some(held) = &mut self.held {
            let bytes = answers.iter().map(|rows| Row::memory(rows)).sum();
            held.grow(bytes).map_err(|spent| StatementError { at: 0, error: spent.into() })?;
        }
        Ok(answers)
    }

    /// Returns the parameters of [`SET_UP`], which returns `mark`, so that the answer to this session's opening can be
    /// recognised.
    fn set_up(&self, mark: u64) -> [Parameter; 6] {
        let timeout = self.pool.statement_timeout.as_millis().max(1).to_string();
        let sub = self.caller.sub.clone().unwrap_or_default();
        let role = self.caller.role.clone();
        let begins_as_login = self.as_login || !self.prelude.is_empty();
        let acting = if begins_as_login { LOGIN.to_owned() } else { role.clone() };
        let [timeout, claims, sub, role, acting] =
            [timeout, self.caller.claims.to_string(), sub, role, acting].map(Parameter::from);
        let mark = Parameter::from(mark.cast_signed());
        [timeout, claims, sub, role, acting, mark]
    }
}

fn become_role(role: &str) -> Statement {
    Statement { text: BECOME.into(), parameters: vec![role.into()] }
}
