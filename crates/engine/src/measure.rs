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
    links_in(text).iter().map(|link| judge(link, place)).max().unwrap_or(LinkState::NoLinks)
}

/// Whether a phone would make any part of `text` a link.
pub(crate) fn has_link(text: &str) -> bool {
    !links_in(text).is_empty()
}

/// Domains whose bare name a phone turns into a link; the last three are those that stand for them in examples (RFC 2606).
const LINKED_ENDINGS: &[&str] = &[
    "com", "net", "org", "ly", "co", "io", "me", "gl", "gd", "link", "info", "health", "us", "app", "page", "to",
    "biz", "xyz", "site", "online", "shop", "store", "club", "click", "clinic", "dental", "hospital", "pharmacy",
    "icu", "vip", "tk", "cc", "tv", "ru", "cn", "uk", "ca", "de", "mx", "eu", "edu", "gov", "dev", "top", "example",
    "test", "invalid",
];

/// Everything in `text` that a phone would make a link, or that a reader is meant to put together into one: "evil[.]com",
/// "hxxp://evil.com", "evil dot com", and full stops of other scripts, which resolvers read as a dot (UTS 46 section 4).
fn links_in(text: &str) -> Vec<String> {
    let plain = undisguised(text);
    let words: Vec<&str> = plain.split_whitespace().collect();
    let whole = words.iter().filter_map(|word| link(word)).map(str::to_owned);
    let spelled = words.windows(3).filter_map(|three| match three {
        [name, dot, ending] if matches!(*dot, "." | "dot" | "DOT" | "Dot" | "punto") => {
            // The name of a host is one word of letters, digits and hyphens: "call us . Thank you" is none.
            let joined = format!("{name}.{ending}");
            let ends = ending.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
            (LINKED_ENDINGS.contains(&ends.as_str()) && link(&joined).is_some()).then_some(joined)
        }
        _ => None,
    });
    whole.chain(spelled).collect()
}

/// `text` with the ways undone in which a link is kept from looking like one.
fn undisguised(text: &str) -> String {
    const DOTS: [&str; 14] = [
        "[.]", "(.)", "{.}", "<.>", "[dot]", "(dot)", "{dot}", "[ . ]", "( . )", "[punto]", "(punto)", "[,]", " [.] ",
        "\\.",
    ];
    let seen = text
        .chars()
        .filter(|c| !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}'));
    let mut plain: String = seen
        .map(|c| match c {
            '\u{3002}' | '\u{ff0e}' | '\u{ff61}' | '\u{2024}' | '\u{fe52}' => '.',
            '\u{ff0f}' | '\u{2215}' | '\u{2044}' => '/',
            '\u{ff1a}' => ':',
            '\u{ff01}'..='\u{ff5e}' => u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c),
            other => other,
        })
        .collect();
    let lower = plain.to_ascii_lowercase();
    if DOTS.iter().any(|dot| lower.contains(dot)) {
        plain = DOTS.iter().fold(lower, |text, dot| text.replace(dot, "."));
    }
    for (from, to) in
        [("hxxp", "http"), ("h**p", "http"), ("htxp", "http"), ("[:]//", "://"), ("[://]", "://"), (":\\\\", "://")]
    {
        let lower = plain.to_ascii_lowercase();
        if lower.contains(from) {
            plain = lower.replace(from, to);
        }
    }
    plain
}

/// Whether a phone would make `word`, or what of it stands behind a colon, a link; without what surrounds it.
fn link(word: &str) -> Option<&str> {
    let behind = word.split_once(':').map(|(_, rest)| rest).filter(|rest| !rest.starts_with("//"));
    bare_link(word).or_else(|| behind.and_then(bare_link))
}

fn bare_link(word: &str) -> Option<&str> {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '/').trim_start_matches('/');
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
    let other_way = digits >= 10 || has_link(text);
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

