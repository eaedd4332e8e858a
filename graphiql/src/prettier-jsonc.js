/**
 * Stands in for `prettier/parser-babel` and `prettier/plugins/estree`. GraphiQL loads half a megabyte of them to
 * format the variables; the JSON parser that it also has can do that.
 */
import { applyEdits, format, parse } from "jsonc-parser";

const OPTIONS = { insertSpaces: true, tabSize: 2, eol: "\n" };

export const parsers = {
  jsonc: {
    astFormat: "praxis-jsonc",
    parse(text) {
      const errors = [];
      parse(text, errors, { allowTrailingComma: true, allowEmptyContent: true });
      if (errors.length > 0) {
        throw new SyntaxError("This is not JSON.");
      }
      return { type: "document", text: applyEdits(text, format(text, undefined, OPTIONS)) };
    },
    locStart: () => 0,
    locEnd: ({ text }) => text.length,
  },
};

export const printers = {
  "praxis-jsonc": { print: (path) => path.node.text },
};
