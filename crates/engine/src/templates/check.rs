//! What keeps a template from being saved. Nothing here depends on a message: a template that passes cannot exceed what its
//! forms and channels take, whatever its slots hold, as far as slots are filled with what their class says.

use super::sample;
use super::{NOTICE, Piece, Template, Text, pattern, pieces, reach};
use crate::measure::{self, Found, Place};
use crate::unsubscribe;
use postern_base::{Channel, Form, Language, Level, Purpose};
use postern_classify::Recipient;
use postern_gate::facts::Tenant;
use postern_gate::{Fact, LinkState, Policy};

mod advice;
mod defect;
mod duty;

pub use advice::advise;
pub use defect::{Defect, Problem};

/// What a form may carry, whatever the channel (DESIGN "The two ladders").
#[must_use]
pub(crate) const fn ceiling(form: Form) -> Level {
    match form {
        Form::Full => Level::L4,
        Form::Minimal => Level::L1,
        Form::Notice | Form::Callback => Level::L0,
    }
}

/// Everything that keeps `template` from being saved under `policy`; empty = it may be.
#[must_use]
pub fn check(template: &Template, policy: &Policy) -> Vec<Problem> {
    let tenant = speaker(template);
    let mut problems = whole(template);
    for (at, text) in template.texts.iter().enumerate() {
        let checked = Checked { template, text, policy, tenant: &tenant };
        let found = checked.patterns();
        // A text that cannot be filled cannot be measured either.
        let found = if found.is_empty() { [checked.levels(), duty::owed(&checked)].concat() } else { found };
        let place = format!("text {} ({})", at.saturating_add(1), text.label());
        problems.extend(found.into_iter().map(|defect| Problem { place: place.clone(), defect }));
    }
    problems
}

/// What keeps `template` from standing before the built-in template of the same name.
#[must_use]
pub fn check_override(template: &Template) -> Vec<Problem> {
    let Some(built) = super::ALL.iter().map(|built| &built.template).find(|t| t.name == template.name) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    for purpose in built.purposes.iter().filter(|purpose| !template.purposes.contains(purpose)) {
        problems.push(Problem { place: "purposes".to_owned(), defect: Defect::LacksPurpose(*purpose) });
    }
    // Whoever fills the built-in template, Postern itself among them, must be able to fill this one.
    let asks_more = |slot: &&super::Slot| slot.required && !built.slot(&slot.name).is_some_and(|s| s.required);
    for slot in template.slots.iter().filter(asks_more) {
        problems.push(Problem { place: format!("slot `{}`", slot.name), defect: Defect::AsksMore });
    }
    for slot in built.slots.iter().filter(|slot| template.slot(&slot.name).is_none()) {
        problems.push(Problem { place: format!("slot `{}`", slot.name), defect: Defect::LacksSlot });
    }
    problems
}

/// The practice of the sample, under the template's own name where it has one.
pub(crate) fn speaker(template: &Template) -> Tenant {
    let tenant = sample::tenant();
    match &template.sender {
        Some(alias) => Tenant { alias: Some(alias.clone()), ..tenant },
        None => tenant,
    }
}

