/** Documents with a mistake, or what may be one. */
import { Kind, parse, parseValue, print, visit } from "graphql";
import { scalar } from "./generate.mjs";

const PARTS = [
  ...'{}()[]!$:=@"#\n\r, .0e1-\\a\u{feff}ö😀',
  ...[
    "...",
    '"""',
    "on ",
    "null",
    "true",
    "fragment ",
    "query ",
    "\\u{1F600}",
    "\\uD83D",
    '\\"""',
    "# {\n",
    "01",
    "-0",
  ],
];
const SCALARS = ["Int", "Float", "String", "Boolean", "ID", "JSON"];

/** Changes one thing of a document's text. */
export function mutated(text, schema, random) {
  if (random.chance(0.15)) {
    return spoiled(text, random);
  }
  const document = parse(text);
  const [kind, change] = random.one(CHANGES);
  const nodes = [];
  visit(document, { enter: (node) => void (kind.includes(node.kind) && nodes.push(node)) });
  if (nodes.length === 0) {
    return spoiled(text, random);
  }
  const chosen = random.one(nodes);
  const context = { schema, random, nodes, document };
  // What is put in its place may hold it again.
  let done = false;
  const enter = (node) => {
    if (done || node !== chosen) {
      return undefined;
    }
    done = true;
    return change(node, context);
  };
  try {
    return print(visit(document, { enter }));
  } catch {
    // A name that a definition lacks.
    return spoiled(text, random);
  }
}

/** Changes the text itself. */
function spoiled(text, random) {
  const characters = Array.from(text);
  const at = random.below(characters.length + 1);
  const taken = random.chance(0.5) ? random.below(3) : 0;
  const put = random.chance(0.7) ? random.one(PARTS) : "";
  characters.splice(at, taken, put);
  return characters.join("");
}

const name = (value) => ({ kind: Kind.NAME, value });
const named = (value) => ({ kind: Kind.NAMED_TYPE, name: name(value) });
const without = (items, random) => items.filter((_, at) => at !== random.below(items.length));
const directive = (word, args = []) => ({ kind: Kind.DIRECTIVE, name: name(word), arguments: args });
const argument = (word, value) => ({ kind: Kind.ARGUMENT, name: name(word), value: parseValue(value) });

function anyValue(random) {
  const value = random.one([
    () => scalar(random.one(SCALARS), random),
    () =>
      random.one([
        "null",
        "[]",
        "{}",
        "[null]",
        "LOUD",
        "ASC",
        "trueish",
        "{a: 1}",
        "[[1]]",
        "3000000000",
        "1e999",
        "-0",
      ]),
    () => `$${random.one(["v0", "v1", "nobody"])}`,
    () => `[$${random.one(["v0", "v1"])}]`,
    () => `{a: $v0}`,
  ])();
  return parseValue(value);
}

function anyDirective(random) {
  return random.one([
    () => directive("skip"),
    () => directive("nobody"),
    () => directive("include", [argument("if", "true")]),
    () => directive("skip", [argument("if", "$v0")]),
    () => directive("skip", [argument("if", "1")]),
    () => directive("skip", [argument("of", "true"), argument("if", "true")]),
    () => directive("deprecated"),
  ])();
}

const FIELD = [Kind.FIELD];
const SET = [Kind.SELECTION_SET];
const WITH_DIRECTIVES = [
  Kind.FIELD,
  Kind.INLINE_FRAGMENT,
  Kind.FRAGMENT_SPREAD,
  Kind.FRAGMENT_DEFINITION,
  Kind.OPERATION_DEFINITION,
  Kind.VARIABLE_DEFINITION,
];
const VALUES = [
  Kind.INT,
  Kind.FLOAT,
  Kind.STRING,
  Kind.BOOLEAN,
  Kind.ENUM,
  Kind.NULL,
  Kind.LIST,
  Kind.OBJECT,
  Kind.VARIABLE,
];

