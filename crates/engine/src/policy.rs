//! The tenant's policy file, read and judged: everything that is wrong with it, and what holds when nothing is.
//!
//! This module reads; the gate judges (`postern_gate::policy`). A policy may only tighten: what would loosen the floor, or cannot
//! be read, is refused when the policy is loaded ([`check`]), and refuses every decision should one be made under it.

use crate::wire::PolicyFile;
use aws_lc_rs::digest;
use jiff::Timestamp;
use jiff::civil::Time;
use postern_base::{Channel, Form, Hex, Level, Purpose};
use postern_gate::Policy;
use postern_gate::policy::{LoweredCell, Overrides, PolicyDefect, ResultsException, floor};
use serde::Serialize;
use serde_json::{Map, Value};
use std::str::FromStr;

/// Something that is wrong with a policy. It repeats no value: a misplaced secret must not reach a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The key, such as `matrix.test_result.L3.sms`.
    pub key: String,
    /// The rule that refuses it.
    pub rule: String,
    /// What is wrong, what the floor is and on what it stands.
    pub sentence: String,
}

/// Reads and judges a policy document: the whole of it, unknown keys too.
///
/// # Errors
/// Every problem, in the order of the keys.
pub fn check(document: &Value) -> Result<Policy, Vec<Problem>> {
    let Some(map) = document.as_object() else {
        return Err(vec![unreadable(".", "expected a table of keys")]);
    };
    let mut known = map.clone();
    known.retain(|key, _| PolicyFile::KEYS.contains(&key.as_str()));
    let expected = format!("this key is not known; known: {}", PolicyFile::KEYS.join(", "));
    let strange = map.keys().filter(|key| !PolicyFile::KEYS.contains(&key.as_str()));
    let mut problems: Vec<Problem> = strange.map(|key| unreadable(&plain(key), &expected)).collect();
    match serde_json::from_value::<PolicyFile>(Value::Object(known)) {
        Ok(file) => {
            let policy = read(&file);
            problems.extend(policy.defects.iter().map(problem));
            if problems.is_empty() { Ok(policy) } else { Err(problems) }
        }
        Err(_) => {
            problems.push(unreadable(".", "expected a table of keys"));
            Err(problems)
        }
    }
}

/// What is wrong with a policy only because of the time it is: an exception that ends too late to be one.
#[must_use]
pub fn ends_too_late(policy: &Policy, now: Timestamp) -> Option<Problem> {
    policy.ends_too_late(now).as_ref().map(problem)
}

fn problem(defect: &PolicyDefect) -> Problem {
    Problem { key: defect.key.clone(), rule: defect.rule.to_owned(), sentence: defect.sentence.clone() }
}

fn unreadable(key: &str, expected: &str) -> Problem {
    let (rule, sentence) = (SYS_01.to_owned(), unread_sentence(key, expected));
    Problem { key: key.to_owned(), rule, sentence }
}

fn unread_sentence(key: &str, expected: &str) -> String {
    format!("The practice's policy has a value that cannot be read at {key}: {expected}.")
}

const SYS_01: &str = "SYS-01";

/// The policy of a file. What loosens or cannot be read is in its defects.
pub(crate) fn read(file: &PolicyFile) -> Policy {
    let mut reading =
        Reading { asked: Overrides { version: version(file), ..Overrides::default() }, unread: Vec::new() };
    reading.matrix(file.matrix.as_ref());
    reading.asked.window = file.window.as_ref().and_then(|window| reading.window("window", window));
    reading.windows(file.windows.as_ref());
    reading.results(file.results.as_ref());
    reading.caps(file.caps.as_ref());
    reading.lists(file);
    reading.retention(file.retention.as_ref());
    let mut policy = Policy::tighten(reading.asked);
    for (key, expected) in reading.unread {
        let sentence = unread_sentence(&key, &expected);
        policy.defect(SYS_01, key, sentence);
    }
    policy
}

/// What was read so far, and what could not be.
struct Reading {
    asked: Overrides,
    unread: Vec<(String, String)>,
}

impl Reading {
    fn wrong(&mut self, key: impl Into<String>, expected: impl Into<String>) {
        self.unread.push((key.into(), expected.into()));
    }

