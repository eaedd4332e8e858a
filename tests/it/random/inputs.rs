//! Generates arguments.

use chrono::{DateTime, Duration};

use super::dice::Dice;
use super::generate::Generator;
use super::operation::Argument;
use super::scalars::wild;
use super::schema::{Member, Schema, TypeName};

/// The most levels of an input.
const DEEPEST: usize = 4;
/// Time zones with different kinds of clock changes.
const ZONES: [&str; 9] = [
    "UTC",
    "America/Denver",
    "Europe/Berlin",
    "+05:30",
    "Asia/Kathmandu",
    "Pacific/Auckland",
    "-03:00",
    "America/Santiago",
    "Pacific/Apia",
];
/// Times of day that clocks of these zones skip or show twice.
const ORIGINS: [&str; 4] =
    ["2003-01-06T09:30:00Z", "2003-01-06T01:30:00Z", "2003-01-06T13:30:00Z", "2003-07-06T04:30:00Z"];
/// Numbers that no double can represent, and others.
const WIDTHS: [&str; 8] =
    ["0.1", "0.01", "0.3", "0.7", "2.2", "0.05", "0.3333333333333333", "0.30000000000000004"];
const LENGTHS: [&str; 6] = ["P7D", "P1D", "P14D", "PT36H", "PT6H", "PT90M"];
const SHORT_UNITS: [&str; 4] = ["MINUTE", "FIVE_MINUTES", "FIFTEEN_MINUTES", "HOUR"];

