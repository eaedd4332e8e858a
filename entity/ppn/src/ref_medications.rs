//! `ref_medications`

use sea_orm::entity::prelude::*;

/// A psychiatric medication that a patient may take during the treatment.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ref_medications")]
pub struct Model {
    /// Key of the medication.
    #[sea_orm(primary_key)]
    pub medication_id: i64,
    /// Generic name, with the brand in brackets.
    #[sea_orm(column_type = "Text", unique)]
    pub medication_name: String,
    /// Class of the drug, such as SSRI or benzodiazepine.
    #[sea_orm(column_type = "Text")]
    pub drug_class: Option<String>,
    /// Concept number in the drug vocabulary `RxNorm`. Null until checked.
    pub rxnorm_cui: Option<i64>,
    /// Whether the medication is a contraindication to psychedelic treatment.
    #[sea_orm(default_value = false)]
    pub has_contraindication: Option<bool>,
    /// Reason for the contraindication.
    #[sea_orm(column_type = "Text")]
    pub contraindication_notes: Option<String>,
    /// Whether the row is offered for new records. Retired rows remain, because old records reference them.
    #[sea_orm(default_value = true)]
    pub is_active: Option<bool>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// When the row was last changed; set by the database.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: Option<DateTimeWithTimeZone>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes { insert: COLUMNS, update: COLUMNS, delete: true };

/// Columns of the inputs.
const COLUMNS: &[&str] = &[
    "medication_name",
    "drug_class",
    "rxnorm_cui",
    "has_contraindication",
    "contraindication_notes",
    "is_active",
];
