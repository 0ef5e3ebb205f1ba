//! What a case expects, and how an answer differs from it.

use jiff::Timestamp;
use postern_engine::wire::Answer;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A few fields of something in the answer: it matches when each field named has the value named.
type Pattern = Map<String, Value>;

/// The answer that is expected of a case (docs/cases.md).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expectation {
    /// Why, in plain words.
    pub(super) why: String,
    /// On what that stands; several are parted by `; `.
    citation: String,
    /// The rules the case is about.
    pub(super) rules: Vec<String>,
    /// The outcome, or those among which the law leaves the choice.
    outcome: OneOrMore,
    /// Exactly these deliveries, in any order.
    deliveries: Option<Vec<Pattern>>,
    /// These deliveries, and perhaps others.
    #[serde(default)]
    has: Vec<Pattern>,
    /// No delivery like these.
    #[serde(default)]
    never: Vec<Pattern>,
    /// No delivery like these before its `not_before`.
    #[serde(default)]
    never_now: Vec<Pattern>,
    /// Reasons that must be among the refusals.
    #[serde(default)]
    refusals: Vec<Pattern>,
    /// Reasons that must not be among the refusals.
    #[serde(default)]
    no_refusals: Vec<Pattern>,
    /// What rules answered: `satisfied`, `violated`, `unknown` or `not_applicable`.
    #[serde(default)]
    results: BTreeMap<String, String>,
    /// Rules that must leave something to do.
    #[serde(default)]
    obligations: Vec<String>,
    /// Rules that must raise an alert.
    #[serde(default)]
    alerts: Vec<String>,
    /// Rules that must not.
    #[serde(default)]
    no_alerts: Vec<String>,
    /// No delivery before this instant.
    not_before_at_least: Option<Timestamp>,
    /// What a `defer` waits for.
    waiting_for: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn allows(&self, outcome: &str) -> bool {
        match self {
            Self::One(word) => word == outcome,
            Self::More(words) => words.iter().any(|word| word == outcome),
        }
    }
}

impl Expectation {
    /// The law it cites.
    pub(super) fn citations(&self) -> impl Iterator<Item = &str> {
        self.citation.split("; ")
    }

    /// What an answer could still be, and be taken for right, that its outcome alone does not settle: when, and what. By
    /// which of its rules it is refused or held is asked of the answer.
    pub(super) fn says_too_little(&self) -> Option<&'static str> {
        let delivered = || self.deliveries.iter().flatten().chain(&self.has);
        let instant = self.not_before_at_least.is_some() || delivered().any(|made| made.contains_key("not_before"));
        let only = |word: &str| matches!(&self.outcome, OneOrMore::One(outcome) if outcome == word);
        if only("defer") && !instant && self.waiting_for.is_none() {
            return Some("it waits, and neither an instant nor a system is named");
        }
        (only("send") && delivered().next().is_none()).then_some("it is sent, and no delivery is named")
    }

    /// Every rule it names.
    pub(super) fn named_rules(&self) -> impl Iterator<Item = &str> {
        let reasons = self.refusals.iter().chain(&self.no_refusals).filter_map(|pattern| pattern.get("rule")?.as_str());
        let lists = [&self.rules, &self.obligations, &self.alerts, &self.no_alerts];
        let listed = lists.into_iter().flatten().map(String::as_str);
        listed.chain(reasons).chain(self.results.keys().map(String::as_str))
    }
}

