//! `free_slots`, the rows of the function of that name

use sea_orm::entity::prelude::*;

/// A time in which a therapist has no session.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "therapyflow", table_name = "free_slots")]
pub struct Model {
    /// Start time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub starts_at: DateTimeWithTimeZone,
    /// End time.
    pub ends_at: DateTimeWithTimeZone,
}

impl ActiveModelBehavior for ActiveModel {}
