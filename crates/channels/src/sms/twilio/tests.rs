use super::*;
use crate::provider::TlsSession;
use postern_base::EmailTier;

fn answered(status: u16, body: &str) -> Sent {
    let session = TlsSession {
        protocol: "TLSv1_3".into(),
        cipher_suite: "TLS13_AES_256_GCM_SHA384".into(),
        peer_name: "api.twilio.test".into(),
        policy: EmailTier::Pkix,
        peer_certificate_sha256: [0; 32],
        onward: None,
    };
    outcome(Answer { status, headers: Vec::new(), body: Phi::new(body.as_bytes().to_vec()), session })
}

const SID: &str = "SM0123456789abcdef0123456789abcdef";

#[test]
fn a_message_that_was_taken_is_known_by_its_name_and_one_without_is_unknown() {
    let taken = format!(r#"{{"sid":"{SID}","status":"queued","error_code":null,"body":"x"}}"#);
    assert!(matches!(answered(201, &taken), Sent::Accepted(handover) if handover.reference.0 == SID));
    let failed = format!(r#"{{"sid":"{SID}","status":"failed","error_code":30006}}"#);
    assert_eq!(answered(201, &failed), Sent::PermanentFailure { code: "twilio-30006".into() });
    for odd in ["", "{}", "<html>", r#"{"sid":"../x","status":"queued"}"#] {
        assert_eq!(answered(201, odd), Sent::Unknown { code: "answer-not-understood".into() }, "{odd}");
    }
}

#[test]
fn a_refusal_is_for_good_for_a_while_or_unknown_as_what_it_says() {
    let refusal = |code: u32| format!(r#"{{"code":{code},"message":"x","more_info":"y","status":400}}"#);
    let permanent = |code: &str| Sent::PermanentFailure { code: code.into() };
    let temporary = |code: &str| Sent::TemporaryFailure { code: code.into() };
    assert_eq!(answered(400, &refusal(21211)), permanent("twilio-21211"));
    assert_eq!(answered(400, &refusal(21614)), permanent("twilio-21614"));
    assert_eq!(answered(400, &refusal(21610)), permanent("twilio-21610"));
    assert_eq!(answered(400, "no json"), permanent("http-400"));
    assert_eq!(answered(400, &refusal(21606)), temporary("twilio-21606"), "our own number is not right");
    assert_eq!(answered(400, &refusal(21611)), temporary("twilio-21611"), "its queue is full");
    assert_eq!(answered(401, &refusal(20003)), temporary("twilio-20003"));
    assert_eq!(answered(404, &refusal(20404)), temporary("http-404"), "our account is not right");
    assert_eq!(answered(429, &refusal(20429)), temporary("twilio-20429"));
    assert_eq!(answered(429, ""), temporary("http-429"));
    assert_eq!(answered(503, ""), temporary("http-503"));
    assert_eq!(answered(302, ""), temporary("http-302"), "it is never followed");
    for status in [500, 502, 504] {
        assert_eq!(answered(status, ""), Sent::Unknown { code: format!("http-{status}") });
    }
}

#[test]
fn where_a_message_stands_is_in_every_word_of_theirs_and_an_unknown_one_is_kept() {
    for (word, state) in [
        ("accepted", ReceiptState::Underway),
        ("scheduled", ReceiptState::Underway),
        ("queued", ReceiptState::Underway),
        ("sending", ReceiptState::Underway),
        ("sent", ReceiptState::Underway),
        ("delivered", ReceiptState::Delivered),
        ("read", ReceiptState::Delivered),
        ("undelivered", ReceiptState::Failed),
        ("failed", ReceiptState::Failed),
        ("canceled", ReceiptState::Failed),
        ("teleported", ReceiptState::Underway),
    ] {
        assert_eq!(standing(word, None), (state, word.to_owned()));
    }
    assert_eq!(standing("undelivered", Some(30003)), (ReceiptState::Failed, "twilio-30003".to_owned()));
}
