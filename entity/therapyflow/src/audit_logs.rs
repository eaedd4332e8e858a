//! `audit_logs`

use sea_orm::entity::prelude::*;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum AuditAction {
    /// A row was added.
    #[sea_orm(string_value = "CREATE")]
    Create,
    /// A row was read.
    #[sea_orm(string_value = "READ")]
    Read,
    /// A row was changed.
    #[sea_orm(string_value = "UPDATE")]
    Update,
    /// A row was deleted.
    #[sea_orm(string_value = "DELETE")]
    Delete,
    /// A row was given to somebody.
    #[sea_orm(string_value = "SHARE")]
    Share,
}

/// Something that was done to a row of another table: written by the database, never changed, and kept after the organization
/// has gone. Administrators see that of their organization.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "therapyflow", table_name = "audit_logs")]
pub struct Model {
    /// Key of the entry.
    #[sea_orm(primary_key, auto_increment = false, default_expr = "Expr::cust(\"gen_random_uuid()\")")]
    pub id: Uuid,
    /// Organization of the row.
    pub org_id: Uuid,
    /// Account that did it; empty where none did, such as maintenance.
    pub user_id: Option<Uuid>,
    /// What was done.
    pub action: AuditAction,
    /// Table of the row.
    #[sea_orm(column_type = "Text")]
    pub table_name: String,
    /// Key of the row.
    pub record_id: Uuid,
    /// The row before. Empty for a new one.
    #[sea_orm(column_type = "JsonBinary")]
    pub old_data: Option<Json>,
    /// The row after. Empty for one that was deleted.
    #[sea_orm(column_type = "JsonBinary")]
    pub new_data: Option<Json>,
    /// Address that it was asked from, where that is known.
    #[sea_orm(column_type = "Text")]
    pub ip_address: Option<String>,
    /// Program that asked, where that is known.
    #[sea_orm(column_type = "Text")]
    pub user_agent: Option<String>,
    /// When it was done.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeWithTimeZone,
}

impl ActiveModelBehavior for ActiveModel {}
