-- The tables' triggers go with their functions.
DROP FUNCTION
  therapyflow.refuse_truncate, therapyflow.keep_audit_log, therapyflow.audit, therapyflow.audit_changes CASCADE;
