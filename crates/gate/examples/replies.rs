//! Reads many replies as Postern would, and shows which of them it takes for something else than expected.
//!
//! `cargo run -p postern-gate --example replies < replies.tsv`
//!
//! One reply a line: id, what is expected, language, text, parted by tabs; lines that begin with `#` are passed over. Expected is one of
//!
//! - `revoke`: nothing more is sent there until the patient asks again,
//! - `hold`: nothing more is sent there until a person has read it,
//! - `wrong`: the place is not the patient's,
//! - `none`: nothing changes.
//!
//! Each reply that is read otherwise is shown with what it was taken for, then a table that counts what was expected against what was
//! read. A clinic that wants to know how well its patients' languages are heard writes down what they send, in their own words.

use postern_gate::revocation::{Meaning, read};
use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};

fn main() -> io::Result<()> {
    let mut file = String::new();
    io::stdin().read_to_string(&mut file)?;
    let mut out = io::stdout().lock();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (index, line) in file.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        let [id, expected, language, text] = line.splitn(4, '\t').collect::<Vec<_>>()[..] else {
            writeln!(out, "line {}: expected id, expected, language, text, parted by tabs", index + 1)?;
            continue;
        };
        if expected == "expected" {
            continue;
        }
        let taken = taken_for(read(text));
        *counts.entry((expected, taken)).or_default() += 1;
        if taken != expected {
            writeln!(out, "{id}\t{expected}\t{taken}\t{language}\t{text}")?;
        }
    }
    writeln!(out, "\nexpected\tread\tcount")?;
    for ((expected, taken), count) in counts {
        writeln!(out, "{expected}\t{taken}\t{count}")?;
    }
    Ok(())
}

const fn taken_for(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Revokes | Meaning::RevokesOrCancelsVisit => "revoke",
        Meaning::Ambiguous => "hold",
        Meaning::WrongNumber | Meaning::WrongNumberAndStop => "wrong",
        Meaning::Resumes | Meaning::Help | Meaning::Other => "none",
    }
}
