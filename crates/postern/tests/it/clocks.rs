//! Programs by another clock than the machine's: libfaketime (Debian) answers them what time it is.

use crate::peers::missing_peer;
use jiff::Timestamp;
use std::path::PathBuf;
use std::process::Command;

/// Lets `command` run by a clock that stands at `instant` when it begins, and goes on; how long things take stays as it is. `false`, said
/// loudly, where that cannot be had.
pub(crate) fn begins_at(command: &mut Command, instant: Timestamp) -> bool {
    let Some(library) = library() else {
        missing_peer("libfaketime");
        return false;
    };
    let begins = instant.strftime("@%Y-%m-%d %H:%M:%S").to_string();
    command.env("LD_PRELOAD", library).env("FAKETIME", begins).env("TZ", "UTC");
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1").env("NO_FAKE_STAT", "1");
    true
}

/// Where Debian puts it: below a folder for each kind of processor.
fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?;
    let mut found = folders.filter_map(|folder| Some(folder.ok()?.path().join("faketime/libfaketimeMT.so.1")));
    found.find(|library| library.exists())
}
