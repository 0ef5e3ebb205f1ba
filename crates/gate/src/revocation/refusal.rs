//! Revocations that no list of phrases holds: who refuses to be written to, takes a consent back, or wants their number out of the
//! list, in whatever words.

use super::{COURTESIES, has_run};
use crate::reference::CONDITIONS;

/// How a message refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// All that is sent: "never text this number again", "I withdraw my consent", "delete me from your contacts".
    Clear,
    /// Perhaps not all of it: "do not call before noon", "delete my old number, the new one is …". A person reads it.
    Unclear,
}

/// What is done to reach somebody.
const REACHES: &[&str] = &[
    "text",
    "texting",
    "txt",
    "message",
    "messaging",
    "msg",
    "sms",
    "email",
    "emailing",
    "mail",
    "mailing",
    "contact",
    "contacting",
    "call",
    "calling",
    "phone",
    "disturb",
    "write",
    "bother",
    "reach",
    "remind",
    "notify",
    "spam",
    "ping",
];
/// What is sent.
const SENT: &[&str] = &[
    "text",
    "texts",
    "message",
    "messages",
    "msg",
    "msgs",
    "reminder",
    "reminders",
    "alert",
    "alerts",
    "notification",
    "notifications",
    "call",
    "calls",
    "email",
    "emails",
    "spam",
    "sms",
    "mensaje",
    "mensajes",
    "texto",
    "textos",
    "recordatorios",
    "avisos",
    "llamadas",
    "correos",
    "survey",
    "surveys",
    "encuestas",
];
/// What goes before a refusal and changes nothing.
const BEFORE: &[&str] = &["and", "so", "i", "said", "again", "do", "us", "asked", "told", "also"];
/// What may stand between "not" and what must not be done.
const WITHIN: &[&str] = &["ever", "you", "please", "dare", "even", "longer", "do", "to", "me", "e"];
/// What is taken back.
const CONSENTS: &[&str] =
    &["consent", "permission", "authorization", "authorisation", "consentimiento", "permiso", "autorizacion"];
/// How it is taken back.
const TAKES_BACK: &[&str] = &[
    "withdraw",
    "withdrawing",
    "withdrew",
    "revoke",
    "revoking",
    "retract",
    "rescind",
    "rescinding",
    "cancel",
    "pull",
    "retiro",
    "retirar",
    "revoco",
    "revocar",
    "cancelo",
    "quito",
];
/// How it is said that there never was one.
const NEVER: &[&str] = &["dont", "not", "never", "no", "didnt", "without", "sin", "nunca", "jamas"];
/// What makes a consent one to be treated, not to be written to.
const FORMS: &[&str] =
    &["form", "forms", "paper", "papers", "signed", "surgery", "procedure", "treatment", "minor", "child"];
/// How one joined what one did not join.
const JOINED: &[&str] = &["subscribe", "subscribed", "enroll", "enrolled", "register", "registered", "agree", "agreed"];
/// How somebody is taken out.
const TAKES_OUT: &[&str] = &[
    "remove",
    "delete",
    "erase",
    "drop",
    "scratch",
    "unenroll",
    "disenroll",
    "unsubscribe",
    "take",
    "get",
    "quiten",
    "quite",
    "quitenme",
    "quiteme",
    "borren",
    "borre",
    "borrenme",
    "borreme",
    "saquen",
    "saquenme",
    "saqueme",
    "eliminen",
    "elimine",
    "eliminenme",
    "pongan",
    "ponganme",
];
/// Out of what.
const LISTS: &[&str] = &[
    "list",
    "lists",
    "contacts",
    "system",
    "database",
    "records",
    "number",
    "phone",
    "cell",
    "file",
    "lista",
    "listas",
    "sistema",
    "contactos",
    "numero",
    "telefono",
    "celular",
];

/// How `text`, normalised, refuses; `None` = it does not.
pub(super) fn refusal(text: &str) -> Option<Refusal> {
    let words: Vec<&str> = text.split(' ').collect();
    let refused = refuses_to_be_reached(&words)
        || refuses_what_is_sent(&words)
        || takes_consent_back(&words)
        || has_had_enough(&words)
        || wants_to_be_taken_out(&words)
        || never_joined(&words)
        || refuses_in_spanish(&words)
        || wants_nothing(text);
    refused.then(|| Refusal::Clear.limited_by(text))
}

