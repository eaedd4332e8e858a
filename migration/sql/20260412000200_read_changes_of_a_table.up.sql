-- Whoever catches up with a table reads its changes page by page, in the order of their numbers. Decision 41.
CREATE INDEX idx_changes_table_number ON praxis.changes (table_name, change_id);
COMMENT ON INDEX praxis.idx_changes_table_number IS
  'What a subscription has missed: the changes of its table behind a number, page by page.';
