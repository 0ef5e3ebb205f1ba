//! Where the links in a text lead (RULES TCP-29): to the practice's own site and number, and nowhere else, not by a detour either.

use super::{Place, scan};
use postern_base::Level;
use postern_classify::{Findings, Kind};
use postern_gate::LinkState;
use postern_gate::reference::is_shared_shortener;
use std::borrow::Cow;

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
    // Before a backslash is read as a disguise: browsers read it as the end of the host.
    // What nobody sees in a link is not undone where the phone would follow it.
    let hides = |word: &&str| word.contains('\\') || word.contains(is_invisible);
    let raw = text.split_whitespace().filter(|word| word.contains("://")).filter(hides).map(str::to_owned);
    let whole = words.iter().filter_map(|word| link(word)).map(str::to_owned).chain(raw);
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

const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// How a link is kept from looking like one, and what it is read as.
const DISGUISES: [(&str, &str); 20] = [
    ("[.]", "."),
    ("(.)", "."),
    ("{.}", "."),
    ("<.>", "."),
    ("[dot]", "."),
    ("(dot)", "."),
    ("{dot}", "."),
    ("[ . ]", "."),
    ("( . )", "."),
    ("[punto]", "."),
    ("(punto)", "."),
    ("[,]", "."),
    (" [.] ", "."),
    ("\\.", "."),
    ("hxxp", "http"),
    ("h**p", "http"),
    ("htxp", "http"),
    ("[:]//", "://"),
    ("[://]", "://"),
    (":\\\\", "://"),
];

/// `text` with the ways undone in which a link is kept from looking like one.
fn undisguised(text: &str) -> Cow<'_, str> {
    // Every disguise holds one of these, and hardly a text to a patient does.
    let is_telling =
        |pair: &[u8]| matches!(pair, [b'[' | b'(' | b'{' | b'<' | b'\\' | b'*', _] | [b'x' | b'X', b'p' | b'P']);
    if text.is_ascii() && !text.as_bytes().windows(2).any(is_telling) {
        return Cow::Borrowed(text);
    }
    let seen = text.chars().filter(|c| !is_invisible(*c));
    let plain: String = seen
        .map(|c| match c {
            '\u{3002}' | '\u{ff0e}' | '\u{ff61}' | '\u{2024}' | '\u{fe52}' => '.',
            '\u{ff0f}' | '\u{2215}' | '\u{2044}' => '/',
            '\u{ff1a}' => ':',
            '\u{ff01}'..='\u{ff5e}' => u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c),
            other => other,
        })
        .collect();
    let lower = plain.to_ascii_lowercase();
    let undone = DISGUISES.iter().fold(Cow::Borrowed(lower.as_str()), |text, (disguise, meant)| {
        if text.contains(disguise) { Cow::Owned(text.replace(disguise, meant)) } else { text }
    });
    Cow::Owned(match undone {
        Cow::Owned(undone) => undone,
        Cow::Borrowed(_) => plain,
    })
}

/// Whether a phone would make `word`, or what of it stands behind a colon, a link; without what surrounds it.
fn link(word: &str) -> Option<&str> {
    // No link is without a full stop or a colon.
    if !word.contains(['.', ':']) {
        return None;
    }
    if dialled(word).is_some() || runs(word) {
        return Some(word);
    }
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

/// What a link with a scheme that dials or texts would dial (RFC 3966 `tel`, RFC 5724 `sms`), by its digits.
fn dialled(word: &str) -> Option<String> {
    const SCHEMES: &[&str] = &[
        "tel",
        "telprompt",
        "callto",
        "sms",
        "smsto",
        "mms",
        "mmsto",
        "facetime",
        "facetime-audio",
        "sip",
        "sips",
        "whatsapp",
    ];
    let (scheme, number) = word.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).split_once(':')?;
    let number = number.split([',', ';', '?', '&']).next().unwrap_or(number);
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    (SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) && digits.len() >= 3).then_some(digits)
}

/// A link that runs or holds something instead of leading somewhere.
fn runs(word: &str) -> bool {
    const SCHEMES: &[&str] = &[
        "javascript:",
        "vbscript:",
        "data:text/",
        "data:image/",
        "data:application/",
        "intent:",
        "file:/",
        "blob:",
        "about:blank",
    ];
    let lower = word.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
    SCHEMES
        .iter()
        .any(|scheme| lower.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() || *scheme == "about:blank"))
}

