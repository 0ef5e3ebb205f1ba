//! The mail servers, names and certificates of the channels' tests, for the binary.

use crate::clinic::{Clinic, postern, printed};
use crate::peers::missing_peer;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Clock, SystemClock};
use serde_json::{Value, json};

#[path = "../../../channels/tests/it/support/aiosmtpd.rs"]
pub(crate) mod aiosmtpd;
#[path = "../../../channels/tests/it/support/authority.rs"]
pub(crate) mod authority;
#[path = "../../../channels/tests/it/support/capture.rs"]
#[expect(dead_code, reason = "the tests of the channels' crate, whose file this is, use all of it")]
pub(crate) mod capture;
#[path = "../../../channels/tests/it/support/internet.rs"]
#[expect(dead_code, reason = "the tests of the channels' crate, whose file this is, use all of it")]
pub(crate) mod internet;
#[path = "../../../channels/tests/it/support/moto.rs"]
#[expect(dead_code, reason = "the tests of the channels' crate, whose file this is, use all of it")]
pub(crate) mod moto;
#[path = "../../../channels/tests/it/support/mta.rs"]
#[expect(dead_code, reason = "the tests of the channels' crate, whose file this is, use all of it")]
pub(crate) mod mta;
#[path = "../../../channels/tests/it/support/policy_host.rs"]
#[expect(dead_code, reason = "the tests of the channels' crate, whose file this is, use all of it")]
mod policy_host;
#[path = "../../../channels/tests/it/support/postfix.rs"]
#[expect(dead_code, reason = "the tests of the channels' crate, whose file this is, use all of it")]
pub(crate) mod postfix;
#[path = "../../../channels/tests/it/support/proxy.rs"]
#[expect(dead_code, reason = "the tests of the channels' crate, whose file this is, use all of it")]
pub(crate) mod proxy;
#[path = "../../../channels/tests/it/support/scratch.rs"]
mod scratch;
#[path = "../../../channels/tests/it/support/scripted.rs"]
#[expect(dead_code, reason = "the tests of the channels' crate, whose file this is, use all of it")]
mod scripted;
#[path = "../../../channels/tests/it/support/web.rs"]
#[expect(dead_code, reason = "the tests of the channels' crate, whose file this is, use all of it")]
pub(crate) mod web;
#[path = "../../../channels/tests/it/support/zones.rs"]
mod zones;

/// A clock that stands still.
#[derive(Debug, Clone, Copy)]
struct Still(Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// A result that does not wait for the morning, since a named person breaks the glass for it: so the tests say the same at night. It
/// is told from the command line, in this e-mail mode, and the clinic serves again. Gives the answer.
pub(crate) fn send_at_any_hour(clinic: &mut Clinic, mode: &str, words: &str) -> Value {
    let ends = SystemClock.now() + SignedDuration::from_hours(1);
    let request = json!({
        "patient": "Patient/p1", "purpose": "emergency", "urgency": "emergency", "channels": ["portal", "email"],
        "origin": "staff", "email_mode": mode, "break_glass": { "actor": "dr-lee", "reason": "a value that cannot wait", "expires_at": ends },
        "content": { "subject": "Your result", "body": words }
    });
    let file = clinic.folder.join("request.json");
    std::fs::write(&file, request.to_string()).expect("written");
    clinic.stop();
    let sent = postern(&["send", "--data", &clinic.data_text(), file.to_str().expect("UTF-8"), "--json"]);
    clinic.serve();
    printed(&sent)
}
