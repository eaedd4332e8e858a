//! Generates operations.

use super::dice::Dice;
use super::operation::{Argument, Field, Operation};
use super::pool::Pool;
use super::schema::{Member, Schema};

/// The most levels of a selection.
const DEEPEST: usize = 7;

/// Generates operations of a schema, with values of a pool.
pub(crate) struct Generator<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) pool: &'a Pool,
    /// Prefixes of fields, arguments and enum values that are left out.
    pub(crate) without: &'a [&'a str],
    /// The percentage of values that hardly any client would send.
    pub(crate) wild: usize,
}

impl<'a> Generator<'a> {
    /// Returns a generator of valid operations.
    pub(crate) fn new(schema: &'a Schema, pool: &'a Pool, without: &'a [&'a str]) -> Self {
        Self { schema, pool, without, wild: 0 }
    }

    /// Returns a query of one to three fields.
    pub(crate) fn query(&self, dice: &mut Dice) -> Operation {
        let mut fields: Vec<Field> = Vec::new();
        for at in 0..=dice.below(3) {
            let again = fields.first().filter(|_| dice.percent(15)).map(Field::plain);
            let mut field = again.unwrap_or_else(|| self.root(dice, &self.schema.query));
            field.alias = Some(format!("f{at}"));
            fields.push(field);
        }
        Operation { kind: "query", fields }
    }

    /// Returns a mutation of one field.
    pub(crate) fn mutation(&self, dice: &mut Dice) -> Operation {
        let mut field = self.root(dice, &self.schema.mutation);
        field.alias = Some("f".into());
        Operation { kind: "mutation", fields: vec![field] }
    }

    /// Returns fields of a row.
    pub(crate) fn row(&self, dice: &mut Dice, ty: &str) -> Vec<Field> {
        self.selection(dice, ty, 4, None)
    }

    fn root(&self, dice: &mut Dice, ty: &str) -> Field {
        let members = self.members(ty);
        let member = dice.pick(&members).unwrap_or_else(|| panic!("{ty} has no fields"));
        self.field(dice, member, 1)
    }

    fn members(&self, ty: &str) -> Vec<&'a Member> {
        self.schema.get(ty).fields.iter().filter(|it| self.is_wanted(&it.name)).collect()
    }

    pub(super) fn is_wanted(&self, name: &str) -> bool {
        let plain = |name: &str| name.replace('_', "").to_lowercase();
        let name = plain(name);
        self.without.iter().all(|it| !name.starts_with(&plain(it)))
    }

    fn field(&self, dice: &mut Dice, member: &Member, depth: usize) -> Field {
        let mut arguments = self.arguments(dice, member);
        let ty = self.schema.get(&member.ty.name);
        let grouped = arguments.iter().find(|(name, _)| name == "groupBy").map(|(_, value)| value);
        let fields =
            if ty.is_leaf() { Vec::new() } else { self.selection(dice, &member.ty.name, depth, grouped) };
        for (name, value) in &mut arguments {
            let declared = member.arguments.iter().find(|it| it.name == *name);
            if let Some(declared) = declared.filter(|_| dice.percent(12)) {
                let name = format!("v{}", dice.below(usize::MAX));
                *value = Argument::Variable(name, declared.ty.text.clone(), Box::new(value.clone()));
            }
        }
        Field { name: member.name.clone(), arguments, fields, ..Field::default() }
    }

    fn arguments(&self, dice: &mut Dice, member: &Member) -> Vec<(String, Argument)> {
        let mut arguments = Vec::new();
        let is_paged = member.arguments.iter().any(|argument| argument.name == "first");
        // One of its keys selects a row.
        let is_named =
            !is_paged && !member.arguments.is_empty() && member.arguments.iter().all(|it| !it.ty.is_required);
        if is_named
            && !dice.percent(self.wild)
            && let Some(key) = self.pool.key(dice, &member.ty.name)
        {
            return key;
        }
        for argument in &member.arguments {
            let often = if argument.name == "filter" { 50 } else { 30 };
            if argument.ty.is_required || dice.percent(often) {
                let value = match (argument.ty.name.as_str(), argument.ty.is_list) {
                    ("ID", false) if !dice.percent(self.wild) => {
                        self.pool.id(dice, Some(member.ty.name.trim_end_matches("Payload")))
                    }
                    _ if argument.name == "at" => self.place(dice, &member.name, &argument.ty, 0),
                    // A numeric argument of a function is a count or a measure.
                    ("Int" | "Float", false) if is_paged && !dice.percent(self.wild) => {
                        Argument::Literal((1 + dice.below(200)).to_string())
                    }
                    _ => self.input(dice, &argument.name, &argument.ty, 0),
                };
                arguments.push((argument.name.clone(), value));
            }
        }
        if is_paged {
            self.turn_pages(dice, member, &mut arguments);
        }
        self.order_groups(dice, &mut arguments);
        self.bound_series(dice, &mut arguments);
        arguments
    }

    /// Makes the arguments of a list consistent, and sometimes continues after a page of the pool.
    fn turn_pages(&self, dice: &mut Dice, member: &Member, arguments: &mut Vec<(String, Argument)>) {
        if dice.percent(self.wild) {
            return;
        }
        let has = |name: &str| member.arguments.iter().any(|argument| argument.name == name);
        let paged = ["first", "last", "after", "before", "offset"];
        arguments.retain(|(name, _)| !paged.contains(&name.as_str()));
        let size = if dice.percent(15) { dice.below(50) } else { 1 + dice.below(5) };
        let backwards = has("last") && dice.percent(25);
        let number = |number: usize| Argument::Literal(number.to_string());
        // Without a size a page has the default size.
        if backwards || dice.percent(92) {
            arguments.push(((if backwards { "last" } else { "first" }).into(), number(size)));
        }
        if has("offset") && !backwards && dice.percent(15) {
            arguments.push(("offset".into(), number(dice.below(4))));
        }
        if has("before")
            && dice.percent(25)
            && let Some(page) = self.pool.page(dice, member.ty.name.trim_end_matches("Connection"))
        {
            arguments.retain(|(name, _)| name != "orderBy");
            arguments.extend(page.order.clone().map(|order| ("orderBy".into(), order)));
            let names: &[&str] = match dice.below(10) {
                0 => &["after", "before"],
                1..3 => &["before"],
                _ if backwards => &["before"],
                _ => &["after"],
            };
            for name in names {
                let cursor = dice.pick(&page.cursors).map(|cursor| Argument::text(cursor));
                arguments.extend(cursor.map(|cursor| ((*name).to_owned(), cursor)));
            }
        }
    }

    /// Returns fields of a type; the `key` of groups contains the keys in `grouped`.
    fn selection(&self, dice: &mut Dice, ty: &str, depth: usize, grouped: Option<&Argument>) -> Vec<Field> {
        let typename = || Field::named("__typename");
        let possible = &self.schema.get(ty).possible;
        if !possible.is_empty() {
            // An interface: fields of each type.
            let some = (0..2).filter_map(|_| dice.pick(possible).cloned()).collect::<Vec<_>>();
            let on = |(at, name): (usize, String)| {
                let mut fields = self.selection(dice, &name, depth + 1, None);
                // Fields of two types with the same name may have different types.
                rename(&mut fields, &format!("n{at}_"));
                Field { on: Some(name), fields, ..Field::default() }
            };
            return std::iter::once(typename()).chain(some.into_iter().enumerate().map(on)).collect();
        }
        let (leaves, below): (Vec<&Member>, Vec<&Member>) =
            self.members(ty).into_iter().partition(|it| self.schema.get(&it.ty.name).is_leaf());
        let mut fields: Vec<Field> = Vec::new();
        for at in 0..=dice.below(4) {
            let deeper = depth < DEEPEST && (leaves.is_empty() || dice.percent(40 - 4 * depth));
            let Some(mut member) = dice.pick(if deeper { &below } else { &leaves }) else { continue };
            // The same list again, with other arguments.
            let lists = |it: &&&Member| fields.iter().any(|known| known.name == it.name);
            if let Some(again) = below.iter().find(lists).filter(|_| dice.percent(15)) {
                member = again;
            }
            let is_key = member.name == "key" && self.schema.field(ty, "aggregate").is_some();
            let mut field = match grouped {
                Some(by) if is_key => self.key(member, by),
                None if is_key => continue,
                _ => self.field(dice, member, depth + 1),
            };
            if fields.iter().any(|known| known.name == field.name) {
                field.alias = Some(format!("f{at}"));
            }
            fields.push(field);
        }
        if fields.is_empty() {
            return vec![typename()];
        }
        disguise(dice, ty, &mut fields);
        fields
    }

    /// Returns the key of groups with all their keys.
    fn key(&self, member: &Member, by: &Argument) -> Field {
        let ty = self.schema.get(&member.ty.name);
        let mut fields: Vec<Field> = Vec::new();
        if let Argument::Object(parts) = by {
            for (name, part) in parts {
                fields
                    .extend(ty.fields.iter().find(|it| it.name == *name).map(|below| self.key(below, part)));
            }
        }
        // Both ends of a range.
        if !ty.is_leaf() && fields.is_empty() {
            fields.extend(ty.fields.iter().map(|it| Field::named(&it.name)));
        }
        Field { name: member.name.clone(), fields, ..Field::default() }
    }
}

