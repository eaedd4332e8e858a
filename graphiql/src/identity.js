import { useCallback, useMemo, useState } from "react";
import { config } from "./config.js";
import { forThisVisit, lasting } from "./storage.js";

const PERSONA_KEY = "praxis:persona";
const TOKEN_KEY = "praxis:token";

/** The choice of asking without a token. Kept as a value of its own, so that no choice means the first example's persona. */
export const ANONYMOUS = "anonymous";

export const isChoice = (email) => email === ANONYMOUS || config.personas.some((persona) => persona.email === email);

/** The choice of an earlier visit, if it is still one. */
export function keptChoice() {
  const kept = lasting.get(PERSONA_KEY);
  return isChoice(kept) ? kept : null;
}

function firstChoice() {
  const named = config.tabs[0]?.persona;
  return keptChoice() ?? (isChoice(named) ? named : (config.personas[0]?.email ?? ANONYMOUS));
}

export const tokenOf = (email) => config.personas.find((persona) => persona.email === email)?.token ?? null;

/**
 * Who asks. Only the e-mail address of a persona is remembered; its token always comes from the page as just served.
 * Without personas there is one token, typed in by the user and forgotten with the browser tab. `isNew` from a choice
 * until the first query after it (`settle`). `refused`: why the server refuses the token, if it does.
 */
export function useIdentity() {
  const [choice, setChoice] = useState(firstChoice);
  const [typedToken, setTypedToken] = useState(() => forThisVisit.get(TOKEN_KEY) ?? "");
  const [isNew, setNew] = useState(false);
  const [refusal, setRefusal] = useState(null);

  const choose = useCallback((email) => {
    lasting.set(PERSONA_KEY, email);
    setChoice(email);
    setNew(true);
  }, []);

  const settle = useCallback(() => setNew(false), []);
  const refuse = useCallback((token, words) => setRefusal({ token, words }), []);

  const keepToken = useCallback((text) => {
    const token = text.trim().replace(/^bearer\s+/i, "");
    if (token) {
      forThisVisit.set(TOKEN_KEY, token);
    } else {
      forThisVisit.remove(TOKEN_KEY);
    }
    setTypedToken(token);
    setRefusal(null);
  }, []);

  return useMemo(() => {
    const hasPersonas = config.personas.length > 0;
    const persona = config.personas.find(({ email }) => email === choice) ?? null;
    const token = (hasPersonas ? persona?.token : typedToken) || null;
    const refused = token && refusal?.token === token ? refusal.words : null;
    return { hasPersonas, persona, choice, token, isNew, refused, choose, keepToken, settle, refuse };
  }, [choice, typedToken, isNew, refusal, choose, keepToken, settle, refuse]);
}
