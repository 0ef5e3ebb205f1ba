//! Any bytes, taken as a request of Twilio's, and as one under the Standard Webhooks: without the right signature none is read, with it
//! what is read is of the account, and under a name that is one.
#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use postern_base::{Phi, Secret, SystemClock};
use postern_channels::email::Roots;
use postern_channels::https::HttpsConfig;
use postern_channels::sms::twilio::webhook::{SIGNATURE, sign};
use postern_channels::sms::twilio::{Sender, Twilio, TwilioConfig};
use postern_channels::{Provider as _, RawRequest, ReceiveError, Received, SigningSecret, webhook};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

static TWILIO: LazyLock<Twilio> = LazyLock::new(|| {
    let https = HttpsConfig {
        origin: "https://api.twilio.test".to_owned(),
        address: None,
        roots: Roots::System,
        connect_time: Duration::from_secs(1),
        answer_time: Duration::from_secs(1),
    };
    let config = TwilioConfig {
        vendor: "twilio".to_owned(),
        service: "sms".to_owned(),
        https,
        account: "AC00000000000000000000000000000000".to_owned(),
        token: token(),
        key: None,
        sender: Sender::Number("+12125550100".to_owned()),
        callback: "https://clinic.example/webhooks/twilio".to_owned(),
    };
    Twilio::new(config, Arc::new(SystemClock)).expect("an account")
});

fn token() -> Secret<String> {
    Secret::new("00000000000000000000000000000000".to_owned())
}

fuzz_target!(|bytes: &[u8]| {
    // The first line is what stands behind the URL, the rest the body.
    let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
    let (path, body) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let url = format!("https://clinic.example/webhooks/twilio{}", String::from_utf8_lossy(path));
    let request = |signature: &str| RawRequest {
        url: url.clone(),
        headers: vec![(SIGNATURE.to_owned(), signature.to_owned())],
        body: Phi::new(body.to_vec()),
        at: Timestamp::UNIX_EPOCH,
    };
    let forged = TWILIO.receive(&request(&String::from_utf8_lossy(bytes)));
    assert!(matches!(forged, Err(ReceiveError::BadSignature)));
    let fields: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
    match TWILIO.receive(&request(&sign(&token(), &url, &fields))) {
        Ok(received) => {
            assert!(fields.contains(&("AccountSid".to_owned(), "AC00000000000000000000000000000000".to_owned())));
            for one in received {
                let name = match one {
                    Received::Message(message) => message.reference,
                    Received::Receipt(receipt) => receipt.reference,
                };
                assert!((1..=64).contains(&name.0.len()) && name.0.bytes().all(|b| b.is_ascii_alphanumeric()));
            }
        }
        // Of a body that is no form the URL names the hash.
        Err(ReceiveError::BadSignature) => assert!(url.contains("bodySHA256=")),
        Err(_) => {}
    }
    let headers = String::from_utf8_lossy(path).split(';').map(str::to_owned).collect::<Vec<_>>();
    let of = |at: usize| headers.get(at).cloned().unwrap_or_default();
    let standard = RawRequest {
        url,
        headers: vec![
            (webhook::ID.to_owned(), of(0)),
            (webhook::TIMESTAMP.to_owned(), of(1)),
            (webhook::SIGNATURE.to_owned(), of(2)),
        ],
        body: Phi::new(body.to_vec()),
        at: Timestamp::UNIX_EPOCH,
    };
    let secret = SigningSecret::new(vec![9; 32]);
    assert_eq!(webhook::verify(&secret, &standard), Err(ReceiveError::BadSignature));
});
