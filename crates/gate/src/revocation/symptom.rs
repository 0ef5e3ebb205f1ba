//! What does not stop of an illness, which is no word about messages.

/// `text`, normalised, without what will not stop of an illness: "my cough won't stop".
pub(super) fn without_symptoms(text: &str) -> String {
    const NOT: &[&str] = &["wont", "doesnt", "dont", "hasnt", "isnt", "cant", "not", "never", "didnt"];
    const ENDS: &[&str] = &["stop", "stopping", "stopped", "end", "quit"];
    const SYMPTOMS: &[&str] = &[
        "cough",
        "coughing",
        "fever",
        "headache",
        "headaches",
        "hiccups",
        "vomiting",
        "diarrhea",
        "nausea",
        "nosebleed",
        "nose",
        "itching",
        "itch",
        "sneezing",
        "shaking",
        "dizziness",
        "cramps",
        "cramping",
        "ringing",
        "bleeding",
        "pain",
        "swelling",
        "crying",
    ];
    const NEAR: usize = 4;
    let words: Vec<&str> = text.split(' ').collect();
    let of_illness = |at: usize| {
        let before = words.get(at.saturating_sub(NEAR)..at).unwrap_or_default();
        before.last().is_some_and(|last| NOT.contains(last)) && before.iter().any(|word| SYMPTOMS.contains(word))
    };
    let ends = |at: usize| words.get(at).is_some_and(|word| ENDS.contains(word)) && of_illness(at);
    let kept = words.iter().enumerate().filter(|(at, _)| !ends(*at) && !ends(at.saturating_add(1)));
    kept.map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
}
