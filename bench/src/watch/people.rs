//! Who watches and who logs: members of sites that the bench makes for the run and takes away again.

use chrono::Utc;
use praxis::auth::development::{DevelopmentClaims, issue};
use tokio_postgres::Client;

use super::Scene;
use crate::Failure;
use crate::data::clinician;
use crate::database::Database;

/// The people of a scene.
pub(super) struct Cast {
    /// Token of who logs.
    pub(super) clinician: String,
    /// The protocols that events are logged for, in turn.
    pub(super) protocols: Vec<i64>,
    /// Token and protocol of each subscriber.
    pub(super) watchers: Vec<(String, i64)>,
}

pub(super) async fn cast(
    owner: &Client,
    database: &Database,
    scene: Scene,
    many: usize,
) -> Result<Cast, Failure> {
    let email = clinician(1);
    let sql =
        "SELECT u.id::text, site_id FROM auth.users u JOIN user_sites ON user_id = u.id WHERE email = $1";
    let row = owner.query_opt(sql, &[&email]).await?.ok_or("there is no data; run: bench data")?;
    let (id, site): (String, i64) = (row.get(0), row.get(1));
    let wanted = if scene == Scene::ManyProtocols { i64::try_from(many)? } else { 1 };
    let sql =
        "SELECT record_id FROM log_clinical_records WHERE site_id = $1 ORDER BY record_id DESC LIMIT $2";
    let rows = owner.query(sql, &[&site, &wanted]).await?;
    let protocols: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    if protocols.is_empty() {
        return Err("the site has no protocol".into());
    }
    let token = |id: &str, email: &str| -> Result<String, Failure> {
        Ok(issue(database.secret(), &DevelopmentClaims::new(id, email), Utc::now())?)
    };
    let clinician = token(&id, &email)?;
    let watchers = if scene == Scene::OnePerson {
        vec![(clinician.clone(), protocols[0]); many]
    } else {
        let sql = "WITH people AS (
                     INSERT INTO auth.users (email)
                     SELECT 'watcher.' || n || '@bench.example' FROM generate_series(1, $1::bigint) n RETURNING id, email
                   ), members AS (
                     INSERT INTO user_sites (user_id, site_id, role) SELECT id, $2, 'auditor' FROM people
                   )
                   SELECT id::text, email FROM people";
        let rows = owner.query(sql, &[&i64::try_from(many)?, &site]).await?;
        let mut watchers = Vec::with_capacity(many);
        for (at, row) in rows.iter().enumerate() {
            watchers.push((token(row.get(0), row.get(1))?, protocols[at % protocols.len()]));
        }
        watchers
    };
    Ok(Cast { clinician, protocols, watchers })
}

/// Takes away who came to watch, and what was logged for them.
pub(super) async fn leave(owner: &Client) -> Result<(), Failure> {
    let sql = "DELETE FROM session_events WHERE notes LIKE 'tap %';
               DELETE FROM auth.users WHERE email LIKE 'watcher.%@bench.example'";
    Ok(owner.batch_execute(sql).await?)
}
