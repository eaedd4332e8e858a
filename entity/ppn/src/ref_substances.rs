//! `ref_substances`

use sea_orm::entity::prelude::*;

/// A substance used in protocols.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ref_substances")]
pub struct Model {
    /// Key of the substance.
    #[sea_orm(primary_key)]
    pub substance_id: i64,
    /// Name of the substance.
    #[sea_orm(column_type = "Text", unique)]
    pub substance_name: String,
    /// Concept number in the drug vocabulary `RxNorm`, if the substance has one.
    pub rxnorm_cui: Option<i64>,
    /// Class of the substance: psychedelic, empathogen, dissociative or other.
    #[sea_orm(column_type = "Text")]
    pub substance_class: Option<String>,
    /// Primary mechanism of action.
    #[sea_orm(column_type = "Text")]
    pub primary_mechanism: Option<String>,
    /// Affinity for the serotonin 5-HT2A receptor (Ki, in nanomolar); smaller binds tighter. Null until a source is
    /// agreed on.
    #[sea_orm(column_type = "Decimal(None)")]
    pub receptor_5ht2a_ki: Option<Decimal>,
    /// Affinity for the serotonin 5-HT1A receptor (Ki, in nanomolar); smaller binds tighter. Null until a source is
    /// agreed on.
    #[sea_orm(column_type = "Decimal(None)")]
    pub receptor_5ht1a_ki: Option<Decimal>,
    /// Affinity for the serotonin 5-HT2C receptor (Ki, in nanomolar); smaller binds tighter. Null until a source is
    /// agreed on.
    #[sea_orm(column_type = "Decimal(None)")]
    pub receptor_5ht2c_ki: Option<Decimal>,
    /// Affinity for the dopamine D2 receptor (Ki, in nanomolar); smaller binds tighter. Null until a source is agreed
    /// on.
    #[sea_orm(column_type = "Decimal(None)")]
    pub receptor_d2_ki: Option<Decimal>,
    /// Affinity for the serotonin transporter (Ki, in nanomolar); smaller binds tighter. Null until a source is agreed
    /// on.
    #[sea_orm(column_type = "Decimal(None)")]
    pub receptor_sert_ki: Option<Decimal>,
    /// Affinity for the NMDA receptor (Ki, in nanomolar); smaller binds tighter. Null until a source is agreed on.
    #[sea_orm(column_type = "Decimal(None)")]
    pub receptor_nmda_ki: Option<Decimal>,
    /// Whether the row is offered for new records. Retired rows remain, because old records reference them.
    #[sea_orm(default_value = true)]
    pub is_active: Option<bool>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// Protocols with this substance.
    #[sea_orm(has_many)]
    pub protocols: HasMany<super::log_clinical_records::Entity>,
    /// Monthly outcomes of this substance.
    #[sea_orm(has_many)]
    pub outcomes: HasMany<super::outcomes_summary::Entity>,
    /// Monthly outcomes of this substance, compared with the network.
    #[sea_orm(has_many)]
    pub benchmarks: HasMany<super::network_benchmarks::Entity>,
    /// Scores of the protocols with this substance, each with its baseline.
    #[sea_orm(has_many)]
    pub score_trends: HasMany<super::score_trends::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes { insert: COLUMNS, update: COLUMNS, delete: true };

/// Columns of the inputs.
const COLUMNS: &[&str] = &[
    "substance_name",
    "rxnorm_cui",
    "substance_class",
    "primary_mechanism",
    "receptor_5ht2a_ki",
    "receptor_5ht1a_ki",
    "receptor_5ht2c_ki",
    "receptor_d2_ki",
    "receptor_sert_ki",
    "receptor_nmda_ki",
    "is_active",
];
