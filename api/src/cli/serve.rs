//! `praxis serve`: runs the gateway.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::Instant;

use super::missing::Missing;
use super::{Failure, migrate, say, say_error, seed, start_log};
use crate::auth::development::{DevelopmentClaims, issue};
use crate::clock;
use crate::config::ServeArgs;
use crate::database::embedded::{Embedded, EmbeddedConfig};
use crate::database::{Access, migration_status};
use crate::descriptors;
use crate::guard::shipped_protection;
use crate::http::{PageConfig, PagePersona, PageTab, SPARE_SOCKETS};
use crate::server::{Server, ServerConfig};
use crate::systems;

/// The login role that the migrations create for the gateway.
const GATEWAY_ROLE: &str = "praxis_gateway";
/// The number of connections to Postgres beside the pool: for reading reference tables, for checking the database, for listening, and
/// for watching the other connections.
const OTHER_CONNECTIONS: usize = 4;
/// The lifetime of the demo users' tokens: longer than a demo usually runs.
const DEMO_TOKEN: Duration = Duration::from_hours(24 * 30);

pub(super) async fn run(args: &ServeArgs) -> Result<(), Failure> {
    start_log(&args.log)?;
    // Invalid settings are reported before anything is started or created.
    args.check()?;
    let stop = stop_signal()?;
    match &args.database.database_url {
        Some(url) => serve_database(args, url, stop).await,
        None => serve_embedded(args, stop).await,
    }
}

/// Serves an existing database.
async fn serve_database(args: &ServeArgs, url: &str, stop: watch::Receiver<bool>) -> Result<(), Failure> {
    check_tables(args, url).await?;
    let server = Server::start(config(args, url.to_owned(), None, Vec::new())?).await?;
    say(&format!("Praxis serves GraphQL at http://{}/graphql", server.address()));
    server.run(stopped(stop)).await;
    Ok(())
}

/// Checks that a database has the tables of the chosen systems and all migrations, which it applies if asked to. The owner's
/// connections end here: a gateway that serves has none.
async fn check_tables(args: &ServeArgs, url: &str) -> Result<(), Failure> {
    let wanted = args.systems.chosen()?;
    let (option, owner) = args.owner(url)?;
    if args.migrate {
        let there = owner.url_unpooled(Access::Writes).await.map_err(|error| format!("{option}: {error}"))?;
        migrate::up(&there, &wanted).await?;
    }
    let status = migration_status(&owner).await.map_err(|error| format!("{option}: {error}"))?;
    let missing = Missing::of(wanted, &status);
    if !missing.absent.is_empty() {
        let (names, remedy) = (systems::names(&missing.absent, ", "), missing.remedy());
        return Err(format!("the database has no tables of {names}; {remedy}").into());
    }
    if !missing.migrations.is_empty() {
        let names: Vec<_> = missing.migrations.iter().map(|status| status.name).collect();
        let (names, migrate) = (names.join(", "), missing.migrate());
        return Err(format!(
            "the database lacks migrations ({names}); run `{migrate}`, or serve with --migrate"
        )
        .into());
    }
    Ok(())
}

