//! `praxis token`: prints a development token.

use clap::Args;

use super::{Failure, explain, say};
use crate::auth::development::{DevelopmentClaims, issue};
use crate::clock;
use crate::config::DatabaseArgs;
use crate::database::{Access, embedded};

#[derive(Args, Debug)]
pub(super) struct TokenArgs {
    /// E-mail address of the user
    #[arg(long, value_name = "EMAIL")]
    user: String,
    #[command(flatten)]
    database: DatabaseArgs,
    /// Secret to sign with, unless the database is the one that Praxis starts
    #[arg(long, env = "PRAXIS_JWT_SECRET", hide_env_values = true, value_name = "SECRET")]
    jwt_secret: Option<String>,
    /// `iss` of the token
    #[arg(long, env = "PRAXIS_JWT_ISSUER", value_name = "ISSUER")]
    jwt_issuer: Option<String>,
    /// `aud` of the token
    #[arg(long, env = "PRAXIS_JWT_AUDIENCE", value_name = "AUDIENCE")]
    jwt_audience: Option<String>,
}

pub(super) async fn run(args: TokenArgs) -> Result<(), Failure> {
    let (url, secret) = match (&args.database.database_url, &args.jwt_secret) {
        (Some(url), Some(secret)) => (url.clone(), secret.clone().into_bytes()),
        (Some(_), None) => {
            return Err("with your own database, set --jwt-secret too".into());
        }
        (None, secret) => {
            let attached = embedded::attach(&args.database.data_dir)?;
            let secret = secret.clone().map_or_else(|| attached.secret().to_vec(), String::into_bytes);
            (attached.superuser_url(), secret)
        }
    };
    let client = super::connect(&url, Access::Reads).await?;
    let found = client.query_opt("SELECT id FROM auth.users WHERE email = $1", &[&args.user]).await;
    let row = found.map_err(explain)?;
    let id: uuid::Uuid =
        row.ok_or_else(|| format!("there is no user with the address {}", args.user))?.try_get(0)?;
    let claims = DevelopmentClaims {
        issuer: args.jwt_issuer,
        audience: args.jwt_audience,
        ..DevelopmentClaims::new(id.to_string(), args.user)
    };
    say(&issue(&secret, &claims, clock::utc())?);
    Ok(())
}
