//! The policies for writing, by table and by function, with inputs to write.
//!
//! The policies are those of the portal's schema brief, taken literally; without one there, they follow its standard pattern:
//! clinicians and administrators of the site.

mod practices;

use praxis::graph::catalog::{Function, Table};
use serde_json::{Value, json};

use crate::people::{NETWORK_ADMIN, SIGNED_IN};

/// The policies for writing a table, with inputs.
pub(crate) struct Recipe {
    /// The condition for inserting a row.
    pub(crate) insert: String,
    /// The condition for changing a row.
    pub(crate) update: String,
    /// The condition for deleting a row.
    pub(crate) delete: String,
    /// A query that returns inputs of new rows: of the caller's site and of another, if the table has sites. The first row of a
    /// reference table exists already, and nothing references it.
    pub(crate) inputs: String,
    /// A patch that changes any row.
    pub(crate) patch: Value,
}

/// The policy for calling a function, with arguments.
pub(crate) struct Call {
    /// A query that returns arguments.
    pub(crate) arguments: String,
    /// The conditions of refusals, of which the first that holds counts. `:name` is replaced by an argument.
    pub(crate) refusals: Vec<(String, &'static str)>,
}

/// A protocol of each of the two sites.
const PROTOCOLS: &str = "SELECT max(record_id)::text AS protocol FROM log_clinical_records
  GROUP BY site_id ORDER BY max(record_id) DESC LIMIT 2";

/// Returns the recipe of a table.
pub(crate) fn recipe(table: &Table) -> Recipe {
    match table.full_name().as_str() {
        "public.log_clinical_records" => same(
            "EXISTS (
              SELECT 1 FROM user_sites us
              WHERE us.user_id = auth.uid()
                AND us.role IN ('clinician', 'site_admin')
                AND us.site_id = log_clinical_records.site_id
            )",
            "SELECT json_build_object('siteId', site_id::text) FROM sites ORDER BY site_id DESC LIMIT 2",
            json!({ "dosageMg": 12.5 }),
        ),
        "public.session_events" => of_a_protocol(
            &table.name,
            "'eventTypeId', '1', 'eventTimestamp', '2026-01-01T10:00:00Z'",
            Value::Null, // A logged event stays as it is.
        ),
        "public.integration_homework" => of_a_protocol(
            &table.name,
            "'assignedDate', '2026-02-01', 'dueDate', '2026-03-01'",
            json!({ "completionNotes": "changed" }),
        ),
        "public.integration_scores" => of_a_protocol(
            &table.name,
            "'scaleType', 'EIS', 'scoreValue', 60, 'measuredAt', '2026-01-08T10:00:00Z'",
            json!({ "scoreValue": 61 }),
        ),
        "public.assessment_responses" => {
            of_a_protocol(&table.name, "'score', 9, 'completedAt', '2026-01-08T10:00:00Z'", json!({ "score": 8 }))
        }
        "public.practitioner_profiles" => same(
            "user_id = auth.uid()",
            "SELECT json_build_object('displayName', 'New')",
            json!({ "bio": "changed" }),
        ),
        "public.supervision_relationships" => Recipe {
            insert: "EXISTS (
                SELECT 1 FROM practitioner_profiles
                WHERE profile_id = supervision_relationships.supervisee_id
                  AND user_id = auth.uid()
              )"
            .to_owned(),
            ..same(
                "EXISTS (
                  SELECT 1 FROM practitioner_profiles
                  WHERE (profile_id = supervision_relationships.supervisor_id
                      OR profile_id = supervision_relationships.supervisee_id)
                    AND user_id = auth.uid()
                )",
                "SELECT json_build_object('supervisorId', profile_id::text) FROM practitioner_profiles
                 WHERE display_name IN ('fourth@tests.example', 'a clinician@tests.example') ORDER BY profile_id DESC",
                json!({ "status": "CANCELLED" }),
            )
        },
        "public.supervision_circles" => Recipe {
            insert: SIGNED_IN.to_owned(),
            ..same(
                "EXISTS (
                  SELECT 1 FROM circle_members cm JOIN practitioner_profiles pp ON pp.profile_id = cm.profile_id
                  WHERE cm.circle_id = supervision_circles.circle_id AND pp.user_id = auth.uid()
                )",
                "SELECT json_build_object('circleName', 'New')",
                json!({ "meetingFrequency": "WEEKLY" }),
            )
        },
        "public.circle_members" => same(
            "EXISTS (
              SELECT 1 FROM practitioner_profiles
              WHERE profile_id = circle_members.profile_id
                AND user_id = auth.uid()
            )",
            // The caller, and another user.
            "SELECT json_build_object('circleId', circle_id::text) FROM supervision_circles
               WHERE circle_name = 'Another circle'
             UNION ALL
             SELECT json_build_object('circleId', circle_id::text, 'profileId', profile_id::text)
               FROM supervision_circles, practitioner_profiles
               WHERE circle_name = 'Another circle' AND display_name = 'fourth@tests.example'",
            Value::Null,
        ),
        "public.ref_medications" => reference("'medicationName', 'Row ' || n"),
        "public.ref_homework_types" => reference("'homeworkName', 'Row ' || n"),
        "public.ref_substances" => reference("'substanceName', 'Row ' || n"),
        "public.ref_routes" => reference("'routeName', 'Row ' || n"),
        "public.ref_indications" => reference("'indicationName', 'Row ' || n"),
        "public.ref_support_modality" => reference("'modalityName', 'Row ' || n"),
        "public.ref_event_types" | "public.ref_safety_events" => reference("'eventName', 'Row ' || n"),
        "public.ref_smoking_status" | "public.ref_resolution_status" => reference("'statusName', 'Row ' || n"),
        "public.ref_severity_grade" => reference("'gradeValue', 100 + n, 'gradeLabel', 'Row ' || n"),
        "public.ref_assessments" => reference(
            "'assessmentCode', 'ROW' || n, 'assessmentName', 'Row ' || n, 'minScore', 0, 'maxScore', 10",
        ),
        "public.ref_assessment_bands" => {
            reference("'assessmentId', '1', 'minScore', 1000 + n, 'maxScore', 1000 + n, 'label', 'Row ' || n")
        }
        _ if table.schema == "therapyflow" => practices::recipe(&table.name),
        name => panic!("{name} can be written and has no recipe in this test: write down what its source says"),
    }
}

