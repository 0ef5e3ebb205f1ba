//! A small linear model over the words and letters of a short text: the second net under what rules and tables read.
//!
//! Two readers use it, that of revocations in `gate` and that of danger in `classify`; each has weights and thresholds of its own. A net
//! answers in a few microseconds, needs one kilobyte of memory for each sixty-four features, and [`training`] makes the same bytes from
//! the same corpus on every machine.
//!
//! What this crate must not do: know what a text means. It sees words that its caller made, and gives numbers.
//!
//! Start at [`Net`].

pub mod training;

/// How many features have weights of their own.
pub const FEATURES: usize = 1 << 16;
/// A stored weight is this many times the trained one.
const UNIT: f32 = 64.0;
/// The longest run of letters that is a feature.
const RUN_MAX: usize = 5;

/// Weights of `N` questions: of each hashed feature `N` signed bytes.
#[derive(Debug, Clone, Copy)]
pub struct Net<'w, const N: usize> {
    weights: &'w [[u8; N]],
}

impl<'w, const N: usize> Net<'w, N> {
    /// The net of these stored weights, as [`training::train`] made them. What is missing of [`FEATURES`] weighs nothing.
    #[must_use]
    pub const fn new(weights: &'w [u8]) -> Self {
        Self { weights: weights.as_chunks().0 }
    }

    /// What the net says to each of its questions of a passage, of whose words each is small letters, digits or one sign: about -1 for
    /// no, 1 for yes, 0 where it knows nothing or nothing is said.
    #[must_use]
    pub fn scores(&self, words: &[String]) -> [f32; N] {
        if words.is_empty() {
            return [0.0; N];
        }
        let (mut sums, mut count) = ([0_i32; N], 0_u16);
        features(words, |feature| {
            for (sum, weight) in sums.iter_mut().zip(self.weights.get(feature).into_iter().flatten()) {
                *sum = sum.saturating_add(i32::from(weight.cast_signed()));
            }
            count = count.saturating_add(1);
        });
        #[expect(clippy::cast_precision_loss, reason = "sums of some thousand bytes")]
        sums.map(|sum| sum as f32 * share(count) / UNIT)
    }
}

/// What a sum over so many features is multiplied by, so that long texts and short ones compare.
fn share(count: u16) -> f32 {
    1.0 / f32::from(count.max(1)).sqrt()
}

/// Calls `take` with every feature of a passage: its words, their pairs, and the runs of one to five letters across it.
fn features(words: &[String], mut take: impl FnMut(usize)) {
    let mut last = Hash::of_words();
    for word in words {
        take(Hash::of_words().with(word.as_bytes()).feature());
        take(last.with(b" ").with(word.as_bytes()).feature());
        last = Hash::of_words().with(word.as_bytes());
    }
    let letters: Vec<u32> = [" "]
        .into_iter()
        .chain(words.iter().flat_map(|word| [word.as_str(), " "]))
        .flat_map(str::chars)
        .map(u32::from)
        .collect();
    for start in 0..letters.len() {
        let mut hash = Hash::of_letters();
        for letter in letters.iter().skip(start).take(RUN_MAX) {
            hash = hash.then(u64::from(*letter));
            take(hash.feature());
        }
    }
}

/// FNV-1a, the bits stirred before they are used.
#[derive(Clone, Copy)]
struct Hash(u64);

impl Hash {
    const fn of_words() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    const fn of_letters() -> Self {
        Self::of_words().then(1)
    }

    const fn then(self, value: u64) -> Self {
        Self((self.0 ^ value).wrapping_mul(0x0000_0100_0000_01b3))
    }

    fn with(self, bytes: &[u8]) -> Self {
        bytes.iter().fold(self, |hash, byte| hash.then(u64::from(*byte)))
    }

    const fn feature(self) -> usize {
        (self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::training::{Example, train};
    use super::{FEATURES, Net};

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn what_it_was_trained_from_it_tells_apart_and_of_the_unknown_it_says_little() {
        let example = |text: &str, yes| Example::new([&words(text)[..]], [yes], 4);
        let trained = train(&[
            example("please stop these", true),
            example("stop it now", true),
            example("see you on monday", false),
            example("thank you so much", false),
        ]);
        let net = Net::<1>::new(&trained);
        let score = |text: &str| net.scores(&words(text))[0];
        assert!(score("stop these now") > 0.5, "{}", score("stop these now"));
        assert!(score("see you monday") < -0.5, "{}", score("see you monday"));
        assert!(score("0000").abs() < 0.3, "{}", score("0000"));
        assert_eq!(net.scores(&[]), [0.0]);
    }

    #[test]
    fn the_same_corpus_gives_the_same_bytes_and_weights_that_are_missing_weigh_nothing() {
        let corpus = || vec![Example::new([&words("a b c")[..]], [true, false], 1)];
        let trained = train(&corpus());
        assert_eq!(trained, train(&corpus()));
        assert_eq!(trained.len(), 2 * FEATURES);
        assert_eq!(Net::<2>::new(&[]).scores(&words("a b c")), [0.0, 0.0]);
    }
}
