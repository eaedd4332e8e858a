DROP FUNCTION join_circle;
DROP FUNCTION cancel_supervision;
DROP FUNCTION complete_supervision;
DROP FUNCTION accept_supervision;
DROP FUNCTION request_supervision;
DROP TRIGGER check_capacity ON circle_members;
DROP TRIGGER check_transition ON supervision_relationships;
DROP TRIGGER check_request ON supervision_relationships;
DROP FUNCTION praxis.check_circle_capacity;
DROP FUNCTION praxis.check_transition;
DROP FUNCTION praxis.check_request;
ALTER TABLE supervision_circles
  DROP CONSTRAINT valid_meeting_frequency,
  DROP CONSTRAINT valid_max_members;
ALTER TABLE practitioner_profiles DROP CONSTRAINT valid_max_supervisees;
