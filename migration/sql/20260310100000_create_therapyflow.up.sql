-- TherapyFlow: organizations, their therapists and patients, sessions with notes and recordings, wearable data, consents and
-- the audit log. Columns, checks, cascades and the names of indexes are those of the system's schema ticket; what it leaves
-- open is decided in docs/decisions/0018-therapyflow.md.
--
-- Every row carries its organization. On therapists and patients it is a key of its own; below them a trigger takes it from
-- the parent, and a key over both ties it there, so that a row cannot belong to two organizations.
CREATE SCHEMA therapyflow;

-- When a row was last changed. It grows with every change, so that who changes a row can demand that nobody else has since:
-- the time at which a transaction began does not.
CREATE FUNCTION therapyflow.update_updated_at_column() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at + interval '1 microsecond');
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION therapyflow.update_updated_at_column FROM PUBLIC;

CREATE TABLE therapyflow.organizations (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  name TEXT NOT NULL,
  subscription_tier TEXT NOT NULL DEFAULT 'free',
  settings JSONB NOT NULL DEFAULT '{}',
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT check_subscription_tier CHECK (subscription_tier IN ('free', 'pro', 'biosync')),
  CONSTRAINT check_settings CHECK (jsonb_typeof(settings) = 'object')
);

CREATE TABLE therapyflow.therapists (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  org_id UUID NOT NULL REFERENCES therapyflow.organizations(id) ON DELETE CASCADE,
  user_id UUID UNIQUE REFERENCES auth.users(id) ON DELETE SET NULL,
  role TEXT NOT NULL DEFAULT 'therapist',
  email TEXT NOT NULL,
  full_name TEXT NOT NULL,
  license_number TEXT,
  specialization TEXT,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT check_therapist_role CHECK (role IN ('therapist', 'admin', 'owner')),
  UNIQUE (org_id, email),
  -- For keys that tie a row to its therapist and to their organization.
  UNIQUE (id, org_id)
);

CREATE TABLE therapyflow.patients (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  org_id UUID NOT NULL REFERENCES therapyflow.organizations(id) ON DELETE CASCADE,
  assigned_therapist_id UUID REFERENCES therapyflow.therapists(id) ON DELETE SET NULL,
  user_id UUID UNIQUE REFERENCES auth.users(id) ON DELETE SET NULL,
  full_name TEXT NOT NULL,
  phone TEXT,
  abha_id TEXT,
  demographics JSONB NOT NULL DEFAULT '{}',
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT check_abha_id CHECK (abha_id ~ '^\d{2}-\d{4}-\d{4}-\d{4}$'),
  CONSTRAINT check_demographics CHECK (jsonb_typeof(demographics) = 'object'),
  UNIQUE (org_id, abha_id),
  UNIQUE (id, org_id),
  CONSTRAINT patients_org_of_therapist FOREIGN KEY (assigned_therapist_id, org_id)
    REFERENCES therapyflow.therapists(id, org_id) ON DELETE SET NULL (assigned_therapist_id)
);

CREATE TABLE therapyflow.sessions (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  org_id UUID NOT NULL,
  therapist_id UUID NOT NULL REFERENCES therapyflow.therapists(id) ON DELETE CASCADE,
  patient_id UUID NOT NULL REFERENCES therapyflow.patients(id) ON DELETE CASCADE,
  scheduled_at TIMESTAMPTZ NOT NULL,
  status TEXT NOT NULL DEFAULT 'scheduled',
  duration_minutes INTEGER NOT NULL DEFAULT 50,
  started_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT check_session_status CHECK (status IN ('scheduled', 'in_progress', 'completed', 'cancelled')),
  CONSTRAINT check_session_duration CHECK (duration_minutes BETWEEN 1 AND 1440),
  CONSTRAINT check_session_time CHECK (isfinite(scheduled_at)),
  -- For the keys of what hangs on a session.
  UNIQUE (id, org_id, therapist_id),
  CONSTRAINT sessions_org_of_therapist FOREIGN KEY (therapist_id, org_id)
    REFERENCES therapyflow.therapists(id, org_id) ON DELETE CASCADE,
  CONSTRAINT sessions_org_of_patient FOREIGN KEY (patient_id, org_id)
    REFERENCES therapyflow.patients(id, org_id) ON DELETE CASCADE
);

