-- The supervision network as a graph: practitioners, and what links them. Both views read with their caller's rights, so
-- an edge is what the policies show: one's own supervision, and the circles, which are open to whoever is signed in.

-- Relationships that are over are no edges. Two members of a circle have one edge for each circle that they share.
CREATE VIEW supervision_network_edges WITH (security_invoker = true) AS
SELECT
  'supervision'::text AS kind,
  relationship_id AS link_id,
  supervisor_id AS source_id,
  supervisee_id AS target_id,
  status,
  coalesce(started_at, created_at) AS since,
  NULL::bigint AS circle_id,
  (SELECT auth.uid()) AS viewer_id
FROM supervision_relationships
WHERE status IN ('pending', 'active') AND supervisor_id IS NOT NULL AND supervisee_id IS NOT NULL
UNION ALL
SELECT
  'circle'::text,
  one.circle_id,
  one.profile_id,
  other.profile_id,
  NULL,
  greatest(one.joined_at, other.joined_at),
  one.circle_id,
  (SELECT auth.uid())
FROM circle_members AS one
JOIN circle_members AS other ON other.circle_id = one.circle_id AND other.profile_id > one.profile_id;

CREATE VIEW supervision_network_nodes WITH (security_invoker = true) AS
SELECT
  profile.profile_id,
  profile.display_name,
  coalesce(profile.user_id = (SELECT auth.uid()), false) AS is_me,
  coalesce(link.degree, 0)::int AS degree,
  coalesce(link.supervisions, 0)::int AS supervision_count,
  coalesce(membership.circles, 0)::int AS circle_count,
  (SELECT auth.uid()) AS viewer_id
FROM practitioner_profiles AS profile
LEFT JOIN (
  SELECT edge_end.profile_id, count(*) AS degree, count(*) FILTER (WHERE edge.kind = 'supervision') AS supervisions
  FROM supervision_network_edges AS edge
  CROSS JOIN LATERAL (VALUES (edge.source_id), (edge.target_id)) AS edge_end (profile_id)
  GROUP BY edge_end.profile_id
) AS link ON link.profile_id = profile.profile_id
LEFT JOIN (
  SELECT profile_id, count(*) AS circles FROM circle_members GROUP BY profile_id
) AS membership ON membership.profile_id = profile.profile_id
WHERE link.degree > 0 OR membership.circles > 0 OR profile.user_id = (SELECT auth.uid());

REVOKE ALL ON supervision_network_edges, supervision_network_nodes FROM PUBLIC, anon, authenticated;
GRANT SELECT ON supervision_network_edges, supervision_network_nodes TO anon, authenticated;

-- Where the drawing starts: the caller, and how large it will be.
CREATE FUNCTION public.supervision_network() RETURNS TABLE (
  viewer_id uuid,
  profile_id bigint,
  node_count integer,
  edge_count integer
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT viewer.id,
    (SELECT profile.profile_id FROM public.practitioner_profiles AS profile WHERE profile.user_id = viewer.id),
    (SELECT count(*)::int FROM public.supervision_network_nodes),
    (SELECT count(*)::int FROM public.supervision_network_edges)
  FROM (SELECT auth.uid() AS id) AS viewer
  WHERE viewer.id IS NOT NULL;
END;

REVOKE ALL ON FUNCTION public.supervision_network FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.supervision_network TO anon, authenticated;
