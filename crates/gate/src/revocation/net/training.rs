//! How the net is trained: from `corpus/`, to the same bytes every time, by sums, products and roots alone, which every machine computes
//! alike. `cargo test -p postern-gate --lib -- --ignored train_the_net` writes `data/net.bin` anew, and into `corpus/figures.tsv` what the net
//! holds of replies that it was not trained from.

use super::super::{Meaning, read_by_rules};
use super::{Hash, SIZE, Scores, Seen, UNIT, features, share};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Replies in English and Spanish, with what is expected of the reading.
const REPLIES: &str = include_str!("../../../corpus/replies.tsv");
/// Replies in other languages.
const WORLD: &str = include_str!("../../../corpus/world.tsv");
/// The sentences that the rules are tested with: they always train, for who wrote them knew the reader.
const HOUSE: &str = include_str!("../../../corpus/house.tsv");
/// What clinics and patients write in English and Spanish about everything else: of these sets of the classifier's, every so many'th
/// message. Their authors knew nothing of replies; the sets that the classifier keeps apart are not among them.
const BACKGROUND: &[&str] = &[
    "authored-a",
    "fresh-a",
    "identifiers",
    "implied",
    "implied-b",
    "lay",
    "open-a",
    "open-b",
    "wide-a",
    "wide-b",
    "wide-c",
    "wide-d",
    "wide-e",
    "wide-f",
    "wide-g",
];
const BACKGROUND_EVERY: usize = 4;

const EPOCHS: usize = 10;
const RATE: f32 = 0.4;
/// The orders in which the replies are taken.
const SEEDS: &[u64] = &[5, 17, 29];
/// Shrinks what is seldom seen: turns of speech are to be learned, not sentences.
const DECAY: f32 = 0.004;
/// How often a near miss of the house is seen.
const HOUSE_NONE_TIMES: usize = 4;
/// How many parts the replies are cut into, each judged by weights that were trained from the others.
const FOLDS: usize = 5;

/// The set of those who wrote the rules.
const OURS: &str = "house";

/// One reply of the corpus.
struct Row {
    text: String,
    /// The set it is of, and what is expected: `replies revoke`.
    expected: String,
    foreign: bool,
    /// Whether it wants to be left alone, or is not the patient's.
    unwanted: bool,
    passages: Vec<Vec<usize>>,
}

impl Row {
    fn new(set: &str, expected: &str, text: &str) -> Self {
        let features_of = |words: &[String]| {
            let mut found = Vec::new();
            features(words, |feature| found.push(feature));
            found
        };
        Self {
            text: text.to_owned(),
            expected: format!("{set} {expected}"),
            foreign: set == "world",
            unwanted: !matches!(expected, "none" | "any"),
            passages: Seen::new(text).passages().map(features_of).collect(),
        }
    }

    /// How often it is seen in one round: the house's near misses more often, for they stand for what the rules took pains to let go.
    fn times(&self) -> usize {
        if self.expected == "house none" { HOUSE_NONE_TIMES } else { 1 }
    }

    fn fold(&self) -> usize {
        Hash::of_letters().with(self.text.as_bytes()).feature() % FOLDS
    }
}

fn rows() -> Vec<Row> {
    let sets = [("replies", REPLIES), ("world", WORLD), (OURS, HOUSE)];
    let lines = sets.iter().flat_map(|(set, file)| file.lines().map(move |line| (*set, line)));
    let row = |(set, line): (&str, &str)| match line.splitn(4, '\t').collect::<Vec<_>>()[..] {
        [_, expected, _, text] => Some(Row::new(set, expected, text)),
        _ => None,
    };
    let written: Vec<Row> = lines.filter(|(_, line)| !line.starts_with('#')).filter_map(row).collect();
    written.into_iter().chain(BACKGROUND.iter().flat_map(|set| background(set))).collect()
}

/// The messages that are taken of one of the classifier's sets: number, label, kind, language, style, text.
fn background(set: &str) -> Vec<Row> {
    let set = std::fs::read_to_string(file(&format!("../classify/corpus/{set}.tsv"))).unwrap();
    let lines = set.lines().filter(|line| !line.starts_with('#'));
    let plain = lines.filter_map(|line| match line.splitn(6, '\t').collect::<Vec<_>>()[..] {
        [_, _, _, "en" | "es", "plain", text] => Some(Row::new("background", "none", text)),
        _ => None,
    });
    plain.step_by(BACKGROUND_EVERY).collect()
}

/// Two weights of each feature.
type Weights = Vec<[f32; 2]>;

