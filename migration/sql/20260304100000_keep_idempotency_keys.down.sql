DROP FUNCTION praxis.forget_idempotency_keys;
DROP TABLE praxis.idempotency_keys;
