import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const source = (name) => fileURLToPath(new URL(`./src/${name}`, import.meta.url));

// Vite lists the licences of the scripts; the fonts come in by style sheet and go unseen.
const fontLicenses = {
  name: "font-licenses",
  generateBundle() {
    const source = ["fira-code", "roboto"]
      .map((font) => readFileSync(new URL(`./node_modules/@fontsource/${font}/LICENSE`, import.meta.url), "utf8"))
      .join("\n----\n\n");
    this.emitFile({ type: "asset", fileName: "licenses-fonts.txt", source });
  },
};

// The gateway serves the page at the GraphQL path and everything else below /graphiql/.
export default defineConfig({
  base: "/graphiql/",
  publicDir: false,
  plugins: [fontLicenses],
  resolve: {
    dedupe: ["graphql", "react", "react-dom"],
    alias: {
      "monaco-editor/esm/vs/editor/edcore.main.js": source("monaco.js"),
      "prettier/parser-babel": source("prettier-jsonc.js"),
      "prettier/plugins/estree": source("prettier-jsonc.js"),
      "prettier/parser-graphql": "prettier/plugins/graphql",
    },
  },
  build: {
    outDir: "../api/assets/graphiql",
    emptyOutDir: true,
    target: "es2022",
    // Files, never data URLs: the policy sent with the page allows fonts and scripts from the gateway only.
    assetsInlineLimit: 0,
    assetsDir: "",
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    sourcemap: false,
    license: { fileName: "licenses.md" },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 5000,
    rolldownOptions: {
      onLog(level, log, next) {
        // Libraries written for server components say "use client"; a page has no other side.
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") {
          next(level, log);
        }
      },
    },
  },
  worker: { format: "es" },
});
