DROP FUNCTION public.auth_sites_or_network;
DROP FUNCTION public.auth_sites_or_all;
