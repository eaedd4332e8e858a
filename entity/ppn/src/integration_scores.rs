//! `integration_scores`

use sea_orm::entity::prelude::*;

/// Scale of an integration score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum ScaleType {
    /// Integration Engagement Scale: how actively the patient integrates the experience.
    #[sea_orm(string_value = "IES")]
    Ies,
    /// Experienced Integration Scale: how integrated the patient feels.
    #[sea_orm(string_value = "EIS")]
    Eis,
}

/// A score of how a patient integrates the experience, measured repeatedly after a session.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "integration_scores")]
pub struct Model {
    /// Key of the score.
    #[sea_orm(primary_key)]
    pub score_id: i64,
    /// Key of the protocol.
    pub protocol_id: Option<i64>,
    /// Scale of the score.
    pub scale_type: Option<ScaleType>,
    /// Score, 0 to 100; higher is better.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub score_value: Decimal,
    /// Time of the measurement.
    pub measured_at: DateTimeWithTimeZone,
    /// Days between the session and the measurement; set by the database.
    pub days_post_dose: Option<i32>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// Site of the protocol; set by the database, so that policies can find a site's rows by index.
    pub site_id: Option<i64>,
    /// Last score of the same protocol and scale up to the day of the session; set by the database.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub baseline_score: Option<Decimal>,
    /// Protocol the score belongs to.
    #[sea_orm(belongs_to, from = "protocol_id", to = "record_id")]
    pub protocol: BelongsTo<Option<super::log_clinical_records::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes {
    insert: &["protocol_id", "scale_type", "score_value", "measured_at"],
    update: &["scale_type", "score_value", "measured_at"],
    delete: true,
};
