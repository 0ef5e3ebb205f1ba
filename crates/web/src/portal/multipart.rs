//! A form with files, read (RFC 7578; RFC 2046 section 5.1). Everything is bounded before it is looked at, and what was cut off is read as
//! far as it came, so that nobody's words are lost with a file.

use postern_base::Phi;
use postern_engine::portal::Upload;

/// Parts that are looked at; a form of ours has a tenth of them.
const PARTS_MAX: usize = 32;
/// The longest head of a part, in bytes.
pub(crate) const HEAD_MAX: usize = 4_096;
/// The longest boundary (RFC 2046 section 5.1.1).
pub(crate) const BOUNDARY_MAX: usize = 70;

/// Names with values, and files.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) values: Vec<(String, String)>,
    pub(super) files: Vec<Upload>,
}

/// The boundary that a content type names; `None` = it is no form with files.
pub(super) fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    let named = parameters.split(';').find_map(|one| one.trim().strip_prefix("boundary="))?;
    let named = named.trim_matches('"');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    let good = !named.is_empty() && named.len() <= BOUNDARY_MAX && named.bytes().all(plain);
    (kind.trim().eq_ignore_ascii_case("multipart/form-data") && good).then_some(named)
}

/// Reads the parts of `body` that are whole.
pub(super) fn read(body: &[u8], boundary: &str) -> Parts {
    let mut parts = Parts::default();
    let delimiter = format!("\r\n--{boundary}");
    // The first delimiter stands at the very beginning, without the line end before it.
    let Some(mut rest) = body.strip_prefix(delimiter.get(2..).unwrap_or_default().as_bytes()) else { return parts };
    for _ in 0..PARTS_MAX {
        let Some(part) = rest.strip_prefix(b"\r\n") else { break };
        let Some(end) = find(part, delimiter.as_bytes()) else { break };
        if let Some((head, content)) = part.get(..end).and_then(split) {
            parts.take(head, content);
        }
        rest = part.get(end + delimiter.len()..).unwrap_or_default();
    }
    parts
}

impl Parts {
    fn take(&mut self, head: &str, content: &[u8]) {
        let Some((name, file)) = disposition(head) else { return };
        match file {
            None => self.values.push((name, String::from_utf8_lossy(content).into_owned())),
            // Where nothing was picked a browser sends a file without a name and without content.
            Some(file) if file.is_empty() && content.is_empty() => {}
            Some(file) => self.files.push(Upload { name: Phi::new(file), content: Phi::new(content.into()) }),
        }
    }
}

/// Head and content of a part.
fn split(part: &[u8]) -> Option<(&str, &[u8])> {
    let end = find(part.get(..part.len().min(HEAD_MAX))?, b"\r\n\r\n")?;
    Some((std::str::from_utf8(part.get(..end)?).ok()?, part.get(end + 4..)?))
}

/// The field's name, and the file's where it is one.
fn disposition(head: &str) -> Option<(String, Option<String>)> {
    let line = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition").then_some(value.trim())
    })?;
    let parameters = line.strip_prefix("form-data")?;
    Some((parameter(parameters, "name")?, parameter(parameters, "filename")))
}

/// A quoted parameter as browsers write it (HTML, multipart/form-data encoding: a quote and line ends are `%22`, `%0D`, `%0A`).
fn parameter(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('"') {
        let (value, behind) = after.split_once('"')?;
        if before.trim_start_matches(';').trim().strip_suffix('=').is_some_and(|known| known.eq_ignore_ascii_case(name))
        {
            return Some(value.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n"));
        }
        rest = behind;
    }
    None
}

/// Where `what` begins, by its first byte: most of a picture is anything else.
pub(crate) fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    let first = what.first()?;
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.iter().position(|byte| byte == first)?;
        if text.get(at..)?.starts_with(what) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &[u8] = b"--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\ntoken\r\n--b\r\n\
        content-disposition: form-data; name=\"text\"\r\n\r\nTwo\r\nlines \xC3\xB1 --b\r\n--b\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"a%22b.png\"\r\nContent-Type: text/html\r\n\r\n\x89P\r\n\r\nNG\r\n--b\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"\"\r\n\r\n\r\n--b--\r\n";

    #[test]
    fn a_form_gives_its_values_and_its_files_by_their_bytes() {
        let parts = read(FORM, "b");
        let values: Vec<_> = parts.values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(values, [("csrf", "token"), ("text", "Two\r\nlines ñ --b")]);
        assert_eq!(parts.files.len(), 1, "where nothing was picked there is no file");
        assert_eq!(parts.files[0].name.reveal(), "a\"b.png");
        assert_eq!(&parts.files[0].content.reveal()[..], b"\x89P\r\n\r\nNG");
    }

    #[test]
    fn a_form_that_is_cut_off_anywhere_gives_what_came_whole() {
        for length in 0..FORM.len() {
            let parts = read(&FORM[..length], "b");
            assert!(parts.values.iter().all(|(name, value)| matches!(
                (name.as_str(), value.as_str()),
                ("csrf", "token") | ("text", "Two\r\nlines ñ --b")
            )));
            assert!(parts.files.iter().all(|file| file.content.reveal().len() == 8));
        }
        let many =
            [&b"--b"[..], &b"\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--b".repeat(1_000)].concat();
        assert_eq!(read(&many, "b").values.len(), PARTS_MAX);
        let long = format!(
            "--b\r\nX: {}\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--b--",
            "y".repeat(HEAD_MAX)
        );
        assert!(read(long.as_bytes(), "b").values.is_empty());
    }

    #[test]
    fn a_boundary_is_what_the_rfc_lets_it_be() {
        assert_eq!(
            boundary("multipart/form-data; boundary=----WebKitFormBoundaryAb1"),
            Some("----WebKitFormBoundaryAb1")
        );
        assert_eq!(boundary("Multipart/Form-Data; charset=utf-8; boundary=\"a b\""), Some("a b"));
        let long = format!("multipart/form-data; boundary={}", "x".repeat(71));
        for bad in [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/mixed; boundary=a",
            "text/plain; boundary=a",
            &long,
        ] {
            assert_eq!(boundary(bad), None, "{bad}");
        }
    }
}
