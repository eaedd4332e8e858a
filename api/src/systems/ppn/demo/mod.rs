//! Demo data: a small network over two years, the same on every database, down to keys and times.
//!
//! Nothing here is about a real person or place. It is written by a superuser or the owner of the tables, in one
//! transaction.

mod clinic;
mod generator;
mod people;
mod rows;

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use tokio_postgres::{Client, Error, Transaction};
use uuid::Uuid;

use generator::Generator;

/// The day on which the demo stands still. What is due before it and not done is overdue.
const ANCHOR: NaiveDate = match NaiveDate::from_ymd_opt(2026, 11, 16) {
    Some(date) => date,
    None => NaiveDate::MIN,
};

/// A demo user whom guides and GraphiQL's menu point at.
#[derive(Clone, Copy, Debug)]
pub struct Persona {
    /// Address; scripts rely on it.
    pub email: &'static str,
    /// The person's name.
    pub name: &'static str,
    /// What the person is, in a few words.
    pub title: &'static str,
    /// What the person sees, in a sentence.
    pub description: &'static str,
    /// The account.
    pub user_id: Uuid,
}

/// The first account; the others follow it.
const FIRST_USER: u128 = 0x5eed_0000_0000_4000_8000_0000_0000_0001;

static PERSONAS: [Persona; 6] = [
    Persona {
        email: "clinician.north@praxis.example",
        name: "Amara Okafor",
        title: "Clinician at Northwind",
        description: "Sees and writes the protocols of Northwind Clinic, and takes part in supervision.",
        user_id: Uuid::from_u128(FIRST_USER),
    },
    Persona {
        email: "clinician.south@praxis.example",
        name: "Tomás Herrera",
        title: "Clinician at Southbay",
        description: "Sees and writes the protocols of Southbay Wellness Center, and none of Northwind's.",
        user_id: Uuid::from_u128(FIRST_USER + 1),
    },
    Persona {
        email: "admin.north@praxis.example",
        name: "Ingrid Solberg",
        title: "Administrator at Northwind",
        description: "Runs Northwind Clinic: sees and writes its protocols.",
        user_id: Uuid::from_u128(FIRST_USER + 2),
    },
    Persona {
        email: "both.sites@praxis.example",
        name: "Mei-Ling Chen",
        title: "Clinician at two sites",
        description: "Works at Northwind and at Southbay, and sees the protocols of both.",
        user_id: Uuid::from_u128(FIRST_USER + 3),
    },
    Persona {
        email: "network@praxis.example",
        name: "Priya Raman",
        title: "Administrator of the network",
        description: "Edits the reference tables and sees every site's outcomes, but no site's protocols.",
        user_id: Uuid::from_u128(FIRST_USER + 4),
    },
    Persona {
        email: "newcomer@praxis.example",
        name: "Jonas Weber",
        title: "Signed in, no site yet",
        description: "Sees the reference tables and the supervision directory, and no clinical data.",
        user_id: Uuid::from_u128(FIRST_USER + 5),
    },
];

/// The demo users whom guides and GraphiQL's menu point at.
#[must_use]
pub fn personas() -> &'static [Persona] {
    &PERSONAS
}

/// The account of a demo user, counted from 0; the personas come first.
fn user_id(user: usize) -> Uuid {
    Uuid::from_u128(FIRST_USER + u128::try_from(user).unwrap_or(0))
}

/// A time of day in UTC.
fn at(date: NaiveDate, hour: i32, minute: i32) -> DateTime<Utc> {
    let part = |it: i32| u32::try_from(it).unwrap_or(0);
    let time = NaiveTime::from_hms_opt(part(hour), part(minute), 0).unwrap_or(NaiveTime::MIN);
    date.and_time(time).and_utc()
}

/// What [`seed`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The demo users were there already, and nothing was done.
    pub already_there: bool,
    /// Sites added.
    pub sites: usize,
    /// Users added.
    pub users: usize,
    /// Protocols added.
    pub protocols: usize,
    /// Events of their sessions.
    pub events: usize,
    /// Integration scores.
    pub scores: usize,
    /// Answers to questionnaires.
    pub responses: usize,
    /// Pieces of homework.
    pub homework: usize,
    /// Practitioners in the directory.
    pub practitioners: usize,
    /// Months of outcomes, by site and substance.
    pub outcomes: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.already_there {
            return f.write_str("the demo data is there already");
        }
        write!(
            f,
            "demo data: {} sites, {} users, {} protocols with {} events, {} integration scores, {} assessments and {} \
             pieces of homework; {} practitioners; {} monthly outcomes",
            self.sites,
            self.users,
            self.protocols,
            self.events,
            self.scores,
            self.responses,
            self.homework,
            self.practitioners,
            self.outcomes
        )
    }
}

