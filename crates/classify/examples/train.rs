//! Trains the model for implied content from `corpus/train.txt` and the authors' messages in [`AUTHORED`] and writes `data/model.bin`, then
//! shows what each threshold would find and take wrongly in those of [`APART`], which it is not trained from. Deterministic: the same
//! corpora give the same bytes. `cargo xtask train`; with `--folds` nothing is written, and what is shown is of authors' messages
//! that stood aside.
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
    "prose.tsv",
];
const APART: &[&str] = &["authored-b.tsv", "fresh-b.tsv"];

/// Expansions of each template for each one its section asks for.
const TIMES: usize = 10;
/// How often each message that an author wrote is seen: what words find already less often than the rest, what is clean more often.
const AUTHORED_TIMES: usize = 6;
const AUTHORED_FOUND_TIMES: usize = 2;
const AUTHORED_CLEAN_TIMES: usize = 8;
const EPOCHS: usize = 8;
const RATE: f32 = 0.08;
/// The orders in which the messages are taken.
const SEEDS: &[u64] = &[5, 17, 29, 41, 53, 67];
/// Shrinks what is seldom seen; the model is to know turns of speech, not sentences.
const DECAY: f32 = 0.0002;
/// A clean message that is taken for PHI costs this much more than the reverse.
const CLEAN_COSTS: f32 = 2.0;

/// Of how many messages standing together, and in how many parts, `--folds` divides the authors' messages.
const RUN: usize = 16;
const FOLDS: usize = 5;

/// What the trainer takes: whether a message is PHI, and its sentences.
type Row = (bool, Vec<training::Sentence>);

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
        match training::sentences(&message.text()) {
            Ok(sentences) if !sentences.is_empty() => rows.push((message.phi, sentences)),
            Ok(_) => {}
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        }
    }
    let mut written: Vec<Authored> = Vec::new();
    for file in AUTHORED {
        let Some(set) = authored(&home.join("corpus").join(file)) else {
            eprintln!("corpus/{file} cannot be read");
            return ExitCode::FAILURE;
        };
        let after = written.len();
        written.extend(set.into_iter().map(|(at, phi, text)| (after + at, phi, text)));
    }
    let authored = written;
    if std::env::args().any(|argument| argument == "--folds") {
        fold(&rows, &authored);
        return ExitCode::SUCCESS;
    }
    rows.extend(repeated(&authored.iter().collect::<Vec<_>>()));
    let weights = train(&rows);
    for file in APART {
        let Some(set) = self::authored(&home.join("corpus").join(file)) else { continue };
        println!("{file}");
        show(&judged(&weights, &set.iter().collect::<Vec<_>>()));
    }
    let bytes: Vec<u8> = weights.iter().flat_map(|weight| quantised(*weight).to_le_bytes()).collect();
    let found = rows.iter().filter(|(phi, sentences)| *phi == (best(&weights, sentences).1 > 0.0)).count();
    println!(
        "{} messages, {} told right, {} weights",
        rows.len(),
        found,
        weights.iter().filter(|w| quantised(**w) != 0).count()
    );
    if std::fs::write(home.join("data/model.bin"), bytes).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A message of an author: where it stands in its set, whether it is PHI, and its text.
type Authored = (usize, bool, String);

/// The messages of a set.
fn authored(path: &Path) -> Option<Vec<Authored>> {
    let set = std::fs::read_to_string(path).ok()?;
    let row = |(at, line): (usize, &str)| {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields.as_slice() {
            [_, label, _, _, _, text] => Some((at, *label == "phi", text.replace("\\n", "\n"))),
            _ => None,
        }
    };
    Some(set.lines().enumerate().filter(|(_, line)| !line.starts_with('#')).filter_map(row).collect())
}

/// The messages as the trainer takes them, each several times.
fn repeated(authored: &[&Authored]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (_, phi, text) in authored {
        if let Ok(sentences) = training::sentences(text) {
            let times = match training::is_found_by_words(text) {
                _ if !phi => AUTHORED_CLEAN_TIMES,
                Ok(true) => AUTHORED_FOUND_TIMES,
                _ => AUTHORED_TIMES,
            };
            rows.extend(std::iter::repeat_n((*phi, sentences), times).filter(|(_, sentences)| !sentences.is_empty()));
        }
    }
    rows
}

/// Trains five times without a fifth of the authors' messages and shows what the model says of the fifths it has not seen. Messages
/// of one template stand together in the set, so that fifths are made of runs of it.
fn fold(grammar: &[Row], authored: &[Authored]) {
    let mut found = Vec::new();
    for fifth in 0..FOLDS {
        let (kept, seen): (Vec<&Authored>, Vec<&Authored>) =
            authored.iter().partition(|(at, ..)| at / RUN % FOLDS == fifth);
        let rows: Vec<Row> = grammar.iter().cloned().chain(repeated(&seen)).collect();
        found.extend(judged(&train(&rows), &kept));
    }
    show(&found);
}

/// Of each message: whether it is PHI, whether words alone show something in it, and what the model gives it.
fn judged(weights: &[f32], kept: &[&Authored]) -> Vec<(bool, bool, f32)> {
    let judge = |(_, phi, text): &&Authored| {
        let sentences = training::sentences(text).ok()?;
        Some((*phi, training::is_found_by_words(text).ok()?, best(weights, &sentences).1 * training::UNIT))
    };
    kept.iter().filter_map(judge).collect()
}

/// What the model adds to what is found by words, by threshold, in messages it was not trained from.
fn show(found: &[(bool, bool, f32)]) {
    for threshold in (0..=120).step_by(5) {
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

fn score(weights: &[f32], sentence: &training::Sentence) -> f32 {
    sentence.features.iter().filter_map(|feature| weights.get(*feature)).sum::<f32>() * sentence.share
}

/// The sentence that scores highest, and its score.
fn best(weights: &[f32], sentences: &[training::Sentence]) -> (usize, f32) {
    sentences
        .iter()
        .map(|sentence| score(weights, sentence))
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

/// Logistic regression by stochastic gradient descent. Of a message that is PHI the sentence that says so most is taken; of a
/// clean one, every sentence.
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
            let Some((phi, sentences)) = rows.get(*row) else { continue };
            let chosen =
                if *phi { best(&weights, sentences).0..best(&weights, sentences).0 + 1 } else { 0..sentences.len() };
            for sentence in sentences.get(chosen).unwrap_or_default() {
                let z = score(&weights, sentence);
                let p = 1.0 / (1.0 + (-z).exp());
                let error = if *phi { 1.0 - p } else { -p * CLEAN_COSTS };
                for feature in &sentence.features {
                    if let Some(weight) = weights.get_mut(*feature) {
                        *weight += rate * error * sentence.share - DECAY * *weight;
                    }
                }
            }
        }
    }
    weights
}