/// The mean of several trainings, each in another order, as it is stored.
fn train(rows: &[&Row]) -> Vec<u8> {
    let trained: Vec<Weights> = SEEDS.iter().map(|seed| train_once(rows, *seed)).collect();
    let mean =
        |at: usize, which: usize| trained.iter().map(|weights| weights[at][which]).sum::<f32>() / SEEDS.len() as f32;
    let stored = |weight: f32| ((weight * UNIT).round().clamp(-127.0, 127.0) as i8).cast_unsigned();
    (0..SIZE).flat_map(|at| [stored(mean(at, 0)), stored(mean(at, 1))]).collect()
}

fn train_once(rows: &[&Row], seed: u64) -> Weights {
    let mut weights = vec![[0.0_f32; 2]; SIZE];
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut state = seed;
    for epoch in 0..EPOCHS {
        for at in (1..order.len()).rev() {
            // Knuth's linear congruential generator, for the order alone.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            order.swap(at, (state >> 33) as usize % (at + 1));
        }
        let rate = RATE / (1.0 + epoch as f32);
        for row in order.iter().map(|at| rows[*at]) {
            for passage in row.passages.iter().cycle().take(row.passages.len() * row.times()) {
                learn(&mut weights, 0, passage, row.foreign, rate);
                learn(&mut weights, 1, passage, row.unwanted, rate);
            }
        }
    }
    weights
}

/// One step down the squared hinge, until the score is beyond 1 on its side.
fn learn(weights: &mut Weights, which: usize, passage: &[usize], yes: bool, rate: f32) {
    let share = share(passage.len() as u16);
    let side = if yes { 1.0 } else { -1.0 };
    let score = passage.iter().map(|feature| weights[*feature][which]).sum::<f32>() * share;
    let short = 1.0 - side * score;
    if short > 0.0 {
        for feature in passage {
            let weight = &mut weights[*feature][which];
            *weight += rate * (side * short * share - DECAY * *weight);
        }
    }
}

/// What the net with these weights makes of replies: of each set and expectation, how many there are; in how many of them the rules hear
/// nothing, and how many of these are held; of how many they have no more than a doubt, and how many of these are let go.
fn held(stored: &[u8], rows: &[&Row], counts: &mut BTreeMap<String, [usize; 5]>) {
    for row in rows {
        let seen = Seen::new(&row.text);
        let score = |passage: &Vec<usize>| {
            let sum = |which: usize| {
                passage.iter().map(|feature| i32::from(stored[feature * 2 + which].cast_signed())).sum::<i32>()
            };
            let score = |which: usize| sum(which) as f32 * share(passage.len() as u16) / UNIT;
            Scores { foreign: score(0), unwanted: score(1) }
        };
        let mut passages = seen.passages().zip(&row.passages);
        let another = seen.is_of_another_script();
        let ruled = read_by_rules(&row.text);
        let [all, left, caught, doubted, let_go] = counts.entry(row.expected.clone()).or_default();
        *all += 1;
        if ruled.meaning == Meaning::Other {
            *left += 1;
            let held = !seen.is_harmless() && passages.any(|(words, passage)| score(passage).hold(words, another));
            *caught += usize::from(held);
        } else if let Some(doubt) = ruled.doubt {
            *doubted += 1;
            let go = !another && passages.all(|(words, passage)| score(passage).let_go(words, doubt));
            *let_go += usize::from(go);
        }
    }
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn the_weights_are_what_the_corpus_trains() {
    let rows = rows();
    let stored = train(&rows.iter().collect::<Vec<_>>());
    assert!(
        stored == std::fs::read(file("data/net.bin")).unwrap(),
        "train the net anew: the corpus or the trainer has changed"
    );
}

#[test]
#[ignore = "writes the weights and the figures anew"]
fn train_the_net() {
    let rows = rows();
    std::fs::write(file("data/net.bin"), train(&rows.iter().collect::<Vec<_>>())).unwrap();
    let mut counts = BTreeMap::new();
    for fold in 0..FOLDS {
        let (aside, others): (Vec<&Row>, Vec<&Row>) =
            rows.iter().partition(|row| row.fold() == fold && !row.expected.starts_with(OURS));
        held(&train(&others), &aside, &mut counts);
    }
    let mut out = String::from(
        "# Replies of each set by what is expected; those of them in which the rules hear nothing, and those of these that the net holds; those\n# of which the rules have no more than a doubt, and those of these that the net lets go. It was trained from the\n# other four fifths. Written by `train_the_net`.\nset\texpected\treplies\tunheard\theld\tdoubted\tlet_go\n",
    );
    for (expected, [all, unheard, held, doubted, let_go]) in counts {
        let (set, expected) = expected.split_once(' ').unwrap();
        writeln!(out, "{set}\t{expected}\t{all}\t{unheard}\t{held}\t{doubted}\t{let_go}").unwrap();
    }
    std::fs::write(file("corpus/figures.tsv"), out).unwrap();
}
