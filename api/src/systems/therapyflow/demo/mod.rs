//! Loads the demo data of TherapyFlow: two organizations over half a year, with planned sessions.

mod audit;
mod consents;
mod notes;
mod people;
mod sessions;
#[cfg(test)]
mod tests;
mod wearables;

use futures_util::FutureExt as _;
use tokio_postgres::{Error, Transaction};
use uuid::Uuid;

pub use self::people::PERSONAS;
use crate::systems::demo::load::insert;
use crate::systems::demo::{Demo, Loaded};

/// The kind of an object, which is a part of its key.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Account = 0,
    Organization = 1,
    Therapist = 2,
    Patient = 3,
    Session = 4,
    Note = 5,
    Recording = 6,
    Sample = 7,
    Consent = 8,
}

/// Returns the key of the nth object of a kind, which is the same on every database.
const fn key(kind: Kind, number: usize) -> Uuid {
    Uuid::from_u128(0x7f10_0000_0000_4000_8000_0000_0000_0000 | (kind as u128) << 96 | number as u128)
}

/// The demo data of the system.
pub(super) const DEMO: Demo = Demo {
    system: super::SYSTEM,
    table: "therapyflow.organizations",
    personas: &PERSONAS,
    accounts,
    reference_rows: Vec::new,
    load: |transaction| load(transaction).boxed(),
};

fn accounts() -> Vec<Uuid> {
    (0..=people::STAFF.len()).map(|number| key(Kind::Account, number)).collect()
}

async fn load(transaction: &Transaction<'_>) -> Result<Loaded, Error> {
    // The audit log must have the times of the events, and not the time at which the demo was loaded.
    audit::pause(transaction).await?;
    let sessions = sessions::rows();
    insert(transaction, people::INSERT_USERS, &people::users()).await?;
    let loaded = vec![
        ("organizations", insert(transaction, people::INSERT_ORGANIZATIONS, &people::organizations()).await?),
        ("therapists", insert(transaction, people::INSERT_THERAPISTS, &people::therapists()).await?),
        ("patients", insert(transaction, people::INSERT_PATIENTS, &people::patients()).await?),
        ("sessions", insert(transaction, sessions::INSERT, &sessions).await?),
        ("clinical notes", insert(transaction, notes::INSERT_NOTES, &notes::notes(&sessions)).await?),
        ("recordings", insert(transaction, notes::INSERT_RECORDINGS, &notes::recordings(&sessions)).await?),
        ("samples of wearables", insert(transaction, wearables::INSERT, &wearables::rows()).await?),
        ("consents", insert(transaction, consents::INSERT, &consents::rows()).await?),
    ];
    audit::resume(transaction).await?;
    transaction
        .batch_execute(
            "ANALYZE therapyflow.organizations, therapyflow.therapists, therapyflow.patients, therapyflow.sessions, \
             therapyflow.clinical_notes, therapyflow.session_recordings, therapyflow.wearable_data, \
             therapyflow.consent_records, therapyflow.audit_logs",
        )
        .await?;
    Ok(loaded)
}
