/**
 * Serves the built page with a small made-up schema, so that the page can be worked on without the gateway.
 *
 *   node dev-server.mjs [port]      PERSONAS=0: without personas   BARE=1: without any configuration
 *                                   REFUSE=1: 401 without a token
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { basename, extname } from "node:path";
import { buildSchema, graphql } from "graphql";

const port = Number(process.argv[2] ?? 8090);
const assets = new URL("../api/assets/graphiql/", import.meta.url);

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".ttf": "font/ttf",
  ".woff2": "font/woff2",
};

const personas = [
  ["clinician.north@praxis.example", "Dr. Amina Okafor", "Clinician, North", "Sees the protocols of the patients of the northern practice."],
  ["clinician.south@praxis.example", "Dr. Jonas Weber", "Clinician, South", "Sees the protocols of the patients of the southern practice."],
  ["coordinator@praxis.example", "Mei Tanaka", "Coordinator", "Sees every practice's schedule, but no session notes."],
  ["admin@praxis.example", "Ruth Lindqvist", "Administrator", "Manages the directory and the protocols of all practices."],
].map(([email, name, title, description]) => ({ email, name, title, description, token: `token-of-${email}` }));

const tabs = [
  {
    title: "Timeline",
    query: `# What happened in which session, newest first.
query Timeline($first: Int!) {
  protocols(first: $first) {
    name
    patient {
      displayName
    }
    events {
      sessionDate
      eventName
      clinician {
        displayName
      }
    }
  }
}
`,
    variables: '{\n  "first": 3\n}',
  },
  {
    title: "One protocol",
    query: `# One protocol with all of its events.
query OneProtocol($id: ID!) {
  protocol(id: $id) {
    id
    name
    events {
      sessionDate
      eventName
    }
  }
}
`,
    variables: '{\n  "id": "2"\n}',
  },
  {
    title: "Directory",
    query: `# The people that you may see.
query Directory {
  people {
    displayName
    practice
  }
}
`,
    variables: null,
  },
  {
    title: "Protocol builder",
    query: `# Renames a protocol.
mutation ProtocolBuilder($id: ID!, $name: String!) {
  renameProtocol(id: $id, name: $name) {
    id
    name
  }
}
`,
    variables: { id: "1", name: "Knee rehabilitation, phase 2" },
  },
];

const schema = buildSchema(`
"Everything that can be asked."
type Query {
  "Protocols that you may see, newest first."
  protocols(first: Int = 10): [Protocol!]!
  protocol(id: ID!): Protocol
  people: [Person!]!
}
type Mutation {
  "Gives a protocol another name."
  renameProtocol(id: ID!, name: String!): Protocol
}
"A plan of treatment for one patient."
type Protocol { id: ID!, name: String!, patient: Person!, events: [Event!]! }
"Something that happened in a session."
type Event { sessionDate: String!, eventName: String!, clinician: Person! }
type Person { displayName: String!, practice: String! }
`);

const amina = { displayName: "Dr. Amina Okafor", practice: "North" };
const jonas = { displayName: "Dr. Jonas Weber", practice: "South" };
const protocols = [
  { id: "1", name: "Knee rehabilitation", patient: { displayName: "P-1042", practice: "North" }, events: [
    { sessionDate: "2024-05-16", eventName: "Range of motion check", clinician: amina },
    { sessionDate: "2024-05-09", eventName: "Strength training", clinician: amina },
    { sessionDate: "2024-05-02", eventName: "Intake", clinician: amina } ] },
  { id: "2", name: "Sleep hygiene", patient: { displayName: "P-1077", practice: "North" }, events: [
    { sessionDate: "2024-05-14", eventName: "Diary review", clinician: amina },
    { sessionDate: "2024-04-30", eventName: "Intake", clinician: amina } ] },
  { id: "3", name: "Back pain", patient: { displayName: "P-2013", practice: "South" }, events: [
    { sessionDate: "2024-05-11", eventName: "Intake", clinician: jonas } ] },
];

function send(response, status, type, body, headers = {}) {
  response.writeHead(status, { "content-type": type, "x-content-type-options": "nosniff", ...headers });
  response.end(body);
}

function page() {
  const html = readFileSync(new URL("index.html", assets), "utf8");
  if (process.env.BARE) {
    return html;
  }
  const config = {
    endpoint: "/graphql",
    subscriptionEndpoint: null,
    title: "Praxis",
    personas: process.env.PERSONAS === "0" ? [] : personas,
    tabs,
  };
  const json = JSON.stringify(config).replaceAll("<", "\\u003c");
  return html.replace("<!--praxis-config-->", () => `<script type="application/json" id="praxis-config">${json}</script>`);
}

async function answer(request, response) {
  const type = "application/graphql-response+json; charset=utf-8";
  let text = "";
  for await (const chunk of request) {
    text += chunk;
  }
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  const persona = personas.find((one) => one.token === token);
  if ((token && !persona) || (!token && process.env.REFUSE)) {
    const error = { message: "The access token is missing or not valid.", extensions: { code: "UNAUTHENTICATED" } };
    send(response, 401, type, JSON.stringify({ errors: [error] }), { "www-authenticate": "Bearer" });
    return;
  }
  const seen = protocols.filter(({ patient }) => persona && !persona.email.includes(patient.practice === "North" ? "south" : "north"));
  const rootValue = {
    protocols: ({ first }) => seen.slice(0, first),
    protocol: ({ id }) => seen.find((one) => one.id === id),
    people: () => [amina, jonas].filter(() => persona),
    renameProtocol: ({ id, name }) => Object.assign(seen.find((one) => one.id === id), { name }),
  };
  const { query, variables, operationName } = JSON.parse(text);
  const result = await graphql({ schema, source: query, rootValue, variableValues: variables, operationName });
  send(response, 200, type, JSON.stringify(result));
}

createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/graphql" && request.method === "POST") {
    answer(request, response).catch((error) => send(response, 500, "text/plain", String(error)));
  } else if (pathname === "/graphql") {
    send(response, 200, "text/html; charset=utf-8", page(), {
      "content-security-policy": POLICY,
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    });
  } else if (pathname.startsWith("/graphiql/") && extname(pathname) in TYPES) {
    try {
      const body = readFileSync(new URL(basename(pathname), assets));
      send(response, 200, TYPES[extname(pathname)], body, { "cache-control": "public, max-age=31536000, immutable" });
    } catch {
      send(response, 404, "text/plain", "not found");
    }
  } else {
    send(response, 404, "text/plain", "not found");
  }
}).listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port}/graphql`));
