//! `ref_homework_types`

use sea_orm::entity::prelude::*;

/// A type of homework between sessions.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ref_homework_types")]
pub struct Model {
    /// Key of the homework type.
    #[sea_orm(primary_key)]
    pub homework_type_id: i64,
    /// Name of the homework type, such as Journaling.
    #[sea_orm(column_type = "Text", unique)]
    pub homework_name: String,
    /// Description of the patient's task.
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// Usual duration, in minutes.
    pub typical_duration_minutes: Option<i32>,
    /// Whether the row is offered for new records. Retired rows remain, because old records reference them.
    #[sea_orm(default_value = true)]
    pub is_active: Option<bool>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// Homework of this type.
    #[sea_orm(has_many)]
    pub homework: HasMany<super::integration_homework::Entity>,
    /// Homework of this type with its status today.
    #[sea_orm(has_many)]
    pub homework_statuses: HasMany<super::homework_statuses::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes { insert: COLUMNS, update: COLUMNS, delete: true };

/// Columns of the inputs.
const COLUMNS: &[&str] = &["homework_name", "description", "typical_duration_minutes", "is_active"];