CREATE TABLE therapyflow.clinical_notes (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  org_id UUID NOT NULL,
  session_id UUID NOT NULL REFERENCES therapyflow.sessions(id) ON DELETE CASCADE,
  therapist_id UUID NOT NULL,
  note_type TEXT NOT NULL,
  content JSONB NOT NULL,
  ai_generated_summary TEXT,
  approved_by_therapist BOOLEAN NOT NULL DEFAULT FALSE,
  approved_by UUID REFERENCES therapyflow.therapists(id) ON DELETE SET NULL,
  approved_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT check_note_type CHECK (note_type IN ('soap', 'dap', 'progress')),
  CONSTRAINT check_approval CHECK (approved_by_therapist = (approved_at IS NOT NULL)),
  CONSTRAINT clinical_notes_org_of_session FOREIGN KEY (session_id, org_id, therapist_id)
    REFERENCES therapyflow.sessions(id, org_id, therapist_id) ON UPDATE CASCADE ON DELETE CASCADE
);

CREATE TABLE therapyflow.session_recordings (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  org_id UUID NOT NULL,
  session_id UUID NOT NULL REFERENCES therapyflow.sessions(id) ON DELETE CASCADE,
  therapist_id UUID NOT NULL,
  file_path TEXT NOT NULL,
  duration_seconds INTEGER,
  file_size_bytes BIGINT,
  transcript TEXT,
  transcript_segments JSONB,
  language TEXT,
  uploaded_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT check_recording_duration CHECK (duration_seconds >= 0),
  CONSTRAINT check_recording_size CHECK (file_size_bytes BETWEEN 0 AND 524288000),
  CONSTRAINT session_recordings_org_of_session FOREIGN KEY (session_id, org_id, therapist_id)
    REFERENCES therapyflow.sessions(id, org_id, therapist_id) ON UPDATE CASCADE ON DELETE CASCADE
);

CREATE TABLE therapyflow.wearable_data (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  org_id UUID NOT NULL,
  patient_id UUID NOT NULL REFERENCES therapyflow.patients(id) ON DELETE CASCADE,
  data_type TEXT NOT NULL,
  metrics JSONB NOT NULL,
  recorded_at TIMESTAMPTZ NOT NULL,
  synced_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  source TEXT,
  CONSTRAINT check_wearable_type CHECK (data_type IN ('heart_rate', 'hrv', 'sleep', 'steps', 'activity')),
  CONSTRAINT check_wearable_metrics CHECK (jsonb_typeof(metrics) = 'object'),
  CONSTRAINT check_wearable_source CHECK (source IN ('google_health_connect', 'apple_healthkit')),
  CONSTRAINT wearable_data_org_of_patient FOREIGN KEY (patient_id, org_id)
    REFERENCES therapyflow.patients(id, org_id) ON DELETE CASCADE
);

CREATE TABLE therapyflow.consent_records (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  org_id UUID NOT NULL,
  patient_id UUID NOT NULL REFERENCES therapyflow.patients(id) ON DELETE CASCADE,
  consent_request_id TEXT,
  consent_artifact_id TEXT,
  purpose TEXT NOT NULL,
  hi_types TEXT[],
  date_range JSONB,
  status TEXT NOT NULL DEFAULT 'REQUESTED',
  granted_at TIMESTAMPTZ,
  expires_at TIMESTAMPTZ,
  revoked_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT check_consent_purpose CHECK (purpose IN ('care_management', 'research', 'insurance')),
  CONSTRAINT check_consent_types CHECK (hi_types <@ '{Prescription, DiagnosticReport, OPConsultation}'),
  CONSTRAINT check_consent_status CHECK (status IN ('REQUESTED', 'GRANTED', 'DENIED', 'REVOKED', 'EXPIRED')),
  CONSTRAINT check_consent_granted CHECK (status <> 'GRANTED' OR granted_at IS NOT NULL AND revoked_at IS NULL),
  UNIQUE (org_id, consent_request_id),
  CONSTRAINT consent_records_org_of_patient FOREIGN KEY (patient_id, org_id)
    REFERENCES therapyflow.patients(id, org_id) ON DELETE CASCADE
);

