//! Streets, and whether they are the reader's: the clinic's own address is no finding.

use crate::fold::Folded;
use crate::words::{Word, Words};
use crate::{Hit, Kind, roles};

/// How many words around a street may say whose it is.
const WORDS: usize = 10;

/// Says whose a street is, and how plainly; [`TELLING`] is enough.
type Weight = (i32, &'static [&'static str]);

const TELLING: i32 = 2;

/// Words before a street.
const BEFORE: &[Weight] = &[
    (
        -4,
        &[
            "our",
            "us",
            "nuestra",
            "nuestro",
            "nuestras",
            "located",
            "location",
            "ubicada",
            "ubicado",
            "ubicados",
            "entrance",
            "entrada",
            "garage",
            "parking",
            "estacionamiento",
            "visitenos",
            "office",
            "oficina",
            "clinic",
            "clinica",
            "hospital",
            "pharmacy",
            "farmacia",
            "directions",
            "relocated",
            "moving",
            "mudamos",
            "offices",
            "branch",
            "sucursal",
            "site",
            "venue",
            "suite",
            "consultorio",
        ],
    ),
    (
        2,
        &[
            "mailed",
            "shipped",
            "delivered",
            "enviado",
            "enviada",
            "enviamos",
            "mandamos",
            "mando",
            "entregado",
            "entregamos",
            "couriered",
            "returned",
            "undeliverable",
        ],
    ),
    (
        2,
        &[
            "home",
            "house",
            "domicilio",
            "live",
            "lives",
            "living",
            "vive",
            "vives",
            "viven",
            "vivo",
            "vivimos",
            "residence",
            "resides",
            "reside",
            "resident",
        ],
    ),
    (2, &["honk", "porch", "doorbell", "timbre", "bocina", "porche", "puerta"]),
    (
        1,
        &[
            "cab", "taxi", "van", "neighbor", "vecino", "vecina", "nobody", "nadie", "cobrador", "chofer", "usted",
            "mailbox", "buzon",
        ],
    ),
    (2, &["sent", "conmigo", "bounced", "forwarded", "recogemos", "recogerlo", "recogerla", "recoge", "recogera"]),
    (
        1,
        &[
            "your",
            "ur",
            "su",
            "tu",
            "you",
            "patient",
            "paciente",
            "mail",
            "mailing",
            "packet",
            "forms",
            "correo",
            "ship",
            "deliver",
            "delivery",
            "delivering",
            "send",
            "sending",
            "letter",
            "letters",
            "package",
            "paquete",
            "sobre",
            "carta",
            "address",
            "direccion",
            "envelope",
            "courier",
            "driver",
            "pick",
            "pickup",
            "transport",
            "ride",
            "me",
            "casa",
            "enviaremos",
            "entregaremos",
            "kit",
            "aide",
            "her",
            "his",
            "their",
            "member",
            "billing",
        ],
    ),
];

/// Words behind a street.
const BEHIND: &[Weight] = &[
    (
        2,
        &[
            "undeliverable",
            "bounced",
            "returned",
            "live",
            "living",
            "vive",
            "viviendo",
            "vives",
            "home",
            "house",
            "domicilio",
            "lives",
            "reside",
            "resides",
            "residence",
        ],
    ),
    (
        1,
        &[
            "your",
            "ur",
            "su",
            "tu",
            "still",
            "sigue",
            "address",
            "direccion",
            "you",
            "correct",
            "current",
            "moved",
            "file",
            "casa",
            "yours",
            "right",
            "usted",
            "nobody",
            "nadie",
            "answered",
            "timbre",
            "altos",
            "rear",
        ],
    ),
    (-3, &["suite", "ste", "consultorio", "our", "nuestra", "nuestro", "us", "hours", "open"]),
];

