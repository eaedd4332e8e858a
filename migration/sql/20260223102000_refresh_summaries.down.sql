DROP FUNCTION praxis.refresh;
