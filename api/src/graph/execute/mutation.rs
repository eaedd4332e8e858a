//! Runs the fields of a mutation one after the other, in one transaction.

use std::ops::Range;

use super::key::Key;
use super::level::Level;
use super::loaded::LoadedRows;
use super::refused::{ValuesGiven, refused};
use super::written::Written;
use super::{ReferenceCache, json, load_all};
use crate::database::{DatabaseError, Row, Session, SqlState, Statement};
use crate::graph::answer::raw;
use crate::graph::catalog::{Catalog, Table};
use crate::graph::error::{COLLISION, Code, Error};
use crate::graph::plan::{FunctionWrite, Keyed, Mutation, MutationField, MutationStep, RowWrite, Write};
use crate::graph::question::write::Insert;
use crate::graph::refusal::{Refusals, WriteKind};
use crate::graph::sql;
use crate::graph::value::write_string;

/// Runs mutations with the caches and limits of an engine.
pub(in crate::graph) struct MutationRunner<'a> {
    pub(in crate::graph) catalog: &'a Catalog,
    pub(in crate::graph) reference: &'a ReferenceCache,
    pub(in crate::graph) refusals: &'a Refusals,
    /// The largest number of bytes of the answer.
    pub(in crate::graph) most: usize,
    /// The rows to stop after, if the mutation only runs to find the refused row.
    pub(in crate::graph) probe: Option<Probe>,
}

/// The last rows that a mutation adds when it runs to find the refused row.
#[derive(Clone, Debug)]
pub(in crate::graph) struct Probe {
    /// The statement that adds them.
    pub(in crate::graph) at: StatementPosition,
    /// The rows of this statement; they begin after the first one only for the arguments of a function.
    pub(in crate::graph) rows: Range<usize>,
}

/// The position of a statement that adds rows to a table or passes objects to a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::graph) struct StatementPosition {
    /// Index of the mutation's field.
    field: usize,
    /// Number of the statement within that field, from 0.
    number: usize,
}

/// The refusal of one of several rows that are added together; Postgres does not say which one.
#[derive(Debug)]
pub(in crate::graph) struct UnlocatedRefusal {
    pub(in crate::graph) at: StatementPosition,
    /// The place of each row in the request, or of the field in it that the refusal is about.
    pub(in crate::graph) places: Vec<String>,
    pub(in crate::graph) error: Error,
    /// True if the refusal is about a field.
    pub(in crate::graph) is_of_field: bool,
    /// True if the refusal may be about none of the rows, because a function refuses its arguments.
    pub(in crate::graph) may_be_about_none: bool,
}

/// The reasons why a mutation has not run to its end.
pub(in crate::graph) enum Failure {
    /// It conflicts with another transaction, and can be tried again.
    Collision(Error),
    /// It is refused, and would be refused again.
    Refused(Error),
    /// It is refused because of a row whose place is not known yet.
    Unlocated(Box<UnlocatedRefusal>),
    /// The database has accepted the rows of a [`Probe`].
    ProbeAccepted,
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        Self::Refused(Error::from(&error))
    }
}

