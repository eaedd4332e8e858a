//! `auth.users`

use sea_orm::entity::prelude::*;

/// A person who can sign in. Never exposed: other tables hold the key, and no relation leads here.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "auth", table_name = "users")]
pub struct Model {
    /// Key of the account; the `sub` claim of its tokens.
    #[sea_orm(primary_key, auto_increment = false, default_expr = "Expr::cust(\"gen_random_uuid()\")")]
    pub id: Uuid,
    /// Address that the person signs in with.
    #[sea_orm(column_type = "Text", unique)]
    pub email: Option<String>,
    /// Hash of the password, written by the authentication service.
    #[sea_orm(column_type = "Text")]
    pub encrypted_password: Option<String>,
    /// What the person said of themself when signing up, such as a name.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub raw_user_meta_data: Option<Json>,
    /// When the account was made.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// When the account was last changed.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: Option<DateTimeWithTimeZone>,
}

impl ActiveModelBehavior for ActiveModel {}
