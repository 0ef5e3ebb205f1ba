//! What people and machines read: standard output for the answer, standard error for progress and complaints.

use crate::environment;
use postern_engine::wire::{Answer, AnsweredRefusal};
use serde::Serialize;
use std::io::{self, IsTerminal as _, Write};

/// Colours, where the terminal shows them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    on: bool,
}

/// A colour with a meaning.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tone {
    /// It went well.
    Good,
    /// It must wait.
    Wait,
    /// It did not go.
    Bad,
    /// Less important.
    Soft,
    /// A heading.
    Strong,
    /// As it is.
    Plain,
}

impl Paint {
    /// For standard output.
    pub(crate) fn stdout() -> Self {
        Self { on: io::stdout().is_terminal() && !environment::no_colour() }
    }

    /// For who wants no colour.
    #[cfg(test)]
    pub(crate) const fn none() -> Self {
        Self { on: false }
    }

    /// `text` in `tone`.
    pub(crate) fn text(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Good => "32",
            Tone::Wait => "33",
            Tone::Bad => "31",
            Tone::Soft => "2",
            Tone::Strong => "1",
            Tone::Plain => return text.to_owned(),
        };
        if !self.on {
            return text.to_owned();
        }
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// An outcome in its colour.
    pub(crate) fn outcome(self, outcome: &str) -> String {
        let tone = match outcome {
            "send" => Tone::Good,
            "defer" | "hold" => Tone::Wait,
            _ => Tone::Bad,
        };
        self.text(tone, outcome)
    }
}

/// Writes `value` as one line of JSON.
///
/// # Errors
/// When standard output is closed.
pub(crate) fn json_line(value: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    out.write_all(b"\n")
}

/// Writes a decision for people: the plan, then why the rest did not go, then what must be done.
///
/// # Errors
/// When `out` is closed.
pub(crate) fn decision(out: &mut impl Write, paint: Paint, answer: &Answer) -> io::Result<()> {
    writeln!(out, "outcome   {}", paint.outcome(&answer.outcome))?;
    if let Some(waiting) = &answer.waiting_for {
        writeln!(out, "          waiting for {waiting}")?;
    }
    for delivery in &answer.deliveries {
        let mode = delivery.mode.map(|mode| format!(" ({mode})")).unwrap_or_default();
        let when = delivery.not_before.map(|at| format!(", not before {at}")).unwrap_or_default();
        let until = delivery.not_after.map(|at| format!(", before {at}")).unwrap_or_default();
        writeln!(
            out,
            "delivery  {}{mode} to {}: {} at {}{when}{until}",
            delivery.channel, delivery.contact_point, delivery.form, delivery.level
        )?;
    }
    for refusal in &answer.refusals {
        refused(out, paint, refusal)?;
    }
    for obligation in &answer.obligations {
        writeln!(out, "do        {}: {}", obligation.rule, obligation.what)?;
    }
    for alert in &answer.alerts {
        writeln!(out, "{}     {}: {}", paint.text(Tone::Wait, "alert"), alert.rule, alert.sentence)?;
    }
    Ok(())
}

fn refused(out: &mut impl Write, paint: Paint, refusal: &AnsweredRefusal) -> io::Result<()> {
    writeln!(
        out,
        "{}  {} to {} as {}: {} {}",
        paint.text(Tone::Bad, "not sent"),
        refusal.channel,
        refusal.contact_point,
        refusal.form,
        refusal.rule,
        paint.text(Tone::Soft, &format!("({}, {})", refusal.effect, refusal.citation)),
    )?;
    writeln!(out, "          {}", refusal.sentence)
}
