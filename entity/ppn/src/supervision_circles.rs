//! `supervision_circles`

use sea_orm::entity::prelude::*;

/// How often a circle meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum MeetingFrequency {
    /// Once a week.
    #[sea_orm(string_value = "weekly")]
    Weekly,
    /// Every two weeks.
    #[sea_orm(string_value = "biweekly")]
    Biweekly,
    /// Once a month.
    #[sea_orm(string_value = "monthly")]
    Monthly,
}

/// A small group of practitioners that meets for peer supervision.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "supervision_circles")]
pub struct Model {
    /// Key of the circle.
    #[sea_orm(primary_key)]
    pub circle_id: i64,
    /// Name of the circle.
    #[sea_orm(column_type = "Text")]
    pub circle_name: String,
    /// Largest number of members of the circle.
    #[sea_orm(default_value = 8)]
    pub max_members: Option<i32>,
    /// How often the circle meets.
    pub meeting_frequency: Option<MeetingFrequency>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// Members of the circle.
    #[sea_orm(has_many)]
    pub members: HasMany<super::circle_members::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes { insert: COLUMNS, update: COLUMNS, delete: false };

/// Columns of the inputs.
const COLUMNS: &[&str] = &["circle_name", "max_members", "meeting_frequency"];
