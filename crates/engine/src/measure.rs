//! Measuring a text: what the gate is told about it instead of the text itself. The only place that calls the classifier.

use postern_base::{Category, Channel, Language, Level, Purpose};
use postern_classify::{Recipient, Vocabulary};
use postern_gate::facts::{ResultClass, Tenant};
use postern_gate::rendition::{Confirms, Offers};
use postern_gate::words::{plain, says, spoken};
use postern_gate::{Fact, Missing};

mod address;
mod links;
mod offers;
mod outcome;
mod said;

pub(crate) use address::names_address;
pub(crate) use links::{has_link, links};
pub(crate) use offers::offers;
pub(crate) use said::{KnownTexts, Said, Told};

/// What a text was found to carry.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) level: Fact<Level>,
    pub(crate) categories: Vec<Category>,
    /// It tells what a test or an examination found.
    pub(crate) tells_result: bool,
    /// The kinds of result that a state may hold which it names.
    pub(crate) result_classes: Vec<ResultClass>,
}

/// Where a text is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) purpose: Purpose,
    pub(crate) channel: Option<Channel>,
    pub(crate) language: Language,
    pub(crate) tenant: &'a Tenant,
    /// The tenant's postal address.
    pub(crate) postal: Option<&'a str>,
    pub(crate) recipient: &'a Recipient<'a>,
    /// The tenant's own words.
    pub(crate) vocabulary: Option<&'a Vocabulary>,
}

impl<'a> Place<'a> {
    /// What the practice calls itself to patients.
    pub(crate) fn practice(self) -> &'a str {
        self.tenant.alias.as_ref().unwrap_or(&self.tenant.name)
    }

    /// The same place, on `channel`.
    pub(crate) const fn on(self, channel: Option<Channel>) -> Self {
        Self { channel, ..self }
    }
}

/// Reads `text` with the classifier.
fn scan(text: &str, place: Place<'_>) -> Result<postern_classify::Findings, postern_classify::ClassifierError> {
    let context = postern_classify::Context {
        channel: place.channel,
        purpose: Some(place.purpose),
        language: Some(place.language),
        callback: place.tenant.callback.as_deref(),
        recipient: Some(place.recipient),
        vocabulary: place.vocabulary,
    };
    postern_classify::scan(text, &context)
}

/// What the classifier and the words of held results find in `text`. When it fails, the level is Unknown and nothing is sent (invariant 2).
pub(crate) fn find(text: &str, place: Place<'_>) -> Found {
    find_beside(text, place, Told::of(text, place.practice()))
}

/// The same of a text of which it is known what it tells by its words alone.
pub(crate) fn find_beside(text: &str, place: Place<'_>, told: Told) -> Found {
    match scan(text, place) {
        Ok(findings) => Found {
            tells_result: told.outcome || outcome::tells_result(text, &findings),
            result_classes: told.result_classes,
            level: Fact::Known(findings.level.max(told.level)),
            categories: findings.categories,
        },
        Err(_) => Found {
            level: Fact::Unknown(Missing::ClassifierFailed),
            categories: Vec::new(),
            tells_result: told.outcome,
            result_classes: told.result_classes,
        },
    }
}

/// What an amount of money makes of a text. house: what somebody pays is L2, and no short form names an amount,
/// whatever word stands beside it. The price in an offer is everybody's, and the rules of offers judge it.
fn amount_level(text: &str, practice: &str) -> Level {
    let owed = offers::names_amount(text) && offers(text, practice) == Offers::Nothing;
    if owed { Level::L2 } else { Level::L0 }
}

