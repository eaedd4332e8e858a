//! Implements a lean HTTP/1.1 client, which builds the bytes of a request once, and reads only the framing of an answer. A full client would
//! take processor time from the servers that it measures.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Connection;
use crate::Failure;

/// An `http://` address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    authority: String,
    path: String,
}

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix("http://").ok_or("an address begins with http://")?;
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let authority =
            if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
        Ok(Self { authority, path: path.to_owned() })
    }
}

impl Url {
    /// Returns host and port.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// Returns the port, if the server is on this machine.
    pub(crate) fn local_port(&self) -> Option<u16> {
        let (host, port) = self.authority.rsplit_once(':')?;
        ["127.0.0.1", "localhost", "[::1]"].contains(&host).then(|| port.parse().ok()).flatten()
    }
}

impl fmt::Display for Url {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "http://{}{}", self.authority, self.path)
    }
}

/// A request, with the length of its answer.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    bytes: Vec<u8>,
    /// Length of the right answer's body; an answer of another length is wrong.
    pub(crate) length: Option<usize>,
}

impl Request {
    /// Returns a GraphQL request over POST.
    pub(crate) fn new(url: &Url, token: &str, query: &str, variables: &Value) -> Self {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Accept: application/graphql-response+json, application/json;q=0.9\r\nContent-Length: {}\r\n\r\n",
            url.path,
            url.authority,
            body.len()
        );
        Self { bytes: [head.into_bytes(), body.into_bytes()].concat(), length: None }
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    /// Everything before the body.
    pub(crate) head: &'a str,
    /// The body.
    pub(crate) body: &'a [u8],
}

/// A connection that is kept open.
pub(crate) struct HttpConnection {
    stream: TcpStream,
    requests: Arc<[Request]>,
    buffer: Vec<u8>,
    chunks: Vec<u8>,
}

impl HttpConnection {
    /// Opens a connection for these requests.
    pub(crate) async fn open(url: &Url, requests: Arc<[Request]>) -> Result<Self, Failure> {
        let stream = TcpStream::connect(&url.authority)
            .await
            .map_err(|error| format!("{url} does not answer: {error}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, requests, buffer: Vec::with_capacity(64 * 1024), chunks: Vec::new() })
    }

    /// Sends one of the connection's requests and reads the whole answer.
    pub(crate) async fn answer(&mut self, turn: usize) -> Result<Answer<'_>, Failure> {
        let requests = Arc::clone(&self.requests);
        self.answer_to(&requests[turn % requests.len()]).await
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn answer_to(&mut self, request: &Request) -> Result<Answer<'_>, Failure> {
        self.stream.write_all(&request.bytes).await?;
        self.buffer.clear();
        let head = loop {
            self.read().await?;
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
        };
        let text = std::str::from_utf8(&self.buffer[..head])?;
        let body = if let Some(length) = header(text, "content-length") {
            let length: usize = length.parse()?;
            while self.buffer.len() < head + length {
                self.read().await?;
            }
            &self.buffer[head..head + length]
        } else {
            self.chunks.clear();
            let mut at = head;
            while let Some(next) = self.chunk(at).await? {
                at = next;
            }
            &self.chunks[..]
        };
        Ok(Answer { head: std::str::from_utf8(&self.buffer[..head])?, body })
    }

    /// Reads one chunk of a chunked body into `chunks`; returns the position of the next.
    async fn chunk(&mut self, at: usize) -> Result<Option<usize>, Failure> {
        let line = loop {
            if let Some(length) = find(&self.buffer[at..], b"\r\n") {
                break at + length;
            }
            self.read().await?;
        };
        let size = std::str::from_utf8(&self.buffer[at..line])?;
        let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)?;
        let (from, to) = (line + 2, line + 2 + size);
        while self.buffer.len() < to + 2 {
            self.read().await?;
        }
        self.chunks.extend_from_slice(&self.buffer[from..to]);
        Ok((size > 0).then_some(to + 2))
    }

    async fn read(&mut self) -> Result<(), Failure> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            return Err("the server closed the connection".into());
        }
        Ok(())
    }
}

impl Connection for HttpConnection {
    async fn ask(&mut self, turn: usize) -> Result<(), Failure> {
        let wanted = self.requests[turn % self.requests.len()].length;
        let answer = self.answer(turn).await?;
        if !answer.head.starts_with("HTTP/1.1 200")
            || wanted.is_some_and(|wanted| wanted != answer.body.len())
        {
            let body = String::from_utf8_lossy(&answer.body[..answer.body.len().min(500)]);
            let status = answer.head.lines().next().unwrap_or_default();
            return Err(format!("a different answer than before: {status} {body}").into());
        }
        Ok(())
    }
}

/// Returns the value of a header.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(given, _)| given.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    async fn answered(answer: &'static str) -> Result<(String, Vec<u8>), Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url: Url = format!("http://{}/graphql", listener.local_addr()?).parse()?;
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = [0; 4096];
            let _ = stream.read(&mut read).await.unwrap();
            // In two pieces, split anywhere.
            let (first, second) = answer.split_at(answer.len() / 2);
            stream.write_all(first.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            stream.write_all(second.as_bytes()).await.unwrap();
        });
        let requests = [Request::new(&url, "token", "{a}", &json!({}))].into();
        let mut connection = HttpConnection::open(&url, requests).await?;
        let answer = connection.answer(0).await?;
        Ok((header(answer.head, "Server-Timing").unwrap_or_default().to_owned(), answer.body.to_vec()))
    }

    #[tokio::test]
    async fn answers_are_framed_by_length_or_by_chunks() {
        let (timing, body) =
            answered("HTTP/1.1 200 OK\r\nserver-timing: total\r\ncontent-length: 5\r\n\r\nhello")
                .await
                .unwrap();
        assert_eq!((timing.as_str(), &body[..]), ("total", &b"hello"[..]));
        let chunked =
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=1\r\n world\r\n0\r\n\r\n";
        assert_eq!(answered(chunked).await.unwrap().1, b"hello world");
        assert!(answered("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello").await.is_err());
    }

    #[test]
    fn addresses_have_a_port_and_a_path() {
        assert_eq!("http://a:1/b/c".parse::<Url>().unwrap().to_string(), "http://a:1/b/c");
        assert_eq!("http://a".parse::<Url>().unwrap().to_string(), "http://a:80/");
        assert!("https://a".parse::<Url>().is_err());
    }
}
