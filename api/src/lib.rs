//! A GraphQL gateway over Postgres row-level security.
