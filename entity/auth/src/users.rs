//! `auth.users`

use sea_orm::entity::prelude::*;

/// A person who can sign in. The API never exposes this table: other tables contain its key, and no relation leads
/// here.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "auth", table_name = "users")]
pub struct Model {
    /// Key of the account; the `sub` claim of its tokens.
    #[sea_orm(primary_key, auto_increment = false, default_expr = "Expr::cust(\"gen_random_uuid()\")")]
    pub id: Uuid,
    /// E-mail address with which the person signs in.
    #[sea_orm(column_type = "Text", unique)]
    pub email: Option<String>,
    /// Hash of the password, written by the authentication service.
    #[sea_orm(column_type = "Text")]
    pub encrypted_password: Option<String>,
    /// Data that the person gave when signing up, such as a name.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub raw_user_meta_data: Option<Json>,
    /// When the account was created.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// When the account was last changed.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: Option<DateTimeWithTimeZone>,
}

impl ActiveModelBehavior for ActiveModel {}
