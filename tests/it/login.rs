//! The logins of the gateway's connections: passwords, and TLS with a verified certificate.

use std::path::PathBuf;
use std::sync::Arc;

use praxis::database::{DatabaseConfig, DatabaseError, Pool, Statement};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;

use crate::harness::{clone_database, connect, database_url, eventually, one_connection, socket_folder};

/// Returns the role that a login with this URL has.
async fn log_in(url: &str, certificate: Option<PathBuf>) -> Result<String, DatabaseError> {
    let config = DatabaseConfig { tls_root_certificate: certificate, ..one_connection(url.to_owned()) };
    let who = Statement { text: "SELECT current_user::text".into(), parameters: Vec::new() };
    let rows = Pool::new(&config).unwrap().query(&who).await?;
    Ok(String::from_utf8(rows[0].bytes(0).unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn a_password_is_proved_in_every_way_that_the_server_asks_for() {
    let database = clone_database().await;
    let owner = connect(&database_url("postgres", &database)).await;
    let file: String = owner.query_one("SHOW hba_file", &[]).await.unwrap().get(0);
    let before = std::fs::read_to_string(&file).unwrap();
    let mut rules = String::new();
    for (method, kept_as) in
        [("scram-sha-256", "scram-sha-256"), ("md5", "md5"), ("password", "scram-sha-256")]
    {
        let create = format!(
            "SET password_encryption = '{kept_as}';
             CREATE ROLE \"login {method}\" LOGIN PASSWORD 'a \"difficult\" pass''word, ü'"
        );
        owner.batch_execute(&create).await.unwrap();
        rules = rules + "local all \"login " + method + "\" " + method + "\n";
    }
    std::fs::write(&file, rules + &before).unwrap();
    owner.batch_execute("SELECT pg_reload_conf()").await.unwrap();

    for method in ["scram-sha-256", "md5", "password"] {
        let user = format!("login%20{method}");
        let address = |password: &str| {
            database_url("praxis_gateway", &database).replacen(
                "praxis_gateway",
                &format!("{user}{password}"),
                1,
            )
        };
        // The server takes a moment to reload its rules.
        eventually(method, async || log_in(&address(""), None).await.is_err()).await;
        let right = address(":a%20%22difficult%22%20pass%27word%2C%20%C3%BC");
        assert_eq!(log_in(&right, None).await.unwrap(), format!("login {method}"));
        for (password, said) in [(":wrong", "password authentication failed"), ("", "asks for a password")] {
            let error = log_in(&address(password), None).await.unwrap_err();
            assert!(matches!(&error, DatabaseError::Unavailable(words) if words.contains(said)), "{error}");
        }
    }
}

/// Starts a server that speaks TLS in front of the tests' Postgres, for `localhost`; returns its port and its certificate.
async fn tls_server(name: &str) -> (u16, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let file = std::env::temp_dir().join(format!("praxis-it-{name}-{}.pem", std::process::id()));
    std::fs::write(&file, made.cert.pem()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, acceptor.clone()));
        }
    });
    (port, file)
}

async fn serve(mut stream: TcpStream, acceptor: TlsAcceptor) -> std::io::Result<()> {
    let mut question = [0; 8];
    stream.read_exact(&mut question).await?;
    assert_eq!(question, [0, 0, 0, 8, 4, 210, 22, 47], "the first message asks for TLS");
    stream.write_all(b"S").await?;
    let mut secure = acceptor.accept(stream).await?;
    let mut postgres = UnixStream::connect(socket_folder().join(".s.PGSQL.5432")).await?;
    copy_bidirectional(&mut secure, &mut postgres).await?;
    Ok(())
}

#[tokio::test]
async fn tls_is_spoken_with_a_server_whose_certificate_is_trusted_and_names_it() {
    let database = clone_database().await;
    let (port, certificate) = tls_server("tls").await;
    let address = |host: &str| {
        format!("postgres://praxis_gateway@{host}:{port}/{database}?sslmode=require&connect_timeout=5")
    };
    let trusted = Some(certificate.clone());
    assert_eq!(log_in(&address("localhost"), trusted.clone()).await.unwrap(), "praxis_gateway");
    for (host, trusted) in [("127.0.0.1", trusted), ("localhost", None)] {
        let error = log_in(&address(host), trusted).await.unwrap_err();
        assert!(error.to_string().contains("certificate"), "{error}");
    }
    std::fs::remove_file(certificate).unwrap();
}

#[tokio::test]
async fn a_server_without_tls_is_not_spoken_to_in_plain_text() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut question = [0; 8];
        stream.read_exact(&mut question).await.unwrap();
        stream.write_all(b"N").await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        rest
    });
    let address = format!("postgres://praxis_gateway:secret@localhost:{port}/praxis?sslmode=require");
    let error = log_in(&address, None).await.unwrap_err();
    assert!(error.to_string().contains("does not support TLS"), "{error}");
    assert_eq!(heard.await.unwrap(), b"");
}
