//! A log on disk for tests.

use crate::checkpoint::SignedCheckpoint;
use crate::entry::{Entry, Kind};
use crate::note::{Signer, VerifierKey};
use crate::publish::{CHECKPOINT, Publisher};
use crate::tiles::{Directory, Files};
use crate::tree::{Frontier, leaf_hash};
use crate::verify::{Options, Report, verify};
use jiff::Timestamp;
use postern_base::{EntryId, MessageId, Secret};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use uuid::Uuid;

/// A directory that is gone when it is dropped.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("postern-ledger-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// The leaf of entry `index` in a log where each message has three entries.
pub(crate) fn leaf(index: u64) -> Vec<u8> {
    let step = index % 3;
    let id = |index: u64| EntryId(Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 + u128::from(index)));
    let entry = Entry {
        message: Some(message(index / 3)),
        policy: Some("1/house".to_owned()),
        code: Some("send".to_owned()),
        previous: (step > 0).then(|| id(index - 1)),
        commitments: vec![("body".to_owned(), leaf_hash(&index.to_be_bytes()).0)],
        ..Entry::new(
            id(index),
            "sunrise".parse().unwrap(),
            [Kind::Accepted, Kind::AttemptStarted, Kind::Terminal][usize::try_from(step).unwrap()],
            Timestamp::from_second(1_790_000_000 + i64::try_from(index).unwrap()).unwrap(),
        )
    };
    entry.to_bytes().unwrap()
}

pub(crate) fn message(number: u64) -> MessageId {
    MessageId(Uuid::from_u128(0x0193_0000_0000_7000_9000_0000_0000_0000 + u128::from(number)))
}

pub(crate) fn signer() -> Signer {
    Signer::from_seed(&Secret::new([7; 32]), "postern.example/ledger/0").unwrap()
}

/// A published log with its leaves.
pub(crate) struct Scratch {
    dir: TempDir,
    pub(crate) leaves: Vec<Vec<u8>>,
    pub(crate) frontier: Frontier,
}

impl Scratch {
    pub(crate) fn of(size: u64) -> Self {
        let mut log = Self { dir: TempDir::new(), leaves: Vec::new(), frontier: Frontier::empty() };
        log.grow(size);
        log
    }

    /// Publishes `more` entries.
    pub(crate) fn grow(&mut self, more: u64) {
        let mut publisher = Publisher::open(self.path(), signer()).unwrap();
        let from = self.leaves.len();
        for index in self.frontier.size()..self.frontier.size() + more {
            let leaf = leaf(index);
            self.frontier.append(leaf_hash(&leaf));
            self.leaves.push(leaf);
        }
        publisher.publish(&self.leaves[from..], &self.frontier).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn directory(&self) -> Directory {
        Directory::new(self.path())
    }

    pub(crate) fn note(&self) -> String {
        String::from_utf8(self.directory().read(CHECKPOINT).unwrap().unwrap()).unwrap()
    }

    pub(crate) fn checkpoint(&self) -> SignedCheckpoint {
        SignedCheckpoint::open(&self.note(), self.key()).unwrap()
    }

    pub(crate) fn key(&self) -> &VerifierKey {
        Self::key_alone()
    }

    pub(crate) fn key_alone() -> &'static VerifierKey {
        static KEY: OnceLock<VerifierKey> = OnceLock::new();
        KEY.get_or_init(|| signer().verifier().clone())
    }

    pub(crate) fn verify(&self) -> Report {
        verify(self.path(), self.key(), Options::default())
    }

    /// Rewrites the file at `path`.
    pub(crate) fn alter(&self, path: &str, alter: impl FnOnce(&mut Vec<u8>)) {
        let file = self.path().join(path);
        let mut bytes = std::fs::read(&file).unwrap();
        alter(&mut bytes);
        std::fs::write(file, bytes).unwrap();
    }

    /// Rewrites the entries of the bundle at `path`.
    pub(crate) fn alter_entries(&self, path: &str, alter: impl FnOnce(&mut Vec<Vec<u8>>)) {
        self.alter(path, |bytes| {
            let mut leaves: Vec<_> = crate::tiles::entries(bytes).map(|leaf| leaf.unwrap().to_vec()).collect();
            alter(&mut leaves);
            bytes.clear();
            for leaf in leaves {
                assert!(crate::tiles::push_entry(bytes, &leaf));
            }
        });
    }

    /// Cuts the bundle at `path` cleanly after its first `kept` entries; the bundle may be cut inside its last one already.
    pub(crate) fn alter_entries_until_cut(&self, path: &str, kept: usize) {
        self.alter(path, |bytes| {
            let leaves: Vec<_> =
                crate::tiles::entries(bytes).map_while(Result::ok).map(<[u8]>::to_vec).take(kept).collect();
            bytes.clear();
            for leaf in leaves {
                assert!(crate::tiles::push_entry(bytes, &leaf));
            }
        });
    }
}
