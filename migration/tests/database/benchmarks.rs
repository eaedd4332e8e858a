//! `network_benchmarks` follows the outcomes, and withholds what could identify a site.

use crate::cluster::{Database, Session, migrated};

/// Returns a database with twenty sites without outcomes, and nothing to refresh.
async fn network() -> (Database, Session) {
    let database = migrated().await;
    let mut session = database.connect().await;
    session
        .run("INSERT INTO sites (site_id, site_name) SELECT number, number FROM generate_series(1, 20) AS number")
        .await
        .unwrap();
    assert_eq!(refresh(&mut session).await, "0 written, 0 removed");
    (database, session)
}

async fn refresh(session: &mut Session) -> String {
    session
        .one("SELECT format('%s written, %s removed', cells_written, cells_removed) FROM praxis.refresh_benchmarks()")
        .await
}

/// Sets the response rates of the first sites, in the order of their keys, each over this many judged protocols; `-` for none.
async fn responses(session: &mut Session, month: &str, protocols: u32, rates: &[&str]) {
    session.run(format!("DELETE FROM outcomes_summary WHERE month = '{month}'")).await.unwrap();
    for (at, rate) in rates.iter().enumerate() {
        let rate = if *rate == "-" { "NULL" } else { rate };
        session
            .run(format!(
                "INSERT INTO outcomes_summary
                   (site_id, substance_id, month, total_protocols, response_judged, response_rate)
                 VALUES ({}, 1, '{month}', {protocols}, {protocols}, {rate})",
                at + 1
            ))
            .await
            .unwrap();
    }
}

/// Returns what a site reads of its response rates: rate, quartiles, percentile, and the reasons for missing ones.
async fn seen(session: &mut Session, site: u32) -> Vec<String> {
    session
        .rows(format!(
            "SELECT concat_ws(' ', response_rate, response_lower_quartile, response_median, response_upper_quartile,
               response_percentile, response_suppression)
             FROM network_benchmarks WHERE site_id = {site} ORDER BY month, substance_id"
        ))
        .await
}

const JANUARY: &str = "2026-01-01";

#[tokio::test]
async fn a_site_is_placed_among_the_others() {
    let (_database, mut session) = network().await;
    let session = &mut session;
    responses(session, JANUARY, 5, &["50", "10", "20", "30", "70", "90"]).await;
    assert_eq!(refresh(session).await, "6 written, 0 removed");
    // Quartiles of all six; three of five others are lower.
    assert_eq!(seen(session, 1).await, ["50.00 22.50 40.00 65.00 60.00"]);
    assert_eq!(seen(session, 2).await, ["10.00 22.50 40.00 65.00 0.00"]);
    assert_eq!(seen(session, 6).await, ["90.00 22.50 40.00 65.00 100.00"]);
    // Equal rates count half; rates within the same step of five are equal.
    responses(session, JANUARY, 5, &["50", "50", "51.5", "48", "70", "90", "10"]).await;
    refresh(session).await;
    assert_eq!(seen(session, 1).await, ["50.00 50.00 50.00 60.00 41.67"]);
    // A site without a rate has no percentile, and sees the network.
    responses(session, JANUARY, 5, &["-", "10", "20", "30", "70", "90"]).await;
    refresh(session).await;
    assert_eq!(seen(session, 1).await, ["20.00 30.00 70.00"]);
    assert_eq!(seen(session, 2).await, ["10.00 too_few_sites"], "four others have a rate");
}

#[tokio::test]
async fn no_number_depends_on_another_sites_rate_any_finer_than_five_points() {
    let (_database, mut session) = network().await;
    let session = &mut session;
    responses(session, JANUARY, 5, &["50", "10", "20", "30", "70", "90"]).await;
    refresh(session).await;
    let before = seen(session, 1).await;
    for (site, rate) in [(2, "12.4"), (3, "17.6"), (4, "27.51"), (5, "72.49"), (6, "88.88")] {
        session
            .run(format!("UPDATE outcomes_summary SET response_rate = {rate} WHERE site_id = {site}"))
            .await
            .unwrap();
    }
    assert_eq!(refresh(session).await, "5 written, 0 removed", "their own rows");
    assert_eq!(seen(session, 1).await, before);
    session.run("UPDATE outcomes_summary SET response_rate = 32.5 WHERE site_id = 4").await.unwrap();
    refresh(session).await;
    assert_ne!(seen(session, 1).await, before);
}

