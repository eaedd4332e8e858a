//! The build scripts and sea-orm read the same from the files of entities.

use std::collections::BTreeSet;

use entity::{Source, TableName, Visitor};
use sea_orm::{EntityTrait, IdenStatic, Iterable, RelationTrait, RelationType};

struct Agrees;

impl Visitor for Agrees {
    fn visit<E: EntityTrait>(&mut self, entity: E, table: TableName, source: &'static Source) {
        assert_eq!(entity.table_name(), table.name);
        assert_eq!(entity.schema_name().unwrap_or("public"), table.schema, "schema of {table}");
        let columns: Vec<_> = E::Column::iter().map(|it| it.as_str().to_owned()).collect();
        let described: Vec<_> = source.columns.iter().map(|it| it.name).collect();
        assert_eq!(columns, described, "columns of {table}");

        let relations: BTreeSet<_> = E::Relation::iter()
            .map(|it| (format!("{it:?}"), it.def().rel_type == RelationType::HasMany))
            .collect();
        let described: BTreeSet<_> =
            source.relations.iter().map(|it| (it.relation.to_owned(), it.many)).collect();
        assert_eq!(relations, described, "relations of {table}");
    }
}

#[test]
fn the_descriptions_agree_with_the_entities() {
    crate::systems::visit(&mut Agrees);
    entity_auth::visit(&mut Agrees);
}

struct Values(Vec<(&'static str, &'static str, &'static str)>);

impl Visitor for Values {
    fn visit<E: EntityTrait>(&mut self, _: E, _: TableName, source: &'static Source) {
        for values in source.columns.iter().filter_map(|it| it.values) {
            self.0.extend(values.values.iter().map(|it| (values.name, it.name, it.value)));
        }
    }
}

#[test]
fn values_are_named_in_screaming_snake() {
    let mut values = Values(Vec::new());
    entity_ppn::visit(&mut values);
    for expected in [
        ("PatientAge", "FROM_18_TO_25", "18-25"),
        ("PatientAge", "FROM_66", "66+"),
        ("ScaleType", "IES", "IES"),
        ("UserSiteRole", "NETWORK_ADMIN", "network_admin"),
    ] {
        assert!(values.0.contains(&expected), "{expected:?} in {:?}", values.0);
    }
}
