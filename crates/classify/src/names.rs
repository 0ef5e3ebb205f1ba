//! Names of persons that a cue announces, and first name with family name. Staff are let pass by their title, places by what
//! stands beside them. The recipient's own name is found in [`crate::recipient`].

use crate::fold::Folded;
use crate::words::Word;
use crate::{Hit, Kind, Level, roles, work};

/// The names in a text.
pub(crate) fn find(words: &[Word], folded: &Folded<'_>, hits: &mut Vec<Hit>) {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let taken = match word.len() {
            _ if word.digits > 0 => 0,
            // Nearly every word goes here: in small letters and in no list of names.
            2.. if !folded.is_capital(word.start) && !word.is(roles::FIRST_NAME | roles::FAMILY_NAME) => 0,
            1 => {
                let end = initialled(words, folded, at);
                hits.extend(end.map(|end| Hit::identifier(word.start, end, Kind::Name)));
                usize::from(end.is_some()) * 2
            }
            _ => name(words, folded, at, hits),
        };
        at += taken.max(1);
    }
}

/// Looks for a name that begins at a word; says how many words it takes.
fn name(words: &[Word], folded: &Folded<'_>, at: usize, hits: &mut Vec<Hit>) -> usize {
    let Some(word) = words.get(at) else { return 0 };
    let opens = roles::GREETING | roles::STAFF | roles::PATIENT | roles::PARTICLE | roles::NO_NAME;
    // Titles that are family names too.
    if let Some(end) = labelled(words, folded, at) {
        hits.push(Hit::identifier(word.start, end, Kind::Name));
        return 2;
    }
    let title = matches!(
        folded.slice(word.start, word.end),
        b"senor" | b"senora" | b"familia" | b"resident" | b"residente" | b"joven" | b"guardian" | b"inmate"
    );
    if (word.is(opens) && !word.is(roles::FIRST_NAME | roles::FAMILY_NAME)) || title {
        return 0;
    }
    let skip = usize::from(is_behind_o(words, folded, at));
    let before = |back: usize| {
        let back = back + skip;
        let earlier = at.checked_sub(back).and_then(|i| words.get(i))?;
        let next = words.get(at - back + 1)?;
        near(earlier, next, folded).then_some(earlier)
    };
    let capital = is_capitalised(word, folded);
    let cue = before(1).map_or(0, |b| b.info.roles);
    let called = word.is(roles::FIRST_NAME) && cue & (roles::GREETING | roles::PATIENT) != 0;
    if !capital && !called {
        // "SANTANGELO, VITO has an appointment".
        let turned = turned(words, folded, at).filter(|_| folded.is_capital(word.start));
        let small = turned.or_else(|| small(words, folded, at));
        hits.extend(small.map(|end| Hit::identifier(word.start, end, Kind::Name)));
        return if small.is_some() { 2 } else { 0 };
    }
    let length = length(words, folded, at, capital);
    let announced = cue & (roles::GREETING | roles::PATIENT) != 0;
    if length == 1 {
        let greeted = before(2).is_some_and(|b| b.is(roles::GREETING));
        // "Don Beto": the title stands before a first name.
        let don = before(1).is_some_and(|title| matches!(folded.slice(title.start, title.end), b"don" | b"dona"));
        let title = cue & roles::PATIENT != 0 && !don;
        if word.is(roles::FIRST_NAME) && cue & roles::GREETING != 0 {
            // The first name alone is clean (the label rule), and still worth showing.
            hits.push(Hit { phi: false, level: Level::L0, ..Hit::identifier(word.start, word.end, Kind::Name) });
        } else if title
            && !word.is(NOT_A_NAME)
            && word.len() >= 3
            && could_be_family(word)
            && !works_here(words, folded, at)
            && !at.checked_sub(1).is_some_and(|title| is_introduced(words, folded, title))
            && !(is_mister(words, at, folded) && does_something(words, folded, at))
            && !(is_mister(words, at, folded) && before(2).is_some_and(|b| is_spoken_to(b, folded)))
            && !(word.is(roles::FIRST_NAME) && is_senora(words, folded, at))
            && (is_mister(words, at - skip, folded)
                || (greeted && could_be_family(word) && !word.is(roles::FIRST_NAME)))
        {
            hits.push(Hit::identifier(word.start, word.end, Kind::Name));
        } else if let Some(turned) = turned(words, folded, at) {
            hits.push(Hit::identifier(word.start, turned, Kind::Name));
            return 2;
        }
        return 1;
    }
    let Some(last) = words.get(at + length - 1) else { return 1 };
    let after = words.get(at + length).filter(|next| near(last, next, folded));
    // "Salud Familiar Las Américas": in Spanish what a house is stands before what it is called.
    let institution = (word.is(roles::INSTITUTION) && word.is(roles::NO_NAME))
        || (at..at + length).filter_map(|i| words.get(i)).skip(1).any(|w| w.is(roles::INSTITUTION))
        || after.is_some_and(|w| w.is(roles::INSTITUTION | roles::CREDENTIAL));
    // "Ave. Ponce de León 1407".
    let street = cue & (roles::STREET | roles::VENUE) != 0 && before(1).is_some_and(|kind| kind.len() > 2);
    // "el taller de Don Consuelo Ramos", "el equipo de Salvador Reyes": whose house or team it is.
    let of = before(1).is_some_and(|of| matches!(folded.slice(of.start, of.end), b"de" | b"del" | b"of"));
    let street = street
        || (of
            && before(2)
                .is_some_and(|house| house.is(roles::VENUE) || folded.slice(house.start, house.end) == b"equipo"));
    let asked = is_asked_for(words, folded, at, last);
    let staff = (!asked && (cue & roles::STAFF != 0 || is_introduced(words, folded, at)))
        || before(2).is_some_and(|b| b.is(roles::STAFF) && cue & (roles::STAFF | roles::PARTICLE) != 0)
        || says_staff(words, folded, last, at + length);
    if !institution && !staff && !street && is_full(words, folded, (at, length), before(1), announced) {
        hits.push(Hit::identifier(word.start, last.end, Kind::Name));
    }
    length
}

