//! Tables that every tool has.

pub mod audit_log;
pub mod tool_data;

/// Returns the schemas that contain them.
pub fn schemas() -> impl Iterator<Item = &'static entity::Schema> {
    crate::tools()
}
