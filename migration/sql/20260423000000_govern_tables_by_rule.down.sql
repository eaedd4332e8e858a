DROP FUNCTION praxis.govern;