/// `its dale kowalczyk's wife`, `soy ana ortega`, `dale kowalczyk here`: a full name in small letters, of whoever writes. Gives its end.
fn small(words: &[Word], folded: &Folded<'_>, at: usize) -> Option<usize> {
    let text = |at: usize| words.get(at).map_or(b"".as_slice(), |word| folded.slice(word.start, word.end));
    let (first, last) = (words.get(at)?, words.get(at + 1)?);
    let named = (first.is(roles::FIRST_NAME) || (first.is_unknown() && last.is(roles::FAMILY_NAME)))
        && first.info.section == 0
        && !first.is(roles::NO_NAME | roles::KNOWN | roles::ORDINARY)
        && first.len() >= 3
        && folded.slice(first.end, last.start) == b" ";
    let family = last.len() >= 4
        && last.digits == 0
        && last.info.section == 0
        && !last.is(NOT_A_NAME | roles::ORDINARY)
        && (last.is(roles::FAMILY_NAME) || last.is_unknown() && !last.info.quiet);
    if !(named && family) {
        return None;
    }
    let before = at.checked_sub(1).map_or(b"".as_slice(), text);
    let earlier = at.checked_sub(2).map_or(b"".as_slice(), text);
    let says = matches!(before, b"its" | b"im" | b"soy" | b"llamo" | b"iam")
        || (matches!(before, b"s" | b"m" | b"am") && matches!(earlier, b"it" | b"i" | b"name"))
        || (matches!(before, b"is") && matches!(earlier, b"this" | b"name"))
        || (matches!(before, b"me" | b"again") && matches!(earlier, b"its" | b"s" | b"is" | b"me"))
        || (before == b"es" && earlier == b"nombre");
    let relation = text(at + 2) == b"s"
        && matches!(
            text(at + 3),
            b"wife"
                | b"husband"
                | b"mom"
                | b"mother"
                | b"dad"
                | b"father"
                | b"son"
                | b"daughter"
                | b"sister"
                | b"brother"
                | b"caregiver"
        );
    let here = matches!(text(at + 2), b"here" | b"again" | b"dob" | b"checking") || (text(at + 2) == b"speaking");
    let staff = says_staff(words, folded, last, at + 2) || is_introduced(words, folded, at);
    ((says || relation || here) && !staff).then_some(last.end)
}

