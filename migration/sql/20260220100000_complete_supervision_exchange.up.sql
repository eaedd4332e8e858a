-- What the portal's schema brief leaves open of the supervision exchange.

-- A directory needs names. The limit of a bio is a comment in the brief.
ALTER TABLE practitioner_profiles ADD COLUMN display_name TEXT;
ALTER TABLE practitioner_profiles ADD CONSTRAINT valid_bio CHECK (char_length(bio) <= 500);

CREATE INDEX idx_profiles_display_name ON practitioner_profiles(display_name, profile_id);
COMMENT ON INDEX idx_profiles_display_name IS 'The directory in order of names.';
CREATE INDEX idx_profiles_hourly_rate ON practitioner_profiles(hourly_rate, profile_id);
COMMENT ON INDEX idx_profiles_hourly_rate IS 'The directory up to a rate, cheapest first.';

-- Without this no relationship could ever become active: either participant moves it on. Who they are cannot change.
CREATE POLICY relationships_update ON supervision_relationships
  FOR UPDATE
  USING (
    supervisor_id = (SELECT profile_id FROM practitioner_profiles WHERE user_id = (SELECT auth.uid()))
    OR supervisee_id = (SELECT profile_id FROM practitioner_profiles WHERE user_id = (SELECT auth.uid()))
  );
GRANT UPDATE (status, started_at, ended_at) ON supervision_relationships TO authenticated;

-- Without this nobody could make a circle. Who makes one joins it like everyone else.
CREATE POLICY circles_insert ON supervision_circles
  FOR INSERT
  WITH CHECK ((SELECT auth.role()) = 'authenticated');

-- "Members can update", says the brief's comment.
CREATE POLICY circles_update ON supervision_circles
  FOR UPDATE
  USING (
    circle_id = ANY (ARRAY(
      SELECT membership.circle_id FROM circle_members AS membership
      WHERE membership.profile_id = (SELECT profile_id FROM practitioner_profiles WHERE user_id = (SELECT auth.uid()))
    ))
  );
GRANT INSERT, UPDATE ON supervision_circles TO authenticated;

-- Who joined may leave.
CREATE POLICY circle_members_delete ON circle_members
  FOR DELETE
  USING (profile_id = (SELECT profile_id FROM practitioner_profiles WHERE user_id = (SELECT auth.uid())));
GRANT DELETE ON circle_members TO authenticated;
