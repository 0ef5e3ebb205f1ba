//! What a decision was made from, kept so that it can be made again: the request and every fact as the gate saw them, the
//! instant among them, the rules' version and the policy's. Sealed with the patient's key by the store; the ledger entry commits to
//! it and to what was decided.

mod pack;
mod shapes;

use pack::Pack;
use postern_base::Phi;
use postern_gate::{Decision, Facts, Policy, RULES_VERSION, Request, decide};
use postern_ledger::{CommitmentKey, commit};
use postern_store::Grounds;

/// The domain of the commitment to what a decision was made from.
pub(crate) const FACTS: &str = "facts";
/// The domain of the commitment to what was decided.
pub(crate) const VERDICT: &str = "verdict";

/// What is kept, opened.
#[derive(Debug)]
pub(crate) struct Opened {
    /// The version of the rules that decided.
    pub(crate) rules: u32,
    /// The version of the policy.
    pub(crate) policy: String,
    request: Request,
    facts: Facts,
}

/// Why kept bytes were not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// A Postern that knew other facts kept them.
    OtherForm,
    /// They are not what any Postern kept.
    Malformed,
}

/// What `decision` was made from, under the commitments of a message's key.
pub(crate) fn of(
    request: &Request,
    facts: &Facts,
    policy: &Policy,
    decision: &Decision,
    key: &CommitmentKey,
) -> Grounds {
    let mut bytes = shapes::format().to_vec();
    RULES_VERSION.put(&mut bytes);
    policy.version.put(&mut bytes);
    request.put(&mut bytes);
    facts.put(&mut bytes);
    let commitments = vec![
        (FACTS.to_owned(), commit(key, FACTS, &bytes)),
        (VERDICT.to_owned(), commit(key, VERDICT, &verdict(decision))),
    ];
    Grounds { facts: Phi::new(bytes), commitments }
}

/// Reads what was kept.
pub(crate) fn open(bytes: &[u8]) -> Result<Opened, Unread> {
    let (form, rest) = bytes.split_first_chunk::<4>().ok_or(Unread::Malformed)?;
    if *form != shapes::format() {
        return Err(Unread::OtherForm);
    }
    read(rest).ok_or(Unread::Malformed)
}

fn read(mut from: &[u8]) -> Option<Opened> {
    let from = &mut from;
    let (rules, policy) = (u32::take(from)?, String::take(from)?);
    let opened = Opened { rules, policy, request: Request::take(from)?, facts: Facts::take(from)? };
    from.is_empty().then_some(opened)
}

impl Opened {
    /// Makes the decision again. Gives it with the commitment to what is decided.
    pub(crate) fn decide(&self, policy: &Policy, key: &CommitmentKey) -> (Decision, [u8; 32]) {
        let decision = decide(&self.request, &self.facts, policy);
        let commitment = commit(key, VERDICT, &verdict(&decision));
        (decision, commitment)
    }
}

/// What was decided, in the parts that bind: outcome, plan, and which rule says what of which candidate. How a reason is worded
/// is not among them.
fn verdict(decision: &Decision) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    let word = |word: &str, out: &mut Vec<u8>| word.to_owned().put(out);
    word(decision.outcome.as_str(), &mut out);
    decision.advisory.put(&mut out);
    decision.waiting_for.map(|what| what.as_str().to_owned()).put(&mut out);
    decision.deliveries.len().put(&mut out);
    for delivery in &decision.deliveries {
        delivery.channel.put(&mut out);
        delivery.contact_point.put(&mut out);
        delivery.mode.put(&mut out);
        delivery.form.put(&mut out);
        delivery.level.put(&mut out);
        delivery.not_before.put(&mut out);
        delivery.not_after.put(&mut out);
        delivery.vendor.as_ref().map(|vendor| format!("{}\0{}", vendor.vendor, vendor.service)).put(&mut out);
    }
    decision.refusals.len().put(&mut out);
    for refusal in &decision.refusals {
        refusal.channel.put(&mut out);
        refusal.contact_point.put(&mut out);
        refusal.form.put(&mut out);
        word(refusal.effect.as_str(), &mut out);
        word(refusal.rule, &mut out);
    }
    for rule in decision.obligations.iter().map(|one| one.rule).chain(decision.alerts.iter().map(|one| one.rule)) {
        word(rule, &mut out);
    }
    out
}

#[cfg(test)]
mod tests;
