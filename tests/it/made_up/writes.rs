//! Mutations, refusals and notifications of the made-up system.

use serde_json::json;

use super::{WRITERS, entries, started};
use crate::fixture::signed_in;
use crate::harness::Socket;
use entity_made_up::tools;

#[tokio::test]
async fn a_write_changes_the_table_of_its_schema() {
    let (app, owner) = started().await;
    let actor = signed_in(&app, WRITERS[0]);
    let create =
        "mutation { createMadeUpTool07Entry(input: { companyId: \"2\", version: 2, data: { of: \"new\" } }) {
        tool07Entry { version company { name } audits { nodes { action } } } } }";
    let written = actor.ask(create).await;
    assert_eq!(
        written.data()["createMadeUpTool07Entry"]["tool07Entry"],
        json!({ "version": 2, "company": { "name": "Other" }, "audits": { "nodes": [{ "action": "INSERT" }] } })
    );
    let delete = "mutation { deleteMadeUpTool08Entry(entryId: \"1\") { tool08Entry { entryId } } }";
    assert!(actor.ask(delete).await.data()["deleteMadeUpTool08Entry"].is_object());
    for schema in tools() {
        let count = format!("SELECT count(*) FROM {}.tool_data", schema.name);
        let expected = match schema.name {
            "made_up_07" => 3,
            "made_up_08" => 1,
            _ => 2,
        };
        assert_eq!(owner.query_one(&count, &[]).await.unwrap().get::<_, i64>(0), expected, "{}", schema.name);
    }
}

#[tokio::test]
async fn a_refusal_has_the_words_of_its_schema() {
    let (app, _) = started().await;
    let actor = signed_in(&app, WRITERS[0]);
    // The comment of a constraint is cached: alternating schemas show that each gets its own.
    for tool in ["03", "04", "03"] {
        for (input, constraint, words) in [
            (
                "companyId: \"1\", version: 0",
                "positive_version",
                format!("Versions of made_up_{tool} begin at 1."),
            ),
            (
                "companyId: \"1\"",
                "entry_version",
                format!("There is such a version of made_up_{tool} already."),
            ),
            (
                "companyId: \"9\", version: 5",
                "tool_data_company_id_fkey",
                format!("There is no such company for made_up_{tool}."),
            ),
        ] {
            let create = format!(
                "mutation {{ createMadeUpTool{tool}Entry(input: {{ {input} }}) {{ tool{tool}Entry {{ entryId }} }} }}"
            );
            let refused = actor.ask(&create).await;
            let error = refused.error();
            assert_eq!(error["message"], words);
            let rule = ["schema", "table", "constraint"].map(|name| error["extensions"][name].clone());
            assert_eq!(rule, [json!(format!("made_up_{tool}")), json!("tool_data"), json!(constraint)]);
        }
    }
}

#[tokio::test]
async fn a_feed_tells_the_changes_of_its_schema() {
    let (app, _) = started().await;
    let actor = signed_in(&app, WRITERS[0]);
    let mut socket = Socket::of(&app, &actor).await;
    for tool in ["05", "06"] {
        let subscription = format!(
            "subscription {{ madeUpTool{tool}EntriesChanged {{ operation tool{tool}Entry {{ data }} }} }}"
        );
        socket.subscribe(tool, &subscription, &json!({})).await;
    }
    for (tool, field) in [("00", "madeUpFirstToolSubmitted"), ("01", "madeUpSecondToolSubmitted")] {
        let subscription =
            format!("subscription {{ {field}(companyId: \"1\") {{ tool{tool}Entry {{ data }} }} }}");
        socket.subscribe(tool, &subscription, &json!({})).await;
    }
    let mut others = Socket::of(&app, &signed_in(&app, WRITERS[1])).await;
    others.subscribe("06", "subscription { madeUpTool06EntriesChanged { operation } }", &json!({})).await;

    let update = |tool: &str| {
        format!(
            "mutation {{ updateMadeUpTool{tool}Entry(entryId: \"1\", patch: {{ status: SUBMITTED }}) {{ tool{tool}Entry {{ entryId }} }} }}"
        )
    };
    actor.ask(&update("06")).await.data();
    let change = json!({ "operation": "UPDATED", "tool06Entry": { "data": { "of": "made_up_06 0" } } });
    assert_eq!(socket.data("06").await["madeUpTool06EntriesChanged"], change);
    actor.ask(&update("01")).await.data();
    let change = json!({ "tool01Entry": { "data": { "of": "made_up_01 0" } } });
    assert_eq!(socket.data("01").await["madeUpSecondToolSubmitted"], change);
    socket.quiet().await;
    others.quiet().await;
    assert_eq!(entries(tools().nth(6).unwrap()), "tool06Entries");
}
