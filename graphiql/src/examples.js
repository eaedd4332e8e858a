import { config } from "./config.js";
import { lasting } from "./storage.js";

const OPERATION_NAME = /^(?!#).*\b(?:query|subscription|mutation)\s+(\w+)/m;
const operationName = (query) => OPERATION_NAME.exec(query ?? "")?.[1] ?? null;

const sameText = (one, other) => (one ?? "").trim() === (other ?? "").trim();

const byOperation = new Map();
for (const example of config.tabs) {
  const name = operationName(example.query);
  if (name) {
    byOperation.set(name, byOperation.has(name) ? null : example);
  }
}

/** The sentence under an example's title in the menu: its own, or the first comment of its query. */
export function summary(example) {
  return example.description ?? /^\s*#\s*(.+)$/m.exec(example.query)?.[1] ?? "";
}

export function isExampleIn(tab, example) {
  return sameText(tab.query, example.query) && sameText(tab.variables, example.variables);
}

/**
 * GraphiQL names a tab after its operation, which cannot hold a space. A tab that holds an example, changed or not,
 * gets the example's title instead.
 */
export function nameTabs({ tabs }) {
  for (const tab of tabs) {
    const example =
      config.tabs.find(({ query }) => sameText(query, tab.query)) ??
      byOperation.get(tab.operationName ?? operationName(tab.query));
    if (example) {
      tab.title = example.title;
    }
  }
}

/**
 * On a first visit GraphiQL opens the default tabs but leaves the variables of the first one out; it does read them
 * from its storage.
 */
export function prepareFirstVisit() {
  if (config.tabs.length === 0 || lasting.get("graphiql:tabState")) {
    return;
  }
  const [first] = config.tabs;
  lasting.set("graphiql:query", first.query);
  if (first.variables) {
    lasting.set("graphiql:variables", first.variables);
  }
}
