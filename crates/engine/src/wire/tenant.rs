//! Who speaks: the tenant block of a case, which is also what a tenant's settings hold.

use super::policy::PolicyFile;
use super::{Deployment, Transport};
use postern_base::{Category, Level, Purpose};
use postern_classify::{Context, Vocabulary};
use postern_ehr::normal::phone;
use postern_ehr::zones::{of_state, state_code};
use postern_gate::facts;
use postern_gate::reference::is_emergency_number;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A tenant's settings, as the store keeps them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Who speaks.
    pub tenant: Tenant,
    /// The organisation's own numbers, E.164: a text to one of them belongs to this tenant.
    #[serde(default)]
    pub numbers: Vec<String>,
    /// Facts of the deployment; what is absent is Unknown.
    #[serde(default)]
    pub deployment: Deployment,
    /// What recipient domains are known to enforce.
    #[serde(default)]
    pub transport: Transport,
    /// What roles of staff may ask for, by name, beside the built-in ones or in their place.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, Vec<Purpose>>,
    /// How its portal looks, and what it offers.
    #[serde(default, skip_serializing_if = "PortalSettings::is_plain")]
    pub portal: PortalSettings,
}

/// How a tenant's portal looks, and what it offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalSettings {
    /// The colour of its top bar and buttons, as `#rrggbb`; it is darkened where white on it could not be read.
    #[serde(default)]
    pub colour: Option<String>,
    /// Patients may sign in with codes by text, beside a password or, for what tells little, alone. NIST SP 800-63B-4 section 3.1.3.3
    /// restricts such codes: a practice that weighs the risk otherwise says `false`.
    #[serde(default = "yes")]
    pub codes_by_text: bool,
}

const fn yes() -> bool {
    true
}

impl Default for PortalSettings {
    fn default() -> Self {
        Self { colour: None, codes_by_text: yes() }
    }
}

impl PortalSettings {
    /// Whether nothing is said of it.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        self.colour.is_none() && self.codes_by_text
    }
}

/// Who speaks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// The organisation's own name.
    pub name: String,
    /// Its HIPAA role.
    pub role: Role,
    /// The neutral name on open channels.
    pub sender: Sender,
    /// The call-back number.
    #[serde(default)]
    pub callback: Option<String>,
    /// The state.
    #[serde(default)]
    pub state: Option<String>,
    /// The postal address, on one line: commercial e-mail (15 USC 7704(a)(5)) and breach notices (45 CFR 164.404(c)) give it; it is
    /// added to an offer by e-mail that lacks it. A case that is silent of it is about a practice that has one; `null` = it has none.
    #[serde(default = "unstated")]
    pub postal_address: Option<String>,
    /// Domains that links may point at.
    #[serde(default)]
    pub link_domains: Vec<String>,
    /// Which text of 47 CFR 64.1200(a)(10) is applied.
    #[serde(default)]
    pub revocation_regime: Regime,
    /// The tenant's own words, for the classifier.
    #[serde(default, skip_serializing_if = "OwnWords::is_empty")]
    pub vocabulary: OwnWords,
    /// The tenant's policy.
    #[serde(default)]
    pub policy: PolicyFile,
}

/// A postal address nobody stated: neither one to write down nor none.
#[expect(clippy::unnecessary_wraps, reason = "the default of a field")]
const fn unstated() -> Option<String> {
    Some(String::new())
}

impl Tenant {
    /// The postal address on record, on one line.
    #[must_use]
    pub fn postal_address(&self) -> Option<&str> {
        self.postal_address.as_deref().filter(|address| !address.trim().is_empty())
    }

    /// The postal address that a case supposes: the one it states, or, where it is silent, some address that the practice has.
    #[must_use]
    pub fn supposed_postal_address(&self) -> Option<&str> {
        const SOME: &str = "1 Practice Street, Anytown, NY 10001";
        if self.postal_address.as_deref() == Some("") { Some(SOME) } else { self.postal_address() }
    }
}

