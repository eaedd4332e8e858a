//! `ref_safety_events`

use sea_orm::entity::prelude::*;

/// A type of adverse event during or after a session.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ref_safety_events")]
pub struct Model {
    /// Key of the event type.
    #[sea_orm(primary_key)]
    pub safety_event_id: i64,
    /// Name of the event type.
    #[sea_orm(column_type = "Text", unique)]
    pub event_name: String,
    /// Short code of the event type.
    #[sea_orm(column_type = "Text")]
    pub event_code: Option<String>,
    /// Category of the event, such as psychological or cardiovascular.
    #[sea_orm(column_type = "Text")]
    pub event_category: Option<String>,
    /// Whether the row is offered for new records. Retired rows remain, because old records reference them.
    #[sea_orm(default_value = true)]
    pub is_active: Option<bool>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// Protocols with an event of this type.
    #[sea_orm(has_many)]
    pub protocols: HasMany<super::log_clinical_records::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes { insert: COLUMNS, update: COLUMNS, delete: true };

/// Columns of the inputs.
const COLUMNS: &[&str] = &["event_name", "event_code", "event_category", "is_active"];
