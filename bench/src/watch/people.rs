//! Creates the users who watch and log: members of sites, for a run, and deletes them after it.

use chrono::Utc;
use praxis::auth::development::{DevelopmentClaims, issue};
use tokio_postgres::{Client, Row};

use super::Scene;
use crate::Failure;
use crate::database::Database;

/// The users of a scene.
pub(super) struct SceneUsers {
    /// Token of the clinician who logs.
    pub(super) clinician: String,
    /// The protocols that events are logged for, in turn.
    pub(super) protocols: Vec<i64>,
    /// Token and protocol of each subscriber.
    pub(super) watchers: Vec<(String, i64)>,
}

/// Creates the users of a scene with the given number of subscribers.
pub(super) async fn create_users(
    owner: &Client,
    database: &Database,
    scene: Scene,
    many: usize,
) -> Result<SceneUsers, Failure> {
    // Deletes those of an interrupted run.
    leave(owner).await?;
    let many = i64::try_from(many)?;
    let wanted = if scene == Scene::ManyProtocols { many } else { 1 };
    let sql = "SELECT record_id FROM log_clinical_records ORDER BY record_id DESC LIMIT $1";
    let rows = owner.query(sql, &[&wanted]).await?;
    let protocols: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    if protocols.len() < usize::try_from(wanted)? {
        return Err(format!("there are no {wanted} protocols; run: bench data").into());
    }
    let token = |row: &Row| -> Result<String, Failure> {
        let (id, email): (String, String) = (row.get(0), row.get(1));
        Ok(issue(database.secret(), &DevelopmentClaims::new(id, email), Utc::now())?)
    };
    // The clinician who logs belongs to every site; a subscriber belongs to the site of the protocol.
    let sql = "WITH person AS (
                 INSERT INTO auth.users (email) VALUES ('watcher.logs@bench.example') RETURNING id, email
               ), member AS (
                 INSERT INTO user_sites (user_id, site_id, role) SELECT id, site_id, 'clinician' FROM person, sites
               )
               SELECT id::text, email FROM person";
    let clinician = token(&owner.query_one(sql, &[]).await?)?;
    if scene == Scene::OnePerson {
        let watchers = vec![(clinician.clone(), protocols[0]); usize::try_from(many)?];
        return Ok(SceneUsers { clinician, protocols, watchers });
    }
    let sql = "WITH people AS (
                 INSERT INTO auth.users (email)
                 SELECT 'watcher.' || n || '@bench.example' FROM generate_series(1, $1::bigint) n RETURNING id, email
               ), watching AS (
                 SELECT id, email, ($2::bigint[])[1 + (row_number() OVER () - 1) % cardinality($2::bigint[])] AS protocol
                 FROM people
               ), members AS (
                 INSERT INTO user_sites (user_id, site_id, role)
                 SELECT id, site_id, 'auditor' FROM watching JOIN log_clinical_records ON record_id = protocol
               )
               SELECT id::text, email, protocol FROM watching";
    let rows = owner.query(sql, &[&many, &protocols]).await?;
    let watchers = rows.iter().map(|row| Ok((token(row)?, row.get(2)))).collect::<Result<_, Failure>>()?;
    Ok(SceneUsers { clinician, protocols, watchers })
}

/// Deletes the subscribers, and the events that were logged for them.
pub(super) async fn leave(owner: &Client) -> Result<(), Failure> {
    let sql = "DELETE FROM session_events WHERE notes LIKE 'tap %';
               DELETE FROM auth.users WHERE email LIKE 'watcher.%@bench.example'";
    Ok(owner.batch_execute(sql).await?)
}
