//! Old versions of rows: callers see those that row-level security would have shown before the change.

use crate::access::{CLINICIAN, DATA};
use crate::cluster::{Database, Session, migrated};

/// A table with policies of every kind, in a schema that clients use, with a row for each condition.
const NOTES: &str = "
    CREATE TABLE public.jottings (
      id int PRIMARY KEY, owner text, content text, is_hidden boolean, secret text, at timestamptz, tags text[], shape numeric);
    ALTER TABLE public.jottings ENABLE ROW LEVEL SECURITY;
    ALTER TABLE public.jottings FORCE ROW LEVEL SECURITY;
    CREATE POLICY owner_reads ON public.jottings FOR SELECT USING (owner = 'all');
    CREATE POLICY signed_in_read ON public.jottings FOR SELECT TO authenticated
      USING (owner = 'members' AND 'x' = ANY (tags) AND content <> 'content');
    CREATE POLICY anybody_but ON public.jottings AS RESTRICTIVE FOR SELECT USING (NOT is_hidden);
    CREATE POLICY inserts ON public.jottings FOR INSERT WITH CHECK (true);
    CREATE POLICY updates ON public.jottings FOR UPDATE USING (owner = 'updaters');
    CREATE POLICY members_all ON public.jottings FOR ALL TO authenticated USING (
      EXISTS (SELECT FROM public.session_events AS e WHERE e.protocol_id = jottings.id AND jottings.owner = 'site'));
    CREATE POLICY nothing ON public.jottings FOR SELECT TO anon;
    GRANT SELECT (id, owner, content, is_hidden, at, tags, shape) ON public.jottings TO anon, authenticated;
    SELECT praxis.announce('public.jottings');
    INSERT INTO public.jottings
    SELECT n, owner, coalesce(content, 'c'), hidden, 's', '2026-01-02T03:04:05.678901Z', '{x,y}', 1.50
    FROM (VALUES (1, 'all', NULL, false), (2, 'all', NULL, true), (3, 'members', NULL, false),
      (4, 'members', 'content', false), (5, 'updaters', NULL, false), (6, 'nobody', NULL, false), (7, 'all', NULL, NULL))
      AS one(n, owner, content, hidden);
    INSERT INTO public.jottings (id, owner, is_hidden)
    SELECT record_id + 100, 'site', false FROM public.log_clinical_records;
    UPDATE public.session_events SET protocol_id = protocol_id;
    DELETE FROM praxis.changes;";

async fn filled() -> (Database, Session) {
    let database = migrated().await;
    let mut owner = database.connect().await;
    owner.run(DATA).await.unwrap();
    owner.run(NOTES).await.unwrap();
    (database, owner)
}

/// Returns the keys of the old rows of all changes that a caller could see and that meet a condition; `columns` are those to
/// compare.
async fn judged(
    database: &Database,
    role: &str,
    user: Option<&str>,
    columns: &str,
    condition: &str,
) -> Vec<String> {
    let mut gateway = database.connect_as("praxis_gateway").await;
    gateway.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.unwrap();
    let recall = "SELECT praxis.recall_rows(array_agg(transaction_id), array_agg(change_id))::text FROM praxis.changes";
    gateway.rows(recall).await;
    gateway.become_client(role, user).await;
    let asked = format!(
        "SELECT t.id::text FROM praxis.rows_before(NULL::public.jottings, '{columns}') AS g
         CROSS JOIN LATERAL (SELECT (g.row_before).*) AS t WHERE {condition} ORDER BY t.id"
    );
    gateway.rows(asked).await
}

#[tokio::test]
async fn the_same_rows_are_given_as_were_seen() {
    let (database, mut owner) = filled().await;
    let mut seen = Vec::new();
    let callers = [("anon", None), ("authenticated", None), ("authenticated", Some(CLINICIAN))];
    for (role, user) in callers {
        let mut client = database.connect_as("praxis_gateway").await;
        client.become_client(role, user).await;
        seen.push(client.rows("SELECT id::text FROM public.jottings ORDER BY id").await);
    }
    assert_eq!(seen[0], ["1"]);
    assert_eq!(seen[1], ["1", "3"]);
    owner.run("DELETE FROM public.jottings").await.unwrap();
    for ((role, user), seen) in callers.into_iter().zip(seen) {
        assert_eq!(judged(&database, role, user, "{}", "true").await, seen, "{role} {user:?}");
    }
    // Values are restored exactly.
    let exact = "t.at = '2026-01-02T03:04:05.678901Z' AND t.tags = '{x,y}' AND t.shape::text = '1.50'";
    assert_eq!(judged(&database, "authenticated", None, "{at,tags,shape}", exact).await, ["1", "3"]);
    assert_eq!(judged(&database, "authenticated", None, "{owner}", "t.owner = 'members'").await, ["3"]);
}

#[tokio::test]
async fn a_filter_on_what_the_caller_may_not_read_finds_nothing() {
    let (database, mut owner) = filled().await;
    owner.run("DELETE FROM public.jottings").await.unwrap();
    assert_eq!(judged(&database, "anon", None, "{id}", "true").await, ["1"]);
    assert_eq!(judged(&database, "anon", None, "{secret}", "true").await, Vec::<String>::new());
    owner.run("REVOKE SELECT ON public.jottings FROM anon; REVOKE SELECT (id, owner, content, is_hidden, at, tags, shape) ON public.jottings FROM anon").await.unwrap();
    assert_eq!(judged(&database, "anon", None, "{}", "true").await, Vec::<String>::new());
}

