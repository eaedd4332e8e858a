DELETE FROM session_events WHERE notes = 'bench' AND event_timestamp > now() - interval '1 day';
DELETE FROM praxis.activity_changes WHERE month >= (now() - interval '32 days')::date;
DELETE FROM praxis.changes
