//! Reads what sea-orm drops of the entity files: see `entity_build`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    entity_build::describe()
}
