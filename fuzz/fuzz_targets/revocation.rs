//! Any text, read for what it means for the right to send more: read twice it means the same, blanks more or less change nothing,
//! and the word STOP by itself stops, whatever full stops and exclamation marks follow it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postern_gate::revocation::read;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let meaning = read(&text);
    assert_eq!(meaning, read(&text));
    assert_eq!(meaning, read(&text.replace(' ', "  ")));
    assert_eq!(meaning, read(&format!(" {text} ")));
    let marks: String = text.chars().filter(|c| matches!(c, '.' | '!' | ' ' | '\n')).take(8).collect();
    assert!(read(&format!("STOP{marks}")).stops(), "STOP{marks:?}");
});
