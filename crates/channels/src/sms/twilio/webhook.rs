//! What Twilio sends us, signed with the account's token: HMAC-SHA1 over the URL and, of a form, every name and value in order of
//! names (Twilio, "Webhooks Security", read 2026-11-22). The scheme signs no time: a request sent again is told by its message's
//! name, under which everything is taken once.

use crate::provider::{RawRequest, ReceiveError};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postern_base::{Hex, Secret};

/// The header with the signature, in base64.
pub const SIGNATURE: &str = "x-twilio-signature";
/// The query parameter that holds the SHA-256 of a body that is no form, in hexadecimal.
const BODY_HASH: &str = "bodySHA256=";

/// The names and values of a form, in the order they came.
pub(super) type Fields = Vec<(String, String)>;

/// The signature of a request to `url` with the form's `fields`, in base64: what goes into [`SIGNATURE`].
#[must_use]
pub fn sign(token: &Secret<String>, url: &str, fields: &[(String, String)]) -> String {
    STANDARD.encode(hmac::sign(&key(token), &signed_bytes(url, fields)).as_ref())
}

/// Reads the form that `request` carries, once its signature is found right. The comparison takes the same time wherever the
/// first wrong byte is.
///
/// # Errors
/// [`ReceiveError::BadSignature`], whatever is wrong: a caller learns nothing from the difference.
pub(super) fn verified(token: &Secret<String>, request: &RawRequest) -> Result<Fields, ReceiveError> {
    let signature = request.header(SIGNATURE).ok_or(ReceiveError::BadSignature)?;
    let tag = STANDARD.decode(signature).map_err(|_| ReceiveError::BadSignature)?;
    let fields: Fields = form_urlencoded::parse(request.body.reveal()).into_owned().collect();
    let key = key(token);
    let holds = |url: &str, fields: &[(String, String)]| hmac::verify(&key, &signed_bytes(url, fields), &tag).is_ok();
    let good = match body_hash(&request.url) {
        // Of a body that is no form the URL names the hash, and the URL is what is signed.
        Some(hash) => {
            let seen = Hex(digest::digest(&digest::SHA256, request.body.reveal()).as_ref()).to_string();
            aws_lc_rs::constant_time::verify_slices_are_equal(seen.as_bytes(), hash.as_bytes()).is_ok()
                && spellings(&request.url).iter().any(|url| holds(url, &[]))
        }
        None => spellings(&request.url).iter().any(|url| holds(url, &fields)),
    };
    if good { Ok(fields) } else { Err(ReceiveError::BadSignature) }
}

fn key(token: &Secret<String>) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.reveal().as_bytes())
}

/// The URL, and every name with its values, sorted; a value given twice under one name counts once.
fn signed_bytes(url: &str, fields: &[(String, String)]) -> Vec<u8> {
    let mut sorted: Vec<&(String, String)> = fields.iter().collect();
    sorted.sort();
    sorted.dedup();
    let mut bytes = url.as_bytes().to_vec();
    for (name, value) in sorted {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(value.as_bytes());
    }
    bytes
}

fn body_hash(url: &str) -> Option<&str> {
    let (_, query) = url.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix(BODY_HASH))
}

/// The URL without its port and with the standard one: which of them Twilio signs depends on how it was given.
fn spellings(url: &str) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else { return vec![url.to_owned()] };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let standard = if scheme == "https" { "443" } else { "80" };
    match authority.rsplit_once(':') {
        Some((host, _)) => vec![url.to_owned(), format!("{scheme}://{host}{path}")],
        None => vec![url.to_owned(), format!("{scheme}://{authority}:{standard}{path}")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use postern_base::Phi;

    /// The example of Twilio's documentation ("Webhooks Security", read 2026-11-22).
    fn example() -> (Secret<String>, String, Vec<(String, String)>) {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let fields = vec![
            field("Digits", "1234"),
            field("To", "+18005551212"),
            field("From", "+14158675310"),
            field("Caller", "+14158675310"),
            field("CallSid", "CA1234567890ABCDE"),
        ];
        (Secret::new("12345".to_owned()), "https://example.com/myapp.php?foo=1&bar=2".to_owned(), fields)
    }

    fn request(url: &str, signature: &str, body: &[u8]) -> RawRequest {
        RawRequest {
            url: url.to_owned(),
            headers: vec![(SIGNATURE.to_owned(), signature.to_owned())],
            body: Phi::new(body.to_vec()),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_signature_is_the_one_of_the_documentation() {
        let (token, url, fields) = example();
        assert_eq!(sign(&token, &url, &fields), "L/OH5YylLD5NRKLltdqwSvS0BnU=");
    }

    #[test]
    fn any_change_to_url_body_or_signature_is_refused_and_a_port_is_not_one() {
        let (token, url, fields) = example();
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        let signature = sign(&token, &url, &fields);
        assert_eq!(verified(&token, &request(&url, &signature, body.as_bytes())), Ok(fields.clone()));
        let with_port = url.replace("example.com", "example.com:443");
        assert!(verified(&token, &request(&with_port, &signature, body.as_bytes())).is_ok());
        for wrong in [
            request(&url.replace("bar=2", "bar=3"), &signature, body.as_bytes()),
            request(&url, &signature, body.replace("1234&", "1235&").as_bytes()),
            request(&url, &signature, format!("{body}&More=1").as_bytes()),
            request(&url, &sign(&Secret::new("other".into()), &url, &fields), body.as_bytes()),
            request(&url, "", body.as_bytes()),
            request(&url, "%%%", body.as_bytes()),
            RawRequest { headers: Vec::new(), ..request(&url, "", body.as_bytes()) },
        ] {
            assert_eq!(verified(&token, &wrong), Err(ReceiveError::BadSignature));
        }
    }

    #[test]
    fn of_a_body_that_is_no_form_the_url_names_the_hash() {
        let token = Secret::new("12345".to_owned());
        let body = br#"{"a":1}"#;
        let hash = Hex(digest::digest(&digest::SHA256, body).as_ref()).to_string();
        let url = format!("https://example.com/hook?{BODY_HASH}{hash}");
        let signature = sign(&token, &url, &[]);
        assert!(verified(&token, &request(&url, &signature, body)).is_ok());
        assert_eq!(verified(&token, &request(&url, &signature, br#"{"a":2}"#)), Err(ReceiveError::BadSignature));
    }
}
