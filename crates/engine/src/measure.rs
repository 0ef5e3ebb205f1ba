//! Measuring a text: what the gate is told about it instead of the text itself. The only place that calls the classifier.

use postern_base::{Category, Channel, Language, Level, Purpose};
use postern_classify::{Recipient, Vocabulary};
use postern_gate::LinkState;
use postern_gate::facts::Tenant;
use postern_gate::reference::is_shared_shortener;
use postern_gate::{Fact, Missing};

/// What a text was found to carry.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) level: Fact<Level>,
    pub(crate) categories: Vec<Category>,
}

/// Where a text is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) purpose: Purpose,
    pub(crate) channel: Option<Channel>,
    pub(crate) language: Language,
    pub(crate) tenant: &'a Tenant,
    pub(crate) recipient: &'a Recipient<'a>,
    /// The tenant's own words.
    pub(crate) vocabulary: Option<&'a Vocabulary>,
}

impl Place<'_> {
    /// The same place, on `channel`.
    pub(crate) const fn on(self, channel: Option<Channel>) -> Self {
        Self { channel, ..self }
    }
}

/// Reads `text` with the classifier. When it fails, the level is Unknown and nothing is sent (invariant 2).
pub(crate) fn find(text: &str, place: Place<'_>) -> Found {
    let context = postern_classify::Context {
        channel: place.channel,
        purpose: Some(place.purpose),
        language: Some(place.language),
        callback: place.tenant.callback.as_deref(),
        recipient: Some(place.recipient),
        vocabulary: place.vocabulary,
    };
    match postern_classify::scan(text, &context) {
        Ok(findings) => Found { level: Fact::Known(findings.level), categories: findings.categories },
        Err(_) => Found { level: Fact::Unknown(Missing::ClassifierFailed), categories: Vec::new() },
    }
}

/// What the links in `text` point at (RULES TCP-29).
pub(crate) fn links(text: &str, place: Place<'_>) -> LinkState {
    text.split_whitespace().filter_map(link).map(|link| judge(link, place)).max().unwrap_or(LinkState::NoLinks)
}

/// Whether a phone would make any part of `text` a link.
pub(crate) fn has_link(text: &str) -> bool {
    text.split_whitespace().any(|word| link(word).is_some())
}

/// Domains whose bare name a phone turns into a link.
const LINKED_ENDINGS: &[&str] =
    &["com", "net", "org", "ly", "co", "io", "me", "gl", "gd", "link", "info", "health", "us", "app", "page", "to"];

/// Whether a phone would make `word` a link; without what surrounds it.
fn link(word: &str) -> Option<&str> {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '/');
    let lower = word.to_ascii_lowercase();
    if lower.contains("://") || lower.starts_with("www.") {
        return Some(word);
    }
    let host = lower.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let (name, ending) = host.rsplit_once('.')?;
    let is_host = !name.is_empty() && ending.len() >= 2 && ending.bytes().all(|b| b.is_ascii_alphabetic());
    let has_path = lower.len() > host.len();
    (is_host && !word.contains('@') && (has_path || LINKED_ENDINGS.contains(&ending))).then_some(word)
}

fn judge(link: &str, place: Place<'_>) -> LinkState {
    let after = link.split_once("://").map_or(link, |(_, rest)| rest);
    let (host, tail) = after.split_at(after.find(['/', '?', '#']).unwrap_or(after.len()));
    // A user part in front of the host is how links lie about where they go.
    if host.contains('@') {
        return LinkState::Foreign;
    }
    let host = host.split(':').next().unwrap_or(host).to_ascii_lowercase();
    // CTIA 2023: no shortener that is shared with others, whatever the practice calls its own.
    if is_shared_shortener(&host) {
        return LinkState::Foreign;
    }
    let own = place.tenant.link_domains.iter().any(|domain| {
        let domain = domain.to_ascii_lowercase();
        host == domain || host.strip_suffix(&domain).is_some_and(|head| head.ends_with('.'))
    });
    if !own {
        return LinkState::Foreign;
    }
    if identifies(tail, place) { LinkState::CarriesIdentifiers } else { LinkState::Clean }
}

/// Names of query and path parts that say who it is about.
const TELLING: &[&str] = &[
    "patient",
    "mrn",
    "dob",
    "ssn",
    "name",
    "email",
    "phone",
    "birth",
    "diagnosis",
    "result",
    "lab",
    "member",
    "paciente",
];

fn identifies(tail: &str, place: Place<'_>) -> bool {
    let lower = tail.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    if lower.contains('@') || lower.contains("%40") || words.iter().any(|word| TELLING.contains(word)) {
        return true;
    }
    // A run of digits as long as a record or phone number.
    if words.iter().any(|word| word.len() >= 6 && word.bytes().all(|b| b.is_ascii_digit())) {
        return true;
    }
    match find(&words.join(" "), place).level {
        Fact::Known(level) => level > Level::L1,
        Fact::Unknown(_) => true,
    }
}

/// Whether `text` states the neutral sender name and a number to reach it (47 CFR 64.1200(a)(9)(iv)(B)).
pub(crate) fn names_sender(text: &str, tenant: &Tenant) -> bool {
    says_name(text, tenant) && says_number(text, tenant)
}

