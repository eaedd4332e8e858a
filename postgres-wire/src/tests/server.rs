//! A server of a few statements that speaks the protocol as it should, until a test spoils what it says.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::{Buf as _, BufMut as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::types::Type;

/// A message of the server: tag and body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) tag: u8,
    pub(super) body: Vec<u8>,
}

impl Said {
    pub(super) fn new(tag: u8, body: impl Into<Vec<u8>>) -> Self {
        Self { tag, body: body.into() }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let length = u32::try_from(self.body.len() + 4).unwrap();
        [&[self.tag][..], &length.to_be_bytes(), &self.body].concat()
    }
}

/// What a test makes of the answer to the nth batch: what the client reads at once, and what only with the answer after it;
/// `None`: nothing, and the connection is closed.
pub(super) type Spoil = Arc<dyn Fn(usize, Vec<Said>) -> Spoilt + Send + Sync>;

/// A spoilt answer.
#[derive(Debug, Default)]
pub(super) struct Spoilt {
    pub(super) now: Vec<u8>,
    pub(super) later: Vec<u8>,
    pub(super) closes: bool,
}

impl Spoilt {
    /// As it was.
    pub(super) fn honest(said: &[Said]) -> Self {
        Self { now: said.iter().flat_map(Said::bytes).collect(), ..Self::default() }
    }
}

/// The server's side of a connection. Nothing ever waits: what has not been said by now will not be.
pub(super) struct Server {
    asked: BytesMut,
    readable: VecDeque<u8>,
    /// Said with the next answer.
    held_back: Vec<u8>,
    is_closed: bool,
    said: Vec<Said>,
    statements: HashMap<String, Statement>,
    bound: Option<(Statement, Option<Vec<u8>>)>,
    transaction: u8,
    is_skipping: bool,
    spoil: Spoil,
    batches: Arc<Mutex<Vec<Vec<Said>>>>,
}

#[derive(Clone, Default)]
struct Statement {
    text: String,
    types: Vec<u32>,
}

impl Server {
    /// `batches` gets the answers as they should be, also over several connections.
    pub(super) fn new(spoil: Spoil, batches: Arc<Mutex<Vec<Vec<Said>>>>) -> Self {
        Self {
            asked: BytesMut::new(),
            readable: VecDeque::new(),
            held_back: Vec::new(),
            is_closed: false,
            said: Vec::new(),
            statements: HashMap::new(),
            bound: None,
            transaction: b'I',
            is_skipping: false,
            spoil,
            batches,
        }
    }

    fn listen(&mut self) {
        while self.asked.len() >= 5 {
            let length = u32::from_be_bytes(self.asked[1..5].try_into().unwrap()) as usize;
            if self.asked.len() <= length {
                return;
            }
            let message = self.asked.split_to(length + 1);
            self.asked_for(message[0], &message[5..]);
        }
    }

    fn asked_for(&mut self, tag: u8, mut body: &[u8]) {
        match tag {
            b'S' => return self.answer(),
            b'Q' => {
                assert_eq!(body, b"ROLLBACK\0");
                self.transaction = b'I';
                self.said.push(Said::new(b'C', *b"ROLLBACK\0"));
                return self.answer();
            }
            _ if self.is_skipping => return,
            _ => {}
        }
        match tag {
            b'P' => {
                let (name, text) = (word(&mut body), word(&mut body));
                let types = (0..body.get_u16()).map(|_| body.get_u32()).collect();
                if text == "broken" {
                    return self.refuse("42601");
                }
                self.statements.insert(name, Statement { text, types });
                self.say(b'1', []);
            }
            b'D' => {
                assert_eq!(body.get_u8(), b'S');
                let Some(statement) = self.statements.get(&word(&mut body)).cloned() else {
                    return self.refuse("26000");
                };
                let mut types = Vec::new();
                types.put_u16(u16::try_from(statement.types.len()).unwrap());
                statement.types.iter().for_each(|oid| types.put_u32(*oid));
                self.say(b't', types);
                match statement.columns() {
                    [] => self.say(b'n', []),
                    columns => {
                        let mut described = Vec::new();
                        described.put_u16(u16::try_from(columns.len()).unwrap());
                        for column in columns {
                            described.put_slice(b"c\0\0\0\0\0\0\0");
                            described.put_u32(column.oid());
                            described.put_slice(&[0; 8]);
                        }
                        self.say(b'T', described);
                    }
                }
            }
            b'B' => {
                assert_eq!(word(&mut body), "");
                let Some(statement) = self.statements.get(&word(&mut body)).cloned() else {
                    return self.refuse("26000");
                };
                body.advance(4);
                let count = body.get_u16();
                let value =
                    (count > 0).then(|| body.get_u32()).map(|length| body[..length as usize].to_vec());
                self.bound = Some((statement, value));
                self.say(b'2', []);
            }
            b'E' => {
                let (statement, value) = self.bound.take().unwrap();
                self.execute(&statement, &value.unwrap_or_default());
            }
            b'C' => {
                assert_eq!(body.get_u8(), b'S');
                self.statements.remove(&word(&mut body));
                self.say(b'3', []);
            }
            other => panic!("asked for {}", char::from(other)),
        }
    }

