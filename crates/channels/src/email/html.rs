//! The HTML alternative of a mail: the same words in a small page that reads well on a phone, to a screen reader and in the dark.
//!
//! It is made from the plain text and from nothing else. It loads nothing, runs nothing and counts nothing (RULES EML-06); a link is
//! a link of the text, with its own address as its words, so that nobody has to trust what they cannot read. Colours keep a contrast
//! of 7:1 or more on both grounds (WCAG 2.2, 1.4.6), and text grows with the reader's setting.

use postern_base::Language;

/// Mail programs that drop the style sheet keep these.
const BODY: &str = "margin:0;padding:0;background-color:#f3f4f6;color:#16191d";
const SHEET: &str = "max-width:36rem;margin:0 auto;padding:1.5rem 1.25rem;background-color:#ffffff;color:#16191d;\
    font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:1.0625rem;line-height:1.55;\
    overflow-wrap:anywhere";
const LINK: &str = "color:#0a4a8f;text-decoration:underline";
/// What a reader's dark setting changes, on a screen: paper is light. `!important`, because the styles above stand on the elements
/// themselves.
const SETTINGS: &str = "@media screen and (prefers-color-scheme: dark) { .ground { background-color: #101215 !important } \
    .sheet { background-color: #1b1e23 !important; color: #eceef1 !important } .sheet a { color: #9cc7ff !important } }";

/// The page for `text`, in `language`, titled `title`.
pub(super) fn page(title: &str, text: &str, language: Language) -> String {
    let mut html = format!(
        "<!doctype html>\n<html lang=\"{language}\" dir=\"ltr\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>"
    );
    escape(title, &mut html);
    html.push_str(&format!(
        "</title>\n<style>{SETTINGS}</style>\n</head>\n<body class=\"ground\" style=\"{BODY}\">\n\
         <main class=\"sheet\" style=\"{SHEET}\">\n"
    ));
    for paragraph in paragraphs(text) {
        html.push_str("<p style=\"margin:0 0 1em\">");
        for (number, line) in paragraph.into_iter().enumerate() {
            if number > 0 {
                html.push_str("<br>\n");
            }
            write_line(line, &mut html);
        }
        html.push_str("</p>\n");
    }
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

/// The lines of each paragraph; an empty line, or several, ends one.
fn paragraphs(text: &str) -> Vec<Vec<&str>> {
    let mut all: Vec<Vec<&str>> = vec![Vec::new()];
    for line in text.lines().map(str::trim_end) {
        match (line.is_empty(), all.last_mut()) {
            (false, Some(paragraph)) => paragraph.push(line),
            _ => all.push(Vec::new()),
        }
    }
    all.retain(|paragraph| !paragraph.is_empty());
    all
}

/// A line, its links made to follow.
fn write_line(line: &str, html: &mut String) {
    let mut rest = line;
    while let Some((before, from)) = rest.find("https://").and_then(|at| rest.split_at_checked(at)) {
        escape(before, html);
        let (link, after) = from.split_at_checked(link_length(from)).unwrap_or((from, ""));
        if link.len() > "https://".len() {
            html.push_str("<a href=\"");
            escape(link, html);
            html.push_str(&format!("\" style=\"{LINK}\">"));
            escape(link, html);
            html.push_str("</a>");
        } else {
            escape(link, html);
        }
        rest = after;
    }
    escape(rest, html);
}

/// How far a link goes: RFC 3986 characters, without the punctuation of the sentence it stands in.
fn link_length(text: &str) -> usize {
    let of_link = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c);
    let end = text.find(|c| !of_link(c)).unwrap_or(text.len());
    let link = text.get(..end).unwrap_or(text);
    link.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'']).len()
}

/// Every character that means something to HTML is escaped.
fn escape(text: &str, html: &mut String) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> String {
        let page = page("t", text, Language::En);
        let (_, body) = page.split_once("<main").unwrap();
        body.to_owned()
    }

    #[test]
    fn the_page_says_its_language_and_nothing_in_it_is_loaded_run_or_counted() {
        let page = page("Un mensaje", "Hola.\n\nhttps://sunrise.example/m", Language::Es);
        assert!(page.contains("<html lang=\"es\"") && page.contains("<title>Un mensaje</title>"), "{page}");
        for loads in
            ["<img", "<script", "<link", "<iframe", "<object", "<form", "url(", "@import", "src=", "http://", "on"]
        {
            let found = match loads {
                "on" => page.split_whitespace().any(|word| word.starts_with("on") && word.contains("=\"")),
                _ => page.contains(loads),
            };
            assert!(!found, "{loads}: {page}");
        }
    }

    #[test]
    fn what_means_something_to_html_is_words() {
        let page = page("<b>", "1 < 2 & \"three\" 'four'\n<img src=x onerror=alert(1)>", Language::En);
        assert!(page.contains("<title>&lt;b&gt;</title>"), "{page}");
        assert!(page.contains("1 &lt; 2 &amp; &quot;three&quot; &#39;four&#39;<br>\n&lt;img src=x"), "{page}");
        assert!(!page.contains("<img"), "{page}");
    }

    #[test]
    fn an_empty_line_ends_a_paragraph() {
        assert_eq!(body("one\ntwo\n\n\n three \n").matches("<p ").count(), 2);
        assert!(body("one\r\ntwo").contains("one<br>\ntwo</p>"));
    }

    #[test]
    fn a_link_follows_to_what_it_says_and_ends_before_the_full_stop() {
        let html = body("Read it: https://sunrise.example/m?a=1&b=2. Or call.");
        let link = "https://sunrise.example/m?a=1&amp;b=2";
        assert!(html.contains(&format!("<a href=\"{link}\" style=\"{LINK}\">{link}</a>. Or call.")), "{html}");
    }

    #[test]
    fn nothing_but_https_becomes_a_link() {
        for text in ["http://a.example", "javascript:alert(1)", "data:text/html,x", "https://", "mailto:a@b.example"] {
            assert!(!body(text).contains("<a "), "{text}");
        }
        let html = body("https://a.example/\"onmouseover=alert(1)");
        assert!(html.contains("href=\"https://a.example/\"") && html.contains("</a>&quot;onmouseover"), "{html}");
    }
}
