//! Descriptions of tables and columns for the comments of the database.

use migration::Description;

use crate::graph::catalog::{Catalog, CatalogError, System};

/// Returns the descriptions of the tables and views of systems, and of their columns, as the GraphQL schema has them.
pub fn descriptions(systems: &[System]) -> Result<Vec<Description>, CatalogError> {
    let mut descriptions = Vec::new();
    let catalog = Catalog::new(systems)?;
    for table in catalog.tables().iter().filter(|table| table.function.is_none()) {
        let columns = table.columns.iter().map(|column| (Some(column.name.clone()), &column.doc));
        descriptions.extend(std::iter::once((None, &table.doc)).chain(columns).map(|(column, doc)| {
            Description {
                schema: table.schema.clone(),
                table: table.name.clone(),
                column,
                text: doc.replace('\n', " "),
            }
        }));
    }
    Ok(descriptions)
}
