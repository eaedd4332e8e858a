//! Checks foreign keys and the comments of constraints.

use super::super::rule::{Rule, Severity, source};
use super::CatalogRule;

pub(super) const CATALOG_RULES: &[CatalogRule] = &[
    CatalogRule {
        rule: Rule {
            id: "foreign-key-index",
            severity: Severity::Error,
            what: "An index begins with the columns of every foreign key; if fewer of them identify the parent, these suffice.",
            why: "A join from the parent, and every delete of it, would read the whole table.",
            source: source::BRIEF,
            remedy: "CREATE INDEX idx_<table>_<columns> ON …;",
        },
        sql: "SELECT object, format('no index begins with the columns of %s', pg_get_constraintdef(k.oid)),
              format('CREATE INDEX ON %s (%s);', table_object, (
                SELECT string_agg(quote_ident(attname), ', ' ORDER BY place)
                FROM unnest(conkey) WITH ORDINALITY AS key (number, place)
                JOIN pg_catalog.pg_attribute ON attrelid = conrelid AND attnum = number))
            FROM constraints AS k WHERE contype = 'f' AND NOT EXISTS (
              SELECT FROM indexes AS i, generate_series(1, indnkeyatts) AS length,
                LATERAL (SELECT (indkey::int2[])[0:length - 1] AS beginning) AS l
              WHERE indrelid = conrelid AND indisvalid AND predicate = '' AND beginning <@ conkey AND (
                beginning @> conkey OR EXISTS (
                  SELECT FROM pg_catalog.pg_index AS parent
                  WHERE parent.indrelid = confrelid AND parent.indisunique AND parent.indpred IS NULL
                    AND (parent.indkey::int2[])[0:parent.indnkeyatts - 1]
                      <@ ARRAY(SELECT confkey[place] FROM generate_subscripts(conkey, 1) AS place WHERE conkey[place] = ANY (beginning)))))",
    },
    CatalogRule {
        rule: Rule {
            id: "foreign-key-on-delete",
            severity: Severity::Error,
            what: "Every foreign key declares what happens when its parent is deleted.",
            why: "Without a declaration, a delete may fail where a cascade was intended.",
            source: source::TASK,
            remedy: "ON DELETE CASCADE, SET NULL or RESTRICT in the constraint.",
        },
        sql: "SELECT object, format('%s has no ON DELETE', pg_get_constraintdef(oid)),
              'say ON DELETE CASCADE, SET NULL or RESTRICT before it lands'
            FROM constraints WHERE contype = 'f' AND confdeltype = 'a'",
    },
    CatalogRule {
        rule: Rule {
            id: "foreign-key-valid",
            severity: Severity::Error,
            what: "Every constraint has been validated.",
            why: "Older rows may violate it.",
            source: source::BRIEF_METRICS,
            remedy: "ALTER TABLE … VALIDATE CONSTRAINT …;",
        },
        sql: "SELECT object, 'it was never validated: older rows may violate it',
              format('ALTER TABLE %s VALIDATE CONSTRAINT %I;', table_object, conname)
            FROM constraints WHERE NOT convalidated",
    },
    CatalogRule {
        rule: Rule {
            id: "constraint-comment",
            severity: Severity::Error,
            what: "Every constraint that a write can violate has a comment.",
            why: "The gateway shows the comment to the caller.",
            source: source::RULES,
            remedy: "COMMENT ON CONSTRAINT … ON … IS '…';",
        },
        sql: "SELECT object, 'a write can violate it, and it has no comment to show to the caller',
              format('COMMENT ON CONSTRAINT %I ON %s IS ''…'';', conname, table_object)
            FROM constraints WHERE contype IN ('c', 'f', 'u', 'x') AND obj_description(oid, 'pg_constraint') IS NULL
              AND EXISTS (SELECT FROM clients WHERE has_any_column_privilege(clients.oid, conrelid, 'INSERT, UPDATE'))
              AND EXISTS (SELECT FROM tables WHERE tables.oid = conrelid AND is_reachable)",
    },
];