impl Refusal {
    /// A refusal, by what its own sentence adds to it: a time, a place, a condition, so many.
    pub(super) fn limited_by(self, sentence: &str) -> Self {
        const FEWER: &[&str] =
            &["so many", "so much", "so often", "as often", "as many", "too many", "twice", "tan seguido"];
        let words: Vec<&str> = sentence.split(' ').collect();
        let limits = |(at, word): (usize, &&str)| {
            // "I'd rather you did not", "if you stopped": no condition.
            let politely = matches!(*word, "if" | "rather" | "si")
                && matches!(
                    words.get(at.saturating_add(1)),
                    Some(&"you" | &"not" | &"u" | &"be" | &"get" | &"receive")
                );
            (CONDITIONS.contains(word) && !politely) || is_time(word)
        };
        let limited = words.iter().enumerate().any(limits) || FEWER.iter().any(|phrase| has_run(sentence, phrase));
        if limited { Self::Unclear } else { self }
    }

    /// A refusal in one clause, by what another clause adds to it.
    pub(super) fn within(self, whole: &str) -> Self {
        const ELSEWHERE: &[&str] = &[
            "instead", "unless", "except", "until", "before", "but", "excepto", "hasta", "antes", "pero", "new",
            "email", "mail",
        ];
        if whole.split(' ').any(|word| ELSEWHERE.contains(&word)) { self.limited_by(whole) } else { self }
    }
}

/// "8am", "9pm".
fn is_time(word: &str) -> bool {
    let hour = word.strip_suffix("am").or_else(|| word.strip_suffix("pm"));
    hour.is_some_and(|hour| !hour.is_empty() && hour.chars().all(|c| c.is_ascii_digit()))
}

/// What is sent, more than once: who speaks of it speaks of being written to.
const SENDINGS: &[&str] = &[
    "texts",
    "messages",
    "msgs",
    "alerts",
    "reminders",
    "notifications",
    "calls",
    "emails",
    "spam",
    "mensajes",
    "textos",
    "avisos",
    "recordatorios",
    "llamadas",
    "correos",
];
/// What is said of it by who may want no more: a person reads it.
const AGAINST: &[&str] = &[
    "shut",
    "shutting",
    "delete",
    "deleted",
    "refuse",
    "reject",
    "end",
    "kill",
    "cut",
    "rid",
    "remove",
    "forever",
    "hate",
    "annoying",
    "annoyed",
    "harassing",
    "harassment",
    "unwanted",
    "unsolicited",
    "knock",
    "lawyer",
    "attorney",
    "sue",
    "report",
    "fcc",
    "turn",
    "borren",
    "borrenme",
    "borreme",
    "quiten",
    "eliminen",
    "terminen",
    "autorizo",
    "autorice",
    "acaben",
    "molestos",
    "molestan",
    "hartan",
    "abogado",
    "denunciar",
    "demandar",
    "basta",
    "dejenme",
    "dejeme",
];
/// What is said of it by who has nothing against it.
const FOR: &[&str] = &[
    "thanks for",
    "thank you for",
    "keep em coming",
    "keep them coming",
    "help",
    "helps",
    "got",
    "get",
    "getting",
    "received",
    "receive",
    "receiving",
    "saw",
    "see",
    "seeing",
    "read",
    "reading",
    "love",
    "like",
    "helpful",
    "useful",
    "appreciate",
    "good",
    "great",
    "start",
    "sign",
    "send",
    "sent",
    "resume",
    "yes",
    "sorry",
    "missed",
    "miss",
    "how",
    "what",
    "when",
    "where",
    "who",
    "why",
    "are",
    "is",
    "will",
    "gracias por",
    "recibi",
    "recibo",
    "recibir",
    "llegaron",
    "llegan",
    "llego",
    "leer",
    "lei",
    "vi",
    "gustan",
    "sirven",
    "envien",
    "manden",
    "mandan",
    "envian",
    "si",
    "perdon",
    "como",
    "que",
    "cuando",
];

