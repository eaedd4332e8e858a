//! Reads the entity files and generates what sea-orm's derive drops: doc comments, and the values of a CHECK list.
//!
//! For each folder `src/<system>/` it writes `$OUT_DIR/<system>.rs`: one static `Source` for each table file, and
//! the function `visit`. A table, column, relation or value without a doc comment fails the build, because these
//! texts are the descriptions that the gateway's users read.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use syn::{Attribute, Expr, Fields, Item, ItemEnum, ItemStruct, Lit, LitStr, Meta, Type};

/// Files of a system's folder that are no table's.
const NO_TABLES: [&str; 2] = ["mod.rs", "functions.rs"];

fn main() -> Result<(), Box<dyn Error>> {
    let source = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("src");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut instructions = String::from("cargo::rerun-if-changed=src\n");
    let mut faults = Vec::new();

    for folder in sorted(&source)?.into_iter().filter(|path| path.is_dir()) {
        let mut tables = Vec::new();
        for path in sorted(&folder)? {
            if path.extension().is_some_and(|it| it == "rs") && !NO_TABLES.iter().any(|it| path.ends_with(it))
            {
                match table(&path) {
                    Ok(table) => tables.push(table),
                    Err(mut of_file) => faults.append(&mut of_file),
                }
            }
        }
        let file = out.join(folder.file_name().unwrap_or_default()).with_extension("rs");
        fs::write(file, module(&tables)?)?;
    }
    for fault in &faults {
        writeln!(instructions, "cargo::error={fault}")?;
    }
    io::stdout().write_all(instructions.as_bytes())?;
    if faults.is_empty() { Ok(()) } else { Err("the entities are not fully described".into()) }
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|it| it.map(|it| it.path())).collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths)
}

struct Table {
    name: String,
    doc: String,
    columns: Vec<Column>,
    relations: Vec<Relation>,
    enums: Vec<Enum>,
    writes: bool,
}

struct Column {
    name: String,
    doc: String,
    values: Option<usize>,
    unique_key: Option<String>,
}

struct Relation {
    name: String,
    variant: String,
    many: bool,
    doc: String,
}

struct Enum {
    name: String,
    doc: String,
    values: Vec<Value>,
}

struct Value {
    name: String,
    text: String,
    doc: String,
}

