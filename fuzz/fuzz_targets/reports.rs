//! Whatever bytes come as a mail with a report in it, packed or not: read within bounds, or given up.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postern_channels::email::reports;

fuzz_target!(|bytes: &[u8]| {
    let _ = reports::read(bytes);
    let mut mail = b"Content-Type: application/gzip; name=r.xml.gz\r\n\r\n".to_vec();
    mail.extend_from_slice(bytes);
    let _ = reports::read(&mail);
});
