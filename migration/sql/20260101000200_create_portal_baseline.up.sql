-- The tables that the portal's schema brief calls existing: created where they are missing, and given the columns they
-- lack where they are not. Nothing that is there is changed.

INSERT INTO praxis.baseline
  SELECT 'table ' || name FROM unnest(ARRAY[
    'public.sites',
    'public.user_sites',
    'public.ref_substances',
    'public.ref_routes',
    'public.ref_indications',
    'public.ref_assessments',
    'public.ref_assessment_bands',
    'public.ref_support_modality',
    'public.ref_smoking_status',
    'public.ref_severity_grade',
    'public.ref_safety_events',
    'public.ref_resolution_status',
    'public.log_clinical_records',
    'public.assessment_responses',
    'public.outcomes_summary'
  ]) AS name WHERE to_regclass(name) IS NULL;

CREATE TABLE IF NOT EXISTS sites (
  site_id BIGSERIAL PRIMARY KEY
);
ALTER TABLE sites
  ADD COLUMN IF NOT EXISTS site_name TEXT NOT NULL,
  ADD COLUMN IF NOT EXISTS site_code TEXT UNIQUE,
  ADD COLUMN IF NOT EXISTS region TEXT,
  ADD COLUMN IF NOT EXISTS site_type TEXT,
  ADD COLUMN IF NOT EXISTS is_active BOOLEAN DEFAULT TRUE,
  ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT NOW(),
  ADD COLUMN IF NOT EXISTS updated_at TIMESTAMPTZ DEFAULT NOW();

CREATE TABLE IF NOT EXISTS user_sites (
  id BIGSERIAL PRIMARY KEY
);
ALTER TABLE user_sites
  ADD COLUMN IF NOT EXISTS user_id UUID NOT NULL REFERENCES auth.users(id) ON DELETE CASCADE,
  ADD COLUMN IF NOT EXISTS site_id BIGINT NOT NULL REFERENCES sites(site_id) ON DELETE CASCADE,
  ADD COLUMN IF NOT EXISTS role TEXT CHECK (role IN ('network_admin', 'site_admin', 'clinician', 'analyst', 'auditor')),
  ADD COLUMN IF NOT EXISTS is_active BOOLEAN DEFAULT TRUE,
  ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT NOW();

CREATE TABLE IF NOT EXISTS ref_substances (
  substance_id BIGSERIAL PRIMARY KEY
);
ALTER TABLE ref_substances
  ADD COLUMN IF NOT EXISTS substance_name TEXT NOT NULL UNIQUE,
  ADD COLUMN IF NOT EXISTS rxnorm_cui BIGINT,
  ADD COLUMN IF NOT EXISTS substance_class TEXT,
  ADD COLUMN IF NOT EXISTS primary_mechanism TEXT,
  ADD COLUMN IF NOT EXISTS receptor_5ht2a_ki NUMERIC,
  ADD COLUMN IF NOT EXISTS receptor_5ht1a_ki NUMERIC,
  ADD COLUMN IF NOT EXISTS receptor_5ht2c_ki NUMERIC,
  ADD COLUMN IF NOT EXISTS receptor_d2_ki NUMERIC,
  ADD COLUMN IF NOT EXISTS receptor_sert_ki NUMERIC,
  ADD COLUMN IF NOT EXISTS receptor_nmda_ki NUMERIC,
  ADD COLUMN IF NOT EXISTS is_active BOOLEAN DEFAULT TRUE,
  ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT NOW();

CREATE TABLE IF NOT EXISTS ref_routes (
  route_id BIGSERIAL PRIMARY KEY
);
ALTER TABLE ref_routes
  ADD COLUMN IF NOT EXISTS route_name TEXT NOT NULL UNIQUE,
  ADD COLUMN IF NOT EXISTS route_code TEXT,
  ADD COLUMN IF NOT EXISTS route_label TEXT,
  ADD COLUMN IF NOT EXISTS is_active BOOLEAN DEFAULT TRUE,
  ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT NOW();

