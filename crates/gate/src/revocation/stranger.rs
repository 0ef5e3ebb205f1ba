//! Who answers from a number that is not the patient's any more, or never was, without saying who they are not: "there is no Alma
//! here", "Alma moved out", "I am not a patient there", "not me".

use super::clauses;
use super::somebody::{is_name, plain};

/// How sure it is that a stranger answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stranger {
    /// The patient is not there.
    Clear,
    /// Perhaps: "I just got this number" may be the patient's own news. A person reads it.
    Perhaps,
}

/// One part of a message: its words as they are read, and which of them are names.
struct Part {
    words: Vec<String>,
    names: Vec<bool>,
}

impl Part {
    fn new(text: &str) -> Self {
        let raw = || text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric));
        Self {
            words: raw().map(plain).collect(),
            names: raw().map(|word| is_name(word) && !BEGINS.contains(&plain(word).as_str())).collect(),
        }
    }

    fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", String::as_str)
    }

    fn is_name(&self, at: usize) -> bool {
        self.names.get(at).copied().unwrap_or_default()
    }

    fn has(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| words.contains(&word.as_str()))
    }

    /// The place behind each occurrence of `phrase`.
    fn behind<'p>(&'p self, phrase: &'p [&'p str]) -> impl Iterator<Item = usize> + 'p {
        let found = self.words.windows(phrase.len()).enumerate();
        found
            .filter(move |(_, words)| words.iter().eq(phrase.iter()))
            .map(move |(at, _)| at.saturating_add(phrase.len()))
    }
}

/// What begins a sentence, with its capital letter, and is no name.
const BEGINS: &[&str] = &[
    "please", "kindly", "we", "my", "our", "you", "your", "it", "this", "that", "these", "the", "who", "what", "when",
    "where", "why", "how", "and", "but", "so", "if", "por", "favor", "mi", "nosotros", "usted", "ya", "parking", "she",
    "he", "they", "ella",
];
/// Who somebody else is said to be, besides a name.
const OTHERS: &[&str] = &["she", "he", "they", "ella"];
/// What is had or used.
const LINES: &[&str] = &["number", "phone", "line", "cell", "numero", "telefono", "celular", "cel"];

/// Whether a stranger answers; `None` = nothing says so.
pub(super) fn stranger(text: &str) -> Option<Stranger> {
    const LONGEST: usize = 16;
    let whole = Part::new(text);
    if whole.words.len() > LONGEST {
        return None;
    }
    if is_not_me(&whole) || clauses(text).any(|clause| asks_who(&clause)) {
        return Some(Stranger::Clear);
    }
    let parts = || text.split(['.', ',', '!', ';', '?', '\n']).map(Part::new);
    if parts().any(|part| nobody_here(&part) || has_gone(&part) || changed_hands(&part)) {
        return Some(Stranger::Clear);
    }
    parts().find_map(|part| no_patient(&part)).or_else(|| {
        let perhaps = another(&whole) || parts().any(|part| has_it_newly(&part));
        perhaps.then_some(Stranger::Perhaps)
    })
}

/// "Not me", "it's not me", "no soy yo", and nothing else.
fn is_not_me(whole: &Part) -> bool {
    const SAID: &[&str] = &[
        "not me",
        "its not me",
        "it is not me",
        "thats not me",
        "that is not me",
        "this is not me",
        "this isnt me",
        "that isnt me",
        "it isnt me",
        "no soy yo",
        "ese no soy yo",
        "esa no soy yo",
    ];
    const AROUND: &[&str] = &["sorry", "hi", "hello", "no", "perdon", "disculpe", "hola", "lo", "siento"];
    let from = whole.words.iter().take_while(|word| AROUND.contains(&word.as_str())).count();
    // "No" may begin it, or stand before it.
    (0..=from).any(|skipped| {
        let said: Vec<&str> = whole.words.iter().skip(skipped).map(String::as_str).collect();
        let said = said.join(" ");
        SAID.iter().any(|phrase| said == *phrase || said.strip_prefix(phrase) == Some(" sorry"))
    })
}

/// "¿Quién es?", "quién habla", "whose number is this": the question and nothing else. Who asks more asks of something else.
fn asks_who(clause: &str) -> bool {
    const ASKED: &[&str] = &[
        "quien es",
        "quien habla",
        "quien me habla",
        "quien escribe",
        "de parte de quien",
        "de quien es este numero",
        "con quien hablo",
        "whose number is this",
        "whos texting",
        "whos texting me",
        "who is texting me",
        "do i know you",
        "whats this number",
    ];
    const BEFORE: &[&str] = &["sorry", "perdon", "disculpe", "hola", "hi", "hello", "y", "pero", "but", "um", "and"];
    let said: Vec<&str> = clause.split(' ').skip_while(|word| BEFORE.contains(word)).collect();
    ASKED.contains(&said.join(" ").as_str())
}

/// "There is no Alma here", "no Alma at this number", "aquí no vive Alma", "no hay ninguna Alma".
fn nobody_here(part: &Part) -> bool {
    const HERE: &[&str] = &["here", "at", "lives", "living", "aqui"];
    let none = |at: &usize| part.is_name(*at) && HERE.contains(&part.word(at.saturating_add(1)));
    let english = part.behind(&["no"]).any(|at| none(&at));
    let spanish = [["no", "vive"], ["no", "hay"]].iter().any(|phrase| {
        part.behind(phrase).any(|at| {
            let article = matches!(part.word(at), "ninguna" | "ningun" | "una" | "la");
            part.is_name(at.saturating_add(usize::from(article)))
        })
    });
    english || spanish
}