impl Generator<'_> {
    /// Returns a value of an input type, for an argument of this name.
    pub(crate) fn argument(&self, dice: &mut Dice, name: &str, ty: &str) -> Argument {
        self.one(dice, name, ty, 0)
    }

    pub(super) fn input(&self, dice: &mut Dice, field: &str, ty: &TypeName, depth: usize) -> Argument {
        if !ty.is_list {
            return self.one(dice, field, &ty.name, depth);
        }
        // A place within JSON has at least one key.
        let count = if field != "at" && dice.percent(4) { 0 } else { 1 + dice.below(3) };
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
            _ if dice.percent(self.wild) => wild(dice, field, name, self.pool),
            _ => self.scalar(dice, field, name),
        }
    }

    fn object(&self, dice: &mut Dice, field: &str, name: &str, depth: usize) -> Argument {
        match name {
            "TimeBucket" => return self.bucket(dice, field),
            "NumberRanges" => return self.ranges(dice),
            _ if name.ends_with("OrderBy") && !name.ends_with("GroupOrderBy") => {
                return order(dice, self.schema, name, &|it| self.is_wanted(it));
            }
            _ => {}
        }
        // Groups can only be ordered by their keys.
        let is_open = |input: &&Member| {
            let is_key = input.name == "key" || self.schema.get(&input.ty.name).kind == "ENUM";
            self.is_wanted(&input.name)
                && !(name.ends_with("GroupOrderBy") && is_key && input.name != "count")
        };
        let is_grouping = name.ends_with("GroupBy");
        let mut inputs: Vec<&Member> = self.schema.get(name).inputs.iter().filter(is_open).collect();
        if is_grouping && depth + 1 >= DEEPEST {
            inputs.retain(|input| !input.ty.name.ends_with("GroupBy"));
        }
        // Half of the conditions on a text are about a part of it.
        let is_of_part =
            |input: &&Member| matches!(&*input.name, "like" | "ilike" | "startsWith" | "contains");
        if inputs.iter().any(|input| input.name == "startsWith") && dice.percent(50) {
            inputs.retain(is_of_part);
        }
        let mut members: Vec<&Member> = Vec::new();
        members.extend(inputs.iter().filter(|input| input.ty.is_required));
        // A row to write has many columns, a condition or an order few.
        let is_row = !members.is_empty();
        let many = if is_row { inputs.len().min(3) } else { 1 + usize::from(dice.percent(30)) };
        let many = if self.schema.get(name).is_one_of { 1 } else { many };
        for _ in 0..8 {
            let Some(input) = dice.pick(&inputs).filter(|_| members.len() < many) else { break };
            let nests = self.schema.get(&input.ty.name).kind == "INPUT_OBJECT" && !is_grouping;
            let is_new = members.iter().all(|known| known.name != input.name);
            if is_new && (!nests || depth < DEEPEST) {
                members.push(input);
            }
        }
        let value = |input: &Member| {
            // The conditions on a column use values of that column.
            let of = if is_of_column(&input.name) { field } else { &input.name };
            if is_grouping && input.ty.name == "Boolean" {
                return (input.name.clone(), Argument::Literal("true".into()));
            }
            let part = match input.name.as_str() {
                "at" => Some(self.place(dice, field, &input.ty, depth + 1)),
                "every" => self.mostly(dice, &input.ty.name, depth + 1),
                "contains" | "startsWith" if input.ty.name == "String" && !input.ty.is_list => {
                    self.part(dice, of, input.name == "startsWith")
                }
                _ => None,
            };
            (input.name.clone(), part.unwrap_or_else(|| self.input(dice, of, &input.ty, depth + 1)))
        };
        Argument::Object(members.into_iter().map(value).collect())
    }

    /// Returns a place within the JSON of a column.
    pub(super) fn place(&self, dice: &mut Dice, column: &str, ty: &TypeName, depth: usize) -> Argument {
        self.path(dice, column).unwrap_or_else(|| self.input(dice, "at", ty, depth))
    }

    /// Returns a condition that most rows meet, except those that lack the value; sometimes `None`.
    fn mostly(&self, dice: &mut Dice, filter: &str, depth: usize) -> Option<Argument> {
        if dice.percent(30 + self.wild) {
            return None;
        }
        let differs = |input: &&Member| {
            self.is_wanted(&input.name)
                && self.schema.get(&input.ty.name).inputs.iter().any(|it| it.name == "neq")
        };
        let columns: Vec<&Member> = self.schema.get(filter).inputs.iter().filter(differs).collect();
        let column = dice.pick(&columns)?;
        let neq = self.schema.get(&column.ty.name).inputs.iter().find(|it| it.name == "neq")?;
        let value = self.input(dice, &column.name, &neq.ty, depth + 1);
        let condition = Argument::Object(vec![("neq".into(), value)]);
        Some(Argument::Object(vec![(column.name.clone(), condition)]))
    }

    /// Returns a bucket; a key of groups may be a date, which has no hours.
    fn bucket(&self, dice: &mut Dice, field: &str) -> Argument {
        let is_key = field != "bucket";
        let text = |name: &str, text: &str| (name.to_owned(), Argument::text(text));
        if dice.percent(self.wild) {
            let zone = self.scalar_or_wild(dice, "timeZone", "String");
            let unit = Argument::Literal("DAY".into());
            return calendar(vec![("unit".into(), unit), ("timeZone".into(), zone)]);
        }
        if is_key && dice.percent(5) {
            return one("exact", Argument::Literal("true".into()));
        }
        if dice.percent(25) {
            let lengths = if is_key { &LENGTHS[..3] } else { &LENGTHS };
            let every = *dice.pick(lengths).unwrap_or(&"P7D");
            let mut members = vec![text("length", every)];
            let is_counted = dice.percent(40);
            if is_counted {
                let origin = match dice.pick(&ORIGINS).filter(|_| dice.percent(30)) {
                    Some(origin) => Argument::text(origin),
                    None => self.scalar_or_wild(dice, "origin", "DateTime"),
                };
                members.push(("origin".into(), origin));
            }
            // Hours that are counted from an origin are the same in every zone.
            if dice.percent(40) && !(is_counted && every.contains('T')) {
                members.push(text("timeZone", dice.pick(&ZONES).unwrap_or(&"UTC")));
            }
            return one("every", Argument::Object(members));
        }
        let units = ["DAY", "WEEK", "MONTH", "QUARTER", "YEAR"];
        let is_short = !is_key && dice.percent(20);
        let unit = if is_short { dice.pick(&SHORT_UNITS) } else { dice.pick(&units) };
        let mut members = vec![("unit".into(), Argument::Literal((*unit.unwrap_or(&"MONTH")).into()))];
        if dice.percent(50) {
            members.push(text("timeZone", dice.pick(&ZONES).unwrap_or(&"UTC")));
        }
        calendar(members)
    }

    fn ranges(&self, dice: &mut Dice) -> Argument {
        let (low, high) = (dice.below(50), 51 + dice.below(50));
        let number = |dice: &mut Dice, number: usize| {
            let is_wild = dice.percent(self.wild);
            let part = dice.pick(&["", ".1", ".3", ".07", ".3000000000004"]).unwrap_or(&"").to_owned();
            let plain = || Argument::Literal(format!("{number}{part}"));
            if is_wild { wild(dice, "width", "Float", self.pool) } else { plain() }
        };
        let width = dice.pick(&WIDTHS).filter(|_| dice.percent(40));
        Argument::Object(vec![if let Some(width) = width {
            ("width".into(), Argument::Literal((*width).to_owned()))
        } else if dice.percent(40) {
            ("width".into(), number(dice, 1 + low))
        } else {
            ("bounds".into(), Argument::List(vec![number(dice, low), number(dice, high)]))
        }])
    }

    /// Sometimes orders groups by one of their keys.
    pub(super) fn order_groups(&self, dice: &mut Dice, arguments: &mut Vec<(String, Argument)>) {
        let Some((_, by)) = arguments.iter().find(|(name, _)| name == "groupBy") else { return };
        let Some(entry) = dice.percent(35).then(|| self.order_by_key(dice, by, true)).flatten() else {
            return;
        };
        let entries = Argument::List(vec![entry]);
        arguments.retain(|(name, _)| name != "orderBy");
        arguments.push(("orderBy".into(), entries));
    }

    fn order_by_key(&self, dice: &mut Dice, by: &Argument, is_top: bool) -> Option<Argument> {
        let Argument::Object(keys) = by else { return None };
        let (name, key) = dice.pick(keys)?;
        let direction = direction(dice, self.schema);
        let inner = match key {
            Argument::Literal(text) if text == "EACH" => return is_top.then(|| one(name, direction)),
            Argument::Object(members) => match members.first().map(|(name, _)| name.as_str()) {
                Some("calendar" | "every" | "exact") => one(name, direction),
                Some("width" | "bounds") => one(name.trim_end_matches("Range"), direction),
                _ => one(name, self.order_by_key(dice, key, false)?),
            },
            _ => one(name, direction),
        };
        Some(if is_top { one("key", inner) } else { inner })
    }

    /// Sets the bounds of a series with many points; dates have no hours.
    pub(super) fn bound_series(&self, dice: &mut Dice, arguments: &mut Vec<(String, Argument)>) {
        let written = |name: &str| {
            let argument = arguments.iter().find(|(known, _)| known == name);
            argument.map(|(_, value)| value.to_string())
        };
        let (Some(bucket), Some(time)) = (written("bucket"), written("time")) else { return };
        let is_short = SHORT_UNITS.iter().any(|unit| bucket.contains(unit)) || bucket.contains("PT");
        if !is_short || dice.percent(self.wild) {
            return;
        }
        if self.pool.is_date(&time) {
            let day = calendar(vec![("unit".into(), Argument::Literal("DAY".into()))]);
            arguments.iter_mut().filter(|(name, _)| name == "bucket").for_each(|it| it.1 = day.clone());
            return;
        }
        let Some(from) = self.stored(dice, "eventTimestamp", "DateTime").map(|it| it.value()) else { return };
        let Ok(from) = DateTime::parse_from_rfc3339(from.as_str().unwrap_or_default()) else { return };
        let to = from + Duration::minutes(1 + i64::try_from(dice.below(2_000)).unwrap_or_default());
        arguments.retain(|(name, _)| name != "from" && name != "to");
        for (name, moment) in [("from", from), ("to", to)] {
            arguments.push((name.into(), Argument::text(&moment.to_rfc3339())));
        }
    }
}

