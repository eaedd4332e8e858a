SELECT json_build_object('medications', json_build_object('nodes', (SELECT coalesce(json_agg(m), '[]') FROM (
  SELECT
    medication_name AS "medicationName",
    drug_class AS "drugClass",
    has_contraindication AS "hasContraindication",
    contraindication_notes AS "contraindicationNotes"
  FROM ref_medications
  WHERE is_active
  ORDER BY medication_name, medication_id
  LIMIT 100
) m)))
