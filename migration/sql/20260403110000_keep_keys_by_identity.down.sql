COMMENT ON COLUMN praxis.idempotency_keys.owner IS NULL;
COMMENT ON COLUMN praxis.idempotency_keys.answer IS NULL;
DROP POLICY idempotency_keys_own ON praxis.idempotency_keys;
CREATE POLICY idempotency_keys_own ON praxis.idempotency_keys TO praxis_gateway
  USING (owner = (SELECT current_setting('request.jwt.claim.sub', true)))
  WITH CHECK (owner = (SELECT current_setting('request.jwt.claim.sub', true)));
