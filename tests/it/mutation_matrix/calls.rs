//! The policies for calling functions that write, with arguments to call them with.
//!
//! The policies are those of the portal's schema brief, taken literally; without one there, they follow its standard pattern:
//! clinicians and administrators of the site.

mod practices;

use praxis::graph::catalog::Function;

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
