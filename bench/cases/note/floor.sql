WITH written AS (
  INSERT INTO therapyflow.clinical_notes (session_id, note_type, content, ai_generated_summary)
  VALUES ($session::uuid, 'progress', '{"text": "Sleeps better."}', 'bench')
  RETURNING note_type, approved_by_therapist
)
SELECT json_build_object('createTherapyflowClinicalNote', json_build_object('clinicalNote', json_build_object(
  'noteType', upper(note_type),
  'approvedByTherapist', approved_by_therapist
)))
FROM written
