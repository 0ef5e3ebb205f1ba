//! Any bytes, taken as a request of Twilio's, as one of Bandwidth's, and as one under the Standard Webhooks: without the right signature or
//! password none is read, with it what is read is of the account, and under a name that is one.
#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use postern_base::{Phi, Secret, SystemClock};
use postern_channels::email::Roots;
use postern_channels::https::HttpsConfig;
use postern_channels::sms::bandwidth::{Bandwidth, BandwidthConfig};
use postern_channels::sms::twilio::webhook::{SIGNATURE, sign};
use postern_channels::sms::twilio::{Sender, Twilio, TwilioConfig};
use postern_channels::{Provider as _, RawRequest, ReceiveError, Received, SigningSecret, webhook};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

static TWILIO: LazyLock<Twilio> = LazyLock::new(|| {
    let config = TwilioConfig {
        vendor: "twilio".to_owned(),
        service: "sms".to_owned(),
        https: https("https://api.twilio.test"),
        account: "AC00000000000000000000000000000000".to_owned(),
        token: token(),
        key: None,
        sender: Sender::Number("+12125550100".to_owned()),
        callback: "https://clinic.example/webhooks/twilio".to_owned(),
    };
    Twilio::new(config, Arc::new(SystemClock)).expect("an account")
});

const APPLICATION: &str = "93de2206-9669-4e07-948d-329f4b722ee2";
/// `hooks` and the password below (RFC 7617 section 2).
const PASSWORD_GIVEN: &str = "Basic aG9va3M6cDRzc3dvcmQtb2YtdGhlLXdlYmhvb2tz";

static BANDWIDTH: LazyLock<Bandwidth> = LazyLock::new(|| {
    let config = BandwidthConfig {
        vendor: "bandwidth".to_owned(),
        service: "sms".to_owned(),
        https: https("https://messaging.bandwidth.test"),
        tokens: https("https://api.bandwidth.test"),
        account: "9900000".to_owned(),
        client: "client".to_owned(),
        client_secret: token(),
        application: APPLICATION.to_owned(),
        from: "+12125550100".to_owned(),
        callback_user: "hooks".to_owned(),
        callback_password: Secret::new("p4ssword-of-the-webhooks".to_owned()),
    };
    Bandwidth::new(config, Arc::new(SystemClock)).expect("an account")
});

fn https(origin: &str) -> HttpsConfig {
    HttpsConfig {
        origin: origin.to_owned(),
        address: None,
        roots: Roots::System,
        connect_time: Duration::from_secs(1),
        answer_time: Duration::from_secs(1),
    }
}

fn token() -> Secret<String> {
    Secret::new("00000000000000000000000000000000".to_owned())
}

fn request(url: &str, headers: &[(&str, &str)], body: &[u8]) -> RawRequest {
    RawRequest {
        url: url.to_owned(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: Phi::new(body.to_vec()),
        at: Timestamp::UNIX_EPOCH,
    }
}

/// What a vendor calls each thing it told of.
fn names(received: Vec<Received>) -> impl Iterator<Item = String> {
    received.into_iter().map(|one| match one {
        Received::Message(message) => message.reference.0,
        Received::Receipt(receipt) => receipt.reference.0,
    })
}

fn is_twilios(url: &str, bytes: &[u8], body: &[u8]) {
    let forged = TWILIO.receive(&request(url, &[(SIGNATURE, &String::from_utf8_lossy(bytes))], body));
    assert!(matches!(forged, Err(ReceiveError::BadSignature)));
    let fields: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
    match TWILIO.receive(&request(url, &[(SIGNATURE, &sign(&token(), url, &fields))], body)) {
        Ok(received) => {
            assert!(fields.contains(&("AccountSid".to_owned(), "AC00000000000000000000000000000000".to_owned())));
            for name in names(received) {
                assert!((1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric()));
            }
        }
        // Of a body that is no form the URL names the hash.
        Err(ReceiveError::BadSignature) => assert!(url.contains("bodySHA256=")),
        Err(_) => {}
    }
}

fn is_bandwidths(url: &str, bytes: &[u8], body: &[u8]) {
    let forged = BANDWIDTH.receive(&request(url, &[("authorization", &String::from_utf8_lossy(bytes))], body));
    assert!(matches!(forged, Err(ReceiveError::BadSignature)));
    let Ok(received) = BANDWIDTH.receive(&request(url, &[("authorization", PASSWORD_GIVEN)], body)) else { return };
    assert!(!received.is_empty());
    // Escapes of JSON may spell the application in other bytes.
    let text = String::from_utf8_lossy(body);
    assert!(text.contains(APPLICATION) || text.contains('\\'));
    for one in &received {
        let at = match one {
            Received::Message(message) => message.at,
            Received::Receipt(receipt) => receipt.at,
        };
        assert!(at <= Timestamp::UNIX_EPOCH, "nothing was written after it arrived");
    }
    for name in names(received) {
        assert!((1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    }
}

fn is_standard(url: &str, path: &[u8], body: &[u8]) {
    let headers = String::from_utf8_lossy(path).split(';').map(str::to_owned).collect::<Vec<_>>();
    let of = |at: usize| headers.get(at).map_or("", String::as_str);
    let headers = [(webhook::ID, of(0)), (webhook::TIMESTAMP, of(1)), (webhook::SIGNATURE, of(2))];
    let secret = SigningSecret::new(vec![9; 32]);
    assert_eq!(webhook::verify(&secret, &request(url, &headers, body)), Err(ReceiveError::BadSignature));
}

fuzz_target!(|bytes: &[u8]| {
    // The first line is what stands behind the URL, the rest the body.
    let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
    let (path, body) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let url = format!("https://clinic.example/webhooks/twilio{}", String::from_utf8_lossy(path));
    is_twilios(&url, bytes, body);
    is_bandwidths(&url, bytes, body);
    is_standard(&url, path, body);
});
