//! Rendering: every form a message could take, measured and committed to. Nothing edits text after this point
//! (DESIGN section 2, step 2).

mod template;

use crate::measure::{self, Found, Place, Said};
use crate::templates::{Library, sample};
use crate::unsubscribe;
use crate::wire::{self, WireError};
use postern_base::{Category, Channel, Form, Language, Level, Phi, Purpose, RecipientRole};
use postern_channels::Outbound;
use postern_channels::sms::text::plain;
use postern_classify::{Recipient, Vocabulary, closed_phrase_tells_care};
use postern_gate::fact::Missing;
use postern_gate::facts::Tenant;
use postern_gate::rendition::Confirms;
use postern_gate::{Content, Fact, LinkState, Rendition};
use postern_ledger::{CommitmentKey, commit};
use std::borrow::Cow;

/// The longest text of a caller that may travel verbatim on an open channel: three segments of a text message.
const VERBATIM_CHARS: usize = 459;
/// The longest body and subject taken at all.
const BODY_CHARS: usize = 20_000;
const SUBJECT_CHARS: usize = 200;

/// A message in every form it could take.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The source, as the gate sees it.
    pub content: Content,
    /// The forms.
    pub forms: Vec<RenderedForm>,
    /// What SYS-05 compares when there is no event.
    pub source: Phi<Vec<u8>>,
}

/// One form.
#[derive(Debug, Clone)]
pub struct RenderedForm {
    /// What the gate is told of it.
    pub measured: Rendition,
    /// Subject or title.
    pub subject: Option<Phi<String>>,
    /// The text.
    pub body: Phi<String>,
}

/// For whom a message is rendered.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Who speaks.
    pub tenant: &'a Tenant,
    /// Why.
    pub purpose: Purpose,
    /// The language the patient prefers, when it is one of ours.
    pub preferred: Option<Language>,
    /// What makes this message's link its own: opaque, without meaning.
    pub token: &'a str,
    /// The same of the link with which commercial mail is ended.
    pub unsubscribe: &'a str,
    /// The templates the tenant can use.
    pub library: &'a Library,
    /// The tenant's postal address, which commercial e-mail and breach notices give.
    pub postal: Option<&'a str>,
    /// Texts of the patient's own record: finding one in a text is the strongest sign there is.
    pub recipient: &'a Recipient<'a>,
    /// The tenant's own words.
    pub vocabulary: Option<&'a Vocabulary>,
}

impl Rendered {
    /// Renders the content or template of `request`.
    ///
    /// # Errors
    /// [`WireError`], naming the field, when a template is not known, not meant for the purpose, or not filled as it asks;
    /// or when a text is too long.
    pub fn new(request: &wire::Request, setting: Setting<'_>) -> Result<Self, WireError> {
        match (&request.content, &request.template) {
            (Some(content), None) => {
                let mut rendered = free_text(content, setting)?;
                if request.recipient.role != RecipientRole::SelfPatient {
                    // Exempt where the patient is told, and no logistics where somebody else is (RULES 0.4, PRI-14).
                    rendered.content.level = match closed_phrase_tells_care(&content.body) {
                        Ok(true) => rendered.content.level.map(|level| level.max(Level::L2)),
                        Ok(false) => rendered.content.level,
                        Err(_) => Fact::Unknown(Missing::ClassifierFailed),
                    };
                }
                Ok(rendered)
            }
            (None, Some(used)) => template::render(used, setting),
            (Some(_), Some(_)) => Err(WireError::new("template", "give either `content` or `template`, not both")),
            (None, None) => Err(WireError::new("content", "give either `content` or `template`")),
        }
    }

    /// Fixes every form and the source by commitments under `key`.
    pub fn commit(&mut self, key: &CommitmentKey) {
        for at in 0..self.forms.len() {
            let (before, from) = self.forms.split_at_mut(at);
            let Some(form) = from.first_mut() else { continue };
            // Forms for several channels that read alike are one payload, and so one commitment.
            let same = before.iter().find(|other| other.reads_like(form)).and_then(|other| other.measured.commitment);
            form.measured.commitment = Some(same.unwrap_or_else(|| form.commitment(key)));
        }
        self.content.commitment = Some(commit(key, "content", self.source.reveal()));
    }

