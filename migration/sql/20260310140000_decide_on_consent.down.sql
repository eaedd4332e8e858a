DROP FUNCTION
  therapyflow.revoke_consent, therapyflow.deny_consent, therapyflow.grant_consent, therapyflow.decide_on_consent;
DROP TRIGGER check_consent ON therapyflow.consent_records;
DROP FUNCTION therapyflow.check_consent;
