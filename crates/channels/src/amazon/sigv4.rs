//! AWS Signature Version 4 (the "Signature Version 4 signing process" of the AWS General Reference, as read on 2026-11-22): a call is signed
//! over its method, path, headers and body with a key that is good for a day, a region and a service.

use aws_lc_rs::{digest, hmac};
use jiff::Timestamp;
use postern_base::{Hex, Secret};

/// Who we are to AWS.
#[derive(Debug, Clone)]
pub struct AwsKey {
    /// The access key's id; no secret.
    pub id: String,
    /// The secret access key.
    pub secret: Secret<String>,
    /// Of temporary credentials, their session token.
    pub token: Option<Secret<String>>,
}

/// What is signed beside the headers that every call has.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    /// The method, in capital letters.
    pub(super) method: &'a str,
    /// The path, with every byte that is not unreserved (RFC 3986 section 2.3) percent-encoded already, slashes aside.
    pub(super) path: &'a str,
    /// The query, sorted and encoded; empty for none.
    pub(super) query: &'a str,
    /// The value of the `host` header.
    pub(super) host: &'a str,
    /// The body.
    pub(super) body: &'a [u8],
}

/// The headers that sign a call to `service` in `region` at `now`: names in lower case, and values, all of which are kept secret.
pub(super) fn headers(
    key: &AwsKey,
    region: &str,
    service: &str,
    signed: Signed<'_>,
    now: Timestamp,
) -> Vec<(&'static str, Secret<String>)> {
    let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut headers = vec![("host", signed.host.to_owned()), ("x-amz-date", time.clone())];
    headers.extend(key.token.as_ref().map(|token| ("x-amz-security-token", token.reveal().clone())));
    let authorization = authorization(key, region, service, signed, &headers, &time);
    let ours = headers.into_iter().filter(|(name, _)| *name != "host");
    ours.chain([("authorization", authorization)]).map(|(name, value)| (name, Secret::new(value))).collect()
}

/// The value of `authorization`, for `headers` that are sorted by name, and hold `host`.
fn authorization(
    key: &AwsKey,
    region: &str,
    service: &str,
    signed: Signed<'_>,
    headers: &[(&'static str, String)],
    time: &str,
) -> String {
    let day = time.get(..8).unwrap_or_default();
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let Signed { method, path, query, body, .. } = signed;
    let request = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{}", hash(body));
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hash(request.as_bytes()));
    let secret = Secret::new(format!("AWS4{}", key.secret.reveal()));
    let steps = [day, region, service, "aws4_request"];
    let mut derived = secret.reveal().as_bytes().to_vec();
    for step in steps {
        derived = sign(&derived, step.as_bytes());
    }
    let signature = sign(&derived, text.as_bytes());
    format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}", key.id, Hex(&signature))
}

fn sign(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
}

fn hash(bytes: &[u8]) -> String {
    Hex(digest::digest(&digest::SHA256, bytes).as_ref()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of AWS's own test suite for Signature Version 4.
    fn key() -> AwsKey {
        let secret = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned());
        AwsKey { id: "AKIDEXAMPLE".into(), secret, token: None }
    }

    fn signature(signed: Signed<'_>) -> String {
        let now = "2015-08-30T12:36:00Z".parse().unwrap();
        let headers = headers(&key(), "us-east-1", "service", signed, now);
        let (_, authorization) = headers.into_iter().find(|(name, _)| *name == "authorization").unwrap();
        let (before, signature) = authorization.reveal().rsplit_once("Signature=").unwrap();
        assert_eq!(
            before,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, "
        );
        signature.to_owned()
    }

    #[test]
    fn the_vectors_of_the_aws_test_suite_are_met() {
        let vanilla = Signed { method: "GET", path: "/", query: "", host: "example.amazonaws.com", body: b"" };
        for (signed, expected) in [
            (vanilla, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            (Signed { method: "POST", ..vanilla }, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            (
                Signed { query: "Param1=value1&Param2=value2", ..vanilla },
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
        ] {
            assert_eq!(signature(signed), expected);
        }
    }

    #[test]
    fn nothing_of_the_secret_is_printed() {
        assert!(!format!("{:?}", key()).contains("wJalr"));
    }
}
