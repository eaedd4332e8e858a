/** urql with its normalised cache: pages that the cache joins; mutations and subscriptions that it understands. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { gql } from "@urql/core";
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
import { connect } from "./client.mjs";

const PROTOCOLS = gql`
  query Protocols($first: Int!, $after: String) {
    protocols(first: $first, after: $after) {
      edges {
        cursor
        node {
          id
          dosageMg
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

const CHANGE_DOSE = gql`
  mutation ChangeDose($id: ID!, $dosageMg: Float!) {
    updateProtocol(id: $id, patch: { dosageMg: $dosageMg }) {
      protocol {
        id
        dosageMg
      }
    }
  }
`;

const SESSION = gql`
  query Session($recordId: BigInt!) {
    protocol(recordId: $recordId) {
      id
      events(last: 3) {
        nodes {
          id
          intensityLevel
        }
      }
    }
  }
`;

const EVENT_LOGGED = gql`
  subscription EventLogged($recordId: BigInt!) {
    sessionEventLogged(protocolId: $recordId) {
      sessionEvent {
        id
        protocol {
          id
          events(last: 3) {
            nodes {
              id
              intensityLevel
            }
          }
        }
      }
    }
  }
`;

describe("urql", { timeout: 60_000 }, () => {
  const warnings = collectWarnings();
  let token;
  let client;
  let watching;
  let shown;

  /** Shows the list up to the page after a cursor, as a component with these variables would. */
  async function show(variables) {
    watching?.unsubscribe();
    shown = undefined;
    watching = client.query(PROTOCOLS, variables).subscribe(({ data, error, stale }) => {
      assert.equal(error, undefined);
      shown = stale ? undefined : data?.protocols;
    });
    await until("the page", () => shown);
  }

  before(async () => {
    token = await tokenOf(CLINICIAN);
    client = connect(url, token);
    await show({ first: 2 });
  });

  after(() => watching?.unsubscribe());

  test("joins two pages", async () => {
    assert.equal(shown.edges.length, 2);
    assert.ok(shown.pageInfo.hasNextPage);

    await show({ first: 2, after: shown.pageInfo.endCursor });

    const { protocols } = await ask("{ protocols(first: 4) { nodes { id } } }", { token });
    assert.deepEqual(shown.edges.map(({ node }) => node.id), protocols.nodes.map(({ id }) => id));
  });

  test("shows what a mutation has changed, and does not ask again", async (t) => {
    const { id, dosageMg } = shown.edges[0].node;
    const requests = countRequests(t);

    const { error } = await client.mutation(CHANGE_DOSE, { id, dosageMg: dosageMg + 1 });

    assert.equal(error, undefined);
    await until("the new dose in the list", () => shown?.edges[0].node.dosageMg === dosageMg + 1);
    assert.equal(requests(), 1);
  });

  test("shows what others log, and does not ask again", async (t) => {
    const variables = { recordId: await newProtocol(token) };
    const colleague = await tokenOf(COLLEAGUE);
    let events;
    const subscriptions = [
      client.query(SESSION, variables).subscribe(({ data }) => {
        events = data?.protocol?.events.nodes;
      }),
      client.subscription(EVENT_LOGGED, variables).subscribe(({ error }) => assert.equal(error, undefined)),
    ];
    t.after(() => subscriptions.forEach((each) => each.unsubscribe()));
    await until("the session without events", () => events?.length === 0);
    const requests = countRequests(t);

    const logged = await logUntil(colleague, variables.recordId, (ids) => ids.includes(events.at(-1)?.id));

    assert.equal(events.at(-1).intensityLevel, 7);
    assert.equal(requests(), logged);
  });

  test("has nothing to warn of", () => {
    assert.deepEqual(warnings, []);
  });
});
