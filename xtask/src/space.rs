//! Whether the disk has room for what a whole test run builds. A compiler that runs out of it in the middle says so in a hundred lines
//! of which none is the reason; this says it before the first one is compiled. Must not delete anything. Start at [`check`].

use crate::run::{Failed, output};
use std::path::Path;

/// What a run on a clean clone leaves in the target folder, in MiB, and a quarter more: 6,900 measured on 2026-11-24.
const NEEDED: u64 = 8_700;

/// Says how much is missing, when the disk is too full for the tests.
///
/// What earlier builds left in the target folder counts as built. Where `df` is not there nothing is known, and the tests begin.
///
/// # Errors
/// When less is free than what is still to be built.
pub fn check(root: &Path) -> Result<(), Failed> {
    let target = root.join("target");
    let built = output("du", &["-sm", &target.display().to_string()]).and_then(|line| first(&line)).unwrap_or(0);
    let free = output("df", &["-Pm", &root.display().to_string()]).and_then(|table| available(&table));
    match free.and_then(|free| missing(free, built)) {
        None => Ok(()),
        Some(missing) => Err(Failed::new(format!(
            "the disk that holds {} has {missing} MiB too little for what the tests build ({NEEDED} MiB): make room, or remove target folders \
             of other clones",
            root.display()
        ))),
    }
}

/// How many MiB are missing, when any are.
fn missing(free: u64, built: u64) -> Option<u64> {
    NEEDED.saturating_sub(built).checked_sub(free).filter(|missing| *missing > 0)
}

/// The fourth column of `df -P`'s second line.
fn available(table: &str) -> Option<u64> {
    table.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

/// The number a line of `du` begins with.
fn first(line: &str) -> Option<u64> {
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_needs_no_room_again() {
        assert_eq!(missing(NEEDED, 0), None);
        assert_eq!(missing(2_500, 0), Some(NEEDED - 2_500));
        assert_eq!(missing(2_500, NEEDED - 2_500), None);
        assert_eq!(missing(0, NEEDED + 1), None);
    }

    #[test]
    fn dfs_table_is_read_by_its_column() {
        let table = "Filesystem     1048576-blocks  Used Available Capacity Mounted on\n/dev/vda              257904 54000     38011      59% /";
        assert_eq!(available(table), Some(38_011));
        assert_eq!(available("df: no such file"), None);
        assert_eq!(first("6245\t/somewhere"), Some(6_245));
    }
}
