//! Simulates hostile clients: every known kind of client that takes more than its share. `bench soak` runs them beside honest ones, and so
//! do the end-to-end tests, which include this file; it depends on neither.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{WebSocketStream, client_async};

/// Pause between two bytes of a slow client.
const SLOW_PAUSE: Duration = Duration::from_millis(200);
/// Pause before a client that was refused or cut off returns.
const RETURN_AFTER: Duration = Duration::from_millis(100);

/// Number of nested relations in a filter.
const LEVELS: usize = 14;

/// A kind of hostile client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Requests the largest answers, many at once over one connection, and reads none.
    Deaf,
    /// Connects, and sends nothing.
    Idle,
    /// Never ends the headers of its request.
    SlowHeaders,
    /// Announces a large body and sends it byte by byte.
    SlowBody,
    /// Holds `WebSockets` without a token.
    Anonymous,
    /// Opens `WebSockets`, and never authenticates.
    Silent,
    /// Begins messages over `WebSockets` that never end.
    EndlessMessages,
    /// Sends slow queries, on many connections at once.
    Crowd,
    /// Searches for a pattern of 800 KB.
    LongPatterns,
    /// Nests relations in a filter.
    DeepFilters,
    /// Requests the whole schema under many aliases.
    Introspection,
    /// Requests series of empty minutes over years, for each of many parents.
    EmptySeries,
    /// Sends variables of a megabyte.
    HugeVariables,
    /// Starts as many subscriptions as it may.
    Subscriptions,
}

impl Kind {
    /// Returns the query and variables of an attack over HTTP; `None` for other attacks.
    pub(crate) fn question(self) -> Option<(String, Value)> {
        Some(match self {
            Self::Crowd => (large(), Value::Null),
            Self::LongPatterns => {
                let filter = "{ displayName: { ilike: $like } }";
                let query = format!(
                    "query($like: String!) {{ practitionerProfiles(filter: {filter}) {{ totalCount }} }}"
                );
                (query, json!({ "like": "%a".repeat(400_000) }))
            }
            Self::DeepFilters => {
                let (opened, closed) = ("not: { protocol: { events: { every: { ", " } } } }");
                let (opened, closed) = (opened.repeat(LEVELS), closed.repeat(LEVELS));
                let filter = format!("{{ {opened} notes: {{ eq: \"a\" }} {closed} }}");
                (format!("{{ sessionEvents(first: 1, filter: {filter}) {{ totalCount }} }}"), Value::Null)
            }
            Self::Introspection => {
                let types = "types { name fields { name description args { name } type { name } } }";
                let aliases: Vec<_> = (0..20).map(|n| format!("a{n}: __schema {{ {types} }}")).collect();
                (format!("{{ {} }}", aliases.join(" ")), Value::Null)
            }
            Self::EmptySeries => {
                let time = "time: EVENT_TIMESTAMP, bucket: { calendar: { unit: MINUTE } }";
                let span = "from: \"2026-01-01T00:00:00Z\", to: \"2026-01-06T00:00:00Z\"";
                let series = format!("eventsSeries({time}, {span}) {{ points {{ start end }} }}");
                (format!("{{ protocols(first: 60) {{ nodes {{ {series} }} }} }}"), Value::Null)
            }
            Self::HugeVariables => {
                let filter = "{ recordId: { in: $ids } }";
                let query = format!(
                    "query($ids: [BigInt!]!) {{ protocols(first: 1, filter: {filter}) {{ nodes {{ recordId }} }} }}"
                );
                (query, json!({ "ids": vec![json!("1"); 240_000] }))
            }
            _ => return None,
        })
    }

    /// Returns true if the client sends a token.
    fn is_signed(self) -> bool {
        !matches!(self, Self::DeepFilters | Self::Introspection | Self::EmptySeries)
    }
}

/// All kinds.
pub(crate) const KINDS: [Kind; 14] = [
    Kind::Deaf,
    Kind::Idle,
    Kind::SlowHeaders,
    Kind::SlowBody,
    Kind::Anonymous,
    Kind::Silent,
    Kind::EndlessMessages,
    Kind::Crowd,
    Kind::LongPatterns,
    Kind::DeepFilters,
    Kind::Introspection,
    Kind::EmptySeries,
    Kind::HugeVariables,
    Kind::Subscriptions,
];

/// The gateway under attack, and the attackers' token.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The gateway's address: `127.0.0.1:8080`.
    pub(crate) address: String,
    /// The token of a signed-in user.
    pub(crate) token: String,
}

/// Starts clients of a kind, which return whenever they are refused, until the result is dropped.
pub(crate) fn unleash(kind: Kind, clients: usize, target: &Target) -> JoinSet<()> {
    let mut attack = JoinSet::new();
    // Built once: building a megabyte for every request would delay the honest clients of the same program.
    let request: Arc<[u8]> = target.request(kind).into();
    for _ in 0..clients {
        let (target, request) = (target.clone(), Arc::clone(&request));
        attack.spawn(async move {
            loop {
                // The client begins again, no matter if it was refused, cut off or answered.
                let _ = target.attacked_by(kind, &request).await;
                sleep(RETURN_AFTER).await;
            }
        });
    }
    attack
}

impl Target {
    /// Returns the bytes that a kind sends over HTTP, if it sends a request.
    fn request(&self, kind: Kind) -> Vec<u8> {
        match kind {
            Kind::Deaf => self.large().repeat(20),
            _ => kind
                .question()
                .map_or_else(Vec::new, |(query, variables)| self.post(&query, &variables, kind.is_signed())),
        }
    }

