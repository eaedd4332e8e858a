//! `audit_log`

use sea_orm::entity::prelude::*;

/// Something that was done to an entry of {schema}. Only the writer of the entry sees it, and the database alone writes it.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_log")]
pub struct Model {
    /// Key of the row.
    #[sea_orm(primary_key)]
    pub audit_id: i64,
    /// Key of the entry.
    pub entry_id: i64,
    /// Account that wrote the entry.
    pub user_id: Uuid,
    /// The operation, such as `INSERT`.
    #[sea_orm(column_type = "Text")]
    pub action: String,
    /// When it was done.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeWithTimeZone,
    /// The entry.
    #[sea_orm(belongs_to, from = "entry_id", to = "entry_id")]
    pub entry: BelongsTo<super::tool_data::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
