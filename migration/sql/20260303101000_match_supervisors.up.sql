-- Who could supervise somebody, the best first.

-- Relationships are read with the caller's rights: who is related to somebody else is not told by leaving them out. How the
-- parts are weighed is told in docs/decisions/0016-functions-as-tables.md.
CREATE FUNCTION public.supervision_matches(profile_id bigint DEFAULT NULL, hourly_budget numeric DEFAULT NULL)
RETURNS TABLE (
  supervisor_id bigint,
  supervisee_id bigint,
  score numeric,
  specialty_overlap numeric,
  modality_overlap numeric,
  experience_fit numeric,
  rate_fit numeric,
  places_fit numeric,
  shared_specialties text[],
  shared_modalities text[],
  experience_difference integer,
  hourly_rate numeric,
  free_places integer,
  explanation text
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  WITH supervisee AS MATERIALIZED (
    SELECT me.profile_id, me.years_experience,
      ARRAY(SELECT DISTINCT item FROM unnest(me.specialties) AS item WHERE item IS NOT NULL ORDER BY item) AS specialties,
      ARRAY(SELECT DISTINCT item FROM unnest(me.modalities) AS item WHERE item IS NOT NULL ORDER BY item) AS modalities,
      ARRAY(
        SELECT relationship.supervisor_id FROM public.supervision_relationships AS relationship
        WHERE relationship.supervisee_id = me.profile_id AND relationship.status IN ('pending', 'active')
        UNION ALL
        SELECT relationship.supervisee_id FROM public.supervision_relationships AS relationship
        WHERE relationship.supervisor_id = me.profile_id AND relationship.status IN ('pending', 'active')
      ) AS related,
      greatest(0, coalesce(supervision_matches.hourly_budget, (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY other.hourly_rate)::numeric(10,2)
        FROM public.practitioner_profiles AS other WHERE other.is_accepting_supervision
      ))) AS budget
    FROM public.practitioner_profiles AS me
    WHERE me.profile_id = coalesce(supervision_matches.profile_id,
      (SELECT own.profile_id FROM public.practitioner_profiles AS own WHERE own.user_id = (SELECT auth.uid())))
  ), candidate AS (
    SELECT profile.profile_id, supervisee.profile_id AS supervisee_id, supervisee.budget,
      cardinality(supervisee.specialties) AS specialties, cardinality(supervisee.modalities) AS modalities,
      ARRAY(SELECT item FROM unnest(supervisee.specialties) AS item WHERE item = ANY (profile.specialties))
        AS shared_specialties,
      ARRAY(SELECT item FROM unnest(supervisee.modalities) AS item WHERE item = ANY (profile.modalities))
        AS shared_modalities,
      profile.years_experience - supervisee.years_experience AS experience_difference,
      profile.hourly_rate, place.free
    FROM supervisee
    JOIN public.practitioner_profiles AS profile ON profile.is_accepting_supervision
      AND profile.profile_id <> supervisee.profile_id AND profile.profile_id <> ALL (supervisee.related)
    CROSS JOIN LATERAL (SELECT praxis.free_places(profile.profile_id, profile.max_supervisees) AS free OFFSET 0) AS place
    WHERE place.free IS NULL OR place.free > 0
  ), part AS (
    SELECT candidate.*,
      coalesce(round(cardinality(candidate.shared_specialties)::numeric / nullif(candidate.specialties, 0), 3), 0)
        AS specialty_overlap,
      coalesce(round(cardinality(candidate.shared_modalities)::numeric / nullif(candidate.modalities, 0), 3), 0)
        AS modality_overlap,
      CASE WHEN candidate.experience_difference IS NULL THEN 0.5
        ELSE round(least(greatest(candidate.experience_difference, 0), 5) / 5.0, 3) END AS experience_fit,
      CASE
        WHEN candidate.hourly_rate IS NULL THEN 0.5
        WHEN candidate.hourly_rate <= candidate.budget THEN 1
        ELSE coalesce(round(greatest(2 - candidate.hourly_rate / nullif(candidate.budget, 0), 0), 3), 0)
      END AS rate_fit,
      -- Without a limit, least() leaves three.
      round(least(candidate.free, 3) / 3.0, 3) AS places_fit
    FROM candidate
  )
  SELECT part.profile_id, part.supervisee_id,
    40 * part.specialty_overlap + 25 * part.modality_overlap + 15 * part.experience_fit + 10 * part.rate_fit
      + 10 * part.places_fit,
    part.specialty_overlap, part.modality_overlap, part.experience_fit, part.rate_fit, part.places_fit,
    part.shared_specialties, part.shared_modalities, part.experience_difference, part.hourly_rate, part.free,
    concat_ws('; ',
      CASE WHEN part.specialties > 0 THEN format('Shares %s of %s specialties', cardinality(part.shared_specialties),
        part.specialties) || coalesce(' (' || nullif(array_to_string(part.shared_specialties, ', '), '') || ')', '') END,
      CASE WHEN part.modalities > 0 THEN format('%s of %s modalities', cardinality(part.shared_modalities),
        part.modalities) || coalesce(' (' || nullif(array_to_string(part.shared_modalities, ', '), '') || ')', '') END,
      CASE
        WHEN part.experience_difference > 0
          THEN format('%s more years of experience', part.experience_difference)
        WHEN part.experience_difference = 0 THEN 'as many years of experience'
        WHEN part.experience_difference < 0
          THEN format('%s fewer years of experience', -part.experience_difference)
        ELSE 'experience not known' END,
      CASE
        WHEN part.hourly_rate IS NULL THEN 'rate agreed in person'
        WHEN part.hourly_rate <= part.budget THEN format('%s USD an hour, up to %s is sought', part.hourly_rate, part.budget)
        ELSE format('%s USD an hour, above the %s sought', part.hourly_rate, part.budget) END,
      CASE
        WHEN part.free IS NULL THEN 'no limit of places'
        WHEN part.free = 1 THEN '1 free place'
        ELSE format('%s free places', part.free) END) || '.'
  FROM part;
END;

REVOKE ALL ON FUNCTION public.supervision_matches FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.supervision_matches TO anon, authenticated;
