//! Tests the connection with a server that sends arbitrary messages: every call ends with an answer or an error, within its memory.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::faults::TAGS;
use super::{WITHIN, cases, connection};
use crate::batch::{Command, Query};
use crate::connection::MOST_UNREAD;
use crate::error::WireError;
use crate::fuzz;

/// Generates a message with a tag of the protocol and a valid or arbitrary body.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&[u8]> = vec![
        b"",
        b"I",
        b"T",
        b"E",
        b"\0\0\0\0",
        b"\0\0\0\x03",
        b"\0\0\0\x05salt",
        b"\0\0\0\x0aSCRAM-SHA-256\0\0",
        b"\0\0\0\x01\0\0\0\x02",
        b"\0\0\0\x01channel\0payload\0",
        b"client_encoding\0UTF8\0",
        b"BEGIN\0",
        b"COMMIT\0",
        b"ROLLBACK\0",
        b"SELECT 1\0",
        b"\0\x01\0\0\0\x14",
        b"\0\x01c\0\0\0\0\0\0\0\0\0\0\x14\0\x08\xff\xff\xff\xff\0\x01",
        b"\0\x01\0\0\0\x08\0\0\0\0\0\0\0\x07",
        b"\0\x01\xff\xff\xff\xff",
        b"SERROR\0VERROR\0C23505\0Mno\0\0",
    ];
    let known = prop::sample::select(known).prop_map(<[u8]>::to_vec);
    let body = prop_oneof![4 => known, 1 => prop::collection::vec(any::<u8>(), 0..40)];
    let length = prop_oneof![20 => Just(None), 1 => any::<i32>().prop_map(Some)];
    (prop::sample::select(TAGS.to_vec()), body, length).prop_map(|(tag, body, length)| {
        let length = length.unwrap_or_else(|| i32::try_from(body.len() + 4).unwrap());
        [&[tag][..], &length.to_be_bytes(), &body].concat()
    })
}

#[test]
fn whatever_a_server_sends_every_call_ends() {
    let messages = prop::collection::vec(message(), 0..30);
    let mut runner = TestRunner::new(cases("WIRE_CASES", 20_000));
    let result = runner.run(&(any::<u8>(), messages), |(choice, messages)| {
        fuzz(&[&[choice], &messages.concat()[..]].concat());
        Ok(())
    });
    result.unwrap();
}

/// A server that sends without end and reads nothing.
struct Flood;

impl AsyncRead for Flood {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let room = into.remaining();
        into.put_slice(&vec![b'x'; room]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Flood {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_server_that_sends_for_ever_and_reads_nothing_is_left() {
    let _timers = fuzz::timers();
    let mut connection = connection(Box::new(Flood));
    let failed = connection.run(&[Query::plain("SELECT 1", Command::Statement)], WITHIN).now_or_never();
    assert!(matches!(failed.unwrap().unwrap_err().error, WireError::Protocol(_)));
    assert!(connection.inbox.len() <= 2 * MOST_UNREAD, "{}", connection.inbox.len());
    assert!(!connection.is_usable());
}
