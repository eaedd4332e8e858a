-- The session logger: what happens during a session of six to eight hours, logged with a tap.
-- Columns, checks, indexes, rows and the names of policies are those of the portal's schema brief.

CREATE TABLE ref_event_types (
  event_type_id BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  event_name TEXT NOT NULL UNIQUE,
  color_code TEXT,  -- Hex color for UX (e.g., '#f43f5e')
  icon_name TEXT,   -- Icon name for UX (e.g., 'AlertTriangle')
  is_active BOOLEAN DEFAULT TRUE,
  created_at TIMESTAMPTZ DEFAULT NOW()
);

CREATE TABLE session_events (
  event_id BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  protocol_id BIGINT REFERENCES log_clinical_records(record_id) ON DELETE CASCADE,
  event_type_id BIGINT REFERENCES ref_event_types(event_type_id),

  -- Event details
  event_timestamp TIMESTAMPTZ NOT NULL,
  intensity_level INT CHECK (intensity_level BETWEEN 1 AND 10),
  notes TEXT,  -- Structured notes only

  -- Metadata
  created_by UUID REFERENCES auth.users(id),
  created_at TIMESTAMPTZ DEFAULT NOW()
);

-- The site of the row, beside the brief's columns: kept by a trigger, tied to the protocol by a key (a protocol that
-- moves to another site takes its rows along), and compared by the policies, so that an index can serve them.
ALTER TABLE session_events ADD COLUMN site_id BIGINT;
ALTER TABLE session_events ADD CONSTRAINT session_events_site_of_protocol
  FOREIGN KEY (protocol_id, site_id) REFERENCES log_clinical_records(record_id, site_id)
  ON UPDATE CASCADE ON DELETE CASCADE;
CREATE TRIGGER keep_site BEFORE INSERT OR UPDATE OF protocol_id, site_id ON session_events
  FOR EACH ROW EXECUTE FUNCTION praxis.keep_site_of_protocol();
CREATE INDEX idx_events_site_time ON session_events(site_id, event_timestamp);
COMMENT ON INDEX idx_events_site_time IS 'Events of the caller''s sites over time.';

CREATE INDEX idx_events_protocol ON session_events(protocol_id, event_timestamp);
CREATE INDEX idx_events_type ON session_events(event_type_id);
CREATE INDEX idx_events_timestamp ON session_events(event_timestamp);
COMMENT ON INDEX idx_events_protocol IS 'Protocol.events in order of time: the timeline of a session.';
COMMENT ON INDEX idx_events_type IS 'Events of a kind; EventType.events.';
COMMENT ON INDEX idx_events_timestamp IS 'Events in a span of time across sites.';

ALTER TABLE session_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE ref_event_types ENABLE ROW LEVEL SECURITY;
SELECT praxis.protect('session_events'), praxis.protect('ref_event_types');

-- Read: members of the protocol's site.
CREATE POLICY session_events_read ON session_events
  FOR SELECT
  USING (site_id = ANY ((SELECT praxis.auth_sites())::bigint[]));

-- Insert: clinicians and administrators of the protocol's site. A logged event stays as it is.
CREATE POLICY session_events_insert ON session_events
  FOR INSERT
  WITH CHECK (site_id = ANY ((SELECT praxis.auth_writable_sites())::bigint[]));

CREATE POLICY ref_event_types_read ON ref_event_types
  FOR SELECT
  USING ((SELECT auth.role()) = 'authenticated');

CREATE POLICY ref_event_types_write ON ref_event_types
  FOR ALL
  USING ((SELECT praxis.auth_is_network_admin()));

GRANT SELECT ON session_events, ref_event_types TO anon, authenticated;
GRANT INSERT ON session_events TO authenticated;
GRANT INSERT, UPDATE, DELETE ON ref_event_types TO authenticated;

INSERT INTO ref_event_types (event_name, color_code, icon_name) VALUES
  ('Distress', '#f43f5e', 'AlertTriangle'),
  ('Breakthrough', '#10b981', 'Sparkles'),
  ('Music Change', '#3b82f6', 'Music'),
  ('Vital Signs Check', '#f59e0b', 'Activity'),
  ('Booster Dose', '#8b5cf6', 'Pill'),
  ('Bathroom Break', '#64748b', 'User'),
  ('Integration Moment', '#06b6d4', 'Lightbulb'),
  ('Peak Experience', '#ec4899', 'Star');
