import { Environment, Network, Observable, RecordSource, Store } from "relay-runtime";
import { createClient } from "graphql-ws";

export function connect(url, token) {
  const headers = { Authorization: `Bearer ${token}` };
  const socket = createClient({ url: `${url.replace("http", "ws")}/ws`, connectionParams: headers });
  const ask = async ({ text: query }, variables) => {
    const response = await fetch(url, {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/json" },
      body: JSON.stringify({ query, variables }),
    });
    return response.json();
  };
  const watch = ({ text: query }, variables) =>
    Observable.create((sink) => socket.subscribe({ query, variables }, sink));
  return new Environment({
    network: Network.create(ask, watch),
    store: new Store(new RecordSource()),
  });
}
