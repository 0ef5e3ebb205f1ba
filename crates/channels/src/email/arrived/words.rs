//! What a person wrote, without what they quoted: our own words come back in most answers, and a STOP in them is not the patient's.

use mail_parser::decoders::html::html_to_text;

/// The longest text that is kept as somebody's words, in characters; the mail itself is kept whole beside it.
const CHARS_MAX: usize = 16_384;

/// What was found of somebody's own words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Own {
    /// Above the first sign of a quotation.
    pub(super) text: String,
    /// Words that are surely no quotation were left out.
    pub(super) rest: bool,
    /// What stands in a quotation whose lines bear no marks.
    pub(super) below: String,
}

/// The words above the first sign of a quotation, and what is below it.
pub(super) fn own(text: &str) -> Own {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let begins = |from: usize, is: fn(&str, &str) -> bool| {
        let at = lines.iter().enumerate().skip(from).position(|(at, line)| {
            let next = lines.get(at.saturating_add(1)).copied().unwrap_or_default();
            is(line, next)
        });
        at.map_or(lines.len(), |at| from.saturating_add(at))
    };
    let end = begins(0, |line, next| signs(line) || quotes(line, next));
    let own = lines.get(..end).unwrap_or_default().join("\n");
    let own = own.trim();
    let kept: String = own.chars().take(CHARS_MAX).collect();
    let rest = kept.len() < own.len() || answers_below(lines.get(end..).unwrap_or_default());
    // What stands under a signature is theirs, and says nothing.
    let quoted = lines.get(begins(end, quotes)..).unwrap_or_default();
    Own { text: kept, rest, below: unmarked(quoted).chars().take(CHARS_MAX).collect() }
}

/// The same of a text in HTML.
pub(super) fn own_of_html(html: &str) -> Own {
    let (above, cut, quoted) = above_quotes(html);
    let own = own(&html_to_text(above));
    // Where a block ends a line does; what turns HTML into text says so of paragraphs only.
    let lines = html_to_text(&quoted.replace("</div>", "<br></div>").replace("</DIV>", "<br></DIV>"));
    let lines: Vec<&str> = lines.lines().map(str::trim_end).collect();
    Own { rest: own.rest || cut, below: format!("{}\n{}", own.below, unmarked(&lines)).trim().to_owned(), ..own }
}

/// The lines of a quotation that bear no marks, without those that only introduce it; none where any is marked: there the marks tell.
fn unmarked(lines: &[&str]) -> String {
    if lines.iter().any(|line| line.trim_start().starts_with('>')) {
        return String::new();
    }
    let introducing = |line: &&&str| {
        let bare = line.trim();
        let mark = |c: char| !c.is_alphanumeric();
        bare.chars().all(mark) || is_divider(bare) || introduces(bare) || is_header(bare) || signs(bare)
    };
    lines.iter().filter(|line| !introducing(line)).copied().collect::<Vec<_>>().join("\n")
}

/// Whether words stand below or between lines that are marked as quoted.
fn answers_below(lines: &[&str]) -> bool {
    let is_quoted = |line: &&str| line.trim_start().starts_with('>');
    lines.iter().skip_while(|line| !is_quoted(line)).any(|line| !line.trim().is_empty() && !is_quoted(line))
}

/// The part of an HTML text above the first element that holds a quotation, whether words that may be the person's stand elsewhere, and
/// what is quoted without an element of its own.
fn above_quotes(html: &str) -> (&str, bool, &str) {
    let lower = html.to_ascii_lowercase();
    let marks = ["<blockquote", "<div class=\"gmail_quote", "<div id=\"divrplyfwdmsg", "<div id=\"appendonsend"];
    let Some(at) = marks.iter().filter_map(|mark| lower.find(mark)).min() else { return (html, false, "") };
    let end = "</blockquote>";
    let marked = lower.matches("<blockquote").count();
    let below = lower.rfind(end).and_then(|at| lower.get(at.saturating_add(end.len())..)).unwrap_or_default();
    let quoted = if marked == 0 { html.get(at..).unwrap_or_default() } else { "" };
    (html.get(..at).unwrap_or_default(), marked > 1 || !html_to_text(below).trim().is_empty(), quoted)
}