    /// The table at `key`, when it is one.
    fn table<'v>(&mut self, key: &str, value: Option<&'v Value>) -> Option<&'v Map<String, Value>> {
        let table = value?.as_object();
        if table.is_none() {
            self.wrong(key, "expected a table");
        }
        table
    }

    /// The word at `key`, of its vocabulary.
    fn word<T: FromStr>(&mut self, key: &str, word: &str) -> Option<T>
    where
        T::Err: std::fmt::Display,
    {
        word.parse().map_err(|error: T::Err| self.wrong(key, error.to_string())).ok()
    }

    fn number<T: TryFrom<u64>>(&mut self, key: &str, value: &Value) -> Option<T> {
        let number = value.as_u64().and_then(|number| T::try_from(number).ok());
        if number.is_none() {
            self.wrong(key, "expected a number, 0 or more");
        }
        number
    }

    fn matrix(&mut self, value: Option<&Value>) {
        for (purpose, levels) in self.table("matrix", value).into_iter().flatten() {
            let key = format!("matrix.{}", plain(purpose));
            let Some(of) = self.word::<Purpose>(&key, purpose) else { continue };
            for (level, channels) in self.table(&key, Some(levels)).into_iter().flatten() {
                let key = format!("{key}.{}", plain(level));
                let Some(at) = self.word::<Level>(&key, level) else { continue };
                for (channel, form) in self.table(&key, Some(channels)).into_iter().flatten() {
                    self.cell(&key, of, at, channel, form);
                }
            }
        }
    }

    fn cell(&mut self, key: &str, purpose: Purpose, level: Level, channel: &str, form: &Value) {
        let key = format!("{key}.{}", plain(channel));
        let Some(channel) = self.word::<Channel>(&key, channel) else { return };
        let highest = match form.as_str() {
            Some("none") => Some(None),
            Some(word) => word.parse::<Form>().ok().map(Some),
            None => None,
        };
        match highest {
            Some(highest) => self.asked.cells.push(LoweredCell { purpose, level, channel, highest }),
            None => self.wrong(key, "expected `none`, `callback`, `notice`, `minimal` or `full`"),
        }
    }

    fn window(&mut self, key: &str, value: &Value) -> Option<(Time, Time)> {
        let table = self.table(key, Some(value))?;
        let at = |name: &str| table.get(name).and_then(Value::as_str).and_then(clock);
        let (from, to) = (at("from"), at("to"));
        if let (2, Some(from), Some(to)) = (table.len(), from, to) {
            return Some((from, to));
        }
        self.wrong(key, "expected `from` and `to`, local times such as \"10:00\"");
        None
    }

    fn windows(&mut self, value: Option<&Value>) {
        for (purpose, window) in self.table("windows", value).into_iter().flatten() {
            let key = format!("windows.{}", plain(purpose));
            let Some(purpose) = self.word::<Purpose>(&key, purpose) else { continue };
            if let Some(hours) = self.window(&key, window) {
                self.asked.windows.push((purpose, hours));
            }
        }
    }

    fn results(&mut self, value: Option<&Value>) {
        for (name, value) in self.table("results", value).into_iter().flatten() {
            match name.as_str() {
                "hold_all_days" => self.asked.hold_all_results_days = self.number("results.hold_all_days", value),
                "exception" => self.exception(value),
                name => {
                    self.wrong(format!("results.{}", plain(name)), "expected `hold_all_days` or `exception`");
                }
            }
        }
    }

    fn exception(&mut self, value: &Value) {
        let key = "results.exception";
        let Some(table) = self.table(key, Some(value)) else { return };
        let code = table.get("code").and_then(Value::as_str);
        let until = table.get("until").map(|until| until.as_str().and_then(|until| until.parse().ok()));
        let known = table.keys().all(|name| matches!(name.as_str(), "code" | "until"));
        match (code, until) {
            (Some(code), None) if known => {
                self.asked.results_exception = Some(ResultsException { code: code.to_owned(), until: None });
            }
            (Some(code), Some(Some(until))) if known => {
                self.asked.results_exception = Some(ResultsException { code: code.to_owned(), until: Some(until) });
            }
            _ => self.wrong(key, "expected `code` and `until`, an instant such as \"2027-01-31T00:00:00Z\""),
        }
    }

    fn caps(&mut self, value: Option<&Value>) {
        for (name, value) in self.table("caps", value).into_iter().flatten() {
            let key = format!("caps.{}", plain(name));
            match name.as_str() {
                "per_day" => self.asked.per_day = self.number(&key, value),
                "per_week" => self.asked.per_week = self.number(&key, value),
                "offers_per_day" => self.asked.offers_per_day = self.number(&key, value),
                _ => self.wrong(key, "expected `per_day`, `per_week` or `offers_per_day`"),
            }
        }
    }

    fn lists(&mut self, file: &PolicyFile) {
        for word in self.words("disabled_channels", file.disabled_channels.as_ref()) {
            if let Some(channel) = self.word("disabled_channels", &word) {
                self.asked.disabled_channels.push(channel);
            }
        }
        self.asked.disabled_rules = self.words("disabled_rules", file.disabled_rules.as_ref());
    }

    fn words(&mut self, key: &str, value: Option<&Value>) -> Vec<String> {
        let Some(value) = value else { return Vec::new() };
        let words = value.as_array().map(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect());
        let words: Option<Option<Vec<String>>> = words;
        words.flatten().unwrap_or_else(|| {
            self.wrong(key, "expected a list of words");
            Vec::new()
        })
    }

    fn retention(&mut self, value: Option<&Value>) {
        for (name, value) in self.table("retention", value).into_iter().flatten() {
            let key = format!("retention.{}", plain(name));
            match name.as_str() {
                "ledger_years" => self.asked.ledger_years = self.number(&key, value),
                "opt_out_years" => self.asked.opt_out_years = self.number(&key, value),
                _ => self.wrong(key, "expected `ledger_years` or `opt_out_years`"),
            }
        }
    }
}

