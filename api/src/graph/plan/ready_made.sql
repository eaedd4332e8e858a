-- The statements of the ready-made queries, without quotes and schema.

-- Timeline
SELECT count(*) FROM log_clinical_records t;
SELECT t.record_id, t.session_date, t.substance_id, t.record_id AS o0 FROM log_clinical_records t
  ORDER BY t.record_id LIMIT 21;
SELECT t.substance_id, t.substance_name, t.rxnorm_cui, t.substance_class, t.primary_mechanism, t.receptor_5ht2a_ki, t.receptor_5ht1a_ki, t.receptor_5ht2c_ki, t.receptor_d2_ki, t.receptor_sert_ki, t.receptor_nmda_ki, t.is_active, t.created_at FROM ref_substances t WHERE t.substance_id = ANY ($1::int8[]);
SELECT p.*
  FROM unnest($1::bigint[]) k(k0)
  CROSS JOIN LATERAL (SELECT t.protocol_id, t.event_timestamp, t.intensity_level, t.event_type_id FROM session_events t WHERE t.protocol_id = k.k0
  ORDER BY t.event_timestamp, t.event_id LIMIT 101) p;
SELECT t.event_type_id, t.event_name, t.color_code, t.icon_name, t.is_active, t.created_at FROM ref_event_types t WHERE t.event_type_id = ANY ($1::int8[]);

-- One protocol
SELECT t.record_id, t.site_id FROM log_clinical_records t WHERE t.record_id = ANY ($1::int8[]);
SELECT t.site_id, t.site_name FROM sites t WHERE t.site_id = ANY ($1::int8[]);
SELECT p.*
  FROM unnest($1::bigint[]) k(k0)
  CROSS JOIN LATERAL (SELECT t.protocol_id, t.event_id, t.notes, t.event_timestamp AS o0, t.event_id AS o1 FROM session_events t WHERE t.protocol_id = k.k0 AND (EXISTS (SELECT 1 FROM ref_event_types a1 WHERE a1.event_type_id = t.event_type_id AND ((a1.event_name = ANY ($2::text[])))))
  ORDER BY t.event_timestamp DESC, t.event_id DESC LIMIT 4) p;
SELECT p.*
  FROM unnest($1::bigint[]) k(k0)
  CROSS JOIN LATERAL (SELECT t.protocol_id, t.measured_at, t.score_value, t.days_post_dose FROM integration_scores t WHERE t.protocol_id = k.k0 AND ((t.scale_type = $2::text))
  ORDER BY t.measured_at, t.score_id LIMIT 101) p;
SELECT p.*
  FROM unnest($1::bigint[]) k(k0)
  CROSS JOIN LATERAL (SELECT t.protocol_id, t.due_date, t.is_completed, t.homework_type_id FROM integration_homework t WHERE t.protocol_id = k.k0
  ORDER BY t.due_date, t.homework_id LIMIT 101) p;
SELECT t.homework_type_id, t.homework_name, t.description, t.typical_duration_minutes, t.is_active, t.created_at FROM ref_homework_types t WHERE t.homework_type_id = ANY ($1::int8[]);

-- Directory
SELECT count(*) FROM practitioner_profiles t WHERE ((t.specialties && $1::text[]) AND (t.modalities @> $2::text[]) AND (t.hourly_rate <= $3::numeric) AND (t.is_accepting_supervision = $4::bool));
SELECT t.display_name, t.specialties, t.modalities, t.years_experience, t.hourly_rate FROM practitioner_profiles t WHERE ((t.specialties && $1::text[]) AND (t.modalities @> $2::text[]) AND (t.hourly_rate <= $3::numeric) AND (t.is_accepting_supervision = $4::bool))
  ORDER BY t.years_experience DESC NULLS LAST, t.profile_id DESC LIMIT 11;

-- Protocol builder
SELECT t.medication_id, t.medication_name, t.drug_class, t.rxnorm_cui, t.has_contraindication, t.contraindication_notes, t.is_active, t.created_at, t.updated_at FROM ref_medications t WHERE ((t.is_active = $1::bool))
  ORDER BY t.medication_name, t.medication_id LIMIT 101;
