-- Every time that a list is filtered or ordered by has an index, behind the organization that policies compare.
CREATE INDEX idx_sessions_org_started ON therapyflow.sessions(org_id, started_at);
COMMENT ON INDEX therapyflow.idx_sessions_org_started IS
  'TherapyflowQuery.sessions of the organization in a span of startedAt, and in its order.';
CREATE INDEX idx_clinical_notes_org_approved ON therapyflow.clinical_notes(org_id, approved_at);
COMMENT ON INDEX therapyflow.idx_clinical_notes_org_approved IS
  'TherapyflowQuery.clinicalNotes of the organization in a span of approvedAt, and in its order.';
CREATE INDEX idx_consent_records_org_granted ON therapyflow.consent_records(org_id, granted_at);
COMMENT ON INDEX therapyflow.idx_consent_records_org_granted IS
  'TherapyflowQuery.consentRecords of the organization in a span of grantedAt, and in its order.';
CREATE INDEX idx_consent_records_org_revoked ON therapyflow.consent_records(org_id, revoked_at);
COMMENT ON INDEX therapyflow.idx_consent_records_org_revoked IS
  'TherapyflowQuery.consentRecords of the organization in a span of revokedAt, and in its order.';
CREATE INDEX idx_wearable_data_org_synced ON therapyflow.wearable_data(org_id, synced_at);
COMMENT ON INDEX therapyflow.idx_wearable_data_org_synced IS
  'TherapyflowQuery.wearableSamples of the organization in a span of syncedAt, and in its order.';
