// Plain Node: no worker, no watch mode, no GraphiQL.
import "./node20.mjs";
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { grafserv } from "postgraphile/grafserv/node";
import preset from "./graphile.config.mjs";

const instance = postgraphile(preset);
const server = createServer();
await instance.createServ(grafserv).addTo(server);
server.listen(preset.grafserv.port, "127.0.0.1", () => {
  console.log(`PostGraphile at http://127.0.0.1:${preset.grafserv.port}${preset.grafserv.graphqlPath}`);
});