#[tokio::test]
async fn below_the_minimum_nothing_is_shown_but_why() {
    let (_database, mut session) = network().await;
    let session = &mut session;
    // Five sites: only four others.
    responses(session, JANUARY, 9, &["50", "10", "20", "30", "70"]).await;
    refresh(session).await;
    assert_eq!(seen(session, 1).await, ["50.00 too_few_sites"]);
    // Each of the other sites needs the minimum of protocols; the site itself does not.
    responses(session, JANUARY, 4, &["50", "10", "20", "30", "70", "90"]).await;
    refresh(session).await;
    assert_eq!(seen(session, 1).await, ["50.00 too_few_protocols"]);
    let protocols = |count: u32, sites: &str| {
        format!(
            "UPDATE outcomes_summary SET total_protocols = {count}, response_judged = {count} WHERE {sites}"
        )
    };
    session.run(protocols(5, "site_id > 1")).await.unwrap();
    refresh(session).await;
    assert_eq!(seen(session, 1).await, ["50.00 20.00 30.00 70.00 60.00"], "its own rate does not enter");
    assert_eq!(seen(session, 2).await, ["10.00 too_few_protocols"], "four others have enough");
    // The minimum applies to each of the others, whatever their total.
    session.run(protocols(500, "site_id = 6")).await.unwrap();
    session.run(protocols(4, "site_id = 5")).await.unwrap();
    refresh(session).await;
    assert_eq!(seen(session, 1).await, ["50.00 too_few_protocols"]);

    // Each rate by itself.
    responses(session, JANUARY, 5, &["50", "10", "20", "30", "70", "90"]).await;
    session.run("UPDATE outcomes_summary SET adverse_event_rate = 10 WHERE site_id < 6").await.unwrap();
    refresh(session).await;
    let suppressions = "SELECT concat_ws(' ', coalesce(response_suppression, '-'), remission_suppression,
        adverse_event_suppression) FROM network_benchmarks WHERE site_id = 1";
    assert_eq!(session.one(suppressions).await, "- too_few_sites too_few_sites");
    session.run("UPDATE outcomes_summary SET adverse_event_rate = 10 WHERE site_id = 6").await.unwrap();
    refresh(session).await;
    assert_eq!(session.one(suppressions).await, "- too_few_sites");
}

#[tokio::test]
async fn a_rate_counts_with_the_protocols_that_it_rests_on() {
    let (_database, mut session) = network().await;
    let session = &mut session;
    responses(session, JANUARY, 90, &["50", "10", "20", "30", "70", "90"]).await;
    session
        .run("UPDATE outcomes_summary SET adverse_event_rate = 10, remission_rate = 20, remission_judged = 5")
        .await
        .unwrap();
    let suppressions =
        "SELECT concat_ws(' ', response_judged, remission_judged, coalesce(response_suppression, '-'),
        coalesce(remission_suppression, '-'), coalesce(adverse_event_suppression, '-'))
        FROM network_benchmarks WHERE site_id = 1";
    let others = |change: &str| format!("UPDATE outcomes_summary SET {change} WHERE site_id = 6");
    for (change, expected) in [
        ("response_judged = 90", "90 5 - - -"),
        // The judged protocols count, not all protocols of the site.
        ("response_judged = 4", "90 5 too_few_protocols - -"),
        ("response_judged = 5", "90 5 - - -"),
        ("remission_judged = 4", "90 5 - too_few_protocols -"),
        // An unknown number is not enough.
        ("response_judged = NULL, remission_judged = NULL", "90 5 too_few_protocols too_few_protocols -"),
        (
            "response_judged = 4, remission_judged = 4, total_protocols = 4",
            "90 5 too_few_protocols too_few_protocols too_few_protocols",
        ),
    ] {
        session.run(others(change)).await.unwrap();
        refresh(session).await;
        assert_eq!(session.one(suppressions).await, expected, "{change}");
    }
    // The compared site needs no minimum.
    session.run(others("total_protocols = 9, response_judged = 9, remission_judged = 9")).await.unwrap();
    session.run("UPDATE outcomes_summary SET response_judged = 1 WHERE site_id = 1").await.unwrap();
    refresh(session).await;
    assert_eq!(session.one(suppressions).await, "1 5 - - -");
    for wrong in ["response_judged = 10", "remission_judged = 10", "response_judged = -1"] {
        assert!(session.run(others(wrong)).await.unwrap_err().contains("_judged"), "{wrong}");
    }
}

