//! Endings that only medical words have: a drug or condition that is on no list is known by them.

use crate::lexicon::Entry;
use crate::table::Info;
use crate::{Kind, Level, roles};
use postern_base::Category;

type Ending = (&'static str, Kind, Level, Option<Category>);

const L3: Level = Level::L3;
const MIND: (Level, Option<Category>) = (Level::L4, Some(Category::MentalHealth));
const VIRUS: (Level, Option<Category>) = (Level::L4, Some(Category::Hiv));

/// Ending, by its last letter so that most words are let go after one look.
const BY_LAST: &[(u8, &[Ending])] = &[
    (
        b'a',
        &[
            ("emia", Kind::Condition, L3, None),
            ("algia", Kind::Symptom, L3, None),
            ("carcinoma", Kind::Condition, L3, None),
            ("sarcoma", Kind::Condition, L3, None),
            ("blastoma", Kind::Condition, L3, None),
            ("cytoma", Kind::Condition, L3, None),
            ("adenoma", Kind::Condition, L3, None),
            ("angioma", Kind::Condition, L3, None),
            ("myoma", Kind::Condition, L3, None),
            ("lymphoma", Kind::Condition, L3, None),
            ("glioma", Kind::Condition, L3, None),
            ("fibroma", Kind::Condition, L3, None),
            ("thelioma", Kind::Condition, L3, None),
            ("penia", Kind::Condition, L3, None),
            ("plegia", Kind::Condition, L3, None),
            ("phrenia", Kind::Condition, MIND.0, MIND.1),
            ("cardia", Kind::Condition, L3, None),
            ("ectomia", Kind::Procedure, L3, None),
            ("ostomia", Kind::Procedure, L3, None),
            ("scopia", Kind::Procedure, L3, None),
            ("plastia", Kind::Procedure, L3, None),
            ("mografia", Kind::Procedure, L3, None),
            ("opatia", Kind::Condition, L3, None),
            ("rrhea", Kind::Symptom, L3, None),
            ("trofia", Kind::Condition, L3, None),
            ("cilina", Kind::Medication, L3, None),
            ("micina", Kind::Medication, L3, None),
            ("ciclina", Kind::Medication, L3, None),
            ("statina", Kind::Medication, L3, None),
            ("oxetina", Kind::Medication, MIND.0, MIND.1),
            ("gliptina", Kind::Medication, L3, None),
            ("flozina", Kind::Medication, L3, None),
            ("glutida", Kind::Medication, L3, None),
            ("tiazida", Kind::Medication, L3, None),
            ("semida", Kind::Medication, L3, None),
        ],
    ),
    (
        b'b',
        &[
            ("zumab", Kind::Medication, L3, None),
            ("ximab", Kind::Medication, L3, None),
            ("lumab", Kind::Medication, L3, None),
            ("cumab", Kind::Medication, L3, None),
            ("tumab", Kind::Medication, L3, None),
            ("numab", Kind::Medication, L3, None),
            ("kimab", Kind::Medication, L3, None),
            ("mumab", Kind::Medication, L3, None),
            ("tinib", Kind::Medication, L3, None),
            ("ciclib", Kind::Medication, L3, None),
            ("rafenib", Kind::Medication, L3, None),
            ("parib", Kind::Medication, L3, None),
            ("coxib", Kind::Medication, L3, None),
        ],
    ),
    (
        b'e',
        &[
            ("dipine", Kind::Medication, L3, None),
            ("oxetine", Kind::Medication, MIND.0, MIND.1),
            ("cycline", Kind::Medication, L3, None),
            ("conazole", Kind::Medication, L3, None),
            ("prazole", Kind::Medication, L3, None),
            ("nidazole", Kind::Medication, L3, None),
            ("bendazole", Kind::Medication, L3, None),
            ("thiazide", Kind::Medication, L3, None),
            ("semide", Kind::Medication, L3, None),
            ("glutide", Kind::Medication, L3, None),
            ("dronate", Kind::Medication, L3, None),
            ("ocaine", Kind::Medication, L3, None),
            ("codone", Kind::Medication, L3, None),
            ("morphone", Kind::Medication, L3, None),
            ("solone", Kind::Medication, L3, None),
            ("metasone", Kind::Medication, L3, None),
            ("glitazone", Kind::Medication, L3, None),
            ("setrone", Kind::Medication, L3, None),
        ],
    ),
    (
        b'l',
        &[
            ("azol", Kind::Medication, L3, None),
            ("olol", Kind::Medication, L3, None),
            ("terol", Kind::Medication, L3, None),
            ("barbital", Kind::Medication, L3, None),
            ("opril", Kind::Medication, L3, None),
            ("afil", Kind::Medication, L3, None),
        ],
    ),
    (b'm', &[("azepam", Kind::Medication, MIND.0, MIND.1), ("azolam", Kind::Medication, MIND.0, MIND.1)]),
    (
        b'n',
        &[
            ("vastatin", Kind::Medication, L3, None),
            ("sartan", Kind::Medication, L3, None),
            ("cillin", Kind::Medication, L3, None),
            ("mycin", Kind::Medication, L3, None),
            ("micin", Kind::Medication, L3, None),
            ("oxacin", Kind::Medication, L3, None),
            ("gliptin", Kind::Medication, L3, None),
            ("gliflozin", Kind::Medication, L3, None),
            ("eparin", Kind::Medication, L3, None),
            ("xaban", Kind::Medication, L3, None),
            ("gatran", Kind::Medication, L3, None),
            ("triptan", Kind::Medication, L3, None),
            ("setron", Kind::Medication, L3, None),
            ("profen", Kind::Medication, L3, None),
            ("glutin", Kind::Medication, L3, None),
        ],
    ),
    (
        b'o',
        &[
            ("floxacino", Kind::Medication, L3, None),
            ("dipino", Kind::Medication, L3, None),
            ("profeno", Kind::Medication, L3, None),
        ],
    ),
    (
        b'r',
        &[
            ("navir", Kind::Medication, VIRUS.0, VIRUS.1),
            ("tegravir", Kind::Medication, VIRUS.0, VIRUS.1),
            ("ciclovir", Kind::Medication, L3, None),
            ("cyclovir", Kind::Medication, L3, None),
            ("buvir", Kind::Medication, L3, None),
            ("fovir", Kind::Medication, VIRUS.0, VIRUS.1),
        ],
    ),
    (
        b's',
        &[
            ("itis", Kind::Condition, L3, None),
            ("osis", Kind::Condition, L3, None),
            ("iasis", Kind::Condition, L3, None),
            ("paresis", Kind::Condition, L3, None),
            ("limus", Kind::Medication, L3, None),
        ],
    ),
    (b't', &[("lukast", Kind::Medication, L3, None), ("xostat", Kind::Medication, L3, None)]),
    (
        b'y',
        &[
            ("ectomy", Kind::Procedure, L3, None),
            ("ostomy", Kind::Procedure, L3, None),
            ("otomy", Kind::Procedure, L3, None),
            ("oscopy", Kind::Procedure, L3, None),
            ("plasty", Kind::Procedure, L3, None),
            ("opathy", Kind::Condition, L3, None),
            ("dystrophy", Kind::Condition, L3, None),
            ("ertrophy", Kind::Condition, L3, None),
            ("angiography", Kind::Procedure, L3, None),
        ],
    ),
];

/// Words that end so without being medical, beside those the lists know.
const NOT_MEDICAL: &[&str] = &[
    "academia",
    "bohemia",
    "nostalgia",
    "dichotomy",
    "geometry",
    "symmetry",
    "asymmetry",
    "telemetry",
    "trigonometry",
    "prognosis",
    "diagnosis",
    "metamorphosis",
    "osmosis",
    "symbiosis",
    "photosynthesis",
    "hypnosis",
    "apotheosis",
    "osis",
    "itis",
    "fotografia",
    "geografia",
    "ortografia",
    "biografia",
    "caligrafia",
    "topografia",
    "tipografia",
    "bibliografia",
    "monografia",
    "coreografia",
    "cartografia",
    "escenografia",
    "poligrafia",
    "vacaciones",
    "apolonia",
    "spectrometry",
    "isometry",
];

/// The shortest word that is judged by its ending.
pub(crate) const SHORTEST: usize = 7;

/// What a word's ending says it is.
pub(crate) fn find(text: &[u8], info: Info) -> Option<Entry> {
    if text.len() < SHORTEST
        || info.section != 0
        || info.roles & (roles::KNOWN | roles::FAMILY_NAME | roles::FIRST_NAME) != 0
    {
        return None;
    }
    let last = text.last()?;
    let plural = *last == b's' && text.len() > SHORTEST;
    let found = of(text, *last).or_else(|| {
        let singular = text.strip_suffix(b"s").filter(|_| plural)?;
        of(singular, *singular.last()?)
    })?;
    let known = NOT_MEDICAL
        .iter()
        .any(|word| text.strip_prefix(word.as_bytes()).is_some_and(|rest| rest.is_empty() || rest == b"s"));
    let (_, kind, level, category) = *found;
    (!known).then(|| Entry::by_ending(kind, level, category))
}

fn of(text: &[u8], last: u8) -> Option<&'static Ending> {
    let (_, endings) = BY_LAST.iter().find(|(letter, _)| *letter == last)?;
    let second = text.len().checked_sub(2).and_then(|at| text.get(at));
    let ends = |ending: &[u8]| {
        ending.len().checked_sub(2).and_then(|at| ending.get(at)) == second
            && text.len() > ending.len() + 1
            && text.ends_with(ending)
    };
    endings.iter().find(|(ending, ..)| ends(ending.as_bytes()))
}
