use super::*;
use proptest::prelude::*;

pub(crate) fn full() -> Entry {
    Entry {
        version: LEAF_VERSION,
        id: EntryId(Uuid::from_u128(0x0193_5f3e_7a00_7000_8000_0000_0000_0002)),
        tenant: "sunrise".parse().unwrap(),
        kind: Kind::AttemptStarted,
        at: "2026-11-22T01:02:03.45Z".parse().unwrap(),
        actor: "system".to_owned(),
        message: Some(MessageId(Uuid::from_u128(0x0193_5f3e_7a00_7000_8000_0000_0000_0001))),
        delivery: Some(DeliveryId(Uuid::from_u128(3))),
        attempt: Some(AttemptId(Uuid::from_u128(4))),
        fence: Some(7),
        policy: Some("1/house".to_owned()),
        code: Some("send".to_owned()),
        previous: Some(EntryId(Uuid::from_u128(5))),
        commitments: vec![("body".to_owned(), [1; 32]), ("destination".to_owned(), [2; 32])],
        rows: vec![
            RowState { row: "attempts/4".to_owned(), digest: Some([3; 32]) },
            RowState { row: "deliveries/3".to_owned(), digest: None },
        ],
    }
}

fn leaf_text() -> String {
    String::from_utf8(full().to_bytes().unwrap()).unwrap()
}

#[test]
fn a_leaf_is_pinned_to_the_byte() {
    assert_eq!(
        leaf_text(),
        concat!(
            r#"{"actor":"system","at":"2026-11-22T01:02:03.45Z","attempt":"00000000-0000-0000-0000-000000000004","#,
            r#""code":"send","commitments":{"body":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=","#,
            r#""destination":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="},"#,
            r#""delivery":"00000000-0000-0000-0000-000000000003","fence":7,"id":"01935f3e-7a00-7000-8000-000000000002","#,
            r#""kind":"attempt_started","message":"01935f3e-7a00-7000-8000-000000000001","policy":"1/house","#,
            r#""previous":"00000000-0000-0000-0000-000000000005","#,
            r#""rows":{"attempts/4":"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=","deliveries/3":""},"tenant":"sunrise","version":2}"#
        )
    );
    assert_eq!(Entry::from_bytes(leaf_text().as_bytes()), Ok(full()));
}

#[test]
fn keys_stand_in_the_canonical_order_and_absent_fields_are_left_out() {
    let text = leaf_text();
    let value: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    let mut at = 0;
    for key in value.keys().collect::<std::collections::BTreeSet<_>>() {
        let found = text.find(&format!("\"{key}\":")).unwrap();
        assert!(found >= at, "{key}");
        at = found;
    }
    let bare = Entry {
        message: None,
        delivery: None,
        attempt: None,
        fence: None,
        policy: None,
        code: None,
        previous: None,
        commitments: vec![],
        rows: vec![],
        ..full()
    };
    let text = String::from_utf8(bare.to_bytes().unwrap()).unwrap();
    assert!(!text.contains("null") && !text.contains("commitments"));
    assert_eq!(Entry::from_bytes(text.as_bytes()), Ok(bare));
}

#[test]
fn a_leaf_of_a_newer_version_is_named_as_such_whatever_its_fields() {
    let newer = leaf_text().replace("\"version\":2", "\"version\":3,\"witness\":\"w\"");
    assert_eq!(Entry::from_bytes(newer.as_bytes()), Err(LeafError::Newer { found: 3, known: 2 }));
    let older = leaf_text().replace("\"version\":2", "\"version\":0");
    assert_eq!(Entry::from_bytes(older.as_bytes()), Err(LeafError::NoSuchVersion));
}

#[test]
fn what_is_wrong_with_a_leaf_is_named() {
    let refused = |from: &str, to: &str| Entry::from_bytes(leaf_text().replacen(from, to, 1).as_bytes()).unwrap_err();
    assert_eq!(refused("\"actor\"", "\"aktor\""), LeafError::UnknownField);
    assert_eq!(refused("attempt_started", "attempt_begun"), LeafError::UnknownKind);
    assert_eq!(refused("\"actor\":\"system\",", ""), LeafError::Field { field: "actor" });
    assert_eq!(refused("2026-11-22T01", "2026-13-22T01"), LeafError::Field { field: "at" });
    assert_eq!(refused("\"fence\":7", "\"fence\":-7"), LeafError::Field { field: "fence" });
    assert_eq!(refused("\"fence\":7", "\"fence\":7.0"), LeafError::Field { field: "fence" });
    assert_eq!(refused("\"sunrise\"", "\"Sun rise\""), LeafError::Field { field: "tenant" });
    assert_eq!(refused("AQEB", "AQ?B"), LeafError::Field { field: "commitments" });
    assert_eq!(refused("{", "["), LeafError::NotAnObject);
}

#[test]
fn the_same_entry_in_other_bytes_is_refused() {
    let refused = |from: &str, to: &str| Entry::from_bytes(leaf_text().replacen(from, to, 1).as_bytes()).unwrap_err();
    assert_eq!(refused(",", ", "), LeafError::NotCanonical);
    assert_eq!(refused("system", "\\u0073ystem"), LeafError::NotCanonical);
    assert_eq!(refused("03.45Z", "03.450Z"), LeafError::NotCanonical);
    assert_eq!(refused("01:02:03.45Z", "02:02:03.45+01:00"), LeafError::NotCanonical);
    assert_eq!(refused("01935f3e", "01935F3E"), LeafError::NotCanonical);
    assert_eq!(refused("\"version\":2", "\"version\":2,\"version\":2"), LeafError::NotCanonical);
    assert_eq!(refused("\"fence\":7,", "\"fence\":7,\"fence\":7,"), LeafError::NotCanonical);
}

