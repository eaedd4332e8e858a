//! A proxy that breaks connections: requests pass, but some answers do not, or only in part.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// A listening proxy.
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    /// Number of answers that were cut off.
    pub(super) cut: Arc<AtomicUsize>,
}

/// The place where an answer is cut.
enum Cut {
    /// The whole answer passes.
    Nowhere,
    /// The connection breaks this long after the request has passed, with or without an answer.
    After(Duration),
    /// There is an answer, but none of it passes.
    Before,
    /// This many 256ths of the answer pass.
    Within(usize),
}

impl Cut {
    /// Returns the nth cut: random, but the same in every run.
    fn nth(n: usize) -> Self {
        let random = random(n as u64);
        let size = (random >> 8) as usize % 256;
        match random % 8 {
            0 | 1 => Self::After(Duration::from_micros(40 * size as u64)),
            2 => Self::Before,
            3 => Self::Within(size),
            _ => Self::Nowhere,
        }
    }
}

/// Returns a pseudorandom number (splitmix64).
fn random(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Proxy {
    /// Listens in front of a gateway.
    pub(super) async fn before(gateway: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cut = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&cut);
        tokio::spawn(async move {
            for n in 0.. {
                let (client, _) = listener.accept().await.unwrap();
                let counter = Arc::clone(&counter);
                tokio::spawn(async move {
                    // Connections end here in every possible way.
                    let _ = pass(client, gateway, Cut::nth(n), &counter).await;
                });
            }
        });
        Self { address, cut }
    }
}

async fn pass(
    mut client: TcpStream,
    gateway: SocketAddr,
    cut: Cut,
    counter: &AtomicUsize,
) -> std::io::Result<()> {
    let mut gateway = TcpStream::connect(gateway).await?;
    gateway.write_all(&request(&mut client).await?).await?;
    let mut answer = vec![0; 64 * 1024];
    match cut {
        Cut::Nowhere => {
            copy_bidirectional(&mut client, &mut gateway).await?;
            return Ok(());
        }
        Cut::After(pause) => tokio::time::sleep(pause).await,
        Cut::Before => {
            gateway.read_exact(&mut answer[..1]).await?;
        }
        Cut::Within(part) => {
            let size = gateway.read(&mut answer).await?;
            client.write_all(&answer[..size * part / 256]).await?;
        }
    }
    counter.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Reads a whole request.
async fn request(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut request = Vec::new();
    loop {
        client.read_buf(&mut request).await?;
        let text = String::from_utf8_lossy(&request).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if length.is_some_and(|length| length.trim().parse() == Ok(body.len())) {
                return Ok(request);
            }
        }
    }
}
