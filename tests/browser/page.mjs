/**
 * The GraphiQL page of a running gateway in Chromium, with every other host cut off, and what one does with it.
 *
 *   PRAXIS_URL          the gateway, such as http://127.0.0.1:8080
 *   CHROMIUM            the browser (/usr/bin/chromium)
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const base = process.env.PRAXIS_URL;
assert.ok(base, "PRAXIS_URL says where the gateway is");
const origin = new URL(base).origin;
export const pageUrl = new URL("/graphql", base).href;

export const CLINICIAN = "clinician.north@praxis.example";
export const SOUTH = "clinician.south@praxis.example";
export const ANONYMOUS = "anonymous";

const isIntrospection = (request) => request.postData()?.includes("IntrospectionQuery");

export const authorization = async (response) => (await response.request().allHeaders()).authorization;

/**
 * Opens the page. `change`: alters what the gateway tells the page, in the browser. `failures` holds requests and scripts
 * that failed, `elsewhere` what was asked of others, `violations` what the page's policy forbids.
 */
export async function open({ viewport = { width: 1440, height: 900 }, change } = {}) {
  const [elsewhere, violations, failures] = [[], [], []];
  const profile = await mkdtemp(join(tmpdir(), "praxis-browser-"));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${new URL(base).hostname}`,
    ],
    viewport,
    colorScheme: "light",
    serviceWorkers: "block",
  });
  browser.setDefaultTimeout(20_000);

  await browser.route("**/*", (route) => {
    const url = new URL(route.request().url());
    if (url.origin === origin) {
      return route.continue();
    }
    elsewhere.push(url.href);
    return route.abort();
  });
  browser.on("request", (request) => {
    const { protocol, origin: asked } = new URL(request.url());
    if (asked !== origin && !["blob:", "data:"].includes(protocol)) {
      elsewhere.push(request.url());
    }
  });
  await browser.exposeBinding("reportViolation", (_source, text) => violations.push(text));
  await browser.addInitScript(() => {
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sourceFile, lineNumber }) =>
      globalThis.reportViolation(`${violatedDirective}: ${blockedURI} (${sourceFile}:${lineNumber})`),
    );
  });

  const page = await browser.newPage();
  page.on("pageerror", (error) => failures.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (/content security policy/i.test(message.text())) {
      violations.push(message.text());
    }
  });
  page.on("response", (response) => {
    if (response.request().method() === "GET" && response.status() >= 400) {
      failures.push(`${response.status()} ${response.url()}`);
    }
  });
  page.on("websocket", (socket) => {
    if (new URL(socket.url()).host !== new URL(base).host) {
      elsewhere.push(socket.url());
    }
  });
  if (change) {
    // Before the page's own script runs, which waits until the document is read.
    const alter = (change) =>
      document.addEventListener("readystatechange", () => {
        const data = document.getElementById("praxis-config");
        if (document.readyState === "interactive" && data) {
          const config = JSON.parse(data.textContent);
          change(config);
          data.textContent = JSON.stringify(config);
        }
      });
    await page.addInitScript({ content: `(${alter})(${change});` });
  }

  const document = await page.goto(pageUrl);
  const config = JSON.parse((await page.locator("#praxis-config").textContent({ timeout: 5000 })) ?? "{}");
  const tokenOf = (email) => config.personas.find((persona) => persona.email === email)?.token;

  // GraphiQL's tabs are list items that hold a button with the title and one to close the tab.
  const tab = (title) =>
    page.locator(".graphiql-tab").filter({ has: page.getByRole("button", { name: title, exact: true }) });

  /** The whole text of an editor: the pane itself draws only the lines in view. */
  const text = (file) =>
    page.evaluate((file) => {
      const models = globalThis.__MONACO?.editor.getModels() ?? [];
      return models.find(({ uri }) => uri.path.endsWith(file))?.getValue() ?? "";
    }, file);
  const answerText = () => text("response.json");

  /** Waits until something holds. */
  async function eventually(what, holds) {
    for (let attempt = 0; attempt < 400; attempt += 1) {
      if (await holds()) {
        return;
      }
      await page.waitForTimeout(50);
    }
    throw new assert.AssertionError({ message: `it never came that ${what}` });
  }

  /** Presses the button; of several operations it offers a menu, as soon as the editor has read them. */
  async function execute(operation) {
    if (operation) {
      await page.locator('button.graphiql-execute-button[aria-haspopup="menu"]').click();
      await page.getByRole("menuitem", { name: operation, exact: true }).click();
    } else {
      await page.locator("button.graphiql-execute-button:not([aria-haspopup])").click();
    }
  }

  /** Runs what the tab holds, or one of its operations, and waits until the pane shows the answer. */
  async function run(operation) {
    const answered = page.waitForResponse(
      (response) => response.request().method() === "POST" && !isIntrospection(response.request()),
    );
    await execute(operation);
    const response = await answered;
    const expected = JSON.stringify(await response.json());
    await eventually("the result pane shows the answer", async () => {
      const shown = await answerText();
      return shown && JSON.stringify(JSON.parse(shown)) === expected;
    });
    return { response, text: await answerText() };
  }

  /** Chooses a persona and waits until the schema has been asked for with its token. */
  async function signInAs(email) {
    const token = tokenOf(email);
    const introspected = page.waitForResponse(
      async (response) =>
        isIntrospection(response.request()) && (await authorization(response)) === (token && `Bearer ${token}`),
    );
    await page.getByRole("button", { name: /Signed in as|Anonymous/ }).click();
    await page.locator(`[role="menuitemradio"][data-persona="${email}"]`).click();
    await page.getByRole("menu").waitFor({ state: "detached" });
    await introspected;
  }

  /** An example in the menu. */
  const item = ({ title }) =>
    page
      .getByRole("menuitem")
      .filter({ has: page.locator(".praxis-item-name").getByText(title, { exact: true }) });

  /** Opens an example from the menu, and waits until the editor holds it. */
  async function openExample(example) {
    const { title, query } = example;
    await page.getByRole("button", { name: "Examples" }).click();
    await item(example).click();
    await tab(title).and(page.locator('[aria-selected="true"]')).waitFor();
    await eventually("the editor holds it", async () => (await text("operation.graphql")).trim() === query.trim());
  }

  /** Asks the gateway itself, past the page. */
  async function ask(email, query) {
    const headers = { authorization: `Bearer ${tokenOf(email)}` };
    const answer = await (await page.request.post(pageUrl, { data: { query }, headers })).json();
    assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
    return answer.data;
  }

  async function close() {
    await browser.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }

  await eventually("the editor is there", () => text("operation.graphql"));
  const found = { elsewhere, violations, failures };
  return {
    page,
    document,
    config,
    found,
    tab,
    item,
    answerText,
    eventually,
    execute,
    run,
    signInAs,
    openExample,
    ask,
    close,
  };
}
