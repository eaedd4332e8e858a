DROP FUNCTION praxis.refresh_outcomes;
DROP FUNCTION praxis.outcomes_of;
DROP TRIGGER note_updated ON ref_indications;
DROP TRIGGER note_updated ON ref_assessments;
DROP TRIGGER note_truncated ON assessment_responses;
DROP TRIGGER note_deleted ON assessment_responses;
DROP TRIGGER note_updated ON assessment_responses;
DROP TRIGGER note_inserted ON assessment_responses;
DROP TRIGGER note_truncated ON log_clinical_records;
DROP TRIGGER note_deleted ON log_clinical_records;
DROP TRIGGER note_updated ON log_clinical_records;
DROP TRIGGER note_inserted ON log_clinical_records;
DROP FUNCTION praxis.note_changed_everything;
DROP FUNCTION praxis.note_changed_scores;
DROP FUNCTION praxis.note_changed_protocols;
DROP FUNCTION praxis.month_of;
DROP TABLE praxis.outcomes_changes;
ALTER TABLE outcomes_summary DROP CONSTRAINT valid_remission_rate;
ALTER TABLE outcomes_summary DROP COLUMN remission_rate;
ALTER TABLE ref_assessments
  DROP CONSTRAINT valid_remission_score,
  DROP CONSTRAINT valid_response_change;
ALTER TABLE ref_assessments
  DROP COLUMN remission_score,
  DROP COLUMN response_change_percent;
