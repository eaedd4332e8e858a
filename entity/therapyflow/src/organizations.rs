//! `organizations`

use sea_orm::entity::prelude::*;

/// Subscription of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum SubscriptionTier {
    /// Free of charge.
    #[sea_orm(string_value = "free")]
    Free,
    /// TherapyFlow.
    #[sea_orm(string_value = "pro")]
    Pro,
    /// TherapyFlow with BioSync: wearable data in addition to sessions.
    #[sea_orm(string_value = "biosync")]
    Biosync,
}

/// A practice, which is the tenant. Its staff see it and no other.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "therapyflow", table_name = "organizations")]
pub struct Model {
    /// Key of the organization.
    #[sea_orm(primary_key, auto_increment = false, default_expr = "Expr::cust(\"gen_random_uuid()\")")]
    pub id: Uuid,
    /// Name of the organization.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// Subscription of the organization.
    #[sea_orm(default_value = "free")]
    pub subscription_tier: SubscriptionTier,
    /// Settings of the organization, as an object.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub settings: Json,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeWithTimeZone,
    /// When the row was last changed; set by the database.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeWithTimeZone,
    /// Staff of the organization.
    #[sea_orm(has_many)]
    pub therapists: HasMany<super::therapists::Entity>,
    /// Patients of the organization.
    #[sea_orm(has_many)]
    pub patients: HasMany<super::patients::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes =
    entity::Writes { insert: &[], update: &["name", "settings"], delete: false };
