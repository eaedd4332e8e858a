//! The log contains no value that a client sends.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::binary::{Served, over, secret};
use crate::harness::{SECRET, clone_database, connect, database_url, http_client};
use crate::identity::hs256;

/// The text that every request contains.
const MARK: &str = "mark7f3a9c";

fn token(sub: &str) -> String {
    let exp = chrono::Utc::now().timestamp() + 600;
    hs256(&json!({ "sub": sub, "exp": exp, "role": "authenticated", "email": MARK, MARK: MARK }), SECRET)
}

/// Returns requests that fail in every possible way, each with the mark in it.
fn requests(protocol: i64) -> Vec<Value> {
    let long = MARK.repeat(20_000);
    let mut requests = vec![
        json!({ "query": format!("{{ {MARK} }}") }),
        json!({ "query": format!("{MARK} {{") }),
        json!({ "query": "query($id: BigInt) { protocol(recordId: $id) { id } }", "variables": { "id": MARK } }),
        json!({ "query": format!("{{ protocol(recordId: \"{MARK}\") {{ id }} }}") }),
        json!({ "query": format!("{{ node(id: \"{MARK}\") {{ id }} }}") }),
        json!({ "query": format!("{{ protocols(after: \"{MARK}\") {{ nodes {{ id }} }} }}") }),
        json!({ "query": format!("{{ protocols(filter: {{ subjectId: {{ eq: \"{MARK}\" }} }}) {{ nodes {{ id }} }} }}") }),
        json!({ "query": format!("{{ sites(filter: {{ siteName: {{ ilike: \"{long}\" }} }}) {{ nodes {{ id }} }} }}") }),
        json!({ "query": format!("{{ practitionerSearch(query: \"{long}\") {{ nodes {{ profileId }} }} }}") }),
        json!({ "query": format!("{{ searchPractitioners(query: \"{MARK}\") {{ nodes {{ profileId }} }} }}") }),
        json!({ "query": format!(
            "{{ sessionEventsSeries(time: EVENT_TIMESTAMP, bucket: {{ calendar: {{ unit: DAY, timeZone: \"{MARK}\" }} }}) {{ lines {{ points {{ time }} }} }} }}") }),
        json!({ "query": "{ sites { nodes { id } } }", "extensions": { "idempotencyKey": MARK } }),
        json!({ "query": "{ sites { nodes { id } } }", "operationName": MARK }),
    ];
    for input in [
        json!({ "protocolId": protocol.to_string(), "notes": MARK }),
        json!({ "protocolId": protocol.to_string(), "intensityLevel": 99, "notes": MARK }),
        json!({ "protocolId": "987654321", "notes": MARK }),
        json!({ "protocolId": protocol.to_string(), "eventTypeId": "987654321", "notes": MARK }),
        json!({ "protocolId": protocol.to_string(), "eventTimestamp": MARK }),
    ] {
        requests.push(json!({
            "query": "mutation($input: SessionEventInput!) { createSessionEvent(input: $input) { sessionEvent { id } } }",
            "variables": { "input": input },
        }));
    }
    for (field, arguments) in [
        ("logSessionEvent", format!("protocolId: \"{protocol}\", eventType: \"{MARK}\"")),
        ("createPractitionerProfile", format!("input: {{ displayName: \"{MARK}\", hourlyRate: 1e40 }}")),
        ("createPractitionerProfile", format!("input: {{ displayName: \"{MARK}\", maxSupervisees: -1 }}")),
        ("createSupervisionCircle", format!("input: {{ circleName: \"{MARK}\", maxMembers: 999999 }}")),
        ("createRefMedication", format!("input: {{ medicationName: \"{MARK}\" }}")),
        ("createMedication", format!("input: {{ medicationName: \"{MARK}\" }}")),
        ("createTherapyflowPatient", format!("input: {{ fullName: \"{MARK}\", abhaId: \"{MARK}\" }}")),
    ] {
        requests.push(json!({ "query": format!("mutation {{ {field}({arguments}) {{ __typename }} }}") }));
    }
    requests
}

