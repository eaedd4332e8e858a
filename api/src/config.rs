//! Holds the settings of the gateway: flags, environment and defaults. They are checked once before anything starts.

mod addresses;
mod system_args;

use std::net::SocketAddr;
use std::ops::RangeBounds;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::HeaderName;
use clap::builder::RangedU64ValueParser;
use clap::{ArgAction, Args, ValueEnum};
use thiserror::Error;

pub use self::addresses::pool;
pub(crate) use self::addresses::{DATABASE, LISTEN};
pub use self::system_args::SystemArgs;
use crate::auth::{AuthConfig, AuthConfigError, KeySource, MIN_SECRET_BYTES};
use crate::database::{DatabaseConfig, PoolError};
use crate::feed::{Bound, FeedSettings};
use crate::graph::Limits;
use crate::http::HttpSettings;
use crate::systems;

/// The default filter of the log. It leaves out what libraries log about each migration.
const DEFAULT_LOG: &str = "info,sqlx=warn,sea_orm_migration=warn";

/// The reasons why settings are invalid.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A system is unknown.
    #[error("there is no system `{name}`; there are: {known}", known = systems::names(&systems::ALL, ", "))]
    System {
        /// The unknown name.
        name: String,
    },
    /// The settings of authentication are invalid.
    #[error(transparent)]
    Auth(#[from] AuthConfigError),
    /// The page sizes contradict each other.
    #[error("the default page ({default}) is larger than the largest ({largest})")]
    Pages {
        /// `--default-page`
        default: u64,
        /// `--largest-page`
        largest: u64,
    },
    /// The URL of a database is invalid.
    #[error("{option} is not the address of a database: {reason}")]
    Address {
        /// The option of the URL.
        option: &'static str,
        /// The reason.
        reason: String,
    },
    /// A setting of connections other than a URL is invalid.
    #[error(transparent)]
    Connections(PoolError),
    /// There is neither a secret nor a key set, for an existing database.
    #[error("with your own database, set the keys that verify tokens: --jwt-secret or --jwks")]
    NoAuth,
}

/// The location of the data.
#[derive(Args, Clone, Debug)]
pub struct DatabaseArgs {
    /// Postgres to serve, as `postgres://user@host/database`. Without it, Praxis starts an embedded Postgres
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Folder of the embedded Postgres, and of its secret
    #[arg(long, env = "PRAXIS_DATA_DIR", default_value = ".praxis", value_name = "FOLDER")]
    pub data_dir: PathBuf,
}

/// Settings of `praxis serve`.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Address to listen on
    #[arg(long, env = "PRAXIS_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// The location of the data.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// The systems to serve.
    #[command(flatten)]
    pub systems: SystemArgs,
    /// Apply pending migrations before serving
    #[arg(long, env = "PRAXIS_MIGRATE")]
    pub migrate: bool,
    /// Postgres URL for migrations, if the gateway's role may not create tables
    #[arg(long, env = "PRAXIS_MIGRATION_URL", hide_env_values = true, value_name = "URL")]
    pub migration_url: Option<String>,
    /// Start the embedded Postgres without demo data
    #[arg(long, env = "PRAXIS_NO_DEMO")]
    pub no_demo: bool,
    /// The verification of tokens.
    #[command(flatten)]
    pub auth: AuthArgs,
    /// The connections to the database.
    #[command(flatten)]
    pub pool: PoolArgs,
    /// The limits of a request.
    #[command(flatten)]
    pub limits: LimitArgs,
    /// The endpoint.
    #[command(flatten)]
    pub http: HttpArgs,
    /// Subscriptions.
    #[command(flatten)]
    pub feeds: FeedArgs,
    /// The log.
    #[command(flatten)]
    pub log: LogArgs,
}

/// The largest number of seconds or milliseconds of a setting, which is Postgres's limit of a timeout.
const LONGEST: u64 = i32::MAX as u64;
/// The largest number of connections, which is Postgres's limit.
const MOST_CONNECTIONS: u64 = 262_143;
/// The largest number of hours of a setting: ten years.
const LONGEST_HOURS: u64 = 87_600;

/// Returns a parser for a number within a range.
fn within<T>(range: impl RangeBounds<u64>) -> RangedU64ValueParser<T>
where
    T: TryFrom<u64> + Clone + Send + Sync + 'static,
{
    RangedU64ValueParser::new().range(range)
}

