//! `ref_stages`

use sea_orm::entity::prelude::*;

/// A stage of {schema}.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ref_stages")]
pub struct Model {
    /// Key of the stage.
    #[sea_orm(primary_key)]
    pub stage_id: i64,
    /// Name of the stage.
    #[sea_orm(column_type = "Text", unique)]
    pub stage_name: String,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write.
pub const WRITES: entity::Writes =
    entity::Writes { insert: &["stage_name"], update: &["stage_name"], delete: true };
