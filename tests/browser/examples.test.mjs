/** Every example names who asks, selects that one, and shows rows: all of them, on a desktop and on a phone. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { authorization, open } from "./page.mjs";

const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

/** Whether an answer shows something: a value, and no list that is asked for is empty. */
function showsRows(data) {
  if (data === null || Array.isArray(data)) {
    return (data ?? []).some(showsRows);
  }
  if (typeof data === "object") {
    const rows = data.nodes ?? data.edges;
    return rows ? showsRows(rows) : Object.values(data).some(showsRows);
  }
  return true;
}

/** The operations of a document, with the address that the comment above each names. */
function operationsOf({ query, persona }) {
  const found = [...query.matchAll(/((?:^#.*\n)*)^(query|mutation|subscription) (\w+)/gm)];
  return found.map(([, comment, kind, name]) => ({
    kind,
    name,
    asks: /^# As ([^\s:,]+@[^\s:,]+)/m.exec(comment)?.[1] ?? persona,
  }));
}

for (const [size, viewport] of Object.entries(SIZES)) {
  describe(`Every example, on a ${size}`, { timeout: 300_000 }, () => {
    let graphiql;
    before(async () => {
      graphiql = await open({ viewport });
    });
    after(() => graphiql?.close());

    test("names who asks, selects that one, and shows rows", async () => {
      const { page, config, item, run, openExample } = graphiql;
      assert.ok(config.tabs.length > 20);
      for (const example of config.tabs) {
        const persona = config.personas.find(({ email }) => email === example.persona);
        await page.getByRole("button", { name: "Examples" }).click();
        assert.match(await item(example).textContent(), new RegExp(`Asks as ${persona.name}`), example.title);
        await page.keyboard.press("Escape");
        await openExample(example);
        await page.locator(`.praxis-persona-button[data-persona="${example.persona}"]`).waitFor();

        const operations = operationsOf(example);
        for (const { kind, name, asks } of operations.filter(({ kind }) => kind !== "subscription")) {
          const { response, text } = await run(operations.length > 1 ? name : undefined);
          const what = `${example.title}: ${kind} ${name} as ${asks}`;
          const { token } = config.personas.find(({ email }) => email === asks);
          assert.equal(await authorization(response), `Bearer ${token}`, what);
          const { data, errors } = JSON.parse(text);
          assert.equal(errors, undefined, `${what}: ${text}`);
          for (const [field, value] of Object.entries(data)) {
            assert.ok(showsRows(value), `${what} shows nothing of ${field}: ${text}`);
          }
        }
      }
      if (process.env.PRAXIS_EXAMPLE_SCREENSHOTS) {
        await page.screenshot({ path: `${process.env.PRAXIS_EXAMPLE_SCREENSHOTS}/last-${size}.png` });
        await page.getByRole("button", { name: "Examples" }).click();
        await page.screenshot({ path: `${process.env.PRAXIS_EXAMPLE_SCREENSHOTS}/menu-${size}.png` });
      }
    });

    test("leaves nothing failed behind", () => {
      assert.deepEqual(graphiql.found, { elsewhere: [], violations: [], failures: [] });
    });
  });
}