/// The verification of tokens.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Tokens")]
pub struct AuthArgs {
    /// Secret of HS256 tokens, at least 32 bytes
    #[arg(long, env = "PRAXIS_JWT_SECRET", hide_env_values = true, value_name = "SECRET")]
    pub jwt_secret: Option<String>,
    /// Key set of RS256, ES256 and `EdDSA` tokens: a file or an http(s) URL
    #[arg(long, env = "PRAXIS_JWKS", value_name = "FILE|URL")]
    pub jwks: Option<String>,
    /// Required `iss` of tokens
    #[arg(long, env = "PRAXIS_JWT_ISSUER", value_name = "ISSUER")]
    pub jwt_issuer: Option<String>,
    /// Required `aud` of tokens
    #[arg(long, env = "PRAXIS_JWT_AUDIENCE", value_name = "AUDIENCE")]
    pub jwt_audience: Option<String>,
    /// Largest difference between the issuer's clock and ours, in seconds
    #[arg(long, env = "PRAXIS_JWT_LEEWAY", value_parser = within::<u64>(..=LONGEST), default_value_t = 30, value_name = "SECONDS")]
    pub jwt_leeway: u64,
    /// Claim that contains the Postgres role
    #[arg(long, env = "PRAXIS_JWT_ROLE_CLAIM", default_value = "role", value_name = "CLAIM")]
    pub jwt_role_claim: String,
    /// Postgres roles that a token may assume
    #[arg(long, env = "PRAXIS_ROLES", value_delimiter = ',', default_values = ["anon", "authenticated"], value_name = "ROLES")]
    pub roles: Vec<String>,
}

/// The connections to the database.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Database connections")]
pub struct PoolArgs {
    /// Most connections
    #[arg(long, env = "PRAXIS_POOL_SIZE", value_parser = within::<usize>(1..=MOST_CONNECTIONS), default_value_t = DatabaseConfig::new("").pool_size, value_name = "N")]
    pub pool_size: usize,
    /// Longest wait of a request for a connection, in milliseconds
    #[arg(long, env = "PRAXIS_POOL_TIMEOUT", value_parser = within::<u64>(1..=LONGEST), default_value_t = 5_000, value_name = "MS")]
    pub pool_timeout: u64,
    /// Lifetime of a connection, in seconds; with 0 each session has a new one [default: as long as it works]
    #[arg(long, env = "PRAXIS_CONNECTION_LIFETIME", value_parser = within::<u64>(..=LONGEST), value_name = "SECONDS")]
    pub connection_lifetime: Option<u64>,
    /// Timeout of a statement, in milliseconds
    #[arg(long, env = "PRAXIS_STATEMENT_TIMEOUT", value_parser = within::<u64>(1..=LONGEST), default_value_t = 10_000, value_name = "MS")]
    pub statement_timeout: u64,
    /// Prepare statements once per connection; `true` behind a pooler that supports it, as `PgBouncer` 1.21 does with
    /// `max_prepared_statements` [default: unless there is a pooler before the database]
    #[arg(long, env = "PRAXIS_PREPARED_STATEMENTS", value_name = "BOOL")]
    pub prepared_statements: Option<bool>,
    /// Postgres URL for notifications of changes: the same database, past any pooler [default: that of the database]
    #[arg(long, env = "PRAXIS_LISTEN_URL", hide_env_values = true, value_name = "URL")]
    pub listen_url: Option<String>,
    /// Certificates to trust instead of the system's, as a PEM file
    #[arg(long, env = "PRAXIS_TLS_ROOT_CERTIFICATE", value_name = "FILE")]
    pub tls_root_certificate: Option<PathBuf>,
}

