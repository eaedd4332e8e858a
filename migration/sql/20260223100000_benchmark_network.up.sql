-- A site's outcomes beside those of the network, without another site's rows: `network_benchmarks` is made from
-- `outcomes_summary` by `praxis.refresh_benchmarks()`. Whoever asks cannot choose who is compared, and what is withheld
-- is not in the row, so that no filter, order or group can bring it to light. docs/decisions/0012-network-benchmark.md
-- tells against what that protects, and against what it does not.

-- A key of its own would be a number that counts up across the network, and its gaps would count other sites' rows.
CREATE TABLE network_benchmarks (
  site_id BIGINT REFERENCES sites(site_id) ON DELETE CASCADE,
  substance_id BIGINT REFERENCES ref_substances(substance_id) ON DELETE CASCADE,
  month DATE,
  total_protocols INT NOT NULL,

  response_rate NUMERIC(5,2),
  response_median NUMERIC(5,2),
  response_lower_quartile NUMERIC(5,2),
  response_upper_quartile NUMERIC(5,2),
  response_percentile NUMERIC(5,2),
  response_suppression TEXT CHECK (response_suppression IN ('month_not_over', 'too_few_sites', 'too_few_protocols')),

  remission_rate NUMERIC(5,2),
  remission_median NUMERIC(5,2),
  remission_lower_quartile NUMERIC(5,2),
  remission_upper_quartile NUMERIC(5,2),
  remission_percentile NUMERIC(5,2),
  remission_suppression TEXT CHECK (remission_suppression IN ('month_not_over', 'too_few_sites', 'too_few_protocols')),

  adverse_event_rate NUMERIC(5,2),
  adverse_event_median NUMERIC(5,2),
  adverse_event_lower_quartile NUMERIC(5,2),
  adverse_event_upper_quartile NUMERIC(5,2),
  adverse_event_percentile NUMERIC(5,2),
  adverse_event_suppression TEXT
    CHECK (adverse_event_suppression IN ('month_not_over', 'too_few_sites', 'too_few_protocols')),

  PRIMARY KEY (site_id, substance_id, month),
  CONSTRAINT response_withheld CHECK (response_suppression IS NULL OR num_nonnulls(
    response_median, response_lower_quartile, response_upper_quartile, response_percentile) = 0),
  CONSTRAINT remission_withheld CHECK (remission_suppression IS NULL OR num_nonnulls(
    remission_median, remission_lower_quartile, remission_upper_quartile, remission_percentile) = 0),
  CONSTRAINT adverse_event_withheld CHECK (adverse_event_suppression IS NULL OR num_nonnulls(
    adverse_event_median, adverse_event_lower_quartile, adverse_event_upper_quartile, adverse_event_percentile) = 0)
);
CREATE INDEX idx_benchmarks_substance_month ON network_benchmarks(substance_id, month);
COMMENT ON INDEX idx_benchmarks_substance_month IS 'Substance.benchmarks by month.';
SELECT praxis.protect('network_benchmarks');

-- Read: who reads the site's outcomes. Nobody writes.
CREATE POLICY network_benchmarks_read ON network_benchmarks
  FOR SELECT
  USING (site_id = ANY ((SELECT praxis.auth_sites())::bigint[]) OR (SELECT praxis.auth_is_network_admin()));
GRANT SELECT ON network_benchmarks TO anon, authenticated;

-- How many other sites a site is compared with at least, and how many protocols each of them has at least. One row.
CREATE TABLE praxis.benchmark_settings (
  is_only BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (is_only),
  minimum_cohort INT NOT NULL DEFAULT 5 CHECK (minimum_cohort >= 3)
);
SELECT praxis.protect('praxis.benchmark_settings');
INSERT INTO praxis.benchmark_settings DEFAULT VALUES;

-- Months whose outcomes have changed since the last refresh, or, where the month is empty, all of them. Rows are only
-- added and taken, as in `praxis.outcomes_changes` and for the same reason.
CREATE TABLE praxis.benchmark_changes (
  change_id BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  month DATE
);
SELECT praxis.protect('praxis.benchmark_changes');