/// What the reader is asked to do with what is the reader's.
const ORDERS: &[&[u8]] = &[
    b"bring",
    b"complete",
    b"finish",
    b"fill",
    b"out",
    b"return",
    b"drop",
    b"off",
    b"sign",
    b"submit",
    b"traiga",
    b"llene",
    b"firme",
    b"entregue",
    b"devuelva",
];

/// House numbers that are written in words.
const SPOKEN: &[&[u8]] =
    &[b"one", b"two", b"three", b"four", b"five", b"six", b"seven", b"eight", b"nine", b"ten", b"eleven", b"twelve"];

/// Streets that are said to be the reader's, or have a dwelling's number.
pub(crate) fn find(words: &Words, folded: &Folded<'_>, hits: &mut Vec<Hit>) {
    let mut done = 0;
    for (at, word) in words.iter().enumerate() {
        let short = word.len() == 1 && folded.slice(word.start, word.end + 1) == b"c/";
        if !(word.is(roles::STREET | roles::DWELLING) || short) || at < done {
            continue;
        }
        if word.is(roles::DWELLING)
            && let Some(number) = apartment(words, folded, at)
        {
            hits.push(Hit::identifier(word.start, number.end, Kind::Address));
            done = at + 2;
            continue;
        }
        let numbered = |next: &Word| next.digits > 0 || (next.len() == 1 && folded.is_capital(next.start));
        let dwelling =
            word.is(roles::DWELLING) && words.get(at + 1).is_some_and(|next| next.len() <= 4 && numbered(next));
        if !word.is(roles::STREET) && !dwelling && !short {
            continue;
        }
        let Some((first, last)) = street(words, folded, at) else { continue };
        let end = dwelling_of(words, folded, last);
        done = end.unwrap_or(last) + 1;
        // "88 Harbor St Unit 14" and nothing that leads to it: whoever writes no more than that writes where somebody lives.
        let bare = || {
            words.get(first).is_some_and(|number| {
                let gap = first.checked_sub(1).and_then(|at| words.get(at)).map(|w| folded.slice(w.end, number.start));
                gap.is_none_or(|gap| gap.contains(&b'\n'))
            }) && !words.iter().take(first).any(|word| word.is(roles::INSTITUTION | roles::HOUSE))
        };
        let says = |end: usize| dwelling_says(words, folded, last, end).max(if bare() { 2 } else { 0 });
        let home = end.map_or(0, says).max(if dwelling { 2 } else { 0 });
        let score = weigh(words, folded, first, end.unwrap_or(last)) + home;
        if score >= TELLING
            && let (Some(from), Some(to)) = (words.get(first), words.get(end.unwrap_or(last)))
        {
            hits.push(Hit::identifier(from.start, to.end, Kind::Address));
        }
    }
}

/// `edificio 3, apartamento 2-A`, `vivo en …, casa 14`: where somebody lives, without a street. Gives the dwelling's number.
fn apartment<'w>(words: &'w Words, folded: &Folded<'_>, at: usize) -> Option<&'w Word> {
    let text = |word: &Word| folded.slice(word.start, word.end);
    let (kind, number) = (words.get(at)?, words.get(at + 1)?);
    let home = matches!(text(kind), b"apartment" | b"apartamento" | b"apto");
    let lives = || {
        words.get(at.saturating_sub(WORDS)..at).unwrap_or_default().iter().any(|word| {
            matches!(text(word), b"vivo" | b"vive" | b"vivimos" | b"live" | b"lives" | b"living" | b"domicilio")
        })
    };
    let near = number.start - kind.end <= 3 && number.digits > 0 && number.len() <= 4;
    (near && (home || lives())).then_some(number)
}

