//! Carries out a mutation: its fields one after the other, in one transaction.

use super::answer::Answer;
use super::key::Key;
use super::level::Level;
use super::written::Written;
use super::{ReferenceCache, load_all, write};
use crate::database::{DatabaseError, Row, Session, SqlState, Statement};
use crate::graph::catalog::{Catalog, Table};
use crate::graph::error::{Code, Error};
use crate::graph::plan::{Change, Insert, Keyed, Mutation, MutationField, Step, Write};
use crate::graph::refusal::Refusals;
use crate::graph::value::write_string;

/// What carrying out a mutation needs besides the mutation.
pub(in crate::graph) struct Writer<'a> {
    pub(in crate::graph) catalog: &'a Catalog,
    pub(in crate::graph) reference: &'a ReferenceCache,
    pub(in crate::graph) refusals: &'a Refusals,
    /// Bytes of the answer at most.
    pub(in crate::graph) most: usize,
}

/// Why a mutation was not carried out.
pub(in crate::graph) enum Failure {
    /// It stood in the way of another transaction; to be tried again.
    Collision(Error),
    /// Trying again would not help.
    Refused(Error),
}

impl Writer<'_> {
    /// Carries out a mutation, appends the response's `data` and gives what was written. Nothing of it lasts yet.
    pub(in crate::graph) async fn run(
        &self,
        mutation: &Mutation,
        session: &mut Session,
        out: &mut Vec<u8>,
    ) -> Result<Written, Failure> {
        self.fields(mutation, None, session, out).await
    }

    /// Appends the `data` of a mutation that was carried out before: the rows that it wrote, as far as they are there and
    /// the caller may see them now.
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
                MutationField::Step(step) => {
                    let keys = match before {
                        None => self.step(step, session, out).await?,
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

    async fn step(&self, step: &Step, session: &mut Session, out: &mut Vec<u8>) -> Result<Vec<Key>, Failure> {
        let table = self.catalog.table(step.table);
        let keys = match &step.write {
            Write::Insert(insert) => self.insert(insert, step, session).await?,
            Write::Update(change) => self.change(change, "patch", step, session).await?,
            // What is returned is read before it is gone.
            Write::Delete(change) => self.write(&change.look, table, "", step, session).await?,
            Write::Call(statement) => self.write(statement, table, "", step, session).await?,
        };
        let answers = self.load(step, &keys, session).await?;
        if let Write::Delete(change) = &step.write {
            self.change(change, "", step, session).await?;
        }
        self.payload(step, &keys, &answers, out)?;
        Ok(keys)
    }

    /// Appends what is returned of rows that are there already.
    async fn show(
        &self,
        step: &Step,
        keys: &[Key],
        session: &mut Session,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let answers = self.load(step, keys, session).await?;
        self.payload(step, keys, &answers, out)
    }

    /// Appends what is returned of rows.
    fn payload(
        &self,
        step: &Step,
        keys: &[Key],
        answers: &[Answer],
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let out = write::Out { bytes: out, most: self.most };
        write::write_payload(self.catalog, &step.plan, &step.payload, keys, answers, out)
            .map_err(|error| Failure::Refused(placed(error, step)))
    }

    /// Adds rows, and then the rows that belong to them: a statement for each table that they stand in.
    async fn insert(&self, insert: &Insert, step: &Step, session: &mut Session) -> Result<Vec<Key>, Failure> {
        let argument = if insert.rows.len() > 1 { "inputs" } else { "input" };
        let mut next = vec![(insert, argument.to_owned(), Vec::new())];
        let mut keys = None;
        while let Some((insert, argument, parents)) = next.pop() {
            let table = self.catalog.table(insert.table);
            let statement = insert.statement(self.catalog, &parents);
            let rows = self.rows(&statement, table, &argument, step, session).await?;
            keys.get_or_insert_with(|| primary_keys(&rows, table));
            for children in &insert.children {
                next.push((&children.insert, format!("{argument}.{}", children.field), rows.clone()));
            }
        }
        Ok(keys.unwrap_or_default())
    }

    /// Changes or deletes a row, which has to be there and the caller's to write.
    async fn change(
        &self,
        change: &Change,
        argument: &str,
        step: &Step,
        session: &mut Session,
    ) -> Result<Vec<Key>, Failure> {
        let table = self.catalog.table(step.table);
        let keys = self.write(&change.statement, table, argument, step, session).await?;
        if keys.is_empty() { Err(self.not_written(change, step, session).await?) } else { Ok(keys) }
    }

    /// Why a row was not written: it is not there for the caller, it has changed, or it is not the caller's to write.
    async fn not_written(
        &self,
        change: &Change,
        step: &Step,
        session: &mut Session,
    ) -> Result<Failure, Failure> {
        let table = self.catalog.table(step.table);
        let rows = self.rows(&change.look, table, "", step, session).await?;
        let width = table.primary_key.len();
        let error = match rows.first() {
            None => Error::new(Code::NotFound, format!("There is no such {}.", table.type_name)),
            Some(row) if row.bytes(width) == Some(&[1]) => {
                Error::new(Code::Forbidden, format!("Your role may not change this {}.", table.type_name))
            }
            Some(_) => {
                let keys = primary_keys(&rows, table);
                let answers = self.load(step, &keys, session).await?;
                let mut out = Vec::new();
                self.payload(step, &keys, &answers, &mut out)?;
                let message = format!("Somebody has changed this {} meanwhile.", table.type_name);
                Error { present: serde_json::from_slice(&out).ok(), ..Error::new(Code::Conflict, message) }
            }
        };
        Ok(Failure::Refused(placed(error, step)))
    }

    /// Loads what is asked for of rows.
    async fn load(&self, step: &Step, keys: &[Key], session: &mut Session) -> Result<Vec<Answer>, Failure> {
        let level = Level::given(&step.plan, keys, step.payload.rows());
        load_all(&step.plan, level, session, self.reference).await.map_err(Failure::Refused)
    }

    /// Runs a statement that gives primary keys.
    async fn write(
        &self,
        statement: &Statement,
        table: &Table,
        argument: &str,
        step: &Step,
        session: &mut Session,
    ) -> Result<Vec<Key>, Failure> {
        Ok(primary_keys(&self.rows(statement, table, argument, step, session).await?, table))
    }

    async fn rows(
        &self,
        statement: &Statement,
        table: &Table,
        argument: &str,
        step: &Step,
        session: &mut Session,
    ) -> Result<Vec<Row>, Failure> {
        match session.query(std::slice::from_ref(statement)).await {
            Ok(answers) => Ok(answers.into_iter().next().unwrap_or_default()),
            Err(failure) if is_collision(&failure.error) => Err(Failure::Collision(placed(collided(), step))),
            Err(failure) => {
                let error =
                    self.refusals.explain(self.catalog, table, argument, &failure.error, session).await;
                Err(Failure::Refused(placed(error, step)))
            }
        }
    }
}

/// Whether one transaction had to give way to another, or to a change of the tables.
pub(in crate::graph) fn is_collision(error: &DatabaseError) -> bool {
    match error {
        DatabaseError::Outdated => true,
        DatabaseError::Postgres(error) => {
            error.code == SqlState::T_R_SERIALIZATION_FAILURE || error.code == SqlState::T_R_DEADLOCK_DETECTED
        }
        _ => false,
    }
}

/// The error of a mutation that had to give way each time.
pub(in crate::graph) fn collided() -> Error {
    Error::new(Code::Conflict, "Others were writing the same rows. Nothing was written; try again.")
}

fn placed(error: Error, step: &Step) -> Error {
    error.at(&step.place.path, step.place.location)
}

fn primary_keys(rows: &[Row], table: &Table) -> Vec<Key> {
    let positions: Vec<usize> = (0..table.primary_key.len()).collect();
    rows.iter().filter_map(|row| Key::of(row, &positions)).collect()
}
