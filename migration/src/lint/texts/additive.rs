//! Checks that migrations are additive: they drop nothing and rename nothing.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::super::rule::{Rule, Severity, source};
use super::super::syntax::{Node, Script, child, names};
use super::{Finding, Text};

const ADDITIVE: Rule = Rule {
    id: "additive-only",
    severity: Severity::Error,
    what: "An up script drops nothing, renames nothing, changes no type and empties no table. It may replace objects without data, and objects that it created itself.",
    why: "The previous version continues to serve while a migration runs, and deleted data cannot be restored.",
    source: source::BRIEF,
    remedy: "Add the new beside the old.",
};

/// The kinds of objects that may be replaced, since they hold no rows.
const WITHOUT_DATA: [&str; 14] = [
    "AGGREGATE",
    "CAST",
    "CONSTRAINT",
    "FUNCTION",
    "INDEX",
    "OPERATOR",
    "POLICY",
    "PROCEDURE",
    "ROUTINE",
    "RULE",
    "STATISTICS",
    "TRIGGER",
    "VIEW",
    "EVENT_TRIGGER",
];

/// The clauses of `ALTER` that only loosen a column, and others whose names begin like statements that drop something.
const HARMLESS: [&str; 9] = [
    "DATABASE_FORCE_CLAUSE",
    "DEFAULT",
    "EXPRESSION",
    "IDENTITY",
    "NOT_NULL",
    "OP_CLASS_OPTION_FUNCTION",
    "OP_CLASS_OPTION_LIST",
    "OP_CLASS_OPTION_OPERATOR",
    "OP_CLASS_OPTIONS",
];

pub(super) fn rules() -> impl Iterator<Item = &'static Rule> {
    [&ADDITIVE].into_iter()
}

pub(super) fn check(text: &Text, script: &Script) -> Vec<Finding> {
    let created: Vec<_> = script
        .nodes
        .iter()
        .enumerate()
        .filter_map(|(place, node)| Some((place, created_object(&node.syntax)?)))
        .collect();
    let mut findings = Vec::new();
    for (place, Node { syntax, line }) in script.nodes.iter().enumerate() {
        let Some(removal) = Removal::of(syntax) else { continue };
        let is_created_here =
            |object| created.iter().any(|(at, it)| it == object && (*at < place || removal.is_without_data));
        let is_replaced = !removal.objects.is_empty() && removal.objects.iter().all(is_created_here);
        if !is_replaced {
            let remedy = "add the new object beside the old one, and leave the old one unused";
            findings.push(text.finding(&ADDITIVE, *line, removal.message, remedy.into()));
        }
    }
    findings
}

/// The objects that a statement drops.
struct Removal {
    message: String,
    /// Kind and name of the dropped object; `None` if the statement removes something else.
    objects: Vec<(String, String)>,
    is_without_data: bool,
}

impl Removal {
    fn of(node: &SyntaxNode) -> Option<Self> {
        let name = format!("{:?}", node.kind());
        let words = || first_line(node);
        let lost = |message: String| Some(Self { message, objects: Vec::new(), is_without_data: false });
        if let Some(kind) = name.strip_prefix("DROP_").filter(|kind| !HARMLESS.contains(kind)) {
            let objects = objects(node, kind);
            let is_without_data = WITHOUT_DATA.contains(&kind);
            return Some(Self { message: format!("{} drops something", words()), objects, is_without_data });
        }
        if name.starts_with("RENAME_") || name.ends_with("_RENAME_TO") {
            return lost(format!("{} renames something", words()));
        }
        match node.kind() {
            SyntaxKind::SET_TYPE | SyntaxKind::ALTER_ATTRIBUTE => lost(format!("{} changes a type", words())),
            SyntaxKind::TRUNCATE => lost(format!("{} empties a table", words())),
            _ => None,
        }
    }
}

/// Returns the beginning of a statement, for a message.
fn first_line(node: &SyntaxNode) -> String {
    let text = node.text().to_string();
    text.lines().next().unwrap_or_default().trim_end_matches(';').to_owned()
}

/// Returns the kind and name of the object that a statement creates.
fn created_object(node: &SyntaxNode) -> Option<(String, String)> {
    let name = format!("{:?}", node.kind());
    let kind = match name.strip_prefix("CREATE_") {
        Some("TABLE_AS") => "TABLE",
        Some(kind) => kind,
        None if node.kind() == SyntaxKind::ADD_CONSTRAINT => "CONSTRAINT",
        None if node.kind() == SyntaxKind::ADD_COLUMN => "COLUMN",
        None => return None,
    };
    Some((kind.to_owned(), objects(node, kind).into_iter().next()?.1))
}

/// Returns the objects that a statement creates or drops: kinds with names. The name of a table's object includes the table.
fn objects(node: &SyntaxNode, kind: &str) -> Vec<(String, String)> {
    let name = |kinds: &[SyntaxKind]| {
        node.descendants()
            .find(|it| kinds.contains(&it.kind()))
            .map(|it| it.text().to_string().to_lowercase())
    };
    let own = match kind {
        "TRIGGER" => name(&[SyntaxKind::TRIGGER, SyntaxKind::TRIGGER_REF]),
        "POLICY" => name(&[SyntaxKind::POLICY, SyntaxKind::POLICY_REF]),
        "CONSTRAINT" => name(&[SyntaxKind::CONSTRAINT_NAME, SyntaxKind::CONSTRAINT_NAME_REF]),
        "COLUMN" => name(&[SyntaxKind::COLUMN_NAME, SyntaxKind::COLUMN_NAME_REF]),
        "SCHEMA" => name(&[SyntaxKind::SCHEMA_REF, SyntaxKind::SCHEMA]),
        _ => {
            let all = names(node);
            // Only the first name is that of the created object; the others are references.
            let dropped = if is_drop(node) { all.len() } else { 1 };
            // An index is in the schema of its table, and is created without naming the schema.
            let schema = if kind == "INDEX" && !is_drop(node) {
                all.get(1).and_then(|it| it.split_once('.'))
            } else {
                None
            };
            let in_schema = |name: &String| match (schema, name.split_once('.')) {
                (Some((schema, _)), Some((_, name))) => format!("{schema}.{name}"),
                _ => name.clone(),
            };
            return all.iter().take(dropped).map(|it| (kind.to_owned(), in_schema(it))).collect();
        }
    };
    let table = node
        .ancestors()
        .find_map(|it| {
            child(&it, SyntaxKind::ON_TABLE)
                .or_else(|| child(&it, SyntaxKind::ON_RELATION))
                .or_else(|| child(&it, SyntaxKind::TABLE_RELATION_NAME))
        })
        .and_then(|it| names(&it).into_iter().next())
        .unwrap_or_default();
    own.map(|own| (kind.to_owned(), format!("{table}.{own}"))).into_iter().collect()
}

fn is_drop(node: &SyntaxNode) -> bool {
    format!("{:?}", node.kind()).starts_with("DROP_")
}
