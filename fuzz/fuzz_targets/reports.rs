//! Whatever bytes come as a mail with a report in it, packed or not: read within bounds, or given up.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postern_channels::email::reports;

fuzz_target!(|bytes: &[u8]| {
    let _ = reports::read(bytes);
    for (kind, name) in [("application/gzip", "r.xml.gz"), ("text/xml", "r.xml"), ("application/tlsrpt+json", "r.json")] {
        let head = format!("Content-Type: {kind}; name={name}\r\n\r\n");
        let _ = reports::read(&[head.as_bytes(), bytes].concat());
    }
});