/// The limits of a request.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits of a request")]
pub struct LimitArgs {
    /// Nested levels
    #[arg(long, env = "PRAXIS_MAX_DEPTH", value_parser = within::<usize>(1..), default_value_t = Limits::default().depth, value_name = "N")]
    pub max_depth: usize,
    /// Objects that the answer could have: page sizes multiplied down the tree
    #[arg(long, env = "PRAXIS_MAX_COST", value_parser = within::<u64>(1..), default_value_t = Limits::default().cost, value_name = "OBJECTS")]
    pub max_cost: u64,
    /// Bytes of the answer
    #[arg(long, env = "PRAXIS_MAX_ANSWER", value_parser = within::<usize>(1..), default_value_t = Limits::default().answer, value_name = "BYTES")]
    pub max_answer: usize,
    /// Fields, with fragments expanded
    #[arg(long, env = "PRAXIS_MAX_FIELDS", value_parser = within::<usize>(1..), default_value_t = Limits::default().fields, value_name = "N")]
    pub max_fields: usize,
    /// Fields of `Query`
    #[arg(long, env = "PRAXIS_MAX_ROOT_FIELDS", value_parser = within::<usize>(1..), default_value_t = Limits::default().root_fields, value_name = "N")]
    pub max_root_fields: usize,
    /// Aliases
    #[arg(long, env = "PRAXIS_MAX_ALIASES", default_value_t = Limits::default().aliases, value_name = "N")]
    pub max_aliases: usize,
    /// Directives
    #[arg(long, env = "PRAXIS_MAX_DIRECTIVES", default_value_t = Limits::default().directives, value_name = "N")]
    pub max_directives: usize,
    /// Lexical tokens of the document
    #[arg(long, env = "PRAXIS_MAX_TOKENS", value_parser = within::<usize>(1..), default_value_t = Limits::default().tokens, value_name = "N")]
    pub max_tokens: usize,
    /// Conditions of all filters together
    #[arg(long, env = "PRAXIS_MAX_CONDITIONS", default_value_t = Limits::default().conditions, value_name = "N")]
    pub max_conditions: usize,
    /// Relations in all filters, orders and keys of groups together
    #[arg(long, env = "PRAXIS_MAX_RELATIONS", default_value_t = Limits::default().relations, value_name = "N")]
    pub max_relations: usize,
    /// Nested relations in a filter, an order or a key of groups
    #[arg(long, env = "PRAXIS_MAX_RELATION_DEPTH", default_value_t = Limits::default().relation_depth, value_name = "N")]
    pub max_relation_depth: usize,
    /// Terms of one order, or of one list's groups
    #[arg(long, env = "PRAXIS_MAX_TERMS", default_value_t = Limits::default().terms, value_name = "N")]
    pub max_terms: usize,
    /// Values of one list in a filter
    #[arg(long, env = "PRAXIS_MAX_LISTED", default_value_t = Limits::default().listed, value_name = "N")]
    pub max_listed: usize,
    /// Characters of a pattern, of a search, and of JSON that is compared with each row
    #[arg(long, env = "PRAXIS_MAX_PATTERN", default_value_t = Limits::default().pattern, value_name = "N")]
    pub max_pattern: usize,
    /// Bytes of all values in filters together
    #[arg(long, env = "PRAXIS_MAX_OPERANDS", default_value_t = Limits::default().operands, value_name = "BYTES")]
    pub max_operands: usize,
    /// Default rows of a page
    #[arg(long, env = "PRAXIS_DEFAULT_PAGE", value_parser = within::<u64>(1..), default_value_t = Limits::default().default_page, value_name = "ROWS")]
    pub default_page: u64,
    /// Most rows of a page
    #[arg(long, env = "PRAXIS_LARGEST_PAGE", value_parser = within::<u64>(1..), default_value_t = Limits::default().largest_page, value_name = "ROWS")]
    pub largest_page: u64,
    /// Lines and points of one field of series, below all parents together; rows of one field `points`, below each parent
    #[arg(long, env = "PRAXIS_MAX_POINTS", value_parser = within::<u64>(4..), default_value_t = Limits::default().points, value_name = "N")]
    pub max_points: u64,
    /// Rows that one field `points` chooses from, below all parents together
    #[arg(long, env = "PRAXIS_MAX_PLOTTED", value_parser = within::<u64>(4..), default_value_t = Limits::default().plotted, value_name = "ROWS")]
    pub max_plotted: u64,
    /// Rows that one field of `Mutation` adds, including the rows below them
    #[arg(long, env = "PRAXIS_MAX_WRITTEN_ROWS", value_parser = within::<usize>(1..), default_value_t = Limits::default().written_rows, value_name = "ROWS")]
    pub max_written_rows: usize,
    /// Memory for the cache of documents, in bytes
    #[arg(long, env = "PRAXIS_KEPT_DOCUMENTS", default_value_t = Limits::default().documents, value_name = "BYTES")]
    pub kept_documents: usize,
    /// Retention of the answer to a mutation with an `Idempotency-Key`, in hours
    #[arg(long, env = "PRAXIS_IDEMPOTENCY_RETENTION", value_parser = within::<u64>(1..=LONGEST_HOURS), default_value_t = 24, value_name = "HOURS")]
    pub idempotency_retention: u64,
    /// Show the schema to callers with a token
    #[arg(long, env = "PRAXIS_INTROSPECTION", default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub introspection: bool,
    /// Show the schema to callers without a token too [default: only with the embedded Postgres]
    #[arg(long, env = "PRAXIS_ANONYMOUS_INTROSPECTION", value_name = "BOOL")]
    pub anonymous_introspection: Option<bool>,
    /// Suggest similar names for an unknown one [default: only with the embedded Postgres]
    #[arg(long, env = "PRAXIS_SUGGESTIONS", value_name = "BOOL")]
    pub suggestions: Option<bool>,
}

