//! Any bytes, taken as what a message centre sends: as they are, and as deliveries (the first byte of a piece says how long it is).
//! Nothing that is told is longer than what came, and a receipt holds a code of ours.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postern_channels::Received;
use postern_channels::sms::smpp::fuzzing::{delivery, told};

fuzz_target!(|bytes: &[u8]| {
    let _ = told(bytes);
    let (mut wire, mut rest) = (Vec::new(), bytes);
    while let Some((length, more)) = rest.split_first() {
        let (body, after) = more.split_at(usize::from(*length >> 1).min(more.len()));
        wire.extend(delivery(length & 1 == 0, body));
        rest = after;
    }
    let (received, whole) = told(&wire);
    assert!(whole, "what we wrote are PDUs");
    let mut octets = 0;
    for one in received {
        match one {
            Received::Message(message) => {
                octets += message.text.reveal().chars().count();
                assert!(message.reference.0.starts_with("mo-"));
            }
            Received::Receipt(receipt) => {
                assert!(receipt.code.starts_with("smpp-") && receipt.code.len() <= 40, "{}", receipt.code);
                assert!(receipt.code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{}", receipt.code);
                assert!(!receipt.reference.0.is_empty());
            }
        }
    }
    assert!(octets <= bytes.len(), "more was told than came");
});
