/** docs/clients.md shows the code that is tested here. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const read = (path) => readFile(new URL(path, import.meta.url), "utf8");

test("docs/clients.md shows each client as it is", async () => {
  const page = await read("../../docs/clients.md");
  const shown = [...page.matchAll(/\(\.\.\/tests\/clients\/(\w+\/client\.mjs)\):\n\n```js\n(.*?)```/gs)];
  assert.equal(shown.length, 3);
  for (const [, path, code] of shown) {
    assert.equal(code, await read(path), path);
  }
});
