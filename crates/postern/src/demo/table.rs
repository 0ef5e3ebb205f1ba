//! The demo's table: one line per decision, as it is made.

use super::morning::Wish;
use crate::output::{Paint, Tone};
use postern_base::Channel;
use postern_engine::wire::Answer;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Lines so far, by outcome.
#[derive(Debug)]
pub(crate) struct Table {
    paint: Paint,
    outcomes: BTreeMap<String, u32>,
}

impl Table {
    /// Begins a table.
    ///
    /// # Errors
    /// When `out` is closed.
    pub(crate) fn begin(out: &mut impl Write, paint: Paint) -> io::Result<Self> {
        let head = format!("{:<5} {:<21} {:<8} {:<32} {}", "who", "why", "outcome", "what goes where", "the reason");
        writeln!(out, "{}", paint.text(Tone::Strong, &head))?;
        Ok(Self { paint, outcomes: BTreeMap::new() })
    }

    /// Adds a decision.
    ///
    /// # Errors
    /// When `out` is closed.
    pub(crate) fn add(&mut self, out: &mut impl Write, wish: &Wish, answer: &Answer) -> io::Result<()> {
        let count = self.outcomes.entry(answer.outcome.clone()).or_default();
        *count = count.saturating_add(1);
        let purpose = wish.request.get("purpose").and_then(|p| p.as_str()).unwrap_or_default();
        let plan: Vec<String> = answer.deliveries.iter().map(|d| format!("{} {}", d.channel, d.form)).collect();
        let plan = if plan.is_empty() { "-".to_owned() } else { plan.join(" + ") };
        let reason = reason(answer, !wish.note.is_empty());
        let note = if wish.note.is_empty() { String::new() } else { format!("[{}] ", wish.note) };
        // Colours have no width, so the word is padded before it is painted.
        let outcome = format!("{:<8}", answer.outcome);
        let outcome = outcome.replacen(&answer.outcome, &self.paint.outcome(&answer.outcome), 1);
        let note = self.paint.text(Tone::Soft, &note);
        writeln!(out, "{:<5} {purpose:<21} {outcome} {plan:<32} {note}{reason}", wish.patient.id())
    }

    /// Ends the table with the counts.
    ///
    /// # Errors
    /// When `out` is closed.
    pub(crate) fn end(&self, out: &mut impl Write) -> io::Result<()> {
        let parts: Vec<String> = self.outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
        writeln!(out, "\n{}", parts.join(", "))
    }
}

/// What most people would ask about the decision: why nobody outside the portal hears of it, why it must wait, or, for somebody
/// in a situation, why not another way.
fn reason(answer: &Answer, situation: bool) -> String {
    let contact = answer.deliveries.iter().find(|d| d.channel != Channel::Portal);
    if let Some((channel, at)) = contact.and_then(|d| Some((d.channel, d.not_before?))) {
        let found = answer.refusals.iter().find(|r| r.effect == "defer" && r.channel == channel);
        let rule = found.map_or("", |r| r.rule.as_str());
        return format!("{rule} {channel}: not before {}", super::clock::shown(at));
    }
    if contact.is_some() && !situation {
        return String::new();
    }
    // A reason about the channels people use says more than one about those they do not have, and one about a channel that
    // stays silent more than one about a longer form of what is sent.
    let order = [Channel::Sms, Channel::Email, Channel::Voice];
    let silent = |channel: &Channel| contact.is_none_or(|d| d.channel != *channel);
    let denied = |channel: Channel| answer.refusals.iter().find(|r| r.channel == channel && r.effect == "deny");
    let found = order
        .into_iter()
        .filter(silent)
        .find_map(denied)
        .or_else(|| order.into_iter().find_map(denied))
        .or_else(|| answer.refusals.first());
    match (found, answer.alerts.first()) {
        (Some(refusal), _) => format!("{} {}: {}", refusal.rule, refusal.channel, refusal.sentence),
        (None, Some(alert)) => format!("{}: {}", alert.rule, alert.sentence),
        (None, None) => "nothing stands against it".to_owned(),
    }
}
