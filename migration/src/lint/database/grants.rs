//! Checks grants: none is wider than the policies, goes to PUBLIC, or bypasses row-level security.

use super::super::rule::{Rule, Severity, source};
use super::CatalogRule;

pub(super) const CATALOG_RULES: &[CatalogRule] = &[
    CatalogRule {
        rule: Rule {
            id: "grant-without-policy",
            severity: Severity::Error,
            what: "A policy covers every grant on a table to a role.",
            why: "A grant without a policy has no effect today, and opens the table as soon as a policy is added for another reason.",
            source: source::GRANTS,
            remedy: "REVOKE … ON … FROM …; or the policy that is missing.",
        },
        sql: "SELECT object, format('%s is granted to %s, and no policy allows it', privilege, grantee::regrole),
              format('REVOKE %s ON %s FROM %s;', privilege, object, grantee::regrole)
            FROM granted JOIN tables ON tables.oid = relation
            JOIN pg_catalog.pg_roles AS role ON role.oid = grantee AND NOT rolsuper AND NOT rolbypassrls
            WHERE privilege IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE') AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_policy, unnest(polroles) AS allowed
              WHERE polrelid = relation AND polpermissive
                AND polcmd IN ('*', CASE privilege WHEN 'SELECT' THEN 'r' WHEN 'INSERT' THEN 'a' WHEN 'UPDATE' THEN 'w' ELSE 'd' END)
                AND CASE WHEN allowed = 0 THEN true ELSE pg_has_role(grantee, allowed, 'USAGE') END)",
    },
    CatalogRule {
        rule: Rule {
            id: "policy-without-grant",
            severity: Severity::Warning,
            what: "Every policy for clients has a grant to at least one of them.",
            why: "A policy that nobody can use gives a wrong picture of the access.",
            source: source::GRANTS,
            remedy: "GRANT … ON … TO …; or a policy for fewer commands.",
        },
        sql: "SELECT DISTINCT object, format('a policy allows %s, and it is granted to no client', command),
              format('GRANT %s ON %s TO …; or a policy for fewer commands', command, object)
            FROM tables, pg_catalog.pg_policy,
              (VALUES ('SELECT', 'r'), ('INSERT', 'a'), ('UPDATE', 'w'), ('DELETE', 'd')) AS commands (command, letter)
            WHERE polrelid = tables.oid AND polpermissive AND polcmd::text IN ('*', letter) AND is_reachable
              AND polroles && (ARRAY[0]::oid[] || ARRAY(SELECT oid FROM clients)) AND EXISTS (SELECT FROM clients)
              AND NOT EXISTS (
                SELECT FROM clients WHERE CASE WHEN command = 'DELETE' THEN has_table_privilege(clients.oid, tables.oid, command)
                  ELSE has_any_column_privilege(clients.oid, tables.oid, command) END)",
    },
    CatalogRule {
        rule: Rule {
            id: "anonymous-write",
            severity: Severity::Error,
            what: "Callers who are not signed in cannot write.",
            why: "Every change has an author.",
            source: source::GRANTS,
            remedy: "REVOKE … ON … FROM anon;",
        },
        sql: "SELECT object, format('%s is granted to %s', privilege, client),
              format('REVOKE %s ON %s FROM %I;', privilege, object, client)
            FROM granted JOIN relations ON relations.oid = relation JOIN clients ON clients.oid = grantee AND is_anonymous
            WHERE privilege IN ('INSERT', 'UPDATE', 'DELETE')",
    },
    CatalogRule {
        rule: Rule {
            id: "grant-beyond-rows",
            severity: Severity::Error,
            what: "Clients have no privilege that bypasses row-level security: TRUNCATE, REFERENCES, TRIGGER.",
            why: "TRUNCATE deletes the rows of all tenants; a foreign key reveals which rows exist.",
            source: source::GRANTS,
            remedy: "REVOKE TRUNCATE, REFERENCES, TRIGGER ON … FROM …;",
        },
        sql: "SELECT object, format('%s is granted to %s, which row-level security does not restrict', privilege, client),
              format('REVOKE %s ON %s FROM %I;', privilege, object, client)
            FROM granted JOIN relations ON relations.oid = relation JOIN clients ON clients.oid = grantee
            WHERE privilege NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')",
    },
    CatalogRule {
        rule: Rule {
            id: "public-grant",
            severity: Severity::Error,
            what: "Nothing on a table or view is granted to PUBLIC.",
            why: "Future roles would have the privilege too.",
            source: source::GRANTS,
            remedy: "REVOKE ALL ON … FROM PUBLIC;",
        },
        sql: "SELECT object, format('%s is granted to everybody', privilege), format('REVOKE ALL ON %s FROM PUBLIC;', object)
            FROM granted JOIN relations ON relations.oid = relation WHERE grantee = 0",
    },
    CatalogRule {
        rule: Rule {
            id: "view-write",
            severity: Severity::Error,
            what: "A view is granted for reading only.",
            why: "Writing through a simple view bypasses the grants by column of its tables.",
            source: source::VIEWS,
            remedy: "REVOKE ALL ON … FROM …; GRANT SELECT ON … TO …;",
        },
        sql: "SELECT object, format('%s is granted to %s', privilege, grantee::regrole),
              format('REVOKE %s ON %s FROM %s;', privilege, object, grantee::regrole)
            FROM granted JOIN views ON views.oid = relation WHERE grantee <> 0 AND privilege <> 'SELECT'",
    },
];
