/** What the audit suite of `graphql-http` asks for: every MUST, SHOULD and MAY of GraphQL over HTTP. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { serverAudits } from "graphql-http";
import { url } from "./gateway.mjs";

// A client that names no type was to be answered as application/json until 2025. The gateway takes the type that is of
// GraphQL's own, application/graphql-response+json, whose status tells how the request went.
const OUTDATED = new Set(["47DE", "80D8"]);

describe("GraphQL over HTTP", { timeout: 60_000 }, () => {
  for (const audit of serverAudits({ url })) {
    test(audit.name, { skip: OUTDATED.has(audit.id) }, async () => {
      const { status, reason } = await audit.fn();
      assert.equal(status, "ok", reason);
    });
  }
});
