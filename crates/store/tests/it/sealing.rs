//! What lies on the disk: nothing in the clear, and nothing at all once a key is destroyed.

use crate::fixture::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use postern_base::{Channel, Phi, Secret};
use postern_gate::facts::{OptOut, OptOutScope};
use postern_ledger::Kind;
use postern_ledger::proof::Proof;
use postern_store::{
    DeliveryState, DirectoryResource, Finish, NewInbound, OpenError, Options, RootKey, Store, StoreError,
};
use std::path::Path;
use std::sync::Arc;

const MARK: &str = "zqXcanaryJk7";

/// Every way in which the mark could lie in a file.
fn shapes() -> Vec<Vec<u8>> {
    let mut shapes = vec![MARK.as_bytes().to_vec(), MARK.to_lowercase().into_bytes(), MARK.to_uppercase().into_bytes()];
    shapes.push(MARK.encode_utf16().flat_map(u16::to_le_bytes).collect());
    shapes.push(MARK.encode_utf16().flat_map(u16::to_be_bytes).collect());
    shapes.push(MARK.bytes().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect());
    // Base64 at each of the three alignments, without the characters that its neighbours change.
    for shift in 0..3 {
        let text = STANDARD.encode(format!("{}{MARK}", "a".repeat(shift)));
        shapes.push(text.as_bytes()[4..text.len() - 4].to_vec());
    }
    shapes
}

fn grep(dir: &Path, files: &mut usize) -> Vec<String> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(dir).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            found.extend(grep(&path, files));
            continue;
        }
        *files += 1;
        let bytes = std::fs::read(&path).unwrap();
        for (n, shape) in shapes().iter().enumerate() {
            if bytes.windows(shape.len()).any(|window| window == shape.as_slice()) {
                found.push(format!("{}: shape {n}", path.display()));
            }
        }
    }
    found
}