/// Adds a prefix to the keys of a selection.
fn rename(fields: &mut [Field], before: &str) {
    for field in fields {
        if field.on.is_some() {
            rename(&mut field.fields, before);
        } else {
            field.alias = Some(format!("{before}{}", field.key()));
        }
    }
}

/// Sometimes rewrites a selection equivalently: a field in two parts that are merged, in a fragment, or with a directive.
fn disguise(dice: &mut Dice, ty: &str, fields: &mut Vec<Field>) {
    let fragment = |dice: &mut Dice, fields: Vec<Field>| {
        let is_named = dice.percent(50);
        let name = if is_named { format!("F{}", dice.below(usize::MAX)) } else { String::new() };
        Field { on: Some(ty.to_owned()), name, fields, ..Field::default() }
    };
    if dice.percent(10)
        && let Some(at) = fields.iter().position(|field| field.fields.len() > 1)
    {
        let mut second = fields[at].clone();
        let middle = 1 + dice.below(second.fields.len() - 1);
        second.fields.drain(..middle);
        fields[at].fields.truncate(middle);
        let second = if dice.percent(50) { fragment(dice, vec![second]) } else { second };
        fields.push(second);
    }
    if dice.percent(8) {
        let rest = fields.split_off(dice.below(fields.len()));
        let rest = fragment(dice, rest);
        fields.push(rest);
    }
    if dice.percent(5) {
        let at = dice.below(fields.len());
        // A selection whose fields are all skipped is an object without fields.
        fields[at].include = Some(dice.percent(70));
    }
}
