//! Which contact points are verified as the person's own (FHIR VerificationResult).
//!
//! A verification counts only for the value it names: when the EHR changes the number, the new one is unverified.

use super::{Context, Own, local};
use crate::fhir::{self, Body, ExtensionValue};
use crate::normal;
use jiff::Timestamp;
use postern_gate::facts::{Address, System, Verification};
use postern_gate::{Fact, Missing};

/// The verifications among a patient's records.
pub(super) struct Verifications<'a> {
    rows: Vec<Row<'a>>,
}

struct Row<'a> {
    result: &'a fhir::VerificationResult,
    unreadable: bool,
}

impl<'a> Verifications<'a> {
    pub(super) fn of(own: &[Own<'a>]) -> Self {
        let rows = own.iter().filter_map(|record| match record.resource.body() {
            Body::VerificationResult(result) => Some(Row { result, unreadable: record.unreadable() }),
            _ => None,
        });
        Self { rows: rows.collect() }
    }

    /// What is known about one contact point of `owner`.
    pub(super) fn of_point(
        &self,
        owner: &str,
        index: usize,
        written: &fhir::ContactPoint,
        system: System,
        value: &Address,
        context: &Context<'_>,
    ) -> Fact<Verification> {
        let point = Point { owner, index, written, system, value };
        let mut latest: Option<(Option<Timestamp>, Verification)> = None;
        for row in self.rows.iter().filter(|row| point.is_named_by(row.result)) {
            if row.unreadable {
                return Fact::Unknown(Missing::Unreadable);
            }
            let (at, found) = read(row.result, context);
            let replaces = match &latest {
                None => true,
                // Of two at the same instant, or with no date, the one that does not vouch for the point counts.
                Some((other, kept)) => at > *other || (at == *other && kept.validated && !found.validated),
            };
            let undated_failure = at.is_none() && !found.validated;
            if replaces || undated_failure {
                latest = Some((at, found));
            }
        }
        Fact::recorded(latest.map(|(_, verification)| verification))
    }
}

fn read(result: &fhir::VerificationResult, context: &Context<'_>) -> (Option<Timestamp>, Verification) {
    let begin = |text: &Option<String>| text.as_deref().and_then(|text| context.calendar.begin(text));
    let last = begin(&result.last_performed).or_else(|| begin(&result.status_date)).map(|(earliest, _)| earliest);
    let status_at = begin(&result.status_date).or_else(|| begin(&result.last_performed)).map(|(_, latest)| latest);
    let next = begin(&result.next_scheduled).map(|(earliest, _)| earliest);
    let next_lost = result.next_unreadable || (result.next_scheduled.is_some() && next.is_none());
    let due = next.is_some_and(|next| next <= context.now);
    let validated = result.status.as_deref() == Some("validated") && !next_lost && !due;
    (status_at, Verification { validated, last, next })
}

/// One contact point, as a FHIRPath may name it.
struct Point<'a> {
    owner: &'a str,
    index: usize,
    written: &'a fhir::ContactPoint,
    system: System,
    value: &'a Address,
}

impl Point<'_> {
    fn is_named_by(&self, result: &fhir::VerificationResult) -> bool {
        let targets_owner = result.target.iter().any(|t| t.reference.as_deref().and_then(local) == Some(self.owner));
        let beside = result.extension.iter().find_map(|e| match (super::points::postern_name(e), &e.value) {
            (Some("contact-point"), ExtensionValue::Point(point)) => point.value.as_deref(),
            _ => None,
        });
        targets_owner && result.target_location.iter().any(|location| self.is_at(location, beside))
    }

    /// Whether `location` names this point: `telecom.where(system='sms' and value='+1…')`, or `.where(id='t1')` or `[0]`
    /// when the value is matched too, in the path or in a `contact-point` extension beside it.
    fn is_at(&self, location: &str, beside: Option<&str>) -> bool {
        let Some(conditions) = conditions(location, self.owner) else { return false };
        let mut value_matched = beside.is_some_and(|value| self.is_value(value));
        for condition in conditions {
            let holds = match condition {
                Condition::Index(index) => index == self.index,
                Condition::Field("system", text) => self.written.system.as_deref() == Some(text),
                Condition::Field("id", text) => self.written.id.as_deref() == Some(text),
                Condition::Field("use", text) => self.written.use_code.as_deref() == Some(text),
                Condition::Field("value", text) => {
                    value_matched = self.is_value(text);
                    value_matched
                }
                Condition::Field(..) => false,
            };
            if !holds {
                return false;
            }
        }
        value_matched
    }

    fn is_value(&self, text: &str) -> bool {
        normal::normalise(self.system, text).as_ref() == Some(self.value)
    }
}

enum Condition<'a> {
    Index(usize),
    Field(&'a str, &'a str),
}

/// The conditions of a path to a telecom; `None` for any path that is not wholly understood.
fn conditions<'a>(location: &'a str, owner: &str) -> Option<Vec<Condition<'a>>> {
    let location = location.trim();
    let kind = owner.split_once('/').map_or(owner, |(kind, _)| kind);
    let path = location.strip_prefix(kind).and_then(|rest| rest.strip_prefix('.')).unwrap_or(location);
    let mut rest = path.strip_prefix("telecom")?;
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() || rest == ".value" {
            return Some(found);
        }
        if let Some(inner) = rest.strip_prefix('[') {
            let (index, after) = inner.split_once(']')?;
            found.push(Condition::Index(index.trim().parse().ok()?));
            rest = after;
        } else {
            let inner = rest.strip_prefix(".where(")?;
            let (inside, after) = inner.split_once(')')?;
            for clause in inside.split(" and ") {
                let (field, quoted) = clause.split_once('=')?;
                let quoted = quoted.trim();
                let text = quoted.strip_prefix('\'').and_then(|q| q.strip_suffix('\''))?;
                found.push(Condition::Field(field.trim(), text));
            }
            rest = after;
        }
    }
}
