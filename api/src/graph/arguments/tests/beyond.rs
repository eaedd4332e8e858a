//! Tests values that fit their type but cannot be used: times that no answer can show, and arguments without effect.

use super::GATEWAY;
use super::places::{Place, nullable};
use crate::graph::error::{Code, Error};

/// The times and dates of each type that Postgres has but calendars do not show.
const BEYOND: [(&str, &[&str]); 3] = [
    ("DateTime", &["infinity", "-infinity", "+010000-01-02T00:00:00Z", "0000-12-31T00:00:00Z"]),
    ("LocalDateTime", &["infinity", "-infinity", "+010000-01-02T00:00:00", "0000-12-31T00:00:00"]),
    ("Date", &["infinity", "-infinity", "+010000-01-01", "0000-12-31"]),
];

/// Returns true if an answer or a stored row depends on the value at a place: others are only compared.
fn decides(place: &Place) -> bool {
    let field = place.coordinate.split('.').nth(1).unwrap_or_default();
    let is_of_function = GATEWAY.catalog.functions().iter().any(|function| function.field == field);
    let is_filter = place.path.starts_with("filter") || place.path.starts_with("orderBy");
    place.is_data() || place.path == "ifUnchangedSince" || is_of_function && !is_filter
}

#[test]
fn a_time_beyond_calendars_is_refused_wherever_something_follows_from_it() {
    let places = GATEWAY.places();
    let mut tried = 0;
    for place in places.iter().filter(|place| decides(place) && !place.ty.is_list()) {
        let name = place.ty.inner_named_type();
        let Some((_, beyond)) = BEYOND.iter().find(|(ty, _)| *ty == name.as_str()) else { continue };
        for value in *beyond {
            let operation = place.operation(&format!("\"{value}\""), &place.ty);
            let Err(Error { code, argument, message, .. }) = GATEWAY.plan(&operation, "{}") else {
                panic!("{operation}")
            };
            assert_eq!((code, argument.as_ref()), (Code::BadUserInput, Some(&place.path)), "{operation}");
            assert!(message.ends_with("of the years 1 to 9999"), "{operation}: {message}");
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
    let earliest = "{ therapyflow { freeSlots(earliest: \"infinity\", latest: \"2026-01-01T00:00:00Z\") { nodes { startsAt } } } }";
    assert_eq!(GATEWAY.plan(earliest, "{}").unwrap_err().argument.as_deref(), Some("earliest"));
}

#[test]
fn a_change_of_nothing_names_the_variables_that_have_no_value() {
    let mut tried = 0;
    for place in GATEWAY.places() {
        if !place.path.starts_with("patch.") || place.path.matches('.').count() != 1 {
            continue;
        }
        let operation = place.operation("$v", &nullable(&place.ty));
        let Err(error) = GATEWAY.plan(&operation, "{}") else { panic!("{operation}") };
        assert_eq!(error.argument.as_ref(), Some(&place.path), "{operation}: {error:?}");
        let said = format!("{0}: there is nothing to change: `$v` ({0}) has no value", place.path);
        assert_eq!(error.message, said, "{operation}");
        assert_eq!(error.locations[0].column, operation.rfind("$v").unwrap() + 1, "{operation}");
        tried += 1;
    }
    assert!(tried > 100, "{tried}");
    let several = "mutation($u: Float, $w: Int) {
        updateProtocol(recordId: 1, patch: {dosageMg: $u, phq9Score: $w}) { __typename } }";
    let Err(error) = GATEWAY.plan(several, "{}") else { panic!("{several}") };
    assert_eq!(error.argument.as_deref(), Some("patch"), "{error:?}");
    assert!(error.message.contains("`$u`") && error.message.contains("`$w`"), "{error:?}");
}

#[test]
fn a_place_is_as_deep_as_what_is_wrong() {
    let upsert = "mutation { upsertPractitionerProfile(onConflict: USER_ID,
        input: {circleMemberships: [{circleId: 1}]}) { __typename } }";
    let groups = |order: &str| {
        format!(
            "{{ sessionEventsGroups(groupBy: {{eventTypeId: true}}, orderBy: [{{count: ASC}}, {{key: {order}}}]) {{
               aggregate {{ count }} }} }}"
        )
    };
    for (operation, argument) in [
        (groups("{protocolId: ASC}"), "orderBy.1.key.protocolId"),
        (groups("{eventType: {eventName: ASC}}"), "orderBy.1.key.eventType.eventName"),
        (upsert.to_owned(), "input.circleMemberships"),
    ] {
        let error = GATEWAY.plan(&operation, "{}").unwrap_err();
        assert_eq!(error.argument.as_deref(), Some(argument), "{operation}: {error:?}");
    }
}