#[tokio::test]
async fn what_is_withheld_cannot_be_stored() {
    let (_database, mut session) = network().await;
    responses(&mut session, JANUARY, 9, &["50"]).await;
    refresh(&mut session).await;
    for rate in ["response", "remission", "adverse_event"] {
        for number in ["median", "lower_quartile", "upper_quartile", "percentile"] {
            let store = format!("UPDATE network_benchmarks SET {rate}_{number} = 1");
            let error = session.run(store).await.unwrap_err();
            assert!(error.contains(&format!("{rate}_withheld")), "{error}");
        }
    }
}

#[tokio::test]
async fn a_month_is_shown_when_it_is_over() {
    let (_database, mut session) = network().await;
    let session = &mut session;
    let month = async |session: &mut Session, offset: &str| {
        session
            .one(format!(
                "SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '{offset}')::date::text"
            ))
            .await
    };
    let rates = ["50", "10", "20", "30", "70", "90"];
    for (offset, expected) in [
        ("-1 month", "50.00 22.50 40.00 65.00 60.00"),
        ("0 months", "50.00 month_not_over"),
        ("1 month", "50.00 month_not_over"),
    ] {
        let month = month(session, offset).await;
        responses(session, &month, 5, &rates).await;
        refresh(session).await;
        assert_eq!(seen(session, 1).await, [expected], "{offset}");
        session.run("DELETE FROM outcomes_summary").await.unwrap();
    }
    // A month ends by the clock alone, without any change of the records.
    responses(session, JANUARY, 5, &rates).await;
    refresh(session).await;
    let shown = seen(session, 1).await;
    session
        .run(
            "UPDATE network_benchmarks SET response_suppression = 'month_not_over', response_median = NULL,
               response_lower_quartile = NULL, response_upper_quartile = NULL, response_percentile = NULL",
        )
        .await
        .unwrap();
    assert_eq!(refresh(session).await, "6 written, 0 removed");
    assert_eq!(seen(session, 1).await, shown);
}

#[tokio::test]
async fn another_minimum_is_kept_and_counts_everything_again() {
    let (_database, mut session) = network().await;
    let session = &mut session;
    responses(session, JANUARY, 3, &["50", "10", "20", "30"]).await;
    responses(session, "2025-01-01", 9, &["50", "10", "20", "30", "70", "90"]).await;
    refresh(session).await;
    let five = ["50.00 22.50 40.00 65.00 60.00", "50.00 too_few_sites"];
    assert_eq!(seen(session, 1).await, five);
    session.run("SELECT praxis.set_minimum_cohort(3)").await.unwrap();
    assert_eq!(seen(session, 1).await, five, "nothing before the next refresh");
    assert_eq!(refresh(session).await, "4 written, 0 removed");
    assert_eq!(seen(session, 1).await[1], "50.00 17.50 25.00 35.00 100.00");
    // Later refreshes keep it.
    responses(session, "2026-02-01", 3, &["50", "10", "20", "30"]).await;
    refresh(session).await;
    assert_eq!(seen(session, 1).await[2], "50.00 17.50 25.00 35.00 100.00");
    session.run("SELECT praxis.set_minimum_cohort(3)").await.unwrap();
    assert_eq!(session.one("SELECT count(*)::text FROM praxis.benchmark_changes").await, "0");
    session.run("SELECT praxis.set_minimum_cohort(6)").await.unwrap();
    assert_eq!(refresh(session).await, "14 written, 0 removed");
    assert!(seen(session, 1).await.iter().all(|it| it == "50.00 too_few_sites"));

    for wrong in ["2", "0", "-5", "NULL"] {
        let error = session.run(format!("SELECT praxis.set_minimum_cohort({wrong})")).await.unwrap_err();
        assert!(error.contains("the minimum cohort is 3 or more"), "{error}");
    }
    assert!(session.run("UPDATE praxis.benchmark_settings SET minimum_cohort = 2").await.is_err());
    assert!(session.run("INSERT INTO praxis.benchmark_settings DEFAULT VALUES").await.is_err());
}