/// `Apellidos: Urrutia Lasarte`, `mother's maiden name is Przybylski`, `we have you as Tallulah Brightwater`: a capitalised word behind
/// what says that it is a name. Gives its end.
fn labelled(words: &[Word], folded: &Folded<'_>, at: usize) -> Option<usize> {
    let word = words.get(at)?;
    let fits = folded.is_capital(word.start)
        && !folded.shouted
        && word.digits == 0
        && word.len() >= 3
        && word.info.section == 0
        && !word.is(NOT_A_NAME | roles::ORDINARY | roles::KNOWN);
    if !fits {
        return None;
    }
    let text = |back: usize| {
        at.checked_sub(back)
            .and_then(|at| words.get(at))
            .map_or(b"".as_slice(), |word| folded.slice(word.start, word.end))
    };
    let is = usize::from(matches!(text(1), b"is" | b"es" | b"as" | b"was"));
    let surname = (is + 1..=is + 4).any(|back| {
        matches!(text(back), b"surname" | b"apellido" | b"apellidos" | b"maiden" | b"soltera")
            || (text(back) == b"name" && matches!(text(back + 1), b"last" | b"family" | b"maiden" | b"full" | b"legal"))
    });
    let near = at.checked_sub(1).and_then(|before| words.get(before)).is_some_and(|before| near(before, word, folded));
    let before_is = at.checked_sub(1).and_then(|before| words.get(before));
    let colon = before_is.is_some_and(|before| folded.slice(before.end, word.start).starts_with(b":"));
    let known = || word.is(roles::FIRST_NAME | roles::FAMILY_NAME) || word.is_unknown();
    let direct = (surname && (is == 1 || colon) && near && known()).then_some(word.end);
    direct.or_else(|| {
        let next = words.get(at + 1).filter(|next| beside(word, next, folded) && is_capitalised(next, folded))?;
        let have = text(1) == b"as"
            && text(2) == b"you"
            && matches!(text(3), b"have" | b"had" | b"list" | b"see" | b"got" | b"show");
        (have && could_be_family(word) && could_be_family(next)).then_some(next.end)
    })
}

/// `an envelope marked T.R. Vandermeer`: a family name behind its initials, behind what says that it is a name. Gives its end.
fn initialled(words: &[Word], folded: &Folded<'_>, at: usize) -> Option<usize> {
    let initial = |at: usize| {
        words
            .get(at)
            .is_some_and(|word| word.len() == 1 && folded.is_capital(word.start) && folded.at(word.end) == Some(b'.'))
    };
    let text = |at: usize| words.get(at).map_or(b"".as_slice(), |word| folded.slice(word.start, word.end));
    let cue = at.checked_sub(1).map_or(b"".as_slice(), text);
    let marked = matches!(
        cue,
        b"marked"
            | b"labeled"
            | b"labelled"
            | b"under"
            | b"name"
            | b"patient"
            | b"paciente"
            | b"for"
            | b"re"
            | b"nombre"
            | b"by"
    );
    let next = words.get(at + 3).map_or(b"".as_slice(), |next| folded.slice(next.start, next.end));
    let marked = marked || (at == 0 && matches!(next, b"you" | b"your" | b"su" | b"usted" | b"please" | b"pls"));
    let count = (0..3).take_while(|more| initial(at + more)).count();
    let family = words.get(at + count).filter(|family| is_capitalised(family, folded) && could_be_family(family))?;
    let staff = is_introduced(words, folded, at);
    (count > 0 && marked && !staff && family.start - words.get(at + count - 1)?.end <= 2).then_some(family.end)
}

/// `Sra. O'Brien`: whether a word stands behind such a letter, so that what stands before the letter stands before the name.
fn is_behind_o(words: &[Word], folded: &Folded<'_>, at: usize) -> bool {
    let letter = at.checked_sub(1).and_then(|i| words.get(i)).zip(words.get(at));
    letter.is_some_and(|(o, word)| o.len() == 1 && folded.slice(o.end, word.start) == b"'")
}

