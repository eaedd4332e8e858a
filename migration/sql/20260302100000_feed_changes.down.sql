-- The tables' triggers go with their function.
DROP FUNCTION praxis.announce_changes CASCADE;
DROP FUNCTION praxis.announce;
DROP FUNCTION praxis.forget_changes;
DROP TABLE praxis.changes_forgotten;
DROP TABLE praxis.changes;
