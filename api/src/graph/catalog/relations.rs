//! Resolves the relations of entities.

use heck::ToLowerCamelCase as _;
use sea_orm::{Identity, RelationDef};

use super::build::{CatalogError, Draft};
use super::{ByName, Relation, Table};

/// Resolves a relation: finds the table that it leads to, and the columns on both sides.
pub(super) fn resolve(
    drafts: &[Draft],
    by_name: &ByName,
    draft: &Draft,
    source: &'static entity::RelationSource,
    def: &RelationDef,
) -> Result<Relation, CatalogError> {
    let (schema, name) = target_name(draft, def);
    let target = by_name.get(&schema, &name).ok_or_else(|| CatalogError::Target {
        table: draft.table.full_name(),
        relation: source.name.to_owned(),
        target: format!("{schema}.{name}"),
    })?;
    let other = &drafts[target.0].table;
    let columns = |table: &Table, identity: &Identity| {
        identity.iter().map(|column| table.column_named(&column.to_string())).collect::<Option<Vec<_>>>()
    };
    columns(&draft.table, &def.from_col)
        .zip(columns(other, &def.to_col))
        .filter(|(local, remote)| {
            local.len() == remote.len()
                && local.iter().zip(remote).all(|(mine, theirs)| {
                    draft.table.column(*mine).ty.postgres() == other.column(*theirs).ty.postgres()
                })
        })
        .map(|(local, remote)| Relation {
            field: source.name.to_lower_camel_case(),
            doc: source.doc.to_owned(),
            target,
            local,
            remote,
            many: source.many,
        })
        .ok_or_else(|| CatalogError::RelationColumns {
            table: draft.table.full_name(),
            relation: source.name.to_owned(),
            target: other.full_name(),
        })
}

/// Returns the schema and name of the table that a relation leads to. A name without a schema means the schema of the table itself.
fn target_name(draft: &Draft, def: &RelationDef) -> (String, String) {
    match &def.to_tbl {
        sea_orm::sea_query::TableRef::Table(name, _) => {
            let schema = name.0.as_ref().map(|schema| schema.1.to_string());
            (schema.unwrap_or_else(|| draft.table.schema.clone()), name.1.to_string())
        }
        // sea-orm makes relations between tables only; anything else is reported as a missing target.
        other => (String::new(), format!("{other:?}")),
    }
}
