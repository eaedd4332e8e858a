//! Tables that all tools share.

pub mod companies;