CREATE TABLE IF NOT EXISTS ref_indications (
  indication_id BIGSERIAL PRIMARY KEY
);
ALTER TABLE ref_indications
  ADD COLUMN IF NOT EXISTS indication_name TEXT NOT NULL UNIQUE,
  ADD COLUMN IF NOT EXISTS snomed_code TEXT,
  ADD COLUMN IF NOT EXISTS icd10_code TEXT,
  ADD COLUMN IF NOT EXISTS indication_category TEXT,
  ADD COLUMN IF NOT EXISTS is_active BOOLEAN DEFAULT TRUE,
  ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT NOW();

CREATE TABLE IF NOT EXISTS ref_assessments (
  assessment_id BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY
);
ALTER TABLE ref_assessments
  ADD COLUMN IF NOT EXISTS assessment_code TEXT NOT NULL UNIQUE,
  ADD COLUMN IF NOT EXISTS assessment_name TEXT NOT NULL UNIQUE,
  ADD COLUMN IF NOT EXISTS description TEXT,
  ADD COLUMN IF NOT EXISTS domain TEXT,
  ADD COLUMN IF NOT EXISTS min_score NUMERIC(6,2) NOT NULL,
  ADD COLUMN IF NOT EXISTS max_score NUMERIC(6,2) NOT NULL CONSTRAINT valid_score_range CHECK (max_score > min_score),
  ADD COLUMN IF NOT EXISTS higher_is_better BOOLEAN NOT NULL DEFAULT FALSE,
  ADD COLUMN IF NOT EXISTS loinc_code TEXT,
  ADD COLUMN IF NOT EXISTS is_active BOOLEAN DEFAULT TRUE,
  ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT NOW();

CREATE TABLE IF NOT EXISTS ref_assessment_bands (
  band_id BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY
);
ALTER TABLE ref_assessment_bands
  ADD COLUMN IF NOT EXISTS assessment_id BIGINT NOT NULL REFERENCES ref_assessments(assessment_id) ON DELETE CASCADE,
  ADD COLUMN IF NOT EXISTS min_score NUMERIC(6,2) NOT NULL,
  ADD COLUMN IF NOT EXISTS max_score NUMERIC(6,2) NOT NULL CONSTRAINT valid_band CHECK (max_score >= min_score),
  ADD COLUMN IF NOT EXISTS label TEXT NOT NULL,
  ADD COLUMN IF NOT EXISTS is_active BOOLEAN DEFAULT TRUE,
  ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT NOW();

CREATE TABLE IF NOT EXISTS ref_support_modality (
  modality_id BIGSERIAL PRIMARY KEY
);
ALTER TABLE ref_support_modality
  ADD COLUMN IF NOT EXISTS modality_name TEXT NOT NULL UNIQUE,
  ADD COLUMN IF NOT EXISTS modality_code TEXT,
  ADD COLUMN IF NOT EXISTS description TEXT,
  ADD COLUMN IF NOT EXISTS is_active BOOLEAN DEFAULT TRUE,
  ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT NOW();

CREATE TABLE IF NOT EXISTS ref_smoking_status (
  smoking_status_id BIGSERIAL PRIMARY KEY
);
ALTER TABLE ref_smoking_status
  ADD COLUMN IF NOT EXISTS status_name TEXT NOT NULL UNIQUE,
  ADD COLUMN IF NOT EXISTS status_code TEXT,
  ADD COLUMN IF NOT EXISTS is_active BOOLEAN DEFAULT TRUE,
  ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT NOW();

CREATE TABLE IF NOT EXISTS ref_severity_grade (
  severity_grade_id BIGSERIAL PRIMARY KEY
);
ALTER TABLE ref_severity_grade
  ADD COLUMN IF NOT EXISTS grade_value INT NOT NULL UNIQUE,
  ADD COLUMN IF NOT EXISTS grade_label TEXT NOT NULL,
  ADD COLUMN IF NOT EXISTS description TEXT,
  ADD COLUMN IF NOT EXISTS is_active BOOLEAN DEFAULT TRUE,
  ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT NOW();