/// The endpoint.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "HTTP")]
pub struct HttpArgs {
    /// Longest request, in bytes
    #[arg(long, env = "PRAXIS_BODY_LIMIT", value_parser = within::<usize>(1..), default_value_t = 1024 * 1024, value_name = "BYTES")]
    pub body_limit: usize,
    /// Timeout of a request, in milliseconds
    #[arg(long, env = "PRAXIS_REQUEST_TIMEOUT", value_parser = within::<u64>(1..=LONGEST), default_value_t = 15_000, value_name = "MS")]
    pub request_timeout: u64,
    /// Timeout of a client that does not read its answer, in milliseconds; then its connection is closed
    #[arg(long, env = "PRAXIS_WRITE_TIMEOUT", value_parser = within::<u64>(1..=LONGEST), default_value_t = 30_000, value_name = "MS")]
    pub write_timeout: u64,
    /// Timeout of the headers of a request, in milliseconds
    #[arg(long, env = "PRAXIS_HEADER_TIMEOUT", value_parser = within::<u64>(1..=LONGEST), default_value_t = 10_000, value_name = "MS")]
    pub header_timeout: u64,
    /// Timeout of the next 16 KB of a request's body, in milliseconds
    #[arg(long, env = "PRAXIS_BODY_TIMEOUT", value_parser = within::<u64>(1..=LONGEST), default_value_t = 5_000, value_name = "MS")]
    pub body_timeout: u64,
    /// Timeout of a connection without a request, in milliseconds
    #[arg(long, env = "PRAXIS_IDLE_TIMEOUT", value_parser = within::<u64>(1..=LONGEST), default_value_t = 60_000, value_name = "MS")]
    pub idle_timeout: u64,
    /// Most connections [default: 10,000, or as many as the limit of open files allows]
    #[arg(long, env = "PRAXIS_MAX_CONNECTIONS", value_parser = within::<usize>(1..), value_name = "N")]
    pub max_connections: Option<usize>,
    /// Most connections from one address [default: all; if none is left, the address with the most loses one]
    #[arg(long, env = "PRAXIS_MAX_CONNECTIONS_PER_ADDRESS", value_parser = within::<usize>(1..), value_name = "N")]
    pub max_connections_per_address: Option<usize>,
    /// Header in which the proxy in front of the gateway names the client's address, such as `x-forwarded-for`. Set it only if the
    /// gateway cannot be reached past that proxy
    #[arg(long, env = "PRAXIS_CLIENT_ADDRESS_HEADER", value_name = "NAME")]
    pub client_address_header: Option<HeaderName>,
    /// Memory for all requests, their rows and answers, in MB; a caller may have a quarter
    #[arg(long, env = "PRAXIS_MEMORY", value_parser = within::<usize>(1..), default_value_t = HttpSettings::default().memory >> 20, value_name = "MB")]
    pub memory: usize,
    /// Origins whose pages may call the endpoint; `*` for any
    #[arg(long, env = "PRAXIS_ALLOWED_ORIGINS", value_delimiter = ',', value_name = "ORIGINS")]
    pub allowed_origins: Vec<String>,
    /// Serve the `GraphiQL` page, which browsers load without a token [default: only with the embedded Postgres]
    #[arg(long, env = "PRAXIS_GRAPHIQL", value_name = "BOOL")]
    pub graphiql: Option<bool>,
    /// Report the cost of each request in a `Server-Timing` header [default: only with the embedded Postgres]
    #[arg(long, env = "PRAXIS_SERVER_TIMING", value_name = "BOOL")]
    pub server_timing: Option<bool>,
}

