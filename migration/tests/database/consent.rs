//! Consent in TherapyFlow: the patient decides, and reading wearable data depends on it.

use crate::isolation::{client, error, filled, refused};

const SAMPLES: &str = "SELECT count(*)::text FROM therapyflow.wearable_data
    WHERE patient_id = '30000000-0000-4000-8000-000000000001'";
const GRANTED: &str = "60000000-0000-4000-8000-000000000001";

#[tokio::test]
async fn wearable_data_is_hidden_as_soon_as_consent_is_taken_back() {
    let (database, mut owner) = filled().await;
    let sees = async |digit: &str| client(&database, digit).await.one(SAMPLES).await;
    for (digit, expected) in
        [("a", "1"), ("b", "1"), ("c", "1"), ("d", "1"), ("e", "1"), ("f", "0"), ("1", "0")]
    {
        assert_eq!(sees(digit).await, expected, "{digit}");
    }
    let mut e = client(&database, "e").await;
    let revoke = format!(
        "SELECT concat_ws(' ', status, revoked_at = now()) FROM therapyflow.revoke_consent('{GRANTED}')"
    );
    assert_eq!(e.one(&revoke).await, "REVOKED t");
    assert_eq!(e.one(&revoke).await, "REVOKED t", "revoked already");
    e.run("COMMIT").await.unwrap();
    for (digit, expected) in [("a", "0"), ("c", "0"), ("d", "0"), ("e", "1")] {
        assert_eq!(sees(digit).await, expected, "{digit} afterwards");
    }

    // A new one, until tomorrow; staff request it.
    let ask = "INSERT INTO therapyflow.consent_records (patient_id, purpose)
        VALUES ('30000000-0000-4000-8000-000000000001', '{}') RETURNING id::text";
    let mut a = client(&database, "a").await;
    let asked = a.one(ask.replace("{}", "care_management")).await;
    let other = a.one(ask.replace("{}", "research")).await;
    a.run("COMMIT").await.unwrap();
    assert_eq!(sees("a").await, "0", "asked is not granted");
    let mut e = client(&database, "e").await;
    e.run(format!("SELECT therapyflow.grant_consent('{other}')")).await.unwrap();
    e.run("COMMIT").await.unwrap();
    assert_eq!(sees("a").await, "0", "another purpose");
    let mut e = client(&database, "e").await;
    let grant = format!(
        "SELECT concat_ws(' ', status, granted_at = now()) FROM therapyflow.grant_consent('{asked}', now() + interval '1 day')"
    );
    assert_eq!(e.one(grant).await, "GRANTED t");
    e.run("COMMIT").await.unwrap();
    assert_eq!(sees("a").await, "1");
    // It expires by time alone.
    owner
        .run(format!("UPDATE therapyflow.consent_records SET expires_at = now() - interval '1 second' WHERE id = '{asked}'"))
        .await
        .unwrap();
    assert_eq!(sees("a").await, "0");
}

#[tokio::test]
async fn a_consent_moves_by_the_patients_steps_only() {
    let (database, _owner) = filled().await;
    let mut e = client(&database, "e").await;
    let ask = "INSERT INTO therapyflow.consent_records (purpose) VALUES ('research') RETURNING concat_ws(' ', status, id)";
    let asked = e.one(ask).await;
    let id = asked.strip_prefix("REQUESTED ").unwrap().to_owned();
    e.run("COMMIT").await.unwrap();
    let step = |step: &str| format!("SELECT status FROM therapyflow.{step}_consent('{id}')");

    // Staff see it and decide nothing; other callers do not see it.
    let mut a = client(&database, "a").await;
    assert_eq!(
        refused(&mut a, &step("grant")).await,
        error("PR403", "Only the patient decides on a consent.")
    );
    for digit in ["f", "1", "0"] {
        let refusal = refused(&mut client(&database, digit).await, &step("grant")).await;
        assert_eq!(refusal, error("PR404", "There is no such consent."), "{digit}");
    }
    let granted = "INSERT INTO therapyflow.consent_records (purpose, status) VALUES ('research', 'GRANTED')";
    assert_eq!(refused(&mut a, granted).await.0, "42501");

    let mut e = client(&database, "e").await;
    let not = |from: &str, to: &str| error("PR409", &format!("A consent that is {from} cannot become {to}."));
    assert_eq!(refused(&mut e, &step("revoke")).await, not("requested", "revoked"));
    let late = format!("SELECT therapyflow.grant_consent('{id}', now())");
    assert_eq!(refused(&mut e, &late).await, error("PR400", "A consent that is granted now ends later."));
    assert_eq!(e.one(step("deny")).await, "DENIED");
    assert_eq!(refused(&mut e, &step("grant")).await, not("denied", "granted"));
    assert_eq!(refused(&mut e, &step("revoke")).await, not("denied", "revoked"));
}
