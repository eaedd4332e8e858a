//! Ranges of numbers: each number is in the range of its group, to its last digit.
//!
//! Postgres's `numeric` checks the text of the answer, without a conversion to double.

use praxis::graph::catalog::{Catalog, Scalar};
use praxis::systems;
use reqwest::RequestBuilder;
use tokio_postgres::Client;

use crate::fixture::{clinician, protocol};
use crate::harness::{Actor, App};

/// Widths, some of which doubles cannot represent.
const WIDTHS: [&str; 14] = [
    "0.1",
    "0.01",
    "0.05",
    "0.2",
    "0.3",
    "0.7",
    "1.1",
    "2.2",
    "5",
    "0.000001",
    "1e3",
    "0.3333333333333333",
    "0.30000000000000004",
    "12.345678901234567890123",
];
/// Bounds of the same kind, each a list.
const BOUNDS: [&str; 5] = [
    "0.1, 0.2, 0.3",
    "-0.3, 0, 2.8",
    "0.3000000000000000001",
    "0.30000000000000004, 0.7, 1.1",
    "2.11, 4.68, 4503599627370497.5",
];

/// Returns the text of an answer without errors.
async fn text(app: &App, actor: &Actor<'_>, query: &str) -> String {
    let request = app.http().post(app.url("/graphql")).json(&serde_json::json!({ "query": query }));
    let request = actor.token.iter().fold(request, RequestBuilder::bearer_auth);
    let text = request.send().await.unwrap().text().await.unwrap();
    assert!(!text.contains("\"errors\""), "{query}: {text}");
    text
}