    /// What the gate is told.
    #[must_use]
    pub fn renditions(&self) -> Vec<Rendition> {
        self.forms.iter().map(|form| form.measured.clone()).collect()
    }
}

impl RenderedForm {
    fn reads_like(&self, other: &Self) -> bool {
        let subjects = (self.subject.as_ref().map(Phi::reveal), other.subject.as_ref().map(Phi::reveal));
        self.body.reveal() == other.body.reveal() && subjects.0 == subjects.1
    }

    /// The commitment a permit for this form carries.
    #[must_use]
    pub fn commitment(&self, key: &CommitmentKey) -> [u8; 32] {
        let subject = self.subject.as_ref().map(|s| s.reveal().as_str());
        commit(key, "rendition", &Outbound::payload(subject, self.body.reveal()))
    }
}

/// The form that travels on `channel`: the channel's own, or the one for all without their own. The gate picks by the same
/// order.
pub(crate) fn pick<T>(
    forms: &[T],
    key: impl Fn(&T) -> (Option<Channel>, Form),
    channel: Channel,
    form: Form,
) -> Option<&T> {
    forms
        .iter()
        .find(|candidate| key(candidate) == (Some(channel), form))
        .or_else(|| forms.iter().find(|candidate| key(candidate) == (None, form)))
}

/// Unicode's explicit directional embeddings, overrides and isolates (UAX 9, section 2).
const fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl<'a> Setting<'a> {
    /// The same for no message: links of one length and without meaning, so that what such a text says can be kept.
    const fn of_no_message(self) -> Self {
        Self { token: sample::TOKEN, unsubscribe: unsubscribe::SAMPLE, ..self }
    }

    fn place(self, language: Language) -> Place<'a> {
        Place {
            purpose: self.purpose,
            channel: None,
            language,
            tenant: self.tenant,
            postal: self.postal,
            recipient: self.recipient,
            vocabulary: self.vocabulary,
        }
    }
}

