//! A form of a practice's program, whole or nothing (RFC 7578; RFC 2046 section 5.1.1). [`crate::portal`] keeps what it can of a browser's
//! form, so that nobody's words are lost; a program that says "here is your plan" would be told that a message went, and the plan did not.

use crate::portal::multipart::{BOUNDARY_MAX, HEAD_MAX, find};
use crate::problem::{Kind, Problem};
use postern_base::Phi;
use postern_engine::portal::{FILES_MAX, Upload};

/// The request and its files.
const PARTS_MAX: usize = 1 + FILES_MAX;

/// What a program sent: what would otherwise be the body, and the files.
pub(crate) struct Form {
    pub(crate) request: Vec<u8>,
    pub(crate) files: Vec<Upload>,
}

/// Why a part cannot be taken. Never a value of it: any may be PHI.
type Why = &'static str;

/// Whether a content type is that of a form with files; whether it can be read is another question.
pub(crate) fn is_form(content_type: &str) -> bool {
    first_word(content_type).0.eq_ignore_ascii_case("multipart/form-data")
}

/// The boundary that the content type of a form names.
///
/// # Errors
/// A problem at `Content-Type`: there is none, or none that may be one.
pub(crate) fn boundary(content_type: &str) -> Result<String, Problem> {
    let bad = || {
        let why = "`Content-Type`: expected `multipart/form-data; boundary=...` with a boundary as RFC 2046 has it.";
        Problem::new(Kind::Malformed, format!("{why} {NOTHING}")).at("Content-Type")
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    let named = parameters(first_word(content_type).1).and_then(|mut all| all.take("boundary")).ok_or_else(bad)?;
    let good = (1..=BOUNDARY_MAX).contains(&named.len()) && named.bytes().all(plain) && !named.ends_with(' ');
    good.then_some(named).ok_or_else(bad)
}

const NOTHING: &str = "Nothing was accepted.";

fn of_form(why: &str) -> Problem {
    Problem::new(Kind::Malformed, format!("The form {why}. {NOTHING}"))
}

fn of_part(number: usize, why: &str) -> Problem {
    Problem::new(Kind::Malformed, format!("Part {number} of the form {why}. {NOTHING}")).at(format!("part {number}"))
}

/// Reads a whole form: what stands before its first delimiter and behind its last is passed over, as the RFC wants, and nothing between.
///
/// # Errors
/// A problem that says which part is why.
pub(crate) fn read(body: &[u8], boundary: &str) -> Result<Form, Problem> {
    let delimiter = format!("\r\n--{boundary}");
    let delimiter = delimiter.as_bytes();
    let mut rest = behind_preamble(body, delimiter).ok_or_else(|| of_form("has no line of its boundary"))?;
    let (mut request, mut files) = (None, Vec::new());
    for number in 1.. {
        if let Some(epilogue) = rest.strip_prefix(b"--") {
            if find(epilogue, delimiter).is_some() {
                return Err(of_part(number, "stands behind the end of the form"));
            }
            break;
        }
        if number > PARTS_MAX {
            return Err(of_part(
                number,
                &format!("is one too many: `request` and at most {FILES_MAX} files are taken"),
            ));
        }
        let part = line_end(rest).ok_or_else(|| {
            of_part(
                number,
                "begins on a line that is not the boundary alone, ended by a carriage return and a line feed",
            )
        })?;
        let end =
            find(part, delimiter).ok_or_else(|| of_part(number, "does not end: the closing boundary is missing"))?;
        match understood(part.get(..end).unwrap_or_default()).map_err(|why| of_part(number, why))? {
            Part::File(file) => files.push(file),
            Part::Request(_) if request.is_some() => return Err(of_part(number, "is a second `request`")),
            Part::Request(content) => request = Some(content),
        }
        rest = part.get(end + delimiter.len()..).unwrap_or_default();
    }
    let request = request.ok_or_else(|| of_form("has no part `request`").at("request"))?;
    Ok(Form { request, files })
}

/// What stands behind the first delimiter: it may be the very beginning, without the line end before it.
fn behind_preamble<'b>(body: &'b [u8], delimiter: &[u8]) -> Option<&'b [u8]> {
    let at_once = delimiter.get(2..).and_then(|first| body.strip_prefix(first));
    at_once.or_else(|| body.get(find(body, delimiter)? + delimiter.len()..))
}

/// What stands behind the end of this line, which may be padded by those who carried it.
fn line_end(rest: &[u8]) -> Option<&[u8]> {
    let padding = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    rest.get(padding..)?.strip_prefix(b"\r\n")
}

enum Part {
    Request(Vec<u8>),
    File(Upload),
}

