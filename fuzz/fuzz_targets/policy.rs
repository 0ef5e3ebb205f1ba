//! Any text, taken as an MTA-STS policy and as the record that announces one: a policy that is read names servers unless it is none, and
//! holds no longer than RFC 8461 lets it.
#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use postern_channels::email::{StsMode, StsPolicy, fuzzing};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(policy) = StsPolicy::parse(&text, "1", Timestamp::UNIX_EPOCH) {
        assert!(policy.mode == StsMode::None || !policy.servers.is_empty());
        assert!(policy.max_age_seconds <= 31_557_600);
        assert!(!policy.names("") && !policy.names("."));
        for server in &policy.servers {
            assert!(policy.names(&server.replacen('*', "mx", 1)), "{server}");
        }
    }
    let records: Vec<String> = text.split('\0').map(str::to_owned).collect();
    if let Some(id) = fuzzing::policy_id(&records) {
        assert!((1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric()));
    }
});
