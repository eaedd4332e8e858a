-- What the portal's schema brief means by the columns of `outcomes_summary`, as checks: rates in percent, and the month
-- by its first day.
ALTER TABLE outcomes_summary
  ADD CONSTRAINT valid_response_rate CHECK (response_rate BETWEEN 0 AND 100),
  ADD CONSTRAINT valid_adverse_event_rate CHECK (adverse_event_rate BETWEEN 0 AND 100),
  ADD CONSTRAINT valid_month CHECK (extract(day FROM month) = 1),
  ADD CONSTRAINT valid_total_protocols CHECK (total_protocols >= 0);
