//! Any bytes, taken as a TLSA record and a certificate: a record that cannot be used never vouches for what has another length than its digest,
//! and bytes that are no certificate are named by their whole or not at all.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postern_channels::email::fuzzing;

fuzz_target!(|bytes: &[u8]| {
    let Some((length, rest)) = bytes.split_first() else { return };
    let (record, certificate) = rest.split_at(usize::from(*length).min(rest.len()));
    let (usable, names) = fuzzing::tlsa(record, certificate);
    if names && record.first().is_some_and(|usage| *usage == 3) && record.get(2) != Some(&0) {
        assert!(usable, "a digest that matches has the length of one");
    }
    // What names a certificate names no other.
    let other = [certificate, b"x"].concat();
    if names && record.get(1) == Some(&0) {
        assert!(!fuzzing::tlsa(record, &other).1);
    }
});
