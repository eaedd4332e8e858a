//! Rows of the function `entries_of_company`.

use sea_orm::entity::prelude::*;

/// An entry of {schema}, a row of the function `entries_of_company`.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "company_entries")]
pub struct Model {
    /// Key of the entry.
    #[sea_orm(primary_key)]
    pub entry_id: i64,
    /// Number of the version.
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
