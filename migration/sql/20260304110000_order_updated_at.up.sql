-- Whoever changes a row can demand that nobody else has changed it since it was read: that compares `updated_at`, which
-- therefore has to grow with every change. The time at which a transaction began does not: one that began earlier may
-- change the row later.
CREATE OR REPLACE FUNCTION praxis.keep_updated_at() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at + interval '1 microsecond');
  RETURN NEW;
END $$;