#[tokio::test]
async fn the_log_holds_no_value_that_was_sent() {
    let database = clone_database().await;
    let owner = connect(&database_url("postgres", &database)).await;
    let sql = "SELECT user_id::text, max(record_id) FROM user_sites JOIN log_clinical_records USING (site_id)
      JOIN auth.users AS u ON u.id = user_id WHERE email = 'clinician.north@praxis.example' GROUP BY user_id";
    let row = owner.query_one(sql, &[]).await.unwrap();
    let (clinician, protocol): (&str, i64) = (row.get(0), row.get(1));
    // A constraint whose comment contains the value, and a table that causes an error of Postgres.
    owner
        .batch_execute(
            "CREATE FUNCTION complain() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN RAISE EXCEPTION 'not %', NEW.circle_name USING ERRCODE = 'XX001', DETAIL = NEW.circle_name; END $$;
             CREATE TRIGGER complain BEFORE INSERT ON supervision_circles FOR EACH ROW EXECUTE FUNCTION complain()",
        )
        .await
        .unwrap();
    let path = std::env::temp_dir().join(format!("praxis-log-{}", std::process::id()));
    let url = database_url("praxis_gateway", &database);
    let mut served = Served::logging(
        &[&over(&url)[..], &["--log", "trace", "--server-timing", "true"]].concat(),
        File::create(&path).unwrap(),
    )
    .await;

    let http = http_client();
    let at = |path: &str| format!("http://{}{path}", served.address);
    let mut answered = 0;
    // A `sub` that is no id makes the policies themselves fail.
    for sub in [MARK, clinician] {
        for body in requests(protocol) {
            let request =
                http.post(at("/graphql")).bearer_auth(token(sub)).header("x-request-id", format!("{MARK} x"));
            let answer: Value = request.json(&body).send().await.unwrap().json().await.unwrap();
            answered += usize::from(answer.get("errors").is_some());
        }
    }
    assert!(answered > 30, "{answered}");
    for request in [
        http.get(at(&format!("/{MARK}/{MARK}?{MARK}"))),
        http.get(at(&format!("/graphql?query={MARK}&variables={MARK}"))),
        http.post(at("/graphql")).body(format!("{{\"{MARK}")).header("content-type", "application/json"),
        http.post(at("/graphql")).bearer_auth(MARK).json(&json!({})),
        http.post(at("/graphql")).header("authorization", MARK).json(&json!({})),
        http.post(at("/graphql"))
            .header("idempotency-key", MARK)
            .header("origin", MARK)
            .json(&requests(protocol)[0]),
        http.get(at("/graphql/ws")).header("sec-websocket-protocol", MARK).header("upgrade", MARK),
    ] {
        request.send().await.unwrap();
    }
    let name = "o".repeat(5_000);
    let named = json!({ "query": format!("query {name} {{ __typename }}") });
    http.post(at("/graphql")).json(&named).send().await.unwrap();

    served.signal(Signal::TERM);
    served.ended().await;
    let log = fs::read_to_string(&path).unwrap();
    fs::remove_file(&path).unwrap();
    assert!(log.contains("internal error") && log.contains("answered"), "{log}");
    let bad: Vec<&str> =
        log.lines().filter(|line| line.contains(MARK)).map(|line| &line[..line.len().min(400)]).collect();
    assert!(bad.is_empty(), "{} lines: {:#?}", bad.len(), &bad[..bad.len().min(10)]);
    assert!(!log.contains(&"o".repeat(100)), "the name of an operation has a bound");
}

#[tokio::test]
async fn the_log_of_its_own_postgres_is_private_and_holds_no_value() {
    let folder = std::env::temp_dir().join(format!("praxis-own-log-{}", std::process::id()));
    let data = folder.join("data");
    let mut served = Served::start(&[
        "--listen",
        "127.0.0.1:0",
        "--no-demo",
        "--jwt-secret",
        secret(),
        "--data-dir",
        data.to_str().unwrap(),
    ])
    .await;
    let http = http_client();
    for body in requests(1) {
        let request = http.post(format!("http://{}/graphql", served.address)).bearer_auth(token(MARK));
        request.json(&body).send().await.unwrap();
    }
    served.signal(Signal::TERM);
    served.ended().await;
    let mut found = Vec::new();
    let mut next = vec![folder.clone()];
    while let Some(folder) = next.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                next.push(entry.path());
            } else if entry.file_name().to_string_lossy().starts_with("postgres.log") {
                found.push(entry.path());
            }
        }
    }
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].metadata().unwrap().mode() & 0o777, 0o600);
    assert_eq!(found[0].parent().unwrap().metadata().unwrap().mode() & 0o777, 0o700);
    let log = fs::read_to_string(&found[0]).unwrap();
    assert!(log.contains("ready to accept connections"), "{log}");
    assert!(!log.contains(MARK), "{log}");
    fs::remove_dir_all(folder).unwrap();
}
