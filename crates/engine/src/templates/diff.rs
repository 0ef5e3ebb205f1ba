//! What changed between two versions of a template: line by line, and word by word within lines that answer each other.

/// What became of a line or a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It is in both.
    Same,
    /// It is only in the older.
    Removed,
    /// It is only in the newer.
    Added,
}

/// A run of text within a line.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Piece {
    /// Whether it changed; never the other side's change.
    pub changed: bool,
    /// The text.
    pub text: String,
}

/// A line of the difference.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Line {
    /// What became of it.
    pub change: Change,
    /// Its runs.
    pub pieces: Vec<Piece>,
}

/// Above this many lines or words the two are not aligned: all of one is removed, all of the other added.
const ALIGNED_MAX: usize = 2_000;

/// The lines of both texts in order, with what became of each.
#[must_use]
pub fn diff(older: &str, newer: &str) -> Vec<Line> {
    let (old, new): (Vec<&str>, Vec<&str>) = (older.lines().collect(), newer.lines().collect());
    let mut lines = Vec::new();
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for (change, line) in align(&old, &new) {
        match change {
            Change::Removed => removed.push(line),
            Change::Added => added.push(line),
            Change::Same => {
                settle(&mut removed, &mut added, &mut lines);
                lines.push(Line { change, pieces: vec![Piece { changed: false, text: line.to_owned() }] });
            }
        }
    }
    settle(&mut removed, &mut added, &mut lines);
    lines
}

/// Lines that were replaced: one by one, each with the words that differ.
fn settle(removed: &mut Vec<&str>, added: &mut Vec<&str>, lines: &mut Vec<Line>) {
    let paired: Vec<(Vec<Piece>, Vec<Piece>)> = removed.iter().zip(added.iter()).map(|(o, n)| words(o, n)).collect();
    let whole = |text: &str| vec![Piece { changed: true, text: text.to_owned() }];
    let (old, new): (Vec<_>, Vec<_>) = paired.into_iter().unzip();
    let pairs = old.len();
    lines.extend(old.into_iter().map(|pieces| Line { change: Change::Removed, pieces }));
    lines.extend(removed.iter().skip(pairs).map(|text| Line { change: Change::Removed, pieces: whole(text) }));
    lines.extend(new.into_iter().map(|pieces| Line { change: Change::Added, pieces }));
    lines.extend(added.iter().skip(pairs).map(|text| Line { change: Change::Added, pieces: whole(text) }));
    removed.clear();
    added.clear();
}

fn words(older: &str, newer: &str) -> (Vec<Piece>, Vec<Piece>) {
    let (old, new): (Vec<&str>, Vec<&str>) = (tokens(older), tokens(newer));
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for (change, word) in align(&old, &new) {
        if change != Change::Added {
            push(&mut left, change == Change::Removed, word);
        }
        if change != Change::Removed {
            push(&mut right, change == Change::Added, word);
        }
    }
    (left, right)
}

fn push(pieces: &mut Vec<Piece>, changed: bool, word: &str) {
    match pieces.last_mut() {
        Some(last) if last.changed == changed => last.text.push_str(word),
        _ => pieces.push(Piece { changed, text: word.to_owned() }),
    }
}

/// Words with the space behind them.
fn tokens(line: &str) -> Vec<&str> {
    line.split_inclusive(' ').collect()
}

/// The longest common subsequence of both, and what is beside it.
fn align<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(Change, &'a str)> {
    let all = |change: Change, items: &[&'a str]| items.iter().map(|item| (change, *item)).collect::<Vec<_>>();
    if old.len().max(new.len()) > ALIGNED_MAX {
        return [all(Change::Removed, old), all(Change::Added, new)].concat();
    }
    let width = new.len().saturating_add(1);
    let mut longest = vec![0u32; width.saturating_mul(old.len().saturating_add(1))];
    let at = |i: usize, j: usize| i.saturating_mul(width).saturating_add(j);
    let read = |table: &[u32], i: usize, j: usize| table.get(at(i, j)).copied().unwrap_or(0);
    for (i, one) in old.iter().enumerate().rev() {
        for (j, other) in new.iter().enumerate().rev() {
            let best = if one == other {
                read(&longest, i + 1, j + 1).saturating_add(1)
            } else {
                read(&longest, i + 1, j).max(read(&longest, i, j + 1))
            };
            if let Some(cell) = longest.get_mut(at(i, j)) {
                *cell = best;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::with_capacity(old.len().max(new.len()));
    loop {
        match (old.get(i), new.get(j)) {
            (Some(one), Some(other)) if one == other => {
                out.push((Change::Same, *one));
                (i, j) = (i + 1, j + 1);
            }
            (Some(one), other) if other.is_none() || read(&longest, i + 1, j) >= read(&longest, i, j + 1) => {
                out.push((Change::Removed, *one));
                i += 1;
            }
            (_, Some(other)) => {
                out.push((Change::Added, *other));
                j += 1;
            }
            (_, None) => return out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(older: &str, newer: &str) -> Vec<String> {
        let piece = |p: &Piece| if p.changed { format!("<{}>", p.text) } else { p.text.clone() };
        let sign = |change| match change {
            Change::Same => ' ',
            Change::Removed => '-',
            Change::Added => '+',
        };
        let line = |l: &Line| format!("{}{}", sign(l.change), l.pieces.iter().map(piece).collect::<String>());
        diff(older, newer).iter().map(line).collect()
    }

    #[test]
    fn a_changed_line_stands_twice_with_the_words_that_changed() {
        assert_eq!(
            shown("a\nCall us soon\nz", "a\nCall us today\nz"),
            [" a", "-Call us <soon>", "+Call us <today>", " z"]
        );
    }

    #[test]
    fn added_and_removed_lines_stand_alone_and_equal_texts_have_no_changes() {
        assert_eq!(shown("a\nb", "a\nb\nc"), [" a", " b", "+<c>"]);
        assert_eq!(shown("a\nb", "b"), ["-<a>", " b"]);
        assert_eq!(shown("a\nb", "a\nb"), [" a", " b"]);
        assert_eq!(shown("", ""), Vec::<String>::new());
    }

    #[test]
    fn texts_too_long_to_align_are_told_as_a_whole() {
        let long = "x\n".repeat(2_001);
        assert_eq!(diff(&long, "y").len(), 2_002);
    }
}
