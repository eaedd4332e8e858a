DROP VIEW homework_adherences;
DROP VIEW homework_statuses;
DROP FUNCTION complete_homework;
DROP FUNCTION assign_homework;
DROP TRIGGER keep_completion ON integration_homework;
DROP FUNCTION praxis.keep_completion;
ALTER TABLE integration_homework DROP CONSTRAINT valid_completion;
