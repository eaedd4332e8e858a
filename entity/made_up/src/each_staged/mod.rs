//! Tables and functions' rows of the tools that have stages.

pub mod company_entries;
pub mod ref_stages;

/// Returns the schemas that contain them.
pub fn schemas() -> impl Iterator<Item = &'static entity::Schema> {
    crate::tools().take(2)
}