-- No foreign keys: what was done is known after the organization, or whoever did it, has gone.
CREATE TABLE therapyflow.audit_logs (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  org_id UUID NOT NULL,
  user_id UUID,
  action TEXT NOT NULL,
  table_name TEXT NOT NULL,
  record_id UUID NOT NULL,
  old_data JSONB,
  new_data JSONB,
  ip_address TEXT,
  user_agent TEXT,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT check_audit_action CHECK (action IN ('CREATE', 'READ', 'UPDATE', 'DELETE', 'SHARE'))
);

SELECT
  praxis.protect('therapyflow.organizations'),
  praxis.protect('therapyflow.therapists'),
  praxis.protect('therapyflow.patients'),
  praxis.protect('therapyflow.sessions'),
  praxis.protect('therapyflow.clinical_notes'),
  praxis.protect('therapyflow.session_recordings'),
  praxis.protect('therapyflow.wearable_data'),
  praxis.protect('therapyflow.consent_records'),
  praxis.protect('therapyflow.audit_logs');

CREATE TRIGGER update_organizations_updated_at BEFORE UPDATE ON therapyflow.organizations
  FOR EACH ROW EXECUTE FUNCTION therapyflow.update_updated_at_column();
CREATE TRIGGER update_therapists_updated_at BEFORE UPDATE ON therapyflow.therapists
  FOR EACH ROW EXECUTE FUNCTION therapyflow.update_updated_at_column();
CREATE TRIGGER update_patients_updated_at BEFORE UPDATE ON therapyflow.patients
  FOR EACH ROW EXECUTE FUNCTION therapyflow.update_updated_at_column();
CREATE TRIGGER update_sessions_updated_at BEFORE UPDATE ON therapyflow.sessions
  FOR EACH ROW EXECUTE FUNCTION therapyflow.update_updated_at_column();
CREATE TRIGGER update_clinical_notes_updated_at BEFORE UPDATE ON therapyflow.clinical_notes
  FOR EACH ROW EXECUTE FUNCTION therapyflow.update_updated_at_column();
CREATE TRIGGER update_session_recordings_updated_at BEFORE UPDATE ON therapyflow.session_recordings
  FOR EACH ROW EXECUTE FUNCTION therapyflow.update_updated_at_column();
CREATE TRIGGER update_consent_records_updated_at BEFORE UPDATE ON therapyflow.consent_records
  FOR EACH ROW EXECUTE FUNCTION therapyflow.update_updated_at_column();

-- The ticket's indexes.
CREATE INDEX idx_patients_therapist ON therapyflow.patients(assigned_therapist_id);
CREATE INDEX idx_sessions_therapist_date ON therapyflow.sessions(therapist_id, scheduled_at DESC);
CREATE INDEX idx_sessions_patient_date ON therapyflow.sessions(patient_id, scheduled_at DESC);
CREATE INDEX idx_wearable_patient_time ON therapyflow.wearable_data(patient_id, recorded_at DESC);
CREATE INDEX idx_audit_org_time ON therapyflow.audit_logs(org_id, created_at DESC);
COMMENT ON INDEX therapyflow.idx_patients_therapist IS 'Patients of a therapist.';
COMMENT ON INDEX therapyflow.idx_sessions_therapist_date IS 'A therapist''s calendar; the policy of the table.';
COMMENT ON INDEX therapyflow.idx_sessions_patient_date IS 'Sessions of a patient, the latest first; the policy of the table.';
COMMENT ON INDEX therapyflow.idx_wearable_patient_time IS 'What a patient''s devices recorded, the latest first; the policy of the table.';
COMMENT ON INDEX therapyflow.idx_audit_org_time IS 'The audit log of an organization, the latest first; the policy of the table.';

