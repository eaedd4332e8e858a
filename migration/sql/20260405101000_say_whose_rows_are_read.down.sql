DROP FUNCTION therapyflow.org_of_many_wearers;
DROP FUNCTION therapyflow.few_readable_wearers;
DROP FUNCTION praxis.auth_sites_or_network;
DROP FUNCTION praxis.auth_sites_or_all;
REVOKE USAGE ON SCHEMA praxis FROM anon, authenticated;