/// What is wrong with the template as a whole.
fn whole(template: &Template) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |place: String, defect| problems.push(Problem { place, defect });
    if template.purposes.is_empty() {
        add("purposes".into(), Defect::Empty);
    }
    if template.texts.is_empty() {
        add("text".into(), Defect::Empty);
    }
    if let Some(sender) = &template.sender
        && (sender.trim().is_empty()
            || sender.chars().count() > sample::SENDER.len()
            || sender.chars().any(super::unseen))
    {
        add("sender".into(), Defect::Sender { chars_max: sample::SENDER.len() });
    }
    for (at, slot) in template.slots.iter().enumerate() {
        let place = format!("slot `{}`", slot.name);
        let twice = template.slots.iter().take(at).any(|other| other.name == slot.name);
        if twice || super::SYSTEM_NAMES.contains(&slot.name.as_str()) {
            add(place.clone(), Defect::NameTaken);
        }
        if !template.texts.iter().any(|text| text.names().contains(&slot.name.as_str())) {
            add(place, Defect::UnusedSlot);
        }
    }
    for (at, text) in template.texts.iter().enumerate() {
        let key = |t: &Text| (t.language, t.form, t.channel);
        let place = format!("text {} ({})", at.saturating_add(1), text.label());
        if template.texts.iter().take(at).any(|other| key(other) == key(text)) {
            add(place.clone(), Defect::TextTwice);
        }
        for language in template.languages() {
            match template.texts.iter().find(|t| key(t) == (language, text.form, text.channel)) {
                None => add(place.clone(), Defect::LacksLanguage(language)),
                Some(other) => {
                    let lost = text.names().into_iter().find(|name| !other.names().contains(name));
                    if let Some(name) = lost.filter(|name| template.slot(name).is_some()) {
                        add(place.clone(), Defect::SlotNotIn { slot: name.to_owned(), language });
                    }
                }
            }
        }
    }
    for language in template.languages() {
        // RULES section 2, P10: commercial content of L1 is minimal in the portal too.
        let least = if template.purposes == [Purpose::Marketing] { Form::Minimal } else { Form::Full };
        let full = template.texts.iter().any(|t| t.language == language && t.form >= least);
        if !full && template.name != NOTICE {
            add("text".into(), Defect::NoFull(language));
        }
    }
    problems
}

/// A text under examination.
struct Checked<'a> {
    template: &'a Template,
    text: &'a Text,
    policy: &'a Policy,
    tenant: &'a Tenant,
}

impl Checked<'_> {
    /// What is wrong with the patterns themselves.
    fn patterns(&self) -> Vec<Defect> {
        let mut found = Vec::new();
        let text = self.text;
        for pattern in text.subject.iter().chain([&text.body]) {
            if pattern.trim().is_empty() {
                found.push(Defect::Empty);
            }
            if !pattern::is_balanced(pattern) {
                found.push(Defect::Brackets);
            }
            if pattern.chars().any(|c| super::unseen(c) && c != '\n') {
                found.push(Defect::Unseen);
            }
        }
        if text.subject.as_ref().is_some_and(|subject| subject.contains('\n')) {
            found.push(Defect::Unseen);
        }
        for name in text.names() {
            // 45 CFR 164.502(b)(1): a text takes nothing that the template does not declare.
            if !super::SYSTEM_NAMES.contains(&name) && self.template.slot(name).is_none() {
                found.push(Defect::UndeclaredName(name.to_owned()));
            }
        }
        for name in text.subject_names() {
            // house: RULES EML-02, a subject is open content.
            if !matches!(name, "sender") {
                found.push(Defect::SlotInSubject(name.to_owned()));
            }
        }
        found
    }

    /// The slot of the text that can carry most, and how much that is.
    fn highest_slot(&self) -> (Level, Option<&str>) {
        let slots = self.text.names().into_iter().filter_map(|name| self.template.slot(name));
        slots
            .map(|slot| (slot.class.worst(), Some(slot.name.as_str())))
            .max_by_key(|(level, _)| *level)
            .unwrap_or((Level::L0, None))
    }

    fn place<'a>(&'a self, purpose: Purpose, recipient: &'a Recipient<'a>) -> Place<'a> {
        Place {
            purpose,
            channel: self.text.channel,
            language: self.text.language,
            tenant: self.tenant,
            postal: None,
            recipient,
            // A template is judged by what its words say to anybody.
            vocabulary: None,
        }
    }

    /// What the text's own words carry, its slots filled with what says nothing.
    fn words(&self, pattern: &str) -> Found {
        let nobody = Recipient::default();
        let purpose = self.template.purposes.first().copied().unwrap_or(Purpose::AppointmentReminder);
        // A random code means nothing: the classifier reads the text without it, as it does when a message is rendered.
        let read = filled_with(self.template, pattern, self.text.language, &|slot| {
            (slot.class.shape() == super::Shape::Code).then(|| "code".to_owned())
        });
        measure::find(&read, self.place(purpose, &nobody))
    }

    /// Whether the text stays within what its form, and the channels it is for, take.
    fn levels(&self) -> Vec<Defect> {
        let mut found = Vec::new();
        let text = self.text;
        let most = ceiling(text.form);
        let (slots, slot) = self.highest_slot();
        if slots > most
            && let Some(slot) = slot
        {
            found.push(Defect::AboveForm { form: text.form, slot: slot.to_owned(), level: slots, ceiling: most });
        }
        let Fact::Known(words) = self.words(&text.body).level else { return vec![Defect::Unclassified] };
        // The practice's own name, number and portal are what every notice says; beyond them a notice says nothing.
        let most_in_words = most.max(Level::L1);
        if words > most_in_words {
            found.push(Defect::WordsAboveForm { form: text.form, level: words, ceiling: most });
        }
        if let Some(subject) = &text.subject {
            let open = text.channel.is_none_or(Channel::is_open);
            match self.words(subject).level {
                Fact::Known(level) if open && level > Level::L1 => found.push(Defect::SubjectTells(level)),
                Fact::Known(_) => {}
                Fact::Unknown(_) => found.push(Defect::Unclassified),
            }
        }
        if found.is_empty() && self.template.name != NOTICE {
            found.extend(self.cells(carried(slots, words)));
        }
        found
    }

    /// Whether the matrix takes the text anywhere.
    fn cells(&self, worst: Level) -> Vec<Defect> {
        let text = self.text;
        let unreached = |purpose: &&Purpose| reach(self.policy, self.template, text, **purpose, worst).is_empty();
        let defect = |purpose: &Purpose| {
            let columns = reach::columns(self.template, text);
            let highest = columns.iter().filter_map(|c| reach::highest(self.policy, *purpose, worst, *c)).max();
            Defect::NeverTravels { form: text.form, purpose: *purpose, channel: text.channel, level: worst, highest }
        };
        self.template.purposes.iter().filter(unreached).map(defect).collect()
    }

    /// Whether the text can travel as a text message, a call, ….
    fn is_for(&self, channel: Channel) -> bool {
        let meant = reach::columns(self.template, self.text);
        meant.into_iter().any(|column| Some(column) == postern_gate::matrix::Column::of(channel, None))
    }

    fn links(&self) -> LinkState {
        let nobody = Recipient::default();
        let purpose = self.template.purposes.first().copied().unwrap_or(Purpose::AppointmentReminder);
        measure::links(&filled(self.template, &self.text.body, self.text.language), self.place(purpose, &nobody))
    }
}