/// Starts an embedded Postgres, fills it and serves it.
async fn serve_embedded(args: &ServeArgs, stop: watch::Receiver<bool>) -> Result<(), Failure> {
    let begun = clock::instant();
    let config = EmbeddedConfig { data_dir: args.database.data_dir.clone() };
    let mut embedded = tokio::select! {
        embedded = Embedded::start(config, &say_error) => embedded?,
        () = stopped(stop.clone()) => return Ok(()),
    };
    let started = tokio::select! {
        server = start_embedded(args, &embedded, begun) => server.map(Some),
        () = stopped(stop.clone()), if !*stop.borrow() => Ok(None),
    };
    let served = match started {
        Ok(Some(server)) => tokio::select! {
            () = server.run(stopped(stop)) => Ok(()),
            died = embedded.keep_running(&say_error) => Err(died.into()),
        },
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    say_error("Stopping Postgres …");
    embedded.stop().await?;
    served
}

async fn start_embedded(args: &ServeArgs, embedded: &Embedded, begun: Instant) -> Result<Server, Failure> {
    let owner = embedded.superuser_url();
    let applied = migrate::up(&owner, &args.systems.chosen()?).await?;
    if !applied.is_empty() {
        say_error(&format!("Created the tables ({} migrations).", applied.len()));
    }
    let mut personas = Vec::new();
    if !args.no_demo {
        say_error(&seed::demo(&owner, &args.systems.chosen()?).await?);
        personas = demo_personas(args, embedded.secret())?;
    }
    let url = embedded.url_for(GATEWAY_ROLE);
    let server = Server::start(config(args, url, Some(embedded.secret()), personas.clone())?).await?;
    print_addresses(&server, &personas, begun);
    Ok(server)
}

fn config(
    args: &ServeArgs,
    url: String,
    secret: Option<&[u8]>,
    personas: Vec<PagePersona>,
) -> Result<ServerConfig, Failure> {
    let systems = args.systems.chosen()?;
    let mut http = args.http();
    let mut feeds = args.feeds();
    // A cancelled request needs a second connection for the cancellation.
    let clients = descriptors::clients_beside(2 * (args.pool.pool_size + OTHER_CONNECTIONS) + SPARE_SOCKETS);
    if args.http.max_connections.is_some_and(|wanted| wanted > clients) {
        tracing::warn!(connections = clients, "the limit of open files allows no more connections");
    }
    http.connections = http.connections.min(clients);
    // However many subscriptions there are, some connections remain for requests.
    feeds.connections = feeds.connections.min(http.connections / 4 * 3);
    let today = clock::utc().date_naive();
    http.page = args.graphiql().then(|| PageConfig {
        endpoint: "/graphql",
        subscription_endpoint: "/graphql/ws",
        title: "Praxis",
        personas,
        tabs: systems::offers(&systems)
            .flat_map(|offer| offer.examples.iter().chain(offer.walks))
            .map(|example| PageTab {
                title: example.title,
                query: example.query,
                variables: example.variables_on(today),
                persona: example.persona,
                keeps: example.keeps.iter().copied().collect(),
            })
            .collect(),
    });
    Ok(ServerConfig {
        listen: args.listen,
        database: args.database(url),
        auth: args.auth(secret)?,
        protection: shipped_protection(),
        limits: args.limits()?,
        feeds,
        systems,
        http,
    })
}

fn demo_personas(args: &ServeArgs, embedded_secret: &[u8]) -> Result<Vec<PagePersona>, Failure> {
    let secret = args.auth.jwt_secret.as_deref().map_or(embedded_secret, str::as_bytes);
    systems::demos(&args.systems.chosen()?)
        .iter()
        .flat_map(|demo| demo.personas)
        .map(|persona| {
            let claims = DevelopmentClaims {
                ttl: DEMO_TOKEN,
                issuer: args.auth.jwt_issuer.clone(),
                audience: args.auth.jwt_audience.clone(),
                ..DevelopmentClaims::new(persona.user_id.to_string(), persona.email)
            };
            Ok(PagePersona {
                email: persona.email.to_owned(),
                name: persona.name.to_owned(),
                title: persona.title.to_owned(),
                description: persona.description.to_owned(),
                token: issue(secret, &claims, clock::utc())?,
            })
        })
        .collect()
}

/// Prints the addresses of the gateway.
fn print_addresses(server: &Server, personas: &[PagePersona], begun: Instant) {
    let address = server.address();
    say(&format!("\nPraxis is ready after {:.1} s.\n", begun.elapsed().as_secs_f64()));
    say(&format!("  GraphiQL   http://{address}/graphql"));
    if !personas.is_empty() {
        say("\n  Demo users, to choose from in GraphiQL, or with `praxis token --user EMAIL`:\n");
        for persona in personas {
            say(&format!("    {:<32} {}", persona.email, persona.title));
        }
    }
    say("\n  Ctrl-C stops the gateway and its Postgres; the data stays.\n");
}

/// Returns a receiver whose value becomes true with the first SIGINT or SIGTERM, or with SIGHUP unless it is ignored, as under `nohup`.
fn stop_signal() -> std::io::Result<watch::Receiver<bool>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = if ignores_hangup() { None } else { Some(signal(SignalKind::hangup())?) };
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        let hung_up = async {
            match &mut hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hung_up => {}
        }
        let _ = sender.send(true);
        // Dropping the sender would wake receivers that have not seen the change.
        std::future::pending::<()>().await;
    });
    Ok(receiver)
}

/// Returns true if the process was started with SIGHUP ignored, as far as the system reports it.
fn ignores_hangup() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores(&status, SignalKind::hangup()))
}

/// Returns true if the text of `/proc/self/status` lists a signal as ignored: `SigIgn` is a mask in hexadecimal.
fn ignores(status: &str, signal: SignalKind) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    u32::try_from(signal.as_raw_value() - 1).ok().and_then(|bit| mask.checked_shr(bit)).unwrap_or_default()
        & 1
        == 1
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // The sender lives as long as the process.
    let _ = stop.wait_for(|stop| *stop).await;
}
