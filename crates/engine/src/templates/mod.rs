//! Templates: typed slots, a data class for each slot, and a text for each form, channel and language.
//!
//! This is the first of the two nets for content (DESIGN "Two nets"): a template that could carry more than its form may is
//! refused when it is saved ([`check()`]), and a request that gives a slot that is not declared, leaves one out or overfills one
//! is refused before anything is rendered (RULES PRI-02). The second net, the classifier, then reads what was rendered.
//!
//! A template is a TOML file ([`Template::parse`]), so that a clinic can keep its own beside its other files. Those that come
//! with Postern are such files too, in `builtin/`. A tenant's own come into use by two people and stand before the
//! built-in of the same name ([`Library`]).

mod approval;
mod builtin;
mod check;
mod class;
mod diff;
mod file;
mod library;
mod pattern;
mod preview;
mod reach;
pub(crate) mod sample;
mod slot;
mod wording;

pub(crate) use approval::library_of;
pub use approval::{TemplateVersion, skeleton};
pub use builtin::{ALL, BuiltIn};
pub use check::{Defect, Problem, advise, check, check_override};
pub use class::{DataClass, Shape};
pub use diff::{Change, Line as DiffLine, Piece as DiffPiece, diff};
pub use library::{Library, NOTICE};
pub use pattern::{Piece, pieces};
pub(crate) use pattern::{fill, library_name};
pub use postern_channels::sms::text::{Encoding, Length};
pub use preview::{Preview, Previewed, preview};
pub use reach::{Reach, reach};
pub(crate) use slot::unseen;
pub use slot::{Slot, SlotError, Value};

use postern_base::{Channel, Form, Language, Purpose};
use std::collections::BTreeMap;

/// A template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// Raised whenever a text or slot changes.
    pub version: u32,
    /// What it is for, for the people who choose it.
    pub about: String,
    /// The purposes it may be used for.
    pub purposes: Vec<Purpose>,
    /// The neutral name it speaks under, instead of the tenant's alias.
    pub sender: Option<String>,
    /// Its slots.
    pub slots: Vec<Slot>,
    /// Its texts.
    pub texts: Vec<Text>,
}

/// One text: a form in a language, for one channel or for all without their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The language.
    pub language: Language,
    /// The form.
    pub form: Form,
    /// The channel; `None` = every channel without its own.
    pub channel: Option<Channel>,
    /// Subject or title, a pattern.
    pub subject: Option<String>,
    /// The body, a pattern; on voice and voicemail, the script.
    pub body: String,
}

/// Names every pattern may use without declaring them: who speaks, where to call, this message's own link, the practice's
/// postal address, and where to stop commercial e-mail. They are the practice's, and say nothing about the patient.
pub const SYSTEM_NAMES: &[&str] = &["sender", "callback", "link", "address", "unsubscribe"];

impl Template {
    /// The slot of that name.
    #[must_use]
    pub fn slot(&self, name: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.name == name)
    }

    /// The languages it has texts in, in the order of [`Language::ALL`].
    #[must_use]
    pub fn languages(&self) -> Vec<Language> {
        let has = |language: &Language| self.texts.iter().any(|text| text.language == *language);
        Language::ALL.iter().copied().filter(has).collect()
    }

    /// Reads the values for the slots.
    ///
    /// # Errors
    /// The name of the first slot that is not right, and why. Values are never repeated.
    pub fn read(&self, data: &BTreeMap<String, String>) -> Result<Vec<(&Slot, Value)>, (String, SlotError)> {
        // 45 CFR 164.502(b)(1): only what the template declares; anything else is refused, not dropped.
        for name in data.keys() {
            if self.slot(name).is_none() {
                let known = self.slots.iter().map(|slot| slot.name.clone()).collect();
                let shown = if file::is_name(name) { name.clone() } else { "(unprintable)".to_owned() };
                return Err((shown, SlotError::Undeclared { known }));
            }
        }
        let mut values = Vec::with_capacity(self.slots.len());
        for slot in &self.slots {
            match data.get(&slot.name) {
                Some(text) => values.push((slot, slot.read(text).map_err(|error| (slot.name.clone(), error))?)),
                None if slot.required => return Err((slot.name.clone(), SlotError::Missing)),
                None => {}
            }
        }
        Ok(values)
    }
}

impl Text {
    /// The names in its body.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        pieces(&self.body).iter().flat_map(Piece::names).collect()
    }

    /// The names in its subject.
    #[must_use]
    pub fn subject_names(&self) -> Vec<&str> {
        self.subject.as_deref().map(pieces).unwrap_or_default().iter().flat_map(Piece::names).collect()
    }

    /// Which text it is, for people: `en minimal sms`.
    #[must_use]
    pub fn label(&self) -> String {
        let channel = self.channel.map_or("any channel", Channel::as_str);
        format!("{} {} {channel}", self.language, self.form)
    }
}

#[cfg(test)]
mod builtin_tests;
#[cfg(test)]
mod tests;
