import { parse } from "graphql";
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

/** The example that a tab holds, changed or not. */
export function exampleOf(tab) {
  return (
    config.tabs.find(({ query }) => sameText(query, tab.query)) ??
    byOperation.get(operationName(tab.query)) ??
    byOperation.get(tab.operationName) ??
    null
  );
}

/** The operation of a document by its name, or the only one; null if there is none. */
export function operationIn(query, name) {
  try {
    const operations = parse(query).definitions.filter(({ kind }) => kind === "OperationDefinition");
    return operations.find((one) => one.name?.value === name) ?? (operations.length === 1 ? operations[0] : null);
  } catch {
    return null;
  }
}

/** The address that the comment above an operation names: `# As somebody@praxis.example: …`. */
export function personaNamed(query, operation) {
  const before = query.slice(0, operation?.loc.start ?? 0);
  const comment = /(?:^|\n)((?:[ \t]*#.*\n)+)\s*$/.exec(before)?.[1] ?? "";
  return /^\s*#\s*As ([^\s:,]+@[^\s:,]+)/m.exec(comment)?.[1] ?? null;
}

/** The variables with what an answer gives to them, or null if that is nothing. `keeps`: where it stands, by variable. */
export function keep(keeps, variables, data) {
  const found = Object.entries(keeps ?? {}).flatMap(([name, path]) => {
    const value = path.split(".").reduce((at, step) => at?.[step], data);
    return value === undefined || value === null ? [] : [[name, value]];
  });
  if (found.length === 0) {
    return null;
  }
  try {
    return JSON.stringify({ ...JSON.parse(variables.trim() || "{}"), ...Object.fromEntries(found) }, null, 2);
  } catch {
    // Variables that are being written are the user's.
    return null;
  }
}

/**
 * GraphiQL names a tab after its operation, which cannot hold a space. A tab that holds an example, changed or not,
 * gets the example's title instead.
 */
export function nameTabs({ tabs }) {
  for (const tab of tabs) {
    const example = exampleOf(tab);
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
