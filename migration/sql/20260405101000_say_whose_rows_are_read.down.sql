DROP FUNCTION therapyflow.org_of_many_wearers;
DROP FUNCTION therapyflow.few_readable_wearers;
DROP FUNCTION public.auth_sites_or_network;
DROP FUNCTION public.auth_sites_or_all;