/// Whether words side by side are a person's full name.
fn is_full(
    words: &[Word],
    folded: &Folded<'_>,
    (at, length): (usize, usize),
    before: Option<&Word>,
    announced: bool,
) -> bool {
    let (Some(word), Some(last)) = (words.get(at), words.get(at + length - 1)) else { return false };
    // A capitalised word nobody knows before a family name is a first name of the many that no list has.
    let unlisted = word.is_unknown()
        && word.len() >= 3
        && !folded.shouted
        && !folded.is_upper(word.start, word.end)
        && before.is_some_and(|b| !b.is(roles::VENUE | roles::GREETING))
        && last.is(roles::FAMILY_NAME)
        && words.get(at + 1).is_some_and(|next| folded.slice(word.end, next.start) == b" ");
    let titled = length == 2
        && last.is_unknown() | last.is(roles::FIRST_NAME)
        && matches!(folded.slice(word.start, word.end), b"don" | b"dona");
    // "Nakamura Yuki": the family name first.
    let reversed = length == 2
        && word.is(roles::FAMILY_NAME)
        && last.is(roles::FIRST_NAME)
        && !last.is(roles::NO_NAME)
        && !folded.shouted;
    let known = (word.is(roles::FIRST_NAME)
        || (reversed && word.info.section == 0 && !word.is(roles::KNOWN | roles::NO_NAME))
        || (unlisted && !last.is(roles::NO_NAME)))
        && !titled
        && (last.is(roles::FAMILY_NAME | roles::FIRST_NAME) || could_be_family(last))
        && !(word.is(roles::NO_NAME) && !announced && !last.is(roles::FAMILY_NAME));
    let family = word.is(roles::FAMILY_NAME) && last.is(roles::FAMILY_NAME) && announced;
    known || family || (announced && could_be_family(word) && could_be_family(last))
}

/// How many words the name has: capitalised ones side by side, particles and initials between them.
fn length(words: &[Word], folded: &Folded<'_>, at: usize, capital: bool) -> usize {
    let mut length = 1;
    let mut open = 0;
    while let (Some(last), Some(next)) = (words.get(at + length + open - 1), words.get(at + length + open)) {
        work::count(1);
        if !beside(last, next, folded) || length + open > 5 {
            break;
        }
        let initial = next.len() == 1 && (folded.is_capital(next.start) || !capital) && next.digits == 0;
        // "Hi TERRENCE OKONKWO": behind a first name in capitals a family name is too, listed or not.
        let shouted = last.is(roles::FIRST_NAME)
            && folded.is_upper(last.start, last.end)
            && folded.is_upper(next.start, next.end)
            && next.len() >= 4
            && next.is_unknown()
            && next.digits == 0;
        let fits = if capital {
            shouted || is_capitalised(next, folded)
        } else {
            next.is(roles::FIRST_NAME | roles::FAMILY_NAME)
        };
        if matches!(folded.slice(next.start, next.end), b"jr" | b"sr" | b"ii" | b"iii") {
            break;
        }
        if next.is(roles::PARTICLE) || initial {
            open += 1;
        } else if fits && !opens(next) {
            length += open + 1;
            open = 0;
        } else {
            break;
        }
    }
    length
}

/// Whether a capitalised word is a title, a greeting or the like, and no name.
const fn opens(word: &Word) -> bool {
    word.is(roles::GREETING | roles::STAFF) || (word.is(roles::NO_NAME) && !word.is(roles::FAMILY_NAME))
}

