DO $$
DECLARE
  created text;
BEGIN
  FOR created IN
    SELECT object FROM praxis.baseline
    WHERE object LIKE '% auth%'
    ORDER BY array_position(ARRAY['function', 'table', 'schema'], split_part(object, ' ', 1))
  LOOP
    EXECUTE 'DROP ' || created;
  END LOOP;
END $$;
DROP TABLE praxis.baseline;
DROP FUNCTION praxis.protect;
