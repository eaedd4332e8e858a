DROP FUNCTION public.supervision_network;
DROP VIEW supervision_network_nodes;
DROP VIEW supervision_network_edges;
