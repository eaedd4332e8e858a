/** Whatever is asked as somebody ends with that identity, and a token that is refused shows as refused. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { ANONYMOUS, CLINICIAN, SOUTH, open, pageUrl } from "./page.mjs";

const NOTES = "logged while the browser watches";

describe("An identity", { timeout: 180_000 }, () => {
  let graphiql;
  let protocol;
  let sockets;
  beforeEach(async () => {
    graphiql = await open();
    sockets = [];
    graphiql.page.on("websocket", (socket) => sockets.push(socket));
  });
  afterEach(() => graphiql.close());

  /** Watches a session as a clinician of the first site, who sees an event of it. */
  async function watch() {
    const { page, config, run, execute, answerText, eventually, openExample } = graphiql;
    await openExample(config.tabs.find(({ title }) => title === "Session logger"));
    await run("MySites");
    protocol = JSON.parse((await run("StartSession")).text).data.createProtocol.protocol.recordId;
    await execute("Watch");
    await page.getByRole("button", { name: /Stop/ }).waitFor();
    await eventually("the event is told", async () => {
      await log();
      return /"eventName": "Breakthrough"/.test(await answerText());
    });
  }

  const log = () =>
    graphiql.ask(
      CLINICIAN,
      `mutation { logSessionEvent(protocolId: ${protocol}, eventType: "Breakthrough", notes: "${NOTES}") {
        sessionEvent { eventId } } }`,
    );

  /** Nothing of what is logged from now on is shown, and nobody listens any more. */
  async function nothingIsTold() {
    const { page, answerText, eventually } = graphiql;
    await eventually("the connection is closed", () => sockets.every((socket) => socket.isClosed()));
    await page.getByRole("button", { name: /Execute query/ }).waitFor();
    for (let more = 0; more < 3; more += 1) {
      await log();
      await page.waitForTimeout(250);
      assert.doesNotMatch(await answerText(), /Breakthrough/);
    }
  }

  test("takes the running subscription with it when somebody else is chosen", async () => {
    await watch();
    if (process.env.PRAXIS_WATCH_SCREENSHOT) {
      await graphiql.page.screenshot({ path: process.env.PRAXIS_WATCH_SCREENSHOT });
    }
    await graphiql.signInAs(SOUTH);
    await nothingIsTold();
    await graphiql.signInAs(ANONYMOUS);
    await nothingIsTold();
  });

  test("takes the running subscription with it when a tab of somebody else is opened", async () => {
    await watch();
    await graphiql.openExample(graphiql.config.tabs.find(({ title }) => title === "TherapyFlow: audit trail"));
    await nothingIsTold();
  });

  test("ends a subscription at once when it is stopped", async () => {
    const { page, answerText } = graphiql;
    await watch();
    await page.getByRole("button", { name: /Stop/ }).click();
    const before = await answerText();
    await graphiql.eventually("the connection is closed", () => sockets.every((socket) => socket.isClosed()));
    await log();
    await page.waitForTimeout(250);
    assert.equal(await answerText(), before);
  });

  test("takes the answer that is under way with it", async () => {
    const { page, signInAs, execute, answerText } = graphiql;
    let release;
    const held = new Promise((resolve) => {
      release = resolve;
    });
    await page.route(pageUrl, async (route) => {
      const body = route.request().postData() ?? "";
      if (/query Timeline/.test(body)) {
        await held;
      }
      return route.continue();
    });
    await execute();
    await page.getByRole("button", { name: /Stop/ }).waitFor();
    await signInAs(SOUTH);
    release();
    await page.waitForTimeout(1000);
    assert.doesNotMatch(await answerText(), /sessionDate/);
    await page.getByRole("button", { name: /Execute query/ }).waitFor();
  });

  test("does not leave its answer to the next one", async () => {
    const { run, signInAs, answerText } = graphiql;
    assert.match((await run()).text, /sessionDate/);
    await signInAs(SOUTH);
    assert.equal(await answerText(), "");
  });
});

describe("A refused token", { timeout: 120_000 }, () => {
  let graphiql;
  afterEach(() => graphiql?.close());

  test("of a persona shows as refused, until another is chosen", async () => {
    graphiql = await open({
      change: (config) => {
        config.personas[0].token = "not.a.token";
      },
    });
    const { page, execute, signInAs, answerText, eventually } = graphiql;
    await page.getByRole("button", { name: /Amara Okafor · refused/ }).waitFor();
    await execute();
    await eventually("the answer says so", async () => /UNAUTHENTICATED/.test(await answerText()));
    if (process.env.PRAXIS_REFUSED_SCREENSHOT) {
      await page.screenshot({ path: process.env.PRAXIS_REFUSED_SCREENSHOT });
    }
    await signInAs(SOUTH);
    await page.getByRole("button", { name: /Mateo Silva/ }).waitFor();
    assert.equal(await page.getByRole("button", { name: /refused/ }).count(), 0);
  });

  test("of a subscription shows as refused", async () => {
    graphiql = await open({
      change: (config) => {
        config.personas[0].token = "not.a.token";
        config.tabs = [{ title: "Watch", query: "subscription Watch { supervisionChanged { operation } }", variables: "" }];
      },
    });
    const { page, execute, answerText, eventually } = graphiql;
    await execute();
    await eventually("the answer says so", async () => /4401/.test(await answerText()));
    await page.getByRole("button", { name: /refused/ }).waitFor();
  });

  test("that was typed in shows as refused, and says why", async () => {
    graphiql = await open({
      change: (config) => {
        config.personas = [];
      },
    });
    const { page } = graphiql;
    const type = async (button, token) => {
      await page.getByRole("button", { name: button }).click();
      await page.getByLabel(/bearer token/).fill(token);
      await page.getByRole("button", { name: "Use token" }).click();
    };
    await type("Set token", "not.a.token");
    await page.getByRole("button", { name: "Token refused" }).click();
    await page.getByRole("alert").waitFor();
    await page.keyboard.press("Escape");
    const html = await (await page.request.get(pageUrl, { headers: { accept: "text/html" } })).text();
    const good = JSON.parse(/id="praxis-config">(.*?)<\/script>/.exec(html)[1]).personas[0].token;
    await type("Token refused", good);
    await page.getByRole("button", { name: "Token set" }).waitFor();
  });
});
