/** Random documents of a schema, valid but for fields that happen to conflict. */
import {
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from "graphql";

const DEEPEST = 4;

/** Writes one document. */
export function document(schema, random) {
  return new Writer(schema, random).document();
}

class Writer {
  constructor(schema, random) {
    this.schema = schema;
    this.random = random;
    this.fragments = [];
    this.aliases = 0;
  }

  document() {
    const { random } = this;
    const count = random.chance(0.15) ? 2 : 1;
    const operations = Array.from({ length: count }, (_, at) => this.operation(count > 1 ? `Op${at}` : null));
    const all = [...operations, ...this.fragments.map((fragment) => fragment.text)];
    if (random.chance(0.3)) {
      all.reverse();
    }
    return all.join("\n");
  }

  operation(name) {
    const { random, schema } = this;
    const kinds = ["query", "query", "query", "query", "mutation", "subscription"];
    const kind = random.one(kinds.filter((kind) => schema.getRootType(kind)));
    this.variables = new Map();
    const root = schema.getRootType(kind);
    const set = kind === "subscription" ? `{ ${this.field(root, 1)} }` : this.selection(root, 1);
    const variables = [...this.variables].map(([name, { type, fallback }]) => {
      const gap = random.chance(0.1) ? " " : "";
      const written = String(type).replaceAll("[", `[${gap}`).replaceAll("!", `${gap}!`);
      return `$${name}: ${written}${fallback === undefined ? "" : ` = ${fallback}`}`;
    });
    if (kind === "query" && name === null && variables.length === 0 && random.chance(0.5)) {
      return set;
    }
    return `${kind} ${name ?? ""}${variables.length > 0 ? `(${variables.join(", ")})` : ""} ${set}`;
  }

  selection(type, depth) {
    const { random } = this;
    const parts = [];
    for (let left = 1 + random.below(depth > 2 ? 3 : 4); left > 0; left -= 1) {
      parts.push(this.part(type, depth));
    }
    return `{ ${parts.join(random.chance(0.1) ? "\n# and\n" : " ")} }`;
  }

  part(type, depth) {
    const { random } = this;
    if (random.chance(0.06) || !type.getFields) {
      if (!type.getFields && random.chance(0.8)) {
        return this.inline(type, depth);
      }
      return `${random.chance(0.2) ? "kind: " : ""}__typename${this.directives()}`;
    }
    if (depth <= DEEPEST && random.chance(0.12)) {
      return random.chance(0.5) ? this.inline(type, depth) : this.spread(type, depth);
    }
    return this.field(type, depth);
  }

  inline(type, depth) {
    const { random } = this;
    const on = this.condition(type);
    const written = on === type && random.chance(0.4) ? "" : ` on ${on.name}`;
    return `...${written}${this.directives()} ${this.selection(on, depth + 1)}`;
  }

  spread(type, depth) {
    const { random } = this;
    const known = this.fragments.filter((fragment) => fragment.type === type && fragment.variables.size === 0);
    if (known.length > 0 && random.chance(0.5)) {
      return `...${random.one(known).name}${this.directives()}`;
    }
    const on = this.condition(type);
    const name = `F${this.fragments.length}`;
    const fragment = { name, type, variables: new Map(), text: "" };
    // Its place is taken, so that those within it get names of their own; nobody spreads it within itself.
    this.fragments.push({ ...fragment, type: null });
    const at = this.fragments.length - 1;
    const before = new Set(this.variables.keys());
    const gap = random.chance(0.1) ? " # on\n " : " ";
    fragment.text = `fragment ${name} on${gap}${on.name} ${this.selection(on, depth + 1)}`;
    fragment.variables = new Map(
      [...this.variables].filter(([name]) => !before.has(name) || fragment.text.includes("$")),
    );
    this.fragments[at] = fragment;
    return `...${name}${this.directives()}`;
  }

  condition(type) {
    const { random, schema } = this;
    if (isAbstractType(type) && random.chance(0.7)) {
      return random.one(schema.getPossibleTypes(type));
    }
    if (isObjectType(type) && type.getInterfaces().length > 0 && random.chance(0.15)) {
      return random.one(type.getInterfaces());
    }
    return type;
  }

  field(type, depth) {
    const { random } = this;
    const fields = Object.values(type.getFields());
    const shallow = fields.filter((field) => isLeafType(getNamedType(field.type)));
    const field = random.one(depth >= DEEPEST && shallow.length > 0 ? shallow : fields);
    const of = getNamedType(field.type);
    const written = field.args
      .filter((argument) => isRequiredArgument(argument) || random.chance(0.6 / field.args.length))
      .map((argument) => `${argument.name}: ${this.value(argument.type, argument.defaultValue !== undefined, 1)}`);
    const args = written.length > 0 ? `(${written.join(", ")})` : "";
    const alias = this.alias(fields, field, written.length > 0);
    const below = isCompositeType(of) ? ` ${this.selection(of, depth + 1)}` : "";
    return `${alias}${field.name}${args}${this.directives()}${below}`;
  }

  alias(fields, field, hasArguments) {
    const { random } = this;
    if (random.chance(0.04)) {
      return `${random.one(["x", "y", field.name, random.one(fields).name])}: `;
    }
    // Fields with arguments would conflict with one another.
    if (hasArguments && random.chance(0.9)) {
      this.aliases += 1;
      return `a${this.aliases}: `;
    }
    return "";
  }

  directives() {
    const { random } = this;
    if (random.chance(0.95)) {
      return "";
    }
    return ` @${random.one(["skip", "include"])}(if: ${this.value(this.schema.getDirective("skip").args[0].type, false, 1)})`;
  }

  value(type, hasDefault, depth) {
    const { random } = this;
    if (random.chance(0.15)) {
      return this.variable(type, hasDefault);
    }
    return this.literal(type, depth, false);
  }

  variable(type, hasDefault) {
    const { random } = this;
    const known = [...this.variables].filter(([, variable]) => String(variable.type) === String(type));
    if (known.length > 0 && random.chance(0.5)) {
      return `$${random.one(known)[0]}`;
    }
    const name = `v${this.variables.size}`;
    let written = String(type);
    let fallback;
    if (isNonNullType(type)) {
      if (random.chance(0.3)) {
        written = String(getNullableType(type));
        fallback = this.literal(type, 2, true);
      }
    } else if (random.chance(0.3)) {
      written = `${type}!`;
    } else if (random.chance(0.3)) {
      fallback = this.literal(type, 2, true);
    }
    this.variables.set(name, { type: written, fallback });
    return `$${name}`;
  }

  literal(type, depth, isConstant) {
    const { random } = this;
    if (isNonNullType(type)) {
      return this.present(type.ofType, depth, isConstant);
    }
    return random.chance(0.04) ? "null" : this.present(type, depth, isConstant);
  }

  present(type, depth, isConstant) {
    const { random } = this;
    const within = (type, hasDefault) =>
      isConstant ? this.literal(type, depth + 1, true) : this.value(type, hasDefault, depth + 1);
    if (isListType(type)) {
      if (random.chance(0.2)) {
        return this.present(getNullableType(type.ofType), depth, isConstant);
      }
      return `[${Array.from({ length: random.below(3) }, () => within(type.ofType, false)).join(", ")}]`;
    }
    if (isEnumType(type)) {
      return random.one(type.getValues()).name;
    }
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields());
      if (type.isOneOf) {
        const field = random.one(fields);
        return `{${field.name}: ${this.present(field.type, depth + 1, isConstant)}}`;
      }
      const taken = fields.filter(
        (field) => isRequiredInputField(field) || (depth < DEEPEST && random.chance(1.5 / fields.length)),
      );
      return `{${taken.map((field) => `${field.name}: ${within(field.type, field.defaultValue !== undefined)}`).join(", ")}}`;
    }
    return scalar(type.name, random);
  }
}

/** A literal of a scalar type; others than those of the specification take any. */
export function scalar(name, random) {
  const int = () => String(random.one([0, 1, -1, 7, 42, 2147483647, -2147483648]));
  const float = () => random.one(["0.10", "-1.5e3", "1e9", "3.14159265358979323846", "2", "12345678901234567890"]);
  const string = () =>
    random.one(['""', '"a"', '"\\u00e4\\n"', '"\\uD83D\\uDE00"', '"\\u{1F600}"', '"""a\n  \\"""b"""', '"{[("', '"#"']);
  switch (name) {
    case "Int":
      return int();
    case "Float":
      return random.one([int, float])();
    case "String":
      return string();
    case "Boolean":
      return random.one(["true", "false"]);
    case "ID":
      return random.one([int, string, () => "123456789012345678901234567890"])();
    case "JSON":
      return random.one([int, float, string, () => "{a: [1, {b: nullable}]}", () => "[true, null, trueish]"])();
    default:
      return random.one([int, float, string])();
  }
}