/// Returns the recipe of a function that writes.
pub(crate) fn call(function: &Function) -> Call {
    let of_protocol = |more: &str| Call {
        arguments: format!(
            "SELECT json_build_object('protocolId', protocol {more}) FROM ({PROTOCOLS}) AS protocols"
        ),
        refusals: vec![
            (not_at_the_site(":protocolId", ""), "NOT_FOUND"),
            (not_at_the_site(":protocolId", WRITERS), "FORBIDDEN"),
        ],
    };
    let of_relationship = |refusals: &[(&str, &'static str)]| Call {
        arguments: "SELECT json_build_object('relationshipId', relationship_id::text)
          FROM supervision_relationships ORDER BY relationship_id DESC LIMIT 4"
            .to_owned(),
        refusals: std::iter::once((
            "NOT EXISTS (
              SELECT FROM supervision_relationships JOIN practitioner_profiles
                ON profile_id IN (supervisor_id, supervisee_id)
              WHERE relationship_id = :relationshipId AND user_id = auth.uid()
            )",
            "NOT_FOUND",
        ))
        .chain(refusals.iter().copied())
        .map(|(condition, code)| (condition.to_owned(), code))
        .collect(),
    };
    let needs_profile = |arguments: &str| Call {
        arguments: arguments.to_owned(),
        refusals: vec![(
            "NOT EXISTS (SELECT FROM practitioner_profiles WHERE user_id = auth.uid())".to_owned(),
            "BAD_USER_INPUT",
        )],
    };
    match function.name.as_str() {
        "log_session_event" => of_protocol(", 'eventType', 'Distress'"),
        "log_session_events" => {
            of_protocol(", 'events', json_build_array(json_build_object('eventType', 'Distress'))")
        }
        "assign_homework" => of_protocol(
            ", 'homework', json_build_array(json_build_object('homeworkType', 'Journaling', 'dueDate', '2099-01-01'))",
        ),
        "complete_homework" => {
            let protocol = "(SELECT protocol_id FROM integration_homework WHERE homework_id = :homeworkId)";
            Call {
                arguments: format!(
                    "SELECT json_build_object('homeworkId', max(homework_id)::text) FROM integration_homework
                     WHERE protocol_id::text IN ({PROTOCOLS}) GROUP BY protocol_id"
                ),
                refusals: vec![
                    (not_at_the_site(protocol, ""), "NOT_FOUND"),
                    (not_at_the_site(protocol, WRITERS), "FORBIDDEN"),
                ],
            }
        }
        "request_supervision" => needs_profile(
            "SELECT json_build_object('supervisorId', profile_id::text) FROM practitioner_profiles
             WHERE display_name = 'fourth@tests.example'",
        ),
        // An active one is not accepted again, and not refused.
        "accept_supervision" => of_relationship(&[(
            "EXISTS (
              SELECT FROM supervision_relationships JOIN practitioner_profiles ON profile_id = supervisee_id
              WHERE relationship_id = :relationshipId AND status = 'pending' AND user_id = auth.uid()
            )",
            "FORBIDDEN",
        )]),
        "complete_supervision" => of_relationship(&[(
            "EXISTS (
              SELECT FROM supervision_relationships WHERE relationship_id = :relationshipId AND status = 'pending')",
            "CONFLICT",
        )]),
        "cancel_supervision" => of_relationship(&[]),
        "join_circle" => needs_profile(
            "SELECT json_build_object('circleId', circle_id::text) FROM supervision_circles
             WHERE circle_name = 'Another circle'",
        ),
        name if function.sql_name.starts_with("\"therapyflow\"") => practices::call(name),
        name => panic!("{name} writes and has no recipe in this test: write down who may call it"),
    }
}

