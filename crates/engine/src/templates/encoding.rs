//! How long a text message is: 3GPP TS 23.038 (GSM 7-bit default alphabet and its extension) or UCS-2, and in how many segments.

/// The alphabet a text needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Encoding {
    /// The GSM 7-bit default alphabet.
    #[serde(rename = "GSM-7")]
    Gsm7,
    /// Sixteen bits a unit.
    #[serde(rename = "UCS-2")]
    Ucs2,
}

/// The length of a text message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Length {
    /// Its characters.
    pub chars: usize,
    /// Its alphabet.
    pub encoding: Encoding,
    /// Its units: septets or 16-bit units.
    pub units: usize,
    /// The messages a carrier makes of it.
    pub segments: usize,
}

/// The default alphabet without its letters and digits.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";
/// Behind an escape: two septets each.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// The septets of a character; `None` = not in the alphabet.
fn septets(c: char) -> Option<usize> {
    if c.is_ascii_alphanumeric() || BASIC.contains(c) { Some(1) } else { EXTENSION.contains(c).then_some(2) }
}

/// The characters of `text` that the GSM 7-bit alphabet lacks, each once.
pub(crate) fn beyond_gsm7(text: &str) -> Vec<char> {
    let mut found: Vec<char> = text.chars().filter(|c| septets(*c).is_none()).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Measures `text`.
#[must_use]
pub fn length(text: &str) -> Length {
    let chars = text.chars().count();
    // 3GPP TS 23.040 section 9.2.3.24.1: the header that joins segments takes 7 septets or 3 units of each.
    let (encoding, units, alone, joined) = match text.chars().map(septets).sum::<Option<usize>>() {
        Some(units) => (Encoding::Gsm7, units, 160, 153),
        None => (Encoding::Ucs2, text.encode_utf16().count(), 70, 67),
    };
    let segments = if units <= alone { 1 } else { units.div_ceil(joined) };
    Length { chars, encoding, units, segments }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_segment_up_to_160_septets_or_70_units() {
        assert_eq!(length(&"a".repeat(160)).segments, 1);
        assert_eq!(length(&"a".repeat(161)), Length { chars: 161, encoding: Encoding::Gsm7, units: 161, segments: 2 });
        assert_eq!(length(&"á".repeat(70)).segments, 1);
        assert_eq!(length(&"á".repeat(71)), Length { chars: 71, encoding: Encoding::Ucs2, units: 71, segments: 2 });
        assert_eq!(length(&"a".repeat(307)).segments, 3);
    }

    #[test]
    fn an_escaped_character_is_two_septets_and_spanish_keeps_to_the_alphabet_with_what_it_has() {
        assert_eq!(length("€[").units, 4);
        assert_eq!(length("¿Mañana? ¡Sí, está bien!").encoding, Encoding::Ucs2);
        assert_eq!(beyond_gsm7("¿Mañana? ¡Sí, está bien!"), ['á', 'í']);
        assert_eq!(length("¿Mañana? ¡Claro, señora Peñé!").encoding, Encoding::Gsm7);
    }
}
