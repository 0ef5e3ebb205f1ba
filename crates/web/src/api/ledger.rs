//! The ledger as static tiles, read-only (C2SP tlog-tiles).
//!
//! A path from outside never reaches the file system: it is read into a tile's numbers, and the file's name is written from
//! those again.

use crate::problem::{Kind, Problem};
use crate::web::Web;
use axum::extract::{Path, State};
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use postern_ledger::tiles::{Row, TILE_WIDTH, Tile};
use std::io::ErrorKind;

/// `GET /ledger/checkpoint`.
pub(crate) async fn checkpoint(State(web): State<Web>) -> Result<Response, Problem> {
    let bytes = read(&web, "checkpoint").await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], bytes).into_response())
}

/// `GET /ledger/tile/...`.
pub(crate) async fn tile(State(web): State<Web>, Path(path): Path<String>) -> Result<Response, Problem> {
    let tile = parse(&path).ok_or_else(|| {
        Problem::new(Kind::NotFound, "This is not the path of a tile (C2SP tlog-tiles: tile/L/N or tile/entries/N).")
    })?;
    let bytes = read(&web, &tile.to_string()).await?;
    let kind: [(HeaderName, &str); 2] = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        // A tile never changes once it is there; it is the caller's alone, because reading it needs a key.
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
    ];
    Ok((kind, bytes).into_response())
}

async fn read(web: &Web, name: &str) -> Result<Vec<u8>, Problem> {
    match tokio::fs::read(web.config().ledger.join(name)).await {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(Problem::new(Kind::NotFound, "The ledger has no such file yet."))
        }
        Err(_) => Err(Problem::unavailable("The ledger's files cannot be read now.")),
    }
}

/// A tile's path below `tile/`, in its one spelling.
fn parse(path: &str) -> Option<Tile> {
    let (row, rest) = path.split_once('/')?;
    let row = match row {
        "entries" => Row::Entries,
        digits => Row::Hashes { level: digits.parse().ok().filter(|level| *level < 64)? },
    };
    let (number, width) = match rest.split_once(".p/") {
        Some((number, width)) => (number, width.parse().ok().filter(|width| (1..TILE_WIDTH).contains(width))?),
        None => (rest, TILE_WIDTH),
    };
    let mut value = 0_u64;
    for part in number.split('/') {
        let digits = part.strip_prefix('x').unwrap_or(part);
        let group: u64 = digits.parse().ok().filter(|group| *group < 1000)?;
        value = value.checked_mul(1000)?.checked_add(group)?;
    }
    let tile = Tile { row, number: value, width };
    // Only the canonical spelling names a file.
    (tile.to_string().strip_prefix("tile/") == Some(path)).then_some(tile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_have_one_spelling() {
        for good in ["0/000", "0/x001/234", "entries/067.p/5", "1/x123/x456/789.p/255"] {
            assert_eq!(parse(good).map(|tile| tile.to_string()), Some(format!("tile/{good}")), "{good}");
        }
    }

    #[test]
    fn nothing_but_a_tile_can_be_named() {
        let bad = [
            "",
            "0",
            "0/",
            "0/0",
            "0/0000",
            "/0/000",
            "0/000/",
            "00/000",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/05",
            "../checkpoint",
            "0/../../../etc/passwd",
            "0/..",
            "entries/%2e%2e",
            "0/x000/001",
            "0/+01",
            "0/000.p/+5",
            "64/000",
            "entries/000/001",
            "0/x999/x999/x999/x999/x999/x999/x999/999",
        ];
        for path in bad {
            assert_eq!(parse(path), None, "{path}");
        }
    }
}
