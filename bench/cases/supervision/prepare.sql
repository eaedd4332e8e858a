-- Creates a practitioner who requests supervision, and many who offer it. Without specialties they do not appear in the case `directory`.
INSERT INTO auth.users (email) VALUES ('supervisee@bench.example') ON CONFLICT DO NOTHING;
INSERT INTO practitioner_profiles (user_id, display_name)
  SELECT id, 'Supervisee of the bench' FROM auth.users WHERE email = 'supervisee@bench.example' ON CONFLICT DO NOTHING;
INSERT INTO practitioner_profiles (display_name)
  SELECT 'Supervisor of the bench' FROM generate_series(1, 20000)
  WHERE NOT EXISTS (SELECT FROM practitioner_profiles WHERE display_name = 'Supervisor of the bench');
ANALYZE practitioner_profiles, supervision_relationships