/// Whether `text` asks for money that is owed, or speaks of it, under whatever purpose: 47 CFR 64.1200(a)(9)(iv)(D) exempts no "billing", and
/// a number that was given for care was not given for bills. What is paid at a visit, such as a copay, is part of the visit.
pub(crate) fn bills(text: &str) -> bool {
    const WORDS: [&str; 38] = [
        "your bill",
        "the bill",
        "your invoice",
        "an invoice",
        "pay your balance",
        "your account balance",
        "account balance",
        "outstanding balance",
        "unpaid balance",
        "balance due",
        "balance on your account",
        "past due",
        "amount due",
        "payment due",
        "payment is due",
        "overdue payment",
        "payment overdue",
        "you owe",
        "make a payment",
        "pay online",
        "pay now",
        "payment plan",
        "missed payment",
        "your payment",
        "collections",
        "collection agency",
        "billing statement",
        "your statement",
        "account needs attention",
        "su factura",
        "la factura",
        "pague su",
        "saldo pendiente",
        "su saldo",
        "pago pendiente",
        "adeuda",
        "su cuenta requiere",
        "cobranza",
    ];
    let spoken = spoken(&plain(text));
    WORDS.iter().any(|words| says(&spoken, words))
}

/// Whether `text` states the practice's neutral name (47 CFR 64.1200(a)(9)(iv)(B)).
pub(crate) fn names_sender(text: &str, tenant: &Tenant) -> bool {
    let name = tenant.alias.as_deref().unwrap_or(&tenant.name).to_lowercase();
    !name.is_empty() && text.to_lowercase().contains(&name)
}

