DROP VIEW session_notes;
DROP FUNCTION praxis.session_note_text;
DROP VIEW session_note_silences;
DROP VIEW session_note_counts;
DROP VIEW session_note_phases;
