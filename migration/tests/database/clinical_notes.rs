//! Clinical notes in TherapyFlow: the content of each type, and approval, which is final.

use crate::isolation::{client, error, filled, refused};

const SESSION: &str = "40000000-0000-4000-8000-000000000001";
const NOTE: &str = "50000000-0000-4000-8000-000000000001";

fn note(note_type: &str, content: &str) -> String {
    format!(
        "INSERT INTO therapyflow.clinical_notes (session_id, note_type, content)
         VALUES ('{SESSION}', '{note_type}', '{content}')"
    )
}

#[tokio::test]
async fn a_note_holds_what_its_type_asks_for() {
    let (database, mut owner) = filled().await;
    let mut a = client(&database, "a").await;
    for (note_type, content, words) in [
        ("soap", "{}", "A SOAP note lacks: subjective, objective, assessment, plan."),
        (
            "soap",
            r#"{"subjective": "s", "objective": " \n", "assessment": null, "plan": ["p"]}"#,
            "A SOAP note lacks: objective, assessment, plan.",
        ),
        ("dap", r#"{"data": "d", "plan": "p"}"#, "A DAP note lacks: assessment."),
        ("progress", r#"{"words": "w"}"#, "A progress note lacks: text."),
        ("progress", r#""text""#, "A progress note lacks: text."),
    ] {
        assert_eq!(refused(&mut a, &note(note_type, content)).await, error("PR400", words), "{content}");
        // A contradictory note is refused, whoever writes it.
        assert_eq!(owner.refused(note(note_type, content)).await, error("PR400", words), "{content}");
    }
    for (note_type, content) in [
        (
            "soap",
            r#"{"subjective": "s", "objective": "o", "assessment": "a", "plan": "p", "icd_codes": ["F41.1"]}"#,
        ),
        ("dap", r#"{"data": "d", "assessment": "a", "plan": "p"}"#),
        ("progress", r#"{"text": "t"}"#),
    ] {
        assert_eq!(a.run(note(note_type, content)).await, Ok(1), "{content}");
    }
    assert_eq!(refused(&mut a, &note("poem", "{}")).await.0, "23514");
    let change = format!("UPDATE therapyflow.clinical_notes SET note_type = 'dap' WHERE id = '{NOTE}'");
    assert_eq!(refused(&mut a, &change).await.0, "PR400");
    // Notes belong to the session's therapist; other readers of the session do not see them.
    for digit in ["b", "c", "e", "f"] {
        let refusal =
            refused(&mut client(&database, digit).await, &note("progress", r#"{"text": "t"}"#)).await;
        assert_eq!(refusal.0, "42501", "{digit}");
    }
}

#[tokio::test]
async fn an_approved_note_stays_as_it_is() {
    let (database, mut owner) = filled().await;
    let approve = format!(
        "SELECT concat_ws(' ', approved_by_therapist, right(approved_by::text, 1), approved_at IS NOT NULL)
         FROM therapyflow.approve_note('{NOTE}')"
    );
    let mut c = client(&database, "c").await;
    let words = error("PR403", "Only the therapist of the session approves its notes.");
    assert_eq!(refused(&mut c, &approve).await, words, "an administrator");
    let missing = error("PR404", "There is no such note.");
    for digit in ["b", "e", "f"] {
        assert_eq!(refused(&mut client(&database, digit).await, &approve).await, missing, "{digit}");
    }

    let mut a = client(&database, "a").await;
    assert_eq!(a.one(&approve).await, "t a t");
    a.run("COMMIT").await.unwrap();
    let mut a = client(&database, "a").await;
    let at = format!("SELECT approved_at::text FROM therapyflow.clinical_notes WHERE id = '{NOTE}'");
    let before = a.one(&at).await;
    assert_eq!(a.one(&approve).await, "t a t", "approved already");
    assert_eq!(a.one(&at).await, before);

    let stays = error("PR409", "The note was approved and can no longer change.");
    let change = |what: &str| format!("UPDATE therapyflow.clinical_notes SET {what} WHERE id = '{NOTE}'");
    for what in [
        r#"content = '{"text": "Better."}'"#,
        "ai_generated_summary = 'x'",
        "note_type = 'dap'",
        "approved_by_therapist = false",
    ] {
        assert_eq!(refused(&mut a, &change(what)).await, stays, "{what}");
        assert_eq!(owner.refused(change(what)).await, stays, "{what} by maintenance");
    }
    let delete = format!("DELETE FROM therapyflow.clinical_notes WHERE id = '{NOTE}'");
    let kept = error("PR409", "The note was approved and cannot be deleted.");
    assert_eq!(refused(&mut a, &delete).await, kept);
    assert_eq!(owner.refused(&delete).await, kept);
    // The therapist's other notes can be deleted.
    assert_eq!(a.run(format!("DELETE FROM therapyflow.clinical_notes WHERE id <> '{NOTE}'")).await, Ok(1));
    a.run("ROLLBACK").await.unwrap();

    // It is deleted with its session, and stays when its session is handed over.
    let to_b = format!(
        "UPDATE therapyflow.sessions SET therapist_id = '20000000-0000-4000-8000-00000000000b' WHERE id = '{SESSION}'"
    );
    owner.run(to_b).await.unwrap();
    owner
        .run("DELETE FROM therapyflow.therapists WHERE id = '20000000-0000-4000-8000-00000000000a'")
        .await
        .unwrap();
    let left = format!(
        "SELECT approved_by_therapist || coalesce(approved_by::text, ' by nobody')
        FROM therapyflow.clinical_notes WHERE id = '{NOTE}'"
    );
    assert_eq!(owner.one(&left).await, "true by nobody");
    owner.run(format!("DELETE FROM therapyflow.sessions WHERE id = '{SESSION}'")).await.unwrap();
    assert_eq!(owner.rows(&left).await, Vec::<String>::new());
}
