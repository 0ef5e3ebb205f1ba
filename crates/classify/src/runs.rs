//! A text looked over eight bytes at a time, without a branch for each: where its runs of letters and digits are, whether a byte
//! stands three times, how many capitals there are.

/// The high bit of every byte.
const HIGH: u64 = each(0x80);

/// Eight times a byte.
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The high bit of every byte of ASCII from `least` on; the other bits say nothing.
const fn from(eight: u64, least: u8) -> u64 {
    (eight & !HIGH).wrapping_add(each(0x80 - least))
}

/// A bit for each of eight bytes that is a small letter or a digit, the first byte's lowest.
const fn plain(eight: u64) -> u64 {
    let letters = from(eight, b'a') & !from(eight, b'z' + 1);
    let digits = from(eight, b'0') & !from(eight, b'9' + 1);
    let high = (letters | digits) & !eight & HIGH;
    // Gathers the high bits in the highest byte: no two of the products meet in one bit.
    (high >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// The high bit of every byte that is the same as the two before it; of eight bytes behind others.
const fn thrice(eight: u64, before: u64) -> u64 {
    let (second, first) = (eight << 8 | before >> 56, eight << 16 | before >> 48);
    let differs = (eight ^ second) | (second ^ first);
    // A byte of zeros borrows from its high bit; one above it may do so too, which is no harm.
    differs.wrapping_sub(each(1)) & !differs & HIGH
}

/// Up to sixty-four bytes of a text, looked over.
struct Block {
    /// A bit for each that is a small letter or a digit.
    plain: u64,
    /// Whether one of them may stand for the third time.
    thrice: bool,
    /// The last eight.
    last: u64,
}

impl Block {
    fn of(bytes: &[u8], before: u64) -> Self {
        let (eights, rest) = bytes.as_chunks::<8>();
        let mut last = [0, 1, 2, 3, 4, 5, 6, 7];
        last.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
        let all = eights.iter().chain((!rest.is_empty()).then_some(&last)).take(8).zip((0..).step_by(8));
        let (mut bits, mut repeated, mut before) = (0, 0, before);
        for (eight, at) in all {
            let eight = u64::from_le_bytes(*eight);
            bits |= plain(eight) << at;
            repeated |= thrice(eight, before);
            before = eight;
        }
        Self { plain: bits, thrice: repeated != 0, last: before }
    }
}

/// How many capitals a text of ASCII has.
pub(crate) fn capitals(text: &[u8]) -> usize {
    let (eights, rest) = text.as_chunks::<8>();
    let piece = |piece: &[[u8; 8]]| {
        let capitals = |eight: &[u8; 8]| {
            let eight = u64::from_le_bytes(*eight);
            (from(eight, b'A') & !from(eight, b'Z' + 1) & !eight & HIGH) >> 7
        };
        // A byte of the sum holds as many as a piece has eights.
        let sums = piece.iter().fold(0_u64, |sums, eight| sums.wrapping_add(capitals(eight)));
        sums.to_le_bytes().into_iter().map(usize::from).sum::<usize>()
    };
    eights.chunks(255).map(piece).sum::<usize>() + rest.iter().filter(|byte| byte.is_ascii_uppercase()).count()
}

/// Calls `take` with the first byte of every run and the one behind its last, in order. Says whether some byte may stand three
/// times in a row, and is wrong only in saying yes.
#[inline]
pub(crate) fn of(text: &[u8], mut take: impl FnMut(usize, usize)) -> bool {
    let (mut start, mut inside, mut thrice) = (0, 0, false);
    // Before the text stand two bytes that are not the same.
    let mut last = 1 << 56;
    for (number, bytes) in text.chunks(64).enumerate() {
        let block = Block::of(bytes, last);
        last = block.last;
        thrice |= block.thrice;
        // A bit wherever a run begins or the one before has ended.
        let mut edges = block.plain ^ (block.plain << 1 | inside);
        while edges != 0 {
            let at = 64 * number + usize::try_from(edges.trailing_zeros()).unwrap_or(0);
            edges &= edges.wrapping_sub(1);
            if inside == 0 {
                start = at;
            } else {
                take(start, at);
            }
            inside ^= 1;
        }
    }
    if inside != 0 {
        take(start, text.len());
    }
    thrice
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_stands_three_times_is_seen_and_one_that_does_not_is_not() {
        let thrice = |text: &str| of(text.as_bytes(), |_, _| {});
        for at in 0..140 {
            let before: String = "abc ".chars().cycle().take(at).collect();
            assert!(thrice(&format!("{before}zzz is it")), "{at}");
            assert!(!thrice(&format!("{before}zz is it")), "{at}");
        }
    }

    #[test]
    fn every_run_is_found_wherever_it_begins_and_ends() {
        for length in 0..200 {
            for seed in 0..40_usize {
                let text: Vec<u8> =
                    (0..length).map(|at| b"a9z0`{/: \x1a\x00\x7fAZ\xe9"[(at * at + seed * at + seed) % 15]).collect();
                let mut found = Vec::new();
                let thrice = of(&text, |start, end| found.push((start, end)));
                let is_plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
                let mut wanted = Vec::new();
                let mut at = 0;
                for run in text.chunk_by(|a, b| is_plain(a) == is_plain(b)) {
                    if is_plain(&run[0]) {
                        wanted.push((at, at + run.len()));
                    }
                    at += run.len();
                }
                assert_eq!(found, wanted, "{text:?}");
                let stands = text.windows(3).any(|three| three[0] == three[1] && three[1] == three[2]);
                assert!(thrice || !stands, "{text:?}");
                assert_eq!(capitals(&text), text.iter().filter(|byte| byte.is_ascii_uppercase()).count());
            }
        }
    }
}
