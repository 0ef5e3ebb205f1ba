//! What a person wrote, without what they quoted: our own words come back in most answers, and a STOP in them is not the patient's.

/// The longest text that is kept as somebody's words, in characters; the mail itself is kept whole beside it.
const CHARS_MAX: usize = 16_384;

/// The words above the first sign of a quotation, and whether anything but a quotation was left out.
pub(super) fn own(text: &str) -> (String, bool) {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let end = lines.iter().enumerate().position(|(at, line)| {
        let next = lines.get(at.saturating_add(1)).copied().unwrap_or_default();
        quotes(line, next)
    });
    let own = lines.get(..end.unwrap_or(lines.len())).unwrap_or_default().join("\n");
    let own = own.trim();
    let kept: String = own.chars().take(CHARS_MAX).collect();
    let below = lines.get(end.unwrap_or(lines.len())..).unwrap_or_default();
    let rest = kept.len() < own.len() || answers_below(below);
    (kept, rest)
}

/// Whether words stand below or between lines that are marked as quoted.
fn answers_below(lines: &[&str]) -> bool {
    let is_quoted = |line: &&str| line.trim_start().starts_with('>');
    lines.iter().skip_while(|line| !is_quoted(line)).any(|line| !line.trim().is_empty() && !is_quoted(line))
}

/// The part of an HTML text above the first element that holds a quotation, and whether words that may be the person's stand
/// elsewhere.
pub(super) fn above_quotes(html: &str) -> (&str, bool) {
    let lower = html.to_ascii_lowercase();
    let marks = ["<blockquote", "<div class=\"gmail_quote", "<div id=\"divrplyfwdmsg", "<div id=\"appendonsend"];
    let Some(at) = marks.iter().filter_map(|mark| lower.find(mark)).min() else { return (html, false) };
    let end = "</blockquote>";
    let below = lower.rfind(end).and_then(|at| lower.get(at.saturating_add(end.len())..)).unwrap_or_default();
    let between = lower.matches("<blockquote").count() > 1;
    let words = mail_parser::decoders::html::html_to_text(below);
    (html.get(..at).unwrap_or_default(), between || !words.trim().is_empty())
}

/// Whether a subject answers ours and so says nothing of its own.
pub(super) fn is_ours(subject: &str) -> bool {
    let lower = subject.to_lowercase();
    ["re:", "fw:", "fwd:", "rv:", "aw:"].iter().any(|mark| lower.starts_with(mark))
}

/// Whether a quotation or a signature begins here.
fn quotes(line: &str, next: &str) -> bool {
    let bare = line.trim();
    bare.starts_with('>')
        || line == "--"
        || is_device(bare)
        || bare.starts_with("________________")
        || is_divider(bare)
        || introduces(bare)
        || (next.ends_with(':') && introduces(&format!("{bare} {next}")))
        || (header(bare, &["From:", "De:"]) && header(next, &["Sent:", "Date:", "To:", "Enviado:", "Fecha:", "Para:"]))
}

/// What telephones set under a mail.
fn is_device(line: &str) -> bool {
    let lower = line.to_lowercase();
    ["sent from my ", "enviado desde mi "].iter().any(|mark| lower.starts_with(mark))
}

/// `-----Original Message-----` and its Spanish brother.
fn is_divider(line: &str) -> bool {
    let words = line.trim_matches(['-', ' ']).to_lowercase();
    line.starts_with("--") && ["original message", "mensaje original", "forwarded message"].contains(&words.as_str())
}

/// `On Tue, 1 Dec 2026, Sunrise Health wrote:` and its Spanish brother.
fn introduces(line: &str) -> bool {
    let lower = line.to_lowercase();
    (lower.starts_with("on ") && lower.ends_with("wrote:"))
        || (lower.starts_with("el ") && lower.ends_with("escribió:"))
}

fn header(line: &str, names: &[&str]) -> bool {
    let line = line.trim_start_matches('*').trim_start();
    names.iter().any(|name| line.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_quoted_is_not_what_the_patient_wrote() {
        for quoted in [
            "> Reply STOP to stop.",
            "On Tue, 1 Dec 2026 at 15:00, Sunrise Health <n@s.example> wrote:\nReply STOP",
            "On Tue, 1 Dec 2026 at 15:00, Sunrise Health\n<notices@sunrise.example> wrote:\n> STOP",
            "El mar, 1 dic 2026, Sunrise Health escribió:\nSTOP",
            "-----Original Message-----\nSTOP",
            "-----Mensaje original-----\nSTOP",
            "________________________________\nSTOP",
            "From: Sunrise Health\nSent: Tuesday\nSTOP",
            "*From:* Sunrise\nDate: Tuesday\nSTOP",
            "-- \nSent by STOP Inc.",
        ] {
            let (text, rest) = own(&format!("Thank you, see you then.\r\n\r\n{quoted}"));
            assert_eq!((text.as_str(), rest), ("Thank you, see you then.", false), "{quoted}");
        }
    }

    #[test]
    fn what_only_looks_a_little_like_a_quotation_stays() {
        let text = "On Monday I wrote you.\nFrom: now on\ncall me -- please\nEl lunes puedo";
        assert_eq!(own(text), (text.to_owned(), false));
    }

    #[test]
    fn a_very_long_text_is_cut_and_said_to_be() {
        let (text, rest) = own(&"é".repeat(CHARS_MAX + 1));
        assert_eq!((text.chars().count(), rest), (CHARS_MAX, true));
    }
}
