//! Any bytes, said to the listener for mail: it answers in whole lines, takes mail for mailboxes of ours alone and no larger than it
//! says, and it does not matter in which pieces the bytes came. `<OURS>` stands for an address of ours.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postern_channels::email::fuzzing::listener::{MESSAGE_BYTES, session};

fuzz_target!(|bytes: &[u8]| {
    let (answered, taken) = session(bytes, 1 << 16);
    let answers = String::from_utf8(answered.clone()).expect("answers are ASCII");
    for line in answers.split_inclusive('\n') {
        assert!(line.ends_with("\r\n") && line.len() <= 512, "{line:?}");
        assert!(line.bytes().take(3).all(|b| b.is_ascii_digit()), "{line:?}");
    }
    for mail in &taken {
        assert!(!mail.to.is_empty() && mail.content.reveal().len() <= MESSAGE_BYTES);
    }
    let (again, taken_again) = session(bytes, 1 + bytes.len() % 13);
    assert_eq!(answered, again);
    assert_eq!(taken.len(), taken_again.len());
    assert!(taken.iter().zip(&taken_again).all(|(a, b)| a.content == b.content && a.to == b.to));
});
