//! Checks every table: row-level security with policies, a primary key, a tenant column, and names in `snake_case`.

use super::super::rule::{Rule, Severity, source};
use super::CatalogRule;

pub(super) const CATALOG_RULES: &[CatalogRule] = &[
    CatalogRule {
        rule: Rule {
            id: "rls-enabled",
            severity: Severity::Error,
            what: "Row-level security is on for every table.",
            why: "Without it a grant shows every row of every tenant.",
            source: source::BRIEF,
            remedy: "ALTER TABLE … ENABLE ROW LEVEL SECURITY;",
        },
        sql: "SELECT object, 'row-level security is off: a grant shows every row',
              format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY;', object)
            FROM tables WHERE NOT is_secured",
    },
    CatalogRule {
        rule: Rule {
            id: "rls-forced",
            severity: Severity::Error,
            what: "Row-level security binds the owner of a table too.",
            why: "Functions with their owner's rights and maintenance would bypass it silently.",
            source: source::GRANTS,
            remedy: "ALTER TABLE … FORCE ROW LEVEL SECURITY; and a policy for its owner.",
        },
        sql: "SELECT object, 'row-level security does not apply to its owner',
              format('ALTER TABLE %s FORCE ROW LEVEL SECURITY;', object)
            FROM tables WHERE is_secured AND NOT is_forced",
    },
    CatalogRule {
        rule: Rule {
            id: "read-policy",
            severity: Severity::Error,
            what: "Every table in a schema that clients can use has a policy for reading.",
            why: "A table without a policy is empty for everybody; access has to be decided explicitly.",
            source: source::BRIEF,
            remedy: "CREATE POLICY … FOR SELECT USING (…);",
        },
        sql: "SELECT object, 'no policy allows a client to read it',
              format('CREATE POLICY %I ON %s FOR SELECT USING (…);', name || '_read', object)
            FROM tables WHERE is_reachable AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_policy WHERE polrelid = tables.oid AND polpermissive AND polcmd IN ('r', '*')
                AND (polroles && (ARRAY[0]::oid[] || ARRAY(SELECT oid FROM clients)) OR NOT EXISTS (SELECT FROM clients)))",
    },
    CatalogRule {
        rule: Rule {
            id: "write-policy",
            severity: Severity::Error,
            what: "Every table in a schema that clients can use has a policy for writing, unless clients do not write it.",
            why: "Policies decide by role who may write; a table that nobody may write is an exception with a reason.",
            source: source::BRIEF,
            remedy: "CREATE POLICY … FOR INSERT WITH CHECK (…); or an exception that says who writes the table.",
        },
        sql: "SELECT object, 'no policy allows a client to write it',
              format('CREATE POLICY %I ON %s FOR INSERT WITH CHECK (…);', name || '_insert', object)
            FROM tables WHERE is_reachable AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_policy WHERE polrelid = tables.oid AND polpermissive AND polcmd <> 'r'
                AND (polroles && (ARRAY[0]::oid[] || ARRAY(SELECT oid FROM clients)) OR NOT EXISTS (SELECT FROM clients)))",
    },
    CatalogRule {
        rule: Rule {
            id: "primary-key",
            severity: Severity::Error,
            what: "Every table has a primary key.",
            why: "A row without a key cannot be updated, paged or watched.",
            source: source::BRIEF,
            remedy: "ALTER TABLE … ADD PRIMARY KEY (…);",
        },
        sql: "SELECT object, 'it has no primary key', format('ALTER TABLE %s ADD PRIMARY KEY (…);', object)
            FROM tables WHERE NOT EXISTS (
              SELECT FROM pg_catalog.pg_constraint WHERE conrelid = tables.oid AND contype = 'p')",
    },
    CatalogRule {
        rule: Rule {
            id: "created-at",
            severity: Severity::Error,
            what: "Every table has a column created_at with a default: the time at which a row was inserted.",
            why: "Sooner or later somebody needs the time of every row.",
            source: source::VITAL,
            remedy: "ALTER TABLE … ADD COLUMN created_at TIMESTAMPTZ DEFAULT now();",
        },
        sql: "SELECT object, 'it has no created_at with a default',
              format('ALTER TABLE %s ADD COLUMN created_at TIMESTAMPTZ DEFAULT now();', object)
            FROM tables WHERE NOT EXISTS (
              SELECT FROM pg_catalog.pg_attribute
              WHERE attrelid = tables.oid AND attname = 'created_at' AND atthasdef AND NOT attisdropped)",
    },
    CatalogRule {
        rule: Rule {
            id: "tenant-column",
            severity: Severity::Error,
            what: "Every table of a schema with tenants has the tenant's column.",
            why: "A policy compares it with the caller's tenants, by an index and without a join.",
            source: source::VITAL,
            remedy: "Add the column, with a foreign key to the tenants, and an index that it leads.",
        },
        sql: "SELECT object, format('it has no column %I', tenant),
              format('ALTER TABLE %s ADD COLUMN %I …;', object, tenant)
            FROM tables WHERE tenant IS NOT NULL AND NOT EXISTS (
              SELECT FROM columns WHERE relation = tables.oid AND columns.name = tenant)",
    },
    CatalogRule {
        rule: Rule {
            id: "snake-case",
            severity: Severity::Error,
            what: "Names of tables, views, columns, constraints and indexes are in snake_case.",
            why: "A name with capitals must be quoted wherever it is used.",
            source: source::BRIEF,
            remedy: "Give it another name before it lands: a rename is not additive.",
        },
        sql: "SELECT named.object, format('%s is not in snake_case', quote_ident(named.name)),
              'give it another name before it lands: a rename is not additive'
            FROM (
              SELECT object, name FROM relations
              UNION ALL SELECT object, name FROM columns
              UNION ALL SELECT object, conname FROM constraints
              UNION ALL SELECT object, name FROM indexes WHERE NOT is_constraint
            ) AS named WHERE named.name !~ '^[a-z][a-z0-9]*(_[a-z0-9]+)*$'",
    },
];
