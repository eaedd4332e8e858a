DELETE FROM therapyflow.sessions
WHERE therapist_id = 'be9c0002-0000-4000-8000-000000000000' AND scheduled_at >= '3000-01-01';
DELETE FROM therapyflow.audit_logs WHERE org_id = 'be9c0001-0000-4000-8000-000000000000';
DELETE FROM praxis.changes
