import { getOperationAST } from "graphql";
import { config } from "./config.js";

const ACCEPT = "application/graphql-response+json, application/json;q=0.9";

function isSubscription(documentAST, operationName) {
  return Boolean(documentAST) && getOperationAST(documentAST, operationName)?.operation === "subscription";
}

/** An answer that is no GraphQL answer (a proxy's error page, an empty body), told as one. */
function describe(response, text) {
  const status = [response.status, response.statusText].filter(Boolean).join(" ");
  return {
    errors: [
      {
        message: `The server answered ${status} with something that is not JSON.`,
        extensions: { status: response.status, body: text.slice(0, 2000) },
      },
    ],
  };
}

async function post(params, headers) {
  const response = await fetch(config.endpoint, {
    method: "POST",
    headers,
    body: JSON.stringify(params),
    credentials: "omit",
    cache: "no-store",
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return describe(response, text);
  }
}

async function* subscribe(params, headers) {
  const { createClient } = await import("graphql-ws");
  const url = new URL(config.subscriptionEndpoint, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const authorization = headers.get("authorization");
  const client = createClient({
    url: url.href,
    connectionParams: authorization ? { Authorization: authorization } : {},
    retryAttempts: 0,
  });
  try {
    yield* client.iterate(params);
  } catch (error) {
    if (error instanceof CloseEvent) {
      throw new Error(`The connection was closed: ${error.code} ${error.reason}`.trim());
    }
    throw error;
  } finally {
    await client.dispose();
  }
}

/** Sends every request, introspection included, with the given token. Headers typed into the editor come last. */
export function createFetcher(token, onQuery) {
  return (params, options = {}) => {
    if (params.operationName !== "IntrospectionQuery") {
      onQuery();
    }
    const headers = new Headers({ accept: ACCEPT, "content-type": "application/json" });
    if (token) {
      headers.set("authorization", `Bearer ${token}`);
    }
    for (const [name, value] of Object.entries(options.headers ?? {})) {
      headers.set(name, String(value));
    }
    if (config.subscriptionEndpoint && isSubscription(options.documentAST, params.operationName)) {
      return subscribe(params, headers);
    }
    return post(params, headers);
  };
}