fn understood(part: &[u8]) -> Result<Part, Why> {
    let head = part.get(..part.len().min(HEAD_MAX)).unwrap_or_default();
    let end = find(head, b"\r\n\r\n").ok_or("has no head that ends within 4,096 bytes")?;
    let (head, content) = part.split_at_checked(end).unwrap_or_default();
    let content = content.get(4..).unwrap_or_default();
    let head = std::str::from_utf8(head).map_err(|_| "has a head that is not UTF-8, such as a file name in Latin-1")?;
    let mut told = disposition(head)?;
    let name = told.take("name").ok_or("has no `name`")?;
    // Who writes both means the extended one (RFC 8187 section 4.2).
    let extended =
        told.take("filename*").map(|value| extended(&value).ok_or("has a `filename*` that is not UTF-8''..."));
    let file = extended.transpose()?.or_else(|| told.take("filename").map(|name| of_browsers(&name)));
    match (name == "request", file) {
        (true, None) => Ok(Part::Request(content.to_vec())),
        (true, Some(_)) => Err("is `request` and has a file name: send the JSON as a value"),
        (false, None) => Err("is neither `request` nor a file: a file has a `filename`"),
        (false, Some(file)) if file.is_empty() => Err("is a file with an empty `filename`"),
        (false, Some(file)) => Ok(Part::File(Upload { name: Phi::new(file), content: Phi::new(content.into()) })),
    }
}

/// The parameters of the one disposition that a head has.
fn disposition(head: &str) -> Result<Parameters, Why> {
    // A line that begins with a space goes on the one before.
    let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let mut found = None;
    for line in head.split("\r\n") {
        let (name, value) = line.split_once(':').ok_or("has a line in its head that is no field")?;
        let (name, value) = (name.trim(), value.trim());
        let as_it_is = ["7bit", "8bit", "binary"].iter().any(|known| value.eq_ignore_ascii_case(known));
        if name.eq_ignore_ascii_case("content-transfer-encoding") && !as_it_is {
            return Err("is encoded for transfer: send its bytes as they are");
        }
        if name.eq_ignore_ascii_case("content-disposition") && found.replace(value).is_some() {
            return Err("has two `Content-Disposition`");
        }
    }
    let (kind, behind) = first_word(found.ok_or("has no `Content-Disposition`")?);
    if !kind.eq_ignore_ascii_case("form-data") {
        return Err("has a `Content-Disposition` other than `form-data`");
    }
    parameters(behind).ok_or("has a `Content-Disposition` that cannot be read")
}

/// What stands before the first semicolon, and the rest from there.
fn first_word(text: &str) -> (&str, &str) {
    let (word, rest) = text.find(';').and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""));
    (word.trim(), rest)
}

/// Names in small letters, with values; no name twice.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(at).1)
    }
}

/// Parameters, each behind a semicolon, their values bare or in quotes; `None` = something among them is none, or is there twice.
fn parameters(text: &str) -> Option<Parameters> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        rest = rest.strip_prefix(';')?.trim_start();
        if rest.is_empty() || rest.starts_with(';') {
            continue;
        }
        let (name, behind) = rest.split_once('=')?;
        let (name, behind) = (name.trim().to_ascii_lowercase(), behind.trim_start());
        let (value, behind) = match behind.strip_prefix('"') {
            Some(opened) => quoted(opened)?,
            None => Some(first_word(behind))
                .filter(|(bare, _)| is_bare(bare))
                .map(|(bare, rest)| (bare.to_owned(), rest))?,
        };
        if !is_bare(&name) || all.iter().any(|(known, _)| *known == name) {
            return None;
        }
        all.push((name, value));
        rest = behind.trim_start();
    }
    Some(Parameters(all))
}

fn is_bare(word: &str) -> bool {
    !word.is_empty()
        && !word.contains(|sign: char| sign.is_whitespace() || sign.is_control() || matches!(sign, '"' | ';'))
}

/// A value up to the quote that closes it, and what stands behind. A backslash is one, as in a path of Windows, but before a quote or another.
fn quoted(opened: &str) -> Option<(String, &str)> {
    let (mut value, mut signs) = (String::new(), opened.chars());
    while let Some(sign) = signs.next() {
        match sign {
            '"' => return Some((value, signs.as_str())),
            '\\' if signs.as_str().starts_with(['"', '\\']) => value.extend(signs.next()),
            _ => value.push(sign),
        }
    }
    None
}

/// A file's name as browsers write it (RFC 7578 section 4.2): a quote and line ends are `%22`, `%0D`, `%0A`.
fn of_browsers(name: &str) -> String {
    name.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n")
}

/// An extended value (RFC 8187 section 3.2): `UTF-8'language'percent-encoded`. RFC 7578 section 4.2 forbids it in a form; programs write it
/// all the same, and to pass over it would be to lose the file.
fn extended(value: &str) -> Option<String> {
    let mut pieces = value.splitn(3, '\'');
    let (charset, _language, text) = (pieces.next()?, pieces.next()?, pieces.next()?);
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let (mut bytes, mut signs) = (Vec::new(), text.bytes());
    while let Some(byte) = signs.next() {
        bytes.push(if byte == b'%' { hex(signs.next()?)? * 16 + hex(signs.next()?)? } else { byte });
    }
    String::from_utf8(bytes).ok()
}

fn hex(byte: u8) -> Option<u8> {
    u8::try_from(char::from(byte).to_digit(16)?).ok()
}

#[cfg(test)]
mod tests;