/// The street that a word belongs to: a number and up to four words before it, or, in Spanish, behind it; or a post box.
fn street(words: &Words, folded: &Folded<'_>, at: usize) -> Option<(usize, usize)> {
    let word = words.get(at)?;
    let text = |at: usize| words.get(at).map_or(b"".as_slice(), |word| folded.slice(word.start, word.end));
    let joined = |a: usize, b: usize| {
        words.get(a).zip(words.get(b)).is_some_and(|(a, b)| {
            let between = folded.slice(a.end, b.start);
            between.len() <= 3 && !between.iter().any(|byte| b"\n!?;:".contains(byte))
        })
    };
    if matches!(text(at), b"box" | b"apartado") {
        let rural = at.checked_sub(2).is_some_and(|two| matches!(text(two), b"rr" | b"route" | b"hc"));
        let boxed =
            rural || text(at) == b"apartado" || text(at.checked_sub(1)?) == b"o" || text(at.checked_sub(1)?) == b"po";
        let numbered = words.get(at + 1).is_some_and(|next| next.digits > 0);
        return (boxed && numbered && joined(at, at + 1)).then_some((at, at + 1));
    }
    if matches!(
        text(at),
        b"c" | b"calle" | b"avenida" | b"av" | b"calzada" | b"camino" | b"carretera" | b"pasaje" | b"paseo"
    ) {
        let number = (1..=5)
            .take_while(|on| joined(at + on - 1, at + on))
            .find(|on| words.get(at + on).is_some_and(|w| w.digits == w.len()));
        if let Some(number) = number {
            return Some((at, at + number));
        }
    }
    let number = (1..=5).take_while(|back| at >= *back && joined(at - back, at - back + 1)).find(|back| {
        words.get(at - back).is_some_and(|number| {
            // "One Elm Street": the number in words, before a capitalised name.
            let spoken = SPOKEN.contains(&text(at - back))
                && words.get(at - back + 1).is_some_and(|next| folded.is_capital(next.start));
            // "$9", "9:20": part of an amount or of a time.
            let part =
                number.start.checked_sub(1).and_then(|at| folded.at(at)).is_some_and(|b| matches!(b, b'$' | b':'));
            (number.digits > 0 && number.digits + 1 >= number.len() && number.len() <= 6 && !part) || spoken
        })
    })?;
    // "at 9 Dr. Lopez", "2 pm": a number before a title or a unit is none of a house.
    let titled =
        text(at) == b"dr" && words.get(at + 1).is_some_and(|next| next.is(roles::FIRST_NAME | roles::FAMILY_NAME));
    let named = (1..number).all(|back| {
        words.get(at - back).is_some_and(|name| !name.is(roles::MONTH) && name.digits * 2 <= name.len() + 1)
    });
    let between = (1..number).all(|back| {
        !matches!(
            text(at - back),
            b"am"
                | b"pm"
                | b"with"
                | b"minutes"
                | b"min"
                | b"a"
                | b"de"
                | b"y"
                | b"to"
                | b"at"
                | b"on"
                | b"in"
                | b"and"
                | b"or"
                | b"the"
                | b"for"
                | b"onto"
                | b"into"
                | b"off"
                | b"from"
                | b"turn"
                | b"then"
                | b"past"
        )
    });
    let least = if text(at) == b"calle" { 1 } else { 2 };
    (number >= least && !titled && named && between && word.start > 0).then_some((at - number, at))
}

/// The last word of the dwelling's number behind a street, when there is one: `Apt 3B`, `#12`, `piso 3`.
fn dwelling_of(words: &Words, folded: &Folded<'_>, last: usize) -> Option<usize> {
    let word = words.get(last)?;
    let next = words.get(last + 1)?;
    let gap = folded.slice(word.end, next.start);
    // "Calle 8 #114": where streets have numbers for names, this is the house's.
    let numbered = last.checked_sub(1).and_then(|at| words.get(at)).is_some_and(|street| {
        word.digits > 0 && matches!(folded.slice(street.start, street.end), b"calle" | b"carrera" | b"avenida" | b"av")
    });
    if gap.len() <= 3 && gap.contains(&b'#') && next.digits > 0 && !(numbered && folded.at(next.end) != Some(b'-')) {
        return Some(last + 1);
    }
    let number = words.get(last + 2)?;
    let near = gap.len() <= 3 && number.start - next.end <= 3;
    (near && next.is(roles::DWELLING) && number.len() <= 4).then_some(last + 2)
}