/// Every row, and every number computed differently: subqueries for each row, over all outcomes.
const ROWS: &str = "SELECT t::text FROM network_benchmarks AS t ORDER BY site_id, substance_id, month";
const ORACLE: &str = "
    WITH outcome AS (
      SELECT *, ARRAY[response_rate, remission_rate, adverse_event_rate] AS rates,
        ARRAY[response_judged, remission_judged, total_protocols] AS judged FROM outcomes_summary
    )
    SELECT ROW(own.site_id, own.substance_id, own.month, own.total_protocols,
        own.rates[1], r[1][1], r[1][2], r[1][3], r[1][4], why[1],
        own.rates[2], r[2][1], r[2][2], r[2][3], r[2][4], why[2],
        own.rates[3], r[3][1], r[3][2], r[3][3], r[3][4], why[3], own.judged[1], own.judged[2])::text
    FROM outcome AS own CROSS JOIN LATERAL (
      SELECT array_agg(why ORDER BY nth) AS why, array_agg(CASE WHEN why IS NULL
        THEN ARRAY[quartiles[2], quartiles[1], quartiles[3], percentile]::numeric(5,2)[]
        ELSE ARRAY[NULL, NULL, NULL, NULL]::numeric(5,2)[] END ORDER BY nth) AS r
      FROM generate_series(1, 3) AS nth CROSS JOIN LATERAL (
        SELECT
          CASE WHEN own.month >= date_trunc('month', now() AT TIME ZONE 'UTC') THEN 'month_not_over'
            WHEN count(*) FILTER (WHERE is_other) < 5 THEN 'too_few_sites'
            WHEN count(*) FILTER (WHERE is_other AND judged[nth] >= 5) < 5 THEN 'too_few_protocols' END AS why,
          percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY step)
            FILTER (WHERE judged[nth] >= 5) AS quartiles,
          50.0 * sum(1 + sign(round(own.rates[nth] / 5) * 5 - step)) FILTER (WHERE is_other AND judged[nth] >= 5)
            / nullif(count(*) FILTER (WHERE is_other AND judged[nth] >= 5), 0) AS percentile
        FROM (
          SELECT *, site_id <> own.site_id AS is_other, round(rates[nth] / 5) * 5 AS step FROM outcome AS any_site
          WHERE any_site.month = own.month AND any_site.substance_id = own.substance_id AND rates[nth] IS NOT NULL
        ) AS compared
      ) AS measure
    ) AS measures
    ORDER BY own.site_id, own.substance_id, own.month";