CREATE TABLE IF NOT EXISTS ref_safety_events (
  safety_event_id BIGSERIAL PRIMARY KEY
);
ALTER TABLE ref_safety_events
  ADD COLUMN IF NOT EXISTS event_name TEXT NOT NULL UNIQUE,
  ADD COLUMN IF NOT EXISTS event_code TEXT,
  ADD COLUMN IF NOT EXISTS event_category TEXT,
  ADD COLUMN IF NOT EXISTS is_active BOOLEAN DEFAULT TRUE,
  ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT NOW();

CREATE TABLE IF NOT EXISTS ref_resolution_status (
  resolution_status_id BIGSERIAL PRIMARY KEY
);
ALTER TABLE ref_resolution_status
  ADD COLUMN IF NOT EXISTS status_name TEXT NOT NULL UNIQUE,
  ADD COLUMN IF NOT EXISTS description TEXT,
  ADD COLUMN IF NOT EXISTS is_active BOOLEAN DEFAULT TRUE,
  ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT NOW();

CREATE TABLE IF NOT EXISTS log_clinical_records (
  record_id BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY
);
ALTER TABLE log_clinical_records
  ADD COLUMN IF NOT EXISTS site_id BIGINT NOT NULL REFERENCES sites(site_id),
  ADD COLUMN IF NOT EXISTS subject_id BIGINT,
  ADD COLUMN IF NOT EXISTS patient_link_code TEXT,
  ADD COLUMN IF NOT EXISTS substance_id BIGINT REFERENCES ref_substances(substance_id),
  ADD COLUMN IF NOT EXISTS route_id BIGINT REFERENCES ref_routes(route_id),
  ADD COLUMN IF NOT EXISTS indication_id BIGINT REFERENCES ref_indications(indication_id),
  ADD COLUMN IF NOT EXISTS session_number INT DEFAULT 1,
  ADD COLUMN IF NOT EXISTS session_date DATE DEFAULT CURRENT_DATE,
  ADD COLUMN IF NOT EXISTS session_type TEXT CHECK (session_type IN ('preparation', 'dosing', 'integration', 'baseline', 'follow_up', 'screening')),
  ADD COLUMN IF NOT EXISTS session_status TEXT NOT NULL DEFAULT 'draft' CHECK (session_status IN ('draft', 'active', 'completed')),
  ADD COLUMN IF NOT EXISTS dosage_mg NUMERIC(6,2),
  ADD COLUMN IF NOT EXISTS modality_id BIGINT REFERENCES ref_support_modality(modality_id),
  ADD COLUMN IF NOT EXISTS support_modality_ids BIGINT[],
  ADD COLUMN IF NOT EXISTS concomitant_med_ids BIGINT[],
  ADD COLUMN IF NOT EXISTS patient_sex TEXT CHECK (patient_sex IN ('Male', 'Female', 'Intersex', 'Unknown')),
  ADD COLUMN IF NOT EXISTS patient_age TEXT CHECK (patient_age IN ('18-25', '26-35', '36-45', '46-55', '56-65', '66+')),
  ADD COLUMN IF NOT EXISTS patient_weight_range TEXT,
  ADD COLUMN IF NOT EXISTS smoking_status_id BIGINT REFERENCES ref_smoking_status(smoking_status_id),
  ADD COLUMN IF NOT EXISTS baseline_phq9_score INT CHECK (baseline_phq9_score BETWEEN 0 AND 27),
  ADD COLUMN IF NOT EXISTS phq9_score INT,
  ADD COLUMN IF NOT EXISTS difficulty_score INT,
  ADD COLUMN IF NOT EXISTS verified_consent BOOLEAN DEFAULT FALSE,
  ADD COLUMN IF NOT EXISTS prep_hours NUMERIC,
  ADD COLUMN IF NOT EXISTS integration_hours NUMERIC,
  ADD COLUMN IF NOT EXISTS contraindication_verdict TEXT CHECK (contraindication_verdict IN ('CLEAR', 'PROCEED_WITH_CAUTION', 'DO_NOT_PROCEED')),
  ADD COLUMN IF NOT EXISTS safety_event_id BIGINT REFERENCES ref_safety_events(safety_event_id),
  ADD COLUMN IF NOT EXISTS severity_grade_id BIGINT REFERENCES ref_severity_grade(severity_grade_id),
  ADD COLUMN IF NOT EXISTS resolution_status_id BIGINT REFERENCES ref_resolution_status(resolution_status_id),
  ADD COLUMN IF NOT EXISTS is_submitted BOOLEAN DEFAULT FALSE,
  ADD COLUMN IF NOT EXISTS submitted_at TIMESTAMPTZ,
  ADD COLUMN IF NOT EXISTS created_by UUID REFERENCES auth.users(id),
  ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT NOW(),
  ADD COLUMN IF NOT EXISTS updated_at TIMESTAMPTZ DEFAULT NOW();

