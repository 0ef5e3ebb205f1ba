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
        let reason = reason(answer);
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

/// The first reason why nobody outside the portal hears of it, or why it must wait.
fn reason(answer: &Answer) -> String {
    let reaches = answer.deliveries.iter().any(|d| d.channel != Channel::Portal && d.not_before.is_none());
    if answer.outcome == "send" && reaches {
        return String::new();
    }
    if answer.outcome == "defer"
        && let Some(at) = answer.deliveries.iter().find_map(|d| d.not_before)
    {
        let rule = answer.refusals.iter().find(|r| r.effect == "defer").map_or("", |r| r.rule.as_str());
        return format!("{rule} not before {at}");
    }
    // A reason about the channels people use says more than one about those they do not have.
    let open = |channel: Channel| matches!(channel, Channel::Sms | Channel::Email);
    let denied =
        |wanted: &dyn Fn(Channel) -> bool| answer.refusals.iter().find(|r| r.effect == "deny" && wanted(r.channel));
    let found = denied(&open).or_else(|| denied(&|_| true)).or_else(|| answer.refusals.first());
    match (found, answer.alerts.first()) {
        (Some(refusal), _) => format!("{} {}: {}", refusal.rule, refusal.channel, refusal.sentence),
        (None, Some(alert)) => format!("{}: {}", alert.rule, alert.sentence),
        (None, None) => String::new(),
    }
}
