//! Words of somebody who may be in danger, in English and Spanish (RULES CHT-01). It hears too much rather than too little: who is asked
//! once too often whether they need help now loses nothing.

/// What is heard as danger, as folded words: within a text, at the borders of words.
const SAYINGS: &[&str] = &[
    // English: harm to oneself.
    "suicide",
    "suicidal",
    "kill myself",
    "killing myself",
    "end my life",
    "ending my life",
    "take my own life",
    "take my life",
    "end it all",
    "want to die",
    "wanna die",
    "wish i was dead",
    "wish i were dead",
    "better off dead",
    "better off without me",
    "no reason to live",
    "not worth living",
    "dont want to live",
    "do not want to live",
    "dont want to be here anymore",
    "dont want to be alive",
    "hurt myself",
    "hurting myself",
    "harm myself",
    "cut myself",
    "cutting myself",
    "self harm",
    "overdosed",
    "overdose on",
    "took too many pills",
    "took all my pills",
    "swallowed all",
    // English: an emergency of the body.
    "chest pain",
    "pain in my chest",
    "cant breathe",
    "can not breathe",
    "cannot breathe",
    "trouble breathing",
    "hard to breathe",
    "having a stroke",
    "having a heart attack",
    "face is drooping",
    "passing out",
    "passed out",
    "wont stop bleeding",
    "bleeding a lot",
    "coughing up blood",
    "vomiting blood",
    "throat is closing",
    // English: harm by or to somebody else.
    "going to kill me",
    "afraid he will kill",
    "afraid she will kill",
    "he hit me",
    "she hit me",
    "he beats me",
    "she beats me",
    "he hurts me",
    "not safe at home",
    "unsafe at home",
    "kill him",
    "kill her",
    "hurt my baby",
    "hurt my child",
    // Spanish.
    "suicidio",
    "suicidarme",
    "suicida",
    "matarme",
    "me quiero matar",
    "quitarme la vida",
    "acabar con mi vida",
    "quiero morir",
    "quiero morirme",
    "me quiero morir",
    "no quiero vivir",
    "no quiero seguir viviendo",
    "ganas de vivir",
    "mejor muerto",
    "mejor muerta",
    "hacerme dano",
    "lastimarme",
    "cortarme",
    "sobredosis",
    "me tome todas las pastillas",
    "muchas pastillas",
    "dolor de pecho",
    "dolor en el pecho",
    "no puedo respirar",
    "me cuesta respirar",
    "derrame cerebral",
    "ataque al corazon",
    "me desmaye",
    "no para de sangrar",
    "vomito sangre",
    "me va a matar",
    "me pega",
    "me golpea",
    "miedo de que me mate",
    "no estoy segura en mi casa",
    "no estoy seguro en mi casa",
];

/// Whether somebody who writes `text` may be in danger, or somebody with them.
#[must_use]
pub fn speaks_of_danger(text: &str) -> bool {
    let folded = folded(text);
    SAYINGS.iter().any(|saying| {
        folded.match_indices(saying).any(|(at, _)| {
            let end = at + saying.len();
            let border = |byte: Option<u8>| byte.is_none_or(|byte| byte == b' ');
            let bytes = folded.as_bytes();
            border(at.checked_sub(1).and_then(|before| bytes.get(before).copied())) && border(bytes.get(end).copied())
        })
    })
}

/// Small letters without accents, one blank between words, apostrophes gone: "can't" and "cant" are one word.
fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        let plain = match c {
            'á' | 'à' | 'ä' => 'a',
            'é' | 'è' | 'ë' => 'e',
            'í' | 'ì' | 'ï' => 'i',
            'ó' | 'ò' | 'ö' => 'o',
            'ú' | 'ù' | 'ü' => 'u',
            'ñ' => 'n',
            // An accent that stands by itself (Unicode's combining marks), and apostrophes.
            '\u{300}'..='\u{36f}' | '\'' | '’' | 'ʼ' => continue,
            c if c.is_alphanumeric() => c,
            _ => ' ',
        };
        if plain != ' ' || !out.ends_with(' ') {
            out.push(plain);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::speaks_of_danger;

    #[test]
    fn danger_is_heard_in_both_languages_however_it_is_written() {
        for text in [
            "I don't want to live anymore.",
            "i dont  want to live",
            "I'm thinking of SUICIDE",
            "Sometimes I think about killing myself…",
            "I have chest pain since this morning",
            "I can’t breathe",
            "Ya no quiero vivir",
            "Quiero hacerme daño",
            "Quiero hacerme dan\u{303}o",
            "Me duele mucho: dolor en el pecho",
            "My husband says he is going to kill me",
        ] {
            assert!(speaks_of_danger(text), "{text}");
        }
    }

    #[test]
    fn what_people_write_every_day_is_no_danger() {
        for text in [
            "Can I take the pills with milk?",
            "Thank you, see you on Friday",
            "This waiting is killing me",
            "My chest x-ray was last week, is the result there?",
            "Quisiera cambiar mi cita del lunes",
            "STOP",
            "",
        ] {
            assert!(!speaks_of_danger(text), "{text}");
        }
    }
}