/// Whether it speaks of what is sent as who wants no more of it might: no phrase that is known, and not to be passed over.
pub(super) fn may_refuse(text: &str) -> bool {
    let has = |words: &[&str]| text.split(' ').any(|word| words.contains(&word));
    let is_for = || has(FOR) || FOR.iter().any(|phrase| phrase.contains(' ') && text.contains(phrase));
    has(SENDINGS) && (has(AGAINST) || !is_for())
}

/// "Do not email me", "never text this number again", "don't ever contact me": said to us, so it stands at the beginning.
fn refuses_to_be_reached(words: &[&str]) -> bool {
    let said = after_courtesies(words);
    let rest = match said {
        ["dont" | "never", rest @ ..] | ["do", "not", rest @ ..] | ["no", "longer", rest @ ..] => rest,
        _ => return false,
    };
    let within = rest.iter().take_while(|word| WITHIN.contains(word)).count();
    let mut done = rest.iter().skip(within);
    let sends = |word: &&str| matches!(*word, "send" | "sending" | "give" | "leave");
    match done.next() {
        Some(word) if REACHES.contains(word) => true,
        // "Do not ever send me reminders."
        Some(word) if sends(word) => done.any(|word| SENT.contains(word)),
        // "Don't use this number."
        Some(&"use") => rest.iter().any(|word| LINES.contains(word)),
        _ => false,
    }
}

/// What is called, texted or written to.
const LINES: &[&str] = &["number", "phone", "cell", "line", "email", "numero", "telefono", "celular", "correo"];

/// "No textear", "ya no me molesten", "no usen este número", "dejar de recibir".
fn refuses_in_spanish(words: &[&str]) -> bool {
    const REACHED: &[&str] = &[
        "textear",
        "textearme",
        "texteen",
        "textee",
        "textees",
        "texteenme",
        "llamar",
        "llamarme",
        "llamen",
        "escribir",
        "escribirme",
        "escriban",
        "contactar",
        "contactarme",
        "contacten",
        "molestar",
        "molestarme",
        "molesten",
    ];
    const SENDS: &[&str] = &["mandar", "mandarme", "manden", "enviar", "enviarme", "envien", "recibir"];
    const USES: &[&str] = &["usar", "usen", "use", "utilicen", "utilice", "utilizar"];
    match after_courtesies(words) {
        ["no", "me", verb, rest @ ..] | ["no", verb, rest @ ..] => {
            REACHED.contains(verb)
                || (SENDS.contains(verb) && rest.iter().any(|word| SENT.contains(word)))
                || (USES.contains(verb) && rest.iter().any(|word| LINES.contains(word)))
        }
        ["dejar", "de", verb, ..] | ["quiero" | "deseo", "dejar", "de", verb, ..] => {
            REACHED.contains(verb) || SENDS.contains(verb)
        }
        _ => false,
    }
}

/// "Cease and desist", "no quiero nada de ustedes", "I want nothing from you".
fn wants_nothing(text: &str) -> bool {
    const SAID: &[&str] = &[
        "cease and desist",
        "no quiero nada de ustedes",
        "no quiero nada de usted",
        "no quiero nada mas de",
        "no quiero saber nada",
        "want nothing from you",
        "dont want anything from you",
        "do not want anything from you",
        "want nothing more from you",
    ];
    SAID.iter().any(|said| has_run(text, said))
}

/// "I'm done with your texts", "sick of these messages", "estoy harta de sus avisos".
fn has_had_enough(words: &[&str]) -> bool {
    const ENOUGH: &[&str] =
        &["done", "finished", "sick", "tired", "fed", "through", "harto", "harta", "cansado", "cansada"];
    const OF: &[&str] = &[
        "with", "of", "up", "all", "and", "tired", "getting", "your", "these", "those", "the", "de", "sus", "estos",
        "esos", "tantos", "recibir",
    ];
    words.iter().enumerate().filter(|(_, word)| ENOUGH.contains(word)).any(|(at, _)| {
        let mut rest =
            words.iter().skip(at.saturating_add(1)).skip_while(|word| OF.contains(word) || ENOUGH.contains(word));
        let of = words.get(at.saturating_add(1)).is_some_and(|word| OF.contains(word));
        of && rest.next().is_some_and(|word| SENT.contains(word))
    })
}

