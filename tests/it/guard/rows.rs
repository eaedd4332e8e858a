//! Row-level security and policies.

use serde_json::Value;

use super::Guarded;

#[tokio::test]
async fn row_level_security_holds_for_every_table_and_view() {
    let guarded = Guarded::new().await;
    let (tables, views) = (guarded.relations("r").await, guarded.relations("v").await);
    guarded
        .breaks_each(
            &tables,
            "ALTER TABLE {} DISABLE ROW LEVEL SECURITY",
            "row-level security is off: a grant shows every row",
        )
        .await;
    guarded
        .breaks_each(
            &tables,
            "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY",
            "row-level security does not apply to its owner",
        )
        .await;
    for change in ["SET (security_invoker = false)", "RESET (security_invoker)"] {
        guarded
            .breaks_each(&views, &format!("ALTER VIEW {{}} {change}"), "it reads with its owner's rights")
            .await;
    }
}

#[tokio::test]
async fn every_policy_is_that_of_the_migrations() {
    let guarded = Guarded::new().await;
    let shipped: Vec<Value> = serde_json::from_str(migration::PROTECTION).unwrap();
    let policies: Vec<(String, String)> = shipped
        .iter()
        .flat_map(|table| {
            let object = table["object"].as_str().unwrap();
            let policies = table["policies"].as_object().unwrap();
            policies.keys().map(move |policy| (object.to_owned(), policy.clone()))
        })
        .collect();
    assert!(policies.len() > 80, "{}", policies.len());
    let each = |statement: &str| -> Vec<String> {
        let fill =
            |(object, policy): &(String, String)| statement.replace("{o}", object).replace("{p}", policy);
        policies.iter().map(fill).collect()
    };
    guarded.breaks(each("DROP POLICY {p} ON {o};"), each("{o}: its policy {p} is missing")).await;
    guarded
        .breaks(
            each("ALTER POLICY {p} ON {o} TO pg_monitor;"),
            each("{o}: its policy {p} differs from that of the migrations"),
        )
        .await;
    let looks = |(object, policy): &&(String, String)| {
        let table = shipped.iter().find(|table| table["object"] == **object).unwrap();
        let statement = table["policies"][policy].as_str().unwrap();
        statement.contains(" USING (") && !statement.contains(" USING (true)")
    };
    let policies: Vec<_> = policies.iter().filter(looks).cloned().collect();
    let each = |statement: &str| -> Vec<String> {
        let fill =
            |(object, policy): &(String, String)| statement.replace("{o}", object).replace("{p}", policy);
        policies.iter().map(fill).collect()
    };
    guarded
        .breaks(
            each("ALTER POLICY {p} ON {o} USING (true);"),
            each("{o}: its policy {p} differs from that of the migrations"),
        )
        .await;

    let tables = guarded.relations("r").await;
    for policy in
        ["FOR SELECT TO authenticated USING (true)", "FOR ALL USING (1 = 1)", "FOR INSERT WITH CHECK (true)"]
    {
        guarded
            .breaks_each(
                &tables,
                &format!("CREATE POLICY open ON {{}} {policy}"),
                "its policy open admits callers whatever the row contains",
            )
            .await;
    }
    // No one can decide in general whether a condition holds for every row.
    for condition in [
        "site_id = site_id",
        "site_id > 0",
        "site_id IS NOT NULL",
        "coalesce(true, site_id = 1)",
        "site_id = 1",
    ] {
        for command in ["SELECT", "ALL"] {
            guarded
                .breaks(
                    vec![format!("CREATE POLICY wide ON sites FOR {command} USING ({condition});")],
                    vec!["public.sites: its policy wide does not come from the migrations".to_owned()],
                )
                .await;
        }
    }
    // A restrictive policy is safe, except on a reference table, whose answers are cached by role.
    guarded.run(&["CREATE POLICY narrow ON sites AS RESTRICTIVE USING (true);".to_owned()]).await;
    assert_eq!(guarded.guard.check().await.unwrap(), []);
    guarded
        .run(&["CREATE POLICY narrow ON ref_routes AS RESTRICTIVE USING (route_id > 1);".to_owned()])
        .await;
    let found = guarded.guard.check().await.unwrap();
    assert!(
        matches!(found.as_slice(), [it] if !it.is_unsafe && it.object == "public.ref_routes"),
        "{found:?}"
    );
    guarded.run(&found.into_iter().map(|it| it.remedy).collect::<Vec<_>>()).await;
    // An existing table has policies of its owner.
    guarded
        .run(&[
            "DELETE FROM praxis.baseline WHERE object = 'table public.sites';".to_owned(),
            "CREATE POLICY own ON sites FOR SELECT USING (site_id = 1);".to_owned(),
        ])
        .await;
    let found = guarded.guard.check().await.unwrap();
    assert!(matches!(found.as_slice(), [it] if !it.is_unsafe && it.message.contains("own")), "{found:?}");
}
