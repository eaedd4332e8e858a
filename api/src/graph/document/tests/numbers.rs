//! Tests that each number of a document keeps its text, wherever it occurs.

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{Directive, ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Name, Pos, Positioned};
use async_graphql_value::Value;
use proptest::prelude::*;

use crate::graph::document::scan::{Literals, Numbers, scan};

/// A value whose numbers have distinct prefixes.
#[derive(Clone, Debug)]
enum Tree {
    /// The end of a number's text.
    Number(&'static str),
    Text,
    List(Vec<Tree>),
    Object(Vec<Tree>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let ends = proptest::sample::select(&["", ".50", "e999", "00000000000000000000", "E-3"][..]);
    let leaf = prop_oneof![4 => ends.prop_map(Tree::Number), 1 => Just(Tree::Text)];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let items = proptest::collection::vec(inner, 0..4);
        prop_oneof![items.clone().prop_map(Tree::List), items.prop_map(Tree::Object)]
    })
}

/// A document that is being written, and the numbers of its values.
#[derive(Default)]
struct Writer {
    count: usize,
    values: Vec<Vec<String>>,
}

impl Writer {
    /// Writes the next value, with its name before it.
    fn value(&mut self, tree: &Tree, prefix: &str, middle: &str) -> String {
        let name = self.values.len();
        self.values.push(Vec::new());
        format!("{prefix}a{name}{middle} {}", self.tree(tree))
    }

    fn tree(&mut self, tree: &Tree) -> String {
        match tree {
            Tree::Number(end) => {
                self.count += 1;
                let number = format!("{}{end}", self.count);
                self.values.last_mut().unwrap().push(number.clone());
                number
            }
            Tree::Text => "\"12 \\u{1F600}\"".into(),
            Tree::List(items) => {
                let items: Vec<_> = items.iter().map(|item| self.tree(item)).collect();
                format!("[{}]", items.join(", "))
            }
            // The keys are not sorted.
            Tree::Object(fields) => {
                let fields = fields.iter().enumerate();
                let fields: Vec<_> =
                    fields.map(|(at, it)| format!("k{}: {}", at * 7 % 5, self.tree(it))).collect();
                format!("{{{}}}", fields.join(", "))
            }
        }
    }

    /// Writes a definition with some values in each of its places.
    fn definition(&mut self, at: usize, trees: &[Tree; 6]) -> String {
        let [default, directive, first, second, below, spread] = trees;
        let arguments = |writer: &mut Self, trees: &[&Tree]| {
            let values: Vec<_> = trees.iter().map(|tree| writer.value(tree, "", ":")).collect();
            values.join(" ")
        };
        let head = if at.is_multiple_of(2) {
            format!("query Q{at}({})", self.value(default, "$", ": T ="))
        } else {
            format!("fragment F{at} on T")
        };
        let own = arguments(self, &[directive]);
        let field = arguments(self, &[first, second]);
        let below = arguments(self, &[below]);
        let spread = arguments(self, &[spread]);
        format!("{head} @d({own}) {{ x(n: null, {field}) {{ y @d({below}) }} ...F1 @d({spread}) }}\n")
    }
}

/// Reads the values of a document.
struct Reader<'d> {
    numbers: &'d Numbers,
    values: &'d [Vec<String>],
    found: usize,
}

impl Reader<'_> {
    fn document(&mut self, document: &ExecutableDocument) {
        for (_, operation) in document.operations.iter() {
            for variable in &operation.node.variable_definitions {
                let default = variable.node.default_value.as_ref().unwrap();
                self.value(&variable.node.name.node, default.pos, &default.node.clone().into_value());
            }
            self.directives(&operation.node.directives);
            self.selections(&operation.node.selection_set.node);
        }
        for fragment in document.fragments.values() {
            self.directives(&fragment.node.directives);
            self.selections(&fragment.node.selection_set.node);
        }
    }

    fn selections(&mut self, set: &SelectionSet) {
        for selection in &set.items {
            self.directives(selection.node.directives());
            if let Selection::Field(field) = &selection.node {
                self.arguments(&field.node.arguments);
                self.selections(&field.node.selection_set.node);
            }
        }
    }

    fn directives(&mut self, directives: &[Positioned<Directive>]) {
        for directive in directives {
            self.arguments(&directive.node.arguments);
        }
    }

    fn arguments(&mut self, arguments: &[(Positioned<Name>, Positioned<Value>)]) {
        for (name, value) in arguments {
            self.value(&name.node, value.pos, &value.node);
        }
    }

    fn value(&mut self, name: &str, place: Pos, value: &Value) {
        let Some(at) = name.strip_prefix('a').and_then(|at| at.parse::<usize>().ok()) else { return };
        let mut read = Vec::new();
        read_numbers(value, &mut self.numbers.within(place), &mut read);
        assert_eq!(read, self.values[at], "{name}");
        self.found += 1;
    }
}

fn read_numbers(value: &Value, literals: &mut Literals<'_>, read: &mut Vec<String>) {
    match value {
        Value::Number(number) => {
            let literal = literals.next().unwrap();
            // If the parser is exact, the number is the same.
            if let Ok(whole) = literal.parse::<i64>() {
                assert_eq!(number.as_i64(), Some(whole));
            }
            read.push(literal.to_owned());
        }
        Value::List(items) => items.iter().for_each(|item| read_numbers(item, literals, read)),
        Value::Object(fields) => fields.values().for_each(|field| read_numbers(field, literals, read)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn numbers_are_those_of_their_values(
        trees in proptest::collection::vec([tree(), tree(), tree(), tree(), tree(), tree()], 1..5),
    ) {
        let mut writer = Writer::default();
        let text: String =
            trees.iter().enumerate().map(|(at, trees)| writer.definition(at, trees)).collect();
        let scanned = scan(&text, usize::MAX).unwrap_or_else(|error| panic!("{text}: {}", error.message));
        let document = parse_query(&scanned.text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut reader = Reader { numbers: &scanned.numbers, values: &writer.values, found: 0 };
        reader.document(&document);
        prop_assert_eq!(reader.found, writer.values.len());
    }
}
