//! The portal's access rules, by its schema brief.
//!
//! The policies of the brief's "existing" tables are those that the portal is known to have, or follow the brief's standard pattern:
//! members of the site read, its clinicians and administrators write.

use serde_json::json;

use super::{Access, Declaration, Own, Rule, Tables, own};
use crate::people::{NETWORK_ADMIN, SIGNED_IN};

pub(super) const DECLARATION: Declaration =
    Declaration { schemas: entity_ppn::SCHEMAS, rules, own: exceptions };

fn rules() -> Vec<Rule> {
    vec![
        Rule {
            tables: Tables::References,
            access: Access::default().read(format!("{SIGNED_IN} OR {NETWORK_ADMIN}")).write(NETWORK_ADMIN),
            values: "",
        },
        // Clinical data, and views of it, which show what their tables show.
        Rule {
            tables: Tables::Column("protocol_id"),
            access: Access::default()
                .read(at_the_site_of_the_protocol(""))
                .write(at_the_site_of_the_protocol(WRITERS)),
            values: "SELECT max(record_id)::text FROM log_clinical_records GROUP BY site_id ORDER BY max(record_id) DESC LIMIT 2",
        },
        // Summaries, which the database writes.
        Rule {
            tables: Tables::Named(&["outcomes_summary", "network_benchmarks", "session_activities"]),
            access: Access::default().read(format!("{} OR {NETWORK_ADMIN}", at_the_site(""))),
            values: "",
        },
        Rule {
            tables: Tables::Column("site_id"),
            access: Access::default().read(at_the_site("")).write(at_the_site(WRITERS)),
            values: "SELECT site_id::text FROM log_clinical_records GROUP BY site_id ORDER BY max(record_id) DESC LIMIT 2",
        },
        // The supervision exchange. `practitioner_hits`: the results of a search without words.
        Rule {
            tables: Tables::Named(&[
                "practitioner_profiles",
                "practitioner_hits",
                "supervision_circles",
                "circle_members",
            ]),
            access: Access::default().read(SIGNED_IN),
            values: "",
        },
    ]
}

/// The members of a site who write.
const WRITERS: &str = "AND us.role IN ('clinician', 'site_admin')";

fn at_the_site(role: &str) -> String {
    format!(
        "EXISTS (
          SELECT 1 FROM user_sites us
          WHERE us.user_id = auth.uid() {role} AND us.site_id = {{table}}.site_id
        )"
    )
}

fn at_the_site_of_the_protocol(role: &str) -> String {
    format!(
        "EXISTS (
          SELECT 1 FROM user_sites us
          JOIN log_clinical_records lcr ON lcr.site_id = us.site_id
          WHERE us.user_id = auth.uid() {role}
            AND lcr.record_id = {{table}}.protocol_id
        )"
    )
}

/// The condition that a profile of a row, given by its column, is the caller's.
fn is_own_profile(column: &str) -> String {
    format!(
        "EXISTS (
          SELECT 1 FROM practitioner_profiles
          WHERE profile_id = {{table}}.{column} AND user_id = auth.uid()
        )"
    )
}

const PARTICIPATES: &str = "EXISTS (
  SELECT 1 FROM practitioner_profiles
  WHERE (profile_id = supervision_relationships.supervisor_id
      OR profile_id = supervision_relationships.supervisee_id)
    AND user_id = auth.uid()
)";

fn exceptions() -> Vec<Own> {
    vec![
        own("sites").read("true"),
        own("user_sites").read("user_id = auth.uid()"),
        own("practitioner_profiles").write("user_id = auth.uid()"),
        own("supervision_relationships")
            .read(PARTICIPATES)
            .write(PARTICIPATES)
            .insert(is_own_profile("supervisee_id"))
            .inputs(
                "SELECT json_build_object('supervisorId', profile_id::text) FROM practitioner_profiles
                 WHERE display_name IN ('fourth@tests.example', 'a clinician@tests.example') ORDER BY profile_id DESC",
            )
            .patch(json!({ "status": "CANCELLED" })),
        own("supervision_circles").insert(SIGNED_IN).change(
            "EXISTS (
              SELECT 1 FROM circle_members cm JOIN practitioner_profiles pp ON pp.profile_id = cm.profile_id
              WHERE cm.circle_id = supervision_circles.circle_id AND pp.user_id = auth.uid()
            )",
        ),
        own("circle_members").write(is_own_profile("profile_id")).inputs(
            // The caller, and another user.
            "SELECT json_build_object('circleId', circle_id::text) FROM supervision_circles
               WHERE circle_name = 'Another circle'
             UNION ALL
             SELECT json_build_object('circleId', circle_id::text, 'profileId', profile_id::text)
               FROM supervision_circles, practitioner_profiles
               WHERE circle_name = 'Another circle' AND display_name = 'fourth@tests.example'",
        ),
        own("supervision_network_edges").read(
            "kind = 'circle' AND auth.role() = 'authenticated' OR EXISTS (
              SELECT 1 FROM practitioner_profiles
              WHERE profile_id IN (source_id, target_id) AND user_id = auth.uid()
            )",
        ),
        own("supervision_network_nodes").read(
            "circle_count > 0 AND auth.role() = 'authenticated' OR EXISTS (
              SELECT 1 FROM practitioner_profiles me
              WHERE me.profile_id = supervision_network_nodes.profile_id AND me.user_id = auth.uid()
            ) OR EXISTS (
              SELECT 1 FROM supervision_relationships r JOIN practitioner_profiles me ON me.user_id = auth.uid()
              WHERE r.status IN ('pending', 'active') AND me.profile_id IN (r.supervisor_id, r.supervisee_id)
                AND supervision_network_nodes.profile_id IN (r.supervisor_id, r.supervisee_id)
            )",
        ),
        // The results of functions without arguments; see `people::source`.
        own("supervision_matches").read(
            "EXISTS (
              SELECT 1 FROM practitioner_profiles me
              WHERE me.user_id = auth.uid() AND me.profile_id <> supervision_matches.supervisor_id AND NOT EXISTS (
                SELECT 1 FROM supervision_relationships r
                WHERE r.status IN ('pending', 'active') AND me.profile_id IN (r.supervisor_id, r.supervisee_id)
                  AND supervision_matches.supervisor_id IN (r.supervisor_id, r.supervisee_id))
            )",
        ),
        own("supervision_networks").read("viewer_id = auth.uid()"),
    ]
}
