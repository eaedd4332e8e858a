//! Starts the Postgres of the bench: the embedded one, in a folder of its own.

use std::path::Path;

use praxis::database::embedded::{self, Attached, Embedded, EmbeddedConfig, EmbeddedError};
use tokio_postgres::{Client, NoTls};

use crate::{Failure, say};

/// The role that the gateway logs in as.
const GATEWAY_ROLE: &str = "praxis_gateway";

/// A running server with the tables.
pub(crate) enum Database {
    /// Started here; it stops with the bench.
    Own(Embedded),
    /// Started by `bench database` in another terminal.
    Other(Attached),
}

impl Database {
    /// Starts the server of a folder, or connects to it if it runs, and applies pending migrations.
    pub(crate) async fn open(data_dir: &Path) -> Result<Self, Failure> {
        let config = EmbeddedConfig { data_dir: data_dir.to_owned() };
        let database = match Embedded::start(config, &say).await {
            Ok(embedded) => Self::Own(embedded),
            Err(EmbeddedError::Running { .. }) => {
                say("Using the Postgres that is running.");
                Self::Other(embedded::attach(data_dir)?)
            }
            Err(error) => return Err(error.into()),
        };
        let applied = migration::up(&database.owner_url()).await?;
        if !applied.is_empty() {
            say(&format!("Created the tables ({} migrations).", applied.len()));
        }
        Ok(database)
    }

    /// Returns the superuser's URL.
    pub(crate) fn owner_url(&self) -> String {
        match self {
            Self::Own(embedded) => embedded.superuser_url(),
            Self::Other(attached) => attached.superuser_url(),
        }
    }

    /// Returns the URL for the gateway's role.
    pub(crate) fn gateway_url(&self) -> String {
        match self {
            Self::Own(embedded) => embedded.url_for(GATEWAY_ROLE),
            Self::Other(attached) => attached.url_for(GATEWAY_ROLE),
        }
    }

    /// Returns the secret of development tokens.
    pub(crate) fn secret(&self) -> &[u8] {
        match self {
            Self::Own(embedded) => embedded.secret(),
            Self::Other(attached) => attached.secret(),
        }
    }

    /// Stops the server, if it was started here.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        if let Self::Own(embedded) = self {
            embedded.stop().await?;
        }
        Ok(())
    }
}

/// Opens a connection beside the pool. The address is that of a unix socket.
pub(crate) async fn connect(url: &str) -> Result<Client, Failure> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // The task ends with the client.
    tokio::spawn(connection);
    Ok(client)
}
