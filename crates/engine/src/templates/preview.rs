//! A template with worst-case data: every text as it would read at its longest, how long it is, and where it may travel.

use super::check::{filled, worst};
use super::wording::new_words;
use super::{Length, Problem, Reach, Template, check, check_override, reach};
use postern_base::{Channel, Form, Language, Level};
use postern_channels::sms::text::{length, plain};
use postern_gate::Policy;

/// A template, previewed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Preview {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// What keeps it from being saved; while there is anything, no text of it travels anywhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// Its texts.
    pub texts: Vec<Previewed>,
}

/// One text, previewed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Previewed {
    /// The language.
    pub language: Language,
    /// The form.
    pub form: Form,
    /// The channel; absent = every channel without a text of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// Subject or title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The text.
    pub body: String,
    /// Its length, as a text message.
    pub length: Length,
    /// Words of it that no built-in text in the open has: whoever approves sees to it that they tell nothing of care.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub new_words: Vec<String>,
    /// What it may carry at most; absent = the classifier cannot tell, and it goes nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Where it may travel.
    pub reach: Vec<Reach>,
}

/// Previews `template` under `policy`.
#[must_use]
pub fn preview(template: &Template, policy: &Policy) -> Preview {
    let problems = [check(template, policy), check_override(template)].concat();
    let mut texts = Vec::with_capacity(template.texts.len());
    for text in &template.texts {
        let body = filled(template, &text.body, text.language);
        let level = worst(template, text);
        let at = level.unwrap_or(Level::L4);
        let everywhere = template.purposes.iter().flat_map(|purpose| reach(policy, template, text, *purpose, at));
        texts.push(Previewed {
            language: text.language,
            form: text.form,
            channel: text.channel,
            subject: text.subject.as_ref().map(|subject| filled(template, subject, text.language)),
            length: length(&plain(&body)),
            body,
            new_words: new_words(text),
            level,
            // One judgement: what may not be saved may not travel.
            reach: if level.is_some() && problems.is_empty() { everywhere.collect() } else { Vec::new() },
        });
    }
    Preview { name: template.name.clone(), version: template.version, problems, texts }
}