/// What a dwelling's number says of whose it is: an apartment is somebody's home, a unit, a floor or a lot may be an office's.
fn dwelling_says(words: &Words, folded: &Folded<'_>, last: usize, end: usize) -> i32 {
    let says = |at: usize, names: &[&[u8]]| {
        words.get(at).is_some_and(|word| names.contains(&folded.slice(word.start, word.end)))
    };
    let office = (last + 1..=end).any(|at| says(at, &[b"unit", b"piso", b"interior", b"int", b"floor", b"local"]));
    let own: &[&[u8]] = &[b"your", b"ur", b"su", b"tu", b"you", b"u", b"my", b"mi", b"patient", b"paciente"];
    let owned = || (last.saturating_sub(2 * WORDS)..last + WORDS).any(|at| says(at, own));
    match office {
        true if owned() => 1,
        true => 0,
        false => 2,
    }
}

/// What the words around a street say of whose it is.
fn weigh(words: &Words, folded: &Folded<'_>, first: usize, last: usize) -> i32 {
    let text = |at: usize| words.get(at).map_or(b"".as_slice(), |word| folded.slice(word.start, word.end));
    let value = |weights: &[Weight], at: usize| {
        let text = text(at);
        let found = weights.iter().find(|(_, names)| names.iter().any(|name| name.as_bytes() == text));
        found.map_or(0, |(weight, _)| *weight)
    };
    let mut score = 0;
    for back in 1..=WORDS.min(first) {
        let at = first - back;
        // "our records have your address as": the records are ours, the address is not.
        let records = text(at) == b"our"
            && matches!(
                text(at + 1),
                b"records" | b"system" | b"file" | b"files" | b"chart" | b"driver" | b"nurse" | b"aide" | b"courier"
            );
        // "pick up your badge at": only who is picked up is picked up at home.
        let things = matches!(text(at), b"pick" | b"pickup")
            && !matches!(text(at + 1), b"you" | b"u" | b"him" | b"her" | b"them" | b"patient" | b"address");
        // "complete your forms": they are the reader's, and the street where they are brought is not.
        let owner = if matches!(text(at), b"forms" | b"packet") { at.wrapping_sub(1) } else { at };
        let brought = matches!(text(owner), b"your" | b"ur" | b"su" | b"sus" | b"tu")
            && ORDERS.contains(&text(owner.wrapping_sub(1)));
        score += if records || things || brought { 0 } else { value(BEFORE, at) };
    }
    // "We are at 1 Main St", "we're at": where the practice is.
    let where_we_are = matches!(text(first.wrapping_sub(1)), b"at" | b"en")
        && (matches!(text(first.wrapping_sub(2)), b"are" | b"re") && text(first.wrapping_sub(3)) == b"we"
            || matches!(text(first.wrapping_sub(2)), b"estamos"));
    score -= if where_we_are { 4 } else { 0 };
    // "my address is RR 2 Box 90A".
    let is = first.checked_sub(1).is_some_and(|before| matches!(text(before), b"is" | b"es" | b"as"));
    let behind: i32 = (last + 1..=last + WORDS).map(|at| value(BEHIND, at)).sum();
    // "is the right address" is said of the clinic's too, unless it says whose.
    let own =
        |at: usize| matches!(text(at), b"your" | b"ur" | b"su" | b"tu" | b"you" | b"u" | b"my" | b"mi" | b"usted");
    let owned = (first.saturating_sub(WORDS)..first).chain(last + 1..=last + WORDS).any(own);
    score += i32::from(is && score == 1 && owned);
    score + behind.clamp(-4, if owned { 3 } else { 1 })
}
