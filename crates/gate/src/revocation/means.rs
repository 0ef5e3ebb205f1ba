//! Requests that are neither a stop nor nothing: to be reached by other means, and to be sent no offers. A person reads them.

use super::has_run;

/// How somebody is reached, as a command.
const REACHES: &[&str] =
    &["text", "txt", "message", "email", "mail", "contact", "call", "phone", "write", "reach", "send", "use", "try"];
/// The same in Spanish, with the one who is reached in it.
const REACHES_ME: &[&str] = &[
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
const REFUSES: &[&str] =
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

#[cfg(test)]
mod tests {
    use super::super::Meaning;
    use super::super::tests::all;

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
