/** Relay: pages that its store joins, a mutation that its store understands; compiled from schema.graphql. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createElement, Suspense } from "react";
import reactRelay from "react-relay";
import renderer from "react-test-renderer";
import { CLINICIAN, ask, countRequests, tokenOf, until, url } from "../gateway.mjs";
import { Protocols } from "./build/Protocols.js";
import { connect } from "./client.mjs";

describe("Relay", { timeout: 60_000 }, () => {
  let token;
  let page;

  const drawn = () => [page.toJSON()].flat().filter(Boolean);
  const rows = () => drawn().filter(({ type }) => type === "li").map(({ props }) => props);
  const button = (name) => drawn().find(({ type, props }) => type === "button" && props.name === name);

  before(async () => {
    token = await tokenOf(CLINICIAN);
    const environment = connect(url, token);
    page = renderer.create(
      createElement(
        reactRelay.RelayEnvironmentProvider,
        { environment },
        createElement(Suspense, { fallback: null }, createElement(Protocols)),
      ),
    );
    await until("the first page", () => rows().length > 0);
  });

  after(() => page?.unmount());

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
});