/// `Okafor, Maria`: the family name first. Gives the end of the name.
fn turned(words: &[Word], folded: &Folded<'_>, at: usize) -> Option<usize> {
    let (family, first) = (words.get(at)?, words.get(at + 1)?);
    // "VANTERPOOL/ISAIAH/M".
    let slashed = folded.slice(family.end, first.start) == b"/"
        && first.is(roles::FIRST_NAME)
        && folded.is_upper(family.start, family.end)
        && family.len() >= 4;
    if !slashed && folded.slice(family.end, first.start) != b", " {
        return None;
    }
    let opens = at == 0
        || at
            .checked_sub(1)
            .and_then(|i| words.get(i))
            .is_some_and(|w| folded.slice(w.end, family.start).iter().any(|b| b"\n:|>".contains(b)));
    let told = || says_what_of(words, folded, at + 2);
    let strange = family.is_unknown()
        && family.len() >= 4
        && !family.is(roles::FIRST_NAME)
        && (told() || is_for(words, folded, at));
    let fits = (family.is(roles::FAMILY_NAME) || strange)
        && !family.is(roles::NO_NAME | roles::INSTITUTION | roles::GREETING)
        && (!family.is(roles::FIRST_NAME) || opens || told())
        && (first.is(roles::FIRST_NAME) || (first.is_unknown() && (is_for(words, folded, at) || opens || told())))
        && !first.is(roles::NO_NAME | roles::STREET)
        && folded.is_capital(first.start)
        && first.len() >= 2
        && first.digits == 0;
    let before = at.checked_sub(1).and_then(|i| words.get(i));
    let attention = before.is_some_and(|b| matches!(folded.slice(b.start, b.end), b"attn" | b"atencion"));
    let staff = !attention && before.is_some_and(|b| b.is(roles::STAFF) || b.is(roles::GREETING));
    (fits && !staff).then_some(first.end)
}

/// Whether what follows a name is what happens to a patient: `Pruitt, Donelle has an appointment`.
fn says_what_of(words: &[Word], folded: &Folded<'_>, next: usize) -> bool {
    words.get(next).is_some_and(|word| {
        matches!(
            folded.slice(word.start, word.end),
            b"has"
                | b"appt"
                | b"appointment"
                | b"visit"
                | b"cita"
                | b"tiene"
                | b"is"
                | b"your"
                | b"su"
                | b"needs"
                | b"called"
                | b"checked"
                | b"arrived"
                | b"dob"
        )
    })
}

/// Whether "for", "para" or "re" stands directly before: what follows is who it is about.
fn is_for(words: &[Word], folded: &Folded<'_>, at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|i| words.get(i));
    before.is_some_and(|w| matches!(folded.slice(w.start, w.end), b"for" | b"para" | b"re" | b"patient" | b"paciente"))
}

/// Whether the words behind a name say that it is somebody's on the staff: `Emily Carter, NP`, `Maria Lopez will see you`.
fn says_staff(words: &[Word], folded: &Folded<'_>, last: &Word, next: usize) -> bool {
    let after = |n: usize| words.get(next + n).map(|w| folded.slice(w.start, w.end));
    if words.get(next).is_some_and(|w| w.is(roles::CREDENTIAL) && w.start - last.end <= 3) {
        return true;
    }
    // "with Dr. Lopez" says who is seen, not who sees.
    // "... at 4" when, and not where somebody works.
    let timed = |w: &Word| (1..=2).contains(&w.digits) && after(0) != Some(b"de");
    // "Victor Colon, front desk lead": what they are behind a comma.
    let job = |w: &Word| {
        w.is(roles::JOB) || DESKS.contains(&folded.slice(w.start, w.end)) || folded.slice(w.start, w.end) == b"front"
    };
    if words.get(next).is_some_and(|w| folded.slice(last.end, w.start) == b", " && job(w)) {
        return true;
    }
    if is_ours(words, folded, last, next) {
        return true;
    }
    let behind = words.get(next + 1).filter(|w| (w.is(roles::STAFF) && after(0) == Some(b"with")) || timed(w));
    behind.is_none()
        && does_a_job(after(0), after(1))
        && words.get(next).is_some_and(|w| matches!(folded.slice(last.end, w.start), b" " | b", "))
}

