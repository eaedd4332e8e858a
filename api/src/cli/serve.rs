//! `praxis serve`

use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::signal;

use super::{Failure, say, say_error, seed, start_log};
use crate::auth::development::{DevelopmentClaims, issue};
use crate::config::ServeArgs;
use crate::database::embedded::{Embedded, EmbeddedConfig};
use crate::http::{PageConfig, PagePersona, PageTab};
use crate::server::{Server, ServerConfig};
use crate::systems::ppn;

/// Login role that the migrations make for the gateway.
const GATEWAY_ROLE: &str = "praxis_gateway";
/// How long the tokens of the demo users are good: longer than anybody leaves a demo running.
const DEMO_TOKEN: Duration = Duration::from_hours(24 * 30);

pub(super) async fn run(args: &ServeArgs) -> Result<(), Failure> {
    start_log(&args.log)?;
    // The listener of signals first: an impatient Ctrl-C must not leave a Postgres behind.
    let mut stop = Box::pin(stop_signal()?);
    if !args.is_embedded() {
        let url = args.database.database_url.clone().unwrap_or_default();
        prepare(args, &url).await?;
        return serve(args, url, None, stop).await;
    }
    let embedded = Embedded::start(EmbeddedConfig { data_dir: args.database.data_dir.clone() }, &say_error).await?;
    let served = tokio::select! {
        served = serve_embedded(args, &embedded, stop_later()) => served,
        () = &mut stop => Ok(()),
    };
    embedded.stop().await?;
    served
}
