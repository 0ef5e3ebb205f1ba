//! What the net is trained from: `corpus/`, to the same bytes every time. `cargo test -p postern-gate --lib -- --ignored train_the_net` writes `data/net.bin` anew, and into `corpus/figures.tsv` what the net
//! holds of replies that it was not trained from.

use super::super::{Meaning, read_by_rules};
use super::{Scores, Seen};
use postern_net::Net;
use postern_net::training::{self, Example};
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
}

impl Row {
    fn new(set: &str, expected: &str, text: &str) -> Self {
        Self {
            text: text.to_owned(),
            expected: format!("{set} {expected}"),
            foreign: set == "world",
            unwanted: !matches!(expected, "none" | "any"),
        }
    }

    /// How often it is seen in one round: the house's near misses more often, for they stand for what the rules took pains to let go.
    fn times(&self) -> usize {
        if self.expected == "house none" { HOUSE_NONE_TIMES } else { 1 }
    }

    fn example(&self) -> Example<2> {
        Example::new(Seen::new(&self.text).passages(), [self.foreign, self.unwanted], self.times())
    }

    fn fold(&self) -> usize {
        training::part(&self.text, FOLDS)
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

fn train(rows: &[&Row]) -> Vec<u8> {
    training::train(&rows.iter().map(|row| row.example()).collect::<Vec<_>>())
}

/// What the net with these weights makes of replies: of each set and expectation, how many there are; in how many of them the rules hear
/// nothing, and how many of these are held; of how many they have no more than a doubt, and how many of these are let go.
fn held(stored: &[u8], rows: &[&Row], counts: &mut BTreeMap<String, [usize; 5]>) {
    let net = Net::new(stored);
    for row in rows {
        let seen = Seen::new(&row.text);
        let score = |words: &[String]| Scores::of(net, words);
        let mut passages = seen.passages();
        let another = seen.is_of_another_script();
        let ruled = read_by_rules(&row.text);
        let [all, left, caught, doubted, let_go] = counts.entry(row.expected.clone()).or_default();
        *all += 1;
        if ruled.meaning == Meaning::Other {
            *left += 1;
            let held = !seen.is_harmless() && passages.any(|words| score(words).hold(words, another));
            *caught += usize::from(held);
        } else if let Some(doubt) = ruled.doubt {
            *doubted += 1;
            let go = !another && passages.all(|words| score(words).let_go(words, doubt));
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