CREATE TABLE IF NOT EXISTS assessment_responses (
  response_id BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY
);
ALTER TABLE assessment_responses
  ADD COLUMN IF NOT EXISTS protocol_id BIGINT REFERENCES log_clinical_records(record_id),
  ADD COLUMN IF NOT EXISTS assessment_id BIGINT REFERENCES ref_assessments(assessment_id),
  ADD COLUMN IF NOT EXISTS score NUMERIC(5,2) NOT NULL CONSTRAINT valid_score CHECK (score >= 0 AND score <= 100),
  ADD COLUMN IF NOT EXISTS completed_at TIMESTAMPTZ NOT NULL;

CREATE TABLE IF NOT EXISTS outcomes_summary (
  summary_id BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY
);
ALTER TABLE outcomes_summary
  ADD COLUMN IF NOT EXISTS site_id BIGINT REFERENCES sites(site_id),
  ADD COLUMN IF NOT EXISTS substance_id BIGINT REFERENCES ref_substances(substance_id),
  ADD COLUMN IF NOT EXISTS month DATE NOT NULL,
  ADD COLUMN IF NOT EXISTS total_protocols INT NOT NULL,
  ADD COLUMN IF NOT EXISTS response_rate NUMERIC(5,2),
  ADD COLUMN IF NOT EXISTS adverse_event_rate NUMERIC(5,2);

