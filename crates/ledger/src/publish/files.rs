//! Writing files so that a crash leaves either the old content or the new one.

use crate::tiles::Tile;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many syncs go at once: file systems with a journal then commit them together.
const SYNCS_AT_ONCE: usize = 16;

/// Writes files below a directory: whole, under another name, then renamed. [`Writer::settle`] brings them to disk, many at once.
///
/// A name whose content is not on disk yet may survive a crash empty. That is why only files beyond the last checkpoint are written
/// with [`Writer::write`]: they are written again before a checkpoint speaks of them. The checkpoint itself takes
/// [`Writer::replace`].
#[derive(Debug)]
pub(super) struct Writer {
    root: PathBuf,
    /// Files and directories that are not on disk yet.
    unsettled: BTreeSet<PathBuf>,
    /// Directories of partial tiles that became full.
    outgrown: Vec<PathBuf>,
}

impl Writer {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), unsettled: BTreeSet::new(), outgrown: Vec::new() }
    }

    /// Writes `content` at `path` below the root; on disk after [`Self::settle`].
    pub(super) fn write(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        let (draft, target) = self.draft(path)?;
        fs::write(&draft, content)?;
        fs::rename(&draft, &target)?;
        self.unsettled.insert(target);
        Ok(())
    }

    /// Replaces the file at `path`: at every moment either the old content or the new one is on disk. The new one is, on return.
    pub(super) fn replace(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        let (draft, target) = self.draft(path)?;
        let mut file = File::create(&draft)?;
        file.write_all(content)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&draft, &target)?;
        self.settle()
    }

    /// The name to write under and the name to rename to, in a directory that exists.
    fn draft(&mut self, path: &str) -> io::Result<(PathBuf, PathBuf)> {
        let target = self.root.join(path);
        let parent = target.parent().unwrap_or(&self.root).to_owned();
        self.make_directory(&parent)?;
        // Readers go by exact names, so a left-over of this name disturbs nobody, and the next try takes it over.
        let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let draft = parent.join(format!(".{name}.new"));
        self.unsettled.insert(parent);
        Ok((draft, target))
    }

    /// Writes a tile or bundle. A full one outgrows its partial ones.
    pub(super) fn write_tile(&mut self, tile: Tile, content: &[u8]) -> io::Result<()> {
        let path = tile.to_string();
        self.write(&path, content)?;
        if !tile.is_partial() {
            self.outgrown.push(self.root.join(format!("{path}.p")));
        }
        Ok(())
    }

    /// Returns when everything written so far is on disk, names and content.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        let paths: Vec<_> = std::mem::take(&mut self.unsettled).into_iter().collect();
        let next = AtomicUsize::new(0);
        let sync = || -> io::Result<()> {
            while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                File::open(path)?.sync_all()?;
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..paths.len().min(SYNCS_AT_ONCE)).map(|_| scope.spawn(sync)).collect();
            let mut result = sync();
            for thread in others {
                result = result.and(thread.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into())));
            }
            result
        })
    }

    /// Deletes the partial tiles that full ones replaced (C2SP tlog-tiles, "Partial Tiles": a log may, once the full tile is there).
    /// Only to be called when the checkpoint that speaks of the full ones is on disk. What cannot be deleted does no harm.
    pub(super) fn clear_away(&mut self) {
        for directory in self.outgrown.drain(..) {
            drop(fs::remove_dir_all(directory));
        }
    }

    /// Creates `directory` and those above it that are missing, and remembers whose entries are new.
    fn make_directory(&mut self, directory: &Path) -> io::Result<()> {
        if directory.is_dir() {
            return Ok(());
        }
        for missing in directory.ancestors().take_while(|above| !above.is_dir()) {
            self.unsettled.insert(missing.to_owned());
            if let Some(above) = missing.parent() {
                self.unsettled.insert(above.to_owned());
            }
        }
        fs::create_dir_all(directory)
    }
}
