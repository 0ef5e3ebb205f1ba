//! Revocations put together from parts, so that what is heard is the sentence and not a list of sentences: who, what, of what, how
//! politely, and how disguised. The rules were written with the first parts in view; what is held out was written down
//! afterwards, and no rule was changed for it.

use super::{Meaning, read};
use proptest::prelude::*;
use proptest::sample::select;

/// The parts of sentences that ask for an end, of one language.
struct Parts {
    before: &'static [&'static str],
    asks: &'static [&'static str],
    sent: &'static [&'static str],
    after: &'static [&'static str],
}

const ENGLISH: Parts = Parts {
    before: &[
        "",
        "please ",
        "pls ",
        "hi, ",
        "I said ",
        "kindly ",
        "seriously, ",
        "for the last time, ",
        "listen, ",
        "as I told you, ",
    ],
    asks: &[
        "stop sending me ",
        "stop the ",
        "stop with the ",
        "quit sending ",
        "don't send me any more ",
        "no more ",
        "cancel all ",
        "end all ",
        "cease all ",
        "discontinue these ",
        "unsubscribe me from these ",
        "halt all ",
        "I'm done with your ",
        "do not ever send me ",
        "I never asked for these ",
    ],
    sent: &["texts", "messages", "text messages", "reminders", "alerts", "msgs", "notifications"],
    after: &["", " please", " thank you", " now", "!!", " ok?", " to this number", " going forward", " asap"],
};

const SPANISH: Parts = Parts {
    before: &["", "por favor ", "hola, ", "favor, ", "disculpe, ", "les pido, ", "oigan, ", "buenos días, "],
    asks: &[
        "dejen de enviarme ",
        "no me manden más ",
        "no más ",
        "paren los ",
        "no quiero más ",
        "deje de mandar ",
        "ya no me envíen ",
        "cancelen los ",
        "no deseo recibir ",
        "sáquenme de los ",
        "suspendan los ",
        "estoy harta de sus ",
        "nunca pedí estos ",
    ],
    sent: &["mensajes", "textos", "recordatorios", "avisos", "mensajes de texto"],
    after: &["", " por favor", " gracias", " ya", "!", " inmediatamente"],
};

/// Written after the rules, and held out from them.
const HELD_OUT_ENGLISH: Parts = Parts {
    before: &["", "excuse me, ", "final warning. ", "my wife and I agree: ", "yo "],
    asks: &[
        "lose my number and the ",
        "I've no use for your ",
        "keep your ",
        "enough with all the ",
        "pull me from the ",
        "I opt out of any ",
        "do not bother me with ",
    ],
    sent: &["texts", "messages", "calls", "alerts", "reminders"],
    after: &["", " for good", " forever", ", understood?", " people"],
};

const HELD_OUT_SPANISH: Parts = Parts {
    before: &["", "escuchen, ", "último aviso. ", "mi esposa dice: "],
    asks: &[
        "guárdense sus ",
        "dejen de molestar con ",
        "no me interesan los ",
        "anulen los ",
        "alto a los ",
        "corten ya los ",
    ],
    sent: &["mensajes", "textos", "avisos", "recordatorios"],
    after: &["", " para siempre", " nunca más", ", ¿entendido?"],
};

/// How a sentence is disguised, without changing what it says.
fn disguised(text: &str, how: usize) -> String {
    match how {
        0 => text.to_uppercase(),
        1 => text
            .chars()
            .map(|c| if c.is_ascii_graphic() { char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c) } else { c })
            .collect(),
        2 => text.replace('o', "\u{200b}o"),
        3 => text.replace('e', "\u{435}").replace('o', "\u{43e}"),
        4 => text.replace(' ', "  "),
        _ => format!("{text} \u{1f621}"),
    }
}

fn sentence(parts: &'static Parts) -> impl Strategy<Value = String> {
    let (before, asks) = (select(parts.before), select(parts.asks));
    let (sent, after) = (select(parts.sent), select(parts.after));
    (before, asks, sent, after, 0usize..8).prop_map(|(before, asks, sent, after, how)| {
        let said = format!("{before}{asks}{sent}{after}");
        if how < 6 { disguised(&said, how) } else { said }
    })
}

/// Every sentence of the parts, undisguised.
fn all(parts: &Parts) -> Vec<String> {
    let mut found = Vec::new();
    for before in parts.before {
        for asks in parts.asks {
            for sent in parts.sent {
                found.extend(parts.after.iter().map(|after| format!("{before}{asks}{sent}{after}")));
            }
        }
    }
    found
}

/// Who hears nothing goes on sending; who is in doubt asks a person.
fn is_kept_from_sending(text: &str) -> bool {
    let meaning = read(text);
    meaning.stops() || meaning == Meaning::Ambiguous
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn who_asks_for_an_end_is_heard_in_whatever_words_and_disguise(
        english in sentence(&ENGLISH),
        spanish in sentence(&SPANISH),
    ) {
        prop_assert!(read(&english).stops(), "{english:?} {:?}", read(&english));
        prop_assert!(read(&spanish).stops(), "{spanish:?} {:?}", read(&spanish));
    }
}

#[test]
fn words_that_the_rules_were_not_written_from_are_mostly_heard_or_left_to_a_person() {
    // What was reached when this was written, once, with nothing mended for it; a change that hears less fails here.
    const KEPT_PERCENT: usize = 90;
    for parts in [&HELD_OUT_ENGLISH, &HELD_OUT_SPANISH] {
        let sentences = all(parts);
        let missed: Vec<&String> = sentences.iter().filter(|text| !is_kept_from_sending(text)).collect();
        let kept = sentences.len() - missed.len();
        let some: Vec<_> = missed.iter().step_by(missed.len() / 12 + 1).collect();
        assert!(
            kept * 100 >= sentences.len() * KEPT_PERCENT,
            "{} of {} go unheard: {some:?}",
            missed.len(),
            sentences.len()
        );
    }
}