/// "Alma no longer uses this number", "Alma moved out", "she changed her number", "Alma ya no tiene este teléfono".
fn has_gone(part: &Part) -> bool {
    let after = |at: usize| -> Vec<&str> { part.words.iter().skip(at.saturating_add(1)).map(String::as_str).collect() };
    (0..part.words.len()).any(|at| {
        let named = part.is_name(at);
        if !named && !OTHERS.contains(&part.word(at)) {
            return false;
        }
        let line = part.has(LINES);
        match after(at).as_slice() {
            ["no", "longer", had, ..] | ["doesnt" | "dont", had, ..] | ["does" | "do", "not", had, ..] => {
                line && part.has(&["this", "that"]) && matches!(*had, "use" | "uses" | "have" | "has" | "own" | "owns")
            }
            ["ya", "no", "usa" | "tiene" | "vive", ..] => part.has(&["este", "aqui"]),
            ["moved", "out" | "away", ..] => named,
            ["changed", "her" | "his" | "their", what, ..] | ["has", "changed", "her" | "his" | "their", what, ..] => {
                LINES.contains(what)
            }
            ["has" | "got", "a", "new", what, ..] => LINES.contains(what),
            ["cambio", "de", what, ..] => LINES.contains(what),
            _ => false,
        }
    })
}

/// "Ya no es el teléfono de Alma", "ya no es mi número".
fn changed_hands(part: &Part) -> bool {
    part.behind(&["ya", "no", "es"]).any(|at| {
        matches!(part.word(at), "el" | "su" | "mi" | "nuestro") && LINES.contains(&part.word(at.saturating_add(1)))
    })
}

/// "I am not a patient there"; who was one once, or is one of another doctor, is left to a person.
fn no_patient(part: &Part) -> Option<Stranger> {
    const PHRASES: &[&[&str]] = &[
        &["not", "a", "patient"],
        &["not", "your", "patient"],
        &["never", "been", "a", "patient"],
        &["no", "soy", "paciente"],
        &["no", "soy", "su", "paciente"],
        &["nunca", "fui", "paciente"],
    ];
    let at = PHRASES.iter().find_map(|phrase| part.behind(phrase).next())?;
    if matches!(part.word(at), "person" | "man" | "woman" | "guy" | "one") {
        return None;
    }
    let past = part.has(&["anymore", "longer", "ya", "yet", "new", "todavia", "aun"]);
    let ours = matches!(
        (part.word(at), part.word(at.saturating_add(1))),
        ("" | "there" | "here" | "at" | "yours" | "sorry" | "ahi" | "alli" | "aqui", _)
            | ("of", "yours" | "your")
            | ("de", "ustedes" | "usted" | "ahi")
    );
    Some(if ours && !past { Stranger::Clear } else { Stranger::Perhaps })
}

/// "Soy Rosa, no Alma": or the patient, who spells a name.
fn another(whole: &Part) -> bool {
    const IS: &[&[&str]] = &[&["soy"], &["im"], &["i", "am"], &["this", "is"], &["habla"]];
    let says = IS.iter().any(|phrase| whole.behind(phrase).any(|at| whole.is_name(at)));
    says && ["no", "not"].iter().any(|no| whole.behind(&[no]).any(|at| at > 2 && whole.is_name(at)))
}

/// "I just got this number", "acabo de comprar este teléfono".
fn has_it_newly(part: &Part) -> bool {
    let this = [["this"], ["este"]].iter().any(|this| part.behind(this).any(|at| LINES.contains(&part.word(at))));
    let newly = part.has(&["just", "recently", "newly", "owner", "acabo", "recien", "nuevo"]);
    this && newly
        && part.has(&["got", "have", "bought", "given", "received", "owner", "acabo", "tengo", "dieron", "dueno"])
}

#[cfg(test)]
mod tests {
    use super::super::Meaning;
    use super::super::tests::all;

    #[test]
    fn a_stranger_who_says_that_the_patient_is_not_there_is_heard() {
        all(
            &[
                "there is no Alma here",
                "No Rosa at this number",
                "Aquí no vive Alma",
                "no hay ninguna Alma",
                "Alma no longer uses this number",
                "she doesn't have this phone",
                "Alma ya no tiene este número",
                "Alma moved out, this is my phone",
                "This is her ex husband, she changed her number",
                "Alma cambió de número",
                "ya no es el teléfono de Alma",
                "I am not a patient there",
                "I'm not a patient of yours",
                "no soy paciente",
                "not me",
                "That's not me, sorry",
                "No soy yo",
                "¿Quién es?",
                "quien habla",
                "Perdón, ¿quién habla?",
            ],
            Meaning::WrongNumber,
        );
    }

    #[test]
    fn who_may_be_a_stranger_or_the_patient_is_read_by_a_person() {
        all(
            &[
                "I just got this number",
                "Soy Rosa, no Alma",
                "This is Rosa, not Alma",
                "acabo de comprar este teléfono",
                "I'm not a patient there anymore",
                "I am not a patient of Dr. Elm",
            ],
            Meaning::Ambiguous,
        );
    }

    #[test]
    fn what_a_patient_says_of_themselves_or_others_is_no_strangers_answer() {
        all(
            &[
                "Who is this doctor you're sending me to? Sounds good",
                "who is this appointment with?",
                "¿Quién es mi doctora?",
                "I'm not a patient person, sorry",
                "It's not me who drives, my son does",
                "We no longer use this phone for work",
                "I moved out of the city, is there an office nearby?",
                "There is no parking here",
                "My son has a new car",
                "I just got home",
                "Alma is here",
                "no hay problema",
            ],
            Meaning::Other,
        );
    }
}
