//! What may be wrong with a template.

use crate::wire::WireError;
use postern_base::{Channel, Form, Language, Level, Purpose};
use serde::Serialize;
use serde::ser::SerializeMap as _;

/// Something that keeps a template from being saved, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: a key, a slot or a text.
    pub place: String,
    /// What.
    pub defect: Defect,
}

/// Why a template may not be saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// The file was not understood.
    #[error("{0}")]
    Unread(String),
    /// Nothing is there.
    #[error("is empty; write something")]
    Empty,
    /// The template's own sender name cannot be one.
    #[error("expected one line of at most {chars_max} characters")]
    Sender {
        /// The longest there may be, in characters.
        chars_max: usize,
    },
    /// Two slots have one name, or a slot has the name of something every text knows.
    #[error("the name is taken; choose another")]
    NameTaken,
    /// A slot occurs in no text.
    #[error("occurs in no text; use it or remove it")]
    UnusedSlot,
    /// Two texts are for the same language, form and channel.
    #[error("there is another text for the same language, form and channel; keep one")]
    TextTwice,
    /// A text that exists in one language is missing in another.
    #[error("has no counterpart in `{0}`; write it, or leave that language out altogether")]
    LacksLanguage(Language),
    /// A slot that a text uses is missing in its counterpart.
    #[error("uses the slot `{slot}`, which its counterpart in `{language}` does not; both must say the same")]
    SlotNotIn {
        /// The slot.
        slot: String,
        /// The language that lacks it.
        language: Language,
    },
    /// A language has no full text.
    #[error("there is no full text in `{0}`; the portal copy needs one")]
    NoFull(Language),
    /// Braces or brackets do not open and close as they should.
    #[error(
        "has a brace or bracket that stands alone, or `[...]` without a name in it; write `{{name}}` and `[ optional {{name}}]`"
    )]
    Brackets,
    /// The fixed text has characters that are not seen.
    #[error("has control, direction or invisible characters, or a subject of two lines; remove them")]
    Unseen,
    /// A text names something that is neither a slot nor known to every text.
    #[error("names `{0}`, which is no slot of this template; declare it or remove it")]
    UndeclaredName(String),
    /// A subject names something but the sender.
    #[error("the subject names `{0}`; a subject is readable by anybody and names nothing but the sender")]
    SlotInSubject(String),
    /// A subject tells something by its own words.
    #[error(
        "the subject carries {0} by its own words; a subject carries L0: say no more than `A message from {{sender}}`"
    )]
    SubjectTells(Level),
    /// The classifier could not judge the text.
    #[error("the classifier cannot judge this text; shorten it")]
    Unclassified,
    /// A form uses a slot that may hold more than the form may carry.
    #[error("the {form} form uses the slot `{slot}`, which may carry {level}; that form carries at most {ceiling}")]
    AboveForm {
        /// The form.
        form: Form,
        /// The slot.
        slot: String,
        /// What the slot may carry.
        level: Level,
        /// What the form may carry.
        ceiling: Level,
    },
    /// A form's own words carry more than the form may.
    #[error("the {form} form carries {level} by its own words; that form carries at most {ceiling}")]
    WordsAboveForm {
        /// The form.
        form: Form,
        /// What the words carry.
        level: Level,
        /// What the form may carry.
        ceiling: Level,
    },
    /// No cell of the matrix takes the text.
    #[error("as {form} with up to {level} it may travel for {purpose} on {} nowhere: {}", where_to(*channel), at_most(*highest))]
    NeverTravels {
        /// The form.
        form: Form,
        /// The purpose.
        purpose: Purpose,
        /// The channel; `None` = every channel without a text of its own.
        channel: Option<Channel>,
        /// What the text may carry.
        level: Level,
        /// The highest form there is at that level; `None` = refused.
        highest: Option<Form>,
    },
    /// An e-mail without a subject.
    #[error("an e-mail or portal message needs a subject, such as `A message from {{sender}}`")]
    NoSubject,
    /// A call or text does not say who speaks, or where to call.
    #[error("does not say `{{{0}}}`; calls and texts say who speaks and where to call")]
    NotNamed(&'static str),
    /// A script does not begin with who speaks.
    #[error("does not begin with who speaks; put `{{sender}}` into the first sentence, before anything else is told")]
    SenderNotFirst,
    /// A text does not say how to stop.
    #[error("does not say how to opt out; add `Reply STOP to opt out` or `Responda STOP para no recibir mensajes`")]
    NoOptOut,
    /// A one-time code with a link.
    #[error("a one-time code never comes with a link; remove it")]
    LinkWithCode,
    /// A confirmation of an opt-in or opt-out that speaks of something else.
    #[error(
        "speaks of money, an offer or another matter; a confirmation says what becomes of the messages and nothing else"
    )]
    OtherBusiness,
    /// Offers something under a purpose that sells nothing: it would be judged as marketing each time.
    #[error("makes an offer; a template that sells is for the purpose `marketing`")]
    Sells,
    /// A link that is not the practice's own.
    #[error("has a link that is not made by Postern; use `{{link}}`")]
    ForeignLink,
    /// A commercial e-mail lacks something.
    #[error("a commercial e-mail must contain `{{{0}}}`")]
    NotCanSpam(&'static str),
    /// A breach notice lacks an element.
    #[error("a breach notice must tell {what}: use a required slot `{slot}`")]
    BreachElement {
        /// The slot.
        slot: &'static str,
        /// What it tells.
        what: &'static str,
    },
    /// An override is not for a purpose of the built-in template it replaces.
    #[error("replaces a built-in template that is also for `{0}`; add that purpose or choose another name")]
    LacksPurpose(Purpose),
    /// An override requires a slot that the built-in template it replaces does not.
    #[error("is required, but not in the built-in template this one replaces; make it optional or choose another name")]
    AsksMore,
    /// An override lacks a slot of the built-in template it replaces.
    #[error("belongs to the built-in template this one replaces; declare it or choose another name")]
    LacksSlot,
}

