/**
 * The gateway under test.
 *
 *   PRAXIS_URL        where it is, such as http://127.0.0.1:8080
 *   PRAXIS_DATA_DIR   its data folder, which has the secret that tokens are signed with
 *   PRAXIS_BIN        the program (praxis, on the path)
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { format, promisify } from "node:util";
import WebSocket from "ws";

// Node 20 has none of its own; browsers and Node 22 have.
globalThis.WebSocket ??= WebSocket;

assert.ok(process.env.PRAXIS_URL, "PRAXIS_URL says where the gateway is");

/** The endpoint. */
export const url = new URL("/graphql", process.env.PRAXIS_URL).href;

/** Two clinicians of the same site, who see the same protocols. */
export const CLINICIAN = "clinician.north@praxis.example";
export const COLLEAGUE = "both.sites@praxis.example";

/** A token of a user, as people get one: `praxis token --user EMAIL`. */
export async function tokenOf(email) {
  const program = process.env.PRAXIS_BIN ?? "praxis";
  const { stdout } = await promisify(execFile)(program, ["token", "--user", email]);
  return stdout.trim();
}

/** Sends one request without any client; what it says is what the gateway says. */
export async function ask(query, { variables, token } = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

/** Adds a protocol of one's own, with nothing in it. */
export async function newProtocol(token) {
  const { protocols } = await ask("{ protocols(first: 1) { nodes { siteId } } }", { token });
  const { createProtocol } = await ask(
    "mutation ($siteId: BigInt!) { createProtocol(input: { siteId: $siteId }) { protocol { recordId } } }",
    { token, variables: protocols.nodes[0] },
  );
  return createProtocol.protocol.recordId;
}

/** Logs an event of a protocol, and says which. */
async function logEvent(token, protocolId) {
  const { createSessionEvent } = await ask(
    `mutation ($protocolId: BigInt!) {
      createSessionEvent(input: { protocolId: $protocolId, intensityLevel: 7 }) { sessionEvent { id } }
    }`,
    { token, variables: { protocolId } },
  );
  return createSessionEvent.sessionEvent.id;
}

/**
 * Logs events of a protocol until one of them is seen, and says how many. Nothing tells a client when a subscription
 * has begun, and what is logged before is not told.
 */
export async function logUntil(token, protocolId, sees) {
  const logged = [];
  await until("an event is seen that was logged", async () => {
    logged.push(await logEvent(token, protocolId));
    return sees(logged);
  });
  return logged.length;
}

/** Collects what a client warns of: caches do where a schema or an answer does not keep to what they rely on. */
export function collectWarnings() {
  const warnings = [];
  for (const level of ["warn", "error"]) {
    console[level] = (...words) => warnings.push(format(...words));
  }
  return warnings;
}

/** Counts the requests that a client sends, by looking at `fetch`. */
export function countRequests(t) {
  const requests = t.mock.method(globalThis, "fetch");
  return () => requests.mock.callCount();
}

/** Waits until something holds, for ten seconds at most. */
export async function until(what, holds) {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const found = await holds();
    if (found) {
      return found;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new assert.AssertionError({ message: `it did not happen within ten seconds: ${what}` });
}
