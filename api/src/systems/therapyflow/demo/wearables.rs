//! Generates samples of the patients' devices: two months of heart rate, its variability, sleep, steps and activity.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::people::all_patients;
use super::{Kind, key};
use crate::systems::demo::calendar::minute;
use crate::systems::demo::random::Random;

const WEARABLES: u64 = 0x7f07;
/// Day on which BioSync began.
const BEGAN: i32 = -60;

/// A row of `wearable_data`.
#[derive(Debug, Serialize)]
pub(super) struct SampleRow {
    id: Uuid,
    patient_id: Uuid,
    data_type: &'static str,
    metrics: Value,
    pub(super) recorded_at: DateTime<Utc>,
    synced_at: DateTime<Utc>,
    source: &'static str,
}

pub(super) const INSERT: &str = "\
INSERT INTO therapyflow.wearable_data (id, patient_id, data_type, metrics, recorded_at, synced_at, source)
SELECT id, patient_id, data_type, metrics, recorded_at, synced_at, source
FROM json_to_recordset($1) AS row(
  id uuid, patient_id uuid, data_type text, metrics jsonb, recorded_at timestamptz, synced_at timestamptz, source text)";

/// Returns the samples of the first ten patients, who wear a device. Therapy has effects: the heart slows down, nights get longer.
pub(super) fn rows() -> Vec<SampleRow> {
    let mut rows = Vec::new();
    for patient in all_patients().into_iter().take(10) {
        let mut random = Random::new(WEARABLES, patient.number);
        let source = random.pick(&["google_health_connect", "apple_healthkit"]);
        let resting = random.range(62.0, 82.0);
        for day in BEGAN..0 {
            let progress = f64::from(day - BEGAN) / f64::from(-BEGAN);
            let mut sample = |data_type, at: i32, metrics| {
                let recorded_at = minute(day, at);
                rows.push(SampleRow {
                    id: key(Kind::Sample, rows.len()),
                    patient_id: key(Kind::Patient, patient.number),
                    data_type,
                    metrics,
                    recorded_at,
                    synced_at: minute(day + 1, 30),
                    source,
                });
            };
            for (at, effort) in [(120, 0.0), (390, 14.0), (690, 10.0), (960, 4.0)] {
                let bpm = (resting - 7.0 * progress + effort + random.noise(6.0)).round();
                sample("heart_rate", at + random.between(0, 40), json!({ "bpm": bpm }));
            }
            let rmssd = tenths(28.0 + 14.0 * progress + random.noise(9.0));
            sample("hrv", 90 + random.between(0, 20), json!({ "rmssd": rmssd }));
            let hours = tenths(5.6 + 1.3 * progress + random.noise(1.2));
            let quality = random.pick(&["poor", "fair", "good", "good"]);
            sample(
                "sleep",
                60 + random.between(0, 50),
                json!({ "duration_hours": hours, "quality": quality }),
            );
            sample("steps", 1110, json!({ "count": random.between(1800, 11_500) }));
            if random.chance(0.4) {
                sample("activity", 1115, json!({ "active_minutes": random.between(10, 75) }));
            }
        }
    }
    rows
}

fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
