//! The address of a database as libpq writes it: a URI, or keywords with values.
//!
//! Both become one list of keywords, of which the last value counts, as in libpq. What tokio-postgres reads it reads; what
//! libpq has beyond that is understood here, or refused by its name. A value is never repeated: it may be a password.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;
use tokio_postgres::Config;

use crate::error::describe;

/// Prefixes of a URI.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];
/// Keywords that tokio-postgres reads as libpq does.
const READ_BY_THE_LIBRARY: [&str; 18] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "sslmode",
    "sslnegotiation",
    "tcp_user_timeout",
    "user",
];
/// Keywords of libpq that ask for what is not done, with the values that ask for nothing.
const NOT_DONE: [(&str, &[&str]); 30] = [
    ("client_encoding", &["utf8", "UTF8", "utf-8", "UTF-8", "auto"]),
    ("gssdelegation", &["0"]),
    ("gssencmode", &["disable", "prefer"]),
    ("gsslib", &[]),
    ("krbsrvname", &[]),
    ("max_protocol_version", &["3.0", "latest"]),
    ("min_protocol_version", &["3.0"]),
    ("oauth_client_id", &[]),
    ("oauth_client_secret", &[]),
    ("oauth_issuer", &[]),
    ("oauth_scope", &[]),
    ("passfile", &[]),
    ("replication", &["false", "off", "no", "0"]),
    ("require_auth", &[]),
    ("requirepeer", &[]),
    ("scram_client_key", &[]),
    ("scram_server_key", &[]),
    ("service", &[]),
    ("servicefile", &[]),
    ("ssl_max_protocol_version", &["TLSv1.3"]),
    ("ssl_min_protocol_version", &["TLSv1", "TLSv1.1", "TLSv1.2"]),
    ("sslcert", &[]),
    ("sslcertmode", &["allow", "disable"]),
    ("sslcompression", &["0"]),
    ("sslcrl", &[]),
    ("sslcrldir", &[]),
    ("sslkey", &[]),
    ("sslkeylogfile", &[]),
    ("sslpassword", &[]),
    ("sslsni", &["1"]),
];

/// Why an address cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// It is not written as an address is.
    #[error("{0}")]
    Syntax(&'static str),
    /// A keyword that libpq does not have.
    #[error("there is no option {0}")]
    Unknown(String),
    /// A keyword of libpq, or a value of one, that is not supported.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// What a keyword cannot be.
    #[error("{0} has a value that it cannot have")]
    Value(&'static str),
    /// What tokio-postgres says.
    #[error("{0}")]
    Library(String),
    /// No host, or one without a name: which server that is would depend on how libpq was built.
    #[error("it names no host")]
    Host,
    /// No user: which one would depend on who runs the gateway.
    #[error("it names no user")]
    User,
    /// Fewer or more ports or addresses than hosts.
    #[error("hosts, hostaddrs and ports do not match in number")]
    Numbers,
}

/// Which servers are wanted of those that an address names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionAttrs {
    /// The first that answers.
    #[default]
    Any,
    /// One where transactions write unless they say otherwise.
    ReadWrite,
    /// One where they do not.
    ReadOnly,
    /// One that is no standby.
    Primary,
    /// A standby.
    Standby,
    /// A standby if one answers, else any.
    PreferStandby,
}

/// An address that has been read.
#[derive(Clone, Debug)]
pub struct Conninfo {
    /// What tokio-postgres knows of it.
    pub config: Config,
    /// `target_session_attrs`
    pub wanted: SessionAttrs,
    /// `sslrootcert`; `None`: the system's certificates.
    pub root_certificate: Option<PathBuf>,
}

impl FromStr for Conninfo {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let uri = SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme));
        let options = uri.map_or_else(|| keywords(text), parse_uri)?;
        // In libpq, too, an empty value says nothing.
        Self::of(options.into_iter().filter(|(_, value)| !value.is_empty()).collect())
    }
}

