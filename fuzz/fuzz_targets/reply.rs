//! Any bytes, taken as what a mail server answers: what is kept of it are numbers and a queue id, never its words.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postern_channels::email::fuzzing;

fuzz_target!(|bytes: &[u8]| {
    for (code, id) in fuzzing::replies(bytes) {
        let numbers = code.strip_prefix("fuzz-").expect("the stage stands before it");
        assert!(numbers.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-'), "{code}");
        assert!(id.is_none_or(|id| id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')));
    }
});