/// `Marcus Whitfield, our new office manager`: what they are here, behind a comma.
fn is_ours(words: &[Word], folded: &Folded<'_>, last: &Word, next: usize) -> bool {
    let text = |w: &Word| folded.slice(w.start, w.end);
    words.get(next).is_some_and(|w| {
        folded.slice(last.end, w.start) == b", "
            && matches!(text(w), b"our" | b"nuestro" | b"nuestra" | b"the" | b"el" | b"la" | b"su" | b"your")
    }) && words
        .get(next + 1..next + 5)
        .is_some_and(|four| four.iter().any(|w| w.is(roles::JOB) || DESKS.contains(&text(w))))
}

/// What somebody does who works somewhere.
const WORKS: &[&[u8]] = &[
    b"joins",
    b"retires",
    b"runs",
    b"works",
    b"teaches",
    b"hosts",
    b"leads",
    b"manages",
    b"handles",
    b"answers",
    b"covers",
    b"joined",
    b"trabaja",
    b"dirige",
    b"atiende",
    b"cubre",
    b"contesta",
    b"se",
    b"organizes",
    b"organiza",
    b"coordina",
    b"coordinates",
    b"oversees",
];
/// What somebody on the staff will, can or is to do.
const WILL: &[&[u8]] = &[
    b"see",
    b"call",
    b"be",
    b"meet",
    b"out",
    b"reach",
    b"greet",
    b"help",
    b"off",
    b"away",
    b"filling",
    b"covering",
    b"teaching",
    b"hosting",
    b"running",
];
/// The same in Spanish, behind whom it is done to.
const ATTENDS: &[&[u8]] = &[
    b"atendera",
    b"vera",
    b"llamara",
    b"recibira",
    b"marca",
    b"llama",
    b"ayuda",
    b"atiende",
    b"explica",
    b"recibe",
    b"espera",
    b"marcara",
    b"ayudara",
];
/// Behind "is": somebody of ours.
const OURS: &[&[u8]] =
    &[b"our", b"the", b"la", b"el", b"nuestra", b"nuestro", b"your", b"su", b"retiring", b"leaving", b"joining"];

/// `will see`, `le atenderá`, `has the`: what somebody on the staff does, by the two words behind the name.
fn does_a_job(first: Option<&[u8]>, second: Option<&[u8]>) -> bool {
    let (Some(first), next) = (first, second.unwrap_or_default()) else { return false };
    match first {
        b"from" | b"at" | b"with" | b"de" => second.is_some(),
        b"will" | b"can" => WILL.contains(&next),
        b"is" => WILL.contains(&next) || OURS.contains(&next),
        b"es" | b"sera" => OURS.contains(&next),
        b"lo" | b"la" | b"le" | b"los" => ATTENDS.contains(&next),
        b"has" => next == b"the",
        b"tiene" => matches!(next, b"la" | b"el" | b"las" | b"los"),
        _ => WORKS.contains(&first),
    }
}

/// Desks and departments.
const DESKS: &[&[u8]] = &[
    b"caja",
    b"recepcion",
    b"admisiones",
    b"citas",
    b"registro",
    b"archivo",
    b"facturacion",
    b"clinica",
    b"clinic",
    b"oficina",
    b"office",
    b"front",
    b"desk",
    b"reception",
    b"window",
    b"ventanilla",
    b"billing",
    b"records",
    b"scheduling",
    b"registration",
    b"seguridad",
    b"security",
    b"lobby",
    b"limpieza",
    b"mantenimiento",
    b"maintenance",
    b"facilities",
    b"valet",
    b"estacionamiento",
    b"hr",
    b"accounting",
    b"contabilidad",
    b"entrada",
    b"front",
    b"reception",
    b"admissions",
    b"cashier",
    b"desk",
    b"clinic",
    b"clinica",
    b"office",
    b"oficina",
    b"consultorio",
];

/// `Sra. Consuelo Gripo de caja`: a desk or department behind a name.
fn works_here(words: &[Word], folded: &Folded<'_>, at: usize) -> bool {
    let beside = |n: usize| words.get(at + n).zip(words.get(at + n + 1)).is_some_and(|(a, b)| near(a, b, folded));
    let text = |n: usize| words.get(at + n).map_or(b"".as_slice(), |w| folded.slice(w.start, w.end));
    (1..=3).take_while(|n| beside(n - 1)).any(|n| {
        matches!(text(n), b"de" | b"en" | b"from" | b"in" | b"at" | b"of")
            && (DESKS.contains(&text(n + 1))
                || (matches!(text(n + 1), b"the" | b"our" | b"la" | b"el" | b"nuestra")
                    && DESKS.contains(&text(n + 2))))
    })
}

