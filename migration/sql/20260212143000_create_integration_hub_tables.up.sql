-- The integration hub: homework between sessions, and how the experience is integrated over time.
-- Columns, checks, indexes and rows are those of the portal's schema brief.

CREATE TABLE ref_homework_types (
  homework_type_id BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  homework_name TEXT NOT NULL UNIQUE,
  description TEXT,
  typical_duration_minutes INT,
  is_active BOOLEAN DEFAULT TRUE,
  created_at TIMESTAMPTZ DEFAULT NOW()
);

CREATE TABLE integration_homework (
  homework_id BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  protocol_id BIGINT REFERENCES log_clinical_records(record_id) ON DELETE CASCADE,
  homework_type_id BIGINT REFERENCES ref_homework_types(homework_type_id),

  -- Scheduling
  assigned_date DATE NOT NULL,
  due_date DATE NOT NULL,
  completed_date DATE,

  -- Tracking
  is_completed BOOLEAN DEFAULT FALSE,
  completion_notes TEXT,

  -- Metadata
  created_by UUID REFERENCES auth.users(id),
  created_at TIMESTAMPTZ DEFAULT NOW(),

  CONSTRAINT valid_dates CHECK (due_date >= assigned_date)
);

CREATE TABLE integration_scores (
  score_id BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  protocol_id BIGINT REFERENCES log_clinical_records(record_id) ON DELETE CASCADE,
  scale_type TEXT CHECK (scale_type IN ('IES', 'EIS')),

  score_value NUMERIC(5,2) NOT NULL,
  measured_at TIMESTAMPTZ NOT NULL,
  days_post_dose INT,  -- Calculated field

  created_at TIMESTAMPTZ DEFAULT NOW(),

  CONSTRAINT valid_integration_score CHECK (score_value >= 0 AND score_value <= 100)
);

-- The site of the row, beside the brief's columns: kept by a trigger, tied to the protocol by a key (a protocol that
-- moves to another site takes its rows along), and compared by the policies, so that an index can serve them.
ALTER TABLE integration_homework ADD COLUMN site_id BIGINT;
ALTER TABLE integration_homework ADD CONSTRAINT integration_homework_site_of_protocol
  FOREIGN KEY (protocol_id, site_id) REFERENCES log_clinical_records(record_id, site_id)
  ON UPDATE CASCADE ON DELETE CASCADE;
CREATE TRIGGER keep_site BEFORE INSERT OR UPDATE OF protocol_id, site_id ON integration_homework
  FOR EACH ROW EXECUTE FUNCTION praxis.keep_site_of_protocol();
CREATE INDEX idx_homework_site_time ON integration_homework(site_id, due_date);
COMMENT ON INDEX idx_homework_site_time IS 'Homework of the caller''s sites by the day it is due.';

ALTER TABLE integration_scores ADD COLUMN site_id BIGINT;
ALTER TABLE integration_scores ADD CONSTRAINT integration_scores_site_of_protocol
  FOREIGN KEY (protocol_id, site_id) REFERENCES log_clinical_records(record_id, site_id)
  ON UPDATE CASCADE ON DELETE CASCADE;
CREATE TRIGGER keep_site BEFORE INSERT OR UPDATE OF protocol_id, site_id ON integration_scores
  FOR EACH ROW EXECUTE FUNCTION praxis.keep_site_of_protocol();
CREATE INDEX idx_scores_site_time ON integration_scores(site_id, measured_at);
COMMENT ON INDEX idx_scores_site_time IS 'Scores of the caller''s sites over time: weekly and monthly averages.';

CREATE INDEX idx_homework_protocol ON integration_homework(protocol_id, due_date);
CREATE INDEX idx_homework_type ON integration_homework(homework_type_id);
CREATE INDEX idx_homework_completed ON integration_homework(is_completed);
CREATE INDEX idx_scores_protocol ON integration_scores(protocol_id, measured_at);
CREATE INDEX idx_scores_type ON integration_scores(scale_type);
COMMENT ON INDEX idx_homework_protocol IS 'Protocol.homework in order of the day it is due.';
COMMENT ON INDEX idx_homework_type IS 'Homework of a kind; HomeworkType.homework.';
COMMENT ON INDEX idx_homework_completed IS 'Homework that is still open.';
COMMENT ON INDEX idx_scores_protocol IS 'Protocol.integrationScores in order of time: the line of a score.';
COMMENT ON INDEX idx_scores_type IS 'Scores of a scale.';

ALTER TABLE integration_homework ENABLE ROW LEVEL SECURITY;
ALTER TABLE integration_scores ENABLE ROW LEVEL SECURITY;
ALTER TABLE ref_homework_types ENABLE ROW LEVEL SECURITY;
SELECT
  praxis.protect('integration_homework'),
  praxis.protect('integration_scores'),
  praxis.protect('ref_homework_types');

-- Homework and scores: members of the protocol's site read, clinicians and administrators write. The brief's one policy
-- FOR ALL is an insert, an update and a delete policy here: FOR ALL holds for reading too, where it adds nothing (who
-- writes is a member) but a second alternative, which keeps an index from giving the rows in order.
CREATE POLICY homework_read ON integration_homework
  FOR SELECT
  USING (site_id = ANY ((SELECT praxis.auth_sites())::bigint[]));

CREATE POLICY homework_write ON integration_homework
  FOR INSERT
  WITH CHECK (site_id = ANY ((SELECT praxis.auth_writable_sites())::bigint[]));

CREATE POLICY homework_update ON integration_homework
  FOR UPDATE
  USING (site_id = ANY ((SELECT praxis.auth_writable_sites())::bigint[]));

CREATE POLICY homework_delete ON integration_homework
  FOR DELETE
  USING (site_id = ANY ((SELECT praxis.auth_writable_sites())::bigint[]));

CREATE POLICY scores_read ON integration_scores
  FOR SELECT
  USING (site_id = ANY ((SELECT praxis.auth_sites())::bigint[]));

CREATE POLICY scores_write ON integration_scores
  FOR INSERT
  WITH CHECK (site_id = ANY ((SELECT praxis.auth_writable_sites())::bigint[]));

CREATE POLICY scores_update ON integration_scores
  FOR UPDATE
  USING (site_id = ANY ((SELECT praxis.auth_writable_sites())::bigint[]));

CREATE POLICY scores_delete ON integration_scores
  FOR DELETE
  USING (site_id = ANY ((SELECT praxis.auth_writable_sites())::bigint[]));

CREATE POLICY ref_homework_types_read ON ref_homework_types
  FOR SELECT
  USING ((SELECT auth.role()) = 'authenticated');

CREATE POLICY ref_homework_types_write ON ref_homework_types
  FOR ALL
  USING ((SELECT praxis.auth_is_network_admin()));

GRANT SELECT ON integration_homework, integration_scores, ref_homework_types TO anon, authenticated;
GRANT INSERT, UPDATE, DELETE ON integration_homework, integration_scores, ref_homework_types TO authenticated;

INSERT INTO ref_homework_types (homework_name, description, typical_duration_minutes) VALUES
  ('Journaling', 'Reflective writing about session insights', 30),
  ('Meditation', 'Mindfulness or breathwork practice', 20),
  ('Therapy Session', 'Follow-up session with therapist', 60),
  ('Body Work', 'Somatic therapy, massage, or movement', 60),
  ('Creative Expression', 'Art, music, or other creative practice', 45),
  ('Nature Connection', 'Time in nature for grounding', 60),
  ('Social Connection', 'Meaningful conversation with trusted person', 30),
  ('Integration Reading', 'Reading integration-focused materials', 30);