/// Subscriptions.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Subscriptions")]
pub struct FeedArgs {
    /// Retention of changes, in seconds: a client can resume a subscription after an interruption of this length
    #[arg(long, env = "PRAXIS_CHANGES_KEPT", value_parser = within::<u64>(1..=LONGEST), default_value_t = 3_600, value_name = "SECONDS")]
    pub changes_kept: u64,
    /// Most `WebSockets` and event streams
    #[arg(long, env = "PRAXIS_MAX_WATCHERS", default_value_t = FeedSettings::default().connections, value_name = "N")]
    pub max_watchers: usize,
    /// Most `WebSockets` and event streams of one caller [default: a quarter of all]
    #[arg(long, env = "PRAXIS_MAX_WATCHERS_PER_CALLER", value_name = "N")]
    pub max_watchers_per_caller: Option<usize>,
    /// Most `WebSockets` and event streams without a token [default: 0; 100 with the embedded Postgres]
    #[arg(long, env = "PRAXIS_MAX_ANONYMOUS_WATCHERS", value_name = "N")]
    pub max_anonymous_watchers: Option<usize>,
    /// Operations of one `WebSocket`
    #[arg(long, env = "PRAXIS_MAX_OPERATIONS", value_parser = within::<usize>(1..), default_value_t = FeedSettings::default().operations, value_name = "N")]
    pub max_operations: usize,
    /// Concurrent subscriptions
    #[arg(long, env = "PRAXIS_MAX_SUBSCRIPTIONS", default_value_t = FeedSettings::default().subscriptions.all, value_name = "N")]
    pub max_subscriptions: usize,
    /// Concurrent subscriptions of one caller (a role and `sub`, or all without a token)
    #[arg(long, env = "PRAXIS_MAX_SUBSCRIPTIONS_PER_CALLER", default_value_t = FeedSettings::default().subscriptions.each, value_name = "N")]
    pub max_subscriptions_per_caller: usize,
    /// Groups of equal subscriptions with the same rights: a change is read once for each
    #[arg(long, env = "PRAXIS_MAX_GROUPS", default_value_t = FeedSettings::default().groups.all, value_name = "N")]
    pub max_groups: usize,
    /// Groups of one caller
    #[arg(long, env = "PRAXIS_MAX_GROUPS_PER_CALLER", default_value_t = FeedSettings::default().groups.each, value_name = "N")]
    pub max_groups_per_caller: usize,
    /// Bytes of changes and answers that may wait for groups, a quarter of them for those of one caller; a slower group ends with
    /// `GONE`
    #[arg(long, env = "PRAXIS_WAITING_BYTES", value_parser = within::<usize>(1..), default_value_t = FeedSettings::default().waiting_bytes, value_name = "BYTES")]
    pub waiting_bytes: usize,
    /// Deliveries that may wait for a connection; a slower one is closed
    #[arg(long, env = "PRAXIS_QUEUE_LENGTH", value_parser = within::<usize>(1..), default_value_t = FeedSettings::default().queue_length, value_name = "N")]
    pub queue_length: usize,
    /// Bytes that may wait for a connection; a slower one is closed
    #[arg(long, env = "PRAXIS_QUEUE_BYTES", value_parser = within::<usize>(1..), default_value_t = FeedSettings::default().queue_bytes, value_name = "BYTES")]
    pub queue_bytes: usize,
}

/// The log.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Log")]
pub struct LogArgs {
    /// Log level: `error`, `warn`, `info`, `debug`, or a `tracing` filter
    #[arg(long, env = "PRAXIS_LOG", default_value = DEFAULT_LOG, value_name = "FILTER")]
    pub log: String,
    /// Format of the log
    #[arg(long, env = "PRAXIS_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text for people.
    Text,
    /// One JSON object per line.
    Json,
}

