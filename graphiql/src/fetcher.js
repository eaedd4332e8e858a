import { config } from "./config.js";
import { operationIn } from "./examples.js";
import { begin } from "./running.js";

const ACCEPT = "application/graphql-response+json, application/json;q=0.9";
const ENDED = { message: "Ended: somebody else is signed in now. Run it again." };
/** Close code of a connection whose token is refused. */
const UNAUTHORIZED = 4401;

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

/** Why the server refuses the token, if it does. */
function refusal(response, result) {
  const error = result?.errors?.find(({ extensions }) => extensions?.code === "UNAUTHENTICATED");
  return error || response.status === 401 ? (error?.message ?? "The server refuses the token.") : null;
}

async function post(params, headers, signal) {
  const response = await fetch(config.endpoint, {
    method: "POST",
    headers,
    body: JSON.stringify(params),
    credentials: "omit",
    cache: "no-store",
    signal,
  });
  const text = await response.text();
  let result;
  try {
    result = JSON.parse(text);
  } catch {
    result = describe(response, text);
  }
  return { result, refused: refusal(response, result) };
}

/** A request whose answer is dropped once it is ended: it is somebody else's. */
function ask(params, headers, token, told) {
  return new Promise((resolve, reject) => {
    const abort = new AbortController();
    const ended = begin(token, (isSilent) => {
      abort.abort();
      if (!isSilent) {
        resolve({ errors: [ENDED] });
      }
    });
    post(params, headers, abort.signal)
      .then(({ result, refused }) => {
        if (ended()) {
          told(result, refused);
          resolve(result);
        }
      })
      .catch((error) => {
        if (ended()) {
          reject(error);
        }
      });
  });
}

/** What ended a subscription, as an error with words: a browser tells of connections by events. */
function cause(event) {
  if (event instanceof CloseEvent) {
    return new Error(`The connection was closed: ${event.code} ${event.reason}`.trim());
  }
  return event instanceof Event ? new Error("The connection could not be opened, or failed.") : event;
}

/** An observable, which ends as soon as it is told to: an iterator would first wait for the next event. */
function subscription(params, headers, token, refuse) {
  return {
    subscribe({ next, error, complete }) {
      let client;
      let isOver = false;
      const ended = begin(token, (isSilent) => finish(isSilent ? null : complete));
      const finish = (tell) => {
        if (!isOver) {
          isOver = true;
          ended();
          void client?.dispose();
          tell?.();
        }
      };
      const fail = (event) => {
        if (event instanceof CloseEvent && event.code === UNAUTHORIZED) {
          refuse(event.reason || "The server refuses the token.");
        }
        finish(() => error(cause(event)));
      };
      const start = ({ createClient }) => {
        if (isOver) {
          return;
        }
        const url = new URL(config.subscriptionEndpoint, location.href);
        url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
        const authorization = headers.get("authorization");
        client = createClient({
          url: url.href,
          connectionParams: authorization ? { Authorization: authorization } : {},
          retryAttempts: 0,
        });
        client.subscribe(params, {
          next: (result) => isOver || next(result),
          error: fail,
          complete: () => finish(complete),
        });
      };
      import("graphql-ws").then(start).catch(fail);
      return { unsubscribe: () => finish() };
    },
  };
}

/**
 * Sends every request, introspection included. `ask(query, operation)` gives the token to send; `answered(result)` is told the answers, and `refuse(words)` that a token is refused. Headers typed into the editor come last.
 */
export function createFetcher({ token, ask: tokenFor, answered, refuse }) {
  return (given, options = {}) => {
    const isIntrospection = given.operationName === "IntrospectionQuery";
    const operation = isIntrospection ? null : operationIn(given.query, given.operationName);
    // GraphiQL learns of another operation a moment after it is put into the editor.
    const params = operation?.name ? { ...given, operationName: operation.name.value } : given;
    const sent = isIntrospection ? token : tokenFor(params.query, operation);
    const headers = new Headers({ accept: ACCEPT, "content-type": "application/json" });
    if (sent) {
      headers.set("authorization", `Bearer ${sent}`);
    }
    for (const [name, value] of Object.entries(options.headers ?? {})) {
      headers.set(name, String(value));
    }
    const isOwn = headers.get("authorization") === (sent ? `Bearer ${sent}` : null);
    const refused = (words) => isOwn && sent && refuse(sent, words);
    if (config.subscriptionEndpoint && operation?.operation === "subscription") {
      return subscription(params, headers, sent, refused);
    }
    return ask(params, headers, sent, (result, words) => {
      if (words) {
        refused(words);
      } else if (!isIntrospection) {
        answered(result);
      }
    });
  };
}