-- And those that the policies and the other foreign keys need.
CREATE INDEX idx_patients_org_name ON therapyflow.patients(org_id, full_name);
CREATE INDEX idx_sessions_org_date ON therapyflow.sessions(org_id, scheduled_at DESC);
CREATE INDEX idx_clinical_notes_session ON therapyflow.clinical_notes(session_id, created_at);
CREATE INDEX idx_clinical_notes_therapist ON therapyflow.clinical_notes(therapist_id, created_at);
CREATE INDEX idx_clinical_notes_org ON therapyflow.clinical_notes(org_id, created_at);
CREATE INDEX idx_clinical_notes_approved_by ON therapyflow.clinical_notes(approved_by);
CREATE INDEX idx_session_recordings_session ON therapyflow.session_recordings(session_id, uploaded_at);
CREATE INDEX idx_session_recordings_therapist ON therapyflow.session_recordings(therapist_id, uploaded_at);
CREATE INDEX idx_session_recordings_org ON therapyflow.session_recordings(org_id, uploaded_at);
CREATE INDEX idx_wearable_org_type_time ON therapyflow.wearable_data(org_id, data_type, recorded_at DESC);
CREATE INDEX idx_consent_records_patient ON therapyflow.consent_records(patient_id, created_at);
CREATE INDEX idx_consent_records_org_purpose ON therapyflow.consent_records(org_id, purpose) INCLUDE (patient_id, expires_at)
  WHERE status = 'GRANTED';
CREATE INDEX idx_consent_records_hi_types ON therapyflow.consent_records USING GIN(hi_types);
CREATE INDEX idx_audit_user ON therapyflow.audit_logs(user_id, created_at DESC);
CREATE INDEX idx_audit_table ON therapyflow.audit_logs(table_name, created_at DESC);
CREATE INDEX idx_audit_record ON therapyflow.audit_logs(record_id, created_at DESC);
COMMENT ON INDEX therapyflow.idx_patients_org_name IS 'Patients of an organization by name; the policy of the table.';
COMMENT ON INDEX therapyflow.idx_sessions_org_date IS 'Sessions of an organization by time; the policy of the table.';
COMMENT ON INDEX therapyflow.idx_clinical_notes_session IS 'Notes of a session.';
COMMENT ON INDEX therapyflow.idx_clinical_notes_therapist IS 'Notes of a therapist''s sessions; the policy of the table.';
COMMENT ON INDEX therapyflow.idx_clinical_notes_org IS 'Notes of an organization; the policy of the table.';
COMMENT ON INDEX therapyflow.idx_clinical_notes_approved_by IS 'Notes that a therapist has approved; deleting a therapist.';
COMMENT ON INDEX therapyflow.idx_session_recordings_session IS 'Recordings of a session.';
COMMENT ON INDEX therapyflow.idx_session_recordings_therapist IS 'Recordings of a therapist''s sessions; the policy of the table.';
COMMENT ON INDEX therapyflow.idx_session_recordings_org IS 'Recordings of an organization; the policy of the table.';
COMMENT ON INDEX therapyflow.idx_wearable_org_type_time IS 'One kind of wearable data of an organization over time.';
COMMENT ON INDEX therapyflow.idx_consent_records_patient IS 'Consents of a patient; the policy of the table.';
COMMENT ON INDEX therapyflow.idx_consent_records_org_purpose IS
  'Whose wearable data an organization may read, from the index alone: therapyflow.readable_wearers().';
