//! Reads the description of a table from the file of its entity.

use std::{fs, path::Path};

use syn::{Attribute, Expr, Fields, Item, ItemEnum, ItemStruct, Lit, LitStr, Meta, Type};

use crate::relation::{RelationField, argument, relation};

/// The description of a table in its file.
pub(crate) struct Table {
    pub(crate) name: String,
    /// The schema that the entity names.
    pub(crate) schema: Option<String>,
    pub(crate) doc: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) relations: Vec<Relation>,
    pub(crate) enums: Vec<Enum>,
    /// True if the file has a constant `WRITES`.
    pub(crate) writes: bool,
}

pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) doc: String,
    /// Index into [`Table::enums`] of the enum of the column's values.
    pub(crate) values: Option<usize>,
    pub(crate) unique_key: Option<String>,
}

pub(crate) struct Relation {
    pub(crate) name: String,
    pub(crate) variant: String,
    pub(crate) many: bool,
    pub(crate) doc: String,
}

pub(crate) struct Enum {
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) values: Vec<Value>,
}

pub(crate) struct Value {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) doc: String,
}

/// Returns true if a file has a function of this name.
pub(crate) fn has_function(path: &Path, name: &str) -> Result<bool, Vec<String>> {
    let is_it = |item: &Item| matches!(item, Item::Fn(function) if function.sig.ident == name);
    Ok(parsed(path)?.items.iter().any(is_it))
}

fn parsed(path: &Path) -> Result<syn::File, Vec<String>> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| vec![format!("{shown}: {error}")])?;
    syn::parse_file(&text).map_err(|error| vec![format!("{shown}: {error}")])
}

/// Reads a table; the error lists the parts of its file that have no description.
pub(crate) fn table(path: &Path) -> Result<Table, Vec<String>> {
    let shown = path.display();
    let file = parsed(path)?;
    let mut faults = Vec::new();
    let mut described = |attributes: &[Attribute], what: &str| {
        let doc = doc(attributes);
        if doc.is_empty() {
            faults.push(format!("{shown}: {what} has no doc comment"));
        }
        doc
    };

    let mut enums = Vec::new();
    let mut model: Option<&ItemStruct> = None;
    let mut writes = false;
    for item in &file.items {
        match item {
            Item::Enum(item) => enums.push(read_enum(item, &mut described)),
            Item::Struct(item) if item.ident == "Model" => model = Some(item),
            Item::Const(item) if item.ident == "WRITES" => writes = true,
            _ => {}
        }
    }
    let Some(model) = model else { return Err(vec![format!("{shown}: there is no struct `Model`")]) };
    let doc = described(&model.attrs, "`Model`");
    let name = attribute(&model.attrs, "table_name").unwrap_or_default();
    let schema = attribute(&model.attrs, "schema_name");
    let mut columns = Vec::new();
    let mut relations = Vec::new();
    if let Fields::Named(fields) = &model.fields {
        for field in &fields.named {
            let Some(ident) = &field.ident else { continue };
            let ident = ident.to_string().trim_start_matches("r#").to_owned();
            let doc = described(&field.attrs, &format!("`{ident}`"));
            // `entity::model` reports a relation that is none.
            if let Ok(Some(RelationField { wrapper, variant, .. })) = relation(field) {
                relations.push(Relation { name: ident, variant, many: wrapper == "HasMany", doc });
            } else {
                let values = innermost(&field.ty).and_then(|ty| enums.iter().position(|it| it.name == ty));
                let name = attribute(&field.attrs, "column_name").unwrap_or(ident);
                let unique_key = attribute(&field.attrs, "unique_key");
                columns.push(Column { name, doc, values, unique_key });
            }
        }
    }
    if path.file_stem().is_none_or(|stem| stem != name.as_str()) {
        faults.push(format!("{shown}: the file is not named after its table `{name}`"));
    }
    if faults.is_empty() {
        Ok(Table { name, schema, doc, columns, relations, enums, writes })
    } else {
        Err(faults)
    }
}

fn read_enum(item: &ItemEnum, described: &mut impl FnMut(&[Attribute], &str) -> String) -> Enum {
    let name = item.ident.to_string();
    let doc = described(&item.attrs, &format!("`{name}`"));
    let values = item
        .variants
        .iter()
        .map(|variant| Value {
            name: screaming_snake(&variant.ident.to_string()),
            text: attribute(&variant.attrs, "string_value").unwrap_or_default(),
            doc: described(&variant.attrs, &format!("`{name}::{}`", variant.ident)),
        })
        .collect();
    Enum { name, doc, values }
}

/// Returns the text of the doc comment, without the space that follows the slashes.
fn doc(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let Meta::NameValue(meta) = &attribute.meta
            && meta.path.is_ident("doc")
            && let Expr::Lit(literal) = &meta.value
            && let Lit::Str(text) = &literal.lit
        {
            let text = text.value();
            lines.push(text.strip_prefix(' ').unwrap_or(&text).trim_end().to_owned());
        }
    }
    // A line break within a paragraph only wraps the source.
    let text = lines.join("\n");
    let paragraphs = text.trim().split("\n\n").map(|paragraph| paragraph.replace('\n', " "));
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// Returns the string given to `key` in `#[sea_orm(…)]`.
pub(crate) fn attribute(attributes: &[Attribute], key: &str) -> Option<String> {
    let mut found = None;
    for attribute in attributes.iter().filter(|it| it.path().is_ident("sea_orm")) {
        // A value that is no string belongs to another key.
        let _ = attribute.parse_nested_meta(|meta| {
            let value = match meta.value() {
                Ok(value) => value.parse::<Lit>()?,
                Err(_) => return Ok(()),
            };
            if meta.path.is_ident(key)
                && let Lit::Str(text) = value
            {
                found = Some(LitStr::value(&text));
            }
            Ok(())
        });
    }
    found
}

/// Returns the type's own name, inside `Option` and `Vec`.
fn innermost(ty: &Type) -> Option<String> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    match argument(last) {
        Some(inner) => innermost(inner),
        None => Some(last.ident.to_string()),
    }
}

/// Converts a name: `NetworkAdmin` → `NETWORK_ADMIN`, `From18To25` → `FROM_18_TO_25`. `heck` would not separate the digits.
fn screaming_snake(name: &str) -> String {
    let mut out = String::new();
    let mut before: Option<char> = None;
    for letter in name.chars() {
        let starts_word = before.is_some_and(|before| {
            (letter.is_ascii_uppercase() && !before.is_ascii_uppercase())
                || (letter.is_ascii_digit() && !before.is_ascii_digit())
        });
        if starts_word {
            out.push('_');
        }
        out.push(letter.to_ascii_uppercase());
        before = Some(letter);
    }
    out
}
