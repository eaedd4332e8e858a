//! `companies`

use sea_orm::entity::prelude::*;

/// A company whose people use the tools. Everybody who signs in may read its name.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "made_up", table_name = "companies")]
pub struct Model {
    /// Key of the company.
    #[sea_orm(primary_key)]
    pub company_id: i64,
    /// Name of the company.
    #[sea_orm(column_type = "Text")]
    pub name: String,
}

impl ActiveModelBehavior for ActiveModel {}