impl MutationRunner<'_> {
    /// Runs a mutation, appends the response's `data` and returns the keys of the written rows. The caller commits.
    pub(in crate::graph) async fn run(
        &self,
        mutation: &Mutation,
        session: &mut Session,
        out: &mut Vec<u8>,
    ) -> Result<Written, Failure> {
        self.fields(mutation, None, session, out).await
    }

    /// Appends the `data` of a mutation that ran before: the rows that it wrote, in their present state. Rows that are gone or hidden
    /// from the caller are null.
    pub(in crate::graph) async fn replay(
        &self,
        mutation: &Mutation,
        written: &Written,
        session: &mut Session,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        self.fields(mutation, Some(written), session, out).await.map(drop)
    }

    async fn fields(
        &self,
        mutation: &Mutation,
        before: Option<&Written>,
        session: &mut Session,
        out: &mut Vec<u8>,
    ) -> Result<Written, Failure> {
        let mut written = Written::default();
        out.push(b'{');
        for (at, Keyed { key, value }) in mutation.fields.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            write_string(key, out);
            out.push(b':');
            match value {
                MutationField::Typename => write_string("Mutation", out),
                MutationField::MutationStep(step) => {
                    let keys = match before {
                        None => self.step(at, step, session, out).await?,
                        Some(before) => {
                            let keys = before.0.get(written.0.len()).cloned().unwrap_or_default();
                            self.show(step, &keys, session, out).await?;
                            keys
                        }
                    };
                    written.0.push(keys);
                }
            }
        }
        out.push(b'}');
        Ok(written)
    }

    async fn step(
        &self,
        at: usize,
        step: &MutationStep,
        session: &mut Session,
        out: &mut Vec<u8>,
    ) -> Result<Vec<Key>, Failure> {
        let keys = match &step.write {
            Write::Insert(insert) => self.insert(at, insert, step, session).await?,
            Write::Update(change) => self.change(change, WriteKind::Update, step, session).await?,
            // The returned row is read before it is deleted.
            Write::Delete(change) => {
                self.write(&change.look, WriteKind::Delete, ValuesGiven::Nowhere, step, session).await?
            }
            Write::Call(called) => self.call(at, called, step, session).await?,
        };
        let answers = self.load(step, &keys, session).await?;
        if let Write::Delete(change) = &step.write {
            self.change(change, WriteKind::Delete, step, session).await?;
        }
        self.payload(step, &keys, &answers, out)?;
        Ok(keys)
    }

    /// Loads and appends the payload of rows that an earlier request has written.
    async fn show(
        &self,
        step: &MutationStep,
        keys: &[Key],
        session: &mut Session,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let answers = self.load(step, keys, session).await?;
        self.payload(step, keys, &answers, out)
    }

    /// Appends the payload of rows that are loaded.
    fn payload(
        &self,
        step: &MutationStep,
        keys: &[Key],
        answers: &[LoadedRows],
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let out = json::Out { bytes: out, most: self.most };
        json::write_payload(self.catalog, &step.plan, &step.payload, keys, answers, out)
            .map_err(|error| Failure::Refused(placed(error, step)))
    }

    /// Adds rows, and then the rows below them, with one statement for each relation.
    async fn insert(
        &self,
        field: usize,
        insert: &Insert,
        step: &MutationStep,
        session: &mut Session,
    ) -> Result<Vec<Key>, Failure> {
        let mut next = vec![(insert, Vec::new())];
        let mut keys = None;
        let mut number = 0;
        while let Some((insert, parents)) = next.pop() {
            let at = StatementPosition { field, number };
            number += 1;
            let table = self.catalog.table(insert.table);
            let probe = self.probe.as_ref().filter(|probe| probe.at == at);
            let count = probe.map_or(insert.rows.len(), |probe| probe.rows.end);
            let statement = sql::insert(self.catalog, insert, &parents, count);
            let given = match insert.places.as_slice() {
                [place] => ValuesGiven::Here(place),
                places => ValuesGiven::Rows(at, places),
            };
            let rows = self.rows(&statement, table, WriteKind::Insert, given, step, session).await?;
            if probe.is_some() {
                return Err(Failure::ProbeAccepted);
            }
            keys.get_or_insert_with(|| primary_keys(&rows, table));
            next.extend(insert.children.iter().map(|children| (children, rows.clone())));
        }
        Ok(keys.unwrap_or_default())
    }

    /// Calls a function that writes.
    async fn call(
        &self,
        field: usize,
        called: &FunctionWrite,
        step: &MutationStep,
        session: &mut Session,
    ) -> Result<Vec<Key>, Failure> {
        let at = StatementPosition { field, number: 0 };
        let given = ValuesGiven::Call(at, called);
        match (self.probe.as_ref().filter(|probe| probe.at == at), &called.objects) {
            (Some(probe), Some(objects)) => {
                let statement = objects.statement(self.catalog, probe.rows.clone());
                self.write(&statement, WriteKind::Call, given, step, session).await?;
                Err(Failure::ProbeAccepted)
            }
            _ => self.write(&called.statement, WriteKind::Call, given, step, session).await,
        }
    }

    /// Changes or deletes a row; it fails if the row does not exist or the caller may not write it.
    async fn change(
        &self,
        change: &RowWrite,
        kind: WriteKind,
        step: &MutationStep,
        session: &mut Session,
    ) -> Result<Vec<Key>, Failure> {
        let given = if kind == WriteKind::Update { ValuesGiven::Here("patch") } else { ValuesGiven::Nowhere };
        let keys = self.write(&change.statement, kind, given, step, session).await?;
        if keys.is_empty() { Err(self.not_written(change, step, session).await?) } else { Ok(keys) }
    }

    /// Returns the reason why a row was not written: the caller cannot see it, may not write it, or it has changed.
    async fn not_written(
        &self,
        change: &RowWrite,
        step: &MutationStep,
        session: &mut Session,
    ) -> Result<Failure, Failure> {
        let table = self.catalog.table(step.table);
        let rows =
            self.rows(&change.look, table, WriteKind::Update, ValuesGiven::Nowhere, step, session).await?;
        let width = table.primary_key.len();
        let error = match rows.first() {
            None => Error::new(Code::NotFound, format!("There is no such {}.", table.type_name)),
            Some(row) if row.get(width) == Some(true) => {
                Error::new(Code::Forbidden, format!("Your role may not change this {}.", table.type_name))
            }
            Some(_) => {
                let keys = primary_keys(&rows, table);
                let answers = self.load(step, &keys, session).await?;
                let mut out = Vec::new();
                self.payload(step, &keys, &answers, &mut out)?;
                let message = format!("Somebody has changed this {} meanwhile.", table.type_name);
                let present = String::from_utf8(out).ok().map(|json| Box::new(raw(json)));
                Error { present, ..Error::new(Code::Conflict, message) }
            }
        };
        Ok(Failure::Refused(placed(error, step)))
    }

    /// Loads the fields that the payload selects from rows.
    async fn load(
        &self,
        step: &MutationStep,
        keys: &[Key],
        session: &mut Session,
    ) -> Result<Vec<LoadedRows>, Failure> {
        let level = Level::empty(&step.plan).given(None, &keys.into());
        load_all(&step.plan, level, session, self.reference).await.map_err(|failed| {
            match failed.error.reason {
                Some(COLLISION) => Failure::Collision(placed(collided(), step)),
                _ => Failure::Refused(failed.error),
            }
        })
    }

    /// Runs a statement that returns primary keys.
    async fn write(
        &self,
        statement: &Statement,
        kind: WriteKind,
        given: ValuesGiven<'_>,
        step: &MutationStep,
        session: &mut Session,
    ) -> Result<Vec<Key>, Failure> {
        let table = self.catalog.table(step.table);
        Ok(primary_keys(&self.rows(statement, table, kind, given, step, session).await?, table))
    }

    async fn rows(
        &self,
        statement: &Statement,
        table: &Table,
        kind: WriteKind,
        given: ValuesGiven<'_>,
        step: &MutationStep,
        session: &mut Session,
    ) -> Result<Vec<Row>, Failure> {
        match session.query(std::slice::from_ref(statement)).await {
            Ok(answers) => Ok(answers.into_iter().next().unwrap_or_default()),
            Err(failure) if is_collision(&failure.error) => Err(Failure::Collision(placed(collided(), step))),
            Err(failure) => {
                let refusal = self.refusals.explain(self.catalog, table, kind, &failure.error, session).await;
                Err(refused(refusal, given, step))
            }
        }
    }
}

/// Returns true if a transaction failed because of a concurrent one or a change of the schema, and can run again.
pub(in crate::graph) fn is_collision(error: &DatabaseError) -> bool {
    match error {
        DatabaseError::Outdated => true,
        DatabaseError::Postgres(error) => {
            error.code == SqlState::T_R_SERIALIZATION_FAILURE || error.code == SqlState::T_R_DEADLOCK_DETECTED
        }
        _ => false,
    }
}

/// Returns the error of a mutation whose attempts all conflicted with other transactions.
pub(in crate::graph) fn collided() -> Error {
    let message = "Others were writing the same rows. Nothing was written; try again.";
    Error { reason: Some(COLLISION), ..Error::new(Code::Conflict, message) }
}

pub(super) fn placed(error: Error, step: &MutationStep) -> Error {
    error.at(&step.place.path, step.place.location)
}

fn primary_keys(rows: &[Row], table: &Table) -> Vec<Key> {
    let positions: Vec<usize> = (0..table.primary_key.len()).collect();
    rows.iter().filter_map(|row| Key::of(row, &positions)).collect()
}
