//! `tool_data`

use sea_orm::entity::prelude::*;

/// The status of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum EntryStatus {
    /// The entry is a draft.
    #[sea_orm(string_value = "draft")]
    Draft,
    /// The entry is submitted.
    #[sea_orm(string_value = "submitted")]
    Submitted,
}

/// An entry of {schema}. Only its writer sees it.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tool_data")]
pub struct Model {
    /// Key of the entry.
    #[sea_orm(primary_key)]
    pub entry_id: i64,
    /// Account that wrote the entry: the caller.
    #[sea_orm(unique_key = "entry_version", default_expr = "Expr::cust(\"auth.uid()\")")]
    pub user_id: Uuid,
    /// Key of the company.
    pub company_id: i64,
    /// Number of the version, once for a writer.
    #[sea_orm(unique_key = "entry_version", default_value = 1)]
    pub version: i32,
    /// The content of the entry.
    #[sea_orm(column_type = "JsonBinary")]
    pub data: Option<Json>,
    /// The status of the entry.
    #[sea_orm(default_value = "draft")]
    pub status: EntryStatus,
    /// When the entry was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeWithTimeZone,
    /// The company.
    #[sea_orm(belongs_to, from = "company_id", to = "company_id")]
    pub company: BelongsTo<crate::made_up::companies::Entity>,
    /// The changes of the entry.
    #[sea_orm(has_many)]
    pub audits: HasMany<super::audit_log::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write.
pub const WRITES: entity::Writes = entity::Writes {
    insert: &["company_id", "version", "data"],
    update: &["version", "data", "status"],
    delete: true,
};
