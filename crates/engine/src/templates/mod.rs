//! The built-in texts, as data: typed slots, a data class for each slot, and a text for each form, channel and language.
//!
//! This is the first of the two nets for content (DESIGN "Two nets"): a template that could carry more than its form may is
//! refused when it is checked ([`Template::check`]), and a request that gives a slot that is not declared, leaves one out or
//! overfills one is refused before anything is rendered (RULES PRI-02). The second net, the classifier, then reads what was
//! rendered.

mod builtin;
mod everywhere;
mod pattern;
mod slot;

pub use builtin::{ALL, find};
pub use everywhere::{EVERYWHERE, HELP, OPT_IN_CONFIRMATION, OPT_OUT_CONFIRMATION};
pub(crate) use pattern::fill;
pub use pattern::{Piece, pieces};
pub use slot::{DataClass, Slot, SlotError, SlotKind, Value};

use postern_base::{Channel, Form, Language, Level, Purpose};
use std::collections::BTreeMap;

/// A template.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// Its name.
    pub name: &'static str,
    /// Raised whenever a text or slot changes.
    pub version: u32,
    /// The purposes it may be used for.
    pub purposes: &'static [Purpose],
    /// What its full text carries at most.
    pub level: Level,
    /// Its slots.
    pub slots: &'static [Slot],
    /// Its texts.
    pub texts: &'static [Text],
}

/// One text: a form in a language, for one channel or for all without their own.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// The language.
    pub language: Language,
    /// The form.
    pub form: Form,
    /// The channel; `None` = every channel without its own.
    pub channel: Option<Channel>,
    /// Subject or title, a pattern.
    pub subject: Option<&'static str>,
    /// The body, a pattern.
    pub body: &'static str,
}

/// Names every pattern may use without declaring them. All are L0.
pub const SYSTEM_NAMES: &[&str] = &["sender", "callback", "link"];

/// Why a template may not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateDefect {
    /// A text names something that is neither a slot nor a system name.
    #[error("a text names `{0}`, which is no slot of this template")]
    UndeclaredName(String),
    /// A text of a form uses a slot whose data class is above what the form may carry.
    #[error("the {form} text uses the slot `{slot}`, which may hold {class}; that form carries at most {ceiling}")]
    AboveForm {
        /// The form.
        form: Form,
        /// The slot.
        slot: &'static str,
        /// What the slot may hold.
        class: Level,
        /// What the form may carry.
        ceiling: Level,
    },
    /// A subject uses a slot: subjects are open content (RULES EML-02).
    #[error("a subject uses the slot `{0}`; a subject is readable by anybody and carries nothing")]
    SlotInSubject(&'static str),
    /// A required slot does not occur in the full text.
    #[error("the slot `{0}` occurs in no text")]
    UnusedSlot(&'static str),
    /// A form that exists in one language is missing in another.
    #[error("the {0} text is missing in {1}")]
    MissingLanguage(Form, Language),
}

/// What a form may carry (DESIGN "The two ladders").
#[must_use]
pub const fn ceiling(form: Form) -> Level {
    match form {
        Form::Full => Level::L4,
        Form::Minimal => Level::L1,
        Form::Notice | Form::Callback => Level::L0,
    }
}

impl Template {
    /// Checks that no text could exceed its form's ceiling, whatever the slots hold.
    ///
    /// # Errors
    /// The first [`TemplateDefect`].
    pub fn check(&self) -> Result<(), TemplateDefect> {
        for text in self.texts {
            self.check_text(text)?;
            for language in Language::ALL {
                let there = self.texts.iter().any(|other| {
                    other.language == *language && other.form == text.form && other.channel == text.channel
                });
                if !there {
                    return Err(TemplateDefect::MissingLanguage(text.form, *language));
                }
            }
        }
        for slot in self.slots {
            let used = self.texts.iter().any(|text| names(text.body).any(|name| name == slot.name));
            if !used {
                return Err(TemplateDefect::UnusedSlot(slot.name));
            }
        }
        Ok(())
    }

    fn check_text(&self, text: &Text) -> Result<(), TemplateDefect> {
        for name in names(text.body) {
            if SYSTEM_NAMES.contains(&name) {
                continue;
            }
            let slot = self.slot(name).ok_or_else(|| TemplateDefect::UndeclaredName(name.to_owned()))?;
            let (class, ceiling) = (slot.class.level(), ceiling(text.form).min(self.level.max(Level::L1)));
            if class > ceiling {
                return Err(TemplateDefect::AboveForm { form: text.form, slot: slot.name, class, ceiling });
            }
        }
        for name in text.subject.into_iter().flat_map(names) {
            if let Some(slot) = self.slot(name) {
                return Err(TemplateDefect::SlotInSubject(slot.name));
            }
        }
        Ok(())
    }

    /// The slot of that name.
    #[must_use]
    pub fn slot(&self, name: &str) -> Option<&'static Slot> {
        self.slots.iter().find(|slot| slot.name == name)
    }

    /// Reads the values for the slots.
    ///
    /// # Errors
    /// The name of the first slot that is not right, and why. Values are never repeated.
    pub fn read(&self, data: &BTreeMap<String, String>) -> Result<Vec<(&'static Slot, Value)>, (String, SlotError)> {
        // 45 CFR 164.502(b)(1): only what the template declares; anything else is refused, not dropped.
        for name in data.keys() {
            if self.slot(name).is_none() {
                let known = self.slots.iter().map(|slot| slot.name).collect();
                let shown = if name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                    name.clone()
                } else {
                    "(unprintable)".to_owned()
                };
                return Err((shown, SlotError::Undeclared { known }));
            }
        }
        let mut values = Vec::with_capacity(self.slots.len());
        for slot in self.slots {
            match data.get(slot.name) {
                Some(text) => values.push((slot, slot.read(text).map_err(|error| (slot.name.to_owned(), error))?)),
                None if slot.required => return Err((slot.name.to_owned(), SlotError::Missing)),
                None => {}
            }
        }
        Ok(values)
    }
}

fn names(pattern: &str) -> impl Iterator<Item = &str> {
    pieces(pattern).into_iter().flat_map(|piece| piece.names())
}

#[cfg(test)]
mod tests;
