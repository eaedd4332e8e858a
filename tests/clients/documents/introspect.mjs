/** The reference implementation's answer to a query of introspection, over a schema of one field: `node introspect.mjs <QUERY`. */
import { readFileSync } from "node:fs";
import { buildSchema, graphqlSync } from "graphql";

const answer = graphqlSync({ schema: buildSchema("type Query { one: Int }"), source: readFileSync(0, "utf8") });
if (answer.errors) throw answer.errors[0];
process.stdout.write(JSON.stringify(answer.data));
