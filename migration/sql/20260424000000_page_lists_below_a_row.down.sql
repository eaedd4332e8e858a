DROP INDEX idx_events_protocol_key;
DROP INDEX idx_scores_protocol_key;
DROP INDEX idx_responses_protocol_key;
DROP INDEX idx_homework_protocol_key;

DROP INDEX idx_user_sites_site;
CREATE INDEX idx_user_sites_site ON user_sites(site_id);
COMMENT ON INDEX idx_user_sites_site IS 'Site.memberships; deleting a site.';
DROP INDEX idx_circle_members_profile;
CREATE INDEX idx_circle_members_profile ON circle_members(profile_id);
COMMENT ON INDEX idx_circle_members_profile IS 'Circles of a practitioner; who may update a circle.';
