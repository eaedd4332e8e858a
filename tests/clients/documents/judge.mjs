/**
 * The reference implementation's verdicts on documents, as JSON lines: `{schema, text, says}`, where `says` is null of a valid one.
 *
 *   node judge.mjs COUNT SEED <DOCUMENTS
 *
 * First come those of the input, JSON lines `{schema, text}`, then COUNT random ones of the two schemas, about half of which have
 * something changed.
 */
import { readFileSync } from "node:fs";
import { buildSchema, parse, validate } from "graphql";
import { document } from "./generate.mjs";
import { mutated } from "./mutate.mjs";
import { choices } from "./random.mjs";

const FILES = { gateway: "../../../schema.graphql", pets: "../../../api/src/graph/document/pets.graphql" };
const schemas = Object.fromEntries(
  Object.entries(FILES).map(([name, file]) => [
    name,
    buildSchema(readFileSync(new URL(file, import.meta.url), "utf8")),
  ]),
);
const [count, seed] = process.argv.slice(2).map(Number);
const lines = [];

function judge(schema, text) {
  // graphql-js may cut a character in two where it quotes one.
  const says = verdict(schemas[schema], text)?.toWellFormed() ?? null;
  lines.push(JSON.stringify({ schema, text, says }));
}

function verdict(schema, text) {
  try {
    return validate(schema, parse(text), undefined, { maxErrors: 3 })[0]?.message ?? null;
  } catch (error) {
    return error.message;
  }
}

for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const { schema, text } = JSON.parse(line);
  judge(schema, text);
}
for (let at = 0; at < count; at += 1) {
  const random = choices(seed + at);
  const name = random.chance(0.5) ? "pets" : "gateway";
  let text = document(schemas[name], random);
  if (random.chance(0.6)) {
    text = mutated(text, schemas[name], random);
    if (random.chance(0.1) && verdict(schemas[name], text) === null) {
      text = mutated(text, schemas[name], random);
    }
  }
  judge(name, text);
}
process.stdout.write(lines.join("\n"));
