//! Messages made from a template.

use super::{
    Rendered, RenderedForm, Setting, higher, in_plain_signs, measured, neutral_subject, source_level, told, union,
};
use crate::measure::{self, Found, Place, Said, Told};
use crate::templates::{self, NOTICE, Shape, Slot, Template, Text, Value};
use crate::wire::{self, WireError};
use postern_base::{Channel, Form, Language, Level, Phi, Purpose};
use postern_gate::facts::Tenant;
use postern_gate::rendition::TemplateRef;
use postern_gate::{Content, Fact};

/// Renders the template that a request names, in every form it has.
pub(super) fn render(used: &wire::TemplateUse, setting: Setting<'_>) -> Result<Rendered, WireError> {
    let found = if used.name == NOTICE { None } else { setting.library.find(&used.name) };
    let template = found.ok_or_else(|| {
        WireError::new("template.name", format!("no such template; known: {}", setting.library.names().join(", ")))
    })?;
    if !template.purposes.contains(&setting.purpose) {
        let purposes: Vec<&str> = template.purposes.iter().map(|p| p.as_str()).collect();
        return Err(WireError::new("purpose", format!("this template is for: {}", purposes.join(", "))));
    }
    let values = template
        .read(&used.data)
        .map_err(|(slot, why)| WireError::new(format!("template.data.{slot}"), why.to_string()))?;
    let language = language(template, setting.preferred);
    let tenant = speaker(template, setting.tenant);
    let own = Setting { tenant: tenant.as_ref().unwrap_or(setting.tenant), ..setting };
    let filler = Filler { template, values: &values, setting: own, language };
    let mut forms = filler.forms();
    let (level, categories) = source_of(&forms);
    beside(Some(template), setting, language, &mut forms);
    Ok(Rendered {
        content: Content {
            level: source_level(level, None, &categories),
            categories,
            language,
            template: Some(TemplateRef { name: template.name.clone(), version: template.version }),
            commitment: None,
        },
        forms,
        source: Phi::new(identity(template, &values)),
    })
}

/// The language of the message: the patient's, where the template speaks it; else English, else what there is.
///
/// 45 CFR 92.201(a): the gate sees from the language of the text that it is not the patient's, and obliges to offer help.
fn language(template: &Template, preferred: Option<Language>) -> Language {
    let spoken = template.languages();
    let wanted = preferred.filter(|language| spoken.contains(language));
    wanted.or_else(|| spoken.first().copied()).unwrap_or(Language::En)
}

/// The tenant under the template's own sender name. A tenant without a neutral name gets none from a template either.
fn speaker(template: &Template, tenant: &Tenant) -> Option<Tenant> {
    let alias = template.sender.clone().filter(|_| tenant.alias.is_some())?;
    Some(Tenant { alias: Some(alias), ..tenant.clone() })
}

/// What the message carries: what its fullest form does.
fn source_of(forms: &[RenderedForm]) -> (Fact<Level>, Vec<postern_base::Category>) {
    let fullest = forms.iter().map(|form| form.measured.form).max();
    forms
        .iter()
        .filter(|form| Some(form.measured.form) == fullest)
        .map(|form| (form.measured.level, form.measured.categories.clone()))
        .reduce(|(a, some), (b, more)| (higher(a, b), union(&some, &more)))
        .unwrap_or((Fact::Known(Level::L0), Vec::new()))
}

/// What makes two uses of a template the same message: its name, version and values.
fn identity(template: &Template, values: &[(&Slot, Value)]) -> Vec<u8> {
    let mut identity = format!("{}/{}", template.name, template.version).into_bytes();
    for (slot, value) in values {
        identity.push(0);
        identity.extend_from_slice(slot.name.as_bytes());
        identity.push(b'=');
        identity.extend_from_slice(value.show(Language::En).as_bytes());
    }
    identity
}

struct Filler<'a> {
    template: &'a Template,
    values: &'a [(&'a Slot, Value)],
    setting: Setting<'a>,
    language: Language,
}

