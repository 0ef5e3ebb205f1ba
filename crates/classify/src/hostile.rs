//! Texts made to break a reader: floods, nested encodings, directions, marks, lengths. What is asserted of work is asserted on
//! counted steps.

use super::*;

fn assert_read(text: &str, context: &Context<'_>) {
    let findings = scan(text, context).unwrap();
    let length = text.chars().count();
    let start: String = text.chars().take(12).collect();
    assert!(findings.spans.iter().all(|span| span.start < span.end && span.end <= length), "{start:?}");
    assert!(findings.spans.windows(2).all(|two| two[0].end <= two[1].start), "{start:?}");
}

/// What a text is flooded with: each of these asks for some stage's work over and over.
const FLOODS: &[&str] = &[
    "a\u{301}\u{302}\u{303}\u{332}",
    "\u{202e}\u{2066}x",
    "\u{202e}VIH\u{202c} ",
    "&amp;",
    "&#38;#38;",
    "&amp;amp;#72;",
    "%25",
    "%2525",
    "a ",
    "a.b-c_",
    "a - - ",
    ". ",
    ".",
    "*",
    "- ",
    "*_*",
    "1-",
    "$1a",
    "(212)",
    "🏥",
    "-\n",
    "\r\n",
    "metf ormin ",
    "me*tf*or*min ",
    "metfromin ",
    "desaparecidamente ",
    "http://a.com/",
    "a.com.",
    "https://x.example/?dob=1 ",
    "Maria ",
    "Maria Lopez-",
    "Alma Beech 1 ",
    "123 ",
    "1 ",
    "one ",
    "A one ",
    "x@",
    "x at x dot com ",
    "your address 1 ",
    "12 elm st ",
    "BP ",
    "blood pressure ",
    "xxx-xx-",
    "your your ",
    "date of birth ",
    "d1abetes ",
    "m3tf0rm1n",
    "aaab",
    "HIV",
    "hiv.",
    "H.I.V. ",
    "!a",
    "|",
    "\u{0}",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

fn flood(piece: &str, bytes: usize) -> String {
    piece.repeat(bytes / piece.len())
}

fn recipient() -> Recipient<'static> {
    Recipient {
        names: &["Alma Beech"],
        family_names: &["Beech"],
        birth_date: Some((1978, 10, 12)),
        identifiers: &["QX-4829"],
        points: &["+12125550101", "alma@example.org"],
        streets: &["1 Elm St"],
    }
}

#[test]
fn floods_are_read_with_valid_offsets_up_to_the_longest_text() {
    let recipient = recipient();
    let vocabulary = Vocabulary::new(&["Maria", "a", "your your"], &[("metf ormin", Category::Hiv)]).unwrap();
    let known = Context { recipient: Some(&recipient), vocabulary: Some(&vocabulary), ..Context::default() };
    for piece in FLOODS {
        let text = flood(piece, MAX_BYTES);
        assert_read(&text, &Context::default());
        assert_read(&text, &known);
    }
}

/// The most steps for each byte of any text, all stages and readings together.
const STEPS_A_BYTE: usize = 400;

#[test]
fn work_grows_with_the_text_and_no_faster() {
    let recipient = recipient();
    let vocabulary = Vocabulary::new(&["Maria", "a"], &[]).unwrap();
    let known = Context { recipient: Some(&recipient), vocabulary: Some(&vocabulary), ..Context::default() };
    for piece in FLOODS {
        for context in [Context::default(), known] {
            let steps = |bytes: usize| work::of(|| scan(&flood(piece, bytes), &context).unwrap()).1;
            let (short, long) = (steps(MAX_BYTES / 8), steps(MAX_BYTES));
            assert!(long <= MAX_BYTES * STEPS_A_BYTE, "{piece:?}: {long} steps");
            assert!(long <= short * 9, "{piece:?}: {short} steps, and {long} for eight times the text");
        }
    }
}

#[test]
fn random_mixtures_of_hostile_pieces_are_read_with_valid_offsets() {
    let pieces = [
        "metformin",
        "H.I.V.",
        "219-09-4471",
        "&#",
        "&#x1F3E5;",
        "%F0%9F",
        "\u{200b}",
        "-\n",
        "@",
        "Maria",
        "Lopez",
        "your",
        "*",
        "🙂",
        "ｓｅｒ",
        "n3v3r",
        "aaaa",
        " ",
        " ",
        "\n",
        ".",
        "t r a m a d o l",
        "https://x.example/?dob=",
        "born",
        "03/14/1961",
        "É",
        "ß",
        "1",
    ];
    let mut state = 7_u64;
    for _ in 0..4_000 {
        let mut text = String::new();
        for _ in 0..8 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
        }
        let findings = scan(&text, &Context::default()).unwrap();
        let length = text.chars().count();
        assert!(findings.spans.iter().all(|span| span.start < span.end && span.end <= length), "{text:?} {findings:?}");
        assert!(findings.spans.windows(2).all(|two| two[0].end <= two[1].start), "{text:?} {findings:?}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 2_000, failure_persistence: None, ..Default::default() })]

    /// Whatever bytes a caller read as text: no panic, spans inside it, in order, apart.
    #[test]
    fn any_bytes_read_as_text_give_valid_offsets(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let text = String::from_utf8_lossy(&bytes);
        let findings = scan(&text, &Context::default()).unwrap();
        let length = text.chars().count();
        proptest::prop_assert!(findings.spans.iter().all(|span| span.start < span.end && span.end <= length));
        proptest::prop_assert!(findings.spans.windows(2).all(|two| two[0].end <= two[1].start));
    }

    /// Pieces that undo each other's encodings, turned about with marks and directions.
    #[test]
    fn any_sequence_of_hostile_pieces_gives_valid_offsets(pieces in proptest::collection::vec(
        proptest::sample::select(vec![
            "HIV", "metformin", "&#x48;", "&amp;#72;", "%2548", "%C3%A9", "e\u{301}\u{301}\u{301}", "\u{202e}", "\u{2066}", "\u{200d}",
            "t r a m a d o l", "nine", "hundred", "point", "one two three", "xxx-xx-1234", "4111 1111 1111 1111", "Maria", "Lopez", "Dr.",
            " ", " ", "\n", "\r\n", "-\n", ".", ",", "!", "@", "1", "A1", "\u{1f9ec}", "ａ", "ß", "https://a.example/x?", "dob=", "born",
        ]),
        0..60,
    )) {
        let text = pieces.concat();
        let findings = scan(&text, &Context::default()).unwrap();
        let length = text.chars().count();
        proptest::prop_assert!(findings.spans.iter().all(|span| span.start < span.end && span.end <= length));
        proptest::prop_assert!(findings.spans.windows(2).all(|two| two[0].end <= two[1].start));
    }
}

#[test]
fn a_line_of_ten_megabytes_is_refused_and_not_read() {
    let line = "Your A1c is 8.2 %. ".repeat(10 * 1024 * 1024 / 19);
    assert_eq!(scan(&line, &Context::default()), Err(ClassifierError::TooLong));
}
