//! Requests that are neither a stop nor nothing: to be reached by other means, and to be sent no offers. A person reads them. And what is said
//! of one means alone: that nothing be left on a machine, that e-mail is not trusted.

use super::has_run;

/// How somebody is reached, as a command.
pub(super) const REACHES: &[&str] =
    &["text", "txt", "message", "email", "mail", "contact", "call", "phone", "write", "reach", "send", "use", "try"];
/// The same in Spanish, with the one who is reached in it.
pub(super) const REACHES_ME: &[&str] = &[
    "llamenme",
    "llameme",
    "llamame",
    "escribanme",
    "escribame",
    "escribeme",
    "contactenme",
    "contacteme",
    "contactame",
    "mandenme",
    "mandeme",
    "envienme",
    "envieme",
    "comuniquense",
    "usen",
    "use",
];
/// What limits it to one way.
const ONLY: &[&str] = &["only", "solo", "solamente", "unicamente", "exclusively", "instead", "rather"];
/// The same in several words.
const ONLY_IN_WORDS: &[&str] = &[
    "from now on",
    "de ahora en adelante",
    "en vez de",
    "en lugar de",
    "not by phone",
    "not by text",
    "not by email",
    "not by mail",
    "not by call",
    "no por telefono",
    "no por texto",
    "no por mensaje",
    "no por correo",
];
/// Ways, said or in a verb.
const WAYS: &[&str] = &[
    "text", "txt", "texts", "message", "email", "mail", "call", "phone", "cell", "number", "letter", "portal",
    "letters", "app", "correo", "telefono", "celular", "carta", "cartas", "mensaje", "texto", "numero", "llamada",
    "llamenme", "llameme", "llamame",
];

/// Whether `text`, normalised, asks to be reached in another way or place than this one.
///
/// 45 CFR 164.522(b)(1)(i): a provider accommodates "reasonable requests … to receive communications … by alternative means or at
/// alternative locations"; in whatever words. What is asked for, only a person can record.
pub(super) fn asks_for_other_means(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    let pairs = || words.iter().zip(words.iter().skip(1));
    let reach_me = pairs().any(|(verb, whom)| REACHES.contains(verb) && matches!(*whom, "me" | "my" | "mi"));
    let reached = reach_me || words.iter().any(|word| REACHES_ME.contains(word));
    let only = words.iter().any(|word| ONLY.contains(word)) || ONLY_IN_WORDS.iter().any(|said| has_run(text, said));
    reached && only && words.iter().any(|word| WAYS.contains(word))
}

/// What is offered.
const OFFERS: &[&str] = &[
    "ad",
    "ads",
    "advert",
    "adverts",
    "advertising",
    "advertisement",
    "advertisements",
    "advertise",
    "offer",
    "offers",
    "promo",
    "promos",
    "promotion",
    "promotions",
    "marketing",
    "solicit",
    "solicitation",
    "solicitations",
    "soliciting",
    "publicidad",
    "propaganda",
    "oferta",
    "ofertas",
    "promocion",
    "promociones",
    "anuncio",
    "anuncios",
];
/// What refuses it.
pub(super) const REFUSES: &[&str] =
    &["no", "not", "dont", "never", "without", "stop", "quit", "end", "cease", "sin", "nunca", "basta", "paren"];

/// Whether `text`, normalised, refuses what is offered: "no more ads", "do not solicit", "no publicidad". Which messages of a practice
/// are offers, a person says.
pub(super) fn refuses_offers(text: &str) -> bool {
    // Between a refusal and what it refuses: "do not send me any of your".
    const NEAR: usize = 7;
    let words: Vec<&str> = text.split(' ').collect();
    words
        .iter()
        .enumerate()
        .filter(|(_, word)| REFUSES.contains(word))
        .any(|(at, _)| words.iter().skip(at.saturating_add(1)).take(NEAR).any(|word| OFFERS.contains(word)))
}

/// What is left on a machine that answers, and how.
const VOICEMAILS: &[&str] = &[
    "voicemail",
    "voicemails",
    "voice mail",
    "voice mails",
    "voice message",
    "voice messages",
    "leave a message",
    "leave messages",
    "leave me messages",
    "leaving messages",
    "leaving me messages",
    "answering machine",
    "buzon de voz",
    "mensaje de voz",
    "mensajes de voz",
    "dejen mensaje",
    "dejen mensajes",
    "deje mensajes",
    "recado",
    "recados",
];

