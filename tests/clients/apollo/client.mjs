import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from "@apollo/client/core";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { relayStylePagination } from "@apollo/client/utilities";
import { createClient } from "graphql-ws";

export function connect(url, token) {
  const headers = { Authorization: `Bearer ${token}` };
  const socket = createClient({ url: `${url.replace("http", "ws")}/ws`, connectionParams: headers });
  return new ApolloClient({
    cache: new InMemoryCache({
      typePolicies: { Query: { fields: { protocols: relayStylePagination(["filter", "orderBy"]) } } },
    }),
    link: ApolloLink.split(
      ({ operationType }) => operationType === "subscription",
      new GraphQLWsLink(socket),
      new HttpLink({ uri: url, headers }),
    ),
  });
}
