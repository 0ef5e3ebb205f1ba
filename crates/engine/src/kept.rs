//! What is kept, sealed, of an accepted request, so that the second gate sees the same request and forms and decides on
//! nothing but fresh facts.

use crate::enclosures::Enclosure;
use crate::facts::Known;
use crate::principal::{Principal, PrincipalKind};
use crate::render::{Rendered, RenderedForm};
use crate::wire::{Answer, AnsweredRule, Request};
use jiff::Timestamp;
use postern_base::{Category, Language, Level, Phi};
use postern_gate::facts::ResultClass;
use postern_gate::rendition::TemplateRef;
use postern_gate::rendition::{Confirms, Offers};
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
    /// The one contact point it may go to; `None` = any that the gate lets through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<String>,
    /// Files that go with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) files: Vec<Enclosure>,
    level: Option<Level>,
    categories: Vec<Category>,
    /// The language that its text is written in.
    pub(crate) language: Language,
    template: Option<(String, u32)>,
    /// What SYS-05 compares when there is no event.
    #[serde(with = "source")]
    source: Vec<u8>,
}

/// A source is text, and kept as text. An earlier Postern kept it as a list of numbers.
mod source {
    use serde::de::{Error, SeqAccess, Visitor};
    use serde::{Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(source: &[u8], to: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(source) {
            Ok(text) => to.serialize_str(text),
            Err(_) => source.serialize(to),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        from.deserialize_any(Either)
    }

    struct Either;

    impl<'de> Visitor<'de> for Either {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a text or a list of bytes")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
            Ok(text.as_bytes().to_vec())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<u8>, A::Error> {
            let mut bytes = Vec::with_capacity(list.size_hint().unwrap_or(0).min(4_096));
            while let Some(byte) = list.next_element()? {
                bytes.push(byte);
            }
            Ok(bytes)
        }
    }
}

/// Who asked for a message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Asker {
    pub(crate) id: String,
    /// A named human, not a program.
    pub(crate) staff: bool,
    /// What was known of them when they asked; `None` in records of before it was kept.
    #[serde(default)]
    pub(crate) known: Option<Known>,
}

/// What the gate measured on a form, as kept beside the text.
#[derive(Debug, Serialize, Deserialize)]
struct Measured {
    level: Option<Level>,
    categories: Vec<Category>,
    chars: usize,
    links: u8,
    names_sender: bool,
    /// In what was kept before the two were told apart, `names_sender` stood for both.
    #[serde(default)]
    names_callback: Option<bool>,
    says_opt_out: bool,
    #[serde(default)]
    says_no_reply: bool,
    says_code: bool,
    says_keep_secret: bool,
    #[serde(default)]
    says_business: bool,
    /// Nothing, that messages end, or that they begin.
    #[serde(default)]
    confirms: u8,
    /// Nothing, perhaps, or plainly.
    #[serde(default)]
    offers: u8,
    #[serde(default)]
    tells_result: bool,
    #[serde(default)]
    bills: bool,
    /// Places in [`ResultClass::ALL`].
    #[serde(default)]
    result_classes: Vec<u8>,
    #[serde(default)]
    names_address: bool,
}

impl Kept {
    pub(crate) fn new(request: &Request, rendered: &Rendered, by: &Principal, now: Timestamp) -> Self {
        Self {
            version: VERSION,
            request: request.clone(),
            by: Some(Asker {
                id: by.id.clone(),
                staff: by.kind == PrincipalKind::Staff,
                known: Some(Known::of(&by.holder, now)),
            }),
            place: None,
            files: Vec::new(),
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

/// A decision as kept: every rule that ran and what it said are one text, for there are some hundred of them.
#[derive(Deserialize)]
struct KeptDecision {
    rules: String,
    decision: Answer,
}

#[derive(Serialize)]
struct KeepDecision<'a> {
    rules: String,
    decision: &'a Answer,
}

/// What a rule can say, and the sign it is kept as.
const SAID: [(&str, char); 4] = [("satisfied", '+'), ("violated", '!'), ("unknown", '?'), ("not_applicable", '-')];

/// A decision as the store keeps it.
pub(crate) fn keep_decision(decision: &mut Answer) -> Option<Phi<Vec<u8>>> {
    let mut text = String::with_capacity(decision.rules.len() * 8);
    for rule in &decision.rules {
        let (_, sign) = SAID.iter().find(|(result, _)| *result == rule.result)?;
        text.push_str(&rule.rule);
        text.push(*sign);
        text.push(' ');
    }
    let rules = std::mem::take(&mut decision.rules);
    let kept = serde_json::to_vec(&KeepDecision { rules: text, decision }).ok().map(Phi::new);
    decision.rules = rules;
    kept
}

/// Reads back a decision. An earlier Postern kept it as it answered it.
pub(crate) fn decision(kept: &Phi<Vec<u8>>) -> Option<Answer> {
    let Ok(KeptDecision { rules, mut decision }) = serde_json::from_slice(kept.reveal()) else {
        return serde_json::from_slice(kept.reveal()).ok();
    };
    for rule in rules.split_ascii_whitespace() {
        let sign = rule.chars().next_back()?;
        let (result, _) = SAID.iter().find(|(_, known)| *known == sign)?;
        let rule = rule.strip_suffix(sign)?.to_owned();
        decision.rules.push(AnsweredRule { rule, result: (*result).to_owned() });
    }
    Some(decision)
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
        names_callback: Some(m.names_callback),
        says_opt_out: m.says_opt_out,
        says_no_reply: m.says_no_reply,
        says_code: m.says_code,
        says_keep_secret: m.says_keep_secret,
        says_business: m.says_business,
        confirms: match m.confirms {
            Confirms::Unsaid => 0,
            Confirms::End => 1,
            Confirms::Beginning => 2,
        },
        offers: match m.offers {
            Offers::Nothing => 0,
            Offers::Perhaps => 1,
            Offers::Plainly => 2,
        },
        tells_result: m.tells_result,
        bills: m.bills,
        result_classes: (0u8..)
            .zip(ResultClass::ALL)
            .filter(|(_, c)| m.result_classes.contains(c))
            .map(|(at, _)| at)
            .collect(),
        names_address: m.names_address,
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
            names_callback: measured.names_callback.unwrap_or(measured.names_sender),
            says_opt_out: measured.says_opt_out,
            says_no_reply: measured.says_no_reply,
            says_code: measured.says_code,
            says_keep_secret: measured.says_keep_secret,
            says_business: measured.says_business,
            confirms: match measured.confirms {
                1 => Confirms::End,
                2 => Confirms::Beginning,
                _ => Confirms::Unsaid,
            },
            offers: match measured.offers {
                0 => Offers::Nothing,
                1 => Offers::Perhaps,
                _ => Offers::Plainly,
            },
            tells_result: measured.tells_result,
            bills: measured.bills,
            result_classes: measured
                .result_classes
                .iter()
                .filter_map(|at| ResultClass::ALL.get(usize::from(*at)).copied())
                .collect(),
            names_address: measured.names_address,
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

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWERED: &str = r#"{"outcome":"send","deliveries":[],"refusals":[],"obligations":[],"alerts":[],"rules":[
        {"rule":"SYS-01","result":"satisfied"},{"rule":"TCP-06","result":"violated"},
        {"rule":"SEC-02","result":"not_applicable"},{"rule":"PRI-01","result":"unknown"}],"rules_version":2}"#;