/// Whether `text`, normalised, asks that nothing be left on a machine: "no voicemails please", "don't leave a message, my husband listens".
///
/// 45 CFR 164.522(b)(1)(i); who hears the machine, only the patient knows.
pub(super) fn refuses_voicemail(text: &str) -> bool {
    // Between a refusal and what it refuses: "please stop leaving me any more".
    const NEAR: usize = 5;
    const BY_TWO: [&str; 3] = ["do not", "please no", "rather not"];
    phrases(text, VOICEMAILS).any(|before| {
        let near: Vec<&str> = before.split(' ').rev().filter(|word| !word.is_empty()).take(NEAR).collect();
        near.iter().any(|word| REFUSES.contains(word)) || BY_TWO.iter().any(|said| before.trim_end().ends_with(said))
    })
}

/// What is before each place in `text` where one of these phrases stands, whole.
fn phrases<'t>(text: &'t str, phrases: &'t [&str]) -> impl Iterator<Item = &'t str> {
    phrases.iter().flat_map(move |phrase| {
        text.match_indices(phrase).filter_map(move |(at, _)| {
            let (before, rest) = text.split_at_checked(at)?;
            let whole = rest.strip_prefix(phrase).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
            (whole && (before.is_empty() || before.ends_with(' '))).then_some(before)
        })
    })
}

/// Words of e-mail.
const MAILS: &[&str] = &["email", "emails", "e mail", "e mails", "mail", "mailbox", "inbox", "correo", "correos"];
/// What refuses it as a way, or says who else reads it.
const DOUBTS: &[&str] = &[
    "not",
    "dont",
    "never",
    "no",
    "unsafe",
    "safe",
    "secure",
    "insecure",
    "private",
    "trust",
    "reads",
    "read",
    "sees",
    "see",
    "shares",
    "share",
    "shared",
    "hacked",
    "checks",
    "opens",
    "instead",
    "rather",
    "portal",
    "call",
    "phone",
    "seguro",
    "segura",
    "confio",
    "privado",
    "lee",
    "leen",
    "comparto",
    "compartimos",
    "llamen",
    "llamenme",
    "llameme",
    "mejor",
];

/// Whether `text`, normalised, refuses e-mail, doubts it or names another way: no leave to go on by e-mail can be taken from it.
pub(super) fn doubts_mail(text: &str) -> bool {
    phrases(text, MAILS).next().is_some() && text.split(' ').any(|word| DOUBTS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::super::tests::all;
    use super::super::{Meaning, spoken_of};

    #[test]
    fn a_request_for_other_means_is_read_by_a_person() {
        all(
            &[
                "Please don't use this number, my husband reads it. Call my work phone instead",
                "Please contact me only at my work e-mail, not by phone or text",
                "only email me from now on",
                "Text my other number instead please",
                "solo llámenme por teléfono",
                "escríbanme por correo en vez de textos",
                "use my work number instead",
            ],
            Meaning::Ambiguous,
        );
    }

    #[test]
    fn who_wants_nothing_left_on_a_machine_says_so_in_many_words() {
        for text in [
            "Please don't leave voicemails, my roommate hears them",
            "don't leave a message, my husband listens to them",
            "please stop leaving me voice messages",
            "No voicemails please",
            "no dejen recados con mi mamá",
        ] {
            assert!(spoken_of(text).no_voicemail, "{text}");
        }
        for text in ["I got your voicemail", "leave a message if I don't pick up", "is my voicemail full?"] {
            assert!(!spoken_of(text).no_voicemail, "{text}");
        }
    }

    #[test]
    fn who_doubts_email_has_given_no_leave_to_go_on_by_it() {
        for text in [
            "What should I bring? I don't trust e-mail, please call me",
            "e-mail is not safe for this, use the portal",
            "please do not answer by e-mail",
            "my wife reads this e-mail account",
            "mi esposo lee este correo",
        ] {
            assert!(spoken_of(text).doubts_mail, "{text}");
        }
        for text in ["Please e-mail me the form", "What should I bring?", "thanks for the email!"] {
            assert!(!spoken_of(text).doubts_mail, "{text}");
        }
    }

    #[test]
    fn who_refuses_offers_is_read_by_a_person() {
        all(
            &[
                "no more ads please",
                "no more offers pls",
                "No publicidad por favor",
                "do not solicit",
                "sin ofertas por favor",
            ],
            Meaning::Ambiguous,
        );
    }

    #[test]
    fn what_only_names_a_way_or_an_offer_changes_nothing() {
        all(
            &[
                "I can only come on Friday",
                "can I come Tuesday instead?",
                "call me please",
                "my phone number is on file",
                "Do you offer flu shots?",
                "solo tengo una pregunta",
                "I saw your ad",
            ],
            Meaning::Other,
        );
    }
}
