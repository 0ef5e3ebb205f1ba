//! Any bytes, read as text: the classifier neither panics nor gives an offset outside the text, its spans do not overlap, and
//! the same text gives the same findings. The first byte says what is known of the recipient and the tenant.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postern_classify::{Context, Recipient, Vocabulary, scan};
use std::sync::LazyLock;

static RECIPIENT: Recipient<'static> = Recipient {
    names: &["Alma Beech", "Jean-Luc de la Cruz"],
    family_names: &["Beech", "de la Cruz"],
    birth_date: Some((1978, 10, 12)),
    identifiers: &["QX-4829", "0042"],
    points: &["+12125550101", "alma@example.org"],
    streets: &["1 Elm St"],
};

static VOCABULARY: LazyLock<Option<Vocabulary>> = LazyLock::new(|| {
    let program = postern_base::Category::SubstanceUse;
    Vocabulary::new(&["Asthma Lane", "Dr. Colón Fever", "a"], &[("Harbor Program", program)]).ok()
});

fuzz_target!(|bytes: &[u8]| {
    let Some((known, bytes)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(bytes);
    let context = Context {
        callback: (known & 1 != 0).then_some("+15555550100"),
        recipient: (known & 2 != 0).then_some(&RECIPIENT),
        vocabulary: VOCABULARY.as_ref().filter(|_| known & 4 != 0),
        ..Context::default()
    };
    let Ok(findings) = scan(&text, &context) else { return };
    let length = text.chars().count();
    assert!(findings.spans.iter().all(|span| span.start < span.end && span.end <= length));
    assert!(findings.spans.windows(2).all(|two| matches!(two, [a, b] if a.end <= b.start)));
    assert_eq!(scan(&text, &context), Ok(findings));
});
