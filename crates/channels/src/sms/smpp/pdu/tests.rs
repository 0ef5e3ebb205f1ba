use super::*;
use proptest::prelude::*;

fn submit(part: Option<(Part, Long)>) -> Submit {
    let of = |ton, npi, text: &str| Address { ton, npi, text: text.into() };
    Submit {
        from: of(3, 0, "12345"),
        to: Phi::new(of(1, 1, "12125550142")),
        data_coding: 0,
        receipt: true,
        part,
        text: Phi::new(b"hi".to_vec()),
    }
}

fn deliver(body: &[u8]) -> Deliver {
    Deliver::read(&Pdu { id: DELIVER_SM, status: 0, sequence: 1, body: Phi::new(body.to_vec()) }).unwrap()
}

/// The fixed part of a deliver_sm with this class up to `data_coding`, then that and the rest.
fn body(esm_class: u8, rest: &[u8]) -> Vec<u8> {
    let mut body = b"\0\x01\x0112125550142\0\x03\x0012345\0".to_vec();
    body.extend_from_slice(&[esm_class, 0, 0, 0, 0, 0, 0]);
    body.extend_from_slice(rest);
    body
}

#[test]
fn a_submission_on_the_wire_is_what_the_specification_says() {
    let mut wire = Vec::new();
    submit(None).pdu(7).write(&mut wire);
    let expected: &[u8] = b"\x00\x00\x00\x33\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x07\
        \x00\x03\x0012345\x00\x01\x0112125550142\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x02hi";
    assert_eq!(wire, expected);
}

#[test]
fn a_part_says_which_it_is_in_a_header_or_in_parameters() {
    let part = Part { reference: 0x0102, total: 3, number: 2 };
    let header = submit(Some((part, Long::Header))).pdu(1).body;
    assert!(header.reveal().ends_with(b"\x01\x00\x00\x00\x08\x05\x00\x03\x03\x03\x02hi"));
    assert_eq!(header.reveal()[23], HAS_HEADER);
    let parameters = submit(Some((part, Long::Parameters))).pdu(1).body;
    let expected = b"\x02hi\x02\x0c\x00\x02\x01\x02\x02\x0e\x00\x01\x03\x02\x0f\x00\x01\x02";
    assert!(parameters.reveal().ends_with(expected));
}

#[test]
fn what_is_delivered_is_read_with_its_part_its_payload_and_its_receipt() {
    let plain = deliver(&body(0, b"\x00\x00\x04STOP"));
    assert_eq!((plain.from.text.as_str(), plain.to.text.as_str()), ("12125550142", "12345"));
    assert_eq!((plain.text.as_slice(), plain.part, plain.is_receipt()), (&b"STOP"[..], None, false));

    let part = deliver(&body(HAS_HEADER, b"\x00\x00\x0a\x05\x00\x03\x07\x02\x01STOP"));
    assert_eq!(part.part, Some(Part { reference: 7, total: 2, number: 1 }));
    assert_eq!(part.text, b"STOP");

    let wide = deliver(&body(HAS_HEADER, b"\x00\x00\x0b\x06\x08\x04\x01\x07\x02\x02STOP"));
    assert_eq!(wide.part, Some(Part { reference: 0x0107, total: 2, number: 2 }));

    let payload = deliver(&body(0, b"\x00\x00\x00\x04\x24\x00\x04STOP"));
    assert_eq!(payload.text, b"STOP");

    let receipt = deliver(&body(4, b"\x00\x00\x04id:7\x00\x1e\x00\x02A7\x04\x27\x00\x01\x02"));
    assert_eq!((receipt.receipted.as_deref(), receipt.state), (Some("A7"), Some(2)), "without its NUL");
    assert!(receipt.is_receipt());
    let nuls = deliver(&body(4, b"\x00\x00\x00\x00\x1e\x00\x04A7\x00\x00\x04\x27\x00\x01\x05"));
    assert_eq!((nuls.receipted.as_deref(), nuls.state), (Some("A7"), Some(5)), "with two");
}

#[test]
fn one_bad_parameter_costs_itself_and_no_more() {
    let unknown = deliver(&body(0, b"\x00\x00\x02hi\x14\x03\x00\x02xx\x04\x27\x00\x01\x02"));
    assert_eq!((unknown.text.as_slice(), unknown.state), (&b"hi"[..], Some(2)));
    let beyond = deliver(&body(0, b"\x00\x00\x02hi\x04\x27\x00\x01\x02\x14\x03\xff\xffx"));
    assert_eq!((beyond.text.as_slice(), beyond.state), (&b"hi"[..], Some(2)));
    let empty = deliver(&body(0, b"\x00\x00\x02hi\x04\x27\x00\x00\x00\x1e\x00\x00"));
    assert_eq!((empty.state, empty.receipted), (None, None));
    let long = deliver(&body(0, b"\x00\x00\xffhi"));
    assert_eq!(long.text, b"hi", "a length beyond the end is what there is");
    let header = deliver(&body(HAS_HEADER, b"\x00\x00\x02\xffi"));
    assert_eq!(header.text, b"\xffi", "a header longer than the text is text");
}

#[test]
fn a_pdu_comes_in_pieces_and_a_length_without_sense_ends_the_session() {
    let mut wire = Vec::new();
    Pdu::ask(ENQUIRE_LINK, 9).write(&mut wire);
    let mut buffer = Vec::new();
    for octet in &wire[..15] {
        buffer.push(*octet);
        assert_eq!(Pdu::take(&mut buffer), Ok(None));
    }
    buffer.extend_from_slice(&[wire[15], 1, 2]);
    assert_eq!(Pdu::take(&mut buffer).map(|pdu| pdu.map(|pdu| pdu.sequence)), Ok(Some(9)));
    assert_eq!(buffer, [1, 2]);
    for length in [0u32, 15, 0x00ff_ffff, u32::MAX] {
        assert_eq!(Pdu::take(&mut length.to_be_bytes().to_vec()), Err(Broken), "{length}");
    }
}

proptest! {
    #[test]
    fn no_bytes_are_too_strange_to_read(octets in proptest::collection::vec(any::<u8>(), 0..300), id in any::<bool>()) {
        let id = if id { DELIVER_SM } else { DATA_SM };
        let pdu = Pdu { id, status: 0, sequence: 1, body: Phi::new(octets.clone()) };
        if let Some(deliver) = Deliver::read(&pdu) {
            prop_assert!(deliver.text.len() <= octets.len());
        }
        prop_assert!(pdu.message_id().is_none_or(|id| !id.is_empty()));
        let mut buffer = octets;
        while let Ok(Some(_)) = Pdu::take(&mut buffer) {}
    }
}
