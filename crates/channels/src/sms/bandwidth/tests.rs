use super::*;
use crate::provider::TlsSession;
use postern_base::EmailTier;

fn answered(status: u16, body: &str) -> Sent {
    let session = TlsSession {
        protocol: "TLSv1_3".into(),
        cipher_suite: "TLS13_AES_256_GCM_SHA384".into(),
        peer_name: "messaging.bandwidth.test".into(),
        policy: EmailTier::Pkix,
        peer_certificate_sha256: [0; 32],
        onward: None,
    };
    outcome(Answer { status, headers: Vec::new(), body: Phi::new(body.as_bytes().to_vec()), session })
}

#[test]
fn a_message_that_was_taken_is_known_by_either_kind_of_name_and_one_without_is_unknown() {
    for id in ["1589228074636lm4k2je7j7jklbn2", "9e0df4ca-b18d-40d7-a59f-82fcdf5ae8e6"] {
        let taken = format!(r#"{{"id":"{id}","segmentCount":1,"to":["+12125550142"]}}"#);
        assert!(matches!(answered(202, &taken), Sent::Accepted(handover) if handover.reference.0 == id));
    }
    for odd in ["", "{}", "<html>", r#"{"id":"../x"}"#, r#"{"id":""}"#] {
        assert_eq!(answered(202, odd), Sent::Unknown { code: "answer-not-understood".into() }, "{odd}");
    }
}

#[test]
fn a_refusal_is_for_good_for_a_while_or_unknown_as_what_it_says() {
    let permanent = |code: &str| Sent::PermanentFailure { code: code.into() };
    let temporary = |code: &str| Sent::TemporaryFailure { code: code.into() };
    let fields = |names: &[&str]| {
        let errors: Vec<_> =
            names.iter().map(|name| json!({ "fieldName": name, "description": "x +12125550142" })).collect();
        json!({ "type": "request-validation", "description": "x", "fieldErrors": errors }).to_string()
    };
    assert_eq!(answered(400, &fields(&["to"])), permanent("field-to"));
    assert_eq!(answered(400, &fields(&["from", "text"])), permanent("field-text"), "the message is a reason too");
    assert_eq!(answered(400, &fields(&["from"])), temporary("field-from"), "our own number is not right");
    assert_eq!(answered(400, &fields(&["applicationId"])), temporary("field-applicationId"));
    assert_eq!(answered(400, &fields(&["to +1212"])), permanent("field-to1212"));
    assert_eq!(answered(400, &fields(&[])), permanent("request-validation"));
    assert_eq!(answered(400, "no json"), permanent("http-400"));
    for status in [302, 401, 403, 404, 405, 406, 408, 415, 429, 503] {
        assert_eq!(answered(status, &fields(&["to"])), temporary(&format!("http-{status}")), "{status}");
    }
    for status in [500, 502, 504] {
        assert_eq!(answered(status, ""), Sent::Unknown { code: format!("http-{status}") });
    }
}

#[test]
fn an_error_of_theirs_names_itself_and_a_receipt_that_never_came_says_nothing() {
    let failed = ReceiptState::Failed;
    assert_eq!(standing(failed, "message-failed", Some(4770)), (failed, "bandwidth-4770".into()));
    assert_eq!(standing(failed, "message-failed", None), (failed, "message-failed".into()));
    assert_eq!(standing(failed, "FAILED", Some(9902)), (ReceiptState::Underway, "bandwidth-9902".into()));
    assert_eq!(standing(ReceiptState::Delivered, "DELIVERED", Some(0)), (ReceiptState::Delivered, "DELIVERED".into()));
}
