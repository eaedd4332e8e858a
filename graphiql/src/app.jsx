import { GraphiQL, GraphiQLInterface } from "graphiql";
import { GraphiQLProvider } from "@graphiql/react";
import { DOC_EXPLORER_PLUGIN, DocExplorerStore } from "@graphiql/plugin-doc-explorer";
import { HISTORY_PLUGIN, HistoryStore } from "@graphiql/plugin-history";
import { explorerPlugin } from "@graphiql/plugin-explorer";
import { useMemo, useRef } from "react";
import { config } from "./config.js";
import { nameTabs } from "./examples.js";
import { createFetcher } from "./fetcher.js";
import { useIdentity } from "./identity.js";
import { useTabs } from "./tabs.js";
import { TitleBar } from "./title-bar.jsx";

const plugins = [DOC_EXPLORER_PLUGIN, explorerPlugin({ showAttribution: false }), HISTORY_PLUGIN];
const defaultTabs = config.tabs.length > 0 ? config.tabs.map(({ query, variables }) => ({ query, variables })) : undefined;
const WELCOME = `# The book on the left opens the documentation.
# Ctrl-Space offers what may be written here.
{
  __typename
}
`;

/** What needs GraphiQL's state: the tabs, and the bar above them. */
function Bar({ identity, asker }) {
  return <TitleBar identity={useTabs(identity, asker)} />;
}

export function App() {
  const identity = useIdentity();
  const { token, refuse } = identity;
  // Who asks is for the tab to say, which only GraphiQL knows.
  const asker = useRef({ ask: () => null, answered: () => {} });
  const fetcher = useMemo(
    () =>
      createFetcher({
        token,
        refuse,
        ask: (query, operation) => asker.current.ask(query, operation),
        answered: (result) => asker.current.answered(result),
      }),
    [token, refuse],
  );
  return (
    <GraphiQLProvider
      fetcher={fetcher}
      plugins={plugins}
      referencePlugin={DOC_EXPLORER_PLUGIN}
      defaultTabs={defaultTabs}
      defaultQuery={WELCOME}
      onTabChange={nameTabs}
      inputValueDeprecation
      schemaDescription
    >
      <HistoryStore>
        <DocExplorerStore>
          <Bar identity={identity} asker={asker} />
          <main className="praxis-main">
            <GraphiQLInterface defaultEditorToolsVisibility="variables" showPersistHeadersSettings={false}>
              <GraphiQL.Logo>GraphiQL</GraphiQL.Logo>
            </GraphiQLInterface>
          </main>
        </DocExplorerStore>
      </HistoryStore>
    </GraphiQLProvider>
  );
}
