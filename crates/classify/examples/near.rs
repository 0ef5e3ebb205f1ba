//! Which ordinary words are taken for misspelled care words? Reads words from standard input, one a line, and prints those in
//! which something is found. `cargo xtask lexicon` makes `data/near-misses.txt` from it.
#![expect(clippy::print_stdout, reason = "a filter between two programs")]

use postern_classify::{Context, scan};
use std::io::BufRead as _;

fn main() {
    for word in std::io::stdin().lock().lines().map_while(Result::ok) {
        if scan(&word, &Context::default()).is_ok_and(|findings| findings.phi) {
            println!("{word}");
        }
    }
}