-- Notes the months of changed outcomes.
CREATE FUNCTION praxis.note_changed_outcomes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO praxis.benchmark_changes (month) SELECT DISTINCT month FROM new_rows;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO praxis.benchmark_changes (month) SELECT month FROM old_rows UNION SELECT month FROM new_rows;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO praxis.benchmark_changes (month) SELECT DISTINCT month FROM old_rows;
  ELSE
    INSERT INTO praxis.benchmark_changes DEFAULT VALUES;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER note_inserted AFTER INSERT ON outcomes_summary
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION praxis.note_changed_outcomes();
CREATE TRIGGER note_updated AFTER UPDATE ON outcomes_summary
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.note_changed_outcomes();
CREATE TRIGGER note_deleted AFTER DELETE ON outcomes_summary
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION praxis.note_changed_outcomes();
CREATE TRIGGER note_truncated AFTER TRUNCATE ON outcomes_summary
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.note_changed_outcomes();

-- Sets the minimum; the next refresh counts everything again.
CREATE FUNCTION praxis.set_minimum_cohort(minimum int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF minimum IS NULL OR minimum < 3 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'the minimum cohort is 3 or more';
  END IF;
  UPDATE praxis.benchmark_settings SET minimum_cohort = minimum WHERE minimum_cohort <> minimum;
  IF FOUND THEN
    INSERT INTO praxis.benchmark_changes DEFAULT VALUES;
  END IF;
END $$;

-- The first day of the month that is not over yet, in UTC, as everywhere in the summaries.
CREATE FUNCTION praxis.this_month() RETURNS date LANGUAGE sql STABLE SET search_path = '' AS $$
  SELECT praxis.month_of((now() AT TIME ZONE 'UTC')::date)
$$;

-- The rows of some months, as the outcomes have them now.
--
-- A site contributes to the network's numbers of a rate if it has the rate and the minimum of protocols. Its rate enters
-- in steps of five points: nothing here depends on another site's rate any finer, so nothing finer can be found out,
-- however often somebody changes their own records and looks again. The numbers are the same in the rows of all sites;
-- were a site's own rate left out of them, a member of two sites could subtract one row from the other. A site sees them
-- where enough others contribute. Its percentile is the share of those others that are below it, ties counting half.
CREATE FUNCTION praxis.benchmarks_of(months date[]) RETURNS TABLE (
  site_id bigint,
  substance_id bigint,
  month date,
  total_protocols int,
  response_rate numeric,
  response_median numeric,
  response_lower_quartile numeric,
  response_upper_quartile numeric,
  response_percentile numeric,
  response_suppression text,
  remission_rate numeric,
  remission_median numeric,
  remission_lower_quartile numeric,
  remission_upper_quartile numeric,
  remission_percentile numeric,
  remission_suppression text,
  adverse_event_rate numeric,
  adverse_event_median numeric,
  adverse_event_lower_quartile numeric,
  adverse_event_upper_quartile numeric,
  adverse_event_percentile numeric,
  adverse_event_suppression text
)
LANGUAGE sql STABLE SET search_path = '' AS $$
  WITH setting AS (
    SELECT minimum_cohort AS minimum FROM praxis.benchmark_settings
  ), measure AS (
    SELECT cell.site_id, cell.substance_id, cell.month, cell.total_protocols, rate.name, rate.value,
      round(rate.value / 5) * 5 AS step,
      rate.value IS NOT NULL AND cell.total_protocols >= setting.minimum AS contributes
    FROM setting CROSS JOIN public.outcomes_summary AS cell
    CROSS JOIN LATERAL (VALUES
      ('response', cell.response_rate), ('remission', cell.remission_rate), ('adverse event', cell.adverse_event_rate)
    ) AS rate(name, value)
    WHERE cell.month = ANY (months) AND cell.site_id IS NOT NULL AND cell.substance_id IS NOT NULL
  ), network AS (
    SELECT measure.substance_id, measure.month, measure.name,
      count(measure.step) AS sites,
      count(*) FILTER (WHERE measure.contributes) AS contributors,
      percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY measure.step)
        FILTER (WHERE measure.contributes) AS quartiles
    FROM measure GROUP BY measure.substance_id, measure.month, measure.name
  ), placed AS (
    SELECT measure.*,
      count(*) FILTER (WHERE measure.contributes) OVER (
        PARTITION BY measure.substance_id, measure.month, measure.name ORDER BY measure.step
        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP) AS below,
      count(*) FILTER (WHERE measure.contributes) OVER (
        PARTITION BY measure.substance_id, measure.month, measure.name ORDER BY measure.step
        RANGE BETWEEN CURRENT ROW AND CURRENT ROW EXCLUDE CURRENT ROW) AS equal
    FROM measure
  ), judged AS (
    SELECT placed.*, network.quartiles::numeric[] AS quartiles,
      CASE WHEN placed.step IS NOT NULL THEN
        100 * (placed.below + placed.equal / 2.0) / nullif(network.contributors - placed.contributes::int, 0)
      END AS percentile,
      CASE
        WHEN placed.month >= praxis.this_month() THEN 'month_not_over'
        WHEN network.sites - (placed.step IS NOT NULL)::int < setting.minimum THEN 'too_few_sites'
        WHEN network.contributors - placed.contributes::int < setting.minimum THEN 'too_few_protocols'
      END AS suppression
    FROM setting CROSS JOIN placed JOIN network ON network.substance_id = placed.substance_id
      AND network.month = placed.month AND network.name = placed.name
  ), shown AS (
    SELECT judged.site_id, judged.substance_id, judged.month, judged.total_protocols, judged.name, judged.value,
      judged.suppression,
      CASE WHEN judged.suppression IS NULL THEN judged.quartiles[1] END AS lower_quartile,
      CASE WHEN judged.suppression IS NULL THEN judged.quartiles[2] END AS median,
      CASE WHEN judged.suppression IS NULL THEN judged.quartiles[3] END AS upper_quartile,
      CASE WHEN judged.suppression IS NULL THEN round(judged.percentile, 2) END AS percentile
    FROM judged
  )
  SELECT shown.site_id, shown.substance_id, shown.month, shown.total_protocols,
    max(shown.value) FILTER (WHERE shown.name = 'response'),
    max(shown.median) FILTER (WHERE shown.name = 'response'),
    max(shown.lower_quartile) FILTER (WHERE shown.name = 'response'),
    max(shown.upper_quartile) FILTER (WHERE shown.name = 'response'),
    max(shown.percentile) FILTER (WHERE shown.name = 'response'),
    max(shown.suppression) FILTER (WHERE shown.name = 'response'),
    max(shown.value) FILTER (WHERE shown.name = 'remission'),
    max(shown.median) FILTER (WHERE shown.name = 'remission'),
    max(shown.lower_quartile) FILTER (WHERE shown.name = 'remission'),
    max(shown.upper_quartile) FILTER (WHERE shown.name = 'remission'),
    max(shown.percentile) FILTER (WHERE shown.name = 'remission'),
    max(shown.suppression) FILTER (WHERE shown.name = 'remission'),
    max(shown.value) FILTER (WHERE shown.name = 'adverse event'),
    max(shown.median) FILTER (WHERE shown.name = 'adverse event'),
    max(shown.lower_quartile) FILTER (WHERE shown.name = 'adverse event'),
    max(shown.upper_quartile) FILTER (WHERE shown.name = 'adverse event'),
    max(shown.percentile) FILTER (WHERE shown.name = 'adverse event'),
    max(shown.suppression) FILTER (WHERE shown.name = 'adverse event')
  FROM shown GROUP BY shown.site_id, shown.substance_id, shown.month, shown.total_protocols
