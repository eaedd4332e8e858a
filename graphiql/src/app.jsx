import { GraphiQL, GraphiQLInterface } from "graphiql";
import { GraphiQLProvider, useGraphiQLActions } from "@graphiql/react";
import { DOC_EXPLORER_PLUGIN, DocExplorerStore } from "@graphiql/plugin-doc-explorer";
import { HISTORY_PLUGIN, HistoryStore } from "@graphiql/plugin-history";
import { explorerPlugin } from "@graphiql/plugin-explorer";
import { useLayoutEffect, useMemo } from "react";
import { config } from "./config.js";
import { nameTabs } from "./examples.js";
import { createFetcher } from "./fetcher.js";
import { useIdentity } from "./identity.js";
import { TitleBar } from "./title-bar.jsx";

const plugins = [DOC_EXPLORER_PLUGIN, explorerPlugin({ showAttribution: false }), HISTORY_PLUGIN];
const defaultTabs = config.tabs.length > 0 ? config.tabs.map(({ query, variables }) => ({ query, variables })) : undefined;
const WELCOME = `# The book on the left opens the documentation.
# Ctrl-Space offers what may be written here.
{
  __typename
}
`;

/** Names the tabs that are open before the first change of a tab. */
function NameTabs() {
  const { updateActiveTabValues } = useGraphiQLActions();
  useLayoutEffect(() => updateActiveTabValues({}), [updateActiveTabValues]);
  return null;
}

export function App() {
  const identity = useIdentity();
  const { token, settle } = identity;
  const fetcher = useMemo(() => createFetcher(token, settle), [token, settle]);
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
          <NameTabs />
          <TitleBar identity={identity} />
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
