//! `sites`

use sea_orm::entity::prelude::*;

/// A clinic or research centre of the network. Clinical data belongs to one site, and only its members see it.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sites")]
pub struct Model {
    /// Key of the site.
    #[sea_orm(primary_key)]
    pub site_id: i64,
    /// Name of the site.
    #[sea_orm(column_type = "Text")]
    pub site_name: String,
    /// Short code of the site, unique in the network.
    #[sea_orm(column_type = "Text", unique)]
    pub site_code: Option<String>,
    /// Region the site is in.
    #[sea_orm(column_type = "Text")]
    pub region: Option<String>,
    /// Type of the site, such as `clinic` or `research`.
    #[sea_orm(column_type = "Text")]
    pub site_type: Option<String>,
    /// Whether the site is operating.
    #[sea_orm(default_value = true)]
    pub is_active: Option<bool>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// When the row was last changed; set by the database.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: Option<DateTimeWithTimeZone>,
    /// Memberships of the site. A caller sees only their own.
    #[sea_orm(has_many)]
    pub memberships: HasMany<super::user_sites::Entity>,
    /// Protocols recorded at the site.
    #[sea_orm(has_many)]
    pub protocols: HasMany<super::log_clinical_records::Entity>,
    /// Monthly outcomes of the site.
    #[sea_orm(has_many)]
    pub outcomes: HasMany<super::outcomes_summary::Entity>,
    /// Monthly outcomes of the site, compared with the network.
    #[sea_orm(has_many)]
    pub benchmarks: HasMany<super::network_benchmarks::Entity>,
    /// Monthly counts of events in the site's sessions by type.
    #[sea_orm(has_many)]
    pub activities: HasMany<super::session_activities::Entity>,
    /// Events of the site's sessions, with their times since the start of the session.
    #[sea_orm(has_many)]
    pub timeline_events: HasMany<super::timeline_events::Entity>,
    /// Scores of the site by all instruments, each with its baseline.
    #[sea_orm(has_many)]
    pub score_trends: HasMany<super::score_trends::Entity>,
    /// Homework of the site with its status today.
    #[sea_orm(has_many)]
    pub homework_statuses: HasMany<super::homework_statuses::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
