//! Any bytes, taken as the report in a bounce: a status that is read is written as it is read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postern_channels::email::arrived::{Status, What, read};

fuzz_target!(|bytes: &[u8]| {
    let head = b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n";
    let mail = [head.as_slice(), bytes, b"\r\n--b--\r\n"].concat();
    if let What::Bounce(bounce) = read(&mail, true).what
        && let Some(status) = bounce.status
    {
        assert_eq!(Status::read(&status.to_string()), Some(status));
    }
});