COMMENT ON INDEX therapyflow.idx_consent_records_hi_types IS 'Consents that hold for a type of health information.';
COMMENT ON INDEX therapyflow.idx_audit_user IS 'What a person did.';
COMMENT ON INDEX therapyflow.idx_audit_table IS 'Changes of a table.';
COMMENT ON INDEX therapyflow.idx_audit_record IS 'What became of a row.';

-- After `updated_at`, since the columns of `s.*` are those of this moment.
CREATE VIEW therapyflow.upcoming_sessions WITH (security_invoker = true) AS
SELECT s.*, t.full_name AS therapist_name, p.full_name AS patient_name
FROM therapyflow.sessions AS s
JOIN therapyflow.therapists AS t ON s.therapist_id = t.id
JOIN therapyflow.patients AS p ON s.patient_id = p.id
WHERE s.scheduled_at > now() AND s.status = 'scheduled';
REVOKE ALL ON therapyflow.upcoming_sessions FROM PUBLIC, anon, authenticated;

COMMENT ON SCHEMA therapyflow IS 'TherapyFlow AI + BioSync.';

-- The rules in the words that a writer reads.
COMMENT ON CONSTRAINT check_subscription_tier ON therapyflow.organizations IS 'A subscription is free, pro or biosync.';
COMMENT ON CONSTRAINT check_settings ON therapyflow.organizations IS 'Settings are an object.';
COMMENT ON CONSTRAINT therapists_org_id_fkey ON therapyflow.therapists IS 'There is no such organization.';
COMMENT ON CONSTRAINT therapists_user_id_fkey ON therapyflow.therapists IS 'There is no such account.';
COMMENT ON CONSTRAINT therapists_user_id_key ON therapyflow.therapists IS 'The account belongs to another therapist already.';
COMMENT ON CONSTRAINT therapists_org_id_email_key ON therapyflow.therapists IS
  'Somebody of your organization has this address already.';
COMMENT ON CONSTRAINT therapists_id_org_id_key ON therapyflow.therapists IS 'There is a therapist with this key already.';
COMMENT ON CONSTRAINT check_therapist_role ON therapyflow.therapists IS 'A role is therapist, admin or owner.';
COMMENT ON CONSTRAINT patients_org_id_fkey ON therapyflow.patients IS 'There is no such organization.';
COMMENT ON CONSTRAINT patients_assigned_therapist_id_fkey ON therapyflow.patients IS 'There is no such therapist.';
COMMENT ON CONSTRAINT patients_org_of_therapist ON therapyflow.patients IS
  'There is no such therapist in the organization of the patient.';
COMMENT ON CONSTRAINT patients_user_id_fkey ON therapyflow.patients IS 'There is no such account.';
COMMENT ON CONSTRAINT patients_user_id_key ON therapyflow.patients IS 'The account belongs to another patient already.';
COMMENT ON CONSTRAINT patients_org_id_abha_id_key ON therapyflow.patients IS
  'Your organization has a patient with this ABHA number already.';
COMMENT ON CONSTRAINT patients_id_org_id_key ON therapyflow.patients IS 'There is a patient with this key already.';
COMMENT ON CONSTRAINT check_abha_id ON therapyflow.patients IS 'An ABHA number has 14 digits, written as 12-3456-7890-1234.';
COMMENT ON CONSTRAINT check_demographics ON therapyflow.patients IS 'Demographics are an object.';
COMMENT ON CONSTRAINT sessions_therapist_id_fkey ON therapyflow.sessions IS 'There is no such therapist.';
COMMENT ON CONSTRAINT sessions_patient_id_fkey ON therapyflow.sessions IS 'There is no such patient.';
COMMENT ON CONSTRAINT sessions_org_of_therapist ON therapyflow.sessions IS
  'There is no such therapist in the organization of the patient.';
