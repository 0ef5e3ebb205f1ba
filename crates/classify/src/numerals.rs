//! Numbers written out in words, digit by digit: `one two three, four five, six seven eight nine`.

use crate::fold::Folded;
use crate::patterns::{is_call_cue, is_callback, is_social_cue};
use crate::text::{Word, Words};
use crate::{ClassifierError, Context, Hit, Kind, Level};

fn digit(word: &str) -> Option<char> {
    Some(match word {
        "zero" | "cero" | "oh" => '0',
        "one" | "uno" | "un" => '1',
        "two" | "dos" => '2',
        "three" | "tres" => '3',
        "four" | "cuatro" => '4',
        "five" | "cinco" => '5',
        "six" | "seis" => '6',
        "seven" | "siete" => '7',
        "eight" | "ocho" => '8',
        "nine" | "nueve" => '9',
        _ => return None,
    })
}

/// Social security and telephone numbers in words. Other runs of digits, such as a one-time code read aloud, are let pass.
pub(crate) fn find(
    words: &Words,
    folded: &Folded,
    context: &Context<'_>,
    hits: &mut Vec<Hit>,
) -> Result<(), ClassifierError> {
    for run in words.list.chunk_by(|a, b| digit(&a.text).is_some() && digit(&b.text).is_some()) {
        let digits: String = run.iter().filter_map(|word: &Word| digit(&word.text)).collect();
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        let kind = match digits.len() {
            9 => Kind::Ssn,
            4 if is_social_cue(folded, first.start)? => Kind::Ssn,
            10 | 11 => Kind::Phone,
            _ => continue,
        };
        let known = context.callback.map(|number| number.trim_start_matches('+').as_bytes());
        if kind == Kind::Phone && (is_callback(digits.as_bytes(), known) || is_call_cue(folded, first.start)?) {
            continue;
        }
        let level = if kind == Kind::Ssn { Level::L3 } else { Level::L2 };
        hits.push(Hit { level, ..Hit::identifier(first.start, last.end, kind) });
    }
    Ok(())
}
