/** The schema, as the reference implementation of GraphQL reads it. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, describe, test } from "node:test";
import {
  buildClientSchema,
  buildSchema,
  getIntrospectionQuery,
  lexicographicSortSchema,
  printSchema,
  validateSchema,
} from "graphql";
import { ask } from "./gateway.mjs";

const print = (schema) => printSchema(lexicographicSortSchema(schema));

describe("The schema", { timeout: 60_000 }, () => {
  let schema;

  before(async () => {
    const introspection = await ask(
      getIntrospectionQuery({
        specifiedByUrl: true,
        directiveIsRepeatable: true,
        inputValueDeprecation: true,
        oneOf: true,
      }),
    );
    schema = buildClientSchema(introspection);
  });

  test("is valid", () => {
    assert.deepEqual(validateSchema(schema), []);
  });

  test("is the one in schema.graphql", async () => {
    const sdl = await readFile(new URL("../../schema.graphql", import.meta.url), "utf8");
    assert.ok(print(schema) === print(buildSchema(sdl)), "run: cargo run -- schema > schema.graphql");
  });
});
