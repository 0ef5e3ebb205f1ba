//! What is kept, sealed, of an accepted request, so that the second gate sees the same request and forms and decides on
//! nothing but fresh facts.

use crate::principal::{Principal, PrincipalKind};
use crate::render::{Rendered, RenderedForm};
use crate::wire::Request;
use postern_base::{Category, Language, Level, Phi};
use postern_gate::rendition::TemplateRef;
use postern_gate::{Content, Fact, LinkState, Missing, Rendition};
use postern_ledger::{CommitmentKey, commit};
use postern_store::{MessageRecord, StoreError, StoredRendition};
use serde::{Deserialize, Serialize};

/// The version of this format (invariant 10).
const VERSION: u32 = 1;

/// A request as kept.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    version: u32,
    pub(crate) request: Request,
    /// The account that asked; `None` in records of before it was kept.
    #[serde(default)]
    pub(crate) by: Option<Asker>,
    level: Option<Level>,
    categories: Vec<Category>,
    language: Language,
    template: Option<(String, u32)>,
    /// What SYS-05 compares when there is no event.
    source: Vec<u8>,
}

/// Who asked for a message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Asker {
    pub(crate) id: String,
    /// A named human, not a program.
    pub(crate) staff: bool,
}

/// What the gate measured on a form, as kept beside the text.
#[derive(Debug, Serialize, Deserialize)]
struct Measured {
    level: Option<Level>,
    categories: Vec<Category>,
    chars: usize,
    links: u8,
    names_sender: bool,
    says_opt_out: bool,
    #[serde(default)]
    says_no_reply: bool,
}

impl Kept {
    pub(crate) fn new(request: &Request, rendered: &Rendered, by: &Principal) -> Self {
        Self {
            version: VERSION,
            request: request.clone(),
            by: Some(Asker { id: by.id.clone(), staff: by.kind == PrincipalKind::Staff }),
            level: rendered.content.level.known().copied(),
            categories: rendered.content.categories.clone(),
            language: rendered.content.language,
            template: rendered.content.template.as_ref().map(|t| (t.name.clone(), t.version)),
            source: rendered.source.reveal().clone(),
        }
    }

    pub(crate) fn to_bytes(&self) -> Phi<Vec<u8>> {
        Phi::new(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Reads back a message and its forms as they were rendered, committed to under its key.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when a record does not say what it should.
    pub(crate) fn read(record: &MessageRecord) -> Result<(Self, Rendered), StoreError> {
        let kept: Self = serde_json::from_slice(record.request.reveal()).map_err(|_| StoreError::Damaged)?;
        if kept.version != VERSION {
            return Err(StoreError::Damaged);
        }
        let key = &record.commitment_key;
        let forms = record.renditions.iter().map(|r| form(r, key)).collect::<Result<_, _>>()?;
        let content = Content {
            level: known(kept.level),
            categories: kept.categories.clone(),
            language: kept.language,
            template: kept.template.clone().map(|(name, version)| TemplateRef { name, version }),
            commitment: Some(commit(key, "content", &kept.source)),
        };
        let source = Phi::new(kept.source.clone());
        Ok((kept, Rendered { content, forms, source }))
    }
}

/// A form as the store keeps it.
pub(crate) fn stored(form: &RenderedForm) -> StoredRendition {
    let m = &form.measured;
    let measured = Measured {
        level: m.level.known().copied(),
        categories: m.categories.clone(),
        chars: m.chars,
        links: match m.links {
            LinkState::NoLinks => 0,
            LinkState::Clean => 1,
            LinkState::Foreign => 2,
            LinkState::CarriesIdentifiers => 3,
        },
        names_sender: m.names_sender,
        says_opt_out: m.says_opt_out,
        says_no_reply: m.says_no_reply,
    };
    StoredRendition {
        channel: m.channel,
        form: m.form,
        language: m.language,
        subject: form.subject.clone(),
        body: form.body.clone(),
        measured: serde_json::to_vec(&measured).unwrap_or_default(),
    }
}

fn form(stored: &StoredRendition, key: &CommitmentKey) -> Result<RenderedForm, StoreError> {
    let measured: Measured = serde_json::from_slice(&stored.measured).map_err(|_| StoreError::Damaged)?;
    let mut form = RenderedForm {
        measured: Rendition {
            channel: stored.channel,
            form: stored.form,
            level: known(measured.level),
            categories: measured.categories,
            chars: measured.chars,
            links: match measured.links {
                0 => LinkState::NoLinks,
                1 => LinkState::Clean,
                2 => LinkState::Foreign,
                _ => LinkState::CarriesIdentifiers,
            },
            names_sender: measured.names_sender,
            says_opt_out: measured.says_opt_out,
            says_no_reply: measured.says_no_reply,
            language: stored.language,
            commitment: None,
        },
        subject: stored.subject.clone(),
        body: stored.body.clone(),
    };
    form.measured.commitment = Some(form.commitment(key));
    Ok(form)
}

fn known(level: Option<Level>) -> Fact<Level> {
    level.map_or(Fact::Unknown(Missing::ClassifierFailed), Fact::Known)
}
