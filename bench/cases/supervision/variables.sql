SELECT json_build_object('supervisor', profile_id::text) FROM practitioner_profiles
WHERE display_name = 'Supervisor of the bench'
