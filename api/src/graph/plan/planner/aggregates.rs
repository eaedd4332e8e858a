//! Plans aggregates.

use crate::graph::document::{Field, Selection};

use super::super::{AggregateField, Keyed, LoadId};
use super::loads::DraftKind;
use super::{Planned, Planner};
use crate::graph::aggregate::{self, AggregateFunction};
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{ColumnType, FieldId, Table};
use crate::graph::question::aggregates::Expression;
use crate::graph::question::allowance;
use crate::graph::question::find_or_push;

impl<'a> Planner<'a> {
    pub(super) fn aggregate(
        &mut self,
        table: &'a Table,
        load: LoadId,
        sets: &[&'a [Selection]],
        objects: u64,
    ) -> Planned<Vec<Keyed<AggregateField>>> {
        let type_name = format!("{}Aggregate", table.type_name);
        let collected = self.collect(sets, &type_name)?;
        self.each(&collected, objects, |this, field, collected| {
            match (&*field.name, table.field(&field.name)) {
                ("count", _) => Ok(AggregateField::Count(this.expression(load, Expression::Count))),
                (_, Some(FieldId::Column(column))) => {
                    let ty = aggregate::measured_as(table, column);
                    let sets = collected.selections();
                    Ok(AggregateField::Column(if aggregate::has_numbers_within(ty) {
                        let path = this.path_within(field)?;
                        let within = |function| Expression::Within(function, column, path.clone());
                        this.functions(
                            &aggregate::NUMBER_WITHIN,
                            &aggregate::type_name(ty),
                            load,
                            (&sets, objects),
                            within,
                        )?
                    } else {
                        let of = |function| Expression::Of(function, column);
                        this.functions(ty, &aggregate::type_name(ty), load, (&sets, objects), of)?
                    }))
                }
                // Validation leaves `__typename` only.
                _ => Ok(AggregateField::Typename(type_name.clone())),
            }
        })
    }

    /// Plans the functions that the request selects for values of one type.
    fn functions(
        &mut self,
        ty: &ColumnType,
        type_name: &str,
        load: LoadId,
        (sets, objects): (&[&'a [Selection]], u64),
        expression: impl Fn(AggregateFunction) -> Expression,
    ) -> Planned<Vec<Keyed<AggregateField>>> {
        let collected = self.collect(sets, type_name)?;
        self.each(&collected, objects, |this, field, _| {
            let Some(described) =
                aggregate::functions(ty).iter().find(|described| described.field == &*field.name)
            else {
                return Ok(AggregateField::Typename(type_name.to_owned()));
            };
            let function = match described.function {
                AggregateFunction::Percentile(_) => AggregateFunction::Percentile(this.share(field)?),
                function => function,
            };
            let position = this.expression(load, expression(function));
            Ok(if function.is_count() {
                AggregateField::Count(position)
            } else {
                AggregateField::Value(position, function.result(ty))
            })
        })
    }

    /// Returns the argument `at`: a path within JSON.
    fn path_within(&self, field: &'a Field) -> Planned<Vec<String>> {
        let given = self.arguments(field)?;
        let path = given.get("at").map(Value::items).unwrap_or_default();
        let path: Vec<String> = path.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        if path.is_empty() {
            return Err(self.refuse(field, ArgumentError::new("at", "name at least one key")));
        }
        let letters = path.iter().map(|key| 1 + key.chars().count()).sum();
        allowance::pattern(self.limits, letters, || "at".into())
            .map_err(|error| self.refuse(field, error))?;
        Ok(path)
    }

    /// Returns the argument `p` of a percentile.
    pub(super) fn share(&self, field: &'a Field) -> Planned<f64> {
        let given = self.arguments(field)?;
        let share = given.get("p").and_then(|share| share.as_f64_between("0", "1"));
        share.ok_or_else(|| self.refuse(field, ArgumentError::new("p", "a share lies between 0 and 1")))
    }

    /// Returns the position of an aggregate in a row of a load, and adds the aggregate if it is missing.
    pub(super) fn expression(&mut self, load: LoadId, expression: Expression) -> usize {
        let expressions = match &mut self.drafts[load.0].kind {
            DraftKind::Aggregate(aggregate) => &mut aggregate.expressions,
            DraftKind::Groups(groups) => return groups.expression(expression),
            DraftKind::Series(series) => return series.lines.expression(expression),
            DraftKind::ByKey | DraftKind::RowsBefore(_) | DraftKind::Page(_) | DraftKind::Points(_) => {
                return 0;
            }
        };
        find_or_push(expressions, expression)
    }
}