/// Whether `text` states the number at which the practice is called (47 CFR 64.1200(a)(9)(iv)(B)).
pub(crate) fn names_callback(text: &str, tenant: &Tenant) -> bool {
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

/// What is said to who leaves, so that they stay. 47 CFR 64.1200(a)(12): a confirmation of an end makes no "attempt to persuade" the patient
/// to think again; how to begin again may stand in it.
const DISSUADES: [&str; 29] = [
    "sad to lose you",
    "sorry to lose you",
    "change your mind",
    "are you sure",
    "you will miss",
    "you ll miss",
    "you may miss",
    "you might miss",
    "you would miss",
    "you could miss",
    "miss out",
    "missing out",
    "ll miss you",
    "will miss you",
    "sorry to see you",
    "sad to see you",
    "reconsider",
    "think again",
    "don t go",
    "don t leave",
    "come back",
    "stay with us",
    "stay subscribed",
    "está seguro",
    "está segura",
    "se perderá",
    "lamentamos que",
    "reconsidere",
    "vuelva con nosotros",
];

/// Whether `text` speaks of money owed, an offer or another matter than whether messages may be sent, or asks who leaves to stay (47 CFR 64.1200(a)(12)). The
/// names of what a patient may keep or leave, such as "billing", say nothing of it.
pub(crate) fn says_business(text: &str, tenant: &Tenant) -> bool {
    const PHRASES: [&str; 49] = [
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
        // What may be sold; what plainly is, the table of offers has.
        "did you know",
        "promo",
        "promotion",
        "deal",
        "buy",
        "free trial",
        "free screening",
        "free consultation",
        "promocion",
        "promoción",
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
    let spoken = spoken(&said);
    let amount = said.contains(['$', '%', '\u{20ac}', '\u{a3}']);
    let sold = offers(text, &name) > Offers::Nothing;
    amount || sold || PHRASES.iter().chain(&DISSUADES).any(|phrase| says(&spoken, phrase))
}

/// What `text` tells the patient of their wish: that messages end, or that they begin (47 CFR 64.1200(a)(12)). A text that says both
/// ends them: how to leave stands in every opt-in too, and is asked for, not told.
pub(crate) fn confirmed(text: &str) -> Confirms {
    const ENDS: [&str; 22] = [
        "unsubscribed",
        "opted out",
        "opt out is confirmed",
        "opt out confirmed",
        "no more texts",
        "no more messages",
        "no more calls",
        "no more emails",
        "no more reminders",
        "no longer receive",
        "no longer get",
        "will not receive",
        "won t receive",
        "not text you",
        "not message you",
        "been removed",
        "dado de baja",
        "dada de baja",
        "ya no le enviaremos",
        "ya no recibira",
        "no recibira mas",
        "no le enviaremos mas",
    ];
    const BEGINS: [&str; 18] = [
        "signed up",
        "subscribed",
        "resubscribed",
        "opted in",
        "enrolled",
        "welcome",
        "you will receive",
        "you will get",
        "you ll get",
        "you ll receive",
        "back on",
        "messages are on",
        "texts are on",
        "suscrito",
        "suscrita",
        "inscrito",
        "inscrita",
        "recibira",
    ];
    let spoken = spoken(&plain(text));
    let any = |phrases: &[&str]| phrases.iter().any(|phrase| says(&spoken, phrase));
    match (any(&ENDS), any(&BEGINS)) {
        (true, _) => Confirms::End,
        (false, true) => Confirms::Beginning,
        (false, false) => Confirms::Unsaid,
    }
}

/// Whether `text` says how to opt out.
pub(crate) fn says_opt_out(text: &str) -> bool {
    let lower = text.to_lowercase();
    let word = text.split(|c: char| !c.is_alphanumeric()).any(|word| word == "STOP");
    word || OPT_OUT.iter().any(|phrase| lower.contains(phrase))
}

/// How a text says in words how to hear no more.
const OPT_OUT: [&str; 12] = [
    "reply stop",
    "text stop",
    "responda stop",
    "opt out",
    "opt-out",
    "unsubscribe",
    "darse de baja",
    "cancelar la suscripci",
    "para no recibir ofertas",
    "para no recibir estos",
    "para no recibir mensajes",
    "para no recibir correos",
];

/// Whether what a call says tells how to end such calls (47 CFR 64.1200(b)(3)): by a key, by voice, or at a number.
pub(crate) fn says_how_to_end_calls(text: &str) -> bool {
    const WORDS: [&str; 16] = [
        "stop these calls",
        "stop future calls",
        "end these calls",
        "no more calls",
        "be removed",
        "remove your number",
        "take you off",
        "off our list",
        "not be called again",
        "do not call list",
        "no longer wish to receive",
        "dejar de recibir",
        "no recibir mas",
        "no recibir llamadas",
        "quitar su numero",
        "no quiere recibir",
    ];
    let spoken = spoken(&plain(text));
    WORDS.iter().any(|words| spoken.contains(words))
}

#[cfg(test)]
mod tests {
    use super::{bills, confirmed, says_business, says_code, says_keep_secret};
    use postern_gate::rendition::Confirms;

    #[test]
    fn a_bill_is_one_under_any_purpose_and_a_copay_at_the_visit_is_none() {
        for text in
            ["Please pay your bill", "Your account needs attention", "You have a balance due", "Pague su factura hoy"]
        {
            assert!(bills(text), "{text}");
        }
        for text in
            ["Please bring your copay and card", "Exercises for your balance", "We take cards", "Su cita es hoy"]
        {
            assert!(!bills(text), "{text}");
        }
    }

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
    fn a_text_that_ends_the_messages_is_told_from_one_that_begins_them() {
        for text in [
            "You are unsubscribed.",
            "Sunrise Health: you will get no more texts from us. Reply START to undo.",
            "You've been removed from our list",
            "Le hemos dado de baja.",
            "Ya no recibirá mensajes de texto nuestros",
            "Opt-out confirmed",
        ] {
            assert_eq!(confirmed(text), Confirms::End, "{text}");
        }
        for text in [
            "You are signed up. Up to 3 msgs a week. HELP for help. STOP to opt out.",
            "You'll receive reminders from us. Reply STOP to unsubscribe.",
            "Está suscrito. Responda STOP para darse de baja.",
        ] {
            assert_eq!(confirmed(text), Confirms::Beginning, "{text}");
        }
        assert_eq!(confirmed("Reply YES to confirm."), Confirms::Unsaid);
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
            "Are you sure? You will miss important messages about your health. Reply START to come back",
            "We're sorry to see you go! You are unsubscribed.",
            "We're sad to lose you. You can still change your mind: reply START",
            "You are unsubscribed. Did you know we now do same-day visits?",
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
