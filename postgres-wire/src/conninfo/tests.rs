//! Tests that addresses are parsed as libpq does, or refused.

use std::time::Duration;

use tokio_postgres::config::{Host, SslMode};

use super::*;

fn read(text: &str) -> Conninfo {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn both_syntaxes_say_the_same() {
    for text in [
        "postgres://me:p%40ss%3A'w@db:5433/portal?application_name=a%20b",
        "postgresql://db:5433/portal?user=me&password=p%40ss%3A'w&application_name=a%20b",
        "postgres://wrong:wrong@wrong/wrong?user=me&password=p%40ss%3A'w&host=db&port=5433&dbname=portal&application_name=a%20b",
        r"host=db port=5433 user=me password='p@ss:\'w' dbname=portal application_name=a\ b",
        "host = db\tport= 5433\nuser=wrong user =me password=p@ss:\\'w dbname='portal' fallback_application_name='a b'",
    ] {
        let config = read(text).config;
        assert_eq!(config.get_user(), Some("me"), "{text}");
        assert_eq!(config.get_password(), Some(&b"p@ss:'w"[..]), "{text}");
        assert_eq!(config.get_dbname(), Some("portal"), "{text}");
        assert_eq!(config.get_application_name(), Some("a b"), "{text}");
        assert_eq!(config.get_hosts(), [Host::Tcp("db".into())], "{text}");
        assert_eq!(config.get_ports(), [5433], "{text}");
    }
}

#[test]
fn every_target_session_attrs_of_libpq_is_known() {
    use SessionAttrs::{Any, PreferStandby, Primary, ReadOnly, ReadWrite, Standby};
    assert_eq!(read("postgres://me@db").session_attrs, Any);
    for (text, expected) in [
        ("any", Any),
        ("read-write", ReadWrite),
        ("read-only", ReadOnly),
        ("primary", Primary),
        ("standby", Standby),
        ("prefer-standby", PreferStandby),
    ] {
        assert_eq!(
            read(&format!("postgres://me@a,b/db?target_session_attrs={text}")).session_attrs,
            expected
        );
        assert_eq!(read(&format!("host=a,b target_session_attrs={text}")).session_attrs, expected);
    }
}

/// Lists every keyword of libpq 18 with a valid value, and true if that value is supported.
#[test]
fn every_keyword_of_libpq_is_taken_or_refused_by_its_name() {
    for (keyword, value, is_taken) in [
        ("application_name", "x", true),
        ("channel_binding", "prefer", true),
        ("client_encoding", "UTF8", true),
        ("client_encoding", "LATIN1", false),
        ("connect_timeout", "10", true),
        ("dbname", "x", true),
        ("fallback_application_name", "x", true),
        ("gssdelegation", "0", true),
        ("gssdelegation", "1", false),
        ("gssencmode", "prefer", true),
        ("gssencmode", "require", false),
        ("gsslib", "gssapi", false),
        ("host", "x", true),
        ("hostaddr", "10.0.0.1", true),
        ("keepalives", "1", true),
        ("keepalives_count", "3", true),
        ("keepalives_idle", "30", true),
        ("keepalives_interval", "10", true),
        ("krbsrvname", "postgres", false),
        ("load_balance_hosts", "disable", true),
        ("max_protocol_version", "latest", true),
        ("max_protocol_version", "3.2", false),
        ("min_protocol_version", "3.0", true),
        ("oauth_client_id", "x", false),
        ("oauth_client_secret", "x", false),
        ("oauth_issuer", "x", false),
        ("oauth_scope", "x", false),
        ("options", "-c geqo=off", true),
        ("passfile", "x", false),
        ("password", "x", true),
        ("port", "1", true),
        ("replication", "off", true),
        ("replication", "database", false),
        ("require_auth", "scram-sha-256", false),
        ("requirepeer", "postgres", false),
        ("requiressl", "1", true),
        ("scram_client_key", "x", false),
        ("scram_server_key", "x", false),
        ("service", "x", false),
        ("servicefile", "x", false),
        ("ssl_max_protocol_version", "TLSv1.2", false),
        ("ssl_min_protocol_version", "TLSv1.2", true),
        ("ssl_min_protocol_version", "TLSv1.3", false),
        ("sslcert", "x", false),
        ("sslcertmode", "allow", true),
        ("sslcertmode", "require", false),
        ("sslcompression", "0", true),
        ("sslcompression", "1", false),
        ("sslcrl", "x", false),
        ("sslcrldir", "x", false),
        ("sslkey", "x", false),
        ("sslkeylogfile", "x", false),
        ("sslmode", "disable", true),
        ("sslmode", "allow", true),
        ("sslmode", "prefer", true),
        ("sslmode", "require", true),
        ("sslmode", "verify-ca", true),
        ("sslmode", "verify-full", true),
        ("sslnegotiation", "postgres", true),
        ("sslpassword", "x", false),
        ("sslrootcert", "x", true),
        ("sslrootcert", "system", true),
        ("sslsni", "1", true),
        ("sslsni", "0", false),
        ("target_session_attrs", "primary", true),
        ("tcp_user_timeout", "1000", true),
        ("user", "x", true),
    ] {
        let value = value.replace(' ', "%20");
        let uri: Result<Conninfo, _> = format!("postgres://?{keyword}={value}").parse();
        let plain: Result<Conninfo, _> = format!("{keyword}='{}'", value.replace("%20", " ")).parse();
        for read in [uri, plain] {
            match read {
                Ok(_) => assert!(is_taken, "{keyword}={value}"),
                Err(error) => {
                    assert!(!is_taken, "{keyword}={value}: {error}");
                    assert_eq!(error, AddressError::Unsupported(keyword.into()));
                }
            }
        }
        // In libpq, too, it is then as if it had not been given.
        read(&format!("postgres://?{keyword}="));
    }
}

#[test]
fn what_libpq_writes_otherwise_means_the_same_here() {
    let config = |text: &str| read(text).config;
    assert_eq!(config("postgres://?ssl=true").get_ssl_mode(), SslMode::Require);
    assert_eq!(config("requiressl=1").get_ssl_mode(), SslMode::Require);
    assert_eq!(config("sslmode=verify-full").get_ssl_mode(), SslMode::Require);
    assert_eq!(config("sslmode=allow").get_ssl_mode(), SslMode::Prefer);
    assert_eq!(config("keepalives_count=7").get_keepalives_retries(), Some(7));
    assert_eq!(config("connect_timeout=7").get_connect_timeout(), Some(&Duration::from_secs(7)));
    let named = "application_name=a fallback_application_name=b";
    assert_eq!(config(named).get_application_name(), Some("a"));
    assert_eq!(read("sslrootcert=/ca.pem").root_certificate, Some("/ca.pem".into()));
    assert_eq!(read("sslrootcert=system").root_certificate, None);
}

#[test]
fn what_is_no_address_is_refused_without_being_repeated() {
    for text in [
        "",
        "not an address",
        "=secret",
        "host='secret",
        "two words=secret",
        "postgres://me:secret%2@db",
        "postgres://me:secret%zz@db",
        "postgres://me:secret%00@db",
        "postgres://me:secret%ff@db",
        "postgres://me:secret@[::1",
        "postgres://me:secret@[::1]1",
        "postgres://me:secret@db:port",
        "postgres://me:secret@db:99999",
        "postgres://me:secret@db?host",
        "postgres://me:secret@db?target_session_attrs=secret",
        "postgres://me:secret@db?sslmode=secret",
        "postgres://me:secret@db?connect_timeout=secret",
        "postgres://me:secret@db?tcp_user_timeout=secret",
        "postgres://me:secret@db?hostaddr=secret",
        "postgres://me:secret@db?Secret-=1",
        "mysql://me:secret@db",
    ] {
        match text.parse::<Conninfo>() {
            Ok(_) => assert!(text.is_empty(), "{text}"),
            Err(error) => {
                assert!(!error.to_string().to_lowercase().contains("secret"), "{text}: {error}");
            }
        }
    }
    let unknown = "postgres://me@db?sslmod=require".parse::<Conninfo>().unwrap_err();
    assert_eq!(unknown.to_string(), "there is no option sslmod");
}
