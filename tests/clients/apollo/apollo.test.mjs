/** Apollo Client: pages that its cache joins; mutations and subscriptions that it understands. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { gql } from "@apollo/client/core";
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

describe("Apollo Client", { timeout: 60_000 }, () => {
  const warnings = collectWarnings();
  let token;
  let client;
  let list;
  let shown;

  before(async () => {
    token = await tokenOf(CLINICIAN);
    client = connect(url, token);
    list = client.watchQuery({ query: PROTOCOLS, variables: { first: 2 } });
    list.subscribe(({ data }) => {
      shown = data?.protocols?.edges.map(({ node }) => node);
    });
    await until("the first page", () => shown);
  });

  after(() => client?.stop());

  test("joins two pages", async () => {
    assert.equal(shown.length, 2);
    const { pageInfo } = list.getCurrentResult().data.protocols;
    assert.ok(pageInfo.hasNextPage);

    await list.fetchMore({ variables: { after: pageInfo.endCursor } });

    const { protocols } = await ask("{ protocols(first: 4) { nodes { id } } }", { token });
    assert.deepEqual(shown.map(({ id }) => id), protocols.nodes.map(({ id }) => id));
  });

  test("shows what a mutation has changed, and does not ask again", async (t) => {
    const [{ id, dosageMg }] = shown;
    const requests = countRequests(t);

    await client.mutate({ mutation: CHANGE_DOSE, variables: { id, dosageMg: dosageMg + 1 } });

    await until("the new dose in the list", () => shown[0].dosageMg === dosageMg + 1);
    assert.equal(requests(), 1);
  });

  test("shows what others log, and does not ask again", async (t) => {
    const variables = { recordId: await newProtocol(token) };
    const colleague = await tokenOf(COLLEAGUE);
    let events;
    const session = client.watchQuery({ query: SESSION, variables });
    const watching = [
      session.subscribe(({ data }) => {
        events = data?.protocol?.events.nodes;
      }),
      client.subscribe({ query: EVENT_LOGGED, variables }).subscribe(({ error }) => assert.equal(error, undefined)),
    ];
    t.after(() => watching.forEach((each) => each.unsubscribe()));
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
