DROP TRIGGER renew_days_post_dose ON log_clinical_records;
DROP FUNCTION praxis.renew_days_post_dose;
DROP TRIGGER keep_days_post_dose ON integration_scores;
DROP FUNCTION praxis.keep_days_post_dose;
