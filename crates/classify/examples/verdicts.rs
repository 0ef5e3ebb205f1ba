//! Reads messages, one a line, and prints "1" for each that is PHI, else "0"; then the nanoseconds of CPU. For
//! `xtask/peers/classifiers.py`.
#![expect(clippy::print_stdout, reason = "a filter between two programs")]

use postern_classify::{Context, scan};
use std::io::BufRead as _;

fn main() {
    let texts: Vec<String> =
        std::io::stdin().lock().lines().map_while(Result::ok).map(|line| line.replace("\\n", "\n")).collect();
    let _first = scan("The first one reads the lists.", &Context::default());
    let before = cpu();
    let found: Vec<bool> =
        texts.iter().map(|text| scan(text, &Context::default()).map_or(true, |found| found.phi)).collect();
    let spent = cpu() - before;
    for one in found {
        println!("{}", u8::from(one));
    }
    println!("{spent}");
}

/// The time this thread has spent on a processor, in nanoseconds (Linux).
fn cpu() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default()
}
