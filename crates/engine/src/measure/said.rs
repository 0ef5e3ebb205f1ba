//! What a text says by its words alone, whoever gets it: read once for all forms that have the text, and kept for the texts that stand
//! beside every message of a practice.

use super::{Place, names_address, offers, outcome};
use super::{
    amount_level, bills, names_callback, names_sender, says_code, says_how_to_end_calls, says_keep_secret,
    says_no_reply, says_opt_out,
};
use postern_base::{Channel, Form, Level};
use postern_gate::facts::ResultClass;
use postern_gate::rendition::Offers;
use postern_gate::result_kinds;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What the body of a form says. Each is what the function of that name in [`super`] finds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said {
    /// How long it is, in characters.
    pub(crate) chars: usize,
    pub(crate) names_sender: bool,
    pub(crate) names_callback: bool,
    pub(crate) says_opt_out: bool,
    pub(crate) says_how_to_end_calls: bool,
    pub(crate) says_no_reply: bool,
    pub(crate) says_code: bool,
    pub(crate) says_keep_secret: bool,
    pub(crate) offers: Offers,
    pub(crate) bills: bool,
    pub(crate) names_address: bool,
}

impl Said {
    /// Reads `body`, which `place` speaks.
    pub(crate) fn of(body: &str, place: Place<'_>) -> Self {
        Self {
            chars: body.chars().count(),
            names_sender: names_sender(body, place.tenant),
            names_callback: names_callback(body, place.tenant),
            says_opt_out: says_opt_out(body),
            says_how_to_end_calls: says_how_to_end_calls(body),
            says_no_reply: says_no_reply(body),
            says_code: says_code(body, place.tenant),
            says_keep_secret: says_keep_secret(body),
            offers: offers(body, place.practice()),
            bills: bills(body),
            names_address: names_address(body, place.postal),
        }
    }
}

/// What a text tells of tests, examinations and money in words that need no classifier.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// How a test came out, plainly.
    pub(crate) outcome: bool,
    /// The least level that makes.
    pub(crate) level: Level,
    /// The kinds of result that a state may hold which it names.
    pub(crate) result_classes: Vec<ResultClass>,
}

impl Told {
    /// Reads `text`, which `practice` speaks.
    pub(crate) fn of(text: &str, practice: &str) -> Self {
        // RULES 0.4: how a test came out is at least general clinical, in whatever words: "your blood work came back good".
        let outcome = outcome::says_how_it_came_out(text);
        let told = if outcome || outcome::asks_to_repeat(text) { Level::L2 } else { Level::L0 };
        Self {
            outcome,
            level: told.max(amount_level(text, practice)),
            result_classes: result_kinds::told(text, practice),
        }
    }
}

/// How many readings are kept at most: a practice has some dozens of such texts.
const KEPT: usize = 512;

/// Texts that were read before, with what they say.
#[derive(Debug, Default)]
pub(crate) struct KnownTexts(Mutex<HashMap<Key, Arc<(Told, Said)>>>);

/// All that a reading depends on.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    practice: String,
    callback: Option<String>,
    postal: Option<String>,
    channel: Option<Channel>,
    form: Form,
    whole: String,
}

impl KnownTexts {
    /// What `whole`, the subject and the body of a form, says: from before, or as `read` finds it now.
    pub(crate) fn get(
        &self,
        place: Place<'_>,
        form: Form,
        whole: String,
        read: impl FnOnce(&str) -> (Told, Said),
    ) -> Arc<(Told, Said)> {
        let key = Key {
            practice: place.practice().to_owned(),
            callback: place.tenant.callback.clone(),
            postal: place.postal.map(str::to_owned),
            channel: place.channel,
            form,
            whole,
        };
        let texts = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = texts().get(&key).cloned();
        if let Some(known) = known {
            return known;
        }
        // Two that read the same text at once find the same.
        let found = Arc::new(read(&key.whole));
        let mut texts = texts();
        if texts.len() >= KEPT {
            texts.clear();
        }
        texts.insert(key, Arc::clone(&found));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, KnownTexts, Said, Told};
    use crate::measure::Place;
    use crate::templates::sample;
    use postern_base::{Channel, Form, Language, Purpose};
    use postern_classify::Recipient;
    use postern_gate::facts::Tenant;

    fn place<'a>(tenant: &'a Tenant, recipient: &'a Recipient<'a>) -> Place<'a> {
        Place {
            purpose: Purpose::AppointmentReminder,
            channel: None,
            language: Language::En,
            tenant,
            postal: None,
            recipient,
            vocabulary: None,
        }
    }

    fn named(name: &str) -> Tenant {
        Tenant { alias: Some(name.into()), callback: Some("+12125550100".into()), ..sample::tenant() }
    }

    const TEXT: &str = "Harbor Clinic: you have a message. Call 212-555-0100. Reply STOP to opt out";

    #[test]
    fn what_is_kept_of_a_text_is_what_is_read_of_it_and_it_is_read_once() {
        let (tenant, nobody, texts) = (named("Harbor Clinic"), Recipient::default(), KnownTexts::default());
        let place = place(&tenant, &nobody);
        let read = |whole: &str| (Told::of(whole, place.practice()), Said::of(whole, place));
        let first = texts.get(place, Form::Notice, TEXT.into(), read);
        let again = texts.get(place, Form::Notice, TEXT.into(), |_| unreachable!("it was read before"));
        assert_eq!(format!("{first:?}"), format!("{:?}", read(TEXT)));
        assert_eq!(format!("{first:?}"), format!("{again:?}"));
        assert!(again.1.names_sender && again.1.says_opt_out);
    }

    #[test]
    fn the_same_words_are_another_text_when_another_practice_says_them_or_another_form_holds_them() {
        let (ours, theirs, nobody) = (named("Harbor Clinic"), named("Sunrise Health"), Recipient::default());
        let texts = KnownTexts::default();
        let said = |place: Place<'_>, form| {
            let read = |whole: &str| (Told::of(whole, place.practice()), Said::of(whole, place));
            texts.get(place, form, TEXT.into(), read).1.names_sender
        };
        assert!(said(place(&ours, &nobody), Form::Notice));
        assert!(!said(place(&theirs, &nobody), Form::Notice));
        assert!(said(place(&ours, &nobody).on(Some(Channel::Voice)), Form::Callback));
        assert_eq!(texts.0.lock().expect("no test panics in it").len(), 3);
    }

    #[test]
    fn no_more_is_kept_than_a_practice_has_texts() {
        let (tenant, nobody, texts) = (named("Harbor Clinic"), Recipient::default(), KnownTexts::default());
        let place = place(&tenant, &nobody);
        for number in 0..=KEPT {
            let whole = format!("{TEXT} {number}");
            texts.get(place, Form::Notice, whole, |whole| (Told::of(whole, place.practice()), Said::of(whole, place)));
        }
        assert_eq!(texts.0.lock().expect("no test panics in it").len(), 1);
    }
}