$$;

-- What every refresh begins with. All share the lock of `praxis.refresh_outcomes`: one at a time, whichever it is.
CREATE FUNCTION praxis.begin_refresh() RETURNS void LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  -- A snapshot from before the lock would miss what the refresh before this one saw.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE feature_not_supported USING MESSAGE = 'summaries are refreshed in a transaction that is READ COMMITTED';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('praxis.refresh_outcomes'));
END $$;

-- Brings `network_benchmarks` up to date: months whose outcomes have changed, months that are over since the last time,
-- and everything if the minimum is another. Answers how many rows it wrote and removed; rows that are right already are
-- not touched. It runs with its owner's rights, because it sees every site. Who else may call it, an operator grants.
CREATE FUNCTION praxis.refresh_benchmarks(OUT cells_written bigint, OUT cells_removed bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  everything boolean;
  changed_months date[];
  months date[];
BEGIN
  PERFORM praxis.begin_refresh();
  WITH taken AS (DELETE FROM praxis.benchmark_changes RETURNING month)
  SELECT coalesce(bool_or(taken.month IS NULL), false), array_agg(DISTINCT taken.month)
  INTO everything, changed_months FROM taken;

  SELECT array_agg(scope.month) INTO months
  FROM (
    SELECT unnest(changed_months) AS month
    UNION SELECT cell.month FROM public.outcomes_summary AS cell WHERE everything
    UNION SELECT benchmark.month FROM public.network_benchmarks AS benchmark
    WHERE everything OR benchmark.response_suppression = 'month_not_over' AND benchmark.month < praxis.this_month()
  ) AS scope;

  WITH fresh AS MATERIALIZED (
    SELECT * FROM praxis.benchmarks_of(months)
  ), written AS (
    INSERT INTO public.network_benchmarks AS old
    SELECT fresh.* FROM fresh LEFT JOIN public.network_benchmarks AS there ON there.site_id = fresh.site_id
      AND there.substance_id = fresh.substance_id AND there.month = fresh.month
    WHERE there IS DISTINCT FROM fresh
    ON CONFLICT (site_id, substance_id, month) DO UPDATE SET
      total_protocols = excluded.total_protocols,
      response_rate = excluded.response_rate,
      response_median = excluded.response_median,
      response_lower_quartile = excluded.response_lower_quartile,
      response_upper_quartile = excluded.response_upper_quartile,
      response_percentile = excluded.response_percentile,
      response_suppression = excluded.response_suppression,
      remission_rate = excluded.remission_rate,
      remission_median = excluded.remission_median,
      remission_lower_quartile = excluded.remission_lower_quartile,
      remission_upper_quartile = excluded.remission_upper_quartile,
      remission_percentile = excluded.remission_percentile,
      remission_suppression = excluded.remission_suppression,
      adverse_event_rate = excluded.adverse_event_rate,
      adverse_event_median = excluded.adverse_event_median,
      adverse_event_lower_quartile = excluded.adverse_event_lower_quartile,
      adverse_event_upper_quartile = excluded.adverse_event_upper_quartile,
      adverse_event_percentile = excluded.adverse_event_percentile,
      adverse_event_suppression = excluded.adverse_event_suppression
    RETURNING 1
  ), removed AS (
    DELETE FROM public.network_benchmarks AS old
    WHERE old.month = ANY (months) AND NOT EXISTS (
      SELECT FROM fresh WHERE fresh.site_id = old.site_id AND fresh.substance_id = old.substance_id
        AND fresh.month = old.month)
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM removed) INTO cells_written, cells_removed;
END $$;

REVOKE ALL ON FUNCTION
  praxis.note_changed_outcomes,
  praxis.set_minimum_cohort,
  praxis.this_month,
  praxis.benchmarks_of,
  praxis.begin_refresh,
  praxis.refresh_benchmarks
FROM PUBLIC, anon, authenticated;

-- The first refresh computes everything.
INSERT INTO praxis.benchmark_changes DEFAULT VALUES;
