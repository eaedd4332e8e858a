//! Parses the address of a database as libpq does: a URI, or keywords with values.
//!
//! Both become one list of keywords, in which the last value of a keyword counts, as in libpq. tokio-postgres parses most keywords;
//! this module handles the others of libpq, or refuses them by name. Errors never repeat a value: it may be a password.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use thiserror::Error;
use tokio_postgres::Config;

use crate::error::describe;

/// The prefixes of a URI.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];
/// The keywords that tokio-postgres parses as libpq does.
const PASSED_ON: [&str; 17] = [
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
    "user",
];
/// The keywords of libpq that are not supported, with the values that are accepted because they change nothing.
const UNSUPPORTED: [(&str, &[&str]); 30] = [
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

/// The defaults of keywords for which libpq takes the system's, which would notice after two hours that a network has dropped an idle
/// connection: the peer is asked after five quiet seconds, and the connection is given up after three unanswered questions.
const KEEPALIVES: [(&str, &str); 3] =
    [("keepalives_idle", "5"), ("keepalives_interval", "2"), ("keepalives_retries", "3")];

/// The reasons why an address cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// The text is not an address.
    #[error("{0}")]
    Syntax(&'static str),
    /// The address has a keyword that libpq does not have.
    #[error("there is no option {0}")]
    Unknown(String),
    /// The address has a keyword of libpq, or a value of one, that is not supported.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// A keyword has an invalid value.
    #[error("{0} has an invalid value")]
    Value(&'static str),
    /// tokio-postgres refuses the address.
    #[error("{0}")]
    Library(String),
    /// The address names no host, or an empty one. libpq would choose a default that depends on its build.
    #[error("it names no host")]
    Host,
    /// The address names no user. libpq would choose the user who runs the program.
    #[error("it names no user")]
    User,
    /// The numbers of ports or IP addresses and of hosts differ.
    #[error("hosts, hostaddrs and ports do not match in number")]
    Numbers,
}

/// The session attributes that choose a server among the hosts of an address (`target_session_attrs`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionAttrs {
    /// The first server that answers.
    #[default]
    Any,
    /// A server whose transactions can write by default.
    ReadWrite,
    /// A server whose transactions are read-only by default.
    ReadOnly,
    /// A server that is not a standby.
    Primary,
    /// A standby.
    Standby,
    /// A standby if one answers, otherwise any server.
    PreferStandby,
}

/// A parsed address (`FromStr`).
#[derive(Clone, Debug)]
pub struct Conninfo {
    /// The settings that tokio-postgres has parsed.
    pub config: Config,
    /// The attributes of the wanted server (`target_session_attrs`).
    pub session_attrs: SessionAttrs,
    /// The file of trusted certificates (`sslrootcert`); `None` means those of the system.
    pub root_certificate: Option<PathBuf>,
}

impl FromStr for Conninfo {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let uri = SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme));
        let options = uri.map_or_else(|| keywords(text), parse_uri)?;
        // As in libpq, an empty value counts as absent.
        Self::of(options.into_iter().filter(|(_, value)| !value.is_empty()).collect())
    }
}

impl Conninfo {
    /// Returns the settings of these keywords and values.
    fn of(mut options: BTreeMap<String, String>) -> Result<Self, AddressError> {
        let session_attrs = options.remove("target_session_attrs");
        let session_attrs = session_attrs.as_deref().map_or(Ok(SessionAttrs::Any), SessionAttrs::read)?;
        let root_certificate = options.remove("sslrootcert").filter(|file| file != "system").map(Into::into);
        if let Some(required) = options.remove("requiressl")
            && required == "1"
        {
            options.entry("sslmode".into()).or_insert_with(|| "require".into());
        }
        match options.get("sslmode").map(String::as_str) {
            // TLS always verifies the certificate and its name.
            Some("verify-ca" | "verify-full") => options.insert("sslmode".into(), "require".into()),
            Some("allow") => options.insert("sslmode".into(), "prefer".into()),
            _ => None,
        };
        if let Some(count) = options.remove("keepalives_count") {
            options.insert("keepalives_retries".into(), count);
        }
        for (keyword, value) in KEEPALIVES {
            options.entry(keyword.into()).or_insert_with(|| value.into());
        }
        // libpq gives it in milliseconds, and tokio-postgres takes seconds. Zero is the system's default, and ours: it would also end
        // connections to a server that confirms everything, and reads the rest of a long batch only after a slow statement.
        let confirmed_within = match options.remove("tcp_user_timeout") {
            None => Duration::ZERO,
            Some(time) => time
                .parse()
                .map(Duration::from_millis)
                .map_err(|_| AddressError::Value("tcp_user_timeout"))?,
        };
        if let Some(name) = options.remove("fallback_application_name") {
            options.entry("application_name".into()).or_insert(name);
        }
        let mut known = String::new();
        for (keyword, value) in &options {
            if PASSED_ON.contains(&keyword.as_str()) {
                let value = value.replace('\\', r"\\").replace('\'', r"\'");
                known.extend([keyword, "='", &value, "' "]);
                continue;
            }
            let unsupported = UNSUPPORTED.iter().find(|(name, _)| name == keyword);
            match unsupported {
                Some((_, harmless)) if harmless.contains(&value.as_str()) => {}
                Some(_) => return Err(AddressError::Unsupported(keyword.clone())),
                None => return Err(AddressError::Unknown(shown(keyword))),
            }
        }
        let mut config: Config =
            known.parse().map_err(|error: tokio_postgres::Error| AddressError::Library(describe(&error)))?;
        if !confirmed_within.is_zero() {
            config.tcp_user_timeout(confirmed_within);
        }
        Ok(Self { config, session_attrs, root_certificate })
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

/// Returns the text for a keyword in an error: text that does not look like a keyword is left out, since it may be part of a password.
fn shown(keyword: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    if keyword.len() <= 30 && keyword.bytes().all(is_plain) { keyword.into() } else { "of this name".into() }
}

/// Parses `user:password@host:port,host:port/database?keyword=value&…`.
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
            .ok_or(AddressError::Syntax("an option after the question mark is not keyword=value"))?;
        let (keyword, value) = (decode(keyword)?, decode(value)?);
        // JDBC writes it this way.
        let (keyword, value) = if keyword == "ssl" && value == "true" {
            ("sslmode".to_owned(), "require".to_owned())
        } else {
            (keyword, value)
        };
        options.insert(keyword, value);
    }
    Ok(options)
}

/// Parses `host:port`, whose host may be an IPv6 address in brackets.
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

/// Parses `keyword = value keyword = 'value with \' and spaces' …`.
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

/// Parses a value, and returns it with the rest of the text.
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

/// Decodes `%2F` to `/`. As in libpq, a percent sign without two digits is an error; `percent_encoding` would keep it.
fn decode(text: &str) -> Result<String, AddressError> {
    let is_encoded = |rest: &str| {
        let digits = rest.as_bytes().first_chunk::<2>();
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit) && digits != b"00")
    };
    if !text.split('%').skip(1).all(is_encoded) {
        return Err(AddressError::Syntax("a percent sign is not followed by two digits, or by zeros"));
    }
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Cow::into_owned).map_err(|_| AddressError::Syntax("it is not UTF-8"))
}

#[cfg(test)]
mod tests;
