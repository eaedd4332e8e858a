/** Relay: pages that its store joins; mutations and subscriptions that it understands. Compiled from schema.graphql. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { createElement, Suspense } from "react";
import reactRelay from "react-relay";
import renderer from "react-test-renderer";
import {
  CLINICIAN,
  COLLEAGUE,
  ask,
  collectWarnings,
  countRequests,
  logUntil,
  newProtocol,
  tokenOf,
  until,
  url,
} from "../gateway.mjs";
import { Protocols } from "./build/Protocols.js";
import { Session } from "./build/Session.js";
import { connect } from "./client.mjs";

describe("Relay", { timeout: 60_000 }, () => {
  const warnings = collectWarnings();
  let token;
  let environment;
  let page;

  const draw = (component, props) =>
    renderer.create(
      createElement(
        reactRelay.RelayEnvironmentProvider,
        { environment },
        createElement(Suspense, { fallback: null }, createElement(component, props)),
      ),
    );
  const drawn = () => [page.toJSON()].flat().filter(Boolean);
  const rows = () => drawn().filter(({ type }) => type === "li").map(({ props }) => props);
  const button = (name) => drawn().find(({ type, props }) => type === "button" && props.name === name);

  before(async () => {
    token = await tokenOf(CLINICIAN);
    environment = connect(url, token);
    // It stays: Relay would wait five minutes for an unmounted list to come back, and the process with it.
    page = draw(Protocols);
    await until("the first page", () => rows().length > 0);
  });

  test("joins two pages", async () => {
    assert.equal(rows().length, 2);

    button("more").props.onClick();
    await until("the second page", () => rows().length > 2);

    const { protocols } = await ask("{ protocols(first: 4) { nodes { id } } }", { token });
    assert.deepEqual(rows().map(({ id }) => id), protocols.nodes.map(({ id }) => id));
  });

  test("shows what a mutation has changed, and does not ask again", async (t) => {
    const [{ value, onChange }] = rows();
    const requests = countRequests(t);

    onChange(value + 1);

    await until("the new dose in the list", () => rows()[0].value === value + 1);
    assert.equal(requests(), 1);
  });

  test("shows what others log, and does not ask again", async (t) => {
    const recordId = await newProtocol(token);
    const colleague = await tokenOf(COLLEAGUE);
    const session = draw(Session, { recordId });
    t.after(() => session.unmount());
    const events = () => (session.toJSON()?.children ?? []).map(({ props }) => props);
    await until("the session without events", () => session.toJSON());
    const requests = countRequests(t);

    const logged = await logUntil(colleague, recordId, (ids) => ids.includes(events().at(-1)?.id));

    assert.equal(events().at(-1).value, 7);
    assert.equal(requests(), logged);
  });

  test("has nothing to warn of", () => {
    const ofRelay = warnings.filter((warning) => !warning.startsWith("react-test-renderer is deprecated"));
    assert.deepEqual(ofRelay, []);
  });
});
