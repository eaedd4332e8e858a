DELETE FROM supervision_relationships
WHERE supervisee_id = (SELECT profile_id FROM practitioner_profiles WHERE display_name = 'Supervisee of the bench');
DELETE FROM praxis.changes
