//! Checks indexes: each needed index exists, has a proper name and a comment, and has no duplicate.

use super::super::rule::{Rule, Severity, source};
use super::CatalogRule;

pub(super) const CATALOG_RULES: &[CatalogRule] = &[
    CatalogRule {
        rule: Rule {
            id: "time-index",
            severity: Severity::Error,
            what: "Every date and time that filters use is a column of an index; bookkeeping times are exempt.",
            why: "Charts and lists select a period of time.",
            source: source::BRIEF,
            remedy: "CREATE INDEX idx_<table>_<column> ON …;",
        },
        sql: "SELECT object, 'no index contains this time', format('CREATE INDEX ON %s (%I);', relation_object, name)
            FROM columns WHERE relkind IN ('r', 'p') AND is_reachable AND type IN ('date', 'timestamp with time zone', 'timestamp without time zone')
              AND name NOT IN (SELECT jsonb_array_elements_text($1::text::jsonb -> 'bookkeeping'))
              AND NOT EXISTS (SELECT FROM indexes WHERE indrelid = relation AND indisvalid AND attnum = ANY (indkey))",
    },
    CatalogRule {
        rule: Rule {
            id: "array-index",
            severity: Severity::Error,
            what: "Every array that filters use has a GIN index.",
            why: "No other index finds an element of an array.",
            source: source::BRIEF,
            remedy: "CREATE INDEX idx_<table>_<column> ON … USING gin (…);",
        },
        sql: "SELECT object, 'no GIN index contains this array', format('CREATE INDEX ON %s USING gin (%I);', relation_object, name)
            FROM columns WHERE relkind IN ('r', 'p') AND is_reachable AND category = 'A'
              AND NOT EXISTS (
                SELECT FROM indexes WHERE indrelid = relation AND indisvalid AND method = 'gin' AND attnum = ANY (indkey))",
    },
    CatalogRule {
        rule: Rule {
            id: "policy-key-index",
            severity: Severity::Error,
            what: "An index begins with each column that a read policy compares with the caller, and continues with the primary key.",
            why: "Otherwise a page of the caller's rows in the order of their keys reads the rows of everybody else too.",
            source: source::SCOPES,
            remedy: "CREATE INDEX idx_<table>_<column>_key ON … (<column>, <key>);",
        },
        sql: r"SELECT object, 'no index returns the caller''s rows in the order of their keys',
              format('CREATE INDEX ON %s (%I, %s);', table_object, name, (
                SELECT string_agg(quote_ident(of_key.attname), ', ' ORDER BY place)
                FROM unnest(key) WITH ORDINALITY AS k (number, place)
                JOIN pg_catalog.pg_attribute AS of_key ON of_key.attrelid = relation AND of_key.attnum = k.number
                WHERE k.number <> compared.number))
            FROM compared WHERE NOT EXISTS (
              SELECT FROM indexes WHERE indrelid = relation AND indisvalid AND method = 'btree' AND predicate = ''
                AND expressions IS NULL AND (indkey::int2[])[0] = compared.number
                AND (indkey::int2[])[1:cardinality(key) - (compared.number = ANY (key))::int] = array_remove(key, compared.number))",
    },
    CatalogRule {
        rule: Rule {
            id: "reference-key-index",
            severity: Severity::Error,
            what: "An index begins with each foreign key to a reference table (ref_…), and continues with a column that a read policy compares with the caller and with the primary key.",
            why: "The rows that refer to a reference row belong to all tenants. Otherwise a page of the caller's rows reads the rows of everybody else too.",
            source: source::REFERENCES,
            remedy: "CREATE INDEX idx_<table>_<reference> ON … (<reference>, <column>, <key>);",
        },
        sql: r"SELECT format('%s.%I', table_object, of_reference.attname),
              format('no index returns the caller''s rows of one row of %s in the order of their keys', confrelid::regclass),
              format('CREATE INDEX ON %s (%s);', table_object, (
                SELECT string_agg(quote_ident(attname), ', ' ORDER BY place)
                FROM unnest(wanted) WITH ORDINALITY AS w (number, place)
                JOIN pg_catalog.pg_attribute ON attrelid = relation AND attnum = w.number))
            FROM compared
              JOIN pg_catalog.pg_constraint AS k ON k.conrelid = relation AND k.contype = 'f' AND cardinality(k.conkey) = 1
              JOIN pg_catalog.pg_class AS c ON c.oid = confrelid AND c.relname LIKE 'ref\_%'
              JOIN pg_catalog.pg_attribute AS of_reference ON attrelid = relation AND of_reference.attnum = k.conkey[1],
              LATERAL (SELECT ARRAY[k.conkey[1], compared.number]
                || array_remove(array_remove(key, k.conkey[1]), compared.number) AS wanted) AS w
            WHERE NOT EXISTS (
              SELECT FROM indexes WHERE indrelid = relation AND indisvalid AND method = 'btree' AND predicate = ''
                AND expressions IS NULL AND (indkey::int2[])[0:cardinality(wanted) - 1] = wanted)",
    },
    CatalogRule {
        rule: Rule {
            id: "parent-key-index",
            severity: Severity::Error,
            what: "An index begins with each foreign key to a table that clients read, and continues with the primary key. Exempt are reference tables (ref_…), foreign keys to them (reference-key-index), and foreign keys that are unique.",
            why: "Otherwise a page of the rows below a row, in the order of their keys, reads all of them, or the rows of other parents.",
            source: source::PARENTS,
            remedy: "CREATE INDEX idx_<table>_<parent>_key ON … (<foreign key>, <key>);",
        },
        sql: r"SELECT k.object, format('no index returns the rows of one row of %s in the order of their keys', k.confrelid::regclass),
              format('CREATE INDEX ON %s (%s);', table_object, (
                SELECT string_agg(quote_ident(attname), ', ' ORDER BY place)
                FROM unnest(k.conkey || others) WITH ORDINALITY AS w (number, place)
                JOIN pg_catalog.pg_attribute ON attrelid = k.conrelid AND attnum = w.number))
            FROM constraints AS k
              JOIN tables AS child ON child.oid = k.conrelid AND is_reachable AND child.name NOT LIKE 'ref\_%'
              JOIN pg_catalog.pg_class AS parent ON parent.oid = k.confrelid
              JOIN pg_catalog.pg_constraint AS p ON p.conrelid = k.conrelid AND p.contype = 'p',
              LATERAL (SELECT cardinality(k.conkey) AS width, ARRAY(
                SELECT number FROM unnest(p.conkey) WITH ORDINALITY AS key (number, place)
                WHERE number <> ALL (k.conkey) ORDER BY place) AS others) AS w
            WHERE k.contype = 'f' AND (NOT EXISTS (SELECT FROM clients) OR EXISTS (
                SELECT FROM clients WHERE has_any_column_privilege(clients.oid, k.confrelid, 'SELECT')))
              AND NOT (parent.relname LIKE 'ref\_%' AND EXISTS (SELECT FROM compared WHERE relation = k.conrelid))
              AND NOT EXISTS (
                -- A tenant's column in a foreign key only checks that both rows have the same tenant.
                SELECT FROM constraints AS fewer WHERE fewer.contype = 'f' AND fewer.conrelid = k.conrelid
                  AND fewer.confrelid = k.confrelid AND fewer.conkey <@ k.conkey AND cardinality(fewer.conkey) < width)
              AND NOT EXISTS (
                SELECT FROM indexes WHERE indrelid = k.conrelid AND indisvalid AND predicate = '' AND expressions IS NULL AND (
                  indisunique AND (indkey::int2[])[0:indnkeyatts - 1] <@ k.conkey
                  OR method = 'btree' AND (indkey::int2[])[0:width - 1] @> k.conkey AND (indkey::int2[])[0:width - 1] <@ k.conkey
                    AND (indkey::int2[])[width:width + cardinality(others) - 1] = others
                    AND indnkeyatts >= width + cardinality(others)
                    -- One scan returns the order only if all columns have one direction.
                    AND (SELECT count(DISTINCT direction & 1) FROM unnest((indoption::int2[])[0:width + cardinality(others) - 1]) AS direction) = 1))",
    },
    CatalogRule {
        rule: Rule {
            id: "index-name",
            severity: Severity::Error,
            what: "An index is named idx_<table>_<columns>: after the prefix come a word of the table's name and a word of the indexed columns. Both may be shortened.",
            why: "Plans and statistics show the name alone.",
            source: source::TASK,
            remedy: "Give it another name before it lands: a rename is not additive.",
        },
        // A word matches if one begins with the other: `profile` and `profiles`, `time` and `timestamp`.
        sql: r"SELECT object, format('%s does not name its table and columns', quote_ident(name)),
              format('name it idx_%s_<columns> before it lands', table_name)
            FROM indexes, LATERAL (SELECT regexp_split_to_array(regexp_replace(name, '^idx_', ''), '_') AS words) AS n,
              LATERAL (SELECT pg_get_indexdef(indexrelid) AS definition) AS d
            WHERE NOT is_constraint AND (name NOT LIKE 'idx\_%' OR NOT EXISTS (
              SELECT FROM unnest(words) WITH ORDINALITY AS of_table (word, first), unnest(words) WITH ORDINALITY AS of_column (word, later),
                unnest(string_to_array(table_name, '_')) AS table_word,
                regexp_split_to_table(substring(definition FROM ' USING \w+ (.*)$'), '[^a-z0-9]+') AS column_word
              WHERE first < later
                AND (of_table.word = table_word OR least(length(of_table.word), length(table_word)) > 2
                  AND (starts_with(of_table.word, table_word) OR starts_with(table_word, of_table.word)))
                AND (of_column.word = column_word OR least(length(of_column.word), length(column_word)) > 2
                  AND (starts_with(of_column.word, column_word) OR starts_with(column_word, of_column.word)))))",
    },
    CatalogRule {
        rule: Rule {
            id: "index-comment",
            severity: Severity::Error,
            what: "Every index has a comment that names the query that it serves.",
            why: "Nobody removes an index whose purpose is unknown.",
            source: source::HANDBOOK,
            remedy: "COMMENT ON INDEX … IS '…';",
        },
        sql: "SELECT object, 'no comment names the query that it serves', format('COMMENT ON INDEX %s IS ''…'';', object)
            FROM indexes WHERE NOT is_constraint AND obj_description(indexrelid, 'pg_class') IS NULL",
    },
    CatalogRule {
        rule: Rule {
            id: "index-valid",
            severity: Severity::Error,
            what: "Every index is valid.",
            why: "An index whose build failed is maintained and serves no query.",
            source: source::BRIEF_INDEXES,
            remedy: "REINDEX INDEX CONCURRENTLY …;",
        },
        sql: "SELECT object, 'building it failed: it serves no query', format('REINDEX INDEX CONCURRENTLY %s;', object)
            FROM indexes WHERE NOT indisvalid",
    },
    CatalogRule {
        rule: Rule {
            id: "duplicate-index",
            severity: Severity::Error,
            what: "No two indexes are the same.",
            why: "Each write maintains both.",
            source: source::BRIEF_INDEXES,
            remedy: "Leave one of them out.",
        },
        sql: "SELECT a.object, format('it is the same as %s', b.object), format('leave it out: %s serves the same', b.object)
            FROM indexes AS a JOIN indexes AS b ON a.indrelid = b.indrelid AND a.indexrelid <> b.indexrelid
            WHERE NOT a.is_constraint AND (b.is_constraint OR a.indisunique < b.indisunique OR (a.indisunique = b.indisunique AND a.name > b.name))
              AND a.indisunique <= b.indisunique AND a.method = b.method AND a.indkey::text = b.indkey::text
              AND a.indnkeyatts = b.indnkeyatts AND a.indclass::text = b.indclass::text
              AND a.indcollation::text = b.indcollation::text AND a.indoption::text = b.indoption::text
              AND a.expressions IS NOT DISTINCT FROM b.expressions AND a.predicate = b.predicate",
    },
    CatalogRule {
        rule: Rule {
            id: "prefix-index",
            severity: Severity::Warning,
            what: "No index is a prefix of another one, unless it is unique or covers other rows.",
            why: "The longer one serves its queries too.",
            source: source::BRIEF_INDEXES,
            remedy: "Leave the shorter one out.",
        },
        sql: "SELECT DISTINCT ON (a.object) a.object, format('%s begins with its columns', b.object),
              format('leave it out: %s serves its queries', b.object)
            FROM indexes AS a JOIN indexes AS b ON a.indrelid = b.indrelid AND a.indnkeyatts < b.indnkeyatts,
              LATERAL (SELECT a.indnkeyatts - 1 AS last) AS l
            WHERE NOT a.indisunique AND a.method = 'btree' AND b.method = 'btree' AND b.indisvalid
              AND a.expressions IS NULL AND a.predicate = b.predicate
              AND (a.indkey::int2[])[0:last] = (b.indkey::int2[])[0:last]
              AND (a.indclass::oid[])[0:last] = (b.indclass::oid[])[0:last]
              AND (a.indcollation::oid[])[0:last] = (b.indcollation::oid[])[0:last]
              AND (a.indoption::int2[])[0:last] = (b.indoption::int2[])[0:last]
              AND a.indkey::int2[] <@ b.indkey::int2[]
            ORDER BY a.object, b.indnkeyatts, b.object",
    },
];
