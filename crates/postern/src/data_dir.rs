//! The data directory: what lies where in it, and its root key.

use crate::environment;
use crate::exit::Failure;
use postern_base::{Rng, Secret};
use postern_store::RootKey;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroize as _;

/// A data directory.
#[derive(Debug, Clone)]
pub(crate) struct DataDir {
    path: PathBuf,
}

impl DataDir {
    /// The directory the user named, or the platform's.
    ///
    /// # Errors
    /// When there is neither.
    pub(crate) fn of(named: Option<&Path>) -> Result<Self, Failure> {
        let path = match named {
            Some(path) => path.to_path_buf(),
            None => environment::data_folder()
                .ok_or(Failure::Machine("there is no home directory: name a data directory with --data DIR"))?,
        };
        Ok(Self { path })
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The configuration.
    pub(crate) fn config(&self) -> PathBuf {
        self.path.join("postern.toml")
    }

    /// The ledger's files.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.path.join("ledger")
    }

    fn root_key(&self) -> PathBuf {
        self.path.join("root.key")
    }

    /// Makes the directory, for its owner only.
    ///
    /// # Errors
    /// When there is a root key in it already, or the system says no.
    pub(crate) fn create(&self, rng: &dyn Rng) -> Result<(), Failure> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path)
            .map_err(|why| self.wrong(&self.path, &format!("cannot be made: {why}")))?;
        let mut bytes = [0u8; 32];
        rng.fill(&mut bytes).map_err(|_| Failure::Machine("the operating system gave no random bytes"))?;
        let mut text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        bytes.zeroize();
        text.push('\n');
        let file = self.root_key();
        let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file).and_then(|mut out| {
            out.write_all(text.as_bytes())?;
            out.sync_all()
        });
        text.zeroize();
        written.map_err(|why| {
            if why.kind() == ErrorKind::AlreadyExists {
                self.wrong(&file, "there is a root key here already; choose another directory with --data DIR")
            } else {
                self.wrong(&file, &format!("cannot be written: {why}"))
            }
        })
    }

    /// Whether a root key lies here.
    pub(crate) fn has_root_key(&self) -> bool {
        self.root_key().exists()
    }

    /// Reads the root key.
    ///
    /// # Errors
    /// When it is not there, is not one, or others may read it.
    pub(crate) fn read_root_key(&self) -> Result<RootKey, Failure> {
        let file = self.root_key();
        let metadata = fs::metadata(&file).map_err(|_| {
            self.wrong(
                &file,
                "there is no root key: run `postern quickstart`, or name the right directory with --data DIR",
            )
        })?;
        if metadata.mode() & 0o077 != 0 {
            return Err(self.wrong(&file, "others may read the root key: run `chmod 600` on it, and consider it known"));
        }
        let mut text = fs::read_to_string(&file).map_err(|why| self.wrong(&file, &format!("cannot be read: {why}")))?;
        let key = parse_hex(text.trim_end());
        text.zeroize();
        let key = key.ok_or_else(|| self.wrong(&file, "expected 64 hexadecimal digits"))?;
        Ok(RootKey(Secret::new(key)))
    }

    fn wrong(&self, path: &Path, what: &str) -> Failure {
        Failure::Data { path: path.to_path_buf(), what: what.to_owned() }
    }
}

fn parse_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 {
        return None;
    }
    let mut key = [0u8; 32];
    let mut digits = text.chars();
    for byte in &mut key {
        let high = digits.next()?.to_digit(16)?;
        let low = digits.next()?.to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(key)
}
