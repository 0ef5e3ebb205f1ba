//! Whose telephone number it is: the patient's, by what is said of it, or one to call, which is no finding.

use crate::cues::{Cues, ends_sentence};
use crate::fold::Folded;
use crate::roles;
use crate::words::{self, Word};

/// How many words of the sentence before a number are looked at.
const WORDS: usize = 12;

/// Whether what stands around a number says that it is the patient's.
pub(crate) fn is_patients(cues: &Cues, list: &[Word], folded: &Folded<'_>, start: usize, end: usize) -> bool {
    let before = Before::of(list, folded, start);
    // "we called 555-0144 and nobody picked up", "your emergency contact is Ruth, 555-0144".
    let called = matches!(before.text(0), b"called" | b"dialed" | b"texted" | b"tried" | b"rang")
        && matches!(before.text(1), b"we" | b"i" | b"ve");
    let emergency = before.says(&["emergency", "emergencia"])
        && before.says(&["contact", "contacto"])
        && before.words.iter().any(|word| word.is(roles::OWNER));
    let after = Cues::after(list, folded, end);
    called
        || emergency
        || before.owns_a_line()
        || before.reaches_somebody()
        || before.has_tried()
        || before.is_labelled()
        || before.is_a_relatives()
        || after.says_on_file
        || says_whether_it_works(list, folded, end)
        || is_behind_a_name(cues, &before)
}

/// The words of the sentence before a number, the nearest first.
struct Before<'f> {
    words: Vec<Word>,
    texts: Vec<&'f [u8]>,
}

impl<'f> Before<'f> {
    fn of(list: &[Word], folded: &'f Folded<'_>, position: usize) -> Self {
        let mut found = Self { words: Vec::with_capacity(WORDS), texts: Vec::with_capacity(WORDS) };
        let mut next = position;
        let first = words::from(list, position);
        for word in list.get(..first).unwrap_or_default().iter().rev().take(WORDS) {
            if ends_sentence(folded.slice(word.end, next), word) {
                break;
            }
            found.words.push(*word);
            found.texts.push(folded.slice(word.start, word.end));
            next = word.start;
        }
        found
    }

    fn text(&self, at: usize) -> &[u8] {
        self.texts.get(at).copied().unwrap_or_default()
    }

    fn says(&self, words: &[&str]) -> bool {
        self.texts.iter().any(|text| words.iter().any(|word| word.as_bytes() == *text))
    }

    /// `your cell`, `her home number`, `su número de celular`, and not `your doctor's line`, `our number`.
    fn owns_a_line(&self) -> bool {
        const OFFICE: &[&str] = &[
            "our", "nuestro", "nuestra", "office", "oficina", "clinic", "clinica", "direct", "main", "toll", "team",
            "equipo", "care", "pharmacy", "farmacia",
        ];
        // "save this number in your phone", "update your number at": what follows is where, or is ours.
        const KEPT: &[&str] = &[
            "save",
            "add",
            "store",
            "update",
            "change",
            "changed",
            "guarde",
            "guardelo",
            "guardenos",
            "agregue",
            "anote",
            "actualice",
            "actualizar",
            "cambie",
            "cambiar",
            "cambio",
            "avise",
            "avisenos",
            "opt",
            "verify",
        ];
        // "I changed my cell, use 555-0197", "your other line".
        let mine = |at: usize| {
            matches!(self.text(at), b"cell" | b"cel" | b"celular" | b"mobile" | b"landline" | b"whatsapp" | b"movil")
                && (matches!(self.text(at + 1), b"my" | b"mi")
                    || (matches!(self.text(at + 1), b"new" | b"old") && matches!(self.text(at + 2), b"my" | b"mi")))
        };
        // "its me, new number 555-0147".
        let renewed = (matches!(self.text(0), b"number") && matches!(self.text(1), b"new" | b"old")
            || matches!((self.text(1), self.text(0)), (b"numero", b"nuevo") | (b"nuevo", b"numero")))
            && self.says(&["me", "my", "im", "mi", "soy", "mine"]);
        let other = renewed
            || self.text(0) == b"line"
                && matches!(self.text(1), b"other" | b"second" | b"old" | b"new")
                && matches!(self.text(2), b"your" | b"her" | b"his" | b"my");
        if other || ((0..8).any(mine) && !self.says(&["direct", "office", "from"])) {
            return true;
        }
        if self.says(KEPT) && !self.says(&["to"]) || self.says(&["hotline"]) || self.text(0) == b"line" {
            return false;
        }
        let is_line = |word: &Word| word.is(roles::LINE) && !word.is(roles::JOB);
        let lines = self.words.iter().enumerate().filter(|(_, word)| is_line(word));
        lines.map(|(at, _)| at).any(|at| {
            (1..=3).any(|back| {
                // "from your cell dial": the number behind a verb is another one.
                let dialed =
                    || (0..at).any(|i| matches!(self.text(i), b"dial" | b"call" | b"text" | b"marque" | b"llame"));
                let office = || (1..back).any(|i| OFFICE.iter().any(|word| word.as_bytes() == self.text(at + i)));
                // "from your cell", "desde su celular": what it is dialed with.
                let with =
                    || matches!(self.text(at + back + 1), b"from" | b"desde" | b"in" | b"con" | b"using" | b"use");
                // "your care team's number": not the reader's.
                let others = || {
                    self.text(at + back) == b"s"
                        && self.words.get(at + back + 1).is_some_and(|whose| {
                            whose.is(roles::JOB | roles::INSTITUTION)
                                || OFFICE.iter().any(|word| word.as_bytes() == self.text(at + back + 1))
                        })
                };
                let owned = self.words.get(at + back).is_some_and(|word| word.is(roles::OWNER));
                owned && !dialed() && !office() && !with() && !others()
            })
        })
    }

