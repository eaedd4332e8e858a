-- Requests that were sent with an idempotency key, and their answers: whoever sends one again gets the answer again, and
-- nothing is written twice. Only the gateway reads and writes them, before it becomes the caller's role; the policy keeps
-- it to the keys of the caller whose claims it has set.
CREATE TABLE praxis.idempotency_keys (
  owner TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint BYTEA NOT NULL,
  -- NULL only while the request is being carried out: no other transaction sees that.
  answer BYTEA,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (owner, key)
);
CREATE INDEX idx_idempotency_keys_created_at ON praxis.idempotency_keys(created_at);
COMMENT ON INDEX praxis.idx_idempotency_keys_created_at IS 'Keys that are old enough to be forgotten.';

ALTER TABLE praxis.idempotency_keys ENABLE ROW LEVEL SECURITY;
SELECT praxis.protect('praxis.idempotency_keys');
CREATE POLICY idempotency_keys_own ON praxis.idempotency_keys TO praxis_gateway
  USING (owner = (SELECT current_setting('request.jwt.claim.sub', true)))
  WITH CHECK (owner = (SELECT current_setting('request.jwt.claim.sub', true)));
GRANT SELECT, INSERT, UPDATE ON praxis.idempotency_keys TO praxis_gateway;

-- Forgets keys that are older than that, a thousand at a time; gives how many. Gateways that do it at the same time do not
-- wait for each other.
CREATE FUNCTION praxis.forget_idempotency_keys(older_than interval) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
  WITH old AS (
    SELECT owner, key FROM praxis.idempotency_keys WHERE created_at < now() - older_than
    ORDER BY created_at LIMIT 1000 FOR UPDATE SKIP LOCKED
  ), forgotten AS (
    DELETE FROM praxis.idempotency_keys AS known USING old WHERE known.owner = old.owner AND known.key = old.key
    RETURNING 1
  )
  SELECT count(*) FROM forgotten
$$;
REVOKE ALL ON FUNCTION praxis.forget_idempotency_keys FROM PUBLIC;
GRANT EXECUTE ON FUNCTION praxis.forget_idempotency_keys TO praxis_gateway;
