//! The words of a text as it is written to a patient, and the phrases that stand in it. What patients write is read by `revocation`, which sees
//! through far more.

/// `text` in lower case and without accents: its words are read by [`words`].
#[must_use]
pub fn plain(text: &str) -> String {
    let without_accent = |c: char| match c {
        'á' => 'a',
        'é' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' => 'u',
        other => other,
    };
    let lower = text.to_lowercase();
    if lower.is_ascii() { lower } else { lower.chars().map(without_accent).collect() }
}

/// The words of `text`, as they stand in it.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// Whether `phrase` stands in what is [`spoken`], whole: without a copy of it, since many are looked for in every text.
#[must_use]
pub fn says(spoken: &str, phrase: &str) -> bool {
    let whole = |at: usize| {
        let behind = spoken.get(at.saturating_add(phrase.len())..).is_some_and(|rest| rest.starts_with(' '));
        behind && spoken.get(..at).is_some_and(|before| before.ends_with(' '))
    };
    spoken.match_indices(phrase).any(|(at, _)| whole(at))
}

/// The words of a text that is [`plain`], a blank before, between and behind them: phrases are looked for in it.
#[must_use]
pub fn spoken(plain: &str) -> String {
    words(plain).fold(String::from(" "), |said, word| said + word + " ")
}