    /// `we have you at`, `reach you at`, `lo llamamos al`: the number is where the reader is found.
    fn reaches_somebody(&self) -> bool {
        const AT: &[&[u8]] = &[b"at", b"on", b"al", b"en", b"to", b"under", b"via"];
        const VERBS: &[&str] = &[
            "reach",
            "reached",
            "call",
            "called",
            "calling",
            "text",
            "texted",
            "texting",
            "have",
            "had",
            "tried",
            "try",
            "find",
            "found",
            "contact",
            "contacted",
            "phone",
            "phoned",
            "rang",
            "ring",
            "message",
            "messaged",
            "dial",
            "dialed",
            "got",
            "get",
            "list",
            "listed",
            "show",
            "shows",
            "see",
            "notified",
        ];
        const PERSONS: &[&str] = &["you", "him", "her", "them", "patient", "ya", "u", "mom", "dad", "usted"];
        const WE: &[&str] = &[
            "llamamos",
            "llamaremos",
            "llame",
            "marcamos",
            "marcaremos",
            "escribimos",
            "escribiremos",
            "localizamos",
            "contactamos",
            "contactaremos",
            "buscamos",
            "tenemos",
            "avisamos",
            "avisaremos",
            "mandamos",
            "enviamos",
            "llamarlo",
            "llamarla",
            "llamarle",
            "localizarlo",
            "localizarla",
            "contactarlo",
            "contactarla",
            "comunicarnos",
        ];
        if !AT.contains(&self.text(0)) {
            return false;
        }
        let is = |at: usize, words: &[&str]| words.iter().any(|word| word.as_bytes() == self.text(at));
        let reached = is(1, PERSONS) && (2..=3).any(|at| is(at, VERBS) || is(at, WE));
        let spanish = is(1, WE) && [b"lo".as_slice(), b"la", b"le", b"los", b"les", b"te"].contains(&self.text(2));
        // "I'm at 555-0173", "¿sigue usted en el 555-0148?".
        let here = matches!(self.text(0), b"at" | b"on")
            && (self.text(1) == b"im" || (self.text(1) == b"m" && self.text(2) == b"i"));
        let infinitive =
            here || is(1, &["llamarlo", "llamarla", "llamarle", "localizarlo", "localizarla", "contactarlo"]);
        let home = is(1, &["home", "casa", "work", "trabajo", "domicilio"]) && !self.says(&["our", "we", "from"]);
        reached || spanish || infinitive || home
    }

    /// `call my husband instead, …`: the number of somebody of the family.
    fn is_a_relatives(&self) -> bool {
        const FAMILY: &[&str] = &[
            "husband",
            "wife",
            "mom",
            "mother",
            "dad",
            "father",
            "daughter",
            "son",
            "esposo",
            "esposa",
            "hija",
            "hijo",
            "mama",
            "papa",
            "hermana",
            "hermano",
            "sister",
            "brother",
            "aunt",
            "tia",
            "tio",
            "niece",
            "nephew",
            "sobrina",
            "neighbor",
            "vecina",
            "vecino",
            "roommate",
            "girlfriend",
            "boyfriend",
            "novia",
            "novio",
            "partner",
            "cousin",
            "prima",
        ];
        (0..4).any(|at| {
            FAMILY.iter().any(|word| word.as_bytes() == self.text(at))
                && matches!(self.text(at + 1), b"my" | b"mi" | b"her" | b"his" | b"your" | b"su" | b"tu")
        })
    }

