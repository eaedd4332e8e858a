//! A batch of statements: sent together, answered together.

use std::borrow::Cow;
use std::sync::Arc;

use apollo_compiler::collections::HashMap;
use bytes::{Buf as _, BufMut as _, BytesMut};
use postgres_protocol::IsNull;
use postgres_protocol::message::{backend, frontend};
use tokio_postgres::types::Oid;

use super::Connection;
use super::error::{ServerError, WireError};
use super::rows::{Collector, Row};
use crate::database::Parameter;

/// A connection remembers this many prepared statements; then it starts anew, so that a stream of ever new queries
/// cannot fill the memory of gateway and server.
const MOST_PREPARED: usize = 500;
/// Values travel in binary format.
const BINARY: i16 = 1;
/// `Close` and `Describe` speak of a statement.
const STATEMENT: u8 = b'S';

/// A statement of a batch.
#[derive(Clone, Copy, Debug)]
pub(in crate::database) struct Query<'a> {
    /// SQL; parameters are `$1`, `$2`…
    pub(in crate::database) text: &'a str,
    /// Values of the parameters.
    pub(in crate::database) parameters: &'a [Parameter],
    /// Whether the server shall remember it under a name.
    pub(in crate::database) keep: bool,
}

/// Why a batch failed, and at which of its statements.
#[derive(Debug)]
pub(in crate::database) struct BatchError {
    pub(in crate::database) at: usize,
    pub(in crate::database) error: WireError,
}

/// The statements that the server knows by name.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    statements: HashMap<Box<str>, Named>,
    /// Number of the last name.
    last: u64,
    /// Names to be forgotten.
    stale: Vec<String>,
}

#[derive(Debug)]
struct Named {
    name: String,
    /// Types of its columns; `None` until the server has described it.
    types: Option<Types>,
}

/// Types of a statement's columns.
type Types = Arc<[Oid]>;

