// PostGraphile over the bench's database, under the same rules as the gateway: it logs in as praxis_gateway, and each
// request runs as the role, and with the claims, of its token.
import { readFileSync } from "node:fs";
import { PgAggregatesPreset } from "@graphile/pg-aggregates";
import { makePgService } from "postgraphile/adaptors/pg";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makeV4Preset } from "postgraphile/presets/v4";
import { PostGraphileConnectionFilterPreset } from "postgraphile-plugin-connection-filter";
import jsonwebtoken from "jsonwebtoken";

const folder = process.env.DATA_DIR ?? new URL("../../../.praxis-bench", import.meta.url).pathname;
const secret = readFileSync(`${folder}/secret`, "utf8").trim();
const host = process.env.PGHOST ?? `${folder}/postgres/socket`;

// A token is verified once; the gateway remembers those it has checked too.
const verified = new Map();
function claimsOf(authorization) {
  if (!authorization) return null;
  const token = authorization.replace(/^Bearer /i, "");
  let claims = verified.get(token);
  if (!claims || claims.exp * 1000 < Date.now()) {
    claims = jsonwebtoken.verify(token, secret, { algorithms: ["HS256"] });
    if (verified.size > 1000) verified.clear();
    verified.set(token, claims);
  }
  return claims;
}

function settingsOf(authorization) {
  const claims = claimsOf(authorization);
  if (!claims) return { role: "anon" };
  return {
    role: claims.role,
    "request.jwt.claims": JSON.stringify(claims),
    "request.jwt.claim.sub": claims.sub,
    "request.jwt.claim.role": claims.role,
    "app.user_id": claims.sub,
  };
}

export default {
  extends: [
    PostGraphileAmberPreset,
    makeV4Preset({ dynamicJson: true }),
    PostGraphileConnectionFilterPreset,
    PgAggregatesPreset,
  ],
  pgServices: [
    makePgService({
      connectionString: `postgres://praxis_gateway@/praxis?host=${encodeURIComponent(host)}&port=5432`,
      schemas: ["public"],
      poolConfig: { max: Number(process.env.POOL ?? 16) },
      pubsub: false,
    }),
  ],
  schema: {
    connectionFilterRelations: true,
    // Mutations are not measured.
    defaultBehavior: "-insert -update -delete",
  },
  grafast: {
    explain: false,
    context(requestContext) {
      return { pgSettings: settingsOf(requestContext.node?.req.headers.authorization) };
    },
  },
  grafserv: { port: 5678, graphqlPath: "/graphql", graphiql: false, watch: false, websockets: false },
};
