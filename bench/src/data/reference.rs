//! Reads the keys of the reference rows, which the migrations have inserted.

use tokio_postgres::Client;

use super::random::Random;
use crate::Failure;

/// Keys that the generated rows reference.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) substances: Vec<i64>,
    pub(super) routes: Vec<i64>,
    pub(super) indications: Vec<i64>,
    pub(super) modalities: Vec<i64>,
    pub(super) medications: Vec<i64>,
    pub(super) smoking: Vec<i64>,
    pub(super) safety_events: Vec<i64>,
    pub(super) grades: Vec<i64>,
    pub(super) resolutions: Vec<i64>,
    pub(super) homework_types: Vec<i64>,
    /// Types of events, with the frequency of each.
    pub(super) event_types: Vec<(i64, u32)>,
    /// The keys of PHQ-9 and GAD-7.
    pub(super) assessments: [i64; 2],
}

/// The frequency of each event in the log, in percent.
const EVENTS: [(&str, u32); 8] = [
    ("Vital Signs Check", 40),
    ("Music Change", 24),
    ("Integration Moment", 10),
    ("Distress", 8),
    ("Breakthrough", 6),
    ("Bathroom Break", 6),
    ("Peak Experience", 5),
    ("Booster Dose", 1),
];

impl Reference {
    pub(super) async fn read(client: &Client) -> Result<Self, Failure> {
        let keys = async |column: &str, table: &str| -> Result<Vec<i64>, Failure> {
            let sql = format!("SELECT {column} FROM {table} WHERE is_active ORDER BY 1");
            Ok(client.query(&sql, &[]).await?.iter().map(|row| row.get(0)).collect())
        };
        let key = async |sql: &str, name: &str| -> Result<i64, Failure> {
            let row = client.query_opt(sql, &[&name]).await?;
            Ok(row.ok_or_else(|| format!("the reference row {name} is missing"))?.get(0))
        };
        let mut event_types = Vec::new();
        for (name, weight) in EVENTS {
            let sql = "SELECT event_type_id FROM ref_event_types WHERE event_name = $1";
            event_types.push((key(sql, name).await?, weight));
        }
        let assessment = "SELECT assessment_id FROM ref_assessments WHERE assessment_code = $1";
        Ok(Self {
            substances: keys("substance_id", "ref_substances").await?,
            routes: keys("route_id", "ref_routes").await?,
            indications: keys("indication_id", "ref_indications").await?,
            modalities: keys("modality_id", "ref_support_modality").await?,
            medications: keys("medication_id", "ref_medications").await?,
            smoking: keys("smoking_status_id", "ref_smoking_status").await?,
            safety_events: keys("safety_event_id", "ref_safety_events").await?,
            grades: keys("severity_grade_id", "ref_severity_grade").await?,
            resolutions: keys("resolution_status_id", "ref_resolution_status").await?,
            homework_types: keys("homework_type_id", "ref_homework_types").await?,
            event_types,
            assessments: [key(assessment, "PHQ9").await?, key(assessment, "GAD7").await?],
        })
    }

    /// Returns the substance of a protocol. Each site gives one substance most of the time, and so often enough per month to be
    /// compared with the network.
    pub(super) fn substance(&self, site: i64, random: &mut Random) -> i64 {
        let usual = usize::try_from(site).unwrap_or_default() % self.substances.len().max(1);
        match self.substances.get(usual) {
            Some(usual) if random.chance(0.7) => *usual,
            _ => random.pick(&self.substances),
        }
    }
}
