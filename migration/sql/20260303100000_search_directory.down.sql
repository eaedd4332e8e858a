DROP FUNCTION public.search_practitioners, praxis.free_places, praxis.directory_hits, praxis.directory_spellings;
DROP TRIGGER note_vocabulary_of_changed ON practitioner_profiles;
DROP TRIGGER note_vocabulary_of_new ON practitioner_profiles;
DROP FUNCTION praxis.note_vocabulary;
DROP TABLE praxis.directory_vocabulary;
ALTER TABLE practitioner_profiles DROP COLUMN directory_document;
DROP FUNCTION praxis.directory_document, praxis.plain_words;
DO $$
DECLARE
  created text;
BEGIN
  FOREACH created IN ARRAY ARRAY['extension pg_trgm', 'schema extensions'] LOOP
    IF EXISTS (SELECT FROM praxis.baseline WHERE object = created) THEN
      EXECUTE 'DROP ' || created;
      DELETE FROM praxis.baseline WHERE object = created;
    END IF;
  END LOOP;
END $$;
