//! Checks a database with queries of Postgres's catalog. Each query returns findings: object, message, remedy, and whether it is unsafe. All
//! run in one statement, so that they share its common table expressions.
//!
//! A table from before the first migration keeps the privileges, policies and keys of its owner: further or different ones than
//! the migrations would create are reported, but not refused.

use super::roles::ROLES;

/// The number of the check of roles.
pub(super) const ABOUT_ROLES: i32 = 0;

/// Returns all checks as one statement: findings in the order of the checks, each row after its check's number. The last row is
/// that of [`CACHE_STATE`].
pub(super) fn all() -> String {
    let checks = [&ROLES].into_iter().chain(&CHECKS).chain([&CACHE_STATE]).enumerate();
    let numbered =
        checks.map(|(number, check)| format!("SELECT {number}, found.* FROM (\n{check}\n) AS found"));
    format!("{PRELUDE}\n{}\nORDER BY 1", numbered.collect::<Vec<_>>().join("\nUNION ALL\n"))
}

/// The common table expressions of the checks. `$1` is the value of [`super::expected`].
pub(super) const PRELUDE: &str = "
WITH said AS MATERIALIZED (
  SELECT $1::text::jsonb AS it
), expected AS (
  SELECT expected.* FROM said, jsonb_to_recordset(it -> 'tables') AS expected
    (schema text, name text, columns jsonb, keys jsonb, reference boolean, reads boolean, inserts text[], updates text[], deletes boolean)
), clients AS (
  SELECT oid, rolname::text AS client, rolname = it ->> 'anonymous' AS is_anonymous
  FROM said, pg_catalog.pg_roles
  WHERE rolname IN (SELECT jsonb_array_elements_text(it -> 'roles') UNION SELECT it ->> 'anonymous')
), served AS (
  SELECT expected.*, r.oid, relkind, relowner, relacl, reloptions, relrowsecurity, relforcerowsecurity,
    relkind IN ('r', 'p') AS is_table, format('%I.%I', schema, name) AS object,
    praxis.was_there_before(r.oid) AS was_there
  FROM expected JOIN pg_catalog.pg_namespace AS n ON nspname = schema
  JOIN pg_catalog.pg_class AS r ON relnamespace = n.oid AND relname = name
), functions AS (
  SELECT f.*, p.oid, prosecdef, proacl, proowner, provolatile, prorettype, proargnames, proargmodes,
    coalesce(proallargtypes, proargtypes::oid[]) AS types, p.oid::regprocedure::text AS object
  FROM said CROSS JOIN LATERAL jsonb_to_recordset(it -> 'functions') AS f
    (schema text, name text, writes boolean, arguments jsonb, columns jsonb)
  LEFT JOIN (pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = pronamespace)
    ON nspname = schema AND proname = name
), shipped AS (
  SELECT shipped.* FROM said, jsonb_to_recordset(it -> 'protection') AS shipped
    (object text, readers text[], policies jsonb, foreign_keys jsonb, triggers jsonb)
), owner AS (
  SELECT relowner AS oid FROM pg_catalog.pg_class WHERE oid = to_regclass('praxis.changes')
), made AS (
  SELECT p.oid, format('%I.%I(%s)', nspname, proname, pg_get_function_identity_arguments(p.oid)) AS object, prosecdef, proowner,
    pg_get_functiondef(p.oid) || ';' AS definition,
    ARRAY(SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE rolname::text END
      FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) LEFT JOIN pg_catalog.pg_roles AS g ON g.oid = grantee
      WHERE grantee = 0 OR rolname = 'praxis_gateway' OR EXISTS (
        SELECT FROM clients WHERE pg_has_role(clients.oid, grantee, 'USAGE')) ORDER BY 1) AS callers
  FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = pronamespace
  WHERE prokind IN ('f', 'p') AND nspname IN (SELECT schema FROM expected UNION SELECT 'auth') AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend WHERE classid = 'pg_catalog.pg_proc'::regclass AND objid = p.oid AND deptype = 'e')
), of_migrations AS (
  SELECT made.*, shipped.hash, shipped.callers AS may_call FROM said
  CROSS JOIN LATERAL jsonb_to_recordset(it -> 'made') AS shipped (object text, hash text, callers text[]) JOIN made USING (object)
  WHERE NOT object LIKE 'auth.%' OR praxis.is_of_migrations('function ' || object)
), triggers AS (
  SELECT served.oid, object, was_there, tgname, tgisinternal, tgenabled, always,
    CASE tgenabled WHEN 'O' THEN definition WHEN 'A' THEN definition || ' ' || always
      ELSE format('%s ALTER TABLE %s %s TRIGGER %I;', definition, object,
        CASE tgenabled WHEN 'D' THEN 'DISABLE' ELSE 'ENABLE REPLICA' END, tgname) END AS statement,
    -- The statement of the same trigger if it fires whatever session_replication_role is.
    definition || ' ' || always AS statement_of_always
  FROM served JOIN pg_catalog.pg_trigger AS t ON tgrelid = served.oid, LATERAL (
    SELECT pg_get_triggerdef(t.oid) || ';' AS definition, format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I;', object, tgname) AS always
  ) AS d
), policies AS (
  SELECT served.oid, object, was_there, reference, polname, polpermissive, polcmd,
    polroles && (ARRAY[0]::oid[] || ARRAY(SELECT g.oid FROM pg_catalog.pg_roles AS g, clients
      WHERE pg_has_role(clients.oid, g.oid, 'USAGE')) || ARRAY(SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user))
      AS is_for_clients,
    -- True if the policy admits rows without reading a column of theirs, for reading or for writing.
    polpermissive AND (polcmd <> 'a' AND coalesce(polqual::text, '') !~ '\\{VAR '
      OR polcmd <> 'r' AND polcmd <> 'd' AND coalesce(polwithcheck, polqual)::text !~ '\\{VAR ') AS is_blind,
    concat(format('CREATE POLICY %I ON %s', polname, object),
      CASE WHEN NOT polpermissive THEN ' AS RESTRICTIVE' END,
      CASE polcmd WHEN 'r' THEN ' FOR SELECT' WHEN 'a' THEN ' FOR INSERT' WHEN 'w' THEN ' FOR UPDATE' WHEN 'd' THEN ' FOR DELETE' END,
      ' TO ' || (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE role::regrole::text END, ', ' ORDER BY role)
                 FROM unnest(polroles) AS role),
      ' USING (' || regexp_replace(pg_get_expr(polqual, polrelid), '\\s+', ' ', 'g') || ')',
      ' WITH CHECK (' || regexp_replace(pg_get_expr(polwithcheck, polrelid), '\\s+', ' ', 'g') || ')', ';') AS statement
  FROM served JOIN pg_catalog.pg_policy ON polrelid = served.oid
), foreign_keys AS (
  SELECT object, replace(pg_get_constraintdef(k.oid), ' NOT VALID', '') AS definition,
    concat(format('ALTER TABLE %s ADD CONSTRAINT %I %s;', object, conname, replace(pg_get_constraintdef(k.oid), ' NOT VALID', '')),
      format(' COMMENT ON CONSTRAINT %I ON %s IS ', conname, object) || quote_literal(obj_description(k.oid, 'pg_constraint')) || ';')
      AS statement
  FROM served JOIN pg_catalog.pg_constraint AS k ON conrelid = served.oid AND contype = 'f' AND conparentid = 0
), granted AS (
  SELECT served.*, privilege_type AS privilege, NULL AS attribute, grantee, is_grantable
  FROM served, aclexplode(relacl)
  UNION ALL
  SELECT served.*, privilege_type, attname::text, grantee, is_grantable
  FROM served JOIN pg_catalog.pg_attribute ON attrelid = served.oid AND NOT attisdropped, aclexplode(attacl)
)";