impl ServeArgs {
    /// Checks the settings, without connecting to the database.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.systems.chosen()?;
        self.limits()?;
        // The secret of the embedded Postgres is always long enough.
        let embedded_secret = [0; MIN_SECRET_BYTES];
        self.auth(self.is_embedded().then_some(&embedded_secret))?.check()?;
        self.addresses().try_for_each(|(option, url)| self.check_address(option, url))
    }

    /// Returns the settings of authentication. `embedded_secret`: the secret of the embedded Postgres, if there is one.
    pub fn auth(&self, embedded_secret: Option<&[u8]>) -> Result<AuthConfig, ConfigError> {
        let args = &self.auth;
        let secret = args.jwt_secret.clone().map(Into::into).or_else(|| embedded_secret.map(Into::into));
        if secret.is_none() && args.jwks.is_none() {
            return Err(ConfigError::NoAuth);
        }
        Ok(AuthConfig {
            secret,
            keys: args.jwks.as_deref().map(str::parse::<KeySource>).transpose()?,
            issuer: args.jwt_issuer.clone(),
            audience: args.jwt_audience.clone(),
            leeway: Duration::from_secs(args.jwt_leeway),
            role_claim: args.jwt_role_claim.clone(),
            allowed_roles: args.roles.clone(),
            ..AuthConfig::default()
        })
    }

    /// Returns the settings of connections to the database at a URL.
    pub fn database(&self, url: String) -> DatabaseConfig {
        let args = &self.pool;
        DatabaseConfig {
            url,
            listen_url: args.listen_url.clone(),
            pool_size: args.pool_size,
            pool_timeout: Duration::from_millis(args.pool_timeout),
            connection_lifetime: args.connection_lifetime.map(Duration::from_secs),
            tls_root_certificate: args.tls_root_certificate.clone(),
            prepared_statements: args.prepared_statements,
            statement_timeout: Duration::from_millis(args.statement_timeout),
        }
    }

    /// Returns the limits of a request.
    pub fn limits(&self) -> Result<Limits, ConfigError> {
        let args = &self.limits;
        if args.default_page > args.largest_page {
            return Err(ConfigError::Pages { default: args.default_page, largest: args.largest_page });
        }
        Ok(Limits {
            depth: args.max_depth,
            cost: args.max_cost,
            answer: args.max_answer,
            fields: args.max_fields,
            root_fields: args.max_root_fields,
            aliases: args.max_aliases,
            directives: args.max_directives,
            tokens: args.max_tokens,
            conditions: args.max_conditions,
            relations: args.max_relations,
            relation_depth: args.max_relation_depth,
            terms: args.max_terms,
            listed: args.max_listed,
            pattern: args.max_pattern,
            operands: args.max_operands,
            default_page: args.default_page,
            largest_page: args.largest_page,
            points: args.max_points,
            plotted: args.max_plotted,
            written_rows: args.max_written_rows,
            documents: args.kept_documents,
            idempotency_retention: Duration::from_hours(args.idempotency_retention),
            introspection: args.introspection,
            anonymous_introspection: args.anonymous_introspection.unwrap_or_else(|| self.is_embedded()),
            suggestions: args.suggestions.unwrap_or_else(|| self.is_embedded()),
        })
    }

    /// Returns the settings of the endpoint, without a `GraphiQL` page.
    pub fn http(&self) -> HttpSettings {
        let args = &self.http;
        HttpSettings {
            body_limit: args.body_limit,
            request_timeout: Duration::from_millis(args.request_timeout),
            write_timeout: Duration::from_millis(args.write_timeout),
            header_timeout: Duration::from_millis(args.header_timeout),
            body_timeout: Duration::from_millis(args.body_timeout),
            idle_timeout: Duration::from_millis(args.idle_timeout),
            connections: args.max_connections.unwrap_or(HttpSettings::default().connections),
            connections_per_address: args.max_connections_per_address.unwrap_or(usize::MAX),
            client_address_header: args.client_address_header.clone(),
            memory: args.memory.saturating_mul(1024 * 1024),
            server_timing: args.server_timing.unwrap_or_else(|| self.is_embedded()),
            allowed_origins: args.allowed_origins.clone(),
            page: None,
        }
    }

    /// Returns the settings of subscriptions.
    pub fn feeds(&self) -> FeedSettings {
        let args = &self.feeds;
        FeedSettings {
            retention: Duration::from_secs(args.changes_kept),
            connections: args.max_watchers,
            connections_per_caller: args.max_watchers_per_caller,
            anonymous_connections: args.max_anonymous_watchers.unwrap_or(if self.is_embedded() {
                FeedSettings::default().anonymous_connections
            } else {
                0
            }),
            operations: args.max_operations,
            subscriptions: Bound { each: args.max_subscriptions_per_caller, all: args.max_subscriptions },
            groups: Bound { each: args.max_groups_per_caller, all: args.max_groups },
            waiting_bytes: args.waiting_bytes,
            queue_length: args.queue_length,
            queue_bytes: args.queue_bytes,
            ..FeedSettings::default()
        }
    }

    /// Returns true if the `GraphiQL` page is served.
    pub fn graphiql(&self) -> bool {
        self.http.graphiql.unwrap_or_else(|| self.is_embedded())
    }

    /// Returns true if Praxis starts an embedded Postgres.
    pub fn is_embedded(&self) -> bool {
        self.database.database_url.is_none()
    }
}