#[tokio::test]
async fn of_a_long_row_nothing_is_concluded_from_what_was_left_out() {
    let (database, mut owner) = filled().await;
    owner.run("UPDATE public.jottings SET secret = repeat('long ', 2000) WHERE id IN (1, 3)").await.unwrap();
    owner.run("UPDATE public.jottings SET content = repeat('long ', 2000) WHERE id = 3").await.unwrap();
    owner.run("DELETE FROM praxis.changes; DELETE FROM public.jottings WHERE id IN (1, 3)").await.unwrap();
    let kept = "SELECT max(length(row_before::text))::text FROM praxis.changes";
    assert!(owner.one(kept).await.parse::<usize>().unwrap() < 1_000);
    // The third row's content, which a policy reads, is not recorded …
    assert_eq!(judged(&database, "authenticated", None, "{owner}", "true").await, ["1"]);
    // … nor is a column that was added later …
    owner.run("ALTER TABLE public.jottings ADD COLUMN is_late boolean; GRANT SELECT (is_late) ON public.jottings TO authenticated").await.unwrap();
    let late = judged(&database, "authenticated", None, "{is_late}", "t.is_late IS NULL").await;
    assert_eq!(late, Vec::<String>::new());
    // … nor is the first row's secret, for a policy that reads the whole row.
    owner.run("CREATE POLICY whole ON public.jottings AS RESTRICTIVE FOR SELECT USING (jottings.* IS NOT NULL OR true)").await.unwrap();
    assert_eq!(judged(&database, "authenticated", None, "{owner}", "true").await, Vec::<String>::new());
}

#[tokio::test]
async fn policies_are_those_of_this_moment_and_what_cannot_be_asked_is_not_given() {
    let (database, mut owner) = filled().await;
    owner.run("DELETE FROM public.jottings").await.unwrap();
    owner.run("CREATE POLICY more ON public.jottings FOR SELECT USING (owner = 'nobody')").await.unwrap();
    assert_eq!(judged(&database, "anon", None, "{}", "true").await, ["1", "6"]);
    owner.run("DROP POLICY anybody_but ON public.jottings").await.unwrap();
    assert_eq!(judged(&database, "anon", None, "{}", "true").await, ["1", "2", "6", "7"]);
    owner
        .run(
            "CREATE SCHEMA closed; CREATE FUNCTION closed.yes() RETURNS boolean LANGUAGE sql RETURN true;
              CREATE POLICY closed ON public.jottings FOR SELECT USING (closed.yes())",
        )
        .await
        .unwrap();
    assert_eq!(judged(&database, "anon", None, "{}", "true").await, Vec::<String>::new());
}

#[tokio::test]
async fn the_first_change_of_a_row_within_a_transaction_knows_what_it_was() {
    let (database, mut owner) = filled().await;
    owner
        .run(
            "BEGIN;
              UPDATE public.jottings SET owner = 'all' WHERE id = 6;
              UPDATE public.jottings SET owner = 'nobody' WHERE id = 1;
              DELETE FROM public.jottings WHERE id IN (1, 6);
              INSERT INTO public.jottings (id, owner, is_hidden) VALUES (8, 'all', false);
              UPDATE public.jottings SET owner = 'nobody' WHERE id = 8;
              COMMIT",
        )
        .await
        .unwrap();
    let ids = judged(&database, "anon", None, "{}", "true").await;
    assert_eq!(ids, ["1", "1"], "of its update and of its deletion");
    // Another key is another row.
    owner.run("DELETE FROM praxis.changes; UPDATE public.jottings SET id = 33 WHERE id = 3").await.unwrap();
    let changes = "SELECT operation || row_key FROM praxis.changes ORDER BY 1";
    assert_eq!(owner.rows(changes).await, ["delete[3]", "insert[33]"]);
}

#[tokio::test]
async fn nothing_is_recalled_unless_the_gateway_itself_recalls_it() {
    let (database, mut owner) = filled().await;
    owner.run("DELETE FROM public.jottings").await.unwrap();
    let mut client = database.connect_as("praxis_gateway").await;
    client.become_client("authenticated", Some(CLINICIAN)).await;
    let asked = "SELECT change_id::text FROM praxis.rows_before(NULL::public.jottings, '{}')";
    assert_eq!(client.rows(asked).await, Vec::<String>::new());
    let recall = "SELECT praxis.recall_rows('{}', '{}')";
    assert!(client.run(recall).await.unwrap_err().contains("permission denied"));
}

#[tokio::test]
async fn a_message_tells_no_value_but_keys() {
    let (_, mut owner) = filled().await;
    owner.run("LISTEN praxis_changes").await.unwrap();
    // The argument of pg_notify is read from the log of a function that replaces it.
    owner
        .run(
            "CREATE TABLE sent (payload text);
              CREATE FUNCTION pg_temp.sent() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        )
        .await
        .unwrap();
    let source = "SELECT pg_get_functiondef('praxis.announce_changes'::regproc)";
    let source = owner.one(source).await;
    let logged = source
        .replace("PERFORM pg_notify('praxis_changes', whole)", "INSERT INTO public.sent VALUES (whole)");
    assert_ne!(logged, source);
    owner.run(logged).await.unwrap();
    owner.run("UPDATE public.integration_homework SET protocol_id = 2, is_completed = NOT is_completed WHERE protocol_id = 1").await.unwrap();
    owner.run("DELETE FROM public.jottings").await.unwrap();
    let sent = owner.rows("SELECT payload FROM sent ORDER BY 1").await.join("\n");
    assert!(sent.contains(r#""b": {""#) && sent.contains(r#"{"protocol_id": 1}"#), "{sent}");
    for value in ["members", "2026-01-02T03", "assigned_date", "is_hidden", "jotting\""] {
        assert!(!sent.contains(value), "{value} in {sent}");
    }
}
