//! `verify --replay` by the binary: a decision that does not come out as it is recorded is named, and nothing else is.

use crate::clinic::{Clinic, code, patient, postern};
use postern_base::{Clock as _, EntryId, MessageId, PatientId, Phi, Purpose, Secret, SystemClock, SystemRng};
use postern_ledger::{Entry, Kind, commit};
use postern_store::{Decisions, NewMessage, RootKey, Store};
use std::path::Path;
use std::sync::Arc;

const PATIENT: &str = "Patient/p1";

/// Records a decision in the data directory as another program might have: from the very facts of the one that stands there, under the
/// same version of the rules, in an entry that is signed like every other, and with another outcome.
async fn decide_otherwise(data: &Path) -> (MessageId, EntryId) {
    let root = || RootKey::load(&data.join("root.key")).unwrap();
    let decisions = Decisions::open(data, root()).await.unwrap();
    let kept = decisions.page(0, 1).await.unwrap().remove(0);
    let (_, facts) = kept.opened.unwrap();
    let store = Store::open(data, root(), Arc::new(SystemClock), Arc::new(SystemRng)).await.unwrap();
    let now = SystemClock.now();
    let (id, entry) = (MessageId::new(now, &SystemRng).unwrap(), EntryId::new(now, &SystemRng).unwrap());
    let key = Secret::new([7; 32]);
    let commitments = vec![
        ("facts".to_owned(), commit(&key, "facts", facts.reveal())),
        ("verdict".to_owned(), commit(&key, "verdict", b"refused, for reasons of its own")),
    ];
    let policy = kept.entry.unwrap().policy;
    let recorded =
        Entry { message: Some(id), policy, commitments, ..Entry::new(entry, kept.tenant.clone(), Kind::Accepted, now) };
    let message = NewMessage {
        id,
        idempotency_key: None,
        fingerprint: [1; 32],
        patient: PATIENT.parse::<PatientId>().unwrap(),
        purpose: Purpose::OneTimeCode,
        event: None,
        template: None,
        content: Phi::new(b"a code".to_vec()),
        request: Phi::new(b"{}".to_vec()),
        decision: Phi::new(b"{}".to_vec()),
        outcome: "refuse",
        commitment_key: key,
        renditions: Vec::new(),
        expires_at: now,
        deliveries: Vec::new(),
        entries: vec![recorded],
        facts: Some(facts),
        link: None,
        files: Vec::new(),
    };
    store.tenant(&kept.tenant).accept(message).await.unwrap();
    store.close().await;
    (id, entry)
}

#[test]
fn a_decision_that_comes_out_otherwise_is_named_with_its_message_and_its_entry() {
    let mut clinic = Clinic::new("replay", &patient("p1", "+12125550101", "pat@mail.example"));
    clinic.serve();
    let sent = clinic.client().post("/v1/messages", &code("p1", "482913"));
    assert_eq!(sent.status, 202, "{}", sent.text());
    clinic.stop();
    let (exit, report) = clinic.verify(&["--replay"]);
    assert_eq!((exit, &report["replay"]["differ"]), (0, &0.into()), "{report}");
    let same = report["replay"]["same"].as_u64().unwrap();

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (message, entry) = runtime.block_on(decide_otherwise(&clinic.data()));
    let (exit, report) = clinic.verify(&[]);
    assert_eq!(exit, 0, "nothing was changed behind the ledger's back: {report}");

    let (exit, report) = clinic.verify(&["--replay"]);
    assert_eq!(exit, 1, "{report}");
    assert_eq!((&report["replay"]["differ"], &report["replay"]["same"]), (&1.into(), &same.into()), "{report}");
    let text = report.to_string();
    assert!(text.contains("decision_differs") && text.contains(&message.to_string()), "{report}");
    assert!(text.contains(&entry.to_string()), "{report}");
    assert!(!text.contains("482913"), "what the decision was made from is told to nobody");

    let told = postern(&["verify", "--data", &clinic.data_text(), "--replay"]);
    let told = format!("{}{}", String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    assert!(told.contains("comes out otherwise when it is made again: now it is `send`"), "{told}");
    assert!(told.contains(&message.to_string()) && told.contains("1 did not"), "{told}");
}
