//! The database's rows held against the published files.

use super::problem::{Problem, Problems};
use crate::tiles::{Files, Tile, entries, read_tile};

/// Compares `rows` (index and leaf, ascending from 0) with the bundles of the log's first `size` entries, and names the rows that
/// differ or are missing. Rows beyond `size` are not published yet and only need to be without a gap. Linear, one bundle in memory.
///
/// # Errors
/// The first error that `rows` gives.
pub fn verify_rows<F: Files + ?Sized, E>(
    files: &F,
    size: u64,
    rows: impl IntoIterator<Item = Result<(u64, Vec<u8>), E>>,
) -> Result<Vec<Problem>, E> {
    let mut problems = Problems::default();
    let mut next = 0_u64;
    let mut bundle: Option<(u64, Vec<Vec<u8>>)> = None;
    for row in rows {
        let (index, leaf) = row?;
        if index > next {
            problems.push(Problem::RowsMissing { from: next, to: index - 1 });
        }
        next = index.saturating_add(1);
        let Some(tile) = Tile::entries(index / 256, size) else { continue };
        if bundle.as_ref().is_none_or(|(number, _)| *number != tile.number) {
            let read = read_tile(files, tile)
                .map(|bytes| entries(&bytes).filter_map(Result::ok).map(<[u8]>::to_vec).collect());
            bundle = Some((
                tile.number,
                read.unwrap_or_else(|_| {
                    problems.push(Problem::Missing(tile));
                    Vec::new()
                }),
            ));
        }
        let published = bundle.as_ref().and_then(|(_, leaves)| leaves.get(usize::try_from(index % 256).ok()?));
        if index < size && published.is_some_and(|published| *published != leaf) {
            problems.push(Problem::RowDiffers { index });
        }
    }
    if next < size {
        problems.push(Problem::RowsBehind { rows: next, size });
    }
    Ok(problems.list)
}
