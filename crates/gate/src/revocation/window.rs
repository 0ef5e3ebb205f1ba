//! Long messages, a window at a time: so the work of reading grows with the text and no faster, whatever somebody writes in an e-mail.

use super::Meaning;

/// The most characters that are read together. A reply is shorter by far; more than that is a letter, of which each part is read.
const LONGEST: usize = 2_000;
/// How far a window reaches back into the one before it, where no clause ends between them: as far as a sentence that revokes is long.
const BACK: usize = 200;

/// The parts of `text` that are read together, the whole of it where it is short. Each ends where a clause ends, else at a blank; and where
/// no clause ends, the next begins a little before, so that no sentence is heard by halves alone.
pub(super) fn windows(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (window, next) = first(text);
        rest = next;
        Some(window)
    })
}

/// The first window of `text`, and the text that the next begins; `None` where nothing is left.
fn first(text: &str) -> (&str, Option<&str>) {
    let Some((longest, _)) = text.char_indices().nth(LONGEST) else { return (text, None) };
    let head = text.get(..longest).unwrap_or(text);
    // A clause that ends in the first half leaves windows that are too many.
    let behind = head.char_indices().nth(LONGEST / 2).map_or(0, |(at, _)| at);
    let ended = head.rfind(super::CLAUSE_ENDS).and_then(|at| after(head, at)).filter(|at| *at > behind);
    let (end, next) = match ended {
        Some(end) => (end, end),
        None => {
            let end = head.rfind(char::is_whitespace).filter(|at| *at > behind).unwrap_or(longest);
            (end, back(head, end))
        }
    };
    (text.get(..end).unwrap_or(text), text.get(next..))
}

/// Where the character behind the one at `at` begins.
fn after(text: &str, at: usize) -> Option<usize> {
    text.get(at..)?.chars().next().map(|c| at.saturating_add(c.len_utf8()))
}

/// A blank at most [`BACK`] characters before `end`; `end` where there is none.
fn back(text: &str, end: usize) -> usize {
    let before = text.get(..end).unwrap_or(text);
    let from = before.char_indices().rev().nth(BACK).map_or(0, |(at, _)| at);
    let blank = before.get(from..).and_then(|last| last.find(char::is_whitespace));
    blank.map_or(end, |at| from.saturating_add(at))
}

/// What is meant by a text of which one part means `one` and another `other`: what holds more back.
pub(super) fn stronger(one: Meaning, other: Meaning) -> Meaning {
    let says = |test: fn(Meaning) -> bool| test(one) || test(other);
    if says(Meaning::stops) && says(Meaning::is_wrong_number) {
        return Meaning::WrongNumberAndStop;
    }
    let by_strength = [Meaning::Revokes, Meaning::RevokesOrCancelsVisit, Meaning::WrongNumber, Meaning::Ambiguous];
    // START and HELP count only by themselves: a part of a letter is not a command.
    by_strength.into_iter().find(|meaning| [one, other].contains(meaning)).unwrap_or(Meaning::Other)
}

#[cfg(test)]
mod tests {
    use super::super::{Meaning, read};
    use super::{BACK, LONGEST, windows};

    /// A letter as long as an e-mail may be here, without what asks for an end.
    fn letter() -> String {
        "Thank you for the kind words of last week. I will bring the papers on Friday, and my son drives me. "
            .repeat(660)
    }

    #[test]
    fn a_stop_at_the_end_of_a_long_text_is_heard() {
        let letter = letter();
        assert!(letter.len() > 64_000);
        assert_eq!(read(&letter), Meaning::Other);
        assert_eq!(read(&format!("{letter}STOP")), Meaning::Revokes);
        let letter = letter.get(..8_000).unwrap();
        for (said, meaning) in [
            ("Please stop texting me.", Meaning::Revokes),
            ("You have the wrong number", Meaning::WrongNumber),
            ("wrong number, stop texting me", Meaning::WrongNumberAndStop),
            ("please cancel my appointment", Meaning::Ambiguous),
        ] {
            assert_eq!(read(&format!("{letter}{said}")), meaning, "{said}");
            assert_eq!(read(&format!("{said}. {letter}")), meaning, "{said}");
        }
        assert_eq!(read(&format!("Stop texting me. {letter} This is the wrong number.")), Meaning::WrongNumberAndStop);
    }

    #[test]
    fn a_sentence_that_a_window_would_cut_is_heard_whole_wherever_it_stands() {
        for words in (380..420).chain(780..800) {
            let text = format!("{}please do not text me again {}", "papers ".repeat(words / 2), "friday ".repeat(300));
            assert_eq!(read(&text), Meaning::Revokes, "behind {} words", words / 2);
        }
    }

    #[test]
    fn start_and_help_are_no_commands_in_a_long_text() {
        for said in ["START", "HELP"] {
            assert_ne!(read(said), Meaning::Other);
            assert_eq!(read(&format!("{}{said}", letter().get(..8_000).unwrap())), Meaning::Other, "{said}");
        }
    }

    #[test]
    fn the_work_grows_as_the_text_does() {
        for piece in ["dont want stop ", "stop", "no. ", "停止发短信", " ", "ok, thank you for that; "] {
            for times in [1, 1_000, 2_000, 4_000, 16_000] {
                let text = piece.repeat(times);
                let (length, parts) = (text.chars().count(), windows(&text).collect::<Vec<_>>());
                let longest = parts.iter().map(|part| part.chars().count()).max().unwrap();
                let read_in_all: usize = parts.iter().map(|part| part.chars().count()).sum();
                assert!(longest <= LONGEST, "{piece:?}");
                assert!(parts.len() <= 1 + length / (LONGEST / 2 - BACK), "{piece:?}: {} windows", parts.len());
                assert!(read_in_all >= length && read_in_all <= length + parts.len() * (BACK + 1), "{piece:?}");
            }
        }
    }
}
