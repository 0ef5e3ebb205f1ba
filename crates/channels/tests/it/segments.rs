//! Segments as others count them.

use crate::support::node::{answer, node};
use postern_channels::sms::text::{self, Encoding};

/// What the texts are made of. No signs that join with their neighbours: those the peer keeps together, which no carrier promises.
const POOLS: [&str; 5] = [
    "abcdefghijklmnopqrstuvwxyz ABCXYZ 0123456789 .,?!",
    "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ ¤¡ÄÖÑÜ§¿äöñüà\n",
    "^{}\\[~]|€\u{c}",
    "áíóúâêç漢字кириллица“”’–…",
    "😀🏥💊🩺",
];

/// Texts of every length around the ends of segments, and of every mixture. The same ones each time.
fn texts() -> Vec<String> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(below).unwrap()).unwrap()
    };
    let mut texts = Vec::new();
    for nth in 0..6000 {
        // Most stay within the 7-bit alphabet, where the ends are hardest to hit.
        let pools: &[usize] = [&[0][..], &[0, 1], &[0, 2], &[0, 1, 2], &[0, 3], &[0, 4], &[3, 4]].get(nth % 7).unwrap();
        let length = match nth % 3 {
            0 => next(480),
            1 => 130 + next(40),
            _ => 55 + next(90),
        };
        let text = (0..length)
            .map(|_| {
                let pool: Vec<char> = POOLS.get(*pools.get(next(pools.len())).unwrap()).unwrap().chars().collect();
                *pool.get(next(pool.len())).unwrap()
            })
            .collect();
        texts.push(text);
    }
    texts
}

#[test]
fn alphabet_units_and_segments_of_six_thousand_texts_are_as_the_calculator_of_others_counts_them() {
    let Some(calculator) = node("segments.js", "sms-segments-calculator") else { return };
    let texts = texts();
    let counted: Vec<(String, usize, usize)> =
        serde_json::from_value(answer(calculator, &serde_json::json!(texts))).unwrap();
    assert_eq!(counted.len(), texts.len());
    let mut several = 0;
    for (text, (name, units, segments)) in texts.iter().zip(&counted) {
        let ours = text::length(text);
        let alphabet = if ours.encoding == Encoding::Gsm7 { "GSM-7" } else { "UCS-2" };
        assert_eq!((alphabet, ours.units, ours.segments), (name.as_str(), *units, *segments), "{text:?}");
        several += usize::from(*segments > 1);
    }
    assert!(several > 2000, "{several} of several segments");
}