/// What a text carries at most: a text with nothing in it but the practice's name, number and link is L0.
pub(crate) fn carried(slots: Level, words: Level) -> Level {
    if slots == Level::L0 && words <= Level::L1 { Level::L0 } else { slots.max(words) }
}

/// What `text` carries at most; `None` when the classifier cannot tell.
pub(crate) fn worst(template: &Template, text: &Text) -> Option<Level> {
    let tenant = speaker(template);
    let checked = Checked { template, text, policy: &Policy::default(), tenant: &tenant };
    let (slots, _) = checked.highest_slot();
    checked.words(&text.body).level.known().map(|words| carried(slots, *words))
}

/// `pattern` with the sample practice and the longest values, optional parts standing.
pub(crate) fn filled(template: &Template, pattern: &str, language: Language) -> String {
    filled_with(template, pattern, language, &|_| None)
}

/// The same, where `instead` may give a slot another value.
fn filled_with(
    template: &Template,
    pattern: &str,
    language: Language,
    instead: &dyn Fn(&super::Slot) -> Option<String>,
) -> String {
    let tenant = speaker(template);
    let value = |name: &str| {
        let slot = template.slot(name)?;
        instead(slot).or_else(|| sample::longest(slot).map(|value| value.show(language)))
    };
    let known = |name: &str| {
        let tokens = (sample::TOKEN, unsubscribe::SAMPLE);
        super::library_name(name, &tenant, Some(sample::POSTAL), tokens, language).or_else(|| value(name))
    };
    // A name without a value: what stands around it is still measured.
    pattern::fill(pattern, &known).unwrap_or_else(|| pieces(pattern).iter().filter_map(Piece::as_text).collect())
}
