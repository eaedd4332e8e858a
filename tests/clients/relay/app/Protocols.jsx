/** A list of protocols with a button for more, and one in each row that changes its dose. */
import { graphql, useFragment, useLazyLoadQuery, useMutation, usePaginationFragment } from "react-relay";

export function Protocols() {
  const query = useLazyLoadQuery(
    graphql`
      query ProtocolsQuery {
        ...Protocols_list
      }
    `,
    {},
  );
  const { data, hasNext, loadNext } = usePaginationFragment(
    graphql`
      fragment Protocols_list on Query
      @refetchable(queryName: "ProtocolsPageQuery")
      @argumentDefinitions(first: { type: "Int", defaultValue: 2 }, after: { type: "String" }) {
        protocols(first: $first, after: $after) @connection(key: "Protocols_protocols") {
          edges {
            node {
              id
              ...Protocols_row
            }
          }
        }
      }
    `,
    query,
  );
  return (
    <>
      {data.protocols.edges.map(({ node }) => (
        <Row key={node.id} protocol={node} />
      ))}
      {hasNext && <button name="more" onClick={() => loadNext(2)} />}
    </>
  );
}

function Row({ protocol }) {
  const { id, dosageMg } = useFragment(
    graphql`
      fragment Protocols_row on Protocol {
        id
        dosageMg
      }
    `,
    protocol,
  );
  const [changeDose] = useMutation(graphql`
    mutation ProtocolsChangeDoseMutation($id: ID!, $dosageMg: Float!) {
      updateProtocol(id: $id, patch: { dosageMg: $dosageMg }) {
        protocol {
          dosageMg
        }
      }
    }
  `);
  const changeTo = (dosageMg) => changeDose({ variables: { id, dosageMg } });
  return <li id={id} value={dosageMg} onChange={changeTo} />;
}
