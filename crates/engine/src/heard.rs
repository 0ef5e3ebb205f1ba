//! What patients wrote and what was heard in it, kept while the program runs: every decision looks at all that a patient ever wrote, and
//! reading a text takes longer than all the rules together.
//!
//! Nothing here decides. What is kept is a reading of the gate's own, by the text and the patient's names; another text, other names or
//! another program is read anew.

use aws_lc_rs::hmac;
use postern_base::{Phi, Secret};
use postern_gate::revocation::Heard;
use prometheus_client::metrics::counter::Counter;
use std::collections::HashMap;
use std::mem;
use std::sync::Mutex;

/// Readings that are kept: what some thousand patients wrote, in less than 2 MiB.
const KEPT: usize = 16_384;

/// What was read. Text and names are kept as a keyed digest alone.
#[derive(Debug)]
pub(crate) struct Readings {
    key: hmac::Key,
    kept: Mutex<Kept>,
    /// How many were read so far.
    read: Counter,
}

/// The newer half of what is kept, and the older, which is forgotten when the newer is full.
#[derive(Debug, Default)]
struct Kept {
    newer: HashMap<[u8; 32], Heard>,
    older: HashMap<[u8; 32], Heard>,
}

impl Kept {
    fn find(&mut self, name: &[u8; 32]) -> Option<Heard> {
        if let Some(heard) = self.newer.get(name) {
            return Some(*heard);
        }
        let heard = self.older.remove(name)?;
        self.keep(*name, heard);
        Some(heard)
    }

    fn keep(&mut self, name: [u8; 32], heard: Heard) {
        if self.newer.len() >= KEPT / 2 {
            self.older = mem::take(&mut self.newer);
        }
        self.newer.insert(name, heard);
    }
}

impl Readings {
    /// None yet; `read` counts them.
    pub(crate) fn new(key: &Secret<[u8; 32]>, read: Counter) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.reveal());
        Self { key, kept: Mutex::default(), read }
    }

    /// What is heard in `text` to where a patient of these `names` is written: read now, or before.
    pub(crate) fn heard(&self, text: &Phi<String>, names: &[Phi<String>]) -> Heard {
        let name = self.name(text, names);
        if let Some(heard) = self.kept.lock().ok().and_then(|mut kept| kept.find(&name)) {
            return heard;
        }
        let heard = Heard::of(text.reveal(), names.iter().map(|name| name.reveal().as_str()));
        self.read.inc();
        if let Ok(mut kept) = self.kept.lock() {
            kept.keep(name, heard);
        }
        heard
    }

    /// What is read, under a key, so that a copy of the memory tells nobody what a patient wrote.
    fn name(&self, text: &Phi<String>, names: &[Phi<String>]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(b"heard");
        for part in std::iter::once(text).chain(names).map(Phi::reveal) {
            context.update(&part.len().to_le_bytes());
            context.update(part.as_bytes());
        }
        context.sign().as_ref().first_chunk().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postern_gate::revocation::Meaning;

    fn said(text: &str) -> Phi<String> {
        Phi::new(text.to_owned())
    }

    fn readings() -> Readings {
        Readings::new(&Secret::new([7; 32]), Counter::default())
    }

    #[test]
    fn a_text_is_read_once_however_often_it_is_asked_about() {
        let readings = readings();
        let names = [said("Alma")];
        for _ in 0..100 {
            assert_eq!(readings.heard(&said("STOP"), &names).meaning(), Some(Meaning::Revokes));
            assert_eq!(readings.heard(&said("thank you"), &names).meaning(), Some(Meaning::Other));
        }
        assert_eq!(readings.read.get(), 2);
    }

    #[test]
    fn other_names_are_read_anew_and_no_two_lists_of_names_are_one() {
        let readings = readings();
        let told = said("alma isn't here");
        readings.heard(&told, &[said("Al"), said("ma")]);
        readings.heard(&told, &[said("Alm"), said("a")]);
        readings.heard(&told, &[]);
        assert_eq!(readings.read.get(), 3);
        let heard = readings.heard(&told, &[said("Alma")]);
        assert_eq!(heard, Heard::of("alma isn't here", std::iter::once("Alma")));
    }

    #[test]
    fn what_is_kept_has_a_bound_and_what_is_asked_about_again_stays() {
        let readings = readings();
        let fresh = |nth: usize| said(&nth.to_string());
        readings.heard(&said("STOP"), &[]);
        for nth in 0..KEPT + 10 {
            readings.heard(&fresh(nth), &[]);
            if nth % 1_000 == 0 {
                readings.heard(&said("STOP"), &[]);
            }
        }
        let kept = readings.kept.lock().unwrap();
        assert!(kept.newer.len() + kept.older.len() <= KEPT);
        drop(kept);
        let before = readings.read.get();
        readings.heard(&said("STOP"), &[]);
        assert_eq!(readings.read.get(), before, "it was asked about all the time");
        readings.heard(&fresh(0), &[]);
        assert_eq!(readings.read.get(), before + 1, "this was not");
    }
}