/// Whether `text` speaks of money owed, an offer or another matter than whether messages may be sent (47 CFR 64.1200(a)(12)). The
/// names of what a patient may keep or leave, such as "billing", say nothing of it.
pub(crate) fn says_business(text: &str, tenant: &Tenant) -> bool {
    const PHRASES: [&str; 60] = [
        // What is owed.
        "balance",
        "past due",
        "amount due",
        "payment due",
        "is due",
        "you owe",
        "overdue",
        "invoice",
        "statement",
        "copay",
        "pay now",
        "pay your",
        "pay online",
        "pay by",
        "to pay",
        "collections",
        "saldo",
        "vencido",
        "factura",
        "adeuda",
        "debe pagar",
        "pague",
        "para pagar",
        // What is sold.
        "discount",
        "coupon",
        "special offer",
        "our offer",
        "limited time",
        "on sale",
        "promo",
        "promotion",
        "deal",
        "buy",
        "percent off",
        "free trial",
        "free screening",
        "free consultation",
        "refer a friend",
        "descuento",
        "oferta",
        "promocion",
        "promoción",
        "cupon",
        "cupón",
        "compre",
        // What else may be asked.
        "survey",
        "rate us",
        "rate your",
        "review us",
        "feedback",
        "how did we do",
        "book now",
        "book your",
        "schedule your",
        "schedule now",
        "donate",
        "donation",
        "encuesta",
        "reserve su",
        "donacion",
    ];
    let name = tenant.alias.as_deref().unwrap_or(&tenant.name).to_lowercase();
    let lower = text.to_lowercase();
    // What the practice calls itself is not what it sells.
    let said = if name.is_empty() { lower } else { lower.replace(&name, " ") };
    let words: Vec<&str> = said.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let spoken = format!(" {} ", words.join(" "));
    let amount = said.contains(['$', '%', '\u{20ac}', '\u{a3}']);
    amount || PHRASES.iter().any(|phrase| spoken.contains(&format!(" {phrase} ")))
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
    use super::{Place, has_link, links, says_business, says_code, says_keep_secret};
    use postern_base::{Language, Purpose};
    use postern_gate::LinkState;

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
    fn a_link_is_seen_however_its_dots_and_its_scheme_are_written() {
        let tenant = postern_gate::facts::Tenant {
            link_domains: vec!["sunrise.example".into()],
            ..crate::templates::sample::tenant()
        };
        let recipient = postern_classify::Recipient::default();
        let place = Place {
            purpose: Purpose::AppointmentReminder,
            channel: None,
            language: Language::En,
            tenant: &tenant,
            recipient: &recipient,
            vocabulary: None,
        };
        for text in [
            "See evil\u{3002}example",
            "See https://evil\u{3002}example/a",
            "See evil\u{ff0e}com",
            "See evil\u{ff61}com now",
            "See evil[.]com",
            "See evil(.)com/x",
            "See evil [.] com",
            "See evil[dot]com",
            "See evil (dot) com",
            "See evil dot com",
            "See evil . com",
            "See hxxp://evil.com/x",
            "See hXXps://sunrise.example.evil.com",
            "See //evil.com/x",
            "Site:evil.com",
            "See ev\u{200b}il.c\u{200b}om",
            "See \u{ff45}\u{ff56}\u{ff49}\u{ff4c}.\u{ff43}\u{ff4f}\u{ff4d}",
            "See http[:]//evil.com",
        ] {
            assert_eq!(links(text, place), LinkState::Foreign, "{text}");
        }
        assert_eq!(links("See sunrise[.]example", place), LinkState::Clean);
        assert_eq!(links("See https://sunrise.example/m/x7Kq", place), LinkState::Clean);
        for text in [
            "Dec. 4 at 2:30 p.m. Call 555-555-0100",
            "St. Mary. Please call us.",
            "a.m. or p.m.? Reply 1.",
            "No. 5 . Thank you",
        ] {
            assert!(!has_link(text), "{text}");
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

    #[test]
    fn a_confirmation_that_sells_collects_or_asks_for_something_is_told_from_one_that_confirms() {
        let tenant =
            postern_gate::facts::Tenant { alias: Some("Deal Clinic".into()), ..crate::templates::sample::tenant() };
        for text in [
            "Deal Clinic: you are opted out. Your balance is past due.",
            "You are opted out. $140.00 remains.",
            "Opted out! Come back for 20% off",
            "Le hemos dado de baja. Su saldo sigue abierto.",
            "You will get no more texts. Book your next visit at our site",
            "You are out. Tell us how did we do",
            "Ya no le enviaremos mensajes. Aproveche la oferta.",
        ] {
            assert!(says_business(text, &tenant), "{text}");
        }
        for text in [
            "Deal Clinic: you will get no more texts from us. About a visit, call 555-555-0100. Reply START to undo.",
            "You are opted out. Reply BILLING to keep billing messages, or VISITS to keep reminders.",
            "Did you want to cancel your visit too? Call us.",
            "You are signed up. Up to 3 msgs a week. Msg & data rates may apply. HELP for help. STOP to opt out.",
            "Ya no le enviaremos mensajes de texto. Si es sobre una cita, llame al 555-555-0100.",
        ] {
            assert!(!says_business(text, &tenant), "{text}");
        }
    }
}