    /// `left a voicemail at`, `no answer at`, `intentamos al`: an attempt that was made.
    fn has_tried(&self) -> bool {
        if !self.words.iter().any(|word| word.is(roles::TRIED)) {
            return false;
        }
        let answer = self.says(&["answer", "contesta", "contesto", "contestan"]);
        let answered = !answer || self.says(&["no", "nadie", "nobody"]);
        let from = matches!(self.text(0), b"from" | b"del" | b"desde");
        answered && !from && !self.says(&["call", "llame", "llamenos", "text", "please", "us", "back"])
    }

    /// `cell 555-0134`, `home phone:`, directly before.
    fn is_labelled(&self) -> bool {
        const OFFICE: &[&str] =
            &["our", "nuestro", "nuestra", "office", "oficina", "clinic", "clinica", "nurse", "dr", "text", "call"];
        let label = matches!(self.text(0), b"cell" | b"mobile" | b"celular" | b"movil" | b"cel")
            || (matches!(self.text(0), b"phone" | b"tel" | b"telefono" | b"number" | b"contact" | b"ph")
                && matches!(
                    self.text(1),
                    b"home"
                        | b"cell"
                        | b"mobile"
                        | b"patient"
                        | b"pt"
                        | b"contact"
                        | b"emergency"
                        | b"casa"
                        | b"paciente"
                )
                && (self.text(1) != b"contact"
                    || self.words.iter().any(|word| word.is(roles::OWNER))
                    || self.says(&["emergency"])))
            || (matches!(self.text(0), b"contact") && self.text(1) == b"emergency");
        label && !self.says(OFFICE)
    }
}

/// `is still good`, `is disconnected`, `sigue siendo su número`: a number that is asked about is the reader's.
fn says_whether_it_works(list: &[Word], folded: &Folded<'_>, end: usize) -> bool {
    let first = words::from(list, end);
    let mut texts = [b"".as_slice(); 6];
    let mut last = end;
    for (cell, word) in texts.iter_mut().zip(list.iter().skip(first)) {
        if word.start - last > 3 || folded.slice(last, word.start).contains(&b'\n') {
            break;
        }
        *cell = folded.slice(word.start, word.end);
        last = word.end;
    }
    let says = |words: &[&str]| texts.iter().any(|text| words.iter().any(|word| word.as_bytes() == *text));
    let is = [b"is".as_slice(), b"still", b"sigue", b"es", b"ya", b"esta", b"was", b"isn", b"has", b"no", b"s"];
    // "as your cell", "thats my new number".
    let mine = |at: usize| {
        texts.get(at).is_some_and(|text| matches!(*text, b"your" | b"ur" | b"my" | b"mi" | b"su" | b"tu"))
            && texts.iter().skip(at + 1).take(2).any(|text| {
                matches!(
                    *text,
                    b"cell"
                        | b"cel"
                        | b"number"
                        | b"phone"
                        | b"numero"
                        | b"telefono"
                        | b"celular"
                        | b"mobile"
                        | b"landline"
                        | b"whatsapp"
                )
            })
    };
    let named = matches!(texts[0], b"as" | b"is" | b"es" | b"s" | b"thats" | b"como" | b"that" | b"ese" | b"que");
    if named && (mine(1) || mine(2) || mine(3)) && !says(&["line", "direct", "desk", "extension", "office", "work"]) {
        return true;
    }
    is.contains(&texts[0])
        && says(&[
            "still",
            "good",
            "current",
            "right",
            "wrong",
            "correct",
            "disconnected",
            "service",
            "working",
            "best",
            "yours",
            "your",
            "belongs",
            "valid",
            "full",
            "outdated",
            "siendo",
            "suyo",
            "correcto",
            "funciona",
            "servicio",
            "su",
            "patient",
            "answering",
            "contesta",
            "vigente",
            "equivocado",
        ])
        && !says(&["our", "nuestro", "nuestra", "line", "linea"])
        // "is the right number for scheduling": ours.
        && (!says(&["for", "to", "para"]) || says(&["you", "your", "yours", "su", "suyo", "usted", "reach", "patient"]))
}

/// `Maria 212-555-0188`: a name directly before, and nothing that says to call.
fn is_behind_a_name(cues: &Cues, before: &Before<'_>) -> bool {
    let name = before.words.first().is_some_and(|word| word.is(roles::FIRST_NAME | roles::FAMILY_NAME));
    let asked = cues.has(roles::CALL | roles::STAFF | roles::INSTITUTION)
        || before.says(&["call", "text", "llame", "llamar", "ask", "its", "is", "es", "soy", "from", "desk", "dr"]);
    name && cues.follows_word && !asked
}
