DELETE FROM integration_homework WHERE due_date = '2999-01-01';
DELETE FROM praxis.changes
