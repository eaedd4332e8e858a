import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { createClient } from "graphql-ws";

export function connect(url, token) {
  const headers = { Authorization: `Bearer ${token}` };
  const socket = createClient({ url: `${url.replace("http", "ws")}/ws`, connectionParams: headers });
  return new Client({
    url,
    preferGetMethod: false,
    fetchOptions: { headers },
    exchanges: [
      cacheExchange({ resolvers: { Query: { protocols: relayPagination() } } }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (request) => ({
          subscribe: (sink) => ({ unsubscribe: socket.subscribe(request, sink) }),
        }),
      }),
    ],
  });
}
