//! The accounts, which are Supabase's tables; the gateway never exposes them, and no relation leads here.

pub mod users;

/// The schemas that hold the tables.
pub const SCHEMAS: &[entity::Schema] = &[entity::Schema::plain("auth")];

include!(concat!(env!("OUT_DIR"), "/visit.rs"));
