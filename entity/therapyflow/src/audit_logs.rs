//! `audit_logs`

use sea_orm::entity::prelude::*;

/// Action on a row.
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
    /// A row was shared with somebody.
    #[sea_orm(string_value = "SHARE")]
    Share,
}

/// An entry of the audit log about a row of another table. The database writes it; nobody can change it, and it remains
/// after the organization is deleted. Administrators see the entries of their organization.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "therapyflow", table_name = "audit_logs")]
pub struct Model {
    /// Key of the entry.
    #[sea_orm(primary_key, auto_increment = false, default_expr = "Expr::cust(\"gen_random_uuid()\")")]
    pub id: Uuid,
    /// Organization of the row.
    pub org_id: Uuid,
    /// Account that acted; null for maintenance.
    pub user_id: Option<Uuid>,
    /// Action on a row.
    pub action: AuditAction,
    /// Table of the row.
    #[sea_orm(column_type = "Text")]
    pub table_name: String,
    /// Key of the row.
    pub record_id: Uuid,
    /// The row before the action; null for a new row.
    #[sea_orm(column_type = "JsonBinary")]
    pub old_data: Option<Json>,
    /// The row after the action; null for a deleted row.
    #[sea_orm(column_type = "JsonBinary")]
    pub new_data: Option<Json>,
    /// Network address of the client, if known.
    #[sea_orm(column_type = "Text")]
    pub ip_address: Option<String>,
    /// Program of the client, if known.
    #[sea_orm(column_type = "Text")]
    pub user_agent: Option<String>,
    /// When the action happened.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeWithTimeZone,
}

impl ActiveModelBehavior for ActiveModel {}