#[tokio::test]
async fn whatever_changes_the_next_refresh_is_as_good_as_a_full_one() {
    let (_database, mut session) = network().await;
    let session = &mut session;
    session
        .run(
            "SELECT setseed(0.5);
             -- To compile the other way takes longer than to go it.
             SET jit = off;
             INSERT INTO outcomes_summary
               (site_id, substance_id, month, total_protocols, response_judged, remission_judged,
                response_rate, remission_rate, adverse_event_rate)
             SELECT site, substance, month, protocols, protocols - floor(random() * 2), protocols - floor(random() * 2),
               random() * 100, random() * 100, random() * 100
             FROM generate_series(1, 14) AS site, generate_series(1, 2) AS substance,
               generate_series(date '2025-04-01', date '2025-08-01', interval '1 month') AS month,
               LATERAL (SELECT site - site + 1 + floor(random() * 15) AS protocols) AS size
             WHERE random() < 0.8",
        )
        .await
        .unwrap();
    let changes = [
        "UPDATE outcomes_summary SET response_rate = random() * 100 WHERE random() < 0.02",
        "UPDATE outcomes_summary SET remission_rate = CASE WHEN random() < 0.7 THEN random() * 100 END WHERE random() < 0.05",
        "UPDATE outcomes_summary
         SET total_protocols = coalesce(greatest(response_judged, remission_judged), 0) + floor(random() * 9)
         WHERE random() < 0.03",
        "UPDATE outcomes_summary SET response_judged = nullif(floor(random() * (total_protocols + 1)), 0)
         WHERE random() < 0.03",
        "DELETE FROM outcomes_summary WHERE random() < 0.03",
        "UPDATE outcomes_summary SET month = '2025-12-01' WHERE month = '2025-08-01' AND random() < 0.1",
        "INSERT INTO outcomes_summary (site_id, substance_id, month, total_protocols, adverse_event_rate)
         SELECT 1 + floor(random() * 14), 1, date_trunc('month', now() AT TIME ZONE 'UTC'), 9, 10
         ON CONFLICT (site_id, substance_id, month) DO UPDATE SET adverse_event_rate = 20",
        "INSERT INTO outcomes_summary (substance_id, month, total_protocols) VALUES (1, '2025-04-01', 9)",
    ];
    for round in 0..40 {
        let which: usize =
            session.one(format!("SELECT floor(random() * {})::text", changes.len())).await.parse().unwrap();
        session.run(changes[which]).await.unwrap();
        let said = refresh(session).await;
        let incremental = session.rows(ROWS).await;
        let counted = session
            .rows(ORACLE.replace(
                "outcome AS own CROSS",
                "(SELECT * FROM outcome WHERE site_id IS NOT NULL) AS own CROSS",
            ))
            .await;
        assert_eq!(incremental, counted, "round {round}: {} {said}", changes[which]);
        if round % 10 == 9 {
            session.run("INSERT INTO praxis.benchmark_changes DEFAULT VALUES").await.unwrap();
            assert_eq!(refresh(session).await, "0 written, 0 removed");
            session
                .run("DELETE FROM network_benchmarks; INSERT INTO praxis.benchmark_changes DEFAULT VALUES")
                .await
                .unwrap();
            refresh(session).await;
            assert_eq!(session.rows(ROWS).await, incremental);
        }
    }
    let shown = "SELECT concat_ws(' ', count(response_median) > 20, count(*) FILTER (WHERE response_suppression = 'too_few_protocols') > 5,
        count(*) FILTER (WHERE remission_suppression = 'too_few_sites') > 0) FROM network_benchmarks";
    assert_eq!(session.one(shown).await, "t t t", "something of everything was compared");
    session.run("TRUNCATE outcomes_summary").await.unwrap();
    refresh(session).await;
    assert_eq!(session.rows(ROWS).await, Vec::<String>::new());
}

#[tokio::test]
async fn only_the_rows_of_changed_months_are_written() {
    let (_database, mut session) = network().await;
    let session = &mut session;
    for month in [JANUARY, "2025-01-01"] {
        responses(session, month, 5, &["50", "10", "20", "30", "70", "90"]).await;
    }
    refresh(session).await;
    let versions =
        "SELECT concat(site_id, ' ', month, ' ', xmin) FROM network_benchmarks ORDER BY month, site_id";
    let before = session.rows(versions).await;
    session.run("UPDATE outcomes_summary SET response_rate = response_rate").await.unwrap();
    assert_eq!(refresh(session).await, "0 written, 0 removed");
    assert_eq!(session.rows(versions).await, before);
    session
        .run("DELETE FROM outcomes_summary WHERE site_id = 6 AND month > '2026-01-01'::date - 9")
        .await
        .unwrap();
    assert_eq!(refresh(session).await, "5 written, 1 removed");
    assert_eq!(session.rows(versions).await[..6], before[..6]);
}

#[tokio::test]
async fn the_second_of_two_at_once_waits_and_finds_nothing_to_do() {
    let (database, mut session) = network().await;
    for (end, other_writes) in [("COMMIT", "0 written, 0 removed"), ("ROLLBACK", "6 written, 0 removed")] {
        session.run("DELETE FROM outcomes_summary; DELETE FROM network_benchmarks").await.unwrap();
        responses(&mut session, JANUARY, 5, &["50", "10", "20", "30", "70", "90"]).await;
        let (mut first, mut second) = (database.connect().await, database.connect().await);
        first.run("BEGIN").await.unwrap();
        assert_eq!(refresh(&mut first).await, "6 written, 0 removed");
        let other = tokio::spawn(async move { refresh(&mut second).await });
        assert!(crate::outcomes::waits(&mut session).await, "the second waits");
        first.run(end).await.unwrap();
        assert_eq!(other.await.unwrap(), other_writes, "{end}");
        assert_eq!(seen(&mut session, 1).await, ["50.00 22.50 40.00 65.00 60.00"]);
    }
}

