-- Accounts with a site each, and the supervision exchange: a practitioner for each protocol, two relationships of each, and
-- circles of eight.
CREATE TEMPORARY TABLE practitioner AS
  SELECT number, gen_random_uuid() AS user_id, nextval(pg_get_serial_sequence('practitioner_profiles', 'profile_id')) AS profile_id
  FROM generate_series(1, current_setting('fill.protocols')::int) AS number;
INSERT INTO auth.users (id, email) SELECT user_id, 'practitioner.' || number || '@scale.example' FROM practitioner;
INSERT INTO user_sites (user_id, site_id, role)
  SELECT user_id, site_id, 'clinician' FROM practitioner
  JOIN (SELECT site_id, row_number() OVER (ORDER BY site_id) - 1 AS place, count(*) OVER () AS sites FROM sites) AS site
    ON place = number % sites;
INSERT INTO practitioner_profiles
  (profile_id, user_id, display_name, specialties, modalities, years_experience, hourly_rate, is_accepting_supervision, bio)
  OVERRIDING SYSTEM VALUE
  SELECT profile_id, user_id, 'Practitioner ' || number, ARRAY['PTSD', 'Integration'], ARRAY['Ketamine'], number % 30,
    80 + number % 100, number % 3 > 0, 'Works with words like w' || number
  FROM practitioner;
INSERT INTO praxis.directory_vocabulary SELECT 'w' || number FROM practitioner ON CONFLICT DO NOTHING;
INSERT INTO supervision_relationships (supervisor_id, supervisee_id, status, started_at)
  SELECT supervisor.profile_id, supervisee.profile_id, (ARRAY['pending', 'active', 'completed', 'cancelled'])[1 + supervisee.number % 4],
    date '2024-01-01' + supervisee.number % 700
  FROM practitioner AS supervisee CROSS JOIN (VALUES (1), (2)) AS step(width)
  JOIN practitioner AS supervisor ON supervisor.number = supervisee.number - step.width;
CREATE TEMPORARY TABLE circle AS
  SELECT number, nextval(pg_get_serial_sequence('supervision_circles', 'circle_id')) AS circle_id
  FROM generate_series(1, current_setting('fill.protocols')::int / 8) AS number;
INSERT INTO supervision_circles (circle_id, circle_name) OVERRIDING SYSTEM VALUE SELECT circle_id, 'Circle ' || number FROM circle;
INSERT INTO circle_members (circle_id, profile_id)
  SELECT circle_id, profile_id FROM practitioner JOIN circle ON circle.number = 1 + (practitioner.number - 1) / 8;
