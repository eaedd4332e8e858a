/** The last events of a session, kept up to date while it is logged. */
import { useMemo } from "react";
import { graphql, useFragment, useLazyLoadQuery, useSubscription } from "react-relay";

export function Session({ recordId }) {
  const { protocol } = useLazyLoadQuery(
    graphql`
      query SessionQuery($recordId: BigInt!) {
        protocol(recordId: $recordId) {
          ...Session_events
        }
      }
    `,
    { recordId },
  );
  const subscription = graphql`
    subscription SessionEventLoggedSubscription($recordId: BigInt!) {
      sessionEventLogged(protocolId: $recordId) {
        sessionEvent {
          protocol {
            ...Session_events
          }
        }
      }
    }
  `;
  useSubscription(useMemo(() => ({ subscription, variables: { recordId } }), [subscription, recordId]));
  const { events } = useFragment(
    graphql`
      fragment Session_events on Protocol {
        events(last: 3) {
          nodes {
            id
            intensityLevel
          }
        }
      }
    `,
    protocol,
  );
  return (
    <ol>
      {events.nodes.map(({ id, intensityLevel }) => (
        <li key={id} id={id} value={intensityLevel} />
      ))}
    </ol>
  );
}