/// Fills a migrated database with the demo data, in one transaction; does nothing if the demo users are there.
///
/// The client must be a superuser or the owner of the tables.
pub async fn seed(client: &mut Client) -> Result<Summary, Error> {
    let transaction = client.transaction().await?;
    // Two runs at once: the second waits, and then finds the users.
    transaction.batch_execute("LOCK TABLE public.sites IN SHARE ROW EXCLUSIVE MODE").await?;
    let known: Vec<Uuid> = (0..people::USERS).map(user_id).collect();
    let there: bool = transaction
        .query_one("SELECT EXISTS (SELECT FROM auth.users WHERE id = ANY ($1))", &[&known])
        .await?
        .get(0);
    if there {
        return Ok(Summary { already_there: true, ..Summary::default() });
    }

    let references = references(&transaction).await?;
    let first_site = next(&transaction, "sites", "site_id").await?;
    let mut generator = Generator::new(20_260_212);
    let clinic = clinic::clinic(
        &mut generator,
        &references,
        &clinic::Keys {
            site: first_site,
            subject: next(&transaction, "log_clinical_records", "subject_id").await?.max(1001),
            protocol: next(&transaction, "log_clinical_records", "record_id").await?,
            event: next(&transaction, "session_events", "event_id").await?,
            homework: next(&transaction, "integration_homework", "homework_id").await?,
            score: next(&transaction, "integration_scores", "score_id").await?,
            response: next(&transaction, "assessment_responses", "response_id").await?,
        },
    );
    let exchange = people::exchange(
        &mut generator,
        &people::ExchangeKeys {
            profile: next(&transaction, "practitioner_profiles", "profile_id").await?,
            relationship: next(&transaction, "supervision_relationships", "relationship_id").await?,
            circle: next(&transaction, "supervision_circles", "circle_id").await?,
        },
    );
    let users = people::users();
    let sites = people::sites(first_site);
    let memberships = people::memberships(next(&transaction, "user_sites", "id").await?, first_site);

    for rows in [
        &users,
        &sites,
        &memberships,
        &clinic.protocols,
        &clinic.events,
        &clinic.homework,
        &clinic.scores,
        &clinic.responses,
        &exchange.profiles,
        &exchange.relationships,
        &exchange.circles,
        &exchange.members,
    ] {
        rows.write(&transaction).await?;
    }
    let outcomes = summarise(&transaction, first_site).await?;
    transaction.commit().await?;
    // Plans for the tables as they are now, not as they were when empty.
    client.batch_execute("ANALYZE").await?;

    Ok(Summary {
        already_there: false,
        sites: sites.len(),
        users: users.len(),
        protocols: clinic.protocols.len(),
        events: clinic.events.len(),
        scores: clinic.scores.len(),
        responses: clinic.responses.len(),
        homework: clinic.homework.len(),
        practitioners: exchange.profiles.len(),
        outcomes,
    })
}

/// The first free key: 1 in a new database.
async fn next(transaction: &Transaction<'_>, table: &str, key: &str) -> Result<i64, Error> {
    let query = format!("SELECT coalesce(max({key}), 0) + 1 FROM public.{table}");
    Ok(transaction.query_one(&query, &[]).await?.get(0))
}

async fn references(transaction: &Transaction<'_>) -> Result<clinic::References, Error> {
    let mut references = clinic::References::new();
    for (table, key, name) in [
        ("ref_substances", "substance_id", "substance_name"),
        ("ref_routes", "route_id", "route_name"),
        ("ref_indications", "indication_id", "indication_name"),
        ("ref_support_modality", "modality_id", "modality_name"),
        ("ref_smoking_status", "smoking_status_id", "status_name"),
        ("ref_medications", "medication_id", "medication_name"),
        ("ref_safety_events", "safety_event_id", "event_name"),
        ("ref_severity_grade", "severity_grade_id", "grade_label"),
        ("ref_resolution_status", "resolution_status_id", "status_name"),
        ("ref_event_types", "event_type_id", "event_name"),
        ("ref_homework_types", "homework_type_id", "homework_name"),
        ("ref_assessments", "assessment_id", "assessment_code"),
    ] {
        for row in transaction.query(&format!("SELECT {name}, {key} FROM public.{table}"), &[]).await? {
            references.insert((table.to_owned(), row.get(0)), row.get(1));
        }
    }
    Ok(references)
}

/// Counts the outcomes from the rows that were written. A protocol had a positive outcome if the last PHQ-9 after it is
/// at most half of the one before treatment.
async fn summarise(transaction: &Transaction<'_>, first_site: i64) -> Result<usize, Error> {
    let first = next(transaction, "outcomes_summary", "summary_id").await?;
    let statement = "
        INSERT INTO public.outcomes_summary
          (summary_id, site_id, substance_id, month, total_protocols, response_rate, adverse_event_rate)
        OVERRIDING SYSTEM VALUE
        SELECT $1::bigint - 1 + row_number() OVER (ORDER BY month, site_id, substance_id), site_id, substance_id, month, total,
          response, adverse
        FROM (
          SELECT site_id, substance_id, date_trunc('month', session_date)::date AS month, count(*) AS total,
            round(100.0 * count(*) FILTER (WHERE last.score * 2 <= baseline_phq9_score)
              / nullif(count(last.score), 0), 2) AS response,
            round(100.0 * count(safety_event_id) / count(*), 2) AS adverse
          FROM public.log_clinical_records
          LEFT JOIN LATERAL (
            SELECT score FROM public.assessment_responses JOIN public.ref_assessments USING (assessment_id)
            WHERE protocol_id = record_id AND assessment_code = 'PHQ9' AND completed_at::date > session_date
            ORDER BY completed_at DESC LIMIT 1
          ) AS last ON true
          WHERE log_clinical_records.site_id >= $2::bigint
          GROUP BY 1, 2, 3
        ) AS month";
    let rows = transaction.execute(statement, &[&first, &first_site]).await?;
    transaction
        .execute(
            "SELECT setval(pg_get_serial_sequence('public.outcomes_summary', 'summary_id'),
               (SELECT max(summary_id) FROM public.outcomes_summary))",
            &[],
        )
        .await?;
    Ok(usize::try_from(rows).unwrap_or(usize::MAX))
}