fn table(path: &Path) -> Result<Table, Vec<String>> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| vec![format!("{shown}: {error}")])?;
    let file = syn::parse_file(&text).map_err(|error| vec![format!("{shown}: {error}")])?;
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
    let mut columns = Vec::new();
    let mut relations = Vec::new();
    if let Fields::Named(fields) = &model.fields {
        for field in &fields.named {
            let Some(ident) = &field.ident else { continue };
            let ident = ident.to_string().trim_start_matches("r#").to_owned();
            let doc = described(&field.attrs, &format!("`{ident}`"));
            if let Some((wrapper, target)) = relation(&field.ty) {
                let variant = attribute(&field.attrs, "relation_enum").unwrap_or(target);
                let many = wrapper == "HasMany";
                relations.push(Relation { name: ident, variant: pascal(&variant), many, doc });
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
    if faults.is_empty() { Ok(Table { name, doc, columns, relations, enums, writes }) } else { Err(faults) }
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

/// The text of the doc comment, without the space that follows the slashes.
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
    // A line break within a paragraph is the source's, not the reader's.
    let text = lines.join("\n");
    let paragraphs = text.trim().split("\n\n").map(|paragraph| paragraph.replace('\n', " "));
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// The string given to `key` in `#[sea_orm(…)]`.
fn attribute(attributes: &[Attribute], key: &str) -> Option<String> {
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

/// `BelongsTo<Option<super::sites::Entity>>` → (`BelongsTo`, `sites`).
fn relation(ty: &Type) -> Option<(String, String)> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let wrapper = last.ident.to_string();
    if !matches!(wrapper.as_str(), "BelongsTo" | "HasOne" | "HasMany") {
        return None;
    }
    let mut target = argument(last)?;
    if let Type::Path(path) = target
        && let Some(last) = path.path.segments.last()
        && last.ident == "Option"
    {
        target = argument(last)?;
    }
    let Type::Path(path) = target else { return None };
    let mut segments = path.path.segments.iter().rev();
    let last = segments.next()?;
    Some((wrapper, segments.next().unwrap_or(last).ident.to_string()))
}

fn argument(segment: &syn::PathSegment) -> Option<&Type> {
    let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    arguments.args.iter().find_map(|it| if let syn::GenericArgument::Type(ty) = it { Some(ty) } else { None })
}

/// The type's own name, inside `Option` and `Vec`.
fn innermost(ty: &Type) -> Option<String> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    match argument(last) {
        Some(inner) => innermost(inner),
        None => Some(last.ident.to_string()),
    }
}

fn pascal(name: &str) -> String {
    let mut out = String::new();
    for word in name.split('_') {
        let mut letters = word.chars();
        out.extend(letters.next().map(|it| it.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

/// `NetworkAdmin` → `NETWORK_ADMIN`, `From18To25` → `FROM_18_TO_25`.
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

/// Columns that share a `unique_key`.
fn unique_keys(columns: &[Column]) -> Vec<Vec<&str>> {
    let mut keys: Vec<(&str, Vec<&str>)> = Vec::new();
    for column in columns {
        let Some(key) = column.unique_key.as_deref() else { continue };
        match keys.iter_mut().find(|(name, _)| *name == key) {
            Some((_, columns)) => columns.push(&column.name),
            None => keys.push((key, vec![&column.name])),
        }
    }
    keys.into_iter().map(|(_, columns)| columns).collect()
}

fn module(tables: &[Table]) -> Result<String, std::fmt::Error> {
    let mut out = String::from(
        "/// Called once for each table of the system, in alphabetical order.\n\
         pub fn visit(visitor: &mut impl crate::Visitor) {\n",
    );
    for table in tables {
        let upper = table.name.to_uppercase();
        writeln!(out, "    visitor.visit({}::Entity, &{upper});", table.name)?;
    }
    writeln!(out, "}}")?;
    for table in tables {
        let upper = table.name.to_uppercase();
        for (index, item) in table.enums.iter().enumerate() {
            write!(
                out,
                "static {upper}_ENUM_{index}: crate::EnumSource = crate::EnumSource {{ name: {:?}, doc: {:?}, values: &[",
                item.name, item.doc
            )?;
            for value in &item.values {
                let Value { name, text, doc } = value;
                write!(out, "crate::ValueSource {{ name: {name:?}, value: {text:?}, doc: {doc:?} }}, ")?;
            }
            writeln!(out, "] }};")?;
        }
        write!(
            out,
            "static {upper}: crate::Source = crate::Source {{ table: {:?}, doc: {:?}, columns: &[",
            table.name, table.doc
        )?;
        for Column { name, doc, values, .. } in &table.columns {
            let values = values.map_or("None".to_owned(), |index| format!("Some(&{upper}_ENUM_{index})"));
            write!(out, "crate::ColumnSource {{ name: {name:?}, doc: {doc:?}, values: {values} }}, ")?;
        }
        write!(out, "], unique_keys: &[")?;
        for key in unique_keys(&table.columns) {
            write!(out, "&{key:?}, ")?;
        }
        write!(out, "], relations: &[")?;
        for Relation { name, variant, many, doc } in &table.relations {
            write!(
                out,
                "crate::RelationSource {{ name: {name:?}, relation: {variant:?}, many: {many}, doc: {doc:?} }}, "
            )?;
        }
        let writes =
            if table.writes { format!("{}::WRITES", table.name) } else { "crate::Writes::NONE".to_owned() };
        writeln!(out, "], writes: {writes} }};")?;
    }
    Ok(out)
}