/// Words that mean something else here than elsewhere. Case, accents and punctuation do not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnWords {
    /// Names that are clean here although a word in them is not: a street called Hope Clinic Road, a Dr. Graves.
    #[serde(default)]
    pub clean: Vec<String>,
    /// Terms that are always specially protected here, with their category: the name of a programme everybody in town knows.
    #[serde(default)]
    pub sensitive: BTreeMap<String, Category>,
}

/// The most words of either kind.
const WORDS_MAX: usize = 2000;

impl OwnWords {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clean.is_empty() && self.sensitive.is_empty()
    }

    /// What is wrong with them: the key, and what to do. A number, a word of care that is no name, and what is specially protected
    /// everywhere cannot be declared clean (house: a tenant may tighten; a name is not loosened, it was mistaken).
    #[must_use]
    pub fn defect(&self) -> Option<(&'static str, String)> {
        if self.clean.len() > WORDS_MAX || self.sensitive.len() > WORDS_MAX {
            return Some(("clean", format!("at most {WORDS_MAX} words of a kind")));
        }
        let number = self.clean.iter().position(|phrase| !may_be_clean(phrase))?.saturating_add(1);
        Some((
            "clean",
            format!(
                "number {number} is no name: only names of places and persons can be declared clean, such as \"Hope Clinic Road\""
            ),
        ))
    }

    /// The words as the classifier takes them; `None` when there are none. What may not be clean is left out.
    #[must_use]
    pub fn vocabulary(&self) -> Option<Vocabulary> {
        if self.is_empty() {
            return None;
        }
        let clean: Vec<&str> = self.clean.iter().map(String::as_str).filter(|phrase| may_be_clean(phrase)).collect();
        let sensitive: Vec<(&str, Category)> = self.sensitive.iter().map(|(term, of)| (term.as_str(), *of)).collect();
        Vocabulary::new(&clean, &sensitive).ok()
    }
}

fn may_be_clean(phrase: &str) -> bool {
    let Ok(found) = postern_classify::scan(phrase, &Context::default()) else { return false };
    match found.level {
        _ if phrase.chars().any(char::is_numeric) => false,
        Level::L4 => false,
        Level::L3 => is_name(phrase),
        _ => true,
    }
}

/// Two to six words written as names are, and nobody's: `Hope Clinic Road`, `Dr. Graves`, `Calle de la Esperanza`.
fn is_name(phrase: &str) -> bool {
    const BETWEEN: [&str; 9] = ["of", "the", "and", "at", "de", "del", "la", "las", "los"];
    const SOMEBODYS: [&str; 8] = ["your", "my", "our", "his", "her", "su", "tu", "mi"];
    let words: Vec<&str> = phrase.split_whitespace().collect();
    let of_a_name = |word: &&str| BETWEEN.contains(word) || word.chars().next().is_some_and(char::is_uppercase);
    let nobodys = words.first().is_some_and(|first| !SOMEBODYS.contains(&first.to_lowercase().as_str()));
    (2..=6).contains(&words.len()) && nobodys && words.iter().all(of_a_name)
}

/// The tenant's HIPAA role.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A covered entity.
    CoveredEntity,
    /// A business associate.
    BusinessAssociate,
}

/// Which text of the revocation rule is applied.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub enum Regime {
    /// FCC 24-24, revoke-all waived.
    #[default]
    #[serde(rename = "2024")]
    R2024,
    /// FCC 26-67.
    #[serde(rename = "26-67")]
    R2667,
}

/// The neutral name on open channels.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    /// The alias; `null` = there is none.
    pub alias: Option<String>,
    /// The name reveals a specialty.
    pub reveals_specialty: bool,
    /// Texts can be answered; absent = yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepts_replies: Option<bool>,
}

