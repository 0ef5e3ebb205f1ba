//! Words of somebody who may be in danger, in English and Spanish (RULES CHT-01), misspelt, run together, spelt out letter by letter or
//! in disguise. It hears too much rather than too little: who is asked once too often whether they need help now loses nothing.
//!
//! A text is read several ways ([`readings`]), and each is held against a table of sayings ([`sayings`]), of which those that only sound
//! like danger are taken out first.

mod net;
mod readings;
mod sayings;

use readings::readings;
use sayings::Sayings;
use std::sync::LazyLock;

const TABLE: &str = include_str!("../data/danger.tsv");

static SAYINGS: LazyLock<Sayings> = LazyLock::new(|| Sayings::read(TABLE));

/// house: how much of a text is read, in characters: every word of what a form of the portal, a text or a mail of ours takes.
const READ: usize = 300_000;

/// Whether somebody who writes `text` may be in danger, or somebody with them.
#[must_use]
pub fn speaks_of_danger(text: &str) -> bool {
    let sayings = &*SAYINGS;
    let head = text.char_indices().nth(READ).map_or(text, |(at, _)| text.get(..at).unwrap_or(text));
    let readings = readings(head, sayings);
    readings.iter().any(|words| sayings.are_in(words)) || net::hears(readings.get(1).map_or(&[], Vec::as_slice))
}

#[cfg(test)]
mod tests;