-- The indexes of these tables. A name that is taken stays as it is.
CREATE UNIQUE INDEX IF NOT EXISTS user_sites_user_id_site_id_key ON user_sites(user_id, site_id);
COMMENT ON INDEX user_sites_user_id_site_id_key IS 'Access helpers: the sites of the caller. One membership of a person in a site.';
CREATE INDEX IF NOT EXISTS idx_user_sites_site ON user_sites(site_id);
COMMENT ON INDEX idx_user_sites_site IS 'Site.memberships; deleting a site.';
CREATE UNIQUE INDEX IF NOT EXISTS ref_assessment_bands_assessment_id_min_score_key ON ref_assessment_bands(assessment_id, min_score);
COMMENT ON INDEX ref_assessment_bands_assessment_id_min_score_key IS 'Assessment.bands in order of the score.';
CREATE UNIQUE INDEX IF NOT EXISTS log_clinical_records_record_id_site_id_key ON log_clinical_records(record_id, site_id);
COMMENT ON INDEX log_clinical_records_record_id_site_id_key IS 'Target of the key that ties the site of a row to the site of its protocol.';
CREATE INDEX IF NOT EXISTS idx_log_clinical_records_site ON log_clinical_records(site_id, session_date);
COMMENT ON INDEX idx_log_clinical_records_site IS 'Protocols of the callers sites, newest first; Site.protocols.';
CREATE INDEX IF NOT EXISTS idx_log_clinical_records_substance ON log_clinical_records(substance_id);
COMMENT ON INDEX idx_log_clinical_records_substance IS 'Protocols by substance; Substance.protocols.';
CREATE INDEX IF NOT EXISTS idx_log_clinical_records_route ON log_clinical_records(route_id);
COMMENT ON INDEX idx_log_clinical_records_route IS 'Protocols by route; Route.protocols.';
CREATE INDEX IF NOT EXISTS idx_log_clinical_records_indication ON log_clinical_records(indication_id);
COMMENT ON INDEX idx_log_clinical_records_indication IS 'Protocols by condition; Indication.protocols.';
CREATE INDEX IF NOT EXISTS idx_log_clinical_records_session_date ON log_clinical_records(session_date);
COMMENT ON INDEX idx_log_clinical_records_session_date IS 'Protocols in a span of time across sites.';
CREATE INDEX IF NOT EXISTS idx_log_clinical_records_session_number ON log_clinical_records(session_number);
COMMENT ON INDEX idx_log_clinical_records_session_number IS 'First sessions, second sessions and so on.';
CREATE INDEX IF NOT EXISTS idx_log_clinical_records_subject ON log_clinical_records(subject_id);
COMMENT ON INDEX idx_log_clinical_records_subject IS 'Protocols of a patient.';
CREATE INDEX IF NOT EXISTS idx_log_clinical_records_subject_session ON log_clinical_records(subject_id, session_number DESC);
COMMENT ON INDEX idx_log_clinical_records_subject_session IS 'Latest session of a patient.';
CREATE INDEX IF NOT EXISTS idx_log_clinical_records_modality ON log_clinical_records(modality_id);
COMMENT ON INDEX idx_log_clinical_records_modality IS 'SupportModality.protocols.';
CREATE INDEX IF NOT EXISTS idx_log_clinical_records_smoking_status ON log_clinical_records(smoking_status_id);
COMMENT ON INDEX idx_log_clinical_records_smoking_status IS 'SmokingStatus.protocols.';
CREATE INDEX IF NOT EXISTS idx_log_clinical_records_safety_event ON log_clinical_records(safety_event_id);
COMMENT ON INDEX idx_log_clinical_records_safety_event IS 'Protocols with a safety event; SafetyEvent.protocols.';
CREATE INDEX IF NOT EXISTS idx_log_clinical_records_severity_grade ON log_clinical_records(severity_grade_id);
COMMENT ON INDEX idx_log_clinical_records_severity_grade IS 'SeverityGrade.protocols.';
CREATE INDEX IF NOT EXISTS idx_log_clinical_records_resolution_status ON log_clinical_records(resolution_status_id);
COMMENT ON INDEX idx_log_clinical_records_resolution_status IS 'ResolutionStatus.protocols.';
CREATE INDEX IF NOT EXISTS idx_log_clinical_records_created_by ON log_clinical_records(created_by);
COMMENT ON INDEX idx_log_clinical_records_created_by IS 'Protocols made by a person; deleting an account.';
CREATE INDEX IF NOT EXISTS idx_responses_protocol_time ON assessment_responses(protocol_id, completed_at);
COMMENT ON INDEX idx_responses_protocol_time IS 'Protocol.assessmentResponses in order of time: the line of a score.';
CREATE INDEX IF NOT EXISTS idx_responses_assessment ON assessment_responses(assessment_id);
COMMENT ON INDEX idx_responses_assessment IS 'Responses by instrument; Assessment.responses.';
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'outcomes_summary'::regclass AND conname = 'unique_summary') THEN
    ALTER TABLE outcomes_summary ADD CONSTRAINT unique_summary UNIQUE (site_id, substance_id, month);
  END IF;
END $$;
COMMENT ON INDEX unique_summary IS 'Outcomes of a site by substance and month. One row for each.';
CREATE INDEX IF NOT EXISTS idx_summary_substance_month ON outcomes_summary(substance_id, month);
COMMENT ON INDEX idx_summary_substance_month IS 'Comparison of sites: a substance month by month.';

-- Reference rows. Receptor affinities are left empty: the published sets contradict each other. Only checked codes are
-- given.

INSERT INTO ref_substances (substance_name, substance_class, rxnorm_cui, primary_mechanism) VALUES
  ('Psilocybin', 'psychedelic', NULL, '5-HT2A Agonist'),
  ('MDMA', 'empathogen', NULL, 'SERT/NET/DAT Releaser'),
  ('Ketamine', 'dissociative', 6130, 'NMDA Receptor Antagonist'),
  ('LSD-25', 'psychedelic', NULL, '5-HT2A Agonist'),
  ('5-MeO-DMT', 'psychedelic', NULL, '5-HT1A / 5-HT2A Agonist'),
  ('Ibogaine', 'psychedelic', NULL, 'Multi-receptor'),
  ('Mescaline', 'psychedelic', NULL, '5-HT2A Agonist'),
  ('Other / Investigational', 'other', NULL, NULL),
  ('DMT', 'psychedelic', NULL, NULL),
  ('Esketamine', 'dissociative', NULL, NULL),
  ('Ayahuasca', 'psychedelic', NULL, '5-HT2A Agonist + MAO-I')
