//! What a centre says of a message of ours: in optional parameters, or in the text of SMPP v3.4 appendix B, as centres write it.

use super::pdu::Deliver;
use crate::provider::{ProviderRef, Receipt, ReceiptState};
use jiff::Timestamp;

/// The receipt in `deliver`; `None` where it names no message.
pub(super) fn read(deliver: &Deliver, at: Timestamp) -> Option<Receipt> {
    let text = String::from_utf8_lossy(&deliver.text);
    let told = field(&text, "id:").map(str::to_owned);
    let reference = ProviderRef(deliver.receipted.clone().or(told)?);
    let word = field(&text, "stat:").map(str::to_ascii_uppercase);
    let error = field(&text, "err:").filter(|code| code.bytes().any(|digit| digit != b'0'));
    let state = match (deliver.state, word.as_deref()) {
        (Some(state), _) => of_number(state),
        (None, Some(word)) => of_word(word),
        (None, None) => ReceiptState::Underway,
    };
    let word =
        word.unwrap_or_else(|| deliver.state.map_or_else(|| "none".to_owned(), |state| format!("state-{state}")));
    let word: String = word.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
    let error: Option<String> = error.map(|code| code.chars().filter(char::is_ascii_alphanumeric).take(8).collect());
    let code = error.map_or_else(|| format!("smpp-{word}"), |error| format!("smpp-{word}-{error}"));
    Some(Receipt { reference, attempt: None, state, code, at })
}

/// SMPP v3.4 section 5.2.28. UNKNOWN and what is not known are one more step on the way: the deadline ends them.
const fn of_number(state: u8) -> ReceiptState {
    match state {
        2 => ReceiptState::Delivered,
        3 | 4 | 5 | 8 => ReceiptState::Failed,
        _ => ReceiptState::Underway,
    }
}

/// SMPP v3.4 appendix B.
fn of_word(word: &str) -> ReceiptState {
    match word {
        "DELIVRD" => ReceiptState::Delivered,
        "EXPIRED" | "DELETED" | "UNDELIV" | "REJECTD" => ReceiptState::Failed,
        _ => ReceiptState::Underway,
    }
}

/// The word after `name`, whatever its case; what follows `text:` is the patient's message and is not read.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let lower = text.to_ascii_lowercase();
    let end = lower.find(" text:").unwrap_or(lower.len());
    let at = lower.match_indices(name).map(|(at, _)| at).find(|at| {
        *at < end && (*at == 0 || lower.as_bytes().get(at.wrapping_sub(1)).is_some_and(u8::is_ascii_whitespace))
    })?;
    let rest = text.get(at + name.len()..end)?;
    rest.split_ascii_whitespace().next().filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<(String, ReceiptState, String)> {
        let deliver = Deliver { esm_class: 4, text: text.as_bytes().to_vec(), ..Deliver::default() };
        read(&deliver, Timestamp::UNIX_EPOCH).map(|receipt| (receipt.reference.0, receipt.state, receipt.code))
    }

    #[test]
    fn a_receipt_is_read_as_centres_write_it() {
        let whole =
            "id:0a1b sub:001 dlvrd:001 submit date:2611301600 done date:2611301601 stat:DELIVRD err:000 text:hello";
        assert_eq!(told(whole), Some(("0a1b".into(), ReceiptState::Delivered, "smpp-DELIVRD".into())));
        let lower = "ID:7 Stat:undeliv Err:021 Text:id:8 stat:DELIVRD";
        assert_eq!(told(lower), Some(("7".into(), ReceiptState::Failed, "smpp-UNDELIV-021".into())));
        let short = "id:9 stat:REJECTD";
        assert_eq!(told(short).map(|(_, state, _)| state), Some(ReceiptState::Failed));
        let strange = "id:9 stat:BUFFERED";
        assert_eq!(told(strange), Some(("9".into(), ReceiptState::Underway, "smpp-BUFFERED".into())));
        assert_eq!(told("stat:DELIVRD"), None, "it names no message");
        assert_eq!(told("paid:9 stat:DELIVRD"), None, "another word ends in the same letters");
    }

    #[test]
    fn parameters_count_before_the_text() {
        let deliver = Deliver {
            text: b"id:7 stat:DELIVRD".to_vec(),
            receipted: Some("0007".into()),
            state: Some(5),
            ..Deliver::default()
        };
        let receipt = read(&deliver, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((receipt.reference.0.as_str(), receipt.state), ("0007", ReceiptState::Failed));
        let bare = Deliver { receipted: Some("7".into()), state: Some(2), ..Deliver::default() };
        let receipt = read(&bare, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((receipt.state, receipt.code.as_str()), (ReceiptState::Delivered, "smpp-state2"));
    }
}
