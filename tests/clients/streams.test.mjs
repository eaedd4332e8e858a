/** Subscriptions as server-sent events, as graphql-sse asks for them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createClient } from "graphql-sse";
import { CLINICIAN, COLLEAGUE, logUntil, newProtocol, tokenOf, url } from "./gateway.mjs";

const EVENT_LOGGED = `
  subscription ($protocolId: BigInt!) {
    sessionEventLogged(protocolId: $protocolId) {
      operation
      sessionEvent {
        id
        intensityLevel
      }
    }
  }
`;

describe("Server-sent events", { timeout: 60_000 }, () => {
  test("tell what others log", async (t) => {
    const token = await tokenOf(CLINICIAN);
    const colleague = await tokenOf(COLLEAGUE);
    const protocolId = await newProtocol(token);
    const client = createClient({ url, headers: { Authorization: `Bearer ${token}` } });
    t.after(() => client.dispose());
    const told = [];
    client.subscribe(
      { query: EVENT_LOGGED, variables: { protocolId } },
      { next: (result) => told.push(result), error: (error) => told.push({ errors: [error] }), complete: () => {} },
    );

    await logUntil(colleague, protocolId, () => told.length > 0);

    const [{ data, errors }] = told;
    assert.equal(errors, undefined);
    assert.equal(data.sessionEventLogged.operation, "INSERTED");
    assert.equal(data.sessionEventLogged.sessionEvent.intensityLevel, 7);
  });
});