ON CONFLICT DO NOTHING;

INSERT INTO ref_routes (route_name, route_label, route_code) VALUES
  ('Oral', 'Oral', 'C38288'),
  ('Intravenous', 'IV', 'C38276'),
  ('Intramuscular', 'IM', 'C28161'),
  ('Intranasal', 'Intranasal', 'C38284'),
  ('Sublingual', 'Sublingual', 'C38300'),
  ('Buccal', 'Buccal', 'C38193'),
  ('Rectal', 'Rectal', 'C38295'),
  ('Subcutaneous', 'SC', 'C38299'),
  ('Other / Non-Standard', 'Other', NULL)
ON CONFLICT DO NOTHING;

INSERT INTO ref_indications (indication_name, indication_category, icd10_code) VALUES
  ('Major Depressive Disorder (MDD)', 'mood', 'F32'),
  ('Treatment-Resistant Depression (TRD)', 'mood', 'F32'),
  ('Post-Traumatic Stress Disorder (PTSD)', 'trauma', 'F43.1'),
  ('Generalized Anxiety Disorder (GAD)', 'anxiety', 'F41.1'),
  ('Social Anxiety Disorder', 'anxiety', NULL),
  ('Obsessive-Compulsive Disorder (OCD)', 'anxiety', 'F42'),
  ('Substance Use Disorder', 'addiction', 'F19'),
  ('End-of-Life Distress', 'palliative', NULL),
  ('Other / Investigational', 'other', NULL)
ON CONFLICT DO NOTHING;

INSERT INTO ref_assessments (assessment_code, assessment_name, domain, min_score, max_score, higher_is_better, loinc_code, description) VALUES
  ('PHQ9', 'Patient Health Questionnaire-9', 'depression', 0, 27, False, '44261-6', 'Severity of depression over the last two weeks.'),
  ('GAD7', 'Generalized Anxiety Disorder-7', 'anxiety', 0, 21, False, '70274-6', 'Severity of anxiety over the last two weeks.'),
  ('ACE', 'Adverse Childhood Experiences', 'trauma', 0, 10, False, NULL, 'Number of kinds of adverse experience before the age of 18.'),
  ('PCL5', 'PTSD Checklist-5', 'trauma', 0, 80, False, NULL, 'Severity of the twenty symptoms of PTSD over the last month.'),
  ('EXPECTANCY', 'Treatment Expectancy Scale', 'expectancy', 1, 100, True, NULL, 'How much the patient expects the treatment to help.'),
  ('MEQ30', 'Mystical Experience Questionnaire-30', 'experience', 0, 100, True, NULL, 'Strength of the mystical experience, in percent of the highest possible score.'),
  ('EDI', 'Ego Dissolution Inventory', 'experience', 0, 100, True, NULL, 'Strength of ego dissolution, in percent.'),
  ('CEQ', 'Challenging Experience Questionnaire', 'experience', 0, 100, False, NULL, 'Strength of difficult experiences, in percent.'),
  ('WHOQOL', 'WHO Quality of Life-BREF', 'quality of life', 0, 100, True, NULL, 'Quality of life in four fields, in percent.'),
  ('PSQI', 'Pittsburgh Sleep Quality Index', 'sleep', 0, 21, False, NULL, 'Quality of sleep over the last month.'),
  ('CSSRS', 'Columbia Suicide Severity Rating Scale', 'safety', 0, 5, False, NULL, 'Severity of suicidal ideation.'),
  ('IES', 'Integration Engagement Scale', 'integration', 0, 100, True, NULL, 'What the patient does to integrate the experience.'),
  ('EIS', 'Experienced Integration Scale', 'integration', 0, 100, True, NULL, 'How integrated the patient feels.'),
  ('CAPS5', 'Clinician-Administered PTSD Scale for DSM-5', 'trauma', 0, 80, False, NULL, 'Severity of PTSD, rated by the clinician.'),
  ('MADRS', 'Montgomery-Åsberg Depression Rating Scale', 'depression', 0, 60, False, NULL, 'Severity of depression, rated by the clinician.')
