//! Tests the connection with servers that neither answer nor close: every call ends within its limit.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::net::TcpListener;

use super::{WITHIN, address, connection};
use crate::batch::{Command, Query};
use crate::connection::Connection;
use crate::error::WireError;

/// The limit of a call that reaches it.
const SOON: Duration = Duration::from_millis(50);
const STATEMENT: Query<'_> = Query::plain("SELECT 1", Command::Statement);

/// Returns a connection, and the server's end of its socket, which holds this many unread bytes.
fn silent(holds: usize) -> (Connection, DuplexStream) {
    let (ours, servers) = duplex(holds);
    (connection(Box::new(ours)), servers)
}

#[tokio::test]
async fn every_exchange_ends_within_its_limit_and_leaves_a_connection_that_is_not_used_again() {
    // The server takes the statements and does not answer, or takes not even these.
    for holds in [1 << 20, 1] {
        for call in 0..4 {
            let (mut connection, _server) = silent(holds);
            let failed = match call {
                0 => connection.run(&[STATEMENT], SOON).await.unwrap_err().error,
                1 => connection.run(&[], SOON).await.unwrap_err().error,
                2 => connection.mode(SOON).await.unwrap_err().error,
                _ => connection.listen(&["channel"], SOON).await.unwrap_err(),
            };
            assert!(matches!(failed, WireError::Silent), "{call}: {failed}");
            assert!(connection.is_busy() && !connection.is_usable() && !connection.roll_back());
            assert!(!connection.finished(SOON).await);
        }
    }
}

#[tokio::test]
async fn an_answer_that_stops_in_the_middle_is_none() {
    let (mut connection, mut server) = silent(1 << 20);
    // `ParseComplete`, and a part of the next message.
    server.write_all(b"1\0\0\0\x04t\0").await.unwrap();
    let failed = connection.run(&[STATEMENT], SOON).await.unwrap_err().error;
    assert!(matches!(failed, WireError::Silent), "{failed}");
    assert!(!connection.is_usable());
}

#[tokio::test]
async fn an_empty_batch_asks_whether_the_server_answers() {
    let (mut connection, mut server) = silent(1 << 20);
    server.write_all(b"Z\0\0\0\x05I").await.unwrap();
    assert!(connection.run(&[], WITHIN).await.unwrap().is_empty());
    assert!(connection.is_usable());
    let mut sent = [0; 5];
    server.read_exact(&mut sent).await.unwrap();
    assert_eq!(&sent, b"S\0\0\0\x04");
}

#[tokio::test]
async fn opening_and_cancelling_end_within_their_limits() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // The system accepts connections, and nobody answers.
    let url = format!("postgres://me@127.0.0.1:{port}/db?sslmode=disable");
    let mut address = address(&url);
    address.timeout = SOON;
    assert!(matches!(address.connect().await.map(drop), Err(WireError::Opening(_))));
    assert!(matches!(address.cancel(1, 1, SOON).await, Err(WireError::Opening(_))));
}
