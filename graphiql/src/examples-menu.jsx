import { ChevronDownIcon, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import * as Menu from "@radix-ui/react-dropdown-menu";
import { config } from "./config.js";
import { isExampleIn, summary } from "./examples.js";

function asks({ persona }) {
  const one = config.personas.find(({ email }) => email === persona);
  return one && [one.name, one.title].filter(Boolean).join(" · ");
}

/** Opens a ready-made tab again, or goes to it if it is still open and unchanged. */
export function ExamplesMenu() {
  const { addTab, changeTab } = useGraphiQLActions();
  const { tabs, queryEditor, variableEditor } = useGraphiQL(({ tabs, queryEditor, variableEditor }) => ({
    tabs,
    queryEditor,
    variableEditor,
  }));

  function open(example) {
    const index = tabs.findIndex((tab) => isExampleIn(tab, example));
    if (index >= 0) {
      changeTab(index);
      return;
    }
    addTab();
    queryEditor?.setValue(example.query);
    variableEditor?.setValue(example.variables);
  }

  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className="praxis-button" disabled={!queryEditor}>
        Examples
        <ChevronDownIcon className="praxis-chevron" aria-hidden="true" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className="graphiql-dropdown-content praxis-menu" align="end" sideOffset={6}>
          {config.tabs.map((example) => (
            <Menu.Item
              key={example.title}
              className="graphiql-dropdown-item praxis-item"
              textValue={example.title}
              onSelect={() => open(example)}
            >
              <span className="praxis-item-name">{example.title}</span>
              {summary(example) && <span className="praxis-item-text">{summary(example)}</span>}
              {asks(example) && <span className="praxis-item-text praxis-item-asks">Asks as {asks(example)}</span>}
            </Menu.Item>
          ))}
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}