/// Whether the name from word `at` up to word `next` is somebody's on the staff.
pub(crate) fn is_colleague(words: &[Word], folded: &Folded<'_>, at: usize, next: usize) -> bool {
    let here = words.get(next).is_some_and(|word| folded.slice(word.start, word.end) == b"here");
    let next = next + usize::from(here);
    let Some(last) = next.checked_sub(1).and_then(|last| words.get(last)) else { return false };
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    before.is_some_and(|title| title.is(roles::STAFF) && near(title, words.get(at).unwrap_or(title), folded))
        || is_introduced(words, folded, at)
        || says_staff(words, folded, last, next)
}

/// `Your nurse today is Maria Lopez`, `ask for Maria Lopez`, `pregunte por`: somebody on the staff.
fn is_introduced(words: &[Word], folded: &Folded<'_>, at: usize) -> bool {
    let word = |back: usize| at.checked_sub(back).and_then(|i| words.get(i));
    let text = |back: usize| word(back).map_or(b"".as_slice(), |w| folded.slice(w.start, w.end));
    let between = |back: usize| {
        word(back).zip(words.get(at + 1 - back)).map_or(b"!".as_slice(), |(a, b)| folded.slice(a.end, b.start))
    };
    let together = |back: usize| {
        let ended = between(back).starts_with(b". ") && word(back).is_some_and(|w| w.len() > 4);
        !ended && !between(back).iter().any(|byte| b"!?;".contains(byte))
    };
    const ASKED: &[&[u8]] = &[
        b"ask",
        b"look",
        b"pregunte",
        b"pregunta",
        b"preguntar",
        b"preguntando",
        b"asking",
        b"busque",
        b"hable",
        b"report",
        b"speak",
        b"talk",
        b"reporting",
    ];
    const LINKS: &[&[u8]] =
        &[b"is", b"are", b"es", b"sera", b"son", b"be", b"named", b"llama", b"today", b"hoy", b"s", b"was", b"called"];
    let asked = matches!(text(1), b"for" | b"4" | b"por" | b"a" | b"to" | b"with" | b"con") && ASKED.contains(&text(2));
    let job = (1..=7).take_while(|back| together(*back)).any(|back| {
        word(back).is_some_and(|word| word.is(roles::JOB))
            && !matches!(text(back + 1), b"emergency" | b"patient" | b"paciente" | b"emergencia")
    });
    let linked = LINKS.contains(&text(1))
        || between(1).contains(&b':')
        || between(1).contains(&b',')
        || word(1).is_some_and(|word| word.is(roles::JOB));
    together(1) && (asked || (job && linked))
}

/// `Am I speaking with Yolanda Cruz?`, `¿Habla con Ramiro Cárdenas?`: whether the reader is who is named.
fn is_asked_for(words: &[Word], folded: &Folded<'_>, at: usize, last: &Word) -> bool {
    let verb = at.checked_sub(2).and_then(|i| words.get(i)).map_or(b"".as_slice(), |w| folded.slice(w.start, w.end));
    matches!(verb, b"speaking" | b"speak" | b"talking" | b"habla" | b"hablo" | b"hablando")
        && folded.at(last.end) == Some(b'?')
}

/// `call Mr. Rash back`, `with Ms. Graves`: who is called or seen works here.
fn is_spoken_to(word: &Word, folded: &Folded<'_>) -> bool {
    const VERBS: &[&[u8]] = &[
        b"call",
        b"contact",
        b"text",
        b"email",
        b"llame",
        b"contacte",
        b"find",
        b"meet",
        b"thank",
        b"tell",
        b"busque",
    ];
    word.is(roles::STAFF) || VERBS.contains(&folded.slice(word.start, word.end))
}

