//! Generates the metadata of the entity files that sea-orm drops: see `entity_build`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    entity_build::describe()
}