impl Conninfo {
    /// Understands keywords with their values.
    fn of(mut options: BTreeMap<String, String>) -> Result<Self, AddressError> {
        let wanted = options.remove("target_session_attrs");
        let wanted = wanted.as_deref().map_or(Ok(SessionAttrs::Any), SessionAttrs::read)?;
        let root_certificate = options.remove("sslrootcert").filter(|file| file != "system").map(Into::into);
        if let Some(required) = options.remove("requiressl")
            && required == "1"
        {
            options.entry("sslmode".into()).or_insert_with(|| "require".into());
        }
        match options.get("sslmode").map(String::as_str) {
            // Whenever TLS is spoken, the certificate and the name in it are checked.
            Some("verify-ca" | "verify-full") => options.insert("sslmode".into(), "require".into()),
            Some("allow") => options.insert("sslmode".into(), "prefer".into()),
            _ => None,
        };
        if let Some(count) = options.remove("keepalives_count") {
            options.insert("keepalives_retries".into(), count);
        }
        if let Some(name) = options.remove("fallback_application_name") {
            options.entry("application_name".into()).or_insert(name);
        }
        let mut known = String::new();
        for (keyword, value) in &options {
            if READ_BY_THE_LIBRARY.contains(&keyword.as_str()) {
                let value = value.replace('\\', r"\\").replace('\'', r"\'");
                known.extend([keyword, "='", &value, "' "]);
                continue;
            }
            let not_done = NOT_DONE.iter().find(|(name, _)| name == keyword);
            match not_done {
                Some((_, harmless)) if harmless.contains(&value.as_str()) => {}
                Some(_) => return Err(AddressError::Unsupported(keyword.clone())),
                None => return Err(AddressError::Unknown(shown(keyword))),
            }
        }
        let config =
            known.parse().map_err(|error: tokio_postgres::Error| AddressError::Library(describe(&error)))?;
        Ok(Self { config, wanted, root_certificate })
    }
}

impl SessionAttrs {
    fn read(text: &str) -> Result<Self, AddressError> {
        Ok(match text {
            "any" => Self::Any,
            "read-write" => Self::ReadWrite,
            "read-only" => Self::ReadOnly,
            "primary" => Self::Primary,
            "standby" => Self::Standby,
            "prefer-standby" => Self::PreferStandby,
            _ => return Err(AddressError::Value("target_session_attrs")),
        })
    }
}

/// A keyword as it may be told: what does not look like one may be a part of a password.
fn shown(keyword: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    if keyword.len() <= 30 && keyword.bytes().all(is_plain) { keyword.into() } else { "of this name".into() }
}

/// `user:password@host:port,host:port/database?keyword=value&…`
fn parse_uri(text: &str) -> Result<BTreeMap<String, String>, AddressError> {
    let mut options = BTreeMap::new();
    let mut rest = text;
    if let Some(end) = text.find(['@', '/']).filter(|end| text[*end..].starts_with('@')) {
        let (user, password) = text[..end].split_once(':').unwrap_or((&text[..end], ""));
        options.insert("user".into(), decode(user)?);
        options.insert("password".into(), decode(password)?);
        rest = &text[end + 1..];
    }
    let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let (hosts, database) = place.split_once('/').unwrap_or((place, ""));
    let hosts = hosts.split(',').map(host_and_port).collect::<Result<Vec<_>, _>>()?;
    let joined = |part: fn(&(String, String)) -> &str| hosts.iter().map(part).collect::<Vec<_>>().join(",");
    if hosts.iter().any(|(host, _)| !host.is_empty()) {
        options.insert("host".into(), joined(|(host, _)| host));
    }
    if hosts.iter().any(|(_, port)| !port.is_empty()) {
        options.insert("port".into(), joined(|(_, port)| port));
    }
    options.insert("dbname".into(), decode(database)?);
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        let (keyword, value) = parameter
            .split_once('=')
            .ok_or(AddressError::Syntax("an option behind the question mark is not keyword=value"))?;
        let (keyword, value) = (decode(keyword)?, decode(value)?);
        // As JDBC writes it.
        let (keyword, value) = if keyword == "ssl" && value == "true" {
            ("sslmode".to_owned(), "require".to_owned())
        } else {
            (keyword, value)
        };
        options.insert(keyword, value);
    }
    Ok(options)
}

