import { useCallback, useMemo, useState } from "react";
import { config } from "./config.js";
import { forThisVisit, lasting } from "./storage.js";

const PERSONA_KEY = "praxis:persona";
const TOKEN_KEY = "praxis:token";

/** The choice of asking without a token. Kept as a value of its own, so that no choice means the first persona. */
export const ANONYMOUS = "anonymous";

function firstChoice() {
  const kept = lasting.get(PERSONA_KEY);
  if (kept === ANONYMOUS || config.personas.some(({ email }) => email === kept)) {
    return kept;
  }
  return config.personas[0]?.email ?? ANONYMOUS;
}

/**
 * Who asks. Only the e-mail address of a persona is remembered; its token always comes from the page as just served.
 * Without personas there is one token, typed in by the user and forgotten with the browser tab. `isNew` from a choice
 * until the first query after it (`settle`): what the page shows is then still the answer to somebody else.
 */
export function useIdentity() {
  const [choice, setChoice] = useState(firstChoice);
  const [typedToken, setTypedToken] = useState(() => forThisVisit.get(TOKEN_KEY) ?? "");
  const [isNew, setNew] = useState(false);

  const choose = useCallback((email) => {
    lasting.set(PERSONA_KEY, email);
    setChoice(email);
    setNew(true);
  }, []);

  const settle = useCallback(() => setNew(false), []);

  const keepToken = useCallback((text) => {
    const token = text.trim().replace(/^bearer\s+/i, "");
    if (token) {
      forThisVisit.set(TOKEN_KEY, token);
    } else {
      forThisVisit.remove(TOKEN_KEY);
    }
    setTypedToken(token);
  }, []);

  return useMemo(() => {
    const hasPersonas = config.personas.length > 0;
    const persona = config.personas.find(({ email }) => email === choice) ?? null;
    const token = (hasPersonas ? persona?.token : typedToken) || null;
    return { hasPersonas, persona, choice, token, isNew, choose, keepToken, settle };
  }, [choice, typedToken, isNew, choose, keepToken, settle]);
}
