//! Trains the model for implied content from `corpus/train.txt` and the authors' messages in [`AUTHORED`] and writes `data/model.bin`, then
//! shows what each threshold would find and take wrongly in those of [`APART`] and of sets given by their path, which it is not trained from. Deterministic: the same
//! corpora give the same bytes. `cargo xtask train`; with `--folds` nothing is written, and what is shown is of each author's messages,
//! of whom nothing was trained.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a person at a terminal")]

mod grammar;

use grammar::Dice;
use postern_classify::training;
use std::path::Path;
use std::process::ExitCode;

/// The sets of messages it is trained from, and those that only show how well.
const AUTHORED: &[&str] = &[
    "authored-a.tsv",
    "fresh-a.tsv",
    "implied.tsv",
    "identifiers.tsv",
    "lay.tsv",
    "implied-b.tsv",
    "open-a.tsv",
    "open-b.tsv",
    PROSE,
    "wide-a.tsv",
    "wide-b.tsv",
    "wide-c.tsv",
    "wide-d.tsv",
    "wide-e.tsv",
    "wide-f.tsv",
    "wide-g.tsv",
];
/// What programmers wrote is no author's messages: it always trains.
const PROSE: &str = "prose.tsv";
const APART: &[&str] = &["authored-b.tsv", "fresh-b.tsv"];

/// Expansions of each template for each one its section asks for.
const TIMES: usize = 2;
/// How often each message that an author wrote is seen: what is clean more often.
const AUTHORED_TIMES: usize = 6;
const AUTHORED_CLEAN_TIMES: usize = 8;
const EPOCHS: usize = 8;
const RATE: f32 = 0.08;
/// The orders in which the messages are taken.
const SEEDS: &[u64] = &[5, 17, 29, 41, 53, 67];
/// Shrinks what is seldom seen; the model is to know turns of speech, not sentences.
const DECAY: f32 = 0.001;
/// A clean message that is taken for PHI costs this much more than the reverse.
const CLEAN_COSTS: f32 = 2.0;
/// Below this a message is told right already, and nothing is learned from it.
const TOLD: f32 = 0.001;

/// What the trainer takes: whether a message is PHI, and its passages.
type Row = (bool, Vec<training::Passage>);

fn main() -> ExitCode {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Ok(corpus) = std::fs::read_to_string(home.join("corpus/train.txt")) else {
        eprintln!("corpus/train.txt cannot be read");
        return ExitCode::FAILURE;
    };
    let messages = grammar::expand(&corpus, 3, TIMES);
    let mut rows: Vec<Row> = Vec::new();
    for message in &messages {
        if message.lang != "en" && message.lang != "es" {
            eprintln!("{}: not a language", message.kind);
            return ExitCode::FAILURE;
        }
        match training::passages(&message.text()) {
            Ok(passages) if !passages.is_empty() => rows.push((message.phi, passages)),
            Ok(_) => {}
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        }
    }
    let mut sets: Vec<(&str, Vec<Authored>)> = Vec::new();
    for file in AUTHORED {
        let Some(set) = authored(&home.join("corpus").join(file)) else {
            eprintln!("corpus/{file} cannot be read");
            return ExitCode::FAILURE;
        };
        sets.push((file, set));
    }
    if std::env::args().any(|argument| argument == "--folds") {
        fold(&rows, &sets);
        return ExitCode::SUCCESS;
    }
    rows.extend(sets.iter().flat_map(|(_, set)| repeated(set)));
    let weights = train(&rows);
    let asked: Vec<String> = std::env::args().filter(|argument| argument.ends_with(".tsv")).collect();
    for file in APART.iter().copied().chain(asked.iter().map(String::as_str)) {
        let Some(set) = authored(&home.join("corpus").join(file)) else { continue };
        println!("{file}");
        show(&judged(&weights, &set));
    }
    let bytes: Vec<u8> = weights.iter().flat_map(|weight| quantised(*weight).to_le_bytes()).collect();
    let found = rows.iter().filter(|(phi, passages)| *phi == (best(&weights, passages).1 > 0.0)).count();
    println!(
        "{} messages, {} told right, {} weights",
        rows.len(),
        found,
        weights.iter().filter(|w| quantised(**w) != 0).count()
    );
    if std::fs::write(home.join("data/model.bin"), bytes).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A message of an author: whether it is PHI, and its text.
type Authored = (bool, String);

/// The messages of a set.
fn authored(path: &Path) -> Option<Vec<Authored>> {
    let set = std::fs::read_to_string(path).ok()?;
    let row = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields.as_slice() {
            [_, label, _, _, _, text] => Some((*label == "phi", text.replace("\\n", "\n"))),
            _ => None,
        }
    };
    Some(set.lines().filter(|line| !line.starts_with('#')).filter_map(row).collect())
}

