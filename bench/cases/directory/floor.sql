SELECT json_build_object('practitionerProfiles', json_build_object(
  'totalCount', (
    SELECT count(*) FROM practitioner_profiles
    WHERE specialties && '{PTSD,TRD}' AND modalities @> '{Ketamine}' AND hourly_rate <= 200
      AND is_accepting_supervision
  ),
  'nodes', (SELECT coalesce(json_agg(p), '[]') FROM (
    SELECT
      display_name AS "displayName",
      specialties,
      modalities,
      years_experience AS "yearsExperience",
      hourly_rate AS "hourlyRate"
    FROM practitioner_profiles
    WHERE specialties && '{PTSD,TRD}' AND modalities @> '{Ketamine}' AND hourly_rate <= 200
      AND is_accepting_supervision
    ORDER BY years_experience DESC NULLS LAST, profile_id DESC
    LIMIT 10
  ) p)
))
