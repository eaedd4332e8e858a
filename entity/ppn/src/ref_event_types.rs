//! `ref_event_types`

use sea_orm::entity::prelude::*;

/// A type of event that is logged during a session.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ref_event_types")]
pub struct Model {
    /// Key of the event type.
    #[sea_orm(primary_key)]
    pub event_type_id: i64,
    /// Name of the event type, such as Distress or Breakthrough.
    #[sea_orm(column_type = "Text", unique)]
    pub event_name: String,
    /// Colour in charts, as a hexadecimal code such as `#f43f5e`.
    #[sea_orm(column_type = "Text")]
    pub color_code: Option<String>,
    /// Name of the icon in charts, such as `AlertTriangle`.
    #[sea_orm(column_type = "Text")]
    pub icon_name: Option<String>,
    /// Whether the row is offered for new records. Retired rows remain, because old records reference them.
    #[sea_orm(default_value = true)]
    pub is_active: Option<bool>,
    /// Whether events of this type record a dose. If true, a dose is required; if false, it is refused.
    #[sea_orm(default_value = false)]
    pub records_dose: bool,
    /// Whether events of this type record vital signs. If true, at least one is required; if false, they are refused.
    #[sea_orm(default_value = false)]
    pub records_vitals: bool,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// Events of this type.
    #[sea_orm(has_many)]
    pub events: HasMany<super::session_events::Entity>,
    /// Monthly counts of events of this type by site.
    #[sea_orm(has_many)]
    pub activities: HasMany<super::session_activities::Entity>,
    /// Events of this type, with their times since the start of the session.
    #[sea_orm(has_many)]
    pub timeline_events: HasMany<super::timeline_events::Entity>,
    /// Counts of events of this type in the notes of sessions.
    #[sea_orm(has_many)]
    pub session_note_counts: HasMany<super::session_note_counts::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes { insert: COLUMNS, update: COLUMNS, delete: true };

/// Columns of the inputs.
const COLUMNS: &[&str] =
    &["event_name", "color_code", "icon_name", "is_active", "records_dose", "records_vitals"];
