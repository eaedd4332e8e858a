//! Corner cases that random operations seldom produce: every list is queried where answers are easily wrong.

use super::dice::Dice;
use super::generate::Generator;
use super::operation::{Argument, Field, Operation};
use super::schema::Member;

/// Texts with characters that are special in a pattern, but literal here.
const LITERAL: [&str; 4] = ["%", "_", "O'Neil 1_", "%_\\"];
/// Number of fields of an operation.
const AT_ONCE: usize = 8;

impl Generator<'_> {
    /// Returns operations about every text prefix or substring with special characters of patterns, every value that rows below
    /// may lack, and every number that may be a text within JSON.
    pub(crate) fn corners(&self, dice: &mut Dice) -> Vec<Operation> {
        let root = self.schema.get(&self.schema.query);
        let (lists, others): (Vec<&Member>, Vec<&Member>) = root.fields.iter().partition(|it| is_list(it));
        let mut operations = self.of_lists(dice, &lists, None);
        for system in others.into_iter().filter(|it| it.arguments.is_empty() && self.is_wanted(&it.name)) {
            let lists: Vec<&Member> =
                self.schema.get(&system.ty.name).fields.iter().filter(|it| is_list(it)).collect();
            operations.extend(self.of_lists(dice, &lists, Some(&system.name)));
        }
        operations
    }

    /// Returns operations about lists of the root, or of a `system`.
    fn of_lists(&self, dice: &mut Dice, lists: &[&Member], system: Option<&str>) -> Vec<Operation> {
        let wanted = lists.iter().filter(|list| self.is_wanted(&list.name));
        let fields: Vec<Field> =
            wanted.flat_map(|list| [self.filtered(dice, list), self.within(list)].concat()).collect();
        let operation = |fields: &[Field]| {
            let named = fields.iter().enumerate().map(|(at, field)| {
                let alias = Some(format!("f{at}"));
                Field { alias, ..field.clone() }
            });
            let fields = match system {
                Some(system) => vec![Field { fields: named.collect(), ..Field::named(system) }],
                None => named.collect(),
            };
            Operation { kind: "query", fields }
        };
        fields.chunks(AT_ONCE).map(operation).collect()
    }

    /// Returns counts of the list under conditions on each of its columns and on rows below.
    fn filtered(&self, dice: &mut Dice, list: &Member) -> Vec<Field> {
        let Some(filter) = list.arguments.iter().find(|it| it.name == "filter") else { return Vec::new() };
        let mut filters = Vec::new();
        for input in &self.schema.get(&filter.ty.name).inputs {
            let conditions = &self.schema.get(&input.ty.name).inputs;
            if conditions.iter().any(|it| it.name == "startsWith") {
                let of = |operator: &'static str| {
                    LITERAL.map(|text| one(&input.name, one(operator, Argument::text(text))))
                };
                filters.extend([of("startsWith"), of("contains")].concat());
            }
            let Some(every) = conditions.iter().find(|it| it.name == "every") else { continue };
            for column in &self.schema.get(&every.ty.name).inputs {
                let conditions = &self.schema.get(&column.ty.name).inputs;
                let Some(neq) = conditions.iter().find(|it| it.name == "neq") else { continue };
                let value = self.input(dice, &column.name, &neq.ty, 0);
                filters.push(one(&input.name, one("every", one(&column.name, one("neq", value)))));
            }
        }
        let counted = |filter| Field {
            arguments: vec![("filter".into(), filter)],
            fields: vec![Field::named("totalCount")],
            ..Field::named(&list.name)
        };
        filters.into_iter().map(counted).collect()
    }

    /// Returns the list's aggregates at every place within its JSON.
    fn within(&self, list: &Member) -> Vec<Field> {
        let Some(aggregate) = self.schema.field(&list.ty.name, "aggregate") else { return Vec::new() };
        let mut fields = Vec::new();
        for column in &self.schema.get(&aggregate.ty.name).fields {
            if !column.arguments.iter().any(|it| it.name == "at") {
                continue;
            }
            let numbers = self.schema.get(&column.ty.name).fields.iter().filter(|it| it.arguments.is_empty());
            let numbers: Vec<Field> = numbers.map(|it| Field::named(&it.name)).collect();
            for keys in self.pool.paths(&column.name) {
                let keys = Argument::List(keys.iter().map(|key| Argument::text(key)).collect());
                let column = Field {
                    arguments: vec![("at".into(), keys)],
                    fields: numbers.clone(),
                    ..Field::named(&column.name)
                };
                let aggregate = Field { fields: vec![column], ..Field::named("aggregate") };
                fields.push(Field { fields: vec![aggregate], ..Field::named(&list.name) });
            }
        }
        fields
    }
}

fn is_list(member: &Member) -> bool {
    member.ty.name.ends_with("Connection")
}

/// Returns an object of one member.
fn one(name: &str, value: Argument) -> Argument {
    Argument::Object(vec![(name.to_owned(), value)])
}
