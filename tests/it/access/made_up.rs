//! The access rules of the made-up system: two for its sixty schemas, whatever the number of their tables.

use super::{Access, Declaration, Own, Rule, Tables, own};
use crate::people::SIGNED_IN;

pub(super) const DECLARATION: Declaration =
    Declaration { schemas: entity_made_up::SCHEMAS, rules, own: exceptions };

fn rules() -> Vec<Rule> {
    vec![
        Rule {
            tables: Tables::References,
            access: Access::default().read(SIGNED_IN).write(SIGNED_IN),
            values: "",
        },
        // Everybody's own entries; the database sets the owner.
        Rule {
            tables: Tables::Column("user_id"),
            access: Access::default().read("user_id = auth.uid()").write("user_id = auth.uid()"),
            values: "",
        },
    ]
}

fn exceptions() -> Vec<Own> {
    vec![
        own("companies").read(SIGNED_IN),
        own("company_entries").read(
            "EXISTS (SELECT FROM {schema}.tool_data e
               WHERE e.entry_id = company_entries.entry_id AND e.user_id = auth.uid())",
        ),
    ]
}