/// The messages as the trainer takes them, each several times.
fn repeated(authored: &[Authored]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (phi, text) in authored {
        if let Ok(passages) = training::passages(text) {
            let times = if *phi { AUTHORED_TIMES } else { AUTHORED_CLEAN_TIMES };
            rows.extend(std::iter::repeat_n((*phi, passages), times).filter(|(_, passages)| !passages.is_empty()));
        }
    }
    rows
}

/// Trains as many times as there are authors, each time without what one of them wrote, and shows what the model says of that.
fn fold(grammar: &[Row], sets: &[(&str, Vec<Authored>)]) {
    let mut all = Vec::new();
    for (aside, set) in sets.iter().filter(|(file, _)| *file != PROSE) {
        let others = sets.iter().filter(|(file, _)| file != aside).flat_map(|(_, set)| repeated(set));
        let found = judged(&train(&grammar.iter().cloned().chain(others).collect::<Vec<_>>()), set);
        println!("{aside}");
        show(&found);
        all.extend(found);
    }
    println!("all");
    show(&all);
}

/// Of each message: whether it is PHI, whether words alone show something in it, and what the model gives it.
fn judged(weights: &[f32], kept: &[Authored]) -> Vec<(bool, bool, f32)> {
    let judge = |(phi, text): &Authored| {
        let passages = training::passages(text).ok()?;
        Some((*phi, training::is_found_by_words(text).ok()?, best(weights, &passages).1 * training::UNIT))
    };
    kept.iter().filter_map(judge).collect()
}

/// What the model adds to what is found by words, by threshold, in messages it was not trained from.
fn show(found: &[(bool, bool, f32)]) {
    for threshold in (0..=100).step_by(10) {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let least = threshold as f32;
        let count = |want: bool, beyond: bool| {
            found.iter().filter(|(phi, known, score)| *phi == want && !known && (!beyond || *score > least)).count()
        };
        println!(
            "above {threshold:3}: {} of {} PHI, {} of {} clean",
            count(true, true),
            count(true, false),
            count(false, true),
            count(false, false)
        );
    }
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to a byte's range")]
fn quantised(weight: f32) -> i8 {
    (weight * training::UNIT).round().clamp(-127.0, 127.0) as i8
}

fn score(weights: &[f32], passage: &training::Passage) -> f32 {
    passage.features.iter().filter_map(|feature| weights.get(*feature)).sum::<f32>() * passage.share
}

/// The passage that scores highest, and its score.
fn best(weights: &[f32], passages: &[training::Passage]) -> (usize, f32) {
    passages
        .iter()
        .map(|passage| score(weights, passage))
        .enumerate()
        .fold((0, f32::MIN), |best, (at, score)| if score > best.1 { (at, score) } else { best })
}

/// The mean of several trainings, each in another order: what only the order taught is evened out.
fn train(rows: &[Row]) -> Vec<f32> {
    let mut mean = vec![0.0_f32; training::SIZE];
    for seed in SEEDS {
        for (sum, weight) in mean.iter_mut().zip(train_once(rows, *seed)) {
            *sum += weight;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let count = SEEDS.len() as f32;
    mean.into_iter().map(|sum| sum / count).collect()
}

/// Logistic regression by stochastic gradient descent. Of a message that is PHI the passage that says so most is taken; of a
/// clean one, every passage.
fn train_once(rows: &[Row], seed: u64) -> Vec<f32> {
    let mut weights = vec![0.0_f32; training::SIZE];
    let mut dice = Dice::new(seed);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    for epoch in 0..EPOCHS {
        for at in (1..order.len()).rev() {
            order.swap(at, dice.roll(at + 1));
        }
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let rate = RATE / (1.0 + epoch as f32 / 3.0);
        for row in &order {
            let Some((phi, passages)) = rows.get(*row) else { continue };
            let chosen =
                if *phi { best(&weights, passages).0..best(&weights, passages).0 + 1 } else { 0..passages.len() };
            for passage in passages.get(chosen).unwrap_or_default() {
                let z = score(&weights, passage);
                let p = 1.0 / (1.0 + (-z).exp());
                let error = if *phi { 1.0 - p } else { -p * CLEAN_COSTS };
                if error.abs() < TOLD {
                    continue;
                }
                for feature in &passage.features {
                    if let Some(weight) = weights.get_mut(*feature) {
                        *weight += rate * error * passage.share - DECAY * *weight;
                    }
                }
            }
        }
    }
    weights
}