    fn execute(&mut self, statement: &Statement, value: &[u8]) {
        let row = |values: &[&[u8]]| {
            let mut body = Vec::new();
            body.put_u16(u16::try_from(values.len()).unwrap());
            for value in values {
                body.put_u32(u32::try_from(value.len()).unwrap());
                body.put_slice(value);
            }
            body
        };
        let complete = |tag: &str| [tag.as_bytes(), &[0]].concat();
        match statement.text.as_str() {
            "begin" => self.transaction = b'T',
            "commit" | "rollback" => self.transaction = b'I',
            _ => {}
        }
        match statement.text.as_str() {
            "begin" => self.say(b'C', complete("BEGIN")),
            "commit" => self.say(b'C', complete("COMMIT")),
            "rollback" => self.say(b'C', complete("ROLLBACK")),
            "echo" | "mark" => {
                self.say(b'D', row(&[value]));
                self.say(b'C', complete("SELECT 1"));
            }
            "three" => {
                for number in 1..=3_i32 {
                    self.say(b'D', row(&[value, &number.to_be_bytes()]));
                }
                self.say(b'C', complete("INSERT 0 3"));
            }
            "nothing" => self.say(b'C', complete("SET")),
            "refused" => self.refuse("23505"),
            other => panic!("executed {other}"),
        }
    }

    fn say(&mut self, tag: u8, body: impl Into<Vec<u8>>) {
        self.said.push(Said::new(tag, body));
    }

    fn refuse(&mut self, code: &str) {
        self.is_skipping = true;
        if self.transaction == b'T' {
            self.transaction = b'E';
        }
        self.say(b'E', refusal(code));
    }

    fn answer(&mut self) {
        self.is_skipping = false;
        self.say(b'Z', [self.transaction]);
        let said = std::mem::take(&mut self.said);
        let number = {
            let mut batches = self.batches.lock().unwrap();
            batches.push(said.clone());
            batches.len() - 1
        };
        let held_back = std::mem::take(&mut self.held_back);
        let spoilt = (self.spoil)(number, said);
        self.readable.extend(held_back.into_iter().chain(spoilt.now));
        self.held_back = spoilt.later;
        self.is_closed |= spoilt.closes;
    }
}

/// The body of an error.
pub(super) fn refusal(code: &str) -> Vec<u8> {
    [b"SERROR\0VERROR\0C", code.as_bytes(), b"\0Mno\0\0"].concat()
}

impl Statement {
    fn columns(&self) -> &'static [Type] {
        match self.text.as_str() {
            "echo" | "mark" => &[Type::INT8],
            "three" => &[Type::INT8, Type::INT4],
            _ => &[],
        }
    }
}

fn word(body: &mut &[u8]) -> String {
    let end = body.iter().position(|byte| *byte == 0).unwrap();
    let word = String::from_utf8(body[..end].to_vec()).unwrap();
    body.advance(end + 1);
    word
}

impl AsyncRead for Server {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.readable.is_empty() {
            return if self.is_closed { Poll::Ready(Ok(())) } else { Poll::Pending };
        }
        let count = self.readable.len().min(into.remaining());
        let bytes: Vec<u8> = self.readable.drain(..count).collect();
        into.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Server {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        self.asked.extend_from_slice(bytes);
        self.listen();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
