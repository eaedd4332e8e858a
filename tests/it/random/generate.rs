//! Makes operations up.

use serde_json::Value;

use super::dice::Dice;
use super::operation::{Argument, Field, Operation};
use super::pool::Pool;
use super::schema::{Member, Schema, TypeName};

/// Levels of a selection at most.
const DEEPEST: usize = 7;
/// Levels of an input at most.
const DEEPEST_INPUT: usize = 4;

/// Makes operations of a schema, with values of a pool.
pub(crate) struct Generator<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) pool: &'a Pool,
    /// Fields, arguments and values of enums that begin so are left out.
    pub(crate) without: &'a [&'a str],
}

impl Generator<'_> {
    /// A query of one to three fields.
    pub(crate) fn query(&self, dice: &mut Dice) -> Operation {
        let mut fields: Vec<Field> = Vec::new();
        for at in 0..=dice.below(3) {
            let again = fields.first().filter(|_| dice.percent(15)).cloned();
            let mut field = again.unwrap_or_else(|| self.root(dice, &self.schema.query));
            field.alias = Some(format!("f{at}"));
            fields.push(field);
        }
        Operation { kind: "query", fields }
    }

    /// A mutation of one field.
    pub(crate) fn mutation(&self, dice: &mut Dice) -> Operation {
        let mut field = self.root(dice, &self.schema.mutation);
        field.alias = Some("f".into());
        Operation { kind: "mutation", fields: vec![field] }
    }

    /// Fields of a row.
    pub(crate) fn row(&self, dice: &mut Dice, ty: &str) -> Vec<Field> {
        self.selection(dice, ty, 4, None)
    }

    /// A value of an input type, for an argument of this name.
    pub(crate) fn argument(&self, dice: &mut Dice, name: &str, ty: &str) -> Argument {
        self.one(dice, name, ty, 0)
    }

    fn root(&self, dice: &mut Dice, ty: &str) -> Field {
        let members = self.members(ty);
        let member = dice.pick(&members).unwrap_or_else(|| panic!("{ty} has no fields"));
        self.field(dice, member, 1)
    }

    fn members(&self, ty: &str) -> Vec<&Member> {
        self.schema.get(ty).fields.iter().filter(|it| self.is_wanted(&it.name)).collect()
    }

    fn is_wanted(&self, name: &str) -> bool {
        let plain = |name: &str| name.replace('_', "").to_lowercase();
        let name = plain(name);
        self.without.iter().all(|it| !name.starts_with(&plain(it)))
    }

    fn field(&self, dice: &mut Dice, member: &Member, depth: usize) -> Field {
        let mut arguments = Vec::new();
        let ty = self.schema.get(&member.ty.name);
        let is_paged = member.arguments.iter().any(|argument| argument.name == "first");
        // A row is named by one of its keys.
        let is_key = |it: &&Member| !it.ty.is_required && self.schema.get(&it.ty.name).is_leaf();
        let keys: Vec<&Member> = member.arguments.iter().filter(is_key).collect();
        let key = dice.pick(&keys).map(|it| it.name.as_str());
        for argument in &member.arguments {
            let is_wanted = if is_paged { dice.percent(30) } else { key == Some(&argument.name) };
            if argument.ty.is_required || is_wanted {
                let value = match (argument.ty.name.as_str(), argument.ty.is_list) {
                    ("ID", false) => self.pool.id(dice, Some(member.ty.name.trim_end_matches("Payload"))),
                    _ => self.input(dice, &argument.name, &argument.ty, 0),
                };
                arguments.push((argument.name.clone(), value));
            }
        }
        if is_paged {
            self.turn_pages(dice, member, &mut arguments);
        }
        let grouped = arguments.iter().find(|(name, _)| name == "groupBy").map(|(_, value)| value);
        let fields =
            if ty.is_leaf() { Vec::new() } else { self.selection(dice, &member.ty.name, depth, grouped) };
        Field { name: member.name.clone(), arguments, fields, ..Field::default() }
    }

    /// Makes the arguments of a list fit each other, and begins it now and then where somebody else has stopped.
    fn turn_pages(&self, dice: &mut Dice, member: &Member, arguments: &mut Vec<(String, Argument)>) {
        let has = |name: &str| member.arguments.iter().any(|argument| argument.name == name);
        let paged = ["first", "last", "after", "before", "offset"];
        arguments.retain(|(name, _)| !paged.contains(&name.as_str()));
        let size = Argument::Literal((1 + dice.below(5)).to_string());
        let backwards = has("last") && dice.percent(25);
        arguments.push(((if backwards { "last" } else { "first" }).into(), size));
        if has("offset") && !backwards && dice.percent(15) {
            arguments.push(("offset".into(), Argument::Literal(dice.below(4).to_string())));
        }
        if dice.percent(25)
            && let Some(page) = self.pool.page(dice, &member.name)
        {
            arguments.retain(|(name, _)| name != "orderBy");
            arguments.extend(page.order.clone().map(|order| ("orderBy".into(), order)));
            let name = if backwards { "before" } else { "after" };
            arguments.push((name.into(), Argument::text(&page.cursor)));
        }
    }

    /// Fields of a type; the `key` of groups holds what they are `grouped` by.
    fn selection(&self, dice: &mut Dice, ty: &str, depth: usize, grouped: Option<&Argument>) -> Vec<Field> {
        let typename = || Field::named("__typename");
        let possible = &self.schema.get(ty).possible;
        if !possible.is_empty() {
            // An interface: what each type has of its own.
            let some = (0..2).filter_map(|_| dice.pick(possible).cloned()).collect::<Vec<_>>();
            let on = |name: String| {
                let fields = self.selection(dice, &name, depth + 1, None);
                Field { on: Some(name), fields, ..Field::default() }
            };
            return std::iter::once(typename()).chain(some.into_iter().map(on)).collect();
        }
        let (leaves, below): (Vec<&Member>, Vec<&Member>) =
            self.members(ty).into_iter().partition(|it| self.schema.get(&it.ty.name).is_leaf());
        let mut fields: Vec<Field> = Vec::new();
        for at in 0..=dice.below(4) {
            let deeper = depth < DEEPEST && (leaves.is_empty() || dice.percent(40 - 4 * depth));
            let Some(member) = dice.pick(if deeper { &below } else { &leaves }) else { continue };
            let is_key =
                member.name == "key" && self.schema.get(ty).fields.iter().any(|it| it.name == "aggregate");
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
        if fields.is_empty() { vec![typename()] } else { fields }
    }

    /// What groups have in common: all that they are grouped by.
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

    fn input(&self, dice: &mut Dice, field: &str, ty: &TypeName, depth: usize) -> Argument {
        if !ty.is_list {
            return self.one(dice, field, &ty.name, depth);
        }
        let count = 1 + dice.below(3);
        Argument::List((0..count).map(|_| self.one(dice, field, &ty.name, depth)).collect())
    }

    fn one(&self, dice: &mut Dice, field: &str, name: &str, depth: usize) -> Argument {
        let ty = self.schema.get(name);
        match ty.kind.as_str() {
            "ENUM" => {
                let values: Vec<&String> = ty.values.iter().filter(|it| self.is_wanted(it)).collect();
                Argument::Literal(dice.pick(&values).map(|it| (*it).clone()).unwrap_or_default())
            }
            "INPUT_OBJECT" => self.object(dice, field, name, depth),
            _ => self.scalar(dice, field, name),
        }
    }

    fn object(&self, dice: &mut Dice, field: &str, name: &str, depth: usize) -> Argument {
        if name == "TimeBucket" {
            let unit = *dice.pick(&["DAY", "WEEK", "MONTH", "YEAR"]).unwrap_or(&"MONTH");
            return Argument::Object(vec![("unit".into(), Argument::Literal(unit.into()))]);
        }
        if name == "NumberRanges" {
            let (low, high) = (dice.below(50), 51 + dice.below(50));
            let number = |number: usize| Argument::Literal(number.to_string());
            return Argument::Object(vec![if dice.percent(50) {
                ("width".into(), number(1 + low))
            } else {
                ("bounds".into(), Argument::List(vec![number(low), number(high)]))
            }]);
        }
        // What groups are ordered by has to be among what they are grouped by.
        let is_open = |input: &&Member| {
            self.is_wanted(&input.name) && (input.name != "key" || !name.ends_with("GroupOrderBy"))
        };
        let inputs: Vec<&Member> = self.schema.get(name).inputs.iter().filter(is_open).collect();
        let is_grouping = name.ends_with("GroupBy");
        let mut members: Vec<&Member> = Vec::new();
        members.extend(inputs.iter().filter(|input| input.ty.is_required));
        // What is written has many columns, a condition or an order few.
        let is_row = !members.is_empty();
        let many = if is_row { inputs.len().min(3) } else { 1 + usize::from(dice.percent(30)) };
        let many = if name.ends_with("OrderBy") { 1 } else { many };
        for _ in 0..8 {
            let Some(input) = dice.pick(&inputs).filter(|_| members.len() < many) else { break };
            let nests = self.schema.get(&input.ty.name).kind == "INPUT_OBJECT";
            let is_new = members.iter().all(|known| known.name != input.name);
            if is_new && (!nests || depth < DEEPEST_INPUT) {
                members.push(input);
            }
        }
        let value = |input: &Member| {
            // The conditions on a column are about the column.
            let of = if inputs_of_column(&input.name) { field } else { &input.name };
            if is_grouping && input.ty.name == "Boolean" {
                return (input.name.clone(), Argument::Literal("true".into()));
            }
            (input.name.clone(), self.input(dice, of, &input.ty, depth + 1))
        };
        Argument::Object(members.into_iter().map(value).collect())
    }

    fn scalar(&self, dice: &mut Dice, field: &str, name: &str) -> Argument {
        match name {
            "ID" => self.pool.id(dice, None),
            // Shares of all rows, and points of a chart.
            "Float" if matches!(field, "p" | "percentile") => {
                Argument::Literal(format!("0.{}", 1 + dice.below(9)))
            }
            "Int" if field == "max" => Argument::Literal((4 + dice.below(20)).to_string()),
            "Boolean" => Argument::Literal(dice.percent(70).to_string()),
            _ => self.stored(dice, field, name).unwrap_or_else(|| match name {
                "Int" | "Float" => Argument::Literal(dice.below(100).to_string()),
                "BigInt" | "Decimal" => Argument::text(&dice.below(100).to_string()),
                _ => Argument::text("a"),
            }),
        }
    }

    /// A value that is in the database, as it is, or a part of a text.
    fn stored(&self, dice: &mut Dice, field: &str, name: &str) -> Option<Argument> {
        let value: Value = serde_json::from_str(self.pool.value(dice, field, name)?).ok()?;
        Some(match (name, &value) {
            ("BigInt" | "Decimal" | "String", Value::Number(number)) => Argument::text(&number.to_string()),
            ("DateTime", Value::String(text)) => Argument::text(&text.replace(' ', "T")),
            ("String", Value::String(text)) if dice.percent(50) => {
                let part: String = text.chars().take(1 + dice.below(8)).collect();
                Argument::text(&part)
            }
            _ => Argument::from(&value),
        })
    }
}

/// Whether a member of an input is a condition, and no column of its own.
fn inputs_of_column(name: &str) -> bool {
    matches!(
        name,
        "eq" | "neq"
            | "in"
            | "notIn"
            | "lt"
            | "lte"
            | "gt"
            | "gte"
            | "like"
            | "ilike"
            | "startsWith"
            | "contains"
            | "containedBy"
            | "overlaps"
            | "hasKey"
    )
}
