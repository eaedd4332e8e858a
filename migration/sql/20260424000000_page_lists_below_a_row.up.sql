-- An index by a row's foreign key and the key of its own returns a page of a list below a row in the default order, wherever in the
-- table the rows are and however many others have; `praxis lint` requires it of every table (parent-key-index). The index of the
-- foreign key is made longer where it has no order of its own. Decision 52.

CREATE INDEX idx_events_protocol_key ON session_events(protocol_id, event_id);
COMMENT ON INDEX idx_events_protocol_key IS 'Protocol.events by key.';
CREATE INDEX idx_scores_protocol_key ON integration_scores(protocol_id, score_id);
COMMENT ON INDEX idx_scores_protocol_key IS 'Protocol.integrationScores and Protocol.scoreTrends by key.';
CREATE INDEX idx_responses_protocol_key ON assessment_responses(protocol_id, response_id);
COMMENT ON INDEX idx_responses_protocol_key IS 'Protocol.assessmentResponses and Protocol.scoreTrends by key.';
CREATE INDEX idx_homework_protocol_key ON integration_homework(protocol_id, homework_id);
COMMENT ON INDEX idx_homework_protocol_key IS 'Protocol.homework and Protocol.homeworkStatuses by key.';

DROP INDEX idx_user_sites_site;
CREATE INDEX idx_user_sites_site ON user_sites(site_id, id);
COMMENT ON INDEX idx_user_sites_site IS 'Site.memberships by key; deleting a site.';
DROP INDEX idx_circle_members_profile;
CREATE INDEX idx_circle_members_profile ON circle_members(profile_id, circle_id);
COMMENT ON INDEX idx_circle_members_profile IS 'PractitionerProfile.circleMemberships by key; who may update a circle.';