impl Connection {
    /// Runs statements in their order and gives the rows of each. After one that fails, the later ones are not run. A
    /// call that is given up half-way leaves the connection in no state to be used again.
    pub(in crate::database) async fn run(
        &mut self,
        queries: &[Query<'_>],
    ) -> Result<Vec<Vec<Row>>, BatchError> {
        let whole = |error| BatchError { at: 0, error };
        self.busy = true;
        let types = self.write(queries).map_err(whole)?;
        self.send().await.map_err(whole)?;
        let result = self.read(queries, types).await;
        self.busy = false;
        if let Err(BatchError { at, .. }) = &result {
            self.prepared.doubt(queries.get(*at).map(|query| query.text));
        }
        result
    }

    /// Writes a batch into the outbox; gives the types of the columns of each statement that is known.
    fn write(&mut self, queries: &[Query<'_>]) -> Result<Vec<Option<Types>>, WireError> {
        let Self { outbox: out, prepared, unread, .. } = self;
        if prepared.statements.len() > MOST_PREPARED {
            prepared.statements.clear();
            frontend::query("DEALLOCATE ALL", out)?;
            *unread += 1;
        }
        for name in prepared.stale.drain(..) {
            frontend::close(STATEMENT, &name, out)?;
        }
        let mut types = Vec::with_capacity(queries.len());
        for query in queries {
            let known = if query.keep { prepared.statements.get(query.text) } else { None };
            let name: Cow<'_, str> = if let Some(named) = known {
                types.push(named.types.clone());
                Cow::Borrowed(&named.name)
            } else {
                types.push(None);
                let name = prepared.next_name(query);
                let parameters = query.parameters.iter().map(|parameter| parameter.ty.oid());
                frontend::parse(&name, query.text, parameters, out)?;
                frontend::describe(STATEMENT, &name, out)?;
                Cow::Owned(name)
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
        Ok(types)
    }

    async fn read(
        &mut self,
        queries: &[Query<'_>],
        mut types: Vec<Option<Types>>,
    ) -> Result<Vec<Vec<Row>>, BatchError> {
        let mut answers = Vec::with_capacity(queries.len());
        let mut collector = Collector::default();
        let mut refused = None;
        loop {
            let at = answers.len();
            let message = match self.next().await {
                Ok(message) => message,
                // What the server said before it hung up tells more than that it did.
                Err(error) => return Err(refused.unwrap_or(BatchError { at, error })),
            };
            let understood = match message.tag {
                backend::ERROR_RESPONSE_TAG => {
                    let error = WireError::Server(Box::new(ServerError::parse(self.body(message))));
                    refused.get_or_insert(BatchError { at, error });
                    Ok(())
                }
                backend::READY_FOR_QUERY_TAG => {
                    self.take();
                    match self.unread.checked_sub(1) {
                        Some(fewer) => self.unread = fewer,
                        None => return refused.map_or(Ok(answers), Err),
                    }
                    Ok(())
                }
                // The end of a transaction before this one.
                _ if self.unread > 0 => Ok(()),
                backend::ROW_DESCRIPTION_TAG | backend::NO_DATA_TAG => {
                    read_types(self.body(message)).map(|described| {
                        if let Some(known) = types.get_mut(at) {
                            *known = Some(Arc::clone(&described));
                        }
                        if let Some(query) = queries.get(at).filter(|query| query.keep) {
                            self.prepared.described(query.text, described);
                        }
                    })
                }
                backend::DATA_ROW_TAG => {
                    let width = types.get(at).and_then(Option::as_ref).map_or(0, |types| types.len());
                    collector.add(self.body(message), message.start, width)
                }
                backend::COMMAND_COMPLETE_TAG | backend::EMPTY_QUERY_RESPONSE_TAG => {
                    let types = types.get_mut(at).and_then(Option::take).unwrap_or_default();
                    answers.push(collector.finish(self.take().freeze(), types));
                    Ok(())
                }
                backend::BIND_COMPLETE_TAG => {
                    // What the same text, earlier in the batch, has just been described as.
                    if let (Some(types @ None), Some(query)) = (types.get_mut(at), queries.get(at)) {
                        *types = self.prepared.types(query.text);
                    }
                    Ok(())
                }
                backend::PARSE_COMPLETE_TAG
                | backend::PARAMETER_DESCRIPTION_TAG
                | backend::CLOSE_COMPLETE_TAG
                | backend::NOTICE_RESPONSE_TAG
                | backend::PARAMETER_STATUS_TAG
                | backend::NOTIFICATION_RESPONSE_TAG => Ok(()),
                _ => Err(WireError::Protocol("an unexpected message")),
            };
            if let Err(error) = understood {
                self.closed = true;
                return Err(BatchError { at, error });
            }
        }
    }
}

impl Prepared {
    /// A name for a statement that the server is about to learn; none for one that it need not remember.
    fn next_name(&mut self, query: &Query<'_>) -> String {
        if !query.keep {
            return String::new();
        }
        self.last += 1;
        let name = format!("praxis_{}", self.last);
        self.statements.insert(query.text.into(), Named { name: name.clone(), types: None });
        name
    }

    fn types(&self, text: &str) -> Option<Types> {
        self.statements.get(text).and_then(|named| named.types.clone())
    }

    fn described(&mut self, text: &str, types: Types) {
        if let Some(named) = self.statements.get_mut(text) {
            named.types = Some(types);
        }
    }

    /// Forgets, after a failure, the statement that failed (it may be one whose columns have changed since it was
    /// prepared), and those that the server has not come to.
    fn doubt(&mut self, failed: Option<&str>) {
        if let Some(named) = failed.and_then(|text| self.statements.remove(text)) {
            self.stale.push(named.name);
        }
        self.statements.retain(|_, named| named.types.is_some());
    }
}

/// Reads the types out of a `RowDescription`; the body of `NoData` is empty.
fn read_types(mut body: &[u8]) -> Result<Types, WireError> {
    const BROKEN: WireError = WireError::Protocol("a description of another length than it says");
    /// Bytes of a column's description between its name and its type, and behind the type.
    const TABLE_AND_COLUMN: usize = 6;
    const LENGTH_MODIFIER_AND_FORMAT: usize = 8;
    let count = if body.is_empty() { 0 } else { body.try_get_u16().map_err(|_| BROKEN)? };
    (0..count)
        .map(|_| {
            let name = body.iter().position(|byte| *byte == 0).ok_or(BROKEN)?;
            body = body.get(name + 1 + TABLE_AND_COLUMN..).ok_or(BROKEN)?;
            let oid = body.try_get_u32().map_err(|_| BROKEN)?;
            body = body.get(LENGTH_MODIFIER_AND_FORMAT..).ok_or(BROKEN)?;
            Ok(oid)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_names_types() {
        let column = |name: &str, oid: u32| [name.as_bytes(), &[0; 7], &oid.to_be_bytes(), &[0; 8]].concat();
        let body = [&2u16.to_be_bytes()[..], &column("id", 20), &column("", 1700)].concat();
        assert_eq!(*read_types(&body).unwrap(), [20, 1700]);
        assert!(read_types(b"").unwrap().is_empty());
        assert!(read_types(&body[..body.len() - 1]).is_err());
        assert!(read_types(b"\0\x01id").is_err());
    }
}
