/**
 * Opens the GraphiQL page of a running gateway, and works with it.
 *
 *   PRAXIS_SCREENSHOT         where to put a picture of the page (optional)
 *   PRAXIS_WATCH_SCREENSHOT   and one of a subscription (optional)
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ANONYMOUS, CLINICIAN, authorization, open } from "./page.mjs";

const TABS = ["Timeline", "One protocol", "Directory", "Protocol builder"];

describe("GraphiQL", { timeout: 120_000 }, () => {
  let graphiql;
  before(async () => {
    graphiql = await open();
  });
  after(() => graphiql?.close());

  test("comes with a policy that allows scripts of the gateway only", async () => {
    const { document } = graphiql;
    assert.equal(document.status(), 200);
    assert.match(document.headers()["content-type"], /^text\/html/);
    const policy = document.headers()["content-security-policy"] ?? "";
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self'(;|$)/);
    assert.doesNotMatch(policy, /unsafe-eval|https?:|\*/);
  });

  test("opens the ready-made tabs", async () => {
    await graphiql.tab(TABS[0]).waitFor();
    for (const title of TABS) {
      assert.equal(await graphiql.tab(title).count(), 1, title);
    }
  });

  test("loads the schema", async () => {
    const { page } = graphiql;
    await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
    await page.locator(".graphiql-doc-explorer").getByRole("link", { name: "Query", exact: true }).first().waitFor();
    await page.getByRole("button", { name: "Hide Documentation Explorer" }).click();
  });

  test("lists the personas", async () => {
    const { page, config } = graphiql;
    const button = page.getByRole("button", { name: /Signed in as/ });
    assert.ok((await button.textContent()).includes(`Signed in as ${config.personas[0].name}`));
    await button.focus();
    await page.keyboard.press("Enter");
    const entries = await page.getByRole("menuitemradio").allTextContents();
    assert.equal(entries.length, config.personas.length + 1);
    for (const [index, { name, title, description }] of config.personas.entries()) {
      for (const part of [name, title, description].filter(Boolean)) {
        assert.ok(entries[index].includes(part), `${part} in ${entries[index]}`);
      }
    }
    assert.match(entries.at(-1), /Anonymous/);
    await page.keyboard.press("Escape");
    await page.getByRole("menu").waitFor({ state: "detached" });
  });

  test("shows a clinician the timeline", async () => {
    const { page, config, tab, run, signInAs } = graphiql;
    const { name, token } = config.personas.find(({ email }) => email === CLINICIAN);
    await signInAs(ANONYMOUS);
    await signInAs(CLINICIAN);
    await page.getByRole("button", { name: `Signed in as ${name}` }).waitFor();

    await tab("Timeline").getByRole("button", { name: "Timeline" }).click();
    const { response, text } = await run();
    assert.equal(await authorization(response), `Bearer ${token}`);
    assert.match(text, /"protocols"/);
    assert.match(text, /"sessionDate"/);
    assert.match(text, /"eventName"/);
    await page.locator(".result-window").getByText('"protocols"').first().waitFor();

    if (process.env.PRAXIS_SCREENSHOT) {
      await page.mouse.move(720, 20);
      await page.waitForTimeout(500);
      await page.screenshot({ path: process.env.PRAXIS_SCREENSHOT });
    }
  });

  test("shows nothing to somebody who is not signed in", async () => {
    const { page, run, signInAs } = graphiql;
    await signInAs(ANONYMOUS);
    await page.getByRole("button", { name: /Anonymous/ }).waitFor();
    const { response, text } = await run();
    assert.equal(await authorization(response), undefined);
    assert.doesNotMatch(text, /"sessionDate"|"eventName"/);
  });

  test("remembers the persona and the tabs, and opens an example again", async () => {
    const { page, config, tab } = graphiql;
    await tab("Directory").hover();
    await tab("Directory").getByRole("button", { name: "Close Tab" }).click();
    await tab("Directory").waitFor({ state: "detached" });
    await page.waitForTimeout(1000);
    await page.reload();

    await page.getByRole("button", { name: /Anonymous/ }).waitFor();
    await tab("Timeline").waitFor();
    assert.equal(await tab("Directory").count(), 0);

    await graphiql.openExample(config.tabs.find(({ title }) => title === "Directory"));
    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
    for (const { token } of config.personas) {
      assert.ok(!kept.includes(token), "the page stores no token");
    }
  });

  test("asks nobody but the gateway and keeps to its policy", () => {
    assert.deepEqual(graphiql.found, { elsewhere: [], violations: [], failures: [] });
  });
});