/// `host:port`, where the host may be an address of IPv6 in brackets.
fn host_and_port(text: &str) -> Result<(String, String), AddressError> {
    const BROKEN: AddressError = AddressError::Syntax("a host is not name:port");
    let (host, port) = if let Some(text) = text.strip_prefix('[') {
        let (host, rest) = text.split_once(']').ok_or(BROKEN)?;
        match rest.strip_prefix(':') {
            Some(port) => (host, port),
            None if rest.is_empty() => (host, ""),
            None => return Err(BROKEN),
        }
    } else {
        text.split_once(':').unwrap_or((text, ""))
    };
    Ok((decode(host)?, decode(port)?))
}

/// `keyword = value keyword = 'value with \' and spaces' …`
fn keywords(text: &str) -> Result<BTreeMap<String, String>, AddressError> {
    let mut options = BTreeMap::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (keyword, behind) =
            rest.split_once('=').ok_or(AddressError::Syntax("it is neither a URI nor keyword=value"))?;
        let keyword = keyword.trim_end();
        if keyword.is_empty() || keyword.contains(char::is_whitespace) {
            return Err(AddressError::Syntax("it is neither a URI nor keyword=value"));
        }
        let (value, behind) = value(behind.trim_start())?;
        options.insert(keyword.to_owned(), value);
        rest = behind.trim_start();
    }
    Ok(options)
}

/// A value, and what is behind it.
fn value(text: &str) -> Result<(String, &str), AddressError> {
    let quoted = text.strip_prefix('\'');
    let text = quoted.unwrap_or(text);
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
            '\'' if quoted.is_some() => return Ok((value, &text[at + 1..])),
            letter if quoted.is_none() && letter.is_whitespace() => return Ok((value, &text[at..])),
            letter => value.push(letter),
        }
    }
    if quoted.is_some() { Err(AddressError::Syntax("a quoted value does not end")) } else { Ok((value, "")) }
}

/// `%2F` → `/`
fn decode(text: &str) -> Result<String, AddressError> {
    const BROKEN: AddressError =
        AddressError::Syntax("a percent sign is not followed by two digits, or by zeros");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next().ok_or(BROKEN)?, rest.next().ok_or(BROKEN)?];
        let digits =
            str::from_utf8(&digits).ok().filter(|digits| digits.bytes().all(|it| it.is_ascii_hexdigit()));
        let byte = u8::from_str_radix(digits.ok_or(BROKEN)?, 16).map_err(|_| BROKEN)?;
        if byte == 0 {
            return Err(BROKEN);
        }
        bytes.push(byte);
    }
    String::from_utf8(bytes).map_err(|_| AddressError::Syntax("it is not UTF-8"))
}

/// `/` → `%2F`
pub fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let letter = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(letter).collect()
}

#[cfg(test)]
mod tests {
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
        assert_eq!(read("postgres://me@db").wanted, Any);
        for (text, expected) in [
            ("any", Any),
            ("read-write", ReadWrite),
            ("read-only", ReadOnly),
            ("primary", Primary),
            ("standby", Standby),
            ("prefer-standby", PreferStandby),
        ] {
            assert_eq!(read(&format!("postgres://me@a,b/db?target_session_attrs={text}")).wanted, expected);
            assert_eq!(read(&format!("host=a,b target_session_attrs={text}")).wanted, expected);
        }
    }

    /// Every keyword of libpq 18, with a value that it may have, and whether it can be had here.
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

    #[test]
    fn what_is_encoded_is_read_again() {
        let text = "a/b@c:d?e=f&g%h ü'\\";
        assert_eq!(decode(&encode(text)).as_deref(), Ok(text));
    }
}