    async fn attacked_by(&self, kind: Kind, request: &[u8]) -> io::Result<()> {
        match kind {
            Kind::Deaf => {
                let mut stream = TcpStream::connect(&self.address).await?;
                stream.write_all(request).await?;
                sleep(Duration::from_mins(1)).await;
            }
            Kind::Idle => {
                let mut stream = TcpStream::connect(&self.address).await?;
                stream.read_u8().await?;
            }
            Kind::SlowHeaders => {
                let mut stream = TcpStream::connect(&self.address).await?;
                stream.write_all(b"POST /graphql HTTP/1.1\r\nHost: a\r\n").await?;
                loop {
                    stream.write_all(b"X-Header: x\r\n").await?;
                    sleep(SLOW_PAUSE).await;
                }
            }
            Kind::SlowBody => {
                let mut stream = TcpStream::connect(&self.address).await?;
                stream.write_all(self.head(1_000_000, true).as_bytes()).await?;
                stream.write_all(&vec![b' '; 200_000]).await?;
                loop {
                    stream.write_all(b" ").await?;
                    sleep(SLOW_PAUSE).await;
                }
            }
            Kind::Anonymous => {
                let mut socket = self.socket(&json!({ "type": "connection_init" })).await?;
                while let Some(Ok(_)) = socket.next().await {}
            }
            Kind::Silent => {
                let mut socket = self.silent().await?;
                while let Some(Ok(_)) = socket.next().await {}
            }
            Kind::EndlessMessages => {
                let mut stream = self.socket(&self.init()).await?.into_inner();
                // The head of a masked text message of 1,000,000 bytes.
                stream.write_all(&[0x81, 0xff, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x40, 0, 0, 0, 0]).await?;
                stream.write_all(&vec![b' '; 900_000]).await?;
                stream.read_u8().await?;
                pending::<()>().await;
            }
            Kind::Crowd
            | Kind::LongPatterns
            | Kind::DeepFilters
            | Kind::Introspection
            | Kind::EmptySeries
            | Kind::HugeVariables => self.ask(request).await?,
            Kind::Subscriptions => {
                let mut socket = self.socket(&self.init()).await?;
                for id in 0..200 {
                    let query = format!(
                        "subscription {{ sessionEventsChanged(filter: {{ eventId: {{ gt: \"{id}\" }} }}) {{ nodeId }} }}"
                    );
                    let payload = json!({ "query": query });
                    let message = json!({ "id": id.to_string(), "type": "subscribe", "payload": payload });
                    socket.send(Message::text(message.to_string())).await.map_err(io::Error::other)?;
                }
                while let Some(Ok(_)) = socket.next().await {}
            }
        }
        Ok(())
    }

    /// Returns a request for one of the largest answers.
    pub(crate) fn large(&self) -> Vec<u8> {
        self.post(&large(), &Value::Null, true)
    }

    fn head(&self, length: usize, signed: bool) -> String {
        let token = if signed { format!("Authorization: Bearer {}\r\n", self.token) } else { String::new() };
        format!(
            "POST /graphql HTTP/1.1\r\nHost: a\r\n{token}Content-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n"
        )
    }

    fn post(&self, query: &str, variables: &Value, signed: bool) -> Vec<u8> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        [self.head(body.len(), signed).into_bytes(), body.into_bytes()].concat()
    }

    /// Sends a request and reads the answer slowly, until nothing arrives for a while.
    async fn ask(&self, request: &[u8]) -> io::Result<()> {
        let mut stream = TcpStream::connect(&self.address).await?;
        stream.write_all(request).await?;
        let mut read = vec![0; 64 * 1024];
        stream.read_exact(&mut read[..1]).await?;
        while let Ok(Ok(1..)) = tokio::time::timeout(RETURN_AFTER, stream.read(&mut read)).await {}
        Ok(())
    }

    fn init(&self) -> Value {
        json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {}", self.token) } })
    }

    async fn silent(&self) -> io::Result<WebSocketStream<TcpStream>> {
        let address = format!("ws://{}/graphql/ws", self.address);
        let mut request = address.into_client_request().map_err(io::Error::other)?;
        let protocol = "graphql-transport-ws".parse().map_err(io::Error::other)?;
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let stream = TcpStream::connect(&self.address).await?;
        Ok(client_async(request, stream).await.map_err(io::Error::other)?.0)
    }

    async fn socket(&self, init: &Value) -> io::Result<WebSocketStream<TcpStream>> {
        let mut socket = self.silent().await?;
        socket.send(Message::text(init.to_string())).await.map_err(io::Error::other)?;
        match socket.next().await {
            Some(Ok(Message::Text(_))) => Ok(socket),
            _ => Err(io::Error::other("refused")),
        }
    }
}

/// Returns a query with one of the largest answers.
fn large() -> String {
    let event = "eventId eventTimestamp notes intensityLevel eventType { eventName colorCode }";
    let fields: Vec<_> = (0..10)
        .map(|n| {
            format!(
                "a{n}: protocols(last: {}) {{ nodes {{ id recordId sessionDate events(first: 50) {{ nodes {{ {event} }} }} }} }} ",
                100 - n
            )
        })
        .collect();
    format!("{{ {} }}", fields.join(" "))
}
