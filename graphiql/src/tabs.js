import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useEffect, useLayoutEffect, useRef } from "react";
import { exampleOf, keep, personaNamed } from "./examples.js";
import { isChoice, keptChoice, tokenOf } from "./identity.js";
import { endAll, endAllBut } from "./running.js";

/**
 * Each tab has somebody who asks: at first whom its example names, then whom the user chooses. An operation whose comment
 * names somebody is asked as that one. What is under way ends with the identity, and with the tab.
 *
 * Gives the identity as the bar above needs it, and fills `asker` with what the fetcher asks.
 */
export function useTabs(identity, asker) {
  const { hasPersonas, choice, token, choose, keepToken, settle } = identity;
  const { stop, updateActiveTabValues } = useGraphiQLActions();
  const { tab, variableEditor, responseEditor } = useGraphiQL(
    ({ tabs, activeTabIndex, variableEditor, responseEditor }) => ({
      tab: tabs[activeTabIndex],
      variableEditor,
      responseEditor,
    }),
  );
  const example = exampleOf(tab);
  /** By the tab's id: the example it was last seen with, and who asks. */
  const askers = useRef(new Map());
  /** On a later visit the tab that is open is asked as before. */
  const isReturn = useRef(keptChoice() !== null);

  // Names the tabs that are open before the first change of a tab.
  useLayoutEffect(() => updateActiveTabValues({}), [updateActiveTabValues]);

  const leaves = useRef(tab.id);
  useEffect(() => {
    if (leaves.current !== tab.id) {
      leaves.current = tab.id;
      stop();
      endAll();
    }
  }, [tab.id, stop]);

  useEffect(() => {
    const known = askers.current.get(tab.id);
    const isNewExample = example && known?.title !== example.title;
    const named = isNewExample && !isReturn.current && isChoice(example.persona) ? example.persona : null;
    const persona = named ?? known?.persona ?? choice;
    isReturn.current = false;
    askers.current.set(tab.id, { title: example?.title ?? known?.title, persona });
    if (persona !== choice) {
      choose(persona);
    }
    // A choice by the user, or by an operation, is none of the tab.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [tab.id, example?.title]);

  useEffect(() => endAllBut(token), [token]);

  function clear() {
    responseEditor?.setValue("");
    updateActiveTabValues({ response: "" });
  }

  asker.current = {
    ask(query, operation) {
      settle();
      if (!hasPersonas) {
        return token;
      }
      const named = personaNamed(query, operation);
      const persona = isChoice(named) ? named : (askers.current.get(tab.id)?.persona ?? choice);
      if (persona !== choice) {
        choose(persona);
        settle();
      }
      return tokenOf(persona);
    },
    answered({ data }) {
      const variables = data && variableEditor && keep(example?.keeps, variableEditor.getValue(), data);
      if (variables) {
        variableEditor.setValue(variables);
      }
    },
  };

  return {
    ...identity,
    choose(persona) {
      askers.current.set(tab.id, { title: example?.title, persona });
      choose(persona);
      clear();
    },
    keepToken(text) {
      keepToken(text);
      clear();
    },
  };
}