/// "No reminders please", "no more of these", "sin mensajes".
fn refuses_what_is_sent(words: &[&str]) -> bool {
    const LINKS: &[&str] =
        &["more", "mas", "of", "any", "further", "de", "estos", "esos", "quiero", "deseo", "your", "sus"];
    const ALONE: &[&str] = &["these", "those", "them"];
    let said = after_courtesies(words);
    let Some(rest) = said.split_first().filter(|(first, _)| matches!(**first, "no" | "sin")).map(|(_, rest)| rest)
    else {
        return false;
    };
    if matches!(rest, ["more" | "mas", sent, ..] if SENT.contains(sent)) {
        return true;
    }
    let is_sent = |word: &&str| SENT.contains(word) || ALONE.contains(word);
    rest.iter().any(is_sent)
        && rest.iter().all(|word| is_sent(word) || LINKS.contains(word) || COURTESIES.contains(word))
}

/// "I withdraw my consent to be texted", "you do not have permission to text me".
fn takes_consent_back(words: &[&str]) -> bool {
    const NEAR: usize = 4;
    if words.iter().any(|word| FORMS.contains(word)) {
        return false;
    }
    words.iter().enumerate().filter(|(_, word)| CONSENTS.contains(word)).any(|(at, _)| {
        let before = words.get(at.saturating_sub(NEAR)..at).unwrap_or_default();
        // "No me dan permiso": an employer gives none.
        let of_others = before.iter().any(|word| matches!(*word, "dan" | "da" | "dieron" | "dio"));
        before.iter().any(|word| TAKES_BACK.contains(word) || NEVER.contains(word))
            && !of_others
            && !is_an_insurers(words, at)
    }) || authorizes_none(words)
}

/// "Prior authorization", "autorización del seguro", "never got the authorization": an insurer's, for a treatment.
fn is_an_insurers(words: &[&str], at: usize) -> bool {
    const INSURERS: &[&str] = &[
        "prior",
        "previa",
        "insurance",
        "insurer",
        "seguro",
        "aseguradora",
        "referral",
        "get",
        "got",
        "received",
        "llego",
    ];
    const NEAR: usize = 3;
    let near = words.get(at.saturating_sub(NEAR)..words.len().min(at.saturating_add(NEAR).saturating_add(1)));
    let authorizes = words.get(at).is_some_and(|word| word.starts_with("authoriz") || word.starts_with("autoriza"));
    authorizes && near.is_some_and(|near| near.iter().any(|word| INSURERS.contains(word)))
}

/// "I do not authorize these messages", "no autorizo más mensajes".
fn authorizes_none(words: &[&str]) -> bool {
    const AUTHORIZES: &[&str] =
        &["authorize", "authorise", "authorized", "authorised", "autorizo", "autorice", "autorizado"];
    const NEAR: usize = 3;
    words.iter().enumerate().filter(|(_, word)| AUTHORIZES.contains(word)).any(|(at, _)| {
        let before = words.get(at.saturating_sub(NEAR)..at).unwrap_or_default();
        let after = words.get(at..).unwrap_or_default();
        before.iter().any(|word| NEVER.contains(word)) && after.iter().any(|word| SENT.contains(word))
    })
}

/// "Please remove my phone number from your system", "delete me from your contacts", "take my cell off your system".
fn wants_to_be_taken_out(words: &[&str]) -> bool {
    let said = after_courtesies(words);
    let Some((first, rest)) = said.split_first() else { return false };
    let mine = rest.iter().any(|word| matches!(*word, "me" | "my" | "mi" | "this")) || first.ends_with("me");
    // "Take my old address off the file": one's record is put right.
    let email = rest.iter().any(|word| matches!(*word, "email" | "e" | "mail"));
    let of_the_record =
        rest.iter().any(|word| matches!(*word, "address" | "insurance" | "pharmacy" | "direccion" | "seguro"));
    TAKES_OUT.contains(first)
        && mine
        && (email || !of_the_record)
        && rest.iter().any(|word| LISTS.contains(word))
        && away(first, rest)
}

/// "Take" and "get" take out only with "off", "out" or "from"; so does "pongan", with "fuera".
fn away(first: &str, rest: &[&str]) -> bool {
    match first {
        "take" | "get" | "drop" => rest.iter().any(|word| matches!(*word, "off" | "out" | "from")),
        "pongan" | "ponganme" => rest.contains(&"fuera"),
        _ => true,
    }
}