ON CONFLICT DO NOTHING;

INSERT INTO ref_assessment_bands (assessment_id, min_score, max_score, label)
SELECT assessment_id, band.min_score, band.max_score, band.label
FROM ref_assessments JOIN (VALUES
  ('PHQ9', 0, 4, 'Minimal'),
  ('PHQ9', 5, 9, 'Mild'),
  ('PHQ9', 10, 14, 'Moderate'),
  ('PHQ9', 15, 19, 'Moderately Severe'),
  ('PHQ9', 20, 27, 'Severe'),
  ('GAD7', 0, 4, 'Minimal'),
  ('GAD7', 5, 9, 'Mild'),
  ('GAD7', 10, 14, 'Moderate'),
  ('GAD7', 15, 21, 'Severe'),
  ('PCL5', 0, 32, 'Below Threshold'),
  ('PCL5', 33, 80, 'Probable PTSD'),
  ('MEQ30', 0, 59, 'Incomplete'),
  ('MEQ30', 60, 100, 'Complete')
) AS band(code, min_score, max_score, label) ON assessment_code = band.code
ON CONFLICT DO NOTHING;

INSERT INTO ref_support_modality (modality_name, modality_code, description) VALUES
  ('CBT', 'CBT', 'Cognitive behavioural therapy'),
  ('Somatic', 'SOMATIC', 'Therapy that works with the body'),
  ('Psychodynamic', 'PSYCHODYNAMIC', 'Therapy that works with inner conflicts'),
  ('IFS', 'IFS', 'Internal Family Systems'),
  ('None/Sitter', 'NONE', 'No therapy; a sitter is present')
ON CONFLICT DO NOTHING;

INSERT INTO ref_smoking_status (status_name, status_code) VALUES
  ('Non-Smoker', 'NON_SMOKER'),
  ('Former Smoker', 'FORMER'),
  ('Current Smoker (Occasional)', 'CURRENT_OCCASIONAL'),
  ('Current Smoker (Daily)', 'CURRENT_DAILY')
ON CONFLICT DO NOTHING;

INSERT INTO ref_severity_grade (grade_value, grade_label, description) VALUES
  (1, 'Mild', 'No treatment needed'),
  (2, 'Moderate', 'Minimal treatment needed'),
  (3, 'Severe', 'Medically significant, not immediately life-threatening'),
  (4, 'Life Threatening', 'Urgent treatment needed'),
  (5, 'Death', 'Death related to the event')
ON CONFLICT DO NOTHING;

INSERT INTO ref_safety_events (event_name, event_code, event_category) VALUES
  ('Anxiety', 'ANXIETY', 'psychological'),
  ('Confusional State', 'CONFUSIONAL_STATE', 'neurological'),
  ('Dissociation', 'DISSOCIATION', 'psychological'),
  ('Dizziness', 'DIZZINESS', 'neurological'),
  ('Headache', 'HEADACHE', 'neurological'),
  ('Hypertension', 'HYPERTENSION', 'cardiovascular'),
  ('Insomnia', 'INSOMNIA', 'neurological'),
  ('Nausea', 'NAUSEA', 'gastrointestinal'),
  ('Panic Attack', 'PANIC_ATTACK', 'psychological'),
  ('Paranoia', 'PARANOIA', 'psychological'),
  ('Tachycardia', 'TACHYCARDIA', 'cardiovascular'),
  ('Visual Hallucination', 'VISUAL_HALLUCINATION', 'psychological'),
  ('Other', 'OTHER', 'other')
ON CONFLICT DO NOTHING;

INSERT INTO ref_resolution_status (status_name, description) VALUES
  ('Resolved in Session', 'The event ended before the session did'),
  ('Resolved Post-Session', 'The event ended after the session'),
  ('Unresolved/Lingering', 'The event had not ended when it was last asked about')
ON CONFLICT DO NOTHING;