const WRITERS: &str = "AND us.role IN ('clinician', 'site_admin')";

fn not_at_the_site(protocol: &str, role: &str) -> String {
    format!(
        "NOT EXISTS (
          SELECT 1 FROM user_sites us
          JOIN log_clinical_records lcr ON lcr.site_id = us.site_id
          WHERE us.user_id = auth.uid() {role}
            AND lcr.record_id = {protocol}
        )"
    )
}

/// Returns the recipe of a table with one condition for everything.
fn same(policy: &str, inputs: &str, patch: Value) -> Recipe {
    Recipe {
        insert: policy.to_owned(),
        update: policy.to_owned(),
        delete: policy.to_owned(),
        inputs: inputs.to_owned(),
        patch,
    }
}

/// Returns the recipe of clinical data below a protocol.
fn of_a_protocol(table: &str, values: &str, patch: Value) -> Recipe {
    let policy = format!(
        "EXISTS (
          SELECT 1 FROM user_sites us
          JOIN log_clinical_records lcr ON lcr.site_id = us.site_id
          WHERE us.user_id = auth.uid()
            AND us.role IN ('clinician', 'site_admin')
            AND lcr.record_id = {table}.protocol_id
        )"
    );
    let inputs =
        format!("SELECT json_build_object('protocolId', protocol, {values}) FROM ({PROTOCOLS}) AS protocols");
    same(&policy, &inputs, patch)
}

/// Returns the recipe of a table that only the network's administrators write. `values`: of the nth row.
fn reference(values: &str) -> Recipe {
    let inputs = format!("SELECT json_build_object({values}) FROM generate_series(1, 2) AS n ORDER BY n");
    same(NETWORK_ADMIN, &inputs, json!({ "isActive": false }))
}
