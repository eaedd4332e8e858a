//! The supervision network as a graph, as different callers see it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::fixture::{oracle, person, signed_in};
use crate::harness::{Actor, App};

const NETWORK: &str = "{ supervisionNetwork {
    __typename viewerId profileId nodeCount edgeCount profile { displayName }
    nodes(first: 1000) { totalCount nodes { profileId displayName isMe degree supervisionCount circleCount } }
    edges(first: 1000) { totalCount nodes { id kind linkId sourceId targetId status since circle { circleName } } }
  } }";

async fn network(actor: &Actor<'_>) -> Value {
    let answer = actor.ask(NETWORK).await;
    answer.data()["supervisionNetwork"].clone()
}

fn list<'a>(network: &'a Value, field: &str) -> &'a Vec<Value> {
    network[field]["nodes"].as_array().unwrap()
}

#[tokio::test]
async fn every_edge_ends_at_nodes_and_every_node_counts_its_edges() {
    let app = App::shared().await;
    for actor in
        [app.clinician_north().await, app.clinician_south().await, app.user("network@praxis.example").await]
    {
        let network = network(&actor).await;
        assert_eq!(network["__typename"], "SupervisionNetwork");
        let (nodes, edges) = (list(&network, "nodes"), list(&network, "edges"));
        assert!(!nodes.is_empty() && !edges.is_empty());
        assert_eq!(
            (&network["nodeCount"], &network["edgeCount"]),
            (&json!(nodes.len()), &json!(edges.len()))
        );
        assert_eq!(network["nodes"]["totalCount"], nodes.len());
        let mut degrees: BTreeMap<&str, u64> = BTreeMap::new();
        for edge in edges {
            for end in ["sourceId", "targetId"] {
                *degrees.entry(edge[end].as_str().unwrap()).or_default() += 1;
            }
            assert_eq!(edge["kind"] == "CIRCLE", edge["circle"]["circleName"].is_string());
            assert_eq!(edge["kind"] == "SUPERVISION", edge["status"].is_string());
            assert_ne!(edge["sourceId"], edge["targetId"]);
        }
        for node in nodes {
            let degree = degrees.remove(node["profileId"].as_str().unwrap()).unwrap_or_default();
            assert_eq!(node["degree"], degree, "{node}");
            assert_eq!(node["isMe"], node["profileId"] == network["profileId"]);
        }
        assert_eq!(degrees, BTreeMap::new(), "edges without nodes");
    }
}

#[tokio::test]
async fn one_sees_ones_own_supervision_and_everybodys_circles() {
    let app = App::shared().await;
    let circles = "SELECT count(*) AS n FROM circle_members a JOIN circle_members b USING (circle_id)
                   WHERE a.profile_id < b.profile_id";
    let circles = oracle(&app, circles).await[0]["n"].clone();
    let mut supervisions = BTreeSet::new();
    for email in ["clinician.north@praxis.example", "clinician.south@praxis.example"] {
        let network = network(&app.user(email).await).await;
        let of = |kind: &str| {
            list(&network, "edges").iter().filter(|edge| edge["kind"] == kind).collect::<Vec<_>>()
        };
        assert_eq!(of("CIRCLE").len(), circles, "{email}");
        let expected = oracle(
            &app,
            &format!(
                "SELECT relationship_id::text AS id FROM supervision_relationships, practitioner_profiles p
                 JOIN auth.users u ON u.id = p.user_id
                 WHERE u.email = '{email}' AND status IN ('pending', 'active')
                   AND p.profile_id IN (supervisor_id, supervisee_id)"
            ),
        )
        .await;
        let ids = |rows: &[Value]| rows.iter().map(|row| row["id"].to_string()).collect::<BTreeSet<_>>();
        let found: BTreeSet<String> =
            of("SUPERVISION").iter().map(|edge| edge["linkId"].to_string()).collect();
        assert_eq!(found, ids(expected.as_array().unwrap()), "{email}");
        supervisions.extend(found);
    }
    assert!(!supervisions.is_empty());
}

#[tokio::test]
async fn who_is_new_sees_circles_and_who_is_nobody_sees_nothing() {
    let app = App::start().await;
    let owner = app.owner().await;
    let id = person(&owner, "new").await;
    let new = signed_in(&app, &id);
    let before = network(&new).await;
    assert_eq!((&before["viewerId"], &before["profileId"]), (&json!(id), &Value::Null));
    assert!(list(&before, "nodes").iter().all(|node| node["isMe"] == false));
    assert!(list(&before, "edges").iter().all(|edge| edge["kind"] == "CIRCLE"));
    // A practitioner with a profile is in the graph, if alone.
    let sql = format!("INSERT INTO practitioner_profiles (user_id, display_name) VALUES ('{id}', 'New')");
    owner.batch_execute(&sql).await.unwrap();
    let after = network(&new).await;
    assert_eq!(after["profile"]["displayName"], "New");
    let me: Vec<&Value> = list(&after, "nodes").iter().filter(|node| node["isMe"] == true).collect();
    assert_eq!(me.len(), 1);
    assert_eq!(me[0]["degree"], 0);
    assert_eq!(network(&app.anonymous()).await, Value::Null);
    let roots = "{ supervisionNetworkNodes { totalCount } supervisionNetworkEdges { totalCount } }";
    let answer = app.anonymous().ask(roots).await;
    assert_eq!(answer.data()["supervisionNetworkNodes"]["totalCount"], 0);
    assert_eq!(answer.data()["supervisionNetworkEdges"]["totalCount"], 0);
}
