//! Served functions match their declarations: arguments, results, and whose rights they run with.

use std::collections::BTreeMap;

use entity::{Argument, ArgumentType, Function, Returns, Source, TableName, Visitor};
use sea_orm::{ColumnTrait, EntityTrait, IdenStatic, Iterable};

use crate::cluster::migrated;
use crate::entities::type_name;
use crate::systems::{self, functions};

/// The columns of entities, in the notation of a function's result.
#[derive(Default)]
struct Shapes(BTreeMap<TableName, String>);

impl Visitor for Shapes {
    fn visit<E: EntityTrait>(&mut self, _: E, table: TableName, _: &'static Source) {
        let columns = E::Column::iter().map(|column| {
            let ty = type_name(column.def().get_column_type());
            // A function's result has no precision.
            let ty = ty.split_once('(').map_or(ty.as_str(), |it| it.0);
            format!("{} {ty}", column.as_str())
        });
        self.0.insert(table, columns.collect::<Vec<_>>().join(", "));
    }
}

fn argument_type(argument: &Argument) -> &'static str {
    match argument.ty {
        ArgumentType::Boolean => "boolean",
        ArgumentType::Int => "integer",
        ArgumentType::BigInt => "bigint",
        ArgumentType::Numeric(_) => "numeric",
        ArgumentType::Text => "text",
        ArgumentType::Uuid => "uuid",
        ArgumentType::Date => "date",
        ArgumentType::DateTime => "timestamp with time zone",
        ArgumentType::TextList => "text[]",
        ArgumentType::BigIntList => "bigint[]",
        ArgumentType::Objects(_) => unreachable!("their fields are arguments"),
    }
}

/// Returns the arguments of a function, in any order.
fn arguments(function: &Function) -> Vec<String> {
    let mut arguments = Vec::new();
    for argument in function.arguments {
        let default = if argument.required { "" } else { " default" };
        match argument.ty {
            ArgumentType::Objects(fields) => arguments.extend(
                fields.iter().map(|field| format!("{} {}[]{default}", field.name, argument_type(field))),
            ),
            _ => arguments.push(format!("{} {}{default}", argument.name, argument_type(argument))),
        }
    }
    arguments.sort();
    arguments
}

/// The query for a function's arguments, volatility, rights, result, and callers.
const FOUND: &str = "
    SELECT concat_ws(E'\\n',
      (SELECT string_agg(concat(proargnames[place], ' ', format_type(type, NULL),
          CASE WHEN place > pronargs - pronargdefaults THEN ' default' END), ', '
          ORDER BY concat(proargnames[place], ' ', format_type(type, NULL),
            CASE WHEN place > pronargs - pronargdefaults THEN ' default' END) COLLATE \"C\")
        FROM unnest(proargtypes) WITH ORDINALITY AS argument (type, place)),
      CASE WHEN provolatile = 's' THEN 'reads' WHEN provolatile = 'v' THEN 'writes' ELSE 'does neither' END,
      CASE WHEN prosecdef THEN 'with its owner''s rights' ELSE 'with its caller''s rights' END,
      CASE
        WHEN proretset AND proargmodes IS NOT NULL THEN
          (SELECT string_agg(concat(proargnames[place], ' ', format_type(type, NULL)), ', ' ORDER BY place)
           FROM unnest(proallargtypes) WITH ORDINALITY AS result (type, place) WHERE proargmodes[place] = 't')
        ELSE concat(CASE WHEN proretset THEN 'all ' END, prorettype::regtype::text) END,
      (SELECT string_agg(grantee::regrole::text, ', ' ORDER BY grantee::regrole::text)
       FROM aclexplode(proacl) WHERE grantee <> proowner))
    FROM pg_proc WHERE oid = ";

#[tokio::test]
async fn functions_are_as_they_are_declared() {
    let mut shapes = Shapes::default();
    systems::visit(&mut shapes);
    let mut session = migrated().await.connect().await;
    for function in functions() {
        let name = format!("{}.{}", function.schema, function.name);
        let found = session.one(format!("{FOUND} '{name}'::regproc")).await;
        // Postgres omits the schema of the search path.
        let shown = |table: TableName| {
            let name = table.to_string();
            name.strip_prefix("public.").unwrap_or(&name).to_owned()
        };
        let (does, result) = match function.returns {
            Returns::Rows(table) | Returns::Row(table) => ("reads", shapes.0[&table].clone()),
            Returns::Written(table) => ("writes", shown(table)),
            Returns::AllWritten(table) => ("writes", format!("all {}", shown(table))),
        };
        let taken = arguments(function).join(", ");
        let taken = if taken.is_empty() { taken } else { format!("{taken}\n") };
        let expected = format!("{taken}{does}\nwith its caller's rights\n{result}\n");
        // Callers without a token read no rows, without an error; they write nothing.
        let callers = if does == "reads" { "anon, authenticated" } else { "authenticated" };
        assert_eq!(found, format!("{expected}{callers}"), "{name}");
        assert!(!function.doc.is_empty() && function.arguments.iter().all(|it| !it.doc.is_empty()), "{name}");
    }
}
