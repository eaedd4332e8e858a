//! Tests the hosts of addresses, and the refusal of unsupported addresses.

use rustls::RootCertStore;

use super::*;

/// Returns the name for TLS, the endpoint and the port of each host.
fn hosts_of(url: &str) -> Result<String, String> {
    let conninfo: Conninfo = url.parse().map_err(|error| format!("{error}"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let address = Address::new(&conninfo, Arc::new(tls), Duration::from_secs(5));
    let hosts = address.map_err(|error| error.to_string())?.hosts;
    let described = hosts.iter().map(|Host { name, endpoint }| {
        let name = name.as_deref().unwrap_or("-");
        match endpoint {
            Endpoint::Unix(folder, port) => format!("{name} in {} {port}", folder.display()),
            Endpoint::Tcp(endpoint, port) => format!("{name} at {endpoint} {port}"),
        }
    });
    Ok(described.collect::<Vec<_>>().join(", "))
}

#[test]
fn an_address_names_hosts() {
    for (url, expected) in [
        ("postgres://me@db", "db at db 5432"),
        ("postgresql://me@db/", "db at db 5432"),
        ("postgres://me@a:1,b:2", "a at a 1, b at b 2"),
        ("postgres://me@a,b:2/x", "a at a 5432, b at b 2"),
        ("postgres://me@/db?host=/folder", "- in /folder 5432"),
        ("postgres:///db?host=/folder&user=me&port=99", "- in /folder 99"),
        ("postgres://me@?host=/folder", "- in /folder 5432"),
        ("postgres://me@/db?host=a,b&port=1,2", "a at a 1, b at b 2"),
        ("postgres://me@/db?host=a,b&port=7", "a at a 7, b at b 7"),
        ("postgres://me@/db?host=a,/run/pg", "a at a 5432, - in /run/pg 5432"),
        ("postgres://me@other:9/db?host=a", "a at a 9"),
        ("postgres://me@[2001:db8::1]:5,[::1]/db", "2001:db8::1 at 2001:db8::1 5, ::1 at ::1 5432"),
        ("postgres://me@%2Frun%2Fpg:99", "- in /run/pg 99"),
        ("postgres://me@db/x?hostaddr=10.0.0.1", "db at 10.0.0.1 5432"),
        ("host=db hostaddr=10.0.0.1 user=me", "db at 10.0.0.1 5432"),
        ("hostaddr=10.0.0.1,10.0.0.2 user=me", "- at 10.0.0.1 5432, - at 10.0.0.2 5432"),
        ("host=a,b port=1, user=me", "a at a 1, b at b 5432"),
        ("host = '/a folder'\n user='me'  port=3", "- in /a folder 3"),
    ] {
        assert_eq!(hosts_of(url).as_deref(), Ok(expected), "{url}");
    }
}

#[test]
fn an_unsupported_option_is_refused_by_name() {
    for (url, expected) in [
        ("postgres://db", "it names no user"),
        ("user=me", "it names no host"),
        ("postgres://me@/db", "it names no host"),
        ("postgres://me@a,,b/db", "it names no host"),
        ("host=a,b,c port=1,2 user=me", "hosts, hostaddrs and ports do not match in number"),
        ("host=a,b hostaddr=10.0.0.1 user=me", "hosts, hostaddrs and ports do not match in number"),
        ("postgres://me@db?channel_binding=require", "channel_binding=require is not supported"),
        ("postgres://me@db?load_balance_hosts=random", "load_balance_hosts=random is not supported"),
        ("postgres://me@db?sslnegotiation=direct", "sslnegotiation=direct is not supported"),
        ("host=@abstract user=me", "a socket in the abstract namespace is not supported"),
    ] {
        assert_eq!(hosts_of(url).unwrap_err(), expected, "{url}");
    }
}

/// Returns the times after which the system gives up a connection of this address: idle, between questions, their number, unconfirmed.
async fn given_up(options: &str) -> (Duration, Duration, u32, Option<Duration>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let conninfo: Conninfo = format!("postgres://me@db?{options}").parse().unwrap();
    set_socket_options(&conninfo.config, &stream).unwrap();
    let socket = SockRef::from(&stream);
    assert!(socket.keepalive().unwrap());
    (
        socket.tcp_keepalive_time().unwrap(),
        socket.tcp_keepalive_interval().unwrap(),
        socket.tcp_keepalive_retries().unwrap(),
        socket.tcp_user_timeout().unwrap(),
    )
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_system_gives_up_a_connection_that_the_network_has_dropped() {
    let seconds = Duration::from_secs;
    assert_eq!(given_up("").await, (seconds(5), seconds(2), 3, None));
    let chosen = "keepalives_idle=30&keepalives_interval=7&keepalives_count=2&tcp_user_timeout=1500";
    assert_eq!(given_up(chosen).await, (seconds(30), seconds(7), 2, Some(Duration::from_millis(1_500))));
}
