-- An idempotency key belongs to everything that tells callers apart, not to `sub` alone: `owner` is the caller's `sub`, a
-- line break (no claim has one) and a digest of role, `sub` and claims. A user who is of two tenants has two sets of keys.
DROP POLICY idempotency_keys_own ON praxis.idempotency_keys;
CREATE POLICY idempotency_keys_own ON praxis.idempotency_keys TO praxis_gateway
  USING (starts_with(owner, (SELECT current_setting('request.jwt.claim.sub', true) || E'\n')))
  WITH CHECK (starts_with(owner, (SELECT current_setting('request.jwt.claim.sub', true) || E'\n')));

-- No answer is kept any more, but what it is made of again, under the rights that its caller has then.
COMMENT ON COLUMN praxis.idempotency_keys.answer IS 'Primary keys of the rows that each field of the request wrote.';
COMMENT ON COLUMN praxis.idempotency_keys.owner IS 'The caller''s sub, a line break, and a digest of role, sub and claims.';