#[tokio::test]
async fn a_mark_in_everything_a_patient_would_call_theirs_is_in_no_file() {
    let bench = Bench::new().await;
    let point = format!("{MARK}@example.org");
    let of = format!("p-{MARK}");
    let mut message = bench.message(&of, &point);
    let id = message.id;
    message.idempotency_key = Some(Phi::new(MARK.to_owned()));
    message.content = Phi::new(MARK.as_bytes().to_vec());
    message.request = Phi::new(MARK.as_bytes().to_vec());
    message.decision = Phi::new(MARK.as_bytes().to_vec());
    message.event = Some(format!("Appointment/{MARK}"));
    message.template = Some(postern_gate::rendition::TemplateRef { name: MARK.to_owned(), version: 1 });
    message.renditions[0].subject = Some(Phi::new(MARK.to_owned()));
    message.renditions[0].body = Phi::new(MARK.repeat(700));
    message.renditions[0].measured = MARK.as_bytes().to_vec();
    message.commitment_key = Secret::new(format!("{MARK:0<32}").into_bytes().try_into().unwrap());
    bench.sunrise.accept(message).await.unwrap();
    let claim = bench.claim().await.unwrap();
    let mut candidate = claim.candidate.clone();
    candidate.point = address(&format!("x-{MARK}@example.org"));
    let again = Finish::Again {
        due: bench.now(),
        state: DeliveryState::Queued,
        code: "rerouted".to_owned(),
        candidate: Some(candidate),
    };
    bench.sunrise.finish(claim.lease, again, Vec::new()).await.unwrap();
    let resource = DirectoryResource {
        resource_type: "Patient".to_owned(),
        id: of.clone(),
        patient: Some(patient(&of)),
        points: vec![address(&point)],
        json: Phi::new(format!("{{\"name\":\"{MARK}\"}}").into_bytes()),
    };
    let organization = DirectoryResource {
        resource_type: "Organization".to_owned(),
        id: MARK.to_owned(),
        patient: None,
        points: Vec::new(),
        json: Phi::new(MARK.as_bytes().to_vec()),
    };
    bench.sunrise.put_resources(vec![resource, organization]).await.unwrap();
    let opt_out = OptOut { at: bench.now(), channel: Channel::Email, point: address(&point), scope: OptOutScope::All };
    bench.sunrise.put_opt_out(opt_out, bench.entry(Kind::ConsentChanged, None)).await.unwrap();
    bench.sunrise.put_verification(&address(&point), None, bench.entry(Kind::ConsentChanged, None)).await.unwrap();
    for (reference, from) in [("r1", point.as_str()), ("r2", "+12125550101")] {
        let inbound = NewInbound {
            vendor: "sim".to_owned(),
            reference: reference.to_owned(),
            channel: Channel::Email,
            from: address(from),
            text: Phi::new(MARK.to_owned()),
            thread_purpose: None,
            answers: None,
            patient: None,
            at: bench.now(),
            attachments: Vec::new(),
        };
        bench.sunrise.put_inbound(inbound, Vec::new()).await.unwrap();
    }
    bench.store.publish().await.unwrap();
    assert!(bench.sunrise.message(id).await.unwrap().unwrap().request.reveal() == MARK.as_bytes());
    let mut files = 0;
    assert_eq!(grep(&bench.scratch.0, &mut files), Vec::<String>::new(), "while it runs, with the write-ahead log");
    assert!(files >= 6, "database, log, index, lock, tiles, checkpoint: {files}");
    std::fs::write(bench.scratch.0.join("probe"), MARK.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
        .unwrap();
    assert_eq!(grep(&bench.scratch.0, &mut files).len(), 1, "the search finds what is there");
    std::fs::remove_file(bench.scratch.0.join("probe")).unwrap();
    let bench = bench.reopened(Options::default()).await;
    assert_eq!(grep(&bench.scratch.0, &mut files), Vec::<String>::new(), "after a restart");
}

#[tokio::test]
async fn after_a_patients_key_is_destroyed_nothing_of_theirs_opens_and_every_proof_holds() {
    let bench = Bench::new().await;
    let key = bench.store.ledger_key().unwrap().parse().unwrap();
    let message = bench.message("p1", "+12125550101");
    let id = message.id;
    bench.sunrise.accept(message).await.unwrap();
    bench.sunrise.accept(bench.message("p2", "+12125550102")).await.unwrap();
    let (index, entry) = bench.sunrise.entries(id).await.unwrap().remove(0);
    let proof = bench.sunrise.proof(index).await.unwrap();
    bench.sunrise.destroy_patient_key(&patient("p1"), bench.entry(Kind::KeyDestroyed, None)).await.unwrap();

    let check = async |bench: &Bench| {
        assert_eq!(bench.sunrise.message(id).await.unwrap_err(), StoreError::KeyDestroyed);
        let gone = bench.sunrise.accept(bench.message("p1", "+12125550101")).await;
        assert_eq!(gone.unwrap_err(), StoreError::KeyDestroyed);
        assert_eq!(
            bench.sunrise.messages_of(&patient("p1"), None, 10).await.unwrap(),
            [id],
            "that it was is still known"
        );
        let now = Proof::parse(&bench.sunrise.proof(index).await.unwrap()).unwrap();
        now.verify(&entry.to_bytes().unwrap(), &key).unwrap();
        Proof::parse(&proof).unwrap().verify(&entry.to_bytes().unwrap(), &key).unwrap();
    };
    check(&bench).await;
    let claims = bench.store.claim(bench.now(), 10, SignedDuration::from_secs(1)).await.unwrap();
    assert_eq!(claims.len(), 1, "only the other patient's delivery is left");
    let twice = bench.sunrise.destroy_patient_key(&patient("p1"), bench.entry(Kind::KeyDestroyed, None)).await;
    assert_eq!(twice.unwrap_err(), StoreError::KeyDestroyed);
    let bench = bench.reopened(Options::default()).await;
    check(&bench).await;
}

#[tokio::test]
async fn a_rotated_epoch_keeps_the_living_and_an_old_copy_cannot_bring_the_destroyed_back() {
    let bench = Bench::new().await;
    let (alive, dead) = (bench.message("p1", "+12125550101"), bench.message("p2", "+12125550102"));
    let (alive_id, dead_id) = (alive.id, dead.id);
    bench.sunrise.accept(alive).await.unwrap();
    bench.sunrise.accept(dead).await.unwrap();
    bench.sunrise.destroy_patient_key(&patient("p2"), bench.entry(Kind::KeyDestroyed, None)).await.unwrap();
    let rewrapped = bench.store.rotate_epoch(bench.entry(Kind::Administered, None)).await.unwrap();
    assert_eq!(rewrapped, 3, "two tenants and one living patient");
    assert_eq!(bench.sunrise.message(alive_id).await.unwrap().unwrap().patient, patient("p1"));
    let bench = bench.reopened(Options::default()).await;
    assert_eq!(bench.sunrise.message(alive_id).await.unwrap().unwrap().patient, patient("p1"));
    assert_eq!(bench.sunrise.message(dead_id).await.unwrap_err(), StoreError::KeyDestroyed);
    bench.sunrise.accept(bench.message("p3", "+12125550103")).await.unwrap();
    assert_eq!(bench.store.rotate_epoch(bench.entry(Kind::Administered, None)).await.unwrap(), 4);
}

#[tokio::test]
async fn another_root_key_is_told_from_damage() {
    let bench = Bench::new().await;
    let Bench { scratch, clock, store, .. } = bench;
    store.close().await;
    let other = RootKey(Secret::new([8; 32]));
    let rng = Arc::new(postern_base::SystemRng);
    let outcome = Store::open(&scratch.0, other, Arc::clone(&clock) as _, rng).await;
    assert!(matches!(outcome.unwrap_err(), OpenError::WrongRootKey));
    open(&scratch.0, &clock, Options::default()).await.unwrap();
}

#[test]
fn a_root_key_file_is_made_once_and_read_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let path = scratch.0.join("keys/root.key");
    let made = RootKey::load_or_create(&path, &postern_base::SystemRng).unwrap();
    let read = RootKey::load_or_create(&path, &postern_base::SystemRng).unwrap();
    assert_eq!(made.0.reveal(), read.0.reveal());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::write(&path, "not a key").unwrap();
    assert!(matches!(RootKey::load(&path).unwrap_err(), OpenError::WrongRootKey));
}