/// "I did not sign up for this", "never subscribed".
fn never_joined(words: &[&str]) -> bool {
    words.iter().enumerate().filter(|(_, word)| NEVER.contains(word)).any(|(at, _)| {
        match words.get(at.saturating_add(1)..).unwrap_or_default() {
            ["sign" | "signed", "up", ..] => true,
            ["ask" | "asked", "for", rest @ ..] | ["requested" | "wanted" | "pedi" | "solicite", rest @ ..] => {
                rest.iter().any(|word| SENT.contains(word))
            }
            [joined, rest @ ..] if JOINED.contains(joined) => !rest.iter().any(|word| FORMS.contains(word)),
            _ => false,
        }
    })
}

fn after_courtesies<'w, 't>(words: &'w [&'t str]) -> &'w [&'t str] {
    let skipped = |word: &&&str| {
        // "Me", "text" and the like are courtesies only where nothing is said with them.
        (COURTESIES.contains(word) && !REACHES.contains(word) && !SENT.contains(word)) || BEFORE.contains(word)
    };
    let mut from = words.iter().take_while(skipped).count();
    // "Do not" begins with a word that may also stand before a refusal.
    while from > 0 && words.get(from) == Some(&"not") {
        from = from.saturating_sub(1);
    }
    words.get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::Meaning;
    use super::super::tests::all;

    #[test]
    fn who_refuses_to_be_reached_revokes_in_whatever_words() {
        all(
            &[
                "never text this number again",
                "don't ever contact me",
                "Do not email me",
                "Please do not e-mail me",
                "dont msg me anymore",
                "Do NOT disturb me",
                "please don't bother me",
                "I said do not call me",
                "no reminders please",
                "no more of these please",
                "sin mensajes por favor",
                "no deseo mas textos",
            ],
            Meaning::Revokes,
        );
    }

    #[test]
    fn who_takes_a_consent_back_or_never_gave_one_revokes() {
        all(
            &[
                "I withdraw my consent to be texted",
                "withdraw consent",
                "I do not consent to texts",
                "I do not consent",
                "You do not have permission to text me",
                "you never had my permission",
                "retiro mi permiso",
                "i did not sign up for this",
                "I never signed up for these",
                "never subscribed",
            ],
            Meaning::Revokes,
        );
    }

    #[test]
    fn who_wants_to_be_off_the_list_revokes() {
        all(
            &[
                "Please remove my phone number from your system",
                "delete me from your contacts",
                "take my cell off your system",
                "get me off this list",
                "erase my number",
                "ponganme fuera de la lista",
                "discontinue",
                "please discontinue",
                "opting out",
                "Im opting out",
                "unenroll me",
                "Unsubscrib",
                "turn these off",
                "I'm out",
            ],
            Meaning::Revokes,
        );
    }

    #[test]
    fn a_refusal_with_a_when_or_an_if_goes_to_a_person() {
        all(
            &[
                "do not call before noon",
                "Don't text me at work",
                "please do not call, text me instead",
                "remove my old number, the new one is 555 0134",
            ],
            Meaning::Ambiguous,
        );
    }

    #[test]
    fn what_only_sounds_like_a_refusal_changes_nothing() {
        all(
            &[
                "I did not text you",
                "I never got your message",
                "do I need to sign the consent form? I do not have the consent form",
                "you did not call me back",
                "I will take my pills off the list you gave me",
                "no problem",
                "no, Tuesday is fine",
                "sin problema",
                "can you text my daughter too",
                "I registered online",
                "I don't get what prior authorization means",
                "I never got the authorization from my insurance",
                "me paré muy rápido y me dolió",
            ],
            Meaning::Other,
        );
    }

    #[test]
    fn a_death_or_another_persons_number_is_not_written_to() {
        all(
            &[
                "this number belongs to someone else now",
                "she doesnt have this phone anymore",
                "I don't know any Alma",
                "Alma doesn't live here",
                "You got the wrong girl",
                "no conozco a ninguna Alma",
            ],
            Meaning::WrongNumber,
        );
        all(&["Alma died last week", "my mother passed away", "ya falleció"], Meaning::Ambiguous);
    }
}
