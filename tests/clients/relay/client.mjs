import { Environment, Network, RecordSource, Store } from "relay-runtime";

export function connect(url, token) {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const fetchAnswer = async ({ text }, variables) => {
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query: text, variables }) });
    return response.json();
  };
  return new Environment({
    network: Network.create(fetchAnswer),
    store: new Store(new RecordSource()),
  });
}
