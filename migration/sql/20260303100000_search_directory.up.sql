-- The directory by words: full text over name, specialties, modalities and bio, and what is spelt almost like it.

-- Trigrams. A database of Supabase has the extension, or a schema for it; here both are made where they are missing. What
-- follows is bound to the extension's functions when it is created, and so asks for no search path later.
INSERT INTO praxis.baseline
  SELECT 'schema extensions' WHERE to_regnamespace('extensions') IS NULL
    AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')
  UNION ALL
  SELECT 'extension pg_trgm' WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm');
DO $$
BEGIN
  IF EXISTS (SELECT FROM praxis.baseline WHERE object = 'schema extensions') THEN
    CREATE SCHEMA extensions;
  END IF;
  IF EXISTS (SELECT FROM praxis.baseline WHERE object = 'extension pg_trgm') THEN
    CREATE EXTENSION pg_trgm SCHEMA extensions;
  END IF;
END $$;
SELECT
  set_config('praxis.search_path', current_setting('search_path'), true),
  set_config('search_path', concat_ws(', ', nullif(current_setting('search_path'), ''),
    (SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'pg_trgm')), true);

-- A text as the directory compares it: in lower case, with a space for punctuation. `MDMA/Ketamine` is two words to a
-- reader, and the name of a file to Postgres.
CREATE FUNCTION praxis.plain_words(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN btrim(lower(regexp_replace(words, '[!-/:-@[-`{-~[:space:]]+', ' ', 'g')));

-- The configuration is `simple`: names and substances have no stem, a word that is still being typed has none either, and
-- beginnings of words find most of what stems would.
CREATE FUNCTION praxis.directory_document(display_name text, specialties text[], modalities text[], bio text)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN
  setweight(to_tsvector('pg_catalog.simple', coalesce(praxis.plain_words(display_name), '')), 'A')
  || setweight(to_tsvector('pg_catalog.simple',
    coalesce(praxis.plain_words(concat_ws(' ', array_to_string(specialties, ' '), array_to_string(modalities, ' '))), '')), 'B')
  || setweight(to_tsvector('pg_catalog.simple', coalesce(praxis.plain_words(bio), '')), 'C');

-- Stored, because a rank needs it for every hit: computed then, it would take longer than all the rest.
ALTER TABLE practitioner_profiles ADD COLUMN directory_document tsvector
  GENERATED ALWAYS AS (praxis.directory_document(display_name, specialties, modalities, bio)) STORED;
COMMENT ON COLUMN practitioner_profiles.directory_document IS 'What search_practitioners looks in; not served.';
-- Without a list of what is still to be sorted in, which every search would read: profiles are written seldom.
CREATE INDEX idx_profiles_document ON practitioner_profiles USING GIN (directory_document) WITH (fastupdate = off);
COMMENT ON INDEX idx_profiles_document IS 'search_practitioners: words and beginnings of words.';

-- Every word of the directory. A word that is spelt wrong is looked up here, among single words, and what it could mean is
-- then looked up like any other word. Trigrams of whole profiles took seconds for 100,000 of them. A word stays when its
-- last profile goes: it then leads nowhere.
CREATE TABLE praxis.directory_vocabulary (
  word text PRIMARY KEY
);
SELECT praxis.protect('praxis.directory_vocabulary');
CREATE INDEX idx_vocabulary_trigrams ON praxis.directory_vocabulary USING GIN (word gin_trgm_ops)
  WITH (fastupdate = off);
COMMENT ON INDEX praxis.idx_vocabulary_trigrams IS 'search_practitioners: words that are spelt almost alike.';

CREATE FUNCTION praxis.note_vocabulary() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  -- In order, so that two who bring the same words wait for each other, and not both ways.
  INSERT INTO praxis.directory_vocabulary
    SELECT DISTINCT word FROM written, unnest(tsvector_to_array(written.directory_document)) AS word
    WHERE char_length(word) BETWEEN 3 AND 40 ORDER BY word
    ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION praxis.note_vocabulary FROM PUBLIC;
CREATE TRIGGER note_vocabulary_of_new AFTER INSERT ON practitioner_profiles
  REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION praxis.note_vocabulary();
CREATE TRIGGER note_vocabulary_of_changed AFTER UPDATE ON practitioner_profiles
  REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION praxis.note_vocabulary();
INSERT INTO praxis.directory_vocabulary
  SELECT DISTINCT word FROM practitioner_profiles, unnest(tsvector_to_array(directory_document)) AS word
  WHERE char_length(word) BETWEEN 3 AND 40;

-- The words of the directory that are most like one, as a query for them; NULL if there are none. A word that the directory
-- knows is hardly a typo, and leads to its variants only (`therapy`, `therapist`). Any other may have lost most of its
-- trigrams: two letters that change places spoil four. Of three letters there are too few to tell.
CREATE FUNCTION praxis.directory_spellings(word text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = '' SET pg_trgm.similarity_threshold = 0.24
BEGIN ATOMIC
  SELECT string_agg(quote_literal(alike.word), ' | ')
  FROM (
    SELECT vocabulary.word FROM praxis.directory_vocabulary AS vocabulary
    WHERE vocabulary.word % directory_spellings.word AND char_length(directory_spellings.word) >= 4
      AND NOT starts_with(vocabulary.word, directory_spellings.word)
      AND similarity(vocabulary.word, directory_spellings.word) > CASE WHEN (
          SELECT EXISTS (
            SELECT FROM praxis.directory_vocabulary AS known WHERE known.word LIKE directory_spellings.word || '%')
        ) THEN 0.4 ELSE 0.24 END
    ORDER BY similarity(vocabulary.word, directory_spellings.word) DESC, vocabulary.word
    LIMIT 4
  ) AS alike;
END;

-- Profiles in which each word of a query is found: as a word, as its beginning, or spelt almost alike. A hit in the name
-- counts more than one in the lists, that more than one in the bio, and a typo less than any of these; a name that is the
-- query, or begins with it, comes first.
CREATE FUNCTION praxis.directory_hits(query text) RETURNS TABLE (profile_id bigint, rank real)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 500
BEGIN ATOMIC
  WITH word AS MATERIALIZED (
    SELECT (quote_literal(word) || ':*')::tsquery AS beginning, quote_literal(word)::tsquery AS whole,
      praxis.directory_spellings(word)::tsquery AS alike
    FROM (
      SELECT DISTINCT word FROM regexp_split_to_table(praxis.plain_words(query), ' ') AS word WHERE word <> '' LIMIT 8
    ) AS words
  )
  SELECT profile.profile_id, round((
      (SELECT avg(greatest(
          least(1, 0.8 * ts_rank('{0.1, 0.2, 0.4, 1}', profile.directory_document, word.beginning)
            + 0.2 * ts_rank('{0.1, 0.2, 0.4, 1}', profile.directory_document, word.whole)),
          0.15 * ts_rank('{0.1, 0.2, 0.4, 1}', profile.directory_document, word.alike)))
        FROM word)
      + CASE
        WHEN praxis.plain_words(profile.display_name) = praxis.plain_words(query) THEN 1
        WHEN starts_with(praxis.plain_words(profile.display_name), praxis.plain_words(query)) THEN 0.5
        ELSE 0 END)::numeric, 5)::real
  FROM public.practitioner_profiles AS profile
  WHERE profile.directory_document @@ (
    SELECT string_agg('(' || concat_ws(' | ', word.beginning, word.alike) || ')', ' & ')::tsquery FROM word);
END;

-- How many supervisees more somebody takes: nothing else of relationships that are not the caller's gets out. NULL where
-- the practitioner has set no limit.
CREATE FUNCTION praxis.free_places(profile bigint, most integer) RETURNS integer
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  RETURN greatest(0, most - (
    SELECT count(*)::int FROM public.supervision_relationships
    WHERE supervisor_id = profile AND status = 'active'));
END $$;

-- One statement with its caller's rights, which Postgres makes part of the statement around it: what is not asked for is
-- not computed, and without words the indexes of the directory serve as ever.
CREATE FUNCTION public.search_practitioners(query text DEFAULT NULL) RETURNS TABLE (
  profile_id bigint,
  display_name text,
  specialties text[],
  modalities text[],
  years_experience integer,
  hourly_rate numeric,
  is_accepting_supervision boolean,
  max_supervisees integer,
  free_places integer,
  bio text,
  rank real
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT profile.profile_id, profile.display_name, profile.specialties, profile.modalities, profile.years_experience,
    profile.hourly_rate, profile.is_accepting_supervision, profile.max_supervisees,
    praxis.free_places(profile.profile_id, profile.max_supervisees), profile.bio, hit.rank
  FROM (
    SELECT found.profile_id, found.rank FROM praxis.directory_hits(search_practitioners.query) AS found
    WHERE praxis.plain_words(search_practitioners.query) <> ''
    UNION ALL
    SELECT everybody.profile_id, 0::real FROM public.practitioner_profiles AS everybody
    WHERE coalesce(praxis.plain_words(search_practitioners.query), '') = ''
  ) AS hit
  JOIN public.practitioner_profiles AS profile ON profile.profile_id = hit.profile_id;
END;

REVOKE ALL ON FUNCTION praxis.plain_words, praxis.directory_document, praxis.directory_spellings, praxis.directory_hits,
  praxis.free_places, public.search_practitioners FROM PUBLIC;
GRANT EXECUTE ON FUNCTION praxis.plain_words, praxis.directory_document, praxis.directory_spellings, praxis.directory_hits,
  praxis.free_places, public.search_practitioners TO anon, authenticated;

SELECT set_config('search_path', current_setting('praxis.search_path'), true);
