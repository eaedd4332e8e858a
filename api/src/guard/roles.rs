//! Checks the roles, with the same common table expressions as the [others](super::checks).

/// The query for excessive rights of the login role and of callers' roles. If there are any, other findings may be their consequences,
/// whose remedies would do harm.
pub(super) const ROLES: &str = "
WITH login AS (
  SELECT oid, rolname, rolsuper,
    -- True if the role was created for a gateway.
    oid <> 10 AND NOT EXISTS (SELECT FROM owner WHERE owner.oid = pg_roles.oid)
      AND EXISTS (SELECT FROM pg_catalog.pg_auth_members JOIN clients ON clients.oid = roleid WHERE member = pg_roles.oid) AS is_gateway
  FROM pg_catalog.pg_roles WHERE rolname = session_user
), edges AS (
  SELECT roleid, member FROM pg_catalog.pg_auth_members, login
  WHERE member = login.oid OR NOT rolsuper AND pg_has_role(login.oid, member, 'MEMBER')
), powers AS (
  SELECT r.oid, r.rolname, r.oid = login.oid AS is_login, is_gateway, owned,
    r.oid = login.oid AND is_gateway OR EXISTS (SELECT FROM clients WHERE clients.oid = r.oid) AS is_kept,
    CASE WHEN r.rolsuper THEN 'is a superuser' WHEN rolbypassrls THEN 'has BYPASSRLS'
      ELSE 'owns the table ' || owned[1] END AS power
  FROM login JOIN pg_catalog.pg_roles AS r ON r.oid = login.oid OR NOT login.rolsuper AND pg_has_role(login.oid, r.oid, 'MEMBER'),
    LATERAL (SELECT array_agg(object ORDER BY object) AS owned FROM served WHERE relowner = r.oid) AS o
)
SELECT format('the role %I', login.rolname),
  CASE WHEN is_login THEN format('it %s, so row-level security would not apply to it', power)
    ELSE format('it can become %I, which %s, so row-level security would not apply to it', powers.rolname, power) END,
  CASE WHEN is_kept AND power NOT LIKE 'owns %' THEN format('ALTER ROLE %I NOSUPERUSER NOBYPASSRLS;', powers.rolname)
    WHEN is_kept THEN (SELECT string_agg(format('ALTER TABLE %s OWNER TO %s;', mine, owner.oid::regrole), ' ') FROM owner, unnest(owned) AS mine)
    WHEN NOT is_login
      THEN (SELECT string_agg(format('REVOKE %I FROM %s;', powers.rolname, member::regrole), ' ') FROM edges WHERE roleid = powers.oid)
    WHEN to_regrole('praxis_gateway') IS NULL OR to_regrole('praxis_gateway') = login.oid
      THEN '-- log in as a role made for the gateway: CREATE ROLE gateway LOGIN NOINHERIT; GRANT anon, authenticated TO gateway;'
    ELSE '-- log in as praxis_gateway, which the migrations have made for it; see --database-url' END,
  true
FROM powers, login WHERE power IS NOT NULL
UNION ALL
SELECT format('the role %I', login.rolname), format('it cannot act as %s', role), format('GRANT %I TO %I;', role, login.rolname), true
FROM login, said, jsonb_array_elements_text(it -> 'roles') AS role
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = role AND pg_has_role(login.oid, r.oid, 'MEMBER'))
UNION ALL
SELECT format('the role %I', client), format('it is a member of %I', r.rolname), format('REVOKE %I FROM %s;', r.rolname, member::regrole),
  true
FROM edges JOIN clients ON clients.oid = member JOIN pg_catalog.pg_roles AS r ON r.oid = roleid, login
WHERE r.rolname ~ '^pg_' OR r.oid = login.oid OR EXISTS (SELECT FROM clients WHERE clients.oid = roleid)";