impl Tenant {
    /// What is wrong with them: the key, and what to do.
    #[must_use]
    pub fn defect(&self) -> Option<(&'static str, &'static str)> {
        if self.state.as_deref().is_some_and(|state| state_code(state) != Some(state)) {
            return Some(("state", "expected the two letters of a state or territory, such as NY"));
        }
        // RFC 5322 section 2.2: a header is one line. U+2028 and U+2029 end lines too, to some who read it.
        // RFC 2047: what reads as an encoded word is shown as what it encodes, which nobody looked at.
        let breaks = |text: &str| {
            text.contains("=?") || text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
        };
        if self.sender.alias.as_deref().is_some_and(breaks) {
            return Some(("sender.alias", "expected one line without control characters and without `=?`"));
        }
        if breaks(&self.name) {
            return Some(("name", "expected one line without control characters and without `=?`"));
        }
        // 47 CFR 64.1200(a)(9)(iv)(B), (b)(2): a number at which the practice can be reached.
        let callback = self.callback.as_deref();
        if callback.is_some_and(|number| phone(number).is_none_or(|number| is_emergency_number(&number))) {
            return Some(("callback", "expected a telephone number with its area code, such as +15555550100"));
        }
        None
    }

    /// The gate's view of the tenant.
    #[must_use]
    pub fn to_gate(&self) -> facts::Tenant {
        facts::Tenant {
            name: self.name.clone(),
            role: match self.role {
                Role::CoveredEntity => facts::TenantRole::CoveredEntity,
                Role::BusinessAssociate => facts::TenantRole::BusinessAssociate,
            },
            alias: self.sender.alias.clone(),
            reveals_specialty: self.sender.reveals_specialty,
            callback: self.callback.clone(),
            state: self.state.clone(),
            zones: self
                .state
                .as_deref()
                .map_or_else(Vec::new, |state| of_state(state, None).into_iter().map(ToOwned::to_owned).collect()),
            link_domains: self.link_domains.clone(),
            revocation_regime: match self.revocation_regime {
                Regime::R2024 => facts::RevocationRegime::R2024,
                Regime::R2667 => facts::RevocationRegime::R2667,
            },
            accepts_replies: self.sender.accepts_replies.unwrap_or(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{OwnWords, Tenant};

    #[test]
    fn a_name_or_alias_that_breaks_a_header_is_refused_by_its_key() {
        let defect = |name: &str, alias: &str| {
            let tenant = serde_json::json!({
                "name": name, "role": "covered_entity",
                "sender": { "alias": alias, "reveals_specialty": false }
            });
            serde_json::from_value::<Tenant>(tenant).unwrap().defect().map(|(key, _)| key)
        };
        assert_eq!(defect("A", "B"), None);
        for bad in ["=?utf-8?q?B?=", "B\r\nBcc: x@y.example", "B\rC", "B\u{2028}C", "B\0"] {
            assert_eq!(defect("A", bad), Some("sender.alias"), "{bad:?}");
            assert_eq!(defect(bad, "B"), Some("name"), "{bad:?}");
        }
    }

    fn taken(phrase: &str) -> bool {
        let words = OwnWords { clean: vec![phrase.into()], ..OwnWords::default() };
        let kept = words.vocabulary().is_some_and(|words| {
            let context =
                postern_classify::Context { vocabulary: Some(&words), ..postern_classify::Context::default() };
            postern_classify::scan(phrase, &context).is_ok_and(|found| !found.phi)
        });
        assert_eq!(words.defect().is_none(), kept, "{phrase}");
        kept
    }

    #[test]
    fn names_of_places_and_persons_may_be_clean_and_nothing_else_may() {
        for name in ["Hope Clinic Road", "Cancer Survivors Way", "Dr. Graves", "Riverside Family Health Center"] {
            assert!(taken(name), "{name}");
        }
        for other in [
            "123-45-6789",
            "10/12/1978",
            "A1c",
            "oncology",
            "Oncology",
            "Your diabetes",
            "Your Diabetes",
            "Your test came back positive",
            "HIV Clinic",
        ] {
            assert!(!taken(other), "{other}");
        }
    }
}