/** What is changed of which kinds of nodes. */
const CHANGES = [
  [
    FIELD,
    (node, { random, nodes }) => ({ ...node, name: random.one([name(`${node.name.value}s`), random.one(nodes).name]) }),
  ],
  [FIELD, (node, { random, nodes }) => ({ ...node, alias: name(key(random.one(nodes))) })],
  [FIELD, (node, { random, nodes }) => ({ ...node, alias: name(key(random.one(nodes))) })],
  [FIELD, (node) => ({ ...node, alias: name("x"), name: name("__typename"), arguments: [], selectionSet: undefined })],
  [FIELD, (node, { random }) => ({ ...node, arguments: without(node.arguments, random) })],
  [
    FIELD,
    (node, { random }) => ({
      ...node,
      arguments: [
        ...node.arguments,
        ...node.arguments.slice(0, 1),
        argument(random.one(["first", "id", "nobody"]), "1"),
      ].slice(random.below(2)),
    }),
  ],
  [FIELD, (node, { random, nodes }) => ({ ...node, arguments: random.one(nodes).arguments })],
  [FIELD, (node) => ({ ...node, selectionSet: undefined })],
  [FIELD, (node, { random, nodes }) => ({ ...node, selectionSet: random.one(nodes).selectionSet })],
  [
    FIELD,
    (node) => ({
      ...node,
      selectionSet: { kind: Kind.SELECTION_SET, selections: [{ kind: Kind.FIELD, name: name("id") }] },
    }),
  ],
  [SET, (node, { random, nodes }) => ({ ...node, selections: [...node.selections, ...random.one(nodes).selections] })],
  [
    SET,
    (node, { random, nodes }) => ({
      ...node,
      selections: [...node.selections, { ...random.one(nodes).selections[0] }],
    }),
  ],
  [SET, (node, { random }) => ({ ...node, selections: [...node.selections, typename(random)] })],
  // The same twice, the second with other arguments and other fields below.
  [
    SET,
    (node, { random }) => {
      const [first] = node.selections.filter((it) => it.kind === Kind.FIELD);
      if (first === undefined) return node;
      const second = {
        ...first,
        alias: name(key(first)),
        arguments: random.chance(0.5) ? first.arguments : without(first.arguments, random),
      };
      const wrapped = { kind: Kind.INLINE_FRAGMENT, selectionSet: { kind: Kind.SELECTION_SET, selections: [second] } };
      return { ...node, selections: [...node.selections, random.chance(0.5) ? second : wrapped] };
    },
  ],
  // Fields that answer to one name in fragments of different types.
  [
    SET,
    (node, { random, schema }) => {
      const objects = Object.values(schema.getTypeMap()).filter((it) => it.getFields && !it.name.startsWith("__"));
      const parts = Array.from({ length: 2 }, () => {
        const type = random.one(objects);
        const field = { kind: Kind.FIELD, alias: name("x"), name: name(random.one(Object.keys(type.getFields()))) };
        return {
          kind: Kind.INLINE_FRAGMENT,
          typeCondition: named(type.name),
          selectionSet: { kind: Kind.SELECTION_SET, selections: [field] },
        };
      });
      return { ...node, selections: [...node.selections, ...parts] };
    },
  ],
  [
    [Kind.ARGUMENT, Kind.OBJECT_FIELD],
    (node, { random, nodes }) => ({ ...node, name: random.one([name(`${node.name.value}s`), random.one(nodes).name]) }),
  ],
  [[Kind.ARGUMENT, Kind.OBJECT_FIELD], (node, { random, nodes }) => ({ ...node, value: random.one(nodes).value })],
  [[Kind.OBJECT], (node, { random }) => ({ ...node, fields: without(node.fields, random) })],
  [
    [Kind.OBJECT],
    (node, { random }) => ({ ...node, fields: [...node.fields, ...random.some(node.fields, 1).filter(Boolean)] }),
  ],
  [
    [Kind.OBJECT],
    (node, { random }) => ({
      ...node,
      fields: [
        ...node.fields,
        { kind: Kind.OBJECT_FIELD, name: name(random.one(["a", "eq", "nobody"])), value: anyValue(random) },
      ],
    }),
  ],
  [VALUES, (_, { random }) => anyValue(random)],
  [VALUES, (_, { random }) => anyValue(random)],
  [VALUES, (node) => ({ kind: Kind.LIST, values: [node] })],
  [
    [Kind.VARIABLE_DEFINITION],
    (node, { random, nodes }) => ({
      ...node,
      type: random.one([
        named(random.one(SCALARS)),
        named("Nobody"),
        random.one(nodes).type,
        { kind: Kind.LIST_TYPE, type: node.type },
        nullable(node.type),
        nonNull(node.type),
      ]),
    }),
  ],
  [
    [Kind.VARIABLE_DEFINITION],
    (node, { random }) => ({ ...node, type: random.one([nullable(node.type), nonNull(node.type)]) }),
  ],
  [
    [Kind.VARIABLE_DEFINITION],
    (node, { random }) => ({
      ...node,
      defaultValue: random.one([undefined, parseValue(scalar(random.one(SCALARS), random)), parseValue("null")]),
    }),
  ],
  [[Kind.VARIABLE_DEFINITION], () => null],
  [
    [Kind.OPERATION_DEFINITION],
    (node, { random }) => ({
      ...node,
      variableDefinitions: [
        ...node.variableDefinitions,
        ...node.variableDefinitions.slice(0, random.below(2)),
        variable(random),
      ],
    }),
  ],
  [
    [Kind.OPERATION_DEFINITION],
    (node, { random }) => ({ ...node, operation: random.one(["query", "mutation", "subscription"]) }),
  ],
  [[Kind.OPERATION_DEFINITION], (node, { random }) => ({ ...node, name: random.one([undefined, name("Op0")]) })],
  [
    [Kind.DOCUMENT],
    (node, { random }) => ({ ...node, definitions: [...node.definitions, random.one(node.definitions)] }),
  ],
  [[Kind.DOCUMENT], (node, { random }) => ({ ...node, definitions: without(node.definitions, random) })],
  [
    WITH_DIRECTIVES,
    (node, { random }) => ({ ...node, directives: [...(node.directives ?? []), anyDirective(random)] }),
  ],
  [
    WITH_DIRECTIVES,
    (node, { random }) => ({
      ...node,
      directives: [...(node.directives ?? []), anyDirective(random), anyDirective(random)],
    }),
  ],
  [[Kind.FRAGMENT_SPREAD], (node, { random }) => ({ ...node, name: name(random.one(["F0", "F1", "nobody"])) })],
  [[Kind.FRAGMENT_DEFINITION], (node, { random }) => ({ ...node, name: name(random.one(["F0", "F1", "nobody"])) })],
  [
    [Kind.FRAGMENT_DEFINITION, Kind.INLINE_FRAGMENT],
    (node, { random, schema }) => ({
      ...node,
      typeCondition: named(random.one([...Object.keys(schema.getTypeMap()), "Nobody"])),
    }),
  ],
  [
    [Kind.FRAGMENT_DEFINITION],
    (node, { random }) => ({
      ...node,
      selectionSet: {
        ...node.selectionSet,
        selections: [
          ...node.selectionSet.selections,
          { kind: Kind.FRAGMENT_SPREAD, name: name(random.one(["F0", "F1"])) },
        ],
      },
    }),
  ],
];

const key = (field) => field.alias?.value ?? field.name.value;
const nullable = (type) => (type.kind === Kind.NON_NULL_TYPE ? type.type : type);
const nonNull = (type) => (type.kind === Kind.NON_NULL_TYPE ? type : { kind: Kind.NON_NULL_TYPE, type });

function variable(random) {
  const type = random.one(["v0", "w"]);
  return { kind: Kind.VARIABLE_DEFINITION, variable: { kind: Kind.VARIABLE, name: name(type) }, type: named("Int") };
}

function typename(random) {
  const field = { kind: Kind.FIELD, name: name("__typename"), arguments: [], directives: [] };
  return random.one([
    { ...field, arguments: [argument("x", "1")] },
    { ...field, directives: [anyDirective(random)] },
    { ...field, directives: [directive("skip", [argument("if", "$v0")])] },
    { ...field, alias: name("x") },
    { ...field, selectionSet: { kind: Kind.SELECTION_SET, selections: [field] } },
  ]);
}