    #[test]
    fn a_decision_is_kept_small_and_read_back_as_it_was_answered() {
        let mut answer: Answer = serde_json::from_str(ANSWERED).unwrap();
        let kept = keep_decision(&mut answer).unwrap();
        assert_eq!(answer, serde_json::from_str(ANSWERED).unwrap());
        assert!(kept.reveal().len() < ANSWERED.len() * 2 / 3);
        assert_eq!(decision(&kept), Some(answer));
    }

    #[test]
    fn a_decision_that_an_earlier_postern_kept_is_still_read() {
        let earlier = Phi::new(ANSWERED.as_bytes().to_vec());
        assert_eq!(decision(&earlier), serde_json::from_str(ANSWERED).ok());
    }

    #[test]
    fn a_source_is_kept_as_text_and_a_list_of_numbers_is_still_read() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Holder {
            #[serde(with = "source")]
            source: Vec<u8>,
        }
        let text = Holder { source: b"A visit\0at noon".to_vec() };
        assert_eq!(serde_json::to_string(&text).unwrap(), r#"{"source":"A visit\u0000at noon"}"#);
        let odd = Holder { source: vec![0xff, 0] };
        for holder in [text, odd] {
            let read: Holder = serde_json::from_str(&serde_json::to_string(&holder).unwrap()).unwrap();
            assert_eq!(read, holder);
        }
        let earlier: Holder = serde_json::from_str(r#"{"source":[65,32,0]}"#).unwrap();
        assert_eq!(earlier.source, b"A \0");
    }

    #[test]
    fn a_decision_with_a_word_that_no_rule_says_is_not_kept_and_not_read() {
        let mut answer: Answer = serde_json::from_str(&ANSWERED.replace("violated", "perhaps")).unwrap();
        assert_eq!(keep_decision(&mut answer), None);
        let mut answer: Answer = serde_json::from_str(ANSWERED).unwrap();
        let kept = keep_decision(&mut answer).unwrap();
        let changed = String::from_utf8(kept.into_inner()).unwrap().replace("SYS-01+", "SYS-01*");
        assert_eq!(decision(&Phi::new(changed.into_bytes())), None);
    }
}