/// Returns the wrong groups at a place of an answer, and the number of all groups. `width` is that of all ranges, if they have
/// one.
async fn wrong(owner: &Client, answer: &str, place: &[&str], width: Option<&str>) -> (Vec<String>, i64) {
    let is_multiple = width.map_or_else(
        || "true".into(),
        |width| format!("mod(\"from\", {width}) = 0 AND \"to\" - \"from\" = {width}"),
    );
    let sql = format!(
        "WITH told AS (
           SELECT it, (it #>> '{{key,range,from}}')::numeric AS \"from\", (it #>> '{{key,range,to}}')::numeric AS \"to\",
                  (it #>> '{{aggregate,numbers,min}}')::numeric AS least, (it #>> '{{aggregate,numbers,max}}')::numeric AS most
             FROM jsonb_array_elements($1::text::jsonb #> $2) it)
         SELECT it::text FROM told
          WHERE num_nonnulls(\"from\", \"to\") > 0 AND NOT
                (coalesce(\"from\" <= least, true) AND coalesce(most < \"to\", true) AND least IS NOT NULL AND {is_multiple})
         UNION ALL SELECT 'a range comes twice' FROM told HAVING count(DISTINCT (\"from\", \"to\")) < count(*)
         UNION ALL SELECT count(*)::text FROM told"
    );
    let rows = owner.query(&sql, &[&answer, &place]).await.unwrap();
    let mut texts: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let count = texts.pop().unwrap().parse().unwrap();
    (texts, count)
}

#[tokio::test]
async fn every_number_of_every_table_lies_in_the_range_that_is_told() {
    let app = App::with(|config| config.limits.cost = u64::MAX).await;
    let owner = app.owner().await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let network = app.user("network@praxis.example").await;
    let practice = app.user("owner@mindful.example").await;
    let (mut groups, mut kinds) = (0, Vec::new());
    for table in catalog.tables() {
        let namespace = catalog.systems()[table.system].field.as_deref();
        let actor = if namespace.is_some() { &practice } else { &network };
        let searched = match (table.function, table.list_field.as_str()) {
            (None, _) => "",
            (Some(_), "searchPractitioners") => "query: \"trauma ptsd\",",
            // Its arguments are the caller's own.
            (Some(_), _) => continue,
        };
        for column in table.measures().map(|id| table.column(id)) {
            kinds.push(column.ty.scalar());
            let widths = WIDTHS.map(|width| (format!("width: {width}"), Some(width)));
            let cuts = widths.into_iter().chain(BOUNDS.map(|bounds| (format!("bounds: [{bounds}]"), None)));
            let cuts: Vec<_> = cuts.collect();
            // A caller has a share of the connections, and each field takes a statement.
            for cuts in cuts.chunks(4) {
                let asked = cuts.iter().enumerate().map(|(at, (cut, _))| {
                    format!(
                        "a{at}: {}({searched} first: 1000, groupBy: {{ {range}: {{ {cut} }} }}, filter: {{ {field}: {{ isNull: false }} }}) {{
                           key {{ range: {range} {{ from to }} }} aggregate {{ numbers: {field} {{ min max }} }} }}",
                        table.groups_field,
                        range = column.range_field(),
                        field = column.field,
                    )
                });
                let asked = asked.collect::<Vec<_>>().join(" ");
                let query = match namespace {
                    Some(of) => format!("{{ {of} {{ {asked} }} }}"),
                    None => format!("{{ {asked} }}"),
                };
                let answer = text(&app, actor, &query).await;
                for (at, (cut, width)) in cuts.iter().enumerate() {
                    let name = format!("a{at}");
                    let place = ["data"].into_iter().chain(namespace).chain([name.as_str()]);
                    let (wrong, count) = wrong(&owner, &answer, &place.collect::<Vec<_>>(), *width).await;
                    assert_eq!(wrong, Vec::<String>::new(), "{}.{}, {cut}", table.name, column.field);
                    groups += count;
                }
            }
        }
    }
    assert!(groups > 5_000, "{groups}");
    for scalar in [Scalar::Int, Scalar::Numeric, Scalar::Decimal, Scalar::Double, Scalar::Real] {
        assert!(kinds.contains(&scalar), "no column of {scalar:?} was asked");
    }
}

#[tokio::test]
async fn what_lies_close_to_an_end_lies_on_its_side_as_a_filter_says() {
    let app = App::with(|config| config.limits.cost = u64::MAX).await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "ranges").await;
    protocol(&owner, site).await;
    // Multiples of each width, with the adjacent numbers on both sides, near and far from 0.
    for width in WIDTHS {
        let sql = format!(
            "INSERT INTO log_clinical_records (site_id, prep_hours)
             SELECT $1, many * {width}::numeric + little FROM unnest('{{-12,-1,0,1,3,28,47,1000000007}}'::numeric[]) many,
                    unnest('{{-1e-25,0,1e-25}}'::numeric[]) little"
        );
        owner.execute(&sql, &[&site]).await.unwrap();
    }
    for width in WIDTHS {
        let query = format!(
            "{{ groups: protocolsGroups(first: 1000, groupBy: {{ prepHoursRange: {{ width: {width} }} }}) {{
                 key {{ range: prepHoursRange {{ from to }} }} aggregate {{ count numbers: prepHours {{ min max }} }} }} }}"
        );
        let answer = text(&app, &actor, &query).await;
        let (wrong, count) = wrong(&owner, &answer, &["data", "groups"], Some(width)).await;
        assert_eq!(wrong, Vec::<String>::new(), "{width}");
        assert!(count > 20, "{width}: {count}");
    }
    // Bounds are inclusive or exclusive as in a filter; with the adjacent numbers on both sides.
    for bound in ["0.3", "0.30000000000000004", "-1.1", "9007199254740993", "123456789.123456789123456789"] {
        let sql = "INSERT INTO log_clinical_records (site_id, prep_hours)
            SELECT $1, $2::text::numeric + little FROM unnest('{-1e-25,-1e-17,0,1e-17,1e-25}'::numeric[]) little";
        owner.execute(sql, &[&site, &bound]).await.unwrap();
        let query = format!(
            "{{ groups: protocolsGroups(groupBy: {{ prepHoursRange: {{ bounds: [{bound}] }} }}, filter: {{ prepHours: {{ isNull: false }} }}) {{
                  key {{ prepHoursRange {{ from to }} }} aggregate {{ count }} }}
                below: protocols(filter: {{ prepHours: {{ lt: \"{bound}\" }} }}) {{ totalCount }}
                above: protocols(filter: {{ prepHours: {{ gte: \"{bound}\" }} }}) {{ totalCount }} }}"
        );
        let answer = actor.ask(&query).await;
        let data = answer.data();
        assert_eq!(data["groups"][0]["aggregate"]["count"], data["below"]["totalCount"], "{bound}");
        assert_eq!(data["groups"][1]["aggregate"]["count"], data["above"]["totalCount"], "{bound}");
        assert!(text(&app, &actor, &query).await.contains(&format!("\"from\":{bound},")), "{bound}");
    }
}