const CHECKS: [&str; 18] = [
    // Tables that are missing, or cannot be protected.
    "SELECT format('%I.%I', schema, name), 'there is no such table',
       '-- apply the pending migrations, which praxis migrate status lists; if there are none, restore the table from a backup', true
     FROM expected WHERE NOT EXISTS (
       SELECT FROM served WHERE served.schema = expected.schema AND served.name = expected.name)
     UNION ALL
     SELECT object, 'it is neither a table nor a view: row-level security does not apply to it',
       format('-- replace %s by a table with policies', object), true
     FROM served WHERE relkind NOT IN ('r', 'p', 'v')",
    "SELECT object, 'row-level security is off: a grant shows every row',
       format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY;', object), true
     FROM served WHERE is_table AND NOT relrowsecurity",
    "SELECT object, 'row-level security does not apply to its owner',
       format('ALTER TABLE %s FORCE ROW LEVEL SECURITY;', object), true
     FROM served WHERE is_table AND NOT relforcerowsecurity",
    "SELECT object, 'it reads with its owner''s rights', format('ALTER VIEW %s SET (security_invoker = true);', object), true
     FROM served WHERE relkind = 'v' AND NOT EXISTS (
       SELECT FROM pg_options_to_table(reloptions) WHERE option_name = 'security_invoker' AND option_value::boolean)",
    // Columns.
    "SELECT format('%s.%I', object, c.name),
       CASE WHEN attnum IS NULL THEN 'there is no such column'
         ELSE format('its type is %s instead of %s', format_type(atttypid, NULL), format_type(types[1], NULL)) END,
       CASE WHEN NOT is_table THEN format('-- create the view %s again, as its migration does', object)
         WHEN attnum IS NULL THEN format('ALTER TABLE %s ADD COLUMN %I %s;', object, c.name, format_type(types[1], NULL))
         ELSE format('ALTER TABLE %s ALTER COLUMN %I TYPE %s USING %2$I::%3$s;', object, c.name, format_type(types[1], NULL)) END,
       true
     FROM served, jsonb_to_recordset(columns) AS c (name text, types oid[], required boolean)
     LEFT JOIN LATERAL (
       SELECT attnum, atttypid FROM pg_catalog.pg_attribute
       WHERE attrelid = served.oid AND attname = c.name AND attnum > 0 AND NOT attisdropped) AS a ON true
     WHERE attnum IS NULL OR atttypid <> ALL (types)",
    "SELECT format('%s.%I', object, c.name), 'it may be NULL, but must not be',
       format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL;', object, c.name), NOT was_there
     FROM served, jsonb_to_recordset(columns) AS c (name text, required boolean)
     JOIN pg_catalog.pg_attribute ON attname = c.name AND NOT attisdropped AND NOT attnotnull
     WHERE is_table AND required AND attrelid = served.oid",
    // Keys that select rows.
    "SELECT object, format('no unique index has the columns (%s)', named),
       CASE place WHEN 1 THEN format('ALTER TABLE %s ADD PRIMARY KEY (%s);', object, named)
         ELSE format('ALTER TABLE %s ADD UNIQUE (%s);', object, named) END, true
     FROM served, jsonb_array_elements(keys) WITH ORDINALITY AS keys (key, place),
       LATERAL (SELECT string_agg(quote_ident(part), ', ') AS named, array_agg(part ORDER BY part) AS names
                FROM jsonb_array_elements_text(key) AS parts (part)) AS k
     WHERE is_table AND NOT EXISTS (
       SELECT FROM pg_catalog.pg_index
       WHERE indrelid = served.oid AND indisunique AND indisvalid AND indimmediate AND indpred IS NULL AND indexprs IS NULL
         AND names = ARRAY(SELECT attname::text FROM pg_catalog.pg_attribute
           WHERE attrelid = indrelid AND attnum = ANY ((indkey::int2[])[0:indnkeyatts - 1]) ORDER BY attname::text))",
    "SELECT served.object, format('it has no %s', key), statement, NOT was_there
     FROM shipped JOIN served USING (object), jsonb_each_text(shipped.foreign_keys) AS p (key, statement)
     WHERE NOT EXISTS (SELECT FROM foreign_keys AS k WHERE k.object = served.object AND definition = key)",
    // Policies.
    "SELECT served.object, format('its policy %I is missing', policy), statement, true
     FROM shipped JOIN served USING (object), jsonb_each_text(shipped.policies) AS p (policy, statement)
     WHERE NOT EXISTS (SELECT FROM policies WHERE policies.oid = served.oid AND polname = policy)",
    "SELECT object, format('its policy %I differs from that of the migrations', polname),
       format('DROP POLICY %I ON %s; %s', polname, object, p.statement), is_blind OR NOT was_there
     FROM policies JOIN shipped USING (object), jsonb_each_text(shipped.policies) AS p (policy, statement)
     WHERE policy = polname AND p.statement <> policies.statement",
    "SELECT object,
       CASE WHEN is_blind THEN format('its policy %I admits callers whatever the row contains', polname)
         ELSE format('its policy %I does not come from the migrations', polname) END,
       format('DROP POLICY %I ON %s;', polname, object), is_blind OR NOT was_there
     FROM policies LEFT JOIN shipped USING (object)
     WHERE is_for_clients AND polpermissive AND NOT coalesce(shipped.policies ? polname::text, false)",
    "SELECT object, format('its policy %I does not come from the migrations, so that answers of the table are not cached', polname),
       format('DROP POLICY %I ON %s;', polname, object), false
     FROM policies LEFT JOIN shipped USING (object)
     WHERE is_for_clients AND reference AND NOT polpermissive AND polcmd IN ('r', '*')
       AND NOT coalesce(shipped.policies ? polname::text, false)",
    // Grants.
    "SELECT DISTINCT object, format('%s is granted to %s%s', shown, grantee_name, excess),
       CASE WHEN grantee <> 0 AND may_some AND attribute IS NULL
         THEN format('REVOKE %s ON %s FROM %s; GRANT %1$s (%4$s) ON %2$s TO %3$s;', privilege, object, grantee_name, columns_of)
         ELSE format('REVOKE %s ON %s FROM %s;', shown, object, grantee_name) END,
       NOT was_there
     FROM (
       SELECT *,
         CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END AS grantee_name,
         concat(privilege, ' (' || quote_ident(attribute) || ')') AS shown,
         array_to_string(ARRAY(SELECT quote_ident(c) FROM unnest(allowed) AS c), ', ') AS columns_of,
         cardinality(allowed) > 0 AND NOT is_anonymous AS may_some,
         CASE WHEN privilege NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
             THEN ', which row-level security does not restrict'
           WHEN grantee = 0 THEN ', which is everybody'
           WHEN privilege = 'SELECT' AND reads AND is_anonymous AND NOT anonymous_reads THEN ', and so to callers without a token'
           WHEN privilege = 'SELECT' AND reads THEN NULL
           WHEN privilege = 'SELECT' THEN ', but the table is not served to callers'
           WHEN is_anonymous THEN ', and so to callers without a token'
           WHEN privilege = 'DELETE' AND deletes THEN NULL
           WHEN privilege = 'DELETE' THEN ', but callers do not delete rows of it'
           WHEN attribute = ANY (allowed) THEN NULL
           WHEN attribute IS NOT NULL THEN ', but callers do not write the column'
           WHEN EXISTS (SELECT FROM pg_catalog.pg_attribute
             WHERE attrelid = oid AND attnum > 0 AND NOT attisdropped AND attname <> ALL (allowed))
             THEN ', also for columns that callers do not write'
         END AS excess
       FROM (
         SELECT granted.*, EXISTS (SELECT FROM shipped, clients
             WHERE shipped.object = granted.object AND is_anonymous AND client = ANY (readers)) AS anonymous_reads,
           CASE privilege WHEN 'INSERT' THEN inserts WHEN 'UPDATE' THEN updates ELSE '{}' END AS allowed,
           -- True if callers without a token have the privilege, perhaps through another role.
           EXISTS (SELECT FROM clients WHERE is_anonymous
             AND CASE grantee WHEN 0 THEN true ELSE pg_has_role(clients.oid, grantee, 'USAGE') END) AS is_anonymous
         FROM granted WHERE CASE grantee WHEN 0 THEN true ELSE EXISTS (
           SELECT FROM clients WHERE client IN ('anon', 'authenticated') AND pg_has_role(clients.oid, grantee, 'USAGE')) END
       ) AS held
     ) AS judged WHERE excess IS NOT NULL",
    "SELECT DISTINCT object, format('%s may grant %s to others', grantee::regrole, privilege),
       format('REVOKE GRANT OPTION FOR %s ON %s FROM %s;',
         concat(privilege, ' (' || quote_ident(attribute) || ')'), object, grantee::regrole), NOT was_there
     FROM granted JOIN clients ON clients.oid = grantee WHERE is_grantable",
    // Functions.
    "SELECT coalesce(object, format('%I.%I', schema, name)), message, remedy, true
     FROM functions, LATERAL (
       SELECT 'there is no such function' AS message, NULL AS remedy WHERE functions.oid IS NULL
       UNION ALL
       SELECT 'it runs with its owner''s rights', format('ALTER FUNCTION %s SECURITY INVOKER;', object) WHERE prosecdef
       UNION ALL
       SELECT 'everybody may call it', format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC;', object)
       WHERE functions.oid IS NOT NULL AND EXISTS (
         SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0)
       UNION ALL
       SELECT 'it may write, but is served as a function that reads', format('ALTER FUNCTION %s STABLE;', object)
       WHERE NOT writes AND provolatile = 'v'
       UNION ALL
       SELECT format('its argument %I is missing or of another type', a.name), '-- create it again, as its migration does'
       FROM jsonb_to_recordset(arguments) AS a (name text, types oid[])
       WHERE functions.oid IS NOT NULL AND NOT EXISTS (
         SELECT FROM unnest(proargnames, functions.types, proargmodes) AS has (name, type, mode)
         WHERE has.name = a.name AND coalesce(mode, 'i') IN ('i', 'b', 'v') AND type = ANY (a.types))
       UNION ALL
       SELECT format('it returns no %I of the expected type', c.name), '-- create it again, as its migration does'
       FROM jsonb_to_recordset(columns) AS c (name text, types oid[])
       WHERE functions.oid IS NOT NULL AND NOT EXISTS (
         SELECT FROM unnest(proargnames, functions.types, proargmodes) AS has (name, type, mode)
         WHERE has.name = c.name AND mode IN ('t', 'o', 'b') AND type = ANY (c.types)
         UNION ALL
         SELECT FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_attribute ON attrelid = typrelid
         WHERE t.oid = prorettype AND attname = c.name AND NOT attisdropped AND atttypid = ANY (c.types))
     ) AS found",
    // Functions of policies, triggers and served functions: all that the migrations create. The caller adds the text of the
    // definition.
    "SELECT object, 'it differs from the definition in the migrations', NULL, true FROM of_migrations
     WHERE md5(definition) <> hash AND NOT EXISTS (
       SELECT FROM functions AS f WHERE f.oid = of_migrations.oid AND (f.prosecdef OR NOT writes AND provolatile = 'v'))
     UNION ALL
     SELECT object, format('it belongs to %s', proowner::regrole),
       concat(format('ALTER FUNCTION %s OWNER TO %s;', object, owner.oid::regrole),
         -- The change of owner takes the privileges of the old owner away.
         (SELECT string_agg(format(' GRANT EXECUTE ON FUNCTION %s TO %I;', object, caller), '')
           FROM unnest(may_call) AS caller WHERE caller = proowner::regrole::text)), true
     FROM of_migrations, owner WHERE proowner <> owner.oid AND (prosecdef OR pg_has_role(session_user, proowner, 'MEMBER'))
     UNION ALL
     SELECT object, CASE caller WHEN 'PUBLIC' THEN 'everybody may call it' ELSE format('%I may call it', caller) END,
       format('REVOKE EXECUTE ON FUNCTION %s FROM %s;', object, CASE caller WHEN 'PUBLIC' THEN caller ELSE quote_ident(caller) END),
       true
     FROM of_migrations, unnest(callers) AS caller
     WHERE caller <> ALL (may_call)
       -- Another role of callers may do what those with a token may.
       AND (caller = 'PUBLIC' OR 'authenticated' <> ALL (may_call)
         OR EXISTS (SELECT FROM clients WHERE is_anonymous AND pg_has_role(clients.oid, caller::name, 'USAGE')))
       AND NOT (caller = 'PUBLIC' AND EXISTS (SELECT FROM functions WHERE oid = of_migrations.oid))
     UNION ALL
     SELECT object, format('%I may not call it', caller), format('GRANT EXECUTE ON FUNCTION %s TO %I;', object, caller), true
     FROM of_migrations, unnest(may_call) AS caller WHERE caller <> ALL (callers) AND NOT 'PUBLIC' = ANY (callers || may_call)",
    // Triggers.
    "SELECT served.object, format('its trigger %I is missing', t.trigger), statement, NOT was_there
     FROM shipped JOIN served USING (object), jsonb_each_text(shipped.triggers) AS t (trigger, statement)
     WHERE NOT EXISTS (SELECT FROM triggers WHERE triggers.oid = served.oid AND tgname = t.trigger)
     UNION ALL
     SELECT object, format(CASE WHEN is_lesser THEN 'its trigger %I does not fire if session_replication_role is replica'
         WHEN tgenabled = 'D' THEN 'its trigger %I is disabled' ELSE 'its trigger %I differs from that of the migrations' END, tgname),
       CASE WHEN is_lesser THEN always ELSE format('DROP TRIGGER %I ON %s; %s', tgname, object, t.statement) END,
       NOT was_there AND NOT is_lesser
     FROM triggers JOIN shipped USING (object), jsonb_each_text(shipped.triggers) AS t (trigger, statement),
       LATERAL (SELECT tgenabled = 'O' AND t.statement = statement_of_always AS is_lesser) AS l
     WHERE tgname = t.trigger AND t.statement <> triggers.statement
     UNION ALL
     SELECT object, format('its trigger %I, which checks a foreign key, is disabled', tgname),
       format('ALTER TABLE %s ENABLE TRIGGER %I;', object, tgname), true
     FROM triggers WHERE tgisinternal AND tgenabled = 'D'",
    // Objects that served tables and functions run with their owner's rights.
    "SELECT DISTINCT p.oid::regprocedure::text, 'it runs with its owner''s rights and its caller''s search_path',
       format('ALTER FUNCTION %s SET search_path = '''';', p.oid::regprocedure), true
     FROM pg_catalog.pg_proc AS p
     WHERE prosecdef AND NOT EXISTS (SELECT FROM unnest(proconfig) AS setting WHERE setting LIKE 'search_path=%')
       AND p.oid IN (
         SELECT refobjid FROM pg_catalog.pg_depend JOIN pg_catalog.pg_policy AS q ON q.oid = objid
         WHERE classid = 'pg_catalog.pg_policy'::regclass AND refclassid = 'pg_catalog.pg_proc'::regclass
           AND polrelid IN (SELECT oid FROM served)
           AND refobjid NOT IN (SELECT oid FROM of_migrations)
         UNION ALL
         SELECT tgfoid FROM pg_catalog.pg_trigger WHERE NOT tgisinternal AND tgrelid IN (SELECT oid FROM served)
           AND tgfoid NOT IN (SELECT oid FROM of_migrations))",
];

/// The query for the state of cached reference tables. It returns a text that changes whenever the cached answers may change for
/// another reason than rows (each change of an object writes a new row of Postgres's catalog), and true if all callers of a role get
/// the same answers, which holds for the migrations' policies: they depend on the role alone.
const CACHE_STATE: &str = "
SELECT md5(concat(
    (SELECT string_agg(concat(c.oid, ' ', c.xmin), ',' ORDER BY c.oid) FROM pg_catalog.pg_class AS c JOIN served USING (oid)
      WHERE reference),
    (SELECT string_agg(concat(attrelid, ' ', attnum, ' ', a.xmin), ',' ORDER BY attrelid, attnum)
      FROM pg_catalog.pg_attribute AS a JOIN served ON attrelid = served.oid WHERE reference AND attnum > 0),
    (SELECT string_agg(concat(p.oid, ' ', p.xmin), ',' ORDER BY p.oid) FROM pg_catalog.pg_policy AS p
      JOIN served ON polrelid = served.oid WHERE reference),
    (SELECT string_agg(concat(p.oid, ' ', p.xmin), ',' ORDER BY p.oid) FROM pg_catalog.pg_proc AS p WHERE p.oid >= 16384),
    (SELECT string_agg(concat(n.oid, ' ', n.xmin), ',' ORDER BY n.oid) FROM pg_catalog.pg_namespace AS n
      WHERE nspname !~ '^pg_(toast_)?temp_'),
    (SELECT string_agg(m::text, ',' ORDER BY m::text) FROM pg_catalog.pg_auth_members AS m),
    (SELECT string_agg(concat(oid, ' ', rolname, rolsuper, rolbypassrls, rolinherit), ',' ORDER BY oid) FROM pg_catalog.pg_roles))),
  NULL, NULL, NOT EXISTS (
    SELECT FROM policies LEFT JOIN shipped USING (object)
    WHERE reference AND is_for_clients AND polcmd IN ('r', '*')
      AND policies.statement IS DISTINCT FROM shipped.policies ->> polname::text)";

/// The query for the protection of the served tables, as JSON.
pub(super) const PROTECTION: &str = "
SELECT jsonb_pretty(jsonb_agg(jsonb_build_object('object', object, 'readers', readers, 'policies', policies,
  'foreign_keys', foreign_keys, 'triggers', triggers) ORDER BY object))
FROM (
  SELECT object,
    ARRAY(SELECT client FROM clients WHERE has_any_column_privilege(clients.oid, served.oid, 'SELECT') ORDER BY client) AS readers,
    (SELECT coalesce(jsonb_object_agg(polname, statement), '{}') FROM policies WHERE policies.oid = served.oid AND is_for_clients)
      AS policies,
    (SELECT coalesce(jsonb_object_agg(definition, statement), '{}') FROM foreign_keys WHERE foreign_keys.object = served.object)
      AS foreign_keys,
    (SELECT coalesce(jsonb_object_agg(tgname, statement), '{}') FROM triggers
      WHERE triggers.oid = served.oid AND NOT tgisinternal) AS triggers
  FROM served
) AS protected";

/// The query for the functions that the migrations create, as JSON.
pub(super) const FUNCTIONS: &str = "
SELECT jsonb_pretty(jsonb_agg(jsonb_build_object(
  'object', object, 'hash', md5(definition), 'callers', callers, 'definition', definition) ORDER BY object))
FROM made";

#[cfg(test)]
mod tests {
    #[test]
    fn the_expected_state_is_sent_once() {
        assert_eq!(super::all().matches("$1").count(), 1);
    }
}
