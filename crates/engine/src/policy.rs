//! The tenant's policy file, as the gate takes it. The gate judges it: it may only tighten, and what would loosen the floor
//! refuses every decision until it is corrected (RULES SYS-01).

use crate::wire::PolicyFile;
use aws_lc_rs::digest;
use postern_base::Form;
use postern_gate::Policy;
use postern_gate::policy::{LoweredCell, Overrides};

/// The policy of a file.
pub(crate) fn read(file: &PolicyFile) -> Policy {
    let mut asked = Overrides {
        version: version(file),
        window: file.window.as_ref().map(|window| (window.from, window.to)),
        hold_all_results_days: file.results.map(|results| results.hold_all_days),
        disabled_channels: file.disabled_channels.clone(),
        ..Overrides::default()
    };
    let mut unread = Vec::new();
    for (purpose, levels) in &file.matrix {
        for (level, channels) in levels {
            for (channel, word) in channels {
                match form(word) {
                    Some(highest) => {
                        asked.cells.push(LoweredCell { purpose: *purpose, level: *level, channel: *channel, highest })
                    }
                    None => unread.push((
                        format!("matrix.{purpose}.{level}.{channel}"),
                        "expected `none`, `callback`, `notice`, `minimal` or `full`",
                    )),
                }
            }
        }
    }
    for (name, most) in &file.caps {
        match name.as_str() {
            "per_day" => asked.per_day = Some(*most),
            "per_week" => asked.per_week = Some(*most),
            _ => unread.push((format!("caps.{name}"), "expected `per_day` or `per_week`")),
        }
    }
    let mut policy = Policy::tighten(asked);
    for (key, expected) in unread {
        let sentence = format!("The practice's policy has a value that cannot be read at {key}: {expected}.");
        policy.defect("SYS-01", key, sentence);
    }
    policy
}

/// The highest form left; `Some(None)` = refused, `None` = not a word of this vocabulary.
fn form(word: &str) -> Option<Option<Form>> {
    if word == "none" { Some(None) } else { word.parse().ok().map(Some) }
}

/// Names this text of the policy: the first 12 hexadecimal digits of its SHA-256; empty when the tenant set nothing.
fn version(file: &PolicyFile) -> String {
    let bytes = serde_json::to_vec(file).unwrap_or_default();
    if bytes == b"{}" {
        return String::new();
    }
    let hash = digest::digest(&digest::SHA256, &bytes);
    hash.as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(json: &str) -> Policy {
        read(&crate::wire::parse::<PolicyFile>(json.as_bytes()).unwrap())
    }

    #[test]
    fn an_empty_file_is_the_built_in_policy() {
        assert_eq!(policy("{}"), Policy::default());
    }

    #[test]
    fn a_lowered_cell_is_taken_and_the_text_gets_its_own_version() {
        let policy = policy(r#"{"matrix":{"appointment_reminder":{"L1":{"sms":"none"}}}}"#);
        assert!(policy.defects.is_empty());
        assert_eq!(policy.lowered.first().map(|cell| cell.highest), Some(None));
        assert_eq!(policy.version.len(), 12);
    }

    #[test]
    fn what_loosens_or_cannot_be_read_is_a_defect_that_names_its_key() {
        let keys = |json| policy(json).defects.into_iter().map(|d| d.key).collect::<Vec<_>>();
        assert_eq!(keys(r#"{"matrix":{"test_result":{"L3":{"sms":"full"}}}}"#), ["matrix.test_result.L3.sms"]);
        assert_eq!(keys(r#"{"matrix":{"test_result":{"L3":{"sms":"loud"}}}}"#), ["matrix.test_result.L3.sms"]);
        assert_eq!(keys(r#"{"caps":{"per_day":9}}"#), ["caps"]);
        assert_eq!(keys(r#"{"caps":{"per_hour":1}}"#), ["caps.per_hour"]);
        assert_eq!(keys(r#"{"results":{"hold_all_days":3}}"#), ["results.hold_all_days"]);
    }
}