COMMENT ON CONSTRAINT sessions_org_of_patient ON therapyflow.sessions IS 'There is no such patient in this organization.';
COMMENT ON CONSTRAINT sessions_id_org_id_therapist_id_key ON therapyflow.sessions IS
  'There is a session with this key already.';
COMMENT ON CONSTRAINT check_session_status ON therapyflow.sessions IS
  'A session is scheduled, in progress, completed or cancelled.';
COMMENT ON CONSTRAINT check_session_duration ON therapyflow.sessions IS 'A session takes from one minute to 24 hours.';
COMMENT ON CONSTRAINT check_session_time ON therapyflow.sessions IS 'A session has a time.';
COMMENT ON CONSTRAINT clinical_notes_session_id_fkey ON therapyflow.clinical_notes IS 'There is no such session.';
COMMENT ON CONSTRAINT clinical_notes_org_of_session ON therapyflow.clinical_notes IS
  'There is no such session of this therapist in this organization.';
COMMENT ON CONSTRAINT clinical_notes_approved_by_fkey ON therapyflow.clinical_notes IS 'There is no such therapist.';
COMMENT ON CONSTRAINT check_note_type ON therapyflow.clinical_notes IS 'A note is of the type soap, dap or progress.';
COMMENT ON CONSTRAINT check_approval ON therapyflow.clinical_notes IS
  'A note that is approved has the time of its approval, and no other has one.';
COMMENT ON CONSTRAINT session_recordings_session_id_fkey ON therapyflow.session_recordings IS 'There is no such session.';
COMMENT ON CONSTRAINT session_recordings_org_of_session ON therapyflow.session_recordings IS
  'There is no such session of this therapist in this organization.';
COMMENT ON CONSTRAINT check_recording_duration ON therapyflow.session_recordings IS
  'A recording is not shorter than 0 seconds.';
COMMENT ON CONSTRAINT check_recording_size ON therapyflow.session_recordings IS 'A recording has at most 500 MB.';
COMMENT ON CONSTRAINT wearable_data_patient_id_fkey ON therapyflow.wearable_data IS 'There is no such patient.';
COMMENT ON CONSTRAINT wearable_data_org_of_patient ON therapyflow.wearable_data IS
  'There is no such patient in this organization.';
COMMENT ON CONSTRAINT check_wearable_type ON therapyflow.wearable_data IS
  'Wearable data is of the type heart_rate, hrv, sleep, steps or activity.';
COMMENT ON CONSTRAINT check_wearable_metrics ON therapyflow.wearable_data IS 'Metrics are an object.';
COMMENT ON CONSTRAINT check_wearable_source ON therapyflow.wearable_data IS
  'Wearable data comes from google_health_connect or apple_healthkit.';
COMMENT ON CONSTRAINT consent_records_patient_id_fkey ON therapyflow.consent_records IS 'There is no such patient.';
COMMENT ON CONSTRAINT consent_records_org_of_patient ON therapyflow.consent_records IS
  'There is no such patient in this organization.';
COMMENT ON CONSTRAINT consent_records_org_id_consent_request_id_key ON therapyflow.consent_records IS
  'Your organization has a consent for this request already.';
COMMENT ON CONSTRAINT check_consent_purpose ON therapyflow.consent_records IS
  'A consent is for care_management, research or insurance.';
COMMENT ON CONSTRAINT check_consent_types ON therapyflow.consent_records IS
  'Types of health information are Prescription, DiagnosticReport and OPConsultation.';
COMMENT ON CONSTRAINT check_consent_status ON therapyflow.consent_records IS
  'A consent is requested, granted, denied, revoked or expired.';
COMMENT ON CONSTRAINT check_consent_granted ON therapyflow.consent_records IS
  'A consent that is granted has the time since when, and is not revoked.';
COMMENT ON CONSTRAINT check_audit_action ON therapyflow.audit_logs IS
  'An action is CREATE, READ, UPDATE, DELETE or SHARE.';