/// Returns an order by any column of a row, or of a row that it references.
pub(super) fn order(
    dice: &mut Dice,
    schema: &Schema,
    ty: &str,
    is_wanted: &dyn Fn(&str) -> bool,
) -> Argument {
    let mut path = Vec::new();
    let mut at = ty;
    while at != "OrderDirection" && path.len() < 8 {
        let columns = |input: &&Member| {
            is_wanted(&input.name) && (path.len() < DEEPEST || input.ty.name == "OrderDirection")
        };
        let inputs: Vec<&Member> = schema.get(at).inputs.iter().filter(columns).collect();
        let Some(input) = dice.pick(&inputs) else { break };
        // A percentile needs its share.
        if input.ty.name == "PercentileOrderBy" {
            let share = ("p".to_owned(), Argument::Literal(format!("0.{}", 1 + dice.below(9))));
            let entry = Argument::Object(vec![share, ("direction".into(), direction(dice, schema))]);
            path.push(input.name.as_str());
            return path
                .iter()
                .rev()
                .fold(entry, |below, name| Argument::Object(vec![((*name).into(), below)]));
        }
        path.push(input.name.as_str());
        at = &input.ty.name;
    }
    let direction = direction(dice, schema);
    path.iter().rev().fold(direction, |below, name| Argument::Object(vec![((*name).into(), below)]))
}

/// Returns an object of one member.
fn one(name: &str, value: Argument) -> Argument {
    Argument::Object(vec![(name.to_owned(), value)])
}

/// Returns a bucket of a unit.
fn calendar(members: Vec<(String, Argument)>) -> Argument {
    one("calendar", Argument::Object(members))
}

fn direction(dice: &mut Dice, schema: &Schema) -> Argument {
    Argument::Literal(dice.pick(&schema.get("OrderDirection").values).cloned().unwrap_or_default())
}

/// Returns true if a member of an input is a condition or a function, and not a column.
fn is_of_column(name: &str) -> bool {
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
            | "sum"
            | "avg"
            | "min"
            | "max"
            | "stddev"
            | "percentile"
            | "path"
            | "value"
    )
}
