//! Any bytes, taken as a mail that came back: reading it neither panics nor gives words longer than are kept, and the same bytes have
//! the same name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postern_channels::email::arrived::{What, read};

fuzz_target!(|bytes: &[u8]| {
    for from_nobody in [false, true] {
        let arrived = read(bytes, from_nobody);
        assert_eq!(arrived.reference, read(bytes, from_nobody).reference);
        if let What::Reply(words) = arrived.what {
            assert!(words.text.reveal().chars().count() <= 16_384);
        }
    }
});