/// Whether the path or query of a link on our own domain leads on to another one: written out, escaped once or more often, relative to
/// its scheme, without a scheme, or as the letters that `http` begins with in base 64 (RFC 4648 section 4).
fn leads_on(tail: &str) -> bool {
    const TURNS: usize = 4;
    let mut plain = tail.to_owned();
    for _ in 0..TURNS {
        let opens_another = ["//", "\\", ":/"].iter().any(|sign| plain.contains(sign));
        let parts = || plain.split(['?', '&', '=', '#', ';', ',']).skip(1);
        if opens_another
            || parts().any(|part| {
                bare_link(part).is_some() || part.starts_with("aHR0c") || dialled(part).is_some() || runs(part)
            })
        {
            return true;
        }
        let decoded = unescaped(&plain);
        if decoded == plain {
            return false;
        }
        plain = decoded;
    }
    // Escaped so often, it hides something.
    true
}

/// RFC 3986 section 2.1: `%2F` is `/`. What is no escape stays.
fn unescaped(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut left = text.as_bytes();
    while let [first, rest @ ..] = left {
        let pair = if *first == b'%' { rest.get(..2).and_then(|two| std::str::from_utf8(two).ok()) } else { None };
        match pair.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                left = rest.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                left = rest;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn judge(link: &str, place: Place<'_>) -> LinkState {
    if let Some(number) = dialled(link) {
        // The number that the text names for questions, and no other: a tap on a premium number is a bill.
        let ours =
            place.tenant.callback.iter().flat_map(|own| own.chars()).filter(char::is_ascii_digit).collect::<String>();
        let is_ours = ours.len() >= 7 && (number == ours || ours.strip_prefix('1') == Some(number.as_str()));
        return if is_ours { LinkState::Clean } else { LinkState::Foreign };
    }
    if runs(link) {
        return LinkState::Foreign;
    }
    // RFC 9110 section 4.2.2: without TLS everybody on the way reads the token.
    let (scheme, after) = link.split_once("://").unwrap_or(("https", link));
    if !scheme.eq_ignore_ascii_case("https") {
        return LinkState::Foreign;
    }
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
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    if !own || !plain || leads_on(tail) {
        return LinkState::Foreign;
    }
    // What stands before the practice's own domain is read as what stands behind it: "onc.sunrise.example" tells oncology.
    let head = place.tenant.link_domains.iter().find_map(|domain| host.strip_suffix(&domain.to_ascii_lowercase()));
    let told = head.is_some_and(|head| tells(&words_of(head), place));
    if told || identifies(tail, place) { LinkState::CarriesIdentifiers } else { LinkState::Clean }
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

/// Names of query parts that say who opens it, or open it for whoever has it.
const OPENING: &[&str] = &[
    "id",
    "pid",
    "uid",
    "user",
    "username",
    "account",
    "acct",
    "chart",
    "record",
    "person",
    "client",
    "token",
    "session",
    "sid",
    "auth",
    "login",
    "auto",
    "autologin",
    "password",
    "pwd",
    "otp",
];

fn words_of(part: &str) -> Vec<&str> {
    part.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

fn identifies(tail: &str, place: Place<'_>) -> bool {
    let lower = tail.to_ascii_lowercase();
    let words = words_of(&lower);
    let query = lower.split_once('?').map_or("", |(_, query)| query);
    let keys = query.split(['&', ';']).filter_map(|pair| pair.split('=').next());
    if keys.flat_map(words_of).any(|key| OPENING.contains(&key)) {
        return true;
    }
    let names = place.recipient.names.iter().flat_map(|name| name.split_whitespace());
    let is_name = |name: &str| name.chars().count() >= 3 && words.iter().any(|word| name.eq_ignore_ascii_case(word));
    if names.into_iter().any(is_name) {
        return true;
    }
    if lower.contains('@') || lower.contains("%40") || words.iter().any(|word| TELLING.contains(word)) {
        return true;
    }
    // A run of digits as long as a record or phone number.
    if words.iter().any(|word| word.len() >= 6 && word.bytes().all(|b| b.is_ascii_digit())) {
        return true;
    }
    tells(&words, place)
}

/// Whether words of a link tell something of care. A link is no sentence: what the classifier guesses from its tone says nothing.
fn tells(words: &[&str], place: Place<'_>) -> bool {
    let says = |findings: &Findings| findings.spans.iter().any(|span| span.kind != Kind::Implied);
    scan(&words.join(" "), place).map_or(true, |findings| findings.level > Level::L1 && says(&findings))
}

#[cfg(test)]
mod tests {
    use super::{Place, has_link, links};
    use postern_base::{Language, Purpose};
    use postern_gate::LinkState;

    /// What the links of `text` are to the clinic at sunrise.example.
    fn state(text: &str) -> LinkState {
        let tenant = postern_gate::facts::Tenant {
            link_domains: vec!["sunrise.example".into()],
            callback: Some("+15555550100".into()),
            ..crate::templates::sample::tenant()
        };
        let recipient = postern_classify::Recipient::default();
        let place = Place {
            purpose: Purpose::AppointmentReminder,
            channel: None,
            language: Language::En,
            tenant: &tenant,
            postal: None,
            recipient: &recipient,
            vocabulary: None,
        };
        links(text, place)
    }

    #[test]
    fn a_link_that_says_who_opens_it_or_signs_them_in_is_not_clean() {
        for text in [
            "See https://sunrise.example/m/Xy7K?id=p1",
            "See https://sunrise.example/m/Xy7K?user=a1",
            "See https://sunrise.example/m/Xy7K/login?auto=1&token=abc",
            "See https://oncology.sunrise.example/m/Xy7K",
        ] {
            assert_eq!(state(text), LinkState::CarriesIdentifiers, "{text}");
        }
        for text in ["See https://sunrise.example/m/Xy7K", "See https://my.sunrise.example/m/Xy7K?lang=es"] {
            assert_eq!(state(text), LinkState::Clean, "{text}");
        }
    }

    #[test]
    fn a_link_on_our_own_site_that_leads_on_is_not_ours_nor_one_that_dials_or_runs() {
        for text in [
            "See https://sunrise.example/a?next=https://evil.test",
            "See https://sunrise.example/a?next=https%3A%2F%2Fevil.test%2Fx",
            "See https://sunrise.example/a?next=https%253A%252F%252Fevil.test",
            "See https://sunrise.example/a?next=//evil.test",
            "See https://sunrise.example/a?next=%2F%2Fevil.test",
            "See https://sunrise.example/a?u=evil.com",
            "See https://sunrise.example/a?u=aHR0cHM6Ly9ldmlsLnRlc3Q",
            "See https://sunrise.example//evil.test/x",
            "See https://sunrise.example/go/https:/evil.test",
            "See https://sunrise.example/a#https://evil.test",
            "See https://sunrise.example/a,https://evil.test",
            "See https://sunrise.example/a?next=%5C%5Cevil.test",
            "See https://sunrise.example@evil.test/a",
            "See https://evil.test\\.sunrise.example/a",
            "See https://sunrise.example\\@evil.test",
            "See https://xn--sunrse-2va.example/a",
            "See https://sunr\u{131}se.example/a",
            "See https://sunrise.ex\u{200b}ample/m/x7Kq",
            "See http://sunrise.example/m/x7Kq",
            "See ftp://sunrise.example/m/x7Kq",
            "Tap sms:+19005550100",
            "Tap tel:+1-900-555-0100",
            "Tap tel:900",
            "Tap SMSTO:+15555550199?body=yes",
            "Tap javascript:alert(1)",
            "Tap data:text/html,hello",
            "Tap <javascript:alert(1)>",
        ] {
            assert_eq!(state(text), LinkState::Foreign, "{text}");
        }
        for text in [
            "Call tel:+15555550100",
            "Tap tel:555-555-0100",
            "See https://sunrise.example/m/x7Kq?lang=es&v=2",
            "See https://sunrise.example/m/x7Kq#top",
            "See https://go.sunrise.example/",
        ] {
            assert_eq!(state(text), LinkState::Clean, "{text}");
        }
        for text in ["Tel: 555-555-0100", "data: 12/04", "Office Tel:ask us"] {
            assert!(!has_link(text), "{text}");
        }
    }

    #[test]
    fn a_link_is_seen_however_its_dots_and_its_scheme_are_written() {
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
            assert_eq!(state(text), LinkState::Foreign, "{text}");
        }
        assert_eq!(state("See sunrise[.]example"), LinkState::Clean);
        assert_eq!(state("See https://sunrise.example/m/x7Kq"), LinkState::Clean);
        for text in [
            "Dec. 4 at 2:30 p.m. Call 555-555-0100",
            "St. Mary. Please call us.",
            "a.m. or p.m.? Reply 1.",
            "No. 5 . Thank you",
        ] {
            assert!(!has_link(text), "{text}");
        }
    }
}
