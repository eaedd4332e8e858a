-- Medications that a patient may take beside the treatment, for the list in the protocol builder.
-- Columns, checks, rows and the names of policies are those of the portal's schema brief.

CREATE TABLE ref_medications (
  medication_id BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  medication_name TEXT NOT NULL UNIQUE,
  drug_class TEXT,
  rxnorm_cui BIGINT,
  has_contraindication BOOLEAN DEFAULT FALSE,
  contraindication_notes TEXT,
  is_active BOOLEAN DEFAULT TRUE,
  created_at TIMESTAMPTZ DEFAULT NOW(),
  updated_at TIMESTAMPTZ DEFAULT NOW()
);

CREATE INDEX idx_medications_name ON ref_medications(medication_name);
CREATE INDEX idx_medications_class ON ref_medications(drug_class);
CREATE INDEX idx_medications_active ON ref_medications(is_active) WHERE is_active = TRUE;
COMMENT ON INDEX idx_medications_name IS 'Medications in order of their names.';
COMMENT ON INDEX idx_medications_class IS 'Medications of a class.';
COMMENT ON INDEX idx_medications_active IS 'Medications on offer.';

ALTER TABLE ref_medications ENABLE ROW LEVEL SECURITY;
SELECT praxis.protect('ref_medications');

-- Read: everyone who is signed in.
CREATE POLICY ref_medications_read ON ref_medications
  FOR SELECT
  USING ((SELECT auth.role()) = 'authenticated');

-- Write: network_admin only.
CREATE POLICY ref_medications_write ON ref_medications
  FOR ALL
  USING ((SELECT praxis.auth_is_network_admin()));

GRANT SELECT ON ref_medications TO anon, authenticated;
GRANT INSERT, UPDATE, DELETE ON ref_medications TO authenticated;

INSERT INTO ref_medications (medication_name, drug_class, has_contraindication, contraindication_notes) VALUES
  ('Fluoxetine (Prozac)', 'SSRI', FALSE, NULL),
  ('Sertraline (Zoloft)', 'SSRI', FALSE, NULL),
  ('Escitalopram (Lexapro)', 'SSRI', FALSE, NULL),
  ('Paroxetine (Paxil)', 'SSRI', FALSE, NULL),
  ('Citalopram (Celexa)', 'SSRI', FALSE, NULL),
  ('Venlafaxine (Effexor)', 'SNRI', FALSE, NULL),
  ('Duloxetine (Cymbalta)', 'SNRI', FALSE, NULL),
  ('Alprazolam (Xanax)', 'Benzodiazepine', TRUE, 'May reduce efficacy of psychedelic therapy'),
  ('Lorazepam (Ativan)', 'Benzodiazepine', TRUE, 'May reduce efficacy of psychedelic therapy'),
  ('Clonazepam (Klonopin)', 'Benzodiazepine', TRUE, 'May reduce efficacy of psychedelic therapy'),
  ('Diazepam (Valium)', 'Benzodiazepine', TRUE, 'May reduce efficacy of psychedelic therapy'),
  ('Quetiapine (Seroquel)', 'Antipsychotic', TRUE, 'May block psychedelic effects'),
  ('Olanzapine (Zyprexa)', 'Antipsychotic', TRUE, 'May block psychedelic effects'),
  ('Risperidone (Risperdal)', 'Antipsychotic', TRUE, 'May block psychedelic effects'),
  ('Aripiprazole (Abilify)', 'Antipsychotic', TRUE, 'May block psychedelic effects'),
  ('Lithium', 'Mood Stabilizer', FALSE, NULL),
  ('Lamotrigine (Lamictal)', 'Mood Stabilizer', FALSE, NULL),
  ('Valproate (Depakote)', 'Mood Stabilizer', FALSE, NULL),
  ('Methylphenidate (Ritalin)', 'Stimulant', FALSE, NULL),
  ('Amphetamine (Adderall)', 'Stimulant', FALSE, NULL),
  ('Lisdexamfetamine (Vyvanse)', 'Stimulant', FALSE, NULL),
  ('Bupropion (Wellbutrin)', 'NDRI', FALSE, NULL),
  ('Mirtazapine (Remeron)', 'Tetracyclic', FALSE, NULL),
  ('Trazodone (Desyrel)', 'SARI', FALSE, NULL);