/// `Mr. Rash can check you in`, `Ms. Wells is taking calls`, `Ms. Healey from patient relations`: what somebody on the staff does.
fn does_something(words: &[Word], folded: &Folded<'_>, at: usize) -> bool {
    let text = |on: usize| words.get(at + on).map_or(b"".as_slice(), |word| folded.slice(word.start, word.end));
    let beside = words.get(at).zip(words.get(at + 1)).is_some_and(|(a, b)| folded.slice(a.end, b.start) == b" ");
    beside
        && match text(1) {
            b"can" | b"will" | b"puede" | b"podra" => true,
            b"is" => matches!(text(2), b"taking" | b"handling" | b"covering" | b"running" | b"filling" | b"teaching"),
            b"has" => text(2) == b"the",
            b"from" | b"de" => (2..=3).any(|on| DESKS.contains(&text(on)) || text(on) == b"relations"),
            verb => WORKS.contains(&verb) && verb != b"se",
        }
}

/// `Sra. Dolores`: in Spanish the title stands before the first name too.
fn is_senora(words: &[Word], folded: &Folded<'_>, at: usize) -> bool {
    let title = at.checked_sub(1).and_then(|i| words.get(i)).map_or(b"".as_slice(), |w| folded.slice(w.start, w.end));
    matches!(title, b"sr" | b"sra" | b"srta" | b"senor" | b"senora" | b"don" | b"dona")
}

/// `Mr.`, `Sra.` before a family name, wherever it stands.
fn is_mister(words: &[Word], at: usize, folded: &Folded<'_>) -> bool {
    let title = at.checked_sub(1).and_then(|i| words.get(i));
    title.is_some_and(|title| {
        matches!(
            folded.slice(title.start, title.end),
            b"mr" | b"mrs" | b"ms" | b"miss" | b"sr" | b"sra" | b"srta" | b"senor" | b"senora"
        )
    })
}

/// Written with a capital first letter. In a text all in capitals every word is.
fn is_capitalised(word: &Word, folded: &Folded<'_>) -> bool {
    let odd =
        || word.is(roles::FIRST_NAME | roles::FAMILY_NAME) && (word.start..word.end).any(|at| folded.is_capital(at));
    (folded.is_capital(word.start) || odd())
        && word.len() >= 2
        && word.digits == 0
        && (folded.shouted || !folded.is_upper(word.start, word.end) || word.is(roles::FIRST_NAME | roles::FAMILY_NAME))
}

/// What no family name is.
const NOT_A_NAME: u64 = roles::GREETING
    | roles::INSTITUTION
    | roles::CREDENTIAL
    | roles::STAFF
    | roles::MONTH
    | roles::LOGISTICS
    | roles::NO_NAME;

fn could_be_family(word: &Word) -> bool {
    word.len() >= 3
        && word.digits == 0
        && (word.is(roles::FAMILY_NAME) || (!word.is(roles::KNOWN | roles::NO_NAME) && word.info.section == 0))
        && !word.is(roles::GREETING
            | roles::INSTITUTION
            | roles::CREDENTIAL
            | roles::STAFF
            | roles::MONTH
            | roles::LOGISTICS)
}

/// The most blanks between the parts of a name.
const BLANKS_MAX: usize = 5;

/// Only blanks, a hyphen or an initial's dot between two words.
fn beside(a: &Word, b: &Word, folded: &Folded<'_>) -> bool {
    let between = folded.slice(a.end, b.start);
    matches!(between, b"-" | b"'")
        || (between == b". " && a.len() == 1)
        || ((1..=BLANKS_MAX).contains(&between.len()) && between.iter().all(|byte| *byte == b' '))
}

/// Close enough that one is about the other: nothing that ends a sentence between them but a title's dot.
fn near(a: &Word, b: &Word, folded: &Folded<'_>) -> bool {
    let between = folded.slice(a.end, b.start);
    (between.len() <= 3 || (between.len() <= BLANKS_MAX && between.iter().all(|byte| *byte == b' ')))
        && !between.iter().any(|byte| matches!(byte, b'!' | b'?' | b'\n' | b';'))
        && !(between == b". " && a.len() > 5)
}
