//! `ref_event_types`

use sea_orm::entity::prelude::*;

/// A kind of event that is logged during a session.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ref_event_types")]
pub struct Model {
    /// Key of the kind of event.
    #[sea_orm(primary_key)]
    pub event_type_id: i64,
    /// Name of the kind of event, such as Distress or Breakthrough.
    #[sea_orm(column_type = "Text", unique)]
    pub event_name: String,
    /// Colour in charts, as a hexadecimal code such as `#f43f5e`.
    #[sea_orm(column_type = "Text")]
    pub color_code: Option<String>,
    /// Name of the icon in charts, such as `AlertTriangle`.
    #[sea_orm(column_type = "Text")]
    pub icon_name: Option<String>,
    /// Whether it is offered for new records. Retired rows stay, because old records point at them.
    #[sea_orm(default_value = true)]
    pub is_active: Option<bool>,
    /// Whether an event of this type records a dose: only then it can, and it has to.
    #[sea_orm(default_value = false)]
    pub records_dose: bool,
    /// Whether an event of this type records vital signs: only then it can, and it has to record at least one.
    #[sea_orm(default_value = false)]
    pub records_vitals: bool,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// Events of this kind.
    #[sea_orm(has_many)]
    pub events: HasMany<super::session_events::Entity>,
    /// Events of this kind, counted by site and month.
    #[sea_orm(has_many)]
    pub activities: HasMany<super::session_activities::Entity>,
    /// Events of this kind, each on the clock of its session.
    #[sea_orm(has_many)]
    pub timeline_events: HasMany<super::timeline_events::Entity>,
    /// Events of this type in the notes of sessions, counted.
    #[sea_orm(has_many)]
    pub session_note_counts: HasMany<super::session_note_counts::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What can be written.
pub const WRITES: crate::Writes = crate::Writes { insert: COLUMNS, update: COLUMNS, delete: true };

/// Columns of the inputs.
const COLUMNS: &[&str] =
    &["event_name", "color_code", "icon_name", "is_active", "records_dose", "records_vitals"];