fn free_text(content: &wire::Content, setting: Setting<'_>) -> Result<Rendered, WireError> {
    // Blanks, and signs that are not shown, tell nobody anything.
    if !content.body.chars().any(char::is_alphanumeric) {
        return Err(WireError::new("content.body", "expected text"));
    }
    if content.body.chars().count() > BODY_CHARS {
        return Err(WireError::new("content.body", format!("at most {BODY_CHARS} characters")));
    }
    // What is not shown, or turns the order of what is, can hide a text from the person who approves it.
    if content.body.chars().any(|c| (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || turns_direction(c)) {
        return Err(WireError::new("content.body", "expected text without control characters"));
    }
    // A line end is one sign here, whatever the caller's machine calls one: a bare CR may not travel (RFC 5321 section 2.3.8).
    let body = &content.body.replace("\r\n", "\n").replace('\r', "\n");
    let subject = content.subject.as_deref();
    if let Some(subject) = subject
        && (subject.chars().count() > SUBJECT_CHARS || subject.chars().any(char::is_control))
    {
        return Err(WireError::new("content.subject", format!("one line of at most {SUBJECT_CHARS} characters")));
    }
    let language = content.language.unwrap_or(Language::En);
    let place = setting.place(language);
    let whole = subject.map_or_else(|| body.clone(), |subject| format!("{subject}\n{body}"));
    let found = measure::find(&whole, place);
    let categories = union(&content.categories, &found.categories);
    let level = source_level(found.level, content.level, &categories);

    // 15 USC 7704(a)(5)(A)(iii): an offer by e-mail gives the practice's postal address; our own words change no level.
    let mailed = with_address(body, setting);

    let mut forms = Vec::with_capacity(9);
    let said = Said::of(body, place);
    let said_by_mail = if mailed == *body { said } else { Said::of(&mailed, place) };
    for (channel, subject) in [
        (None, None),
        (Some(Channel::Portal), subject.map(str::to_owned)),
        (Some(Channel::Email), Some(neutral_subject(setting.tenant, language))),
    ] {
        // The declared level and categories hold for the whole text, whatever was found.
        let whole = Found { level, categories: categories.clone(), ..found.clone() };
        let (body, said) = if channel == Some(Channel::Email) { (&mailed, said_by_mail) } else { (body, said) };
        forms.push(told(place.on(channel), Form::Full, subject, body.clone(), whole, said));
    }
    let whole = Found { level, categories: categories.clone(), ..found.clone() };
    let spoken = spoken(body, setting.tenant, language);
    forms.push(measured(place.on(Some(Channel::Voice)), Form::Full, None, spoken, whole));
    // CASES "A caller's body on an open channel": verbatim as minimal when it is found to carry no more than L1.
    let alone = if subject.is_some() { measure::find(body, place) } else { found };
    let logistic = alone.level.is_known_and(|found| *found <= Level::L1);
    if logistic && body.chars().count() <= VERBATIM_CHARS {
        let text = with_identification(body, setting.tenant, language);
        let found = measure::find(&text, place);
        forms.push(measured(place, Form::Minimal, None, text, found));
        let subject = neutral_subject(setting.tenant, language);
        let place = place.on(Some(Channel::Email));
        let found = measure::find(&format!("{subject}\n{body}"), place);
        forms.push(told(place, Form::Minimal, Some(subject), mailed, found, said_by_mail));
    }
    template::beside(None, setting, language, &mut forms);
    Ok(Rendered {
        content: Content { level, categories, language, template: None, commitment: None },
        forms,
        source: Phi::new(Outbound::payload(subject, body)),
    })
}

/// How far into what a call says the name of who calls still stands at its beginning: behind a greeting.
const BEGINNING_CHARS: usize = 60;

/// The text as a call says it: who calls "at the beginning of the message", and the number afterwards (47 CFR 64.1200(b)(1)-(2)), where it
/// does not say them itself.
fn spoken(body: &str, tenant: &Tenant, language: Language) -> String {
    let body = body.trim();
    let sender = tenant.alias.as_ref().unwrap_or(&tenant.name);
    let beginning: String = body.chars().take(BEGINNING_CHARS).collect();
    let mut text = match language {
        _ if measure::names_sender(&beginning, tenant) => body.to_owned(),
        Language::En => format!("This is {sender}. {body}"),
        Language::Es => format!("Le habla {sender}. {body}"),
    };
    if let Some(number) = tenant.callback.as_ref().filter(|_| !measure::names_callback(body, tenant)) {
        text.push_str(match language {
            Language::En => " You can reach us at ",
            Language::Es => " Puede llamarnos al ",
        });
        text.push_str(number);
        text.push('.');
    }
    text
}

/// `body` as it goes on `channel`: what may be a text message goes in plain signs where that keeps it within the 7-bit alphabet; no
/// letter changes.
fn in_plain_signs(channel: Option<Channel>, form: Form, body: String) -> String {
    let texted = form < Form::Full && channel.is_none_or(|channel| channel == Channel::Sms);
    match texted.then(|| plain(&body)) {
        Some(Cow::Owned(plain)) => plain,
        _ => body,
    }
}

/// A form of which it is not known yet what its words say.
fn measured(place: Place<'_>, form: Form, subject: Option<String>, body: String, found: Found) -> RenderedForm {
    let body = in_plain_signs(place.channel, form, body);
    let said = Said::of(&body, place);
    told(place, form, subject, body, found, said)
}

/// A form whose words were read.
fn told(place: Place<'_>, form: Form, subject: Option<String>, body: String, found: Found, said: Said) -> RenderedForm {
    let links = subject.iter().map(String::as_str).chain([body.as_str()]).map(|text| measure::links(text, place)).max();
    // Of no other purpose is it asked.
    let confirmation = place.purpose == Purpose::ConsentConfirmation;
    RenderedForm {
        measured: Rendition {
            channel: place.channel,
            form,
            level: found.level,
            categories: found.categories,
            chars: said.chars,
            links: links.unwrap_or(LinkState::NoLinks),
            names_sender: said.names_sender,
            names_callback: said.names_callback,
            says_opt_out: said.says_opt_out || (place.channel == Some(Channel::Voice) && said.says_how_to_end_calls),
            says_no_reply: said.says_no_reply,
            says_code: said.says_code,
            says_keep_secret: said.says_keep_secret,
            offers: said.offers,
            tells_result: found.tells_result,
            bills: said.bills,
            result_classes: found.result_classes,
            names_address: said.names_address,
            says_business: confirmation && measure::says_business(&body, place.tenant),
            confirms: if confirmation { measure::confirmed(&body) } else { Confirms::Unsaid },
            language: place.language,
            commitment: None,
        },
        subject: subject.map(Phi::new),
        body: Phi::new(body),
    }
}

fn neutral_subject(tenant: &Tenant, language: Language) -> String {
    let sender = tenant.alias.as_ref().unwrap_or(&tenant.name);
    match language {
        Language::En => format!("A message from {sender}"),
        Language::Es => format!("Un mensaje de {sender}"),
    }
}

/// Appends to an offer the name, number and postal address that a commercial e-mail gives and this one lacks, as far as they are on record.
fn with_address(body: &str, setting: Setting<'_>) -> String {
    if setting.purpose != Purpose::Marketing {
        return body.to_owned();
    }
    let number = setting.tenant.callback.as_deref().filter(|_| !measure::names_callback(body, setting.tenant));
    let address = setting.postal.filter(|address| !measure::names_address(body, Some(address)));
    let lacks_name = !measure::names_sender(body, setting.tenant);
    if number.is_none() && address.is_none() && !lacks_name {
        return body.to_owned();
    }
    let name = Some(setting.tenant.alias.as_deref().filter(|_| address.is_none()).unwrap_or(&setting.tenant.name));
    let said: Vec<&str> = [name, number, address].into_iter().flatten().collect();
    format!("{}\n\n{}", body.trim_end(), said.join(", "))
}

/// Appends the name, number and opt-out words that a text message needs and this one lacks.
fn with_identification(body: &str, tenant: &Tenant, language: Language) -> String {
    let mut text = body.trim_end().to_owned();
    let name = (!measure::names_sender(&text, tenant)).then(|| tenant.alias.as_ref().unwrap_or(&tenant.name));
    let number = if measure::names_callback(&text, tenant) { None } else { tenant.callback.as_ref() };
    let who: Vec<&str> = name.into_iter().chain(number).map(String::as_str).collect();
    if !who.is_empty() {
        text.push_str(" - ");
        text.push_str(&who.join(" "));
    }
    if !measure::says_opt_out(&text) {
        text.push_str(match language {
            Language::En => " Reply STOP to opt out",
            Language::Es => " Responda STOP para no recibir mensajes",
        });
    }
    text
}

fn higher(a: Fact<Level>, b: Fact<Level>) -> Fact<Level> {
    match (a, b) {
        (Fact::Known(a), Fact::Known(b)) => Fact::Known(a.max(b)),
        (Fact::Unknown(why), _) | (_, Fact::Unknown(why)) => Fact::Unknown(why),
    }
}

/// CASES "Level": the higher of declared and found; a category makes it L4; a failed classifier leaves it Unknown.
fn source_level(found: Fact<Level>, declared: Option<Level>, categories: &[Category]) -> Fact<Level> {
    found.map(|found| {
        let level = declared.map_or(found, |declared| declared.max(found));
        if categories.is_empty() { level } else { Level::L4 }
    })
}

fn union(some: &[Category], more: &[Category]) -> Vec<Category> {
    let mut all: Vec<Category> = some.iter().chain(more).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}
