-- Returns the schema of a database as lines, which are equal for equal schemas: they contain no oids, and do not depend on the order of
-- creation. Names are written in full, because search_path is empty.
WITH schemas AS (
  SELECT oid, nspname FROM pg_catalog.pg_namespace WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
), relations AS (
  SELECT r.oid, r.oid::regclass::text AS name, relkind, relrowsecurity, relforcerowsecurity, relacl, relowner, reloptions
  FROM pg_catalog.pg_class AS r JOIN schemas ON schemas.oid = relnamespace
  WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
), functions AS (
  SELECT p.* FROM pg_catalog.pg_proc AS p JOIN schemas ON schemas.oid = pronamespace
)
SELECT concat_ws(' ', 'extension', extname) FROM pg_catalog.pg_extension
UNION ALL SELECT concat_ws(' ', 'schema', nspname) FROM schemas
UNION ALL SELECT concat_ws(' ', 'grant on schema', nspname, acl::text)
FROM schemas JOIN pg_catalog.pg_namespace AS n USING (oid, nspname), unnest(coalesce(nspacl, acldefault('n', nspowner))) AS acl
UNION ALL SELECT concat_ws(' ', 'relation', relkind, name, relrowsecurity, relforcerowsecurity, reloptions) FROM relations
UNION ALL SELECT concat_ws(' ', 'view', name, pg_get_viewdef(oid)) FROM relations WHERE relkind IN ('v', 'm')
UNION ALL SELECT concat_ws(' ', 'grant on', name, acl::text)
FROM relations, unnest(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, relowner))) AS acl
-- Dropped columns leave gaps in the numbers, so that a column is numbered among the existing ones.
UNION ALL SELECT concat_ws(' ', 'column', name, attname, rank() OVER (PARTITION BY attrelid ORDER BY attnum),
  format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, pg_get_expr(adbin, adrelid))
FROM relations JOIN pg_catalog.pg_attribute ON attrelid = relations.oid AND attnum > 0 AND NOT attisdropped
LEFT JOIN pg_catalog.pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE relkind <> 'S'
UNION ALL SELECT concat_ws(' ', 'grant on column', name, attname, acl::text)
FROM relations JOIN pg_catalog.pg_attribute ON attrelid = relations.oid AND NOT attisdropped, unnest(attacl) AS acl
UNION ALL SELECT concat_ws(' ', 'constraint', coalesce(name, contypid::regtype::text), conname, pg_get_constraintdef(c.oid), convalidated)
FROM pg_catalog.pg_constraint AS c JOIN schemas ON schemas.oid = connamespace LEFT JOIN relations ON relations.oid = conrelid
UNION ALL SELECT concat_ws(' ', 'index', pg_get_indexdef(indexrelid), indisvalid)
FROM pg_catalog.pg_index JOIN relations ON relations.oid = indrelid
UNION ALL SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid), tgenabled)
FROM pg_catalog.pg_trigger AS t JOIN relations ON relations.oid = tgrelid WHERE NOT tgisinternal
UNION ALL SELECT concat_ws(' ', 'policy', name, polname, polcmd, polpermissive,
  ARRAY(SELECT CASE role WHEN 0 THEN 'public' ELSE role::regrole::text END FROM unnest(polroles) AS role ORDER BY 1),
  pg_get_expr(polqual, polrelid), '/', pg_get_expr(polwithcheck, polrelid))
FROM pg_catalog.pg_policy JOIN relations ON relations.oid = polrelid
UNION ALL SELECT concat_ws(' ', 'function', CASE prokind WHEN 'a' THEN oid::regprocedure::text ELSE pg_get_functiondef(oid) END)
FROM functions
UNION ALL SELECT concat_ws(' ', 'grant on function', oid::regprocedure, acl::text)
FROM functions, unnest(coalesce(proacl, acldefault('f', proowner))) AS acl
UNION ALL SELECT concat_ws(' ', 'type', t.oid::regtype, typtype, typnotnull, format_type(nullif(typbasetype, 0), typtypmod), typdefault)
FROM pg_catalog.pg_type AS t JOIN schemas ON schemas.oid = typnamespace WHERE typtype IN ('d', 'e', 'r')
UNION ALL SELECT concat_ws(' ', 'value', enumtypid::regtype, enumlabel, rank() OVER (PARTITION BY enumtypid ORDER BY enumsortorder))
FROM pg_catalog.pg_enum JOIN pg_catalog.pg_type AS t ON t.oid = enumtypid JOIN schemas ON schemas.oid = typnamespace
UNION ALL SELECT concat_ws(' ', 'sequence', s.seqrelid::regclass, format_type(seqtypid, NULL), seqstart, seqincrement, seqmin, seqmax, seqcycle)
FROM pg_catalog.pg_sequence AS s JOIN relations ON relations.oid = seqrelid
UNION ALL SELECT concat_ws(' ', 'statistics', pg_get_statisticsobjdef(s.oid))
FROM pg_catalog.pg_statistic_ext AS s JOIN schemas ON schemas.oid = stxnamespace
UNION ALL SELECT concat_ws(' ', 'comment', described.type, described.identity, description)
FROM pg_catalog.pg_description AS d, LATERAL pg_identify_object(classoid, objoid, objsubid) AS described
-- Objects with smaller oids are Postgres's own.
WHERE objoid >= 16384
