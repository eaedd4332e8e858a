//! Functions and triggers.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Guarded;

#[tokio::test]
async fn every_function_is_called_with_its_callers_rights_and_by_nobody_else() {
    let guarded = Guarded::new().await;
    let sql = "SELECT p.oid::regprocedure::text FROM unnest($1::text[]) AS name JOIN pg_namespace AS n ON true
               JOIN pg_proc AS p ON pronamespace = n.oid AND name = format('\"%s\".\"%s\"', nspname, proname) ORDER BY 1";
    let names: Vec<&str> = guarded.catalog.functions().iter().map(|it| it.sql_name.as_str()).collect();
    let rows = guarded.owner.query(sql, &[&names]).await.unwrap();
    let functions: Vec<String> = rows
        .iter()
        .map(|row| {
            let name: String = row.get(0);
            if name.contains('.') { name } else { format!("public.{name}") }
        })
        .collect();
    assert_eq!(functions.len(), names.len());
    guarded
        .breaks_each(&functions, "ALTER FUNCTION {} SECURITY DEFINER", "it runs with its owner's rights")
        .await;
    guarded.breaks_each(&functions, "GRANT EXECUTE ON FUNCTION {} TO PUBLIC", "everybody may call it").await;
    let reading: Vec<String> = guarded
        .catalog
        .functions()
        .iter()
        .filter(|it| !it.writes())
        .filter_map(|it| {
            functions.iter().find(|name| name.starts_with(&format!("{}.{}(", it.schema, it.name))).cloned()
        })
        .collect();
    guarded
        .breaks_each(
            &reading,
            "ALTER FUNCTION {} VOLATILE",
            "it may write, but is served as a function that reads",
        )
        .await;
    guarded
        .breaks(
            vec!["ALTER FUNCTION praxis.auth_sites() RESET search_path;".to_owned()],
            vec!["praxis.auth_sites(): it differs from the definition in the migrations".to_owned()],
        )
        .await;
    let rename = |function: &str, name: &str| format!("ALTER FUNCTION {function} RENAME TO {name};");
    for function in guarded.catalog.functions() {
        let signature =
            functions.iter().find(|it| it.starts_with(&format!("{}.{}(", function.schema, function.name)));
        let signature = signature.unwrap();
        let gone = signature.replacen(&format!("{}(", function.name), "gone(", 1);
        guarded.run(&[rename(signature, "gone")]).await;
        let found = guarded.unsafe_ones().await;
        let line = format!("{}.{}: there is no such function", function.schema, function.name);
        assert!(found.iter().any(|it| it.to_string() == line), "{line}: {found:?}");
        guarded.run(&[rename(&gone, &function.name)]).await;
    }
}

/// Returns the functions that the migrations create: their names with arguments, and the roles that may call them.
fn made() -> Vec<(String, Vec<String>)> {
    let made: Vec<Value> = serde_json::from_str(migration::FUNCTIONS).unwrap();
    let callers = |it: &Value| {
        it["callers"].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
    };
    made.iter().map(|it| (it["object"].as_str().unwrap().to_owned(), callers(it))).collect()
}

