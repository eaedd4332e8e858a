-- Creates a clinician of all sites.
INSERT INTO auth.users (email) VALUES ('writer@bench.example') ON CONFLICT DO NOTHING;
INSERT INTO user_sites (user_id, site_id, role)
  SELECT id, site_id, 'clinician' FROM auth.users CROSS JOIN sites WHERE email = 'writer@bench.example'
  ON CONFLICT DO NOTHING