#[tokio::test]
async fn refreshes_wait_for_one_another_even_where_there_is_nothing_to_do() {
    // Otherwise one refresh could overwrite the newer result of another with its older one.
    let (database, mut session) = network().await;
    for refresh in ["refresh_outcomes", "refresh_benchmarks", "refresh_activities", "refresh"] {
        let (mut first, mut second) = (database.connect().await, database.connect().await);
        first.run("BEGIN; SELECT praxis.refresh_outcomes()").await.unwrap();
        let other =
            tokio::spawn(async move { second.run(format!("SELECT praxis.{refresh}()")).await.unwrap() });
        assert!(crate::outcomes::waits(&mut session).await, "{refresh} waits");
        first.run("COMMIT").await.unwrap();
        other.await.unwrap();
        let old = format!("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT praxis.{refresh}()");
        assert!(session.run(old).await.unwrap_err().contains("READ COMMITTED"), "{refresh}");
        session.run("ROLLBACK").await.unwrap();
    }
}

#[tokio::test]
async fn outcomes_that_are_committed_during_a_refresh_are_for_the_next_one() {
    let (database, mut session) = network().await;
    responses(&mut session, JANUARY, 5, &["50", "10", "20", "30", "70", "90"]).await;
    let mut writer = database.connect().await;
    writer.run("BEGIN; UPDATE outcomes_summary SET response_rate = 90").await.unwrap();
    session.run("BEGIN").await.unwrap();
    assert_eq!(refresh(&mut session).await, "6 written, 0 removed");
    writer.run("COMMIT").await.unwrap();
    session.run("COMMIT").await.unwrap();
    assert_eq!(seen(&mut session, 1).await, ["50.00 22.50 40.00 65.00 60.00"]);
    assert_eq!(refresh(&mut session).await, "6 written, 0 removed");
    assert_eq!(seen(&mut session, 1).await, ["90.00 90.00 90.00 90.00 50.00"]);
}

#[tokio::test]
async fn clients_neither_write_nor_refresh_nor_set() {
    let (database, mut session) = network().await;
    responses(&mut session, JANUARY, 5, &["50"]).await;
    refresh(&mut session).await;
    let mut client = database.connect_as("praxis_gateway").await;
    client.become_client("authenticated", Some(crate::access::CLINICIAN)).await;
    for (statement, refused) in [
        ("UPDATE network_benchmarks SET total_protocols = 9", "permission denied for table"),
        ("DELETE FROM network_benchmarks", "permission denied for table"),
        ("INSERT INTO network_benchmarks VALUES (1, 1, '2026-02-01', 3)", "permission denied for table"),
        ("UPDATE session_activities SET event_count = 9", "permission denied for table"),
        ("SELECT praxis.refresh()", "permission denied for function refresh"),
        ("SELECT praxis.set_minimum_cohort(3)", "permission denied for function set_minimum_cohort"),
    ] {
        client.run("SAVEPOINT attempt").await.unwrap();
        let error = client.run(statement).await.unwrap_err();
        assert!(error.contains(refused), "{statement}: {error}");
        client.run("ROLLBACK TO attempt").await.unwrap();
    }
    // A role with the one grant maintains all summaries.
    session
        .run("CREATE ROLE keeper LOGIN; GRANT USAGE ON SCHEMA praxis TO keeper; GRANT EXECUTE ON FUNCTION praxis.refresh TO keeper")
        .await
        .unwrap();
    let mut keeper = database.connect_as("keeper").await;
    let summaries = keeper.rows("SELECT summary FROM praxis.refresh()").await;
    assert_eq!(summaries, ["outcomes", "benchmarks", "activities"]);
    for forbidden in ["SELECT praxis.refresh_benchmarks()", "SELECT praxis.set_minimum_cohort(3)"] {
        assert!(keeper.run(forbidden).await.unwrap_err().contains("permission denied for function"));
    }
}