impl Filler<'_> {
    fn forms(&self) -> Vec<RenderedForm> {
        let place = self.setting.place(self.language);
        let mut forms = Vec::with_capacity(12);
        for text in self.template.texts.iter().filter(|text| text.language == self.language) {
            forms.extend(self.form(text, place));
        }
        // An e-mail body needs a subject of its own, which is neutral, whatever the portal's says (RULES EML-02).
        let has_email_full =
            forms.iter().any(|f| f.measured.channel == Some(Channel::Email) && f.measured.form == Form::Full);
        if let Some(full) = forms.iter().find(|f| f.measured.channel.is_none() && f.measured.form == Form::Full)
            && !has_email_full
        {
            let mut email = full.clone();
            email.measured.channel = Some(Channel::Email);
            email.subject = Some(Phi::new(neutral_subject(self.setting.tenant, self.language)));
            forms.push(email);
        }
        forms
    }

    /// The text filled and measured; `None` when a value it cannot do without is not there.
    fn form(&self, text: &Text, place: Place<'_>) -> Option<RenderedForm> {
        let mut body = fill(&text.body, self.setting, self.language, &|name| self.value(name, false))?;
        let subject = match &text.subject {
            Some(pattern) => Some(fill(pattern, self.setting, self.language, &|_| None)?),
            None => None,
        };
        // A random code means nothing; the classifier reads the text without it.
        let read = fill(&text.body, self.setting, self.language, &|name| self.value(name, true))?;
        let place = place.on(text.channel);
        let found = settled(self.by_construction(text), measure::find(&read, place));
        if let Some(offer) = self.offer_of_help(text) {
            body.push_str(&offer);
        }
        Some(measured(place, text.form, subject, body, found))
    }

    /// 45 CFR 92.11, 92.201: a patient whose language the template lacks is told, in that language, that help is free.
    fn offer_of_help(&self, text: &Text) -> Option<String> {
        let formality = matches!(self.setting.purpose, Purpose::OneTimeCode | Purpose::ConsentConfirmation);
        let preferred = self.setting.preferred.filter(|language| *language != self.language)?;
        if text.form < Form::Full || formality {
            return None;
        }
        let number = fill("{callback}", self.setting, preferred, &|_| None)?;
        Some(match preferred {
            Language::En => format!("\n\nFree help in English: call {number}."),
            Language::Es => format!("\n\nAyuda gratis en español: llame al {number}."),
        })
    }

    fn value(&self, name: &str, blank_codes: bool) -> Option<String> {
        self.values.iter().find(|(slot, _)| slot.name == name).map(|(slot, value)| {
            if blank_codes && slot.class.shape() == Shape::Code { "code".to_owned() } else { value.show(self.language) }
        })
    }

    /// The highest data class among the values this text uses.
    fn by_construction(&self, text: &Text) -> Level {
        let names = text.names();
        let used = self.values.iter().filter(|(slot, _)| names.contains(&slot.name.as_str()));
        used.map(|(slot, _)| slot.class.floor()).max().unwrap_or(Level::L0)
    }
}

/// The level of a template's text: what its slots hold, raised by what was found. A text with nothing in it but the neutral
/// sender, number and link is L0 unless something clinical was found.
fn settled(built: Level, found: Found) -> Found {
    let level =
        found.level.map(|found| if built == Level::L0 && found <= Level::L1 { Level::L0 } else { built.max(found) });
    Found { level, ..found }
}

/// Adds what stands beside every message, notice and callback, where the template has no text of its own for that.
pub(super) fn beside(
    template: Option<&Template>,
    setting: Setting<'_>,
    language: Language,
    forms: &mut Vec<RenderedForm>,
) {
    let Some(notice) = setting.library.notice() else { return };
    let language = if notice.languages().contains(&language) { language } else { self::language(notice, None) };
    let replaced = |text: &&Text| {
        let own = template.map_or(&[][..], |template| &template.texts);
        own.iter().any(|t| t.form == text.form && (t.channel.is_none() || t.channel == text.channel))
    };
    for text in notice.texts.iter().filter(|text| text.language == language && !replaced(text)) {
        let place = setting.place(language).on(text.channel);
        let Some((subject, body)) = filled(text, setting, language) else { continue };
        let Some((sample, sample_body)) = filled(text, setting.of_no_message(), language) else { continue };
        let known = setting.library.beside().get(place, text.form, whole(sample.as_ref(), &sample_body), |whole| {
            let body = in_plain_signs(text.channel, text.form, sample_body);
            (Told::of(whole, place.practice()), Said::of(&body, place))
        });
        let found = measure::find_beside(&whole(subject.as_ref(), &body), place, known.0.clone());
        let body = in_plain_signs(text.channel, text.form, body);
        forms.push(told(place, text.form, subject, body, settled(Level::L0, found), known.1));
    }
}

/// The subject and the body of a text that holds nothing but what every text knows.
fn filled(text: &Text, setting: Setting<'_>, language: Language) -> Option<(Option<String>, String)> {
    let body = fill(&text.body, setting, language, &|_| None)?;
    let subject = text.subject.as_ref().and_then(|pattern| fill(pattern, setting, language, &|_| None));
    Some((subject, body))
}

/// What is read of a form: its subject stands before it.
fn whole(subject: Option<&String>, body: &str) -> String {
    subject.map_or_else(|| body.to_owned(), |subject| format!("{subject}\n{body}"))
}

fn fill(
    pattern: &str,
    setting: Setting<'_>,
    language: Language,
    slot: &dyn Fn(&str) -> Option<String>,
) -> Option<String> {
    templates::fill(pattern, &|name| {
        let tokens = (setting.token, setting.unsubscribe);
        templates::library_name(name, setting.tenant, setting.postal, tokens, language).or_else(|| slot(name))
    })
}
