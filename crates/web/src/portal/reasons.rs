//! Why a message came the way it came, in sentences for people: the engine gives codes, the texts the words.

use super::visit::Visit;
use postern_base::Channel;
use postern_engine::portal::{PlainReason, Progress, Way, Why};

/// Something said, and what it rests on.
pub(super) struct Told {
    pub(super) sentences: Vec<String>,
    pub(super) because: Vec<String>,
}

/// The ways that were taken, then those that were not.
pub(super) fn told(visit: &Visit, why: &Why) -> Vec<Told> {
    let taken = why.taken.iter().flat_map(|one| way(visit, one));
    let not_taken = why.not_taken.iter().map(|one| Told {
        sentences: vec![visit.texts.say(&format!("why-not-{}", by(one.channel)))],
        because: because(visit, &one.reasons),
    });
    taken.chain(not_taken).collect()
}

/// What speaks against something, as items of a list.
pub(super) fn because(visit: &Visit, reasons: &[PlainReason]) -> Vec<String> {
    reasons.iter().map(|one| visit.texts.say(&format!("because-{}", one.as_str()))).collect()
}

fn way(visit: &Visit, way: &Way) -> Vec<Told> {
    let texts = visit.texts;
    let by_what = way.by.map(|by| texts.say(&format!("why-by-{}", by.as_str())));
    if way.channel == Channel::Portal {
        return vec![Told { sentences: by_what.into_iter().collect(), because: Vec::new() }];
    }
    let far = match way.progress {
        Progress::Sent => "sent",
        Progress::Waits => "waits",
        Progress::Failed => "failed",
    };
    let to =
        way.ends.as_ref().map_or_else(String::new, |ends| format!(" {}", texts.with("why-to", "ends", ends.clone())));
    let mut sentences = vec![texts.with(&format!("why-{far}-{}", by(way.channel)), "to", to)];
    if !way.channel.is_human_task() {
        sentences.push(texts.say(&format!("why-form-{}", way.form)));
    }
    sentences.extend(by_what);
    let mut all = vec![Told { sentences, because: Vec::new() }];
    if !way.no_more.is_empty() {
        all.push(Told { sentences: vec![texts.say("why-no-more")], because: because(visit, &way.no_more) });
    }
    all
}

/// What a channel is called in the names of sentences.
const fn by(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms => "text",
        Channel::Email => "e-mail",
        Channel::Voice | Channel::Voicemail => "call",
        Channel::Mail => "letter",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portal::texts::{ENGLISH, SPANISH};
    use postern_base::Form;
    use postern_gate::decision::Criterion;

    /// Every name of a sentence that this file can ask for.
    fn asked_for() -> Vec<String> {
        let criteria = Criterion::ALL.iter().map(|one| format!("why-by-{}", one.as_str()));
        let reasons = PlainReason::ALL.iter().map(|one| format!("because-{}", one.as_str()));
        let forms = Form::ALL.iter().map(|one| format!("why-form-{one}"));
        let channels = Channel::ALL.iter().filter(|one| **one != Channel::Portal);
        let ways = channels.flat_map(|one| ["sent", "waits", "failed"].map(|far| format!("why-{far}-{}", by(*one))));
        let not = ["text", "e-mail", "call"].map(|one| format!("why-not-{one}"));
        criteria.chain(reasons).chain(forms).chain(ways).chain(not).collect()
    }

    #[test]
    fn every_reason_the_gate_can_give_has_a_sentence_in_both_languages() {
        for source in [ENGLISH, SPANISH] {
            for key in asked_for() {
                assert!(source.lines().any(|line| line.starts_with(&format!("{key} = "))), "{key}");
            }
        }
    }

    #[test]
    fn the_sentences_are_short_and_name_no_rule() {
        let names_a_rule = |line: &str| postern_gate::rules::ALL.iter().any(|rule| line.contains(rule.id));
        for source in [ENGLISH, SPANISH] {
            let lines = source.lines().filter(|line| line.starts_with("why-") || line.starts_with("because-"));
            for line in lines {
                let (_, sentence) = line.split_once(" = ").expect("a name and a sentence");
                assert!(sentence.split_whitespace().count() <= 22, "{line}");
                assert!(!names_a_rule(sentence), "{line}");
            }
        }
    }
}