/// Each way in which the answer is not the one expected, in a line.
pub(super) fn differences(expect: &Expectation, answer: &Answer) -> Vec<String> {
    let mut found = Vec::new();
    if !expect.outcome.allows(&answer.outcome) {
        found.push(format!("the outcome is {}, expected {:?}", answer.outcome, expect.outcome));
    }
    deliveries(expect, &values(&answer.deliveries), &mut found);
    let speaks = |rule: &String| {
        let refuses = answer.refusals.iter().any(|refusal| refusal.rule == *rule);
        refuses || answer.alerts.iter().any(|alert| alert.rule == *rule)
    };
    let stopped = answer.outcome == "refuse" || (answer.outcome != "send" && answer.deliveries.is_empty());
    if stopped && !expect.rules.iter().any(speaks) {
        found.push(format!("none of {:?} says anything", expect.rules));
    }
    let refusals = values(&answer.refusals);
    for wanted in &expect.refusals {
        if !refusals.iter().any(|refusal| matches(wanted, refusal)) {
            found.push(format!("no refusal {}", shown(wanted)));
        }
    }
    for unwanted in &expect.no_refusals {
        if refusals.iter().any(|refusal| matches(unwanted, refusal)) {
            found.push(format!("a refusal {}", shown(unwanted)));
        }
    }
    for (rule, wanted) in &expect.results {
        let results = || answer.rules.iter().filter(|result| result.rule == *rule).map(|result| result.result.as_str());
        if !results().any(|result| result == wanted) {
            found.push(format!("{rule} is {:?}, expected {wanted}", results().collect::<Vec<_>>()));
        }
    }
    for rule in &expect.obligations {
        if !answer.obligations.iter().any(|obligation| obligation.rule == *rule) {
            found.push(format!("{rule} leaves nothing to do"));
        }
    }
    let alerted = |rule: &String| answer.alerts.iter().any(|alert| alert.rule == *rule);
    found.extend(expect.alerts.iter().filter(|rule| !alerted(rule)).map(|rule| format!("{rule} raises no alert")));
    found.extend(expect.no_alerts.iter().filter(|rule| alerted(rule)).map(|rule| format!("{rule} raises an alert")));
    if expect.waiting_for.is_some() && expect.waiting_for != answer.waiting_for {
        found.push(format!("it waits for {:?}, expected {:?}", answer.waiting_for, expect.waiting_for));
    }
    if !found.is_empty() {
        found.push(format!("answered: {} {:?}", answer.outcome, answer.deliveries));
        found.push(format!("reasons: {:?}", answer.refusals));
    }
    found
}

fn deliveries(expect: &Expectation, made: &[Value], found: &mut Vec<String>) {
    if let Some(wanted) = &expect.deliveries {
        let mut left: Vec<&Value> = made.iter().collect();
        for pattern in wanted {
            match left.iter().position(|delivery| matches(pattern, delivery)) {
                Some(index) => drop(left.swap_remove(index)),
                None => found.push(format!("no delivery {}", shown(pattern))),
            }
        }
        found.extend(left.into_iter().map(|delivery| format!("one delivery too many: {delivery}")));
    }
    for pattern in &expect.has {
        if !made.iter().any(|delivery| matches(pattern, delivery)) {
            found.push(format!("no delivery {}", shown(pattern)));
        }
    }
    for pattern in &expect.never {
        if made.iter().any(|delivery| matches(pattern, delivery)) {
            found.push(format!("a delivery {}, which must never be", shown(pattern)));
        }
    }
    for pattern in &expect.never_now {
        if made.iter().any(|delivery| matches(pattern, delivery) && delivery["not_before"].is_null()) {
            found.push(format!("a delivery {} at once", shown(pattern)));
        }
    }
    if let Some(earliest) = expect.not_before_at_least {
        let too_early = |delivery: &&Value| instant(&delivery["not_before"]).is_none_or(|at| at < earliest);
        found.extend(made.iter().filter(too_early).map(|delivery| format!("before {earliest}: {delivery}")));
    }
}

fn values<T: serde::Serialize>(list: &[T]) -> Vec<Value> {
    list.iter().map(|item| serde_json::to_value(item).unwrap()).collect()
}

fn matches(pattern: &Pattern, value: &Value) -> bool {
    pattern.iter().all(|(field, wanted)| {
        let is = &value[field.as_str()];
        // The same instant may be written in several ways.
        if matches!(field.as_str(), "not_before" | "not_after") && !wanted.is_null() {
            instant(wanted) == instant(is)
        } else {
            wanted == is
        }
    })
}

fn instant(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn shown(pattern: &Pattern) -> String {
    Value::Object(pattern.clone()).to_string()
}
