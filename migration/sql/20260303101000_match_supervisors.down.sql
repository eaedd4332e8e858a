DROP FUNCTION public.supervision_matches;