/// `10:00` or `10:00:00`.
fn clock(text: &str) -> Option<Time> {
    let whole = text.len() == 5 || text.len() == 8;
    whole.then(|| text.parse().ok()).flatten()
}

/// A key as it may be repeated: anything but short plain words may be a value in the wrong place.
fn plain(key: &str) -> String {
    let short = (1..=40).contains(&key.len());
    let good = short && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if good { key.to_owned() } else { "(unprintable)".to_owned() }
}

/// Names a policy by its content, whatever the order of its keys: the first 12 hexadecimal digits of the SHA-256 of its
/// JSON with sorted keys; empty when the tenant set nothing.
fn version(file: &PolicyFile) -> String {
    let mut document = serde_json::to_value(file).unwrap_or_default();
    document.sort_all_objects();
    let bytes = serde_json::to_vec(&document).unwrap_or_default();
    if bytes == b"{}" {
        return String::new();
    }
    let hash = digest::digest(&digest::SHA256, &bytes);
    Hex(hash.as_ref().get(..6).unwrap_or_default()).to_string()
}

/// A policy in effect, beside the floor: what `postern policy show` gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Effective {
    /// Its version, as permits and ledger entries name it.
    pub version: String,
    /// The highest form for every purpose, level and channel that the matrix has.
    pub matrix: Vec<EffectiveCell>,
    /// Hours, caps, channels, results and retention.
    pub settings: Vec<EffectiveSetting>,
}

/// One cell in effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct EffectiveCell {
    /// The row.
    pub purpose: Purpose,
    /// The level.
    pub level: Level,
    /// The column; e-mail is the highest of its modes.
    pub channel: Channel,
    /// The highest form of the built-in matrix; `null` = refused.
    pub floor: Option<Form>,
    /// The highest form in effect; `null` = refused.
    pub highest: Option<Form>,
}

/// One setting in effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EffectiveSetting {
    /// Its key in the policy file.
    pub key: String,
    /// What the floor is.
    pub floor: String,
    /// What is in effect.
    pub value: String,
}

impl Effective {
    /// The policy beside the floor.
    #[must_use]
    pub fn of(policy: &Policy) -> Self {
        let mut matrix = Vec::new();
        for purpose in Purpose::ALL {
            for channel in Channel::ALL.iter().filter(|channel| !channel.is_human_task()) {
                for level in Level::ALL {
                    let floor = floor(*purpose, *level, *channel);
                    let highest = in_effect(policy, *purpose, *level, *channel, floor);
                    matrix.push(EffectiveCell { purpose: *purpose, level: *level, channel: *channel, floor, highest });
                }
            }
        }
        Self { version: policy.version.clone(), matrix, settings: settings(policy) }
    }
}

