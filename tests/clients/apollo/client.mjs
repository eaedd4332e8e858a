import { ApolloClient, HttpLink, InMemoryCache } from "@apollo/client/core";
import { relayStylePagination } from "@apollo/client/utilities";

export function connect(url, token) {
  const headers = { Authorization: `Bearer ${token}` };
  return new ApolloClient({
    cache: new InMemoryCache({
      typePolicies: { Query: { fields: { protocols: relayStylePagination(["filter", "orderBy"]) } } },
    }),
    link: new HttpLink({ uri: url, headers }),
  });
}