pub(crate) fn says_name(text: &str, tenant: &Tenant) -> bool {
    let name = tenant.alias.as_deref().unwrap_or(&tenant.name).to_lowercase();
    !name.is_empty() && text.to_lowercase().contains(&name)
}

pub(crate) fn says_number(text: &str, tenant: &Tenant) -> bool {
    let Some(callback) = tenant.callback.as_deref() else { return false };
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let callback = digits(callback);
    let national = callback.strip_prefix('1').unwrap_or(&callback);
    !national.is_empty() && digits(text).contains(national)
}

/// Whether `text` says that answers to it are not read, and another way to opt out: a number or a link (RULES TCP-28).
pub(crate) fn says_no_reply(text: &str) -> bool {
    const WORDS: [&str; 9] = [
        "do not reply",
        "don't reply",
        "replies are not read",
        "cannot receive replies",
        "not monitored",
        "no responda a este",
        "no responda este",
        "no conteste este",
        "no se leen respuestas",
    ];
    let lower = text.to_lowercase();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let other_way = digits >= 10 || lower.split_whitespace().any(|word| link(word).is_some());
    other_way && WORDS.iter().any(|words| lower.contains(words))
}

/// Whether `text` holds what can be a one-time code (RULES OTP-01): four to eight digits, together, in two groups, or said one by
/// one; or as many letters and digits mixed. The number to call back is none.
pub(crate) fn says_code(text: &str, tenant: &Tenant) -> bool {
    let callback: String = tenant.callback.iter().flat_map(|c| c.chars()).filter(char::is_ascii_digit).collect();
    let word = |word: &&str| word.chars().any(|c| c.is_ascii_alphanumeric());
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c == ',').filter(word).collect();
    let whole = |word: &&str| is_code(word) && !(callback.len() >= 7 && callback.ends_with(&digits_of(word)));
    let one_by_one = words.windows(4).any(|four| four.iter().all(|word| digits_of(word).len() == 1 && is_number(word)));
    let in_groups = words.windows(2).any(|two| {
        let lengths: Vec<usize> = two.iter().filter(|word| is_number(word)).map(|word| digits_of(word).len()).collect();
        matches!(lengths[..], [3, 3] | [4, 4])
    });
    one_by_one || in_groups || words.iter().any(|word| whole(&word.trim_matches(|c: char| !c.is_ascii_alphanumeric())))
}

fn digits_of(word: &str) -> String {
    word.chars().filter(char::is_ascii_digit).collect()
}

fn is_number(word: &str) -> bool {
    let inner = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    !inner.is_empty() && inner.bytes().all(|b| b.is_ascii_digit())
}

fn is_code(word: &str) -> bool {
    let solid = word.bytes().all(|b| b.is_ascii_alphanumeric());
    let digits = digits_of(word).len();
    let grouped = word.split('-').all(is_number) && word.matches('-').count() == 1;
    ((4..=8).contains(&word.len()) && solid && digits >= 3) || (grouped && matches!(digits, 6 | 8))
}

/// Whether `text` says that a code is not to be shared (RULES OTP-01).
pub(crate) fn says_keep_secret(text: &str) -> bool {
    const WORDS: [&str; 17] = [
        "not share",
        "n't share",
        "never share",
        "not give",
        "n't give",
        "keep it to yourself",
        "keep this code",
        "will never ask",
        "tell nobody",
        "no lo comparta",
        "no la comparta",
        "no comparta",
        "nunca comparta",
        "no lo diga",
        "no la diga",
        "no se lo d",
        "no se la d",
    ];
    let lower = text.to_lowercase().replace('’', "'");
    WORDS.iter().any(|words| lower.contains(words))
}

/// Whether `text` says how to opt out.
pub(crate) fn says_opt_out(text: &str) -> bool {
    let lower = text.to_lowercase();
    let word = text.split(|c: char| !c.is_alphanumeric()).any(|word| word == "STOP");
    word || ["reply stop", "text stop", "responda stop", "opt out", "opt-out", "unsubscribe", "darse de baja"]
        .iter()
        .any(|phrase| lower.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::{says_code, says_keep_secret};

    #[test]
    fn a_code_is_digits_together_in_two_groups_or_one_by_one_and_no_number_to_call() {
        let tenant =
            postern_gate::facts::Tenant { callback: Some("+15555550100".into()), ..crate::templates::sample::tenant() };
        let code = |text: &str| says_code(text, &tenant);
        for text in [
            "Sunrise Health code: 482913. Do not share it.",
            "482-913 is your code",
            "Your code: 482 913",
            "4821",
            "Su código es A7K9Q21",
            "Your code is 4, 8, 2, 9, 1, 3. Again: 4. 8. 2. 9. 1. 3.",
        ] {
            assert!(code(text), "{text}");
        }
        for text in [
            "Come to our open day on 12/04 at 10am",
            "Call us at 555-555-0100",
            "Call us at (555) 555-0100 or 5550100",
            "The 12th at 2:30 PM",
            "",
        ] {
            assert!(!code(text), "{text}");
        }
    }

    #[test]
    fn keeping_a_code_to_oneself_is_said_in_both_languages() {
        for text in ["Do not share it.", "Don’t share this with anyone", "No lo comparta.", "We will never ask for it"]
        {
            assert!(says_keep_secret(text), "{text}");
        }
        assert!(!says_keep_secret("Your code is 482913"));
    }
}
