//! The practice's own colour, within what can be read (WCAG 2.1, 1.4.3): text on it has at least 4.5 : 1, whatever was asked for.

/// The least contrast of text (WCAG 2.1, success criterion 1.4.3).
const LEAST: f64 = 4.5;

/// A colour as red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Colour([u8; 3]);

impl Colour {
    fn read(text: &str) -> Option<Self> {
        let hex = text.strip_prefix('#').filter(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let number = u32::from_str_radix(hex, 16).ok()?;
        let [_, red, green, blue] = number.to_be_bytes();
        Some(Self([red, green, blue]))
    }

    /// WCAG 2.1, "relative luminance".
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let share = f64::from(part) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// WCAG 2.1, "contrast ratio".
    fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// A shade darker.
    fn darker(self) -> Self {
        Self(self.0.map(|part| part.saturating_sub(part / 16 + 1)))
    }
}

/// A style sheet that gives the top bar and buttons this colour, darkened until white on it can be read; empty = our own colour.
pub(super) fn sheet(asked: Option<&str>) -> String {
    const WHITE: Colour = Colour([255, 255, 255]);
    let Some(mut colour) = asked.and_then(Colour::read) else { return String::new() };
    while colour.contrast(WHITE) < LEAST {
        colour = colour.darker();
    }
    let [red, green, blue] = colour.0;
    format!(":root {{ --accent: #{red:02x}{green:02x}{blue:02x}; --on-accent: #ffffff; }}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_counted_as_wcag_counts_it() {
        let (black, white) = (Colour::read("#000000").unwrap(), Colour::read("#ffffff").unwrap());
        assert!((black.contrast(white) - 21.0).abs() < 1e-9);
        let grey = Colour::read("#767676").unwrap();
        assert!((4.5..4.6).contains(&grey.contrast(white)), "the palest grey that passes on white");
    }

    #[test]
    fn whatever_colour_is_asked_for_white_can_be_read_on_it() {
        for asked in ["#ffffff", "#ffff00", "#7fd3a4", "#0b5d8a", "#000000", "#ff0000"] {
            let sheet = sheet(Some(asked));
            let at = sheet.find('#').unwrap();
            let given = Colour::read(sheet.get(at..at + 7).unwrap()).unwrap();
            assert!(given.contrast(Colour([255; 3])) >= LEAST, "{asked}: {sheet}");
        }
        assert!(sheet(Some("#0b5d8a")).contains("#0b5d8a"), "one that can be read stays");
    }

    #[test]
    fn what_is_no_colour_changes_nothing_and_reaches_no_page() {
        for bad in ["red", "#fff", "#12345g", "#000000;} body{display:none", ""] {
            assert_eq!(sheet(Some(bad)), "", "{bad}");
        }
        assert_eq!(sheet(None), "");
    }
}