fn where_to(channel: Option<Channel>) -> &'static str {
    channel.map_or("the channels it is for", Channel::as_str)
}

fn at_most(highest: Option<Form>) -> String {
    highest.map_or_else(|| "nothing is taken there".to_owned(), |form| format!("at most {form} is taken there"))
}

impl Problem {
    /// A file that was not understood.
    #[must_use]
    pub fn unread(error: &WireError) -> Self {
        Self { place: error.field.clone(), defect: Defect::Unread(error.what.clone()) }
    }
}

impl Defect {
    /// What it stands on: the law, or `house` for our own policy and for what makes no sense otherwise.
    #[must_use]
    pub const fn citation(&self) -> &'static str {
        match self {
            Self::UndeclaredName(_) => "45 CFR 164.502(b)(1)",
            Self::AboveForm { .. } | Self::WordsAboveForm { .. } | Self::NeverTravels { .. } => "45 CFR 164.530(c)",
            Self::LacksLanguage(_) | Self::SlotNotIn { .. } => "45 CFR 92.201",
            Self::NotNamed(_) | Self::SenderNotFirst => "47 CFR 64.1200(b)",
            Self::OtherBusiness => "47 CFR 64.1200(a)(12)",
            Self::Sells => "45 CFR 164.501",
            Self::NoOptOut => "47 CFR 64.1200(a)(10)",
            Self::NotCanSpam(_) => "15 USC 7704",
            Self::BreachElement { .. } => "45 CFR 164.404(c)",
            _ => "house",
        }
    }

    const fn details(&self) -> (Option<Form>, Option<&String>, Option<Level>, Option<Level>) {
        match self {
            Self::AboveForm { form, slot, level, ceiling } => (Some(*form), Some(slot), Some(*level), Some(*ceiling)),
            Self::WordsAboveForm { form, level, ceiling } => (Some(*form), None, Some(*level), Some(*ceiling)),
            Self::NeverTravels { form, level, .. } => (Some(*form), None, Some(*level), None),
            Self::SubjectTells(level) => (None, None, Some(*level), Some(Level::L0)),
            _ => (None, None, None, None),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} ({})", self.place, self.defect, self.defect.citation())
    }
}

impl Serialize for Problem {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("place", &self.place)?;
        let (form, slot, level, ceiling) = self.defect.details();
        if let Some(form) = form {
            map.serialize_entry("form", &form)?;
        }
        if let Some(slot) = slot {
            map.serialize_entry("slot", slot)?;
        }
        if let Some(level) = level {
            map.serialize_entry("level", &level)?;
        }
        if let Some(ceiling) = ceiling {
            map.serialize_entry("ceiling", &ceiling)?;
        }
        map.serialize_entry("citation", self.defect.citation())?;
        map.serialize_entry("sentence", &self.defect.to_string())?;
        map.end()
    }
}
