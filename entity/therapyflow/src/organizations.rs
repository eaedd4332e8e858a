//! `organizations`

use sea_orm::entity::prelude::*;

/// What an organization pays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum SubscriptionTier {
    /// Nothing.
    #[sea_orm(string_value = "free")]
    Free,
    /// TherapyFlow.
    #[sea_orm(string_value = "pro")]
    Pro,
    /// TherapyFlow with BioSync: wearable data beside the sessions.
    #[sea_orm(string_value = "biosync")]
    Biosync,
}

/// A practice: the tenant. Whoever works there sees it, and nothing of any other.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "therapyflow", table_name = "organizations")]
pub struct Model {
    /// Key of the organization.
    #[sea_orm(primary_key, auto_increment = false, default_expr = "Expr::cust(\"gen_random_uuid()\")")]
    pub id: Uuid,
    /// Name of the organization.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// What the organization pays for.
    #[sea_orm(default_value = "free")]
    pub subscription_tier: SubscriptionTier,
    /// Settings of the organization, an object.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub settings: Json,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeWithTimeZone,
    /// When the row was last changed; kept by the database.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeWithTimeZone,
    /// Who works for the organization.
    #[sea_orm(has_many)]
    pub therapists: HasMany<super::therapists::Entity>,
    /// Patients of the organization.
    #[sea_orm(has_many)]
    pub patients: HasMany<super::patients::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What can be written.
pub const WRITES: entity::Writes =
    entity::Writes { insert: &[], update: &["name", "settings"], delete: false };
