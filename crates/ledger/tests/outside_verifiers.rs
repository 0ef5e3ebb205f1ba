//! The ledger as programs that we did not write see it: Go's `sumdb/note` and `sumdb/tlog`, and pymerkle.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "test code outside of #[test] functions"
)]

use jiff::Timestamp;
use postern_base::{EntryId, MessageId, Secret};
use postern_ledger::{Digest, Directory, Entry, Frontier, Kind, Proof, Publisher, Signer, commit, leaf_hash, verify};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use uuid::Uuid;

/// More than 256 bundles, so that the tree has a third tile level.
const SIZE: u64 = 70_000;
/// The size of an older checkpoint.
const OLD: u64 = 12_345;

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers")
}

/// Says loudly that a peer is missing; under CI that is a failure.
fn skip(peer: &str) {
    eprintln!("SKIPPED: {peer} is not installed; run `cargo xtask peers`");
    let under_ci = std::env::var("CI").is_ok_and(|value| value == "true" || value == "1");
    assert!(!under_ci, "{peer} is missing under CI");
}

struct Ledger {
    dir: PathBuf,
    old: PathBuf,
    proof: PathBuf,
    vkey: String,
    root: Digest,
}

impl Drop for Ledger {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(self.dir.parent().unwrap()));
    }
}

fn leaf(index: u64) -> Vec<u8> {
    let id = |number: u64| Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 + u128::from(number));
    let step = index % 4;
    Entry {
        message: Some(MessageId(id(1 << 40 | (index / 4)))),
        fence: Some(index),
        policy: Some("1/house".to_owned()),
        code: Some("send".to_owned()),
        previous: (step > 0).then(|| EntryId(id(index - 1))),
        commitments: vec![("body".to_owned(), commit(&Secret::new([9; 32]), "body", &index.to_be_bytes()))],
        ..Entry::new(
            EntryId(id(index)),
            "sunrise".parse().unwrap(),
            *Kind::ALL.get(usize::try_from(step).unwrap()).unwrap(),
            Timestamp::from_millisecond(1_790_000_000_000 + i64::try_from(index).unwrap()).unwrap(),
        )
    }
    .to_bytes()
    .unwrap()
}

/// Writes a log in two publishings and keeps the first one's checkpoint.
fn ledger(name: &str, size: u64) -> Ledger {
    let home = std::env::temp_dir().join(format!("postern-outside-{name}-{}", std::process::id()));
    let dir = home.join("ledger");
    let signer = Signer::from_seed(&Secret::new([7; 32]), "postern.example/ledger/0").unwrap();
    let vkey = signer.verifier().to_string();
    let mut publisher = Publisher::open(&dir, signer).unwrap();
    let mut frontier = Frontier::empty();
    let mut grow = |to: u64| {
        let leaves: Vec<_> = (frontier.size()..to).map(leaf).collect();
        for leaf in &leaves {
            frontier.append(leaf_hash(leaf));
        }
        publisher.publish(&leaves, &frontier).unwrap().clone()
    };
    let old = home.join("old-checkpoint");
    fs::write(&old, grow(OLD.min(size / 2)).note()).unwrap();
    let signed = grow(size);
    let proof = home.join("entry.tlog-proof");
    fs::write(&proof, Proof::of(&Directory::new(&dir), size / 3, &signed).unwrap().to_text()).unwrap();
    Ledger { dir, old, proof, vkey, root: signed.checkpoint().root }
}

/// Runs the Go program, or gives `None` when Go or its packages are missing.
fn go(ledger: &Ledger, indices: &[u64]) -> Option<Output> {
    let packages = Path::new("/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog").exists();
    if !packages || Command::new("go").arg("version").output().is_err() {
        skip("golang-go with golang-golang-x-mod-dev");
        return None;
    }
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/verify.go");
    let output = Command::new("go")
        .args(["run", program.to_str().unwrap(), ledger.dir.to_str().unwrap(), &ledger.vkey])
        .args([&ledger.old, &ledger.proof])
        .args(indices.iter().map(u64::to_string))
        .env("GO111MODULE", "off")
        .env("GOPATH", "/usr/share/gocode")
        .env("GOFLAGS", "")
        .env("GOCACHE", peers().canonicalize().unwrap_or_else(|_| std::env::temp_dir()).join("go-cache"))
        .output()
        .unwrap();
    Some(output)
}

#[test]
fn go_sumdb_accepts_signature_entries_inclusion_consistency_and_the_proof_file() {
    let ledger = ledger("go", SIZE);
    let indices = [0, 1, 255, 256, OLD - 1, OLD, 65_535, 65_536, SIZE - 1];
    let Some(output) = go(&ledger, &indices) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{SIZE} {}\n", ledger.root));
}

#[test]
fn go_sumdb_refuses_what_we_refuse() {
    let ledger = ledger("go-refuses", 1000);
    let tile = ledger.dir.join("tile/0/001");
    let sound = fs::read(&tile).unwrap();
    let mut changed = sound.clone();
    *changed.get_mut(40).unwrap() ^= 1;
    fs::write(&tile, changed).unwrap();
    let Some(output) = go(&ledger, &[300]) else { return };
    assert!(!output.status.success());
    let key = ledger.vkey.parse().unwrap();
    assert!(!verify(&ledger.dir, &key, postern_ledger::Options::default()).holds());
    fs::write(&tile, sound).unwrap();
    assert!(go(&ledger, &[300]).unwrap().status.success());
    assert!(verify(&ledger.dir, &key, postern_ledger::Options::default()).holds());
}

#[test]
fn pymerkle_computes_the_same_root_from_the_raw_entries() {
    let ledger = ledger("pymerkle", 12_000);
    let python = peers().join("venv/bin/python");
    if !python.exists() {
        skip("pymerkle");
        return;
    }
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/root.py");
    let output = Command::new(python).arg(program).arg(&ledger.dir).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("12000 {}\n", ledger.root));
}
