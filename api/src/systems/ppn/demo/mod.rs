//! Loads the demo data of the portal: five sites over two years and the rest of their network, computed from fixed numbers.

mod integration;
mod network;
mod outcomes;
mod people;
mod profiles;
mod protocols;
mod supervision;
#[cfg(test)]
mod tests;
mod timeline;
mod treatments;

use futures_util::FutureExt as _;
use tokio_postgres::{Error, Transaction};
use uuid::Uuid;

pub use self::people::PERSONAS;
use crate::systems::demo::load::{insert, keys};
use crate::systems::demo::{Demo, Loaded};

/// The demo data of the system.
pub(super) const DEMO: Demo = Demo {
    system: super::SYSTEM,
    table: "public.sites",
    personas: &PERSONAS,
    accounts,
    reference_rows: || migration::reference_rows().collect(),
    load: |transaction| load(transaction).boxed(),
};

fn accounts() -> Vec<Uuid> {
    (0..people::USERS.len()).map(people::user_id).collect()
}

async fn load(transaction: &Transaction<'_>) -> Result<Loaded, Error> {
    let mut loaded = load_people_and_protocols(transaction).await?;
    loaded.extend(load_supervision(transaction).await?);
    loaded.push(("protocols of the rest of the network", load_network(transaction).await?));
    transaction.execute("SELECT praxis.refresh()", &[]).await?;
    // Without statistics the first queries would be planned for empty tables.
    transaction
        .batch_execute(
            "ANALYZE sites, user_sites, log_clinical_records, session_events, assessment_responses, \
             integration_scores, integration_homework, practitioner_profiles, supervision_relationships, \
             supervision_circles, circle_members, outcomes_summary, \
             network_benchmarks, session_activities",
        )
        .await?;
    Ok(loaded)
}

async fn load_people_and_protocols(transaction: &Transaction<'_>) -> Result<Loaded, Error> {
    let sites = keys(transaction, "sites", "site_id", people::SITES.len()).await?;
    let sessions = protocols::sessions();
    let records = keys(transaction, "log_clinical_records", "record_id", sessions.len()).await?;

    let mut protocols = Vec::new();
    let mut events = Vec::new();
    let mut responses = Vec::new();
    let mut scores = Vec::new();
    let mut homework = Vec::new();
    for (number, (session, &record)) in sessions.iter().zip(&records).enumerate() {
        let protocol = protocols::row(session, number, record, &sites);
        events.extend(timeline::events(session, number, &protocol));
        responses.extend(outcomes::responses(session, number, record));
        scores.extend(integration::scores(session, number, record));
        homework.extend(integration::homework(session, number, &protocol));
        protocols.push(protocol);
    }

    let users = insert(transaction, people::INSERT_USERS, &people::users()).await?;
    let loaded = vec![
        ("sites", insert(transaction, people::INSERT_SITES, &people::sites(&people::SITES, &sites)).await?),
        ("users", users),
        ("protocols", insert(transaction, protocols::INSERT, &protocols).await?),
        ("events", insert(transaction, timeline::INSERT, &events).await?),
        ("assessment responses", insert(transaction, outcomes::INSERT_RESPONSES, &responses).await?),
        ("integration scores", insert(transaction, integration::INSERT_SCORES, &scores).await?),
        ("pieces of homework", insert(transaction, integration::INSERT_HOMEWORK, &homework).await?),
    ];
    insert(transaction, people::INSERT_MEMBERSHIPS, &people::memberships(&sites)).await?;
    Ok(loaded)
}

async fn load_supervision(transaction: &Transaction<'_>) -> Result<Loaded, Error> {
    let profiles = keys(transaction, "practitioner_profiles", "profile_id", profiles::count()).await?;
    let circles = keys(transaction, "supervision_circles", "circle_id", supervision::CIRCLES.len()).await?;
    let profiles = profiles::rows(&profiles);
    let relationships = supervision::relationships(&profiles);
    let members = supervision::members(&circles, &profiles);
    let circles = supervision::circles(&circles);
    let loaded = vec![
        ("practitioners", insert(transaction, profiles::INSERT, &profiles).await?),
        (
            "supervision relationships",
            insert(transaction, supervision::INSERT_RELATIONSHIPS, &relationships).await?,
        ),
        ("circles", insert(transaction, supervision::INSERT_CIRCLES, &circles).await?),
    ];
    insert(transaction, supervision::INSERT_MEMBERS, &members).await?;
    Ok(loaded)
}

async fn load_network(transaction: &Transaction<'_>) -> Result<u64, Error> {
    let sites = keys(transaction, "sites", "site_id", network::SITES.len()).await?;
    let records = keys(transaction, "log_clinical_records", "record_id", network::count()).await?;
    let sessions = network::sessions(&sites, &records);
    insert(transaction, people::INSERT_SITES, &people::sites(&network::SITES, &sites)).await?;
    let loaded = insert(transaction, network::INSERT_SESSIONS, &sessions).await?;
    insert(transaction, network::INSERT_SCORES, &sessions).await?;
    Ok(loaded)
}
