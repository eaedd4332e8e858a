-- A refusal of vital signs names the column of the first that was given.
CREATE OR REPLACE FUNCTION praxis.check_event() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
  has_dose CONSTANT boolean := NEW.dose_mg IS NOT NULL;
  vitals CONSTANT text[] := array_remove(ARRAY[
    CASE WHEN NEW.heart_rate IS NOT NULL THEN 'heart_rate' END,
    CASE WHEN NEW.systolic_mmhg IS NOT NULL THEN 'systolic_mmhg' END,
    CASE WHEN NEW.diastolic_mmhg IS NOT NULL THEN 'diastolic_mmhg' END,
    CASE WHEN NEW.oxygen_saturation IS NOT NULL THEN 'oxygen_saturation' END], NULL);
  has_vitals CONSTANT boolean := vitals <> '{}';
  is_logged_by_a_person CONSTANT boolean := auth.uid() IS NOT NULL;
  kind public.ref_event_types;
BEGIN
  -- Clocks of devices differ by a little.
  IF is_logged_by_a_person AND NEW.event_timestamp > now() + interval '5 minutes' THEN
    RAISE EXCEPTION 'An event cannot lie in the future.' USING
      ERRCODE = 'PR400', TABLE = TG_TABLE_NAME, COLUMN = 'event_timestamp', CONSTRAINT = 'event_in_the_future';
  END IF;
  IF NOT (has_dose OR has_vitals OR is_logged_by_a_person) THEN
    RETURN NEW;
  END IF;

  SELECT * INTO kind FROM public.ref_event_types WHERE event_type_id = NEW.event_type_id;
  IF has_dose AND kind.records_dose IS NOT TRUE THEN
    RAISE EXCEPTION '% records no dose.', coalesce(kind.event_name, 'An event without a type') USING
      ERRCODE = 'PR400', TABLE = TG_TABLE_NAME, COLUMN = 'dose_mg', CONSTRAINT = 'event_without_dose';
  ELSIF has_vitals AND kind.records_vitals IS NOT TRUE THEN
    RAISE EXCEPTION '% records no vital signs.', coalesce(kind.event_name, 'An event without a type') USING
      ERRCODE = 'PR400', TABLE = TG_TABLE_NAME, COLUMN = vitals[1], CONSTRAINT = 'event_without_vitals';
  ELSIF is_logged_by_a_person AND kind.records_dose AND NOT has_dose THEN
    RAISE EXCEPTION '% needs the dose in milligrams.', kind.event_name USING
      ERRCODE = 'PR400', TABLE = TG_TABLE_NAME, COLUMN = 'dose_mg', CONSTRAINT = 'event_needs_dose';
  ELSIF is_logged_by_a_person AND kind.records_vitals AND NOT has_vitals THEN
    RAISE EXCEPTION
      '% needs at least one of heart rate, blood pressure and oxygen saturation.', kind.event_name USING
      ERRCODE = 'PR400', TABLE = TG_TABLE_NAME, CONSTRAINT = 'event_needs_vitals';
  END IF;
  RETURN NEW;
END $$;
