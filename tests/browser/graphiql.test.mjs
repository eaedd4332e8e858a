/**
 * Opens the GraphiQL page of a running gateway in Chromium, with every other host cut off.
 *
 *   PRAXIS_URL          the gateway, such as http://127.0.0.1:8080
 *   PRAXIS_SCREENSHOT   where to put a picture of the page (optional)
 *   CHROMIUM            the browser (/usr/bin/chromium)
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";

const base = process.env.PRAXIS_URL;
assert.ok(base, "PRAXIS_URL says where the gateway is");
const origin = new URL(base).origin;
const pageUrl = new URL("/graphql", base).href;

const CLINICIAN = "clinician.north@praxis.example";
const ANONYMOUS = "anonymous";
const TABS = ["Timeline", "One protocol", "Directory", "Protocol builder"];

describe("GraphiQL", { timeout: 120_000 }, () => {
  const elsewhere = [];
  const violations = [];
  const failures = [];
  let profile;
  let browser;
  let page;
  let document;
  let config;

  before(async () => {
    profile = await mkdtemp(join(tmpdir(), "praxis-browser-"));
    browser = await chromium.launchPersistentContext(profile, {
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
      viewport: { width: 1440, height: 900 },
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

    page = await browser.newPage();
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

    document = await page.goto(pageUrl);
    config = JSON.parse((await page.locator("#praxis-config").textContent({ timeout: 5000 })) ?? "{}");
  });

  after(async () => {
    await browser?.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  });

  // GraphiQL's tabs are list items that hold a button with the title and one to close the tab.
  const tab = (title) =>
    page.locator(".graphiql-tab").filter({ has: page.getByRole("button", { name: title, exact: true }) });

  /** The whole answer: the pane itself draws only the lines in view. */
  const answerText = () =>
    page.evaluate(() => {
      const models = globalThis.__MONACO?.editor.getModels() ?? [];
      return models.find(({ uri }) => uri.path.endsWith("response.json"))?.getValue() ?? "";
    });

  const authorization = async (response) => (await response.request().allHeaders()).authorization;

  async function run() {
    const answered = page.waitForResponse(
      (response) =>
        response.request().method() === "POST" && !response.request().postData()?.includes("IntrospectionQuery"),
    );
    await page.getByRole("button", { name: /Execute query/ }).click();
    const response = await answered;
    const expected = JSON.stringify(await response.json());
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const text = await answerText();
      if (text && JSON.stringify(JSON.parse(text)) === expected) {
        return { response, text };
      }
      await page.waitForTimeout(50);
    }
    throw new assert.AssertionError({ message: "the result pane does not show the answer" });
  }

  /** Chooses a persona and waits until the schema has been asked for with its token. */
  async function signInAs(email) {
    const token = config.personas.find((persona) => persona.email === email)?.token;
    const introspected = page.waitForResponse(
      async (response) =>
        response.request().postData()?.includes("IntrospectionQuery") &&
        (await authorization(response)) === (token && `Bearer ${token}`),
    );
    await page.getByRole("button", { name: /Signed in as|Anonymous/ }).click();
    await page.locator(`[role="menuitemradio"][data-persona="${email}"]`).click();
    await page.getByRole("menu").waitFor({ state: "detached" });
    await introspected;
  }

  test("comes with a policy that allows scripts of the gateway only", async () => {
    assert.equal(document.status(), 200);
    assert.match(document.headers()["content-type"], /^text\/html/);
    const policy = document.headers()["content-security-policy"] ?? "";
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self'(;|$)/);
    assert.doesNotMatch(policy, /unsafe-eval|https?:|\*/);
  });

  test("opens the ready-made tabs", async () => {
    await tab(TABS[0]).waitFor();
    for (const title of TABS) {
      assert.equal(await tab(title).count(), 1, title);
    }
  });

  test("loads the schema", async () => {
    await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
    await page.locator(".graphiql-doc-explorer").getByRole("link", { name: "Query", exact: true }).first().waitFor();
    await page.getByRole("button", { name: "Hide Documentation Explorer" }).click();
  });

  test("lists the personas", async () => {
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

  test("watches a session while somebody logs", async () => {
    const { token } = config.personas.find(({ email }) => email === CLINICIAN);
    await tab("Session logger").getByRole("button", { name: "Session logger" }).click();
    // Of several operations the button offers a menu, as soon as the editor has read them.
    await page.locator('button.graphiql-execute-button[aria-haspopup="menu"]').click();
    await page.getByRole("menuitem", { name: "Watch" }).click();
    await page.getByRole("button", { name: /Stop/ }).waitFor();
    const notes = "logged while the browser watches";
    const query = `mutation { logSessionEvent(protocolId: 1, eventType: "Breakthrough", notes: "${notes}") {
      sessionEvent { eventId } } }`;
    for (let attempt = 0; attempt < 20 && !/sessionEventLogged/.test(await answerText()); attempt += 1) {
      const answer = await page.request.post(pageUrl, {
        data: { query },
        headers: { authorization: `Bearer ${token}` },
      });
      assert.equal((await answer.json()).errors, undefined);
      await page.waitForTimeout(250);
    }
    assert.match(await answerText(), /"eventName": "Breakthrough"/);
    if (process.env.PRAXIS_WATCH_SCREENSHOT) {
      await page.screenshot({ path: process.env.PRAXIS_WATCH_SCREENSHOT });
    }
    await page.getByRole("button", { name: /Stop/ }).click();
    await tab("Timeline").getByRole("button", { name: "Timeline" }).click();
  });

  test("shows nothing to somebody who is not signed in", async () => {
    await signInAs(ANONYMOUS);
    await page.getByRole("button", { name: /Anonymous/ }).waitFor();
    const { response, text } = await run();
    assert.equal(await authorization(response), undefined);
    assert.doesNotMatch(text, /"sessionDate"|"eventName"/);
  });

  test("remembers the persona and the tabs, and opens an example again", async () => {
    await tab("Directory").hover();
    await tab("Directory").getByRole("button", { name: "Close Tab" }).click();
    await tab("Directory").waitFor({ state: "detached" });
    await page.waitForTimeout(1000);
    await page.reload();

    await page.getByRole("button", { name: /Anonymous/ }).waitFor();
    await tab("Timeline").waitFor();
    assert.equal(await tab("Directory").count(), 0);

    await page.getByRole("button", { name: "Examples" }).click();
    await page.getByRole("menuitem", { name: /^Directory/ }).click();
    await tab("Directory").and(page.locator('[aria-selected="true"]')).waitFor();
    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
    for (const { token } of config.personas) {
      assert.ok(!kept.includes(token), "the page stores no token");
    }
  });

  test("asks nobody but the gateway and keeps to its policy", () => {
    assert.deepEqual({ elsewhere, violations, failures }, { elsewhere: [], violations: [], failures: [] });
  });
});
