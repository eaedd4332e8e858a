DO $$
DECLARE
  target regclass;
BEGIN
  FOR target IN SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = 'check_references_by_index' LOOP
    EXECUTE format('DROP TRIGGER check_references_by_index ON %s', target);
  END LOOP;
END $$;
DROP FUNCTION praxis.check_references_by_index();
