//! The accounts, which are Supabase's tables; the gateway never exposes them, and no relation leads here.

pub mod users;

include!(concat!(env!("OUT_DIR"), "/auth.rs"));
