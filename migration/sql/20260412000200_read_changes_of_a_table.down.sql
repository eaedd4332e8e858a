DROP INDEX praxis.idx_changes_table_number;
