//! `user_sites`

use sea_orm::entity::prelude::*;

/// Role of a member of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum UserSiteRole {
    /// Runs the network: edits the reference tables and reads the outcomes of every site.
    #[sea_orm(string_value = "network_admin")]
    NetworkAdmin,
    /// Runs the site: reads and writes its clinical data.
    #[sea_orm(string_value = "site_admin")]
    SiteAdmin,
    /// Treats patients: reads and writes the clinical data of the site.
    #[sea_orm(string_value = "clinician")]
    Clinician,
    /// Reads the clinical data of the site.
    #[sea_orm(string_value = "analyst")]
    Analyst,
    /// Reads the clinical data of the site for review.
    #[sea_orm(string_value = "auditor")]
    Auditor,
}

/// A person's membership of a site, and their role there. Every policy on clinical data depends on this table.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "user_sites")]
pub struct Model {
    /// Key of the membership.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Account of the member.
    #[sea_orm(unique_key = "user_site")]
    pub user_id: Uuid,
    /// Site the person belongs to.
    #[sea_orm(unique_key = "user_site")]
    pub site_id: i64,
    /// Role of the person at the site. Without a role they may only read.
    pub role: Option<UserSiteRole>,
    /// Whether the membership is active. An ended membership gives no access.
    #[sea_orm(default_value = true)]
    pub is_active: Option<bool>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// The site.
    #[sea_orm(belongs_to, from = "site_id", to = "site_id")]
    pub site: BelongsTo<super::sites::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
