//! The tables and views of the four systems, one file per table, no logic.
//!
//! A file `<system>/<table>.rs` is the single description of its table or view: its columns, keys and relations as sea-orm
//! reads them, and the doc comments that the gateway's users read as GraphQL descriptions. sea-orm keeps the first and
//! drops the second; `build.rs` reads the second from the same files. What a table looks like in GraphQL is not known
//! here.

pub mod auth;
mod function;
pub mod ppn;
pub mod therapyflow;
mod writes;

pub use function::{Argument, ArgumentType, Function, Returns};
pub use writes::Writes;

/// What the source of an entity says beyond sea-orm's metadata.
#[derive(Debug)]
pub struct Source {
    /// The table's name in the database.
    pub table: &'static str,
    /// What a row of the table is.
    pub doc: &'static str,
    /// The columns, in the order of the file.
    pub columns: &'static [ColumnSource],
    /// Unique keys of more than one column, other than the primary key; names of columns.
    pub unique_keys: &'static [&'static [&'static str]],
    /// The relations, in the order of the file.
    pub relations: &'static [RelationSource],
    /// What can be written: the file's constant `WRITES`; without it, nothing.
    pub writes: Writes,
}

/// What the source says of a column.
#[derive(Debug)]
pub struct ColumnSource {
    /// The column's name in the database.
    pub name: &'static str,
    /// What the column holds.
    pub doc: &'static str,
    /// The values of a column that is held to a list by a CHECK.
    pub values: Option<&'static EnumSource>,
}

/// The values of a column that is held to a list by a CHECK.
#[derive(Debug)]
pub struct EnumSource {
    /// The name of the Rust enum.
    pub name: &'static str,
    /// What the values have in common.
    pub doc: &'static str,
    /// The values, in the order of the file.
    pub values: &'static [ValueSource],
}

/// One value of an [`EnumSource`].
#[derive(Debug)]
pub struct ValueSource {
    /// The variant's name in `SCREAMING_SNAKE` case.
    pub name: &'static str,
    /// The text in the database.
    pub value: &'static str,
    /// What the value means.
    pub doc: &'static str,
}

/// What the source says of a relation.
#[derive(Debug)]
pub struct RelationSource {
    /// The field's name, in `snake_case`.
    pub name: &'static str,
    /// The name of the variant of the entity's `Relation`, as printed by `{:?}`.
    pub relation: &'static str,
    /// Whether the relation leads to many rows.
    pub many: bool,
    /// What the relation leads to.
    pub doc: &'static str,
}

/// Sees each table of a system; see [`ppn::visit`].
pub trait Visitor {
    /// Called once for each table.
    fn visit<E: sea_orm::EntityTrait>(&mut self, entity: E, source: &'static Source);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sea_orm::{EntityTrait, IdenStatic, Iterable, RelationTrait, RelationType};

    use super::{Source, Visitor, auth, ppn, therapyflow};

    struct Agrees(usize);

    impl Visitor for Agrees {
        fn visit<E: EntityTrait>(&mut self, entity: E, source: &'static Source) {
            self.0 += 1;
            assert_eq!(entity.table_name(), source.table);
            let columns: Vec<_> = E::Column::iter().map(|it| it.as_str().to_owned()).collect();
            let described: Vec<_> = source.columns.iter().map(|it| it.name).collect();
            assert_eq!(columns, described, "columns of {}", source.table);

            let relations: BTreeSet<_> = E::Relation::iter()
                .map(|it| (format!("{it:?}"), it.def().rel_type == RelationType::HasMany))
                .collect();
            let described: BTreeSet<_> =
                source.relations.iter().map(|it| (it.relation.to_owned(), it.many)).collect();
            assert_eq!(relations, described, "relations of {}", source.table);
        }
    }

    #[test]
    fn the_descriptions_agree_with_the_entities() {
        let mut agrees = Agrees(0);
        ppn::visit(&mut agrees);
        therapyflow::visit(&mut agrees);
        auth::visit(&mut agrees);
        assert_eq!(agrees.0, 52);
    }

    struct Values(Vec<(&'static str, &'static str, &'static str)>);

    impl Visitor for Values {
        fn visit<E: EntityTrait>(&mut self, _: E, source: &'static Source) {
            for values in source.columns.iter().filter_map(|it| it.values) {
                self.0.extend(values.values.iter().map(|it| (values.name, it.name, it.value)));
            }
        }
    }

    #[test]
    fn values_are_named_in_screaming_snake() {
        let mut values = Values(Vec::new());
        ppn::visit(&mut values);
        for expected in [
            ("PatientAge", "FROM_18_TO_25", "18-25"),
            ("PatientAge", "FROM_66", "66+"),
            ("ScaleType", "IES", "IES"),
            ("UserSiteRole", "NETWORK_ADMIN", "network_admin"),
        ] {
            assert!(values.0.contains(&expected), "{expected:?} in {:?}", values.0);
        }
    }
}
