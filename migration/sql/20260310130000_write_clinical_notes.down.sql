DROP FUNCTION therapyflow.approve_note;
DROP TRIGGER keep_approved_note ON therapyflow.clinical_notes;
DROP TRIGGER kept_check_note ON therapyflow.clinical_notes;
DROP FUNCTION therapyflow.keep_approved_note, therapyflow.check_note;
