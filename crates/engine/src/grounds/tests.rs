use super::*;
use jiff::Timestamp;
use postern_base::{Channel, Purpose};
use postern_gate::Fact;
use postern_gate::facts::OptOutScope;

fn round<T: Pack + std::fmt::Debug + PartialEq>(value: T) {
    let mut bytes = Vec::new();
    value.put(&mut bytes);
    let mut from = bytes.as_slice();
    assert_eq!(T::take(&mut from), Some(value));
    assert!(from.is_empty());
    for cut in 0..bytes.len() {
        let mut from = &bytes[..cut];
        assert_eq!(T::take(&mut from), None, "cut to {cut} bytes");
    }
}

#[test]
fn values_come_back_and_what_is_cut_off_is_none() {
    for number in [0, 1, 127, 128, 300, u64::MAX] {
        round(number);
    }
    for number in [0, -1, 63, -64, 1_770_000_000, i64::MIN, i64::MAX] {
        round(number);
    }
    for text in ["", "HbA1c", "Überweisung"] {
        round(text.to_owned());
    }
    for at in ["2026-12-01T20:00:00.123456789Z", "1969-12-31T23:59:59.5Z"] {
        round(at.parse::<Timestamp>().unwrap());
    }
    round(jiff::civil::date(-1, 12, 31));
    round([7_u8; 32]);
    round(vec![Some(Channel::Portal), None, Some(Channel::Sms)]);
    round(Fact::Known(true));
    round(Fact::<u32>::Unknown(postern_gate::Missing::Unreadable));
    round(vec![OptOutScope::All, OptOutScope::Purpose(Purpose::Marketing)]);
}

#[test]
fn bytes_of_another_form_are_told_from_rubbish() {
    assert_eq!(open(b"").unwrap_err(), Unread::Malformed);
    assert_eq!(open(b"\0\0\0\0anything").unwrap_err(), Unread::OtherForm);
    let mut rubbish = shapes::format().to_vec();
    assert_eq!(open(&rubbish).unwrap_err(), Unread::Malformed);
    rubbish.extend_from_slice(&[0xff; 64]);
    assert_eq!(open(&rubbish).unwrap_err(), Unread::Malformed);
}
