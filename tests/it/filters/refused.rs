//! Invalid filters are refused, with the location.

use serde_json::json;

use crate::harness::App;

#[tokio::test]
async fn a_wrong_value_is_refused_with_its_argument_and_place() {
    let app = App::start().await;
    let asker = app.anonymous();
    let many: Vec<String> = (0..201).map(|number| format!("{{sessionNumber: {{eq: {number}}}}}")).collect();
    for (filter, argument, code) in [
        ("{sessionDate: {eq: \"12.2.2026\"}}", "filter.sessionDate.eq", "BAD_USER_INPUT"),
        ("{sessionDate: {eq: \"2026-02-30\"}}", "filter.sessionDate.eq", "BAD_USER_INPUT"),
        ("{sessionDate: {eq: 20260212}}", "filter.sessionDate.eq", "BAD_USER_INPUT"),
        ("{submittedAt: {gt: \"2026-02-12T14:15:00\"}}", "filter.submittedAt.gt", "BAD_USER_INPUT"),
        ("{submittedAt: {gt: \"2026-02-12\"}}", "filter.submittedAt.gt", "BAD_USER_INPUT"),
        ("{recordId: {in: [\"1\", \"x\"]}}", "filter.recordId.in.1", "BAD_USER_INPUT"),
        ("{recordId: {eq: \"9223372036854775808\"}}", "filter.recordId.eq", "BAD_USER_INPUT"),
        ("{recordId: {eq: 9223372036854775808}}", "filter.recordId.eq", "BAD_USER_INPUT"),
        ("{recordId: {eq: 1.5}}", "filter.recordId.eq", "BAD_USER_INPUT"),
        ("{recordId: {eq: true}}", "filter.recordId.eq", "BAD_USER_INPUT"),
        ("{recordId: {eq: {a: 1}}}", "filter.recordId.eq", "BAD_USER_INPUT"),
        ("{createdBy: {neq: \"nobody\"}}", "filter.createdBy.neq", "BAD_USER_INPUT"),
        ("{prepHours: {lte: \"1,5\"}}", "filter.prepHours.lte", "BAD_USER_INPUT"),
        ("{prepHours: {lte: \"1e999999999\"}}", "filter.prepHours.lte", "BAD_USER_INPUT"),
        ("{prepHours: {lte: \"NaN\"}}", "filter.prepHours.lte", "BAD_USER_INPUT"),
        ("{patientLinkCode: {eq: \"a\\u0000b\"}}", "filter.patientLinkCode.eq", "BAD_USER_INPUT"),
        ("{patientLinkCode: {contains: \"\\u0000\"}}", "filter.patientLinkCode.contains", "BAD_USER_INPUT"),
        (
            "{supportModalityIds: {overlaps: [\"a\"]}}",
            "filter.supportModalityIds.overlaps.0",
            "BAD_USER_INPUT",
        ),
        ("{sessionNumber: {eq: null}}", "filter.sessionNumber.eq", "BAD_USER_INPUT"),
        ("{sessionNumber: {isNull: null}}", "filter.sessionNumber.isNull", "BAD_USER_INPUT"),
        ("{sessionNumber: null}", "filter.sessionNumber", "BAD_USER_INPUT"),
        ("{and: null}", "filter.and", "BAD_USER_INPUT"),
        ("{not: null}", "filter.not", "BAD_USER_INPUT"),
        ("{substance: null}", "filter.substance", "BAD_USER_INPUT"),
        ("{events: {some: null}}", "filter.events.some", "BAD_USER_INPUT"),
        (
            "{and: [{}, {or: [{events: {some: {eventTimestamp: {gt: \"now\"}}}}]}]}",
            "filter.and.1.or.0.events.some.eventTimestamp.gt",
            "BAD_USER_INPUT",
        ),
        (
            "{not: {substance: {rxnormCui: {eq: \"x\"}}}}",
            "filter.not.substance.rxnormCui.eq",
            "BAD_USER_INPUT",
        ),
        (&format!("{{or: [{}]}}", many.join(", ")), "filter.or.200.sessionNumber.eq", "LIMIT_EXCEEDED"),
    ] {
        let literal =
            format!("{{\n  list: protocols(filter: {filter}) {{ totalCount nodes {{ recordId }} }} }}");
        let answer = asker.ask(&literal).await;
        let error = answer.error();
        assert_eq!(error["extensions"]["code"], code, "{filter}: {error}");
        assert_eq!(error["extensions"]["argument"], argument, "{filter}");
        assert_eq!(error["path"], json!(["list"]), "{filter}");
        // The value at the path.
        let name = argument.trim_end_matches(|end: char| end == '.' || end.is_ascii_digit());
        let name = name.rsplit('.').next().unwrap();
        let behind = literal.rsplit_once(&format!("{name}: ")).unwrap().1;
        let value = if name == "in" { "\"x\"" } else { behind.trim_start_matches('[') };
        assert!(answer.points_at(&literal).starts_with(value), "{filter}: {}", answer.points_at(&literal));
    }

    let query = "query($filter: ProtocolFilter) { protocols(filter: $filter) { totalCount } }";
    let wrong = json!({ "filter": { "and": [{ "sessionDate": { "eq": "yesterday" } }] } });
    let answer = asker.ask_with(query, &wrong).await;
    assert_eq!(answer.code(), "BAD_USER_INPUT");
    assert_eq!(answer.error()["extensions"]["argument"], "filter.and.0.sessionDate.eq");
    for variables in [
        json!({ "filter": { "sessionDay": { "eq": "2026-01-01" } } }),
        json!({ "filter": { "sessionType": { "eq": "WALKING" } } }),
        json!({ "filter": { "sessionNumber": { "eq": "1" } } }),
        json!({ "filter": { "sessionNumber": { "eq": 2_147_483_648_i64 } } }),
        json!({ "filter": 7 }),
    ] {
        assert_eq!(asker.ask_with(query, &variables).await.code(), "BAD_USER_INPUT", "{variables}");
    }
    for filter in ["{sessionDay: {eq: 1}}", "{sessionType: {eq: WALKING}}", "{sessionNumber: {eq: \"1\"}}"] {
        let answer = asker.ask(&format!("{{ protocols(filter: {filter}) {{ totalCount }} }}")).await;
        assert_eq!(answer.code(), "GRAPHQL_INVALID", "{filter}");
    }
}
