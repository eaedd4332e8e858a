//! Checks the rights with which functions and views run.

use super::super::rule::{Rule, Severity, source};
use super::CatalogRule;

pub(super) const CATALOG_RULES: &[CatalogRule] = &[
    CatalogRule {
        rule: Rule {
            id: "definer-search-path",
            severity: Severity::Error,
            what: "A function with its owner's rights has a search_path of its own.",
            why: "Otherwise its caller decides what its names mean.",
            source: source::POLICIES,
            remedy: "ALTER FUNCTION … SET search_path = '';",
        },
        sql: "SELECT p.oid::regprocedure::text, 'it runs with its owner''s rights and its caller''s search_path',
              format('ALTER FUNCTION %s SET search_path = '''';', p.oid::regprocedure)
            FROM pg_catalog.pg_proc AS p JOIN schemas ON schemas.oid = pronamespace
            WHERE prosecdef AND NOT EXISTS (SELECT FROM unnest(proconfig) AS setting WHERE setting LIKE 'search_path=%')
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend WHERE objid = p.oid AND classid = 'pg_proc'::regclass AND deptype = 'e')",
    },
    CatalogRule {
        rule: Rule {
            id: "definer-public",
            severity: Severity::Error,
            what: "PUBLIC may not call a function with its owner's rights.",
            why: "PUBLIC may call every new function until the privilege is revoked.",
            source: source::POLICIES,
            remedy: "REVOKE EXECUTE ON FUNCTION … FROM PUBLIC;",
        },
        sql: "SELECT p.oid::regprocedure::text, 'it runs with its owner''s rights and everybody may call it',
              format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC;', p.oid::regprocedure)
            FROM pg_catalog.pg_proc AS p JOIN schemas ON schemas.oid = pronamespace
            WHERE prosecdef AND EXISTS (
                SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0)
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend WHERE objid = p.oid AND classid = 'pg_proc'::regclass AND deptype = 'e')",
    },
    CatalogRule {
        rule: Rule {
            id: "view-invoker",
            severity: Severity::Error,
            what: "A view reads with its caller's rights; there are no materialized views.",
            why: "Otherwise it shows its owner's rows to everybody. A materialized view always does.",
            source: source::VIEWS,
            remedy: "ALTER VIEW … SET (security_invoker = true);",
        },
        sql: "SELECT object, 'it reads with its owner''s rights',
              CASE relkind WHEN 'v' THEN format('ALTER VIEW %s SET (security_invoker = true);', object)
                ELSE 'have a table that is refreshed, with policies' END
            FROM views WHERE NOT EXISTS (
              SELECT FROM pg_options_to_table(reloptions)
              WHERE option_name = 'security_invoker' AND option_value::boolean)",
    },
];