/// Whether a subject answers ours and so says nothing of its own.
pub(super) fn is_ours(subject: &str) -> bool {
    let lower = subject.to_lowercase();
    ["re:", "fw:", "fwd:", "rv:", "aw:"].iter().any(|mark| lower.starts_with(mark))
}

/// Whether a quotation begins here.
fn quotes(line: &str, next: &str) -> bool {
    let bare = line.trim();
    bare.starts_with('>')
        || bare.starts_with("________________")
        || is_divider(bare)
        || introduces(bare)
        || (next.ends_with(':') && introduces(&format!("{bare} {next}")))
        || (header(bare, &["From:", "De:"]) && is_header(next))
}

/// Whether a signature begins here.
fn signs(line: &str) -> bool {
    line == "--" || is_device(line.trim())
}

/// A line of the head of a quoted mail, as mail programs write it above the quotation, in English and Spanish.
fn is_header(line: &str) -> bool {
    const NAMES: [&str; 14] = [
        "From:",
        "Sent:",
        "Date:",
        "To:",
        "Cc:",
        "Subject:",
        "Reply-To:",
        "De:",
        "Enviado:",
        "Enviado el:",
        "Fecha:",
        "Para:",
        "CC:",
        "Asunto:",
    ];
    header(line, &NAMES)
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

    fn split(text: &str) -> (String, bool) {
        let own = own(text);
        (own.text, own.rest)
    }

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
            "De: Sunrise Health\nEnviado el: martes\nPara: Pat\nAsunto: x\nSTOP",
            "-- \nSent by STOP Inc.",
        ] {
            let (text, rest) = split(&format!("Thank you, see you then.\r\n\r\n{quoted}"));
            assert_eq!((text.as_str(), rest), ("Thank you, see you then.", false), "{quoted}");
        }
    }

    #[test]
    fn what_only_looks_a_little_like_a_quotation_stays() {
        let text = "On Monday I wrote you.\nFrom: now on\ncall me -- please\nEl lunes puedo";
        assert_eq!(split(text), (text.to_owned(), false));
    }

    #[test]
    fn a_very_long_text_is_cut_and_said_to_be() {
        let (text, rest) = split(&"é".repeat(CHARS_MAX + 1));
        assert_eq!((text.chars().count(), rest), (CHARS_MAX, true));
    }

    #[test]
    fn what_stands_in_a_quotation_without_marks_is_handed_on_and_nothing_else_is() {
        let below = |text: &str| own(text).below;
        let head = "From: Sunrise Health\nSent: Tuesday\nTo: Pat\nSubject: Your visit";
        assert_eq!(
            below(&format!("Yes.\n\n{head}\n\nPlease come at 3.\nI can't, is 4 free?")),
            "\nPlease come at 3.\nI can't, is 4 free?".trim()
        );
        assert_eq!(below("Sí.\n-----Mensaje original-----\nDe: S\nEnviado el: martes\nNo puedo"), "No puedo");
        assert_eq!(below("Yes.\n\nOn Tue, Sunrise wrote:\n> Please come at 3.\n"), "", "marks tell");
        assert_eq!(below("Yes.\n-- \nPat Example\nExample Street 1"), "", "a signature");
        assert_eq!(below("Yes.\nSent from my iPhone\n\nOn Tue, Sunrise wrote:\nPlease come\nNo"), "Please come\nNo");
        let html = "<p>Yes.</p><div id=\"divRplyFwdMsg\"><b>From:</b> S<br><b>Sent:</b> Tuesday</div><p>Please come.</p><p>No</p>";
        let own = own_of_html(html);
        assert_eq!((own.text.as_str(), own.rest), ("Yes.", false));
        assert!(
            own.below.contains("Please come.") && own.below.contains("No") && !own.below.contains("From"),
            "{}",
            own.below
        );
    }
}
