//! Whether a text says where the practice is: 15 USC 7704(a)(5)(A)(iii), "a valid physical postal address of the sender".

use postern_gate::words::words;

/// How many words before the state and the ZIP code the number of the house, or the box, stands at most.
const LONGEST: usize = 12;

/// Whether `text` gives `postal`, the tenant's address; where the tenant has none on record, an address of any kind that a letter could be
/// sent to.
pub(crate) fn names_address(text: &str, postal: Option<&str>) -> bool {
    let postal = postal.map(str::to_lowercase).unwrap_or_default();
    let address: Vec<&str> = words(&postal).collect();
    if address.is_empty() {
        return is_an_address(text);
    }
    let lower = text.to_lowercase();
    let said: Vec<&str> = words(&lower).collect();
    said.windows(address.len()).any(|window| window == address)
}

/// `12 Main St, Springfield NY`, `PO Box 5, Albany, NY 10001`: the number of a house before its street, a box, or a state with a ZIP code.
fn is_an_address(text: &str) -> bool {
    let words: Vec<&str> = words(text).collect();
    words.iter().enumerate().any(|(at, word)| {
        let after = words.get(at + 1..).unwrap_or_default();
        is_number(word) && (is_on_a_street(after) || after.windows(2).take(LONGEST).any(is_state_and_zip))
            || word.eq_ignore_ascii_case("box") && after.first().is_some_and(|number| is_number(number))
    })
}

/// `12`, `12B`: what stands at a door.
fn is_number(word: &str) -> bool {
    word.len() <= 6 && word.starts_with(|c: char| c.is_ascii_digit())
}

/// Names, then what a street is called: `Main St`, `North Elm Avenue`.
fn is_on_a_street(words: &[&str]) -> bool {
    const STREETS: [&str; 18] = [
        "st",
        "street",
        "ave",
        "avenue",
        "rd",
        "road",
        "blvd",
        "boulevard",
        "ln",
        "lane",
        "dr",
        "drive",
        "plaza",
        "hwy",
        "highway",
        "pkwy",
        "parkway",
        "court",
    ];
    let is_name = |word: &&&str| word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
    let named = words.iter().take(4).take_while(is_name);
    named.skip(1).any(|word| STREETS.contains(&word.to_lowercase().as_str()))
}

fn is_state_and_zip(pair: &[&str]) -> bool {
    let [state, zip] = pair else { return false };
    let is_state = state.len() == 2 && state.bytes().all(|b| b.is_ascii_uppercase());
    is_state && zip.len() == 5 && zip.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::names_address;

    #[test]
    fn the_tenants_own_address_is_found_however_it_is_broken_into_lines() {
        let own = Some("1 Main St, New York, NY 10001");
        assert!(names_address("Sunrise Health\n1 Main St\nNew York NY 10001", own));
        assert!(!names_address("Sunrise Health, 2 Main St, New York, NY 10001", own));
        assert!(!names_address("Sunrise Health, ", own));
    }

    #[test]
    fn without_one_on_record_only_what_a_letter_could_be_sent_to_is_one() {
        for text in [
            "Sunrise Health, 1 Main St, New York, NY 10001",
            "100 North Main St, Springfield NY",
            "P.O. Box 12, Austin TX 78701-0012",
        ] {
            assert!(names_address(text, None), "{text}");
        }
        for text in ["Sunrise Health, ", "Call 555-555-0100 by 12/04", "Main St, New York", "12/04 with Dr. Lang"] {
            assert!(!names_address(text, None), "{text}");
        }
        assert!(!names_address("anything", Some(" ")));
    }
}
