//! Simulates a server that knows a few statements and follows the protocol, until a test tampers with its answers.

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
pub(super) struct ServerMessage {
    pub(super) tag: u8,
    pub(super) body: Vec<u8>,
}

impl ServerMessage {
    pub(super) fn new(tag: u8, body: impl Into<Vec<u8>>) -> Self {
        Self { tag, body: body.into() }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let length = u32::try_from(self.body.len() + 4).unwrap();
        [&[self.tag][..], &length.to_be_bytes(), &self.body].concat()
    }
}

/// A function that tampers with the answer to the nth batch.
pub(super) type Tamper = Arc<dyn Fn(usize, Vec<ServerMessage>) -> Delivery + Send + Sync>;

/// The bytes of an answer as the client receives them.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    /// The bytes that the client can read at once.
    pub(super) now: Vec<u8>,
    /// The bytes that come with the next answer.
    pub(super) later: Vec<u8>,
    /// True if the server closes the connection after these bytes.
    pub(super) closes: bool,
}

impl Delivery {
    /// Returns the delivery of messages without a fault.
    pub(super) fn honest(messages: &[ServerMessage]) -> Self {
        Self { now: messages.iter().flat_map(ServerMessage::bytes).collect(), ..Self::default() }
    }
}

/// The server's side of a connection. It answers at once, so a read without bytes would wait for ever.
pub(super) struct Server {
    received: BytesMut,
    readable: VecDeque<u8>,
    /// The bytes that are sent with the next answer.
    held_back: Vec<u8>,
    is_closed: bool,
    messages: Vec<ServerMessage>,
    statements: HashMap<String, Statement>,
    bound: Option<(Statement, Option<Vec<u8>>)>,
    transaction: u8,
    is_skipping: bool,
    tamper: Tamper,
    batches: Arc<Mutex<Vec<Vec<ServerMessage>>>>,
}

#[derive(Clone, Default)]
struct Statement {
    text: String,
    types: Vec<u32>,
}

impl Server {
    /// Returns a server that adds its answers to `batches` before it tampers with them; several connections may share the list.
    pub(super) fn new(tamper: Tamper, batches: Arc<Mutex<Vec<Vec<ServerMessage>>>>) -> Self {
        Self {
            received: BytesMut::new(),
            readable: VecDeque::new(),
            held_back: Vec::new(),
            is_closed: false,
            messages: Vec::new(),
            statements: HashMap::new(),
            bound: None,
            transaction: b'I',
            is_skipping: false,
            tamper,
            batches,
        }
    }

    fn handle_received(&mut self) {
        while self.received.len() >= 5 {
            let length = u32::from_be_bytes(self.received[1..5].try_into().unwrap()) as usize;
            if self.received.len() <= length {
                return;
            }
            let message = self.received.split_to(length + 1);
            self.handle(message[0], &message[5..]);
        }
    }

    fn handle(&mut self, tag: u8, mut body: &[u8]) {
        match tag {
            b'S' => return self.answer(),
            b'Q' => {
                assert_eq!(body, b"ROLLBACK\0");
                self.transaction = b'I';
                self.messages.push(ServerMessage::new(b'C', *b"ROLLBACK\0"));
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
                self.send(b'1', []);
            }
            b'D' => {
                assert_eq!(body.get_u8(), b'S');
                let Some(statement) = self.statements.get(&word(&mut body)).cloned() else {
                    return self.refuse("26000");
                };
                let mut types = Vec::new();
                types.put_u16(u16::try_from(statement.types.len()).unwrap());
                statement.types.iter().for_each(|oid| types.put_u32(*oid));
                self.send(b't', types);
                match statement.columns() {
                    [] => self.send(b'n', []),
                    columns => {
                        let mut described = Vec::new();
                        described.put_u16(u16::try_from(columns.len()).unwrap());
                        for column in columns {
                            described.put_slice(b"c\0\0\0\0\0\0\0");
                            described.put_u32(column.oid());
                            described.put_slice(&[0; 8]);
                        }
                        self.send(b'T', described);
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
                self.send(b'2', []);
            }
            b'E' => {
                let (statement, value) = self.bound.take().unwrap();
                self.execute(&statement, &value.unwrap_or_default());
            }
            b'C' => {
                assert_eq!(body.get_u8(), b'S');
                self.statements.remove(&word(&mut body));
                self.send(b'3', []);
            }
            other => panic!("unexpected message {}", char::from(other)),
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
            "begin" => self.send(b'C', complete("BEGIN")),
            "commit" => self.send(b'C', complete("COMMIT")),
            "rollback" => self.send(b'C', complete("ROLLBACK")),
            "echo" | "mark" => {
                self.send(b'D', row(&[value]));
                self.send(b'C', complete("SELECT 1"));
            }
            "three" => {
                for number in 1..=3_i32 {
                    self.send(b'D', row(&[value, &number.to_be_bytes()]));
                }
                self.send(b'C', complete("INSERT 0 3"));
            }
            "nothing" => self.send(b'C', complete("SET")),
            "refused" => self.refuse("23505"),
            other => panic!("executed {other}"),
        }
    }

    fn send(&mut self, tag: u8, body: impl Into<Vec<u8>>) {
        self.messages.push(ServerMessage::new(tag, body));
    }

    fn refuse(&mut self, code: &str) {
        self.is_skipping = true;
        if self.transaction == b'T' {
            self.transaction = b'E';
        }
        self.send(b'E', refusal(code));
    }

    fn answer(&mut self) {
        self.is_skipping = false;
        self.send(b'Z', [self.transaction]);
        let messages = std::mem::take(&mut self.messages);
        let number = {
            let mut batches = self.batches.lock().unwrap();
            batches.push(messages.clone());
            batches.len() - 1
        };
        let held_back = std::mem::take(&mut self.held_back);
        let delivery = (self.tamper)(number, messages);
        self.readable.extend(held_back.into_iter().chain(delivery.now));
        self.held_back = delivery.later;
        self.is_closed |= delivery.closes;
    }
}

/// Returns the body of an `ErrorResponse`.
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
        self.received.extend_from_slice(bytes);
        self.handle_received();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
