import { Client, fetchExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";

export function connect(url, token) {
  const headers = { Authorization: `Bearer ${token}` };
  return new Client({
    url,
    preferGetMethod: false,
    fetchOptions: { headers },
    exchanges: [cacheExchange({ resolvers: { Query: { protocols: relayPagination() } } }), fetchExchange],
  });
}
