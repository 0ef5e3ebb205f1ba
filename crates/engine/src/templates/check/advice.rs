//! What a template may be saved with, and should not.

use crate::templates::wording::new_words;
use crate::templates::{Template, reach, sample};
use postern_base::{Channel, Form, Language};
use postern_channels::sms::text::{self, Encoding};
use postern_gate::matrix::Column;

/// The longest text message that the health-care exemption covers (47 CFR 64.1200(a)(9)(iv)(F)).
pub(crate) const EXEMPT_CHARS: usize = 160;

/// What would make the template better, a sentence each.
#[must_use]
pub fn advise(template: &Template) -> Vec<String> {
    let mut advice = Vec::new();
    for language in Language::ALL.iter().filter(|language| !template.languages().contains(language)) {
        // 45 CFR 92.201(a): a patient who prefers the language gets another one, with an offer of help.
        advice.push(format!(
            "there is no text in `{language}`: patients who prefer it get another language and an offer of help"
        ));
    }
    for (at, text) in template.texts.iter().enumerate() {
        let place = format!("text {} ({})", at.saturating_add(1), text.label());
        let new = new_words(text);
        if !new.is_empty() {
            advice.push(format!(
                "{place}: it travels in the open and has words that no text of ours has: {}; whoever approves it sees to it that they tell nothing of care",
                new.join(", ")
            ));
        }
        let by_text = text.channel.is_none_or(|channel| channel == Channel::Sms)
            && reach::columns(template, text).contains(&Column::Sms)
            && text.form < Form::Full;
        if !by_text {
            continue;
        }
        let filled = super::filled(template, &text.body, text.language);
        let length = text::length(&text::plain(&filled));
        if length.chars > EXEMPT_CHARS {
            advice.push(format!(
                "{place}: up to {} characters with a sender name of {}: beyond {EXEMPT_CHARS} it needs the patient's consent (47 CFR 64.1200(a)(9)(iv))",
                length.chars,
                sample::SENDER.len(),
            ));
        }
        if length.encoding == Encoding::Ucs2 {
            let beyond: String = text::beyond_gsm7(&text::plain(&filled)).into_iter().collect();
            advice.push(format!(
                "{place}: {beyond} are not in the GSM-7 alphabet: {} segments instead of fewer",
                length.segments
            ));
        }
    }
    advice
}