#[tokio::test]
async fn every_function_is_that_of_the_migrations() {
    let guarded = Guarded::new().await;
    let made = made();
    assert!(made.len() > 50, "{}", made.len());
    let names: Vec<String> = made.iter().map(|(name, _)| name.clone()).collect();
    for needed in [
        "praxis.auth_sites()",
        "therapyflow.staff_org_id()",
        "auth.uid()",
        "praxis.rows_before(kind anyelement",
    ] {
        assert!(names.iter().any(|it| it.starts_with(needed)), "{needed}");
    }
    let told = "it differs from the definition in the migrations";
    guarded.breaks_each(&names, "ALTER FUNCTION {} COST 777", told).await;
    let open =
        "CREATE OR REPLACE FUNCTION praxis.auth_sites() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE
        SECURITY DEFINER SET search_path = '' AS 'SELECT array(SELECT site_id FROM public.sites)';";
    guarded.breaks(vec![open.to_owned()], vec![format!("praxis.auth_sites(): {told}")]).await;
    // A role may call a function that it must not call.
    let closed = |role: &str| {
        let of = |(name, callers): &(String, Vec<String>)| {
            (!callers.iter().any(|it| it == role)).then(|| name.clone())
        };
        made.iter().filter_map(of).collect::<Vec<_>>()
    };
    let served = guarded.catalog.functions();
    let is_served =
        |name: &String| served.iter().any(|it| name.starts_with(&format!("{}.{}(", it.schema, it.name)));
    let of_all = closed("PUBLIC");
    let of_some: Vec<String> = closed("anon").into_iter().filter(|it| of_all.contains(it)).collect();
    // Served functions are also checked individually.
    let of_all: Vec<String> = of_all.into_iter().filter(|it| !is_served(it)).collect();
    guarded.breaks_each(&of_all, "GRANT EXECUTE ON FUNCTION {} TO PUBLIC", "everybody may call it").await;
    guarded.breaks_each(&of_some, "GRANT EXECUTE ON FUNCTION {} TO anon", "anon may call it").await;
    guarded
        .breaks(
            vec!["ALTER FUNCTION praxis.auth_sites() OWNER TO authenticated;".to_owned()],
            vec!["praxis.auth_sites(): it belongs to authenticated".to_owned()],
        )
        .await;
}

#[tokio::test]
async fn every_trigger_is_that_of_the_migrations_and_runs() {
    let guarded = Guarded::new().await;
    let sql = "SELECT tgrelid::regclass::text, tgname::text, format('%I.%I', nspname, relname), tgisinternal FROM pg_trigger
        JOIN pg_class AS c ON c.oid = tgrelid JOIN pg_namespace AS n ON n.oid = relnamespace
        WHERE format('%I.%I', nspname, relname) = ANY ($1)";
    let rows = guarded.owner.query(sql, &[&guarded.relations("r").await]).await.unwrap();
    let (mut off, mut told, mut drop, mut missed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in &rows {
        let (table, name, object): (&str, &str, &str) = (row.get(0), row.get(1), row.get(2));
        off.push(format!("ALTER TABLE {table} DISABLE TRIGGER \"{name}\";"));
        if row.get(3) {
            told.push(format!("{object}: its trigger \"{name}\", which checks a foreign key, is disabled"));
        } else {
            told.push(format!("{object}: its trigger {name} is disabled"));
            drop.push(format!("DROP TRIGGER {name} ON {table};"));
            missed.push(format!("{object}: its trigger {name} is missing"));
        }
    }
    assert!(drop.len() > 100, "{}", drop.len());
    guarded.breaks(off, told).await;
    guarded.breaks(drop, missed).await;
}

/// `ALTER TABLE … ENABLE TRIGGER ALL` after a load makes all triggers fire in one mode only.
#[tokio::test]
async fn a_trigger_of_the_feed_that_fires_less_often_is_noticed_and_nobody_is_refused() {
    let guarded = Guarded::new().await;
    let sql =
        "SELECT tgrelid::regclass::text, tgname::text, format('%I.%I', nspname, relname) FROM pg_trigger
        JOIN pg_class AS c ON c.oid = tgrelid JOIN pg_namespace AS n ON n.oid = relnamespace
        WHERE format('%I.%I', nspname, relname) = ANY ($1) AND tgenabled = 'A'";
    let rows = guarded.owner.query(sql, &[&guarded.relations("r").await]).await.unwrap();
    assert!(rows.len() > 100, "{}", rows.len());
    let (mut less, mut expected) = (Vec::new(), BTreeSet::new());
    for row in &rows {
        let (table, name, object): (&str, &str, &str) = (row.get(0), row.get(1), row.get(2));
        less.push(format!("ALTER TABLE {table} ENABLE TRIGGER {name};"));
        expected.insert(format!(
            "{object}: its trigger {name} does not fire if session_replication_role is replica"
        ));
    }
    guarded.run(&less).await;
    let found = guarded.guard.check().await.unwrap();
    assert_eq!(found.iter().map(ToString::to_string).collect::<BTreeSet<_>>(), expected);
    assert!(found.iter().all(|finding| !finding.is_unsafe));
    let remedies: Vec<String> = found.into_iter().map(|finding| finding.remedy).collect();
    guarded.run(&remedies).await;
    assert_eq!(guarded.guard.check().await.unwrap(), []);
}
