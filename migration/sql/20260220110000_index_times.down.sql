DROP INDEX idx_homework_due_date;
DROP INDEX idx_responses_completed_at;
DROP INDEX idx_scores_measured_at;
