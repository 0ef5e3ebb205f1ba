//! Writing files so that a crash leaves either the old content or the new one.

use crate::tiles::Tile;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Writes files below a directory: whole, under another name, synced, then renamed. The directories' own entries are synced by
/// [`Writer::settle`], once for many files.
#[derive(Debug)]
pub(super) struct Writer {
    root: PathBuf,
    /// Directories with new names in them.
    unsettled: BTreeSet<PathBuf>,
    /// Directories of partial tiles that became full.
    outgrown: Vec<PathBuf>,
}

impl Writer {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), unsettled: BTreeSet::new(), outgrown: Vec::new() }
    }

    /// Writes `content` at `path` below the root.
    pub(super) fn write(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        let target = self.root.join(path);
        let parent = target.parent().unwrap_or(&self.root).to_owned();
        self.make_directory(&parent)?;
        // Readers go by exact names, so a left-over of this name disturbs nobody, and the next try takes it over.
        let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let draft = parent.join(format!(".{name}.new"));
        let mut file = File::create(&draft)?;
        file.write_all(content)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&draft, &target)?;
        self.unsettled.insert(parent);
        Ok(())
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

    /// Returns when every name written so far is on disk.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        for directory in std::mem::take(&mut self.unsettled) {
            File::open(directory)?.sync_all()?;
        }
        Ok(())
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
