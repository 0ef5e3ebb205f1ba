//! Grammars of messages and their expansion. Deterministic: the same file and seed give the same messages.
//!
//! `@slot = a | b` values of `<slot>`; `== label kind lang N` a section, each of whose lines becomes N messages; `{a|b}` one of
//! them; `[ … ]` what makes it PHI.

use std::collections::BTreeMap;

/// A message of a grammar.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// Whether it is PHI.
    pub(crate) phi: bool,
    /// What kind of PHI, or what kind of clean.
    pub(crate) kind: String,
    /// `en` or `es`.
    pub(crate) lang: String,
    /// The text before what is telling, that, and the text behind it.
    pub(crate) parts: [String; 3],
}

impl Message {
    /// The text.
    pub(crate) fn text(&self) -> String {
        self.parts.concat()
    }
}

/// A small generator of pseudo-random numbers (xorshift64*).
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Dice with a seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(value).unwrap_or(0) % sides.max(1)
    }

    /// One of several.
    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.roll(of.len()))
    }
}

/// Every message of a grammar; each section's number of expansions is multiplied by `times`.
pub(crate) fn expand(grammar: &str, seed: u64, times: usize) -> Vec<Message> {
    let mut slots: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut dice = Dice::new(seed);
    let mut section = (false, "", "", 0);
    let mut messages = Vec::new();
    for line in grammar.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some((name, values)) = line.strip_prefix('@').and_then(|rest| rest.split_once(" = ")) {
            slots.entry(name.trim()).or_default().extend(values.split(" | ").map(str::trim));
        } else if let Some(header) = line.strip_prefix("==") {
            let words: Vec<&str> = header.split_whitespace().collect();
            if let [label, kind, lang, count] = words.as_slice() {
                section = (*label == "phi", kind, lang, count.parse().unwrap_or(1));
            }
        } else {
            for _ in 0..section.3 * times {
                let text = fill(line, &slots, &mut dice, 0);
                messages.push(message(&text, section.0, section.1, section.2));
            }
        }
    }
    messages
}

fn message(text: &str, phi: bool, kind: &str, lang: &str) -> Message {
    let (head, rest) = text.split_once('[').unwrap_or((text, ""));
    let (inner, tail) = rest.split_once(']').unwrap_or((rest, ""));
    let parts = [head, inner, tail].map(str::to_owned);
    Message { phi, kind: kind.into(), lang: lang.into(), parts }
}

/// Slots and alternatives filled, outermost first.
fn fill(text: &str, slots: &BTreeMap<&str, Vec<&str>>, dice: &mut Dice, depth: usize) -> String {
    if depth > 6 {
        return text.into();
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '{']) {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        let closing = if tail.starts_with('<') { '>' } else { '}' };
        let Some((inner, after)) = tail.get(1..).and_then(|t| t.split_once(closing)) else {
            out.push_str(tail);
            return out;
        };
        if closing == '>' {
            match slots.get(inner).and_then(|values| dice.pick(values)) {
                Some(value) => out.push_str(&fill(value, slots, dice, depth + 1)),
                None => out.push_str(inner),
            }
        } else {
            let choices: Vec<&str> = inner.split('|').collect();
            let choice = dice.pick(&choices).copied().unwrap_or_default();
            out.push_str(&fill(choice, slots, dice, depth + 1));
        }
        rest = after;
    }
    out.push_str(rest);
    out
}
