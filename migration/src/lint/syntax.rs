//! Parses SQL; no other module does.
//!
//! The parser returns a tree for any text, together with errors. `DO` blocks are parsed too, and so are the strings that they
//! execute; an argument of `format` or `||` becomes an unknown name. Bodies of functions are not parsed: a migration defines
//! functions without running them.

use squawk_syntax::ast::{self, AstNode as _};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

/// The placeholder for a name that is known only when the statement runs.
const UNKNOWN: &str = "unknown_name";

/// The syntax tree of a text, and its errors.
pub(super) struct Script {
    /// Every node, in the order of the text.
    pub(super) nodes: Vec<Node>,
    /// The syntax errors: line and message.
    pub(super) errors: Vec<(usize, String)>,
}

/// A node of the tree, with the line where it begins, counted from 1.
pub(super) struct Node {
    pub(super) syntax: SyntaxNode,
    pub(super) line: usize,
}

impl Script {
    pub(super) fn parse(text: &str) -> Self {
        let ends: Vec<usize> = text.match_indices('\n').map(|(place, _)| place).collect();
        let line = |offset: usize| 1 + ends.partition_point(|end| *end < offset);
        let parse = SourceFile::parse(text);
        let root = parse.syntax_node();
        let mut errors = parse.errors();
        let mut script = Self { nodes: Vec::new(), errors: Vec::new() };
        script.add(&root, &|node| line(node.text_range().start().into()));
        for block in root.descendants().filter_map(ast::Do::cast) {
            let Some(body) = block.plpgsql() else { continue };
            errors.extend(body.errors());
            script.add(&body.syntax(), &|node| line(body.source_range(node.text_range()).start().into()));
        }
        let errors =
            errors.iter().map(|error| (line(error.range().start().into()), error.message().to_owned()));
        script.errors = errors.collect();
        script
    }

    fn add(&mut self, root: &SyntaxNode, line: &dyn Fn(&SyntaxNode) -> usize) {
        for syntax in root.descendants() {
            let line = line(&syntax);
            if syntax.kind() == SyntaxKind::PLPGSQL_DYN_EXECUTE_STMT {
                for text in executed(&syntax) {
                    self.add(&SourceFile::parse(&text).syntax_node(), &|_| line);
                }
            }
            self.nodes.push(Node { syntax, line });
        }
    }
}

/// Returns the strings of an `EXECUTE`, with an unknown name for each argument of `format`.
fn executed(statement: &SyntaxNode) -> impl Iterator<Item = String> {
    statement
        .descendants()
        .filter_map(ast::Literal::cast)
        .filter_map(|literal| Some(fill(literal.decoded_value()?.text())))
}

/// Replaces `%I`, `%s`, `%L` and `%1$I` by a placeholder.
fn fill(pattern: &str) -> String {
    let mut pieces = pattern.split('%');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let kind = piece.trim_start_matches(|it: char| it.is_ascii_digit() || it == '$' || it == '-');
        match kind.chars().next() {
            Some('L') => text.push_str("''"),
            Some('I' | 's') => text.push_str(UNKNOWN),
            _ => {
                text.push('%');
                text.push_str(piece);
                continue;
            }
        }
        text.push_str(&kind[1..]);
    }
    text
}

/// Returns the full names of the objects that a statement creates or references, except types. A name without a schema belongs to
/// `public`, where migrations run.
pub(super) fn names(node: &SyntaxNode) -> Vec<String> {
    let is_part = |it: &SyntaxNode| it.parent().is_some_and(|parent| is_path(parent.kind()));
    let is_in_type = |it: &SyntaxNode| {
        it.ancestors()
            .take_while(|above| above != node)
            .any(|above| matches!(above.kind(), SyntaxKind::PARAM_LIST | SyntaxKind::PATH_TYPE))
    };
    node.descendants()
        .filter(|it| is_path(it.kind()) && !is_part(it) && !is_in_type(it))
        .map(|it| full_name(&it.text().to_string()))
        .collect()
}

fn is_path(kind: SyntaxKind) -> bool {
    matches!(kind, SyntaxKind::PATH | SyntaxKind::PATH_REF)
}

/// Returns a name as the catalog spells it: in lower case unless quoted, with its schema.
pub(super) fn full_name(written: &str) -> String {
    let plain = |part: &str| {
        let part = part.trim();
        match part.strip_prefix('"').and_then(|it| it.strip_suffix('"')) {
            Some(quoted) => quoted.to_owned(),
            None => part.to_lowercase(),
        }
    };
    match written.split_once('.') {
        Some((schema, name)) => format!("{}.{}", plain(schema), plain(name)),
        None => format!("public.{}", plain(written)),
    }
}

/// Returns true if a name is known only when the statement runs.
pub(super) fn is_unknown(name: &str) -> bool {
    name.contains(UNKNOWN)
}

/// Returns the first child of this kind.
pub(super) fn child(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    node.children().find(|it| it.kind() == kind)
}

/// Returns true if a keyword is a direct child of a node.
pub(super) fn has_token(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.children_with_tokens().any(|it| it.kind() == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(SyntaxKind, usize)> {
        Script::parse(text).nodes.iter().map(|it| (it.syntax.kind(), it.line)).collect()
    }

    #[test]
    fn a_statement_is_found_at_its_line_wherever_it_stands() {
        let plain = kinds("-- a\n\nDROP TABLE a;");
        assert!(plain.contains(&(SyntaxKind::DROP_TABLE, 3)), "{plain:?}");
        let block = kinds("DO $$\nBEGIN\n  IF true THEN\n    DROP TABLE a;\n  END IF;\nEND $$;");
        assert!(block.contains(&(SyntaxKind::DROP_TABLE, 4)), "{block:?}");
        let executed = kinds("DO $$\nBEGIN\n  EXECUTE format('DROP TABLE %I.%2$s', a, b);\nEND $$;");
        assert!(executed.contains(&(SyntaxKind::DROP_TABLE, 3)), "{executed:?}");
        let joined = kinds("DO $$\nBEGIN\n  EXECUTE 'DROP TABLE ' || a;\nEND $$;");
        assert!(joined.contains(&(SyntaxKind::DROP_TABLE, 3)), "{joined:?}");
    }

    #[test]
    fn the_body_of_a_function_and_a_string_are_no_statements() {
        let defined =
            kinds("CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE a; END $$;");
        assert!(!defined.iter().any(|it| it.0 == SyntaxKind::DROP_TABLE), "{defined:?}");
        let said = kinds("COMMENT ON TABLE a IS 'DROP TABLE a';");
        assert!(!said.iter().any(|it| it.0 == SyntaxKind::DROP_TABLE), "{said:?}");
    }

    #[test]
    fn names_are_full() {
        let script = Script::parse(r#"DROP FUNCTION praxis.f(bigint), "G";"#);
        let node = script.nodes.iter().find(|it| it.syntax.kind() == SyntaxKind::DROP_FUNCTION).unwrap();
        assert_eq!(names(&node.syntax), ["praxis.f", "public.G"]);
    }

    #[test]
    fn a_syntax_error_has_its_line() {
        let script = Script::parse("SELECT 1;\nCREATE TABEL a ();");
        assert_eq!(script.errors.first().map(|it| it.0), Some(2), "{:?}", script.errors);
    }
}
