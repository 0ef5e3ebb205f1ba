//! How a net is trained: to the same bytes every time, by sums, products and roots alone, which every machine computes alike.

use super::{FEATURES, Hash, UNIT, features, share};

const EPOCHS: u8 = 10;
const RATE: f32 = 0.4;
/// The orders in which the examples are taken.
const SEEDS: [u64; 3] = [5, 17, 29];
/// Shrinks what is seldom seen: turns of speech are to be learned, not sentences.
const DECAY: f32 = 0.004;

/// A text of the corpus: its passages, and the right answer to each question.
#[derive(Debug, Clone)]
pub struct Example<const N: usize> {
    passages: Vec<Vec<usize>>,
    answers: [bool; N],
    times: usize,
}

impl<const N: usize> Example<N> {
    /// A text of these passages, seen so many `times` in one round.
    pub fn new<'p>(passages: impl IntoIterator<Item = &'p [String]>, answers: [bool; N], times: usize) -> Self {
        let of = |words: &[String]| {
            let mut found = Vec::new();
            features(words, |feature| found.push(feature));
            found
        };
        Self { passages: passages.into_iter().map(of).collect(), answers, times }
    }
}

/// The weights that these examples train, as [`super::Net::new`] takes them: the mean of several trainings, each in another order.
#[must_use]
pub fn train<const N: usize>(examples: &[Example<N>]) -> Vec<u8> {
    let mut sums = no_weights::<N>();
    for seed in SEEDS {
        for (sum, trained) in sums.iter_mut().zip(train_once(examples, seed)) {
            for (sum, trained) in sum.iter_mut().zip(trained) {
                *sum += trained;
            }
        }
    }
    sums.iter().flatten().map(|sum| stored(sum / f32::from(SEEDS.len() as u8))).collect()
}

fn no_weights<const N: usize>() -> Vec<[f32; N]> {
    std::iter::repeat_n([0.0; N], FEATURES).collect()
}

fn stored(weight: f32) -> u8 {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to a signed byte")]
    let weight = (weight * UNIT).round().clamp(-127.0, 127.0) as i8;
    weight.cast_unsigned()
}

fn train_once<const N: usize>(examples: &[Example<N>], seed: u64) -> Vec<[f32; N]> {
    let mut weights = no_weights::<N>();
    let mut order: Vec<&Example<N>> = examples.iter().collect();
    let mut state = seed;
    for epoch in 0..EPOCHS {
        for at in (1..order.len()).rev() {
            // Knuth's linear congruential generator, for the order alone.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            order.swap(at, (state >> 33) as usize % (at + 1));
        }
        let rate = RATE / (1.0 + f32::from(epoch));
        for example in &order {
            for passage in example.passages.iter().cycle().take(example.passages.len() * example.times) {
                learn(&mut weights, passage, example.answers, rate);
            }
        }
    }
    weights
}

/// One step down the squared hinge, until the score is beyond 1 on its side.
fn learn<const N: usize>(weights: &mut [[f32; N]], passage: &[usize], answers: [bool; N], rate: f32) {
    let share = share(u16::try_from(passage.len()).unwrap_or(u16::MAX));
    let mut scores = [0.0_f32; N];
    for feature in passage {
        for (score, weight) in scores.iter_mut().zip(weights.get(*feature).into_iter().flatten()) {
            *score += weight;
        }
    }
    let mut sides = [0.0_f32; N];
    let mut shorts = [0.0_f32; N];
    for (((side, short), score), yes) in sides.iter_mut().zip(&mut shorts).zip(scores).zip(answers) {
        *side = if yes { 1.0 } else { -1.0 };
        *short = (1.0 - *side * score * share).max(0.0);
    }
    for feature in passage {
        let Some(row) = weights.get_mut(*feature) else { continue };
        for ((weight, side), short) in row.iter_mut().zip(sides).zip(shorts) {
            if short > 0.0 {
                *weight += rate * (side * short * share - DECAY * *weight);
            }
        }
    }
}

/// Which of so many `parts` of a corpus `text` falls into: always the same, and no part differs from another but by chance.
#[must_use]
pub fn part(text: &str, parts: usize) -> usize {
    Hash::of_letters().with(text.as_bytes()).feature().checked_rem(parts).unwrap_or(0)
}