fn in_effect(policy: &Policy, purpose: Purpose, level: Level, channel: Channel, floor: Option<Form>) -> Option<Form> {
    if policy.disabled_channels.contains(&channel) {
        return None;
    }
    policy.lowered_for(purpose, level, channel).fold(floor, |highest, cell| highest.min(cell.highest))
}

fn settings(policy: &Policy) -> Vec<EffectiveSetting> {
    let built_in = Policy::default();
    let mut settings = Vec::new();
    let mut row = |key: &str, floor: String, value: String| {
        settings.push(EffectiveSetting { key: key.to_owned(), floor, value });
    };
    let hours = |of: &Policy, purpose| {
        let (from, to) = of.hours(purpose);
        format!("{} to {}", from.strftime("%H:%M"), to.strftime("%H:%M"))
    };
    for purpose in Purpose::ALL {
        // Codes and confirmations answer the patient at once; the purpose `emergency` alone lifts no window.
        if !matches!(purpose, Purpose::OneTimeCode | Purpose::ConsentConfirmation) {
            row(&format!("windows.{purpose}"), hours(&built_in, *purpose), hours(policy, *purpose));
        }
    }
    let (floor, caps) = (built_in.caps, policy.caps);
    row("caps.per_day", floor.per_day.to_string(), caps.per_day.to_string());
    row("caps.per_week", floor.per_week.to_string(), caps.per_week.to_string());
    row("caps.offers_per_day", floor.offers_per_day.to_string(), caps.offers_per_day.to_string());
    let words: Vec<&str> = policy.disabled_channels.iter().map(|channel| channel.as_str()).collect();
    row("disabled_channels", "none".into(), if words.is_empty() { "none".into() } else { words.join(", ") });
    let held = policy.results_hold.map_or_else(
        || "none".to_owned(),
        |hold| format!("{} days until {} ({})", hold.days, hold.until, hold.exception),
    );
    row("results", "none".into(), held);
    let (floor, kept) = (built_in.retention, policy.retention);
    row("retention.ledger_years", floor.ledger.to_string(), kept.ledger.to_string());
    row("retention.opt_out_years", floor.opt_outs.to_string(), kept.opt_outs.to_string());
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn policy(json: &str) -> Policy {
        read(&crate::wire::parse::<PolicyFile>(json.as_bytes()).unwrap())
    }

    #[test]
    fn an_empty_file_is_the_built_in_policy() {
        assert_eq!(policy("{}"), Policy::default());
        assert_eq!(check(&json!({})), Ok(Policy::default()));
    }

    #[test]
    fn a_lowered_cell_is_taken_and_the_text_gets_its_own_version() {
        let policy = policy(r#"{"matrix":{"appointment_reminder":{"L1":{"sms":"none"}}}}"#);
        assert!(policy.defects.is_empty());
        assert_eq!(policy.lowered.first().map(|cell| cell.highest), Some(None));
        assert_eq!(policy.version.len(), 12);
    }

    #[test]
    fn the_version_is_of_the_content_and_not_of_the_order() {
        let one = policy(r#"{"caps":{"per_day":1,"per_week":2},"window":{"from":"10:00","to":"18:00"}}"#);
        let other = policy(r#"{"window":{"to":"18:00","from":"10:00"},"caps":{"per_week":2,"per_day":1}}"#);
        let third = policy(r#"{"window":{"to":"18:00","from":"10:00"},"caps":{"per_week":1,"per_day":1}}"#);
        assert_eq!(one.version, other.version);
        assert_ne!(one.version, third.version);
    }

    #[test]
    fn everything_a_practice_may_tighten_is_taken() {
        let document = json!({
            "matrix": {"appointment_reminder": {"L1": {"sms": "notice", "voicemail": "none"}}},
            "window": {"from": "10:00", "to": "18:00"},
            "windows": {"marketing": {"from": "12:00", "to": "17:00"}},
            "caps": {"per_day": 1, "per_week": 2, "offers_per_day": 1},
            "disabled_channels": ["messaging_app"],
            "results": {"hold_all_days": 2, "exception": {"code": "infeasibility", "until": "2027-01-31T00:00:00Z"}},
            "retention": {"ledger_years": 12, "opt_out_years": 15},
        });
        let policy = check(&document).unwrap();
        assert_eq!((policy.lowered.len(), policy.caps.per_week, policy.retention.opt_outs), (2, 2, 15));
        assert_eq!(policy.results_hold.map(|hold| hold.days), Some(2));
        let effective = Effective::of(&policy);
        let of =
            |key: &str| effective.settings.iter().find(|s| s.key == key).map(|s| (s.floor.as_str(), s.value.as_str()));
        assert_eq!(of("windows.marketing"), Some(("09:00 to 20:00", "12:00 to 17:00")));
        assert_eq!(of("windows.recall"), Some(("09:00 to 20:00", "10:00 to 18:00")));
        assert_eq!(of("windows.emergency"), Some(("09:00 to 20:00", "10:00 to 18:00")));
        let changed = effective.matrix.iter().filter(|cell| cell.highest != cell.floor);
        assert!(changed.clone().all(|cell| cell.highest < cell.floor) && changed.count() > 2);
    }

    #[test]
    fn every_problem_is_reported_with_its_key_not_only_the_first() {
        let document = json!({
            "colour": "blue",
            "matrix": {"test_result": {"L3": {"sms": "full", "fax": "none"}, "L9": {}}, "greeting": {}},
            "window": {"from": "8:00", "to": "20:00"},
            "windows": {"recall": {"from": "07:00", "to": "20:00"}},
            "results": {"hold_all_days": 3, "why": "we like to"},
            "caps": {"per_day": 9, "per_hour": 1, "per_week": "many"},
            "disabled_channels": ["portal", "pigeon"],
            "disabled_rules": ["PRI-20"],
            "retention": {"ledger_years": 1, "mail_years": 9},
        });
        let problems = check(&document).unwrap_err();
        let keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
        for key in [
            "colour",
            "matrix.test_result.L3.sms",
            "matrix.test_result.L3.fax",
            "matrix.test_result.L9",
            "matrix.greeting",
            "window",
            "windows.recall",
            "results.hold_all_days",
            "results.why",
            "caps.per_day",
            "caps.per_hour",
            "caps.per_week",
            "disabled_channels",
            "disabled_channels.portal",
            "disabled_rules",
            "retention.ledger_years",
            "retention.mail_years",
        ] {
            assert!(keys.contains(&key), "{key} in {keys:?}");
        }
        assert_eq!(keys.len(), 17);
        let held = problems.iter().find(|problem| problem.key == "results.hold_all_days").unwrap();
        assert_eq!(held.rule, "IB-01");
        assert!(!problems.iter().any(|problem| problem.sentence.contains("we like to")));
    }

    #[test]
    fn a_document_of_another_shape_is_refused_where_it_differs() {
        let keys = |document: Value| check(&document).unwrap_err().into_iter().map(|p| p.key).collect::<Vec<_>>();
        assert_eq!(keys(json!([])), ["."]);
        assert_eq!(keys(json!({"matrix": 3, "caps": [], "window": "10-12"})), ["matrix", "window", "caps"]);
        assert_eq!(keys(json!({"matrix": {"recall": {"L1": {"sms": 3}}}})), ["matrix.recall.L1.sms"]);
        assert_eq!(keys(json!({"window": {"from": "10:00"}})), ["window"]);
        assert_eq!(keys(json!({"caps": {"per_day": -1}})), ["caps.per_day"]);
        assert_eq!(keys(json!({"results": {"hold_all_days": 1, "exception": {"until": 3}}})).len(), 2);
    }

    #[test]
    fn what_loosens_or_cannot_be_read_is_a_defect_that_names_its_key() {
        let keys = |json| policy(json).defects.into_iter().map(|d| d.key).collect::<Vec<_>>();
        assert_eq!(keys(r#"{"matrix":{"test_result":{"L3":{"sms":"full"}}}}"#), ["matrix.test_result.L3.sms"]);
        assert_eq!(keys(r#"{"matrix":{"test_result":{"L3":{"sms":"loud"}}}}"#), ["matrix.test_result.L3.sms"]);
        assert_eq!(keys(r#"{"caps":{"per_day":9}}"#), ["caps.per_day"]);
        assert_eq!(keys(r#"{"caps":{"per_hour":1}}"#), ["caps.per_hour"]);
        assert_eq!(keys(r#"{"results":{"hold_all_days":3}}"#), ["results.hold_all_days"]);
    }
}