#[test]
fn what_does_not_fit_a_leaf_is_refused_before_it_is_written() {
    assert_eq!(Entry { fence: Some(1 << 53), ..full() }.to_bytes(), Err(LeafError::FenceTooLarge));
    assert!(Entry { fence: Some((1 << 53) - 1), ..full() }.to_bytes().is_ok());
    assert_eq!(Entry { version: 3, ..full() }.to_bytes(), Err(LeafError::NoSuchVersion));
    let with = |domains: &[&str]| {
        Entry { commitments: domains.iter().map(|d| ((*d).to_owned(), [0; 32])).collect(), ..full() }.to_bytes()
    };
    assert_eq!(with(&["body", "body"]), Err(LeafError::DuplicateDomain));
    assert_eq!(with(&[""]), Err(LeafError::BadDomain));
    assert_eq!(with(&["Körper"]), Err(LeafError::BadDomain));
    let length = full().to_bytes().unwrap().len() - "system".len();
    let actor = |n: usize| Entry { actor: "x".repeat(n), ..full() }.to_bytes();
    assert!(actor(MAX_LEAF - length).is_ok());
    assert_eq!(actor(MAX_LEAF - length + 1), Err(LeafError::TooLong { length: MAX_LEAF + 1 }));
}

proptest! {
    #[test]
    fn every_entry_comes_back_from_its_leaf(
        kind in prop::sample::select(Kind::ALL),
        actor in "\\PC{0,12}|[\\x00-\\x1f\"\\\\/\u{7f}\u{2028}\u{1f600}]{0,12}",
        seconds in 0i64..4_000_000_000,
        nanos in 0i32..1_000_000_000,
        ids in any::<[Option<u128>; 4]>(),
        fence in proptest::option::of(0..1u64 << 53),
        code in proptest::option::of("[a-z_]{1,10}"),
        domains in proptest::collection::btree_map("[a-z0-9_.:-]{1,9}", any::<[u8; 32]>(), 0..4),
    ) {
        let entry = Entry {
            kind,
            actor,
            at: Timestamp::new(seconds, nanos).unwrap(),
            message: ids[0].map(|id| MessageId(Uuid::from_u128(id))),
            delivery: ids[1].map(|id| DeliveryId(Uuid::from_u128(id))),
            attempt: ids[2].map(|id| AttemptId(Uuid::from_u128(id))),
            previous: ids[3].map(|id| EntryId(Uuid::from_u128(id))),
            fence,
            policy: code.clone(),
            code,
            commitments: domains.into_iter().collect(),
            ..full()
        };
        let bytes = entry.to_bytes().unwrap();
        // Written again by serde_json, whose maps are in the order of their keys, the bytes are the same.
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(serde_json::to_vec(&value).unwrap(), bytes.clone());
        prop_assert_eq!(Entry::from_bytes(&bytes), Ok(entry));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Entry::from_bytes(&bytes).is_err());
    }

    #[test]
    fn a_leaf_with_one_changed_byte_reads_as_another_entry_or_not_at_all(at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = full().to_bytes().unwrap();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        prop_assert_ne!(Entry::from_bytes(&bytes), Ok(full()));
    }
}

#[test]
fn a_leaf_of_the_first_version_is_still_read_and_states_no_rows() {
    let old = Entry { version: 1, rows: vec![], ..full() };
    let bytes = old.to_bytes().unwrap();
    assert!(bytes.ends_with(br#""tenant":"sunrise","version":1}"#));
    assert_eq!(Entry::from_bytes(&bytes), Ok(old.clone()));
    assert_eq!(Entry { version: 1, ..full() }.to_bytes(), Err(LeafError::RowStated));
    assert_eq!(Entry { kind: Kind::RowsWritten, ..old }.to_bytes(), Err(LeafError::RowStated));
    let forged = leaf_text().replace("\"version\":2", "\"version\":1");
    assert_eq!(Entry::from_bytes(forged.as_bytes()), Err(LeafError::RowStated));
}

#[test]
fn a_row_is_named_once_and_plainly() {
    let with = |rows: &[&str]| {
        let rows = rows.iter().map(|row| RowState { row: (*row).to_owned(), digest: Some([0; 32]) }).collect();
        Entry { rows, ..full() }.to_bytes().map(|_| ())
    };
    assert_eq!(with(&["messages/1", "messages/2", "vendors/1"]), Ok(()));
    assert_eq!(with(&["messages/1", "messages/1"]), Err(LeafError::RowStated));
    for bad in ["", "messages", "/1", "messages/", "messages/1/2", "Messages/1", "messages/a b"] {
        assert_eq!(with(&[bad]), Err(LeafError::BadRow), "{bad}");
    }
    let short = leaf_text().replace("AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=", "AwMD");
    assert_eq!(Entry::from_bytes(short.as_bytes()), Err(LeafError::Field { field: "rows" }));
}
