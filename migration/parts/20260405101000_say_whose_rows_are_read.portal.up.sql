-- Whose rows a caller reads, for the gateway, which asks for those of each site apart and merges them. The policies go on
-- deciding about every row; these functions only say where to look, and nothing that the caller cannot learn from the rows.
-- They are called by name in the caller's own statements, and so stand where clients may look. Decision 27.

-- The caller's sites; NULL alone if these are all sites there are: then the table is read in order as it is.
CREATE FUNCTION public.auth_sites_or_all() RETURNS bigint[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  own CONSTANT bigint[] := praxis.auth_sites();
BEGIN
  IF cardinality(own) > 1 AND cardinality(own) >= (SELECT count(*) FROM public.sites) THEN
    RETURN '{NULL}';
  END IF;
  RETURN own;
END $$;

-- The caller's sites; NULL alone for whoever runs the network, who reads the summaries of all.
CREATE FUNCTION public.auth_sites_or_network() RETURNS bigint[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF praxis.auth_is_network_admin() THEN
    RETURN '{NULL}';
  END IF;
  RETURN praxis.auth_sites();
END $$;

REVOKE ALL ON FUNCTION public.auth_sites_or_all, public.auth_sites_or_network FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.auth_sites_or_all, public.auth_sites_or_network TO anon, authenticated;
