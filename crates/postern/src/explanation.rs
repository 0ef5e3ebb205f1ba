//! A decision drawn for people who ask why: the candidates, the rules against them, the plan, every reason, and what would
//! change it. At most 100 columns, without colours where there are none.

use crate::output::{Paint, Tone};
use jiff::tz::Offset;
use jiff::{Timestamp, fmt::temporal::Pieces};
use postern_base::{Channel, EmailMode};
use postern_engine::wire::{
    Answer, AnsweredAlternative, AnsweredCandidate, AnsweredChange, AnsweredDelivery, AnsweredRefusal,
};
use postern_gate::rules;
use serde_json::Value;
use std::io::{self, Write};

/// The widest line.
const COLUMNS: usize = 100;
/// Candidates side by side at most; more are drawn in a second table.
const ABREAST: usize = 26;

/// What a drawing says of the case besides its answer.
#[derive(Debug, Clone)]
pub(crate) struct Heading {
    title: String,
    about: String,
    offset: Offset,
}

impl Heading {
    /// From the case as it was written; `name` stands for one without an id.
    pub(crate) fn of(case: &[u8], name: &str) -> Self {
        let case: Value = serde_json::from_slice(case).unwrap_or_default();
        let text = |pointer: &str| case.pointer(pointer).and_then(Value::as_str);
        let pieces = text("/now").and_then(|now| Pieces::parse(now).ok());
        let offset = pieces.and_then(|pieces| pieces.to_numeric_offset()).unwrap_or(Offset::UTC);
        let now = text("/now").and_then(|now| now.parse().ok()).map(|now| at(now, offset));
        let about = [text("/request/purpose"), text("/request/patient"), now.as_deref()];
        Self {
            title: text("/id").unwrap_or(name).to_owned(),
            about: about.into_iter().flatten().collect::<Vec<_>>().join(" · "),
            offset,
        }
    }
}

/// Draws `answer`; with `all`, rules that bear on nothing too.
///
/// # Errors
/// When `out` is closed.
pub(crate) fn draw(
    out: &mut impl Write,
    paint: Paint,
    heading: &Heading,
    answer: &Answer,
    all: bool,
) -> io::Result<()> {
    let mut drawing = Drawing { out, paint, offset: heading.offset };
    drawing.head(heading, answer)?;
    drawing.candidates(answer)?;
    drawing.matrix(answer, all)?;
    drawing.plan(answer)?;
    drawing.refusals(answer)?;
    drawing.duties(answer)?;
    drawing.changes(answer)?;
    Ok(())
}

/// A point in time as people at that place read it.
fn at(instant: Timestamp, offset: Offset) -> String {
    let local = offset.to_datetime(instant);
    if offset == Offset::UTC {
        return local.strftime("%Y-%m-%d %H:%M UTC").to_string();
    }
    let (minutes, behind) = (offset.seconds().abs() / 60, offset.is_negative());
    let sign = if behind { '-' } else { '+' };
    format!("{} {sign}{:02}:{:02}", local.strftime("%Y-%m-%d %H:%M"), minutes / 60, minutes % 60)
}

/// The letter of a candidate: A to Z, then AA and so on.
fn letter(index: usize) -> String {
    let last = char::from(b'A' + u8::try_from(index % 26).unwrap_or(0));
    match index / 26 {
        0 => last.to_string(),
        more => format!("{}{last}", letter(more - 1)),
    }
}

fn channel(channel: Channel, mode: Option<EmailMode>) -> String {
    mode.map_or_else(|| channel.to_string(), |mode| format!("{channel} ({mode})"))
}

/// `text` in lines of at most `width` characters, broken between words.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `text` cut to `width` characters, with a sign where something is missing.
fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

/// What a rule said of a candidate, as one sign.
fn sign(result: &str, effect: Option<&str>) -> (char, Tone) {
    match (result, effect) {
        ("satisfied", _) => ('✓', Tone::Good),
        (_, Some("defer")) => ('…', Tone::Wait),
        ("unknown", Some("require")) => ('?', Tone::Wait),
        ("unknown", _) => ('?', Tone::Bad),
        (_, Some("require")) => ('!', Tone::Wait),
        (_, Some("redirect")) => ('→', Tone::Bad),
        (_, Some("strip")) => ('↓', Tone::Bad),
        ("violated", _) => ('✗', Tone::Bad),
        _ => ('·', Tone::Soft),
    }
}

const SIGNS: &str = "✓ holds   ✗ forbids   ? not known   ↓ less may go   → elsewhere   … later   ! a person must act";

/// What came of a candidate, in words.
fn fate(candidate: &AnsweredCandidate) -> (&'static str, Tone) {
    match candidate.result.as_str() {
        "chosen" if candidate.channel.is_human_task() => ("in the plan, for a person", Tone::Wait),
        "chosen" if candidate.not_before.is_some() => ("in the plan, later", Tone::Wait),
        "chosen" => ("in the plan", Tone::Good),
        "possible" => ("could go; the plan does without it", Tone::Plain),
        "waits" if candidate.not_before.is_some() => ("could go later", Tone::Wait),
        "waits" => ("waits", Tone::Wait),
        "person" => ("a person must act", Tone::Wait),
        _ => ("refused", Tone::Bad),
    }
}

/// Who alone can bring a change about, in words.
fn who(change: &AnsweredChange) -> &'static str {
    match change.who.as_str() {
        "time" => "nobody: time",
        "system" => "nobody: a system",
        "caller" => "who asks",
        "staff" => "staff",
        "clinician" => "a clinician",
        "patient" => "the patient",
        _ => "the practice",
    }
}

struct Drawing<'a, W: Write> {
    out: &'a mut W,
    paint: Paint,
    offset: Offset,
}

impl<W: Write> Drawing<'_, W> {
    fn head(&mut self, heading: &Heading, answer: &Answer) -> io::Result<()> {
        let title = clip(&heading.title, COLUMNS - 10);
        let gap = COLUMNS.saturating_sub(title.chars().count() + answer.outcome.len());
        let title = self.paint.text(Tone::Strong, &title);
        writeln!(self.out, "{title}{}{}", " ".repeat(gap), self.paint.outcome(&answer.outcome))?;
        writeln!(self.out, "{}", self.paint.text(Tone::Soft, &clip(&heading.about, COLUMNS)))?;
        if answer.advisory {
            writeln!(
                self.out,
                "{}",
                self.paint
                    .text(Tone::Wait, "advisory: the record was not read live; it is decided again before the send")
            )?;
        }
        Ok(())
    }

    fn section(&mut self, title: &str) -> io::Result<()> {
        writeln!(self.out, "\n{}", self.paint.text(Tone::Strong, title))
    }

    /// Lines of `text`, the first after `lead`, all of them indented as far.
    fn hanging(&mut self, lead: &str, lead_width: usize, tone: Tone, text: &str) -> io::Result<()> {
        for (index, line) in wrap(text, COLUMNS - lead_width).iter().enumerate() {
            let line = self.paint.text(tone, line);
            if index == 0 {
                writeln!(self.out, "{lead}{line}")?;
            } else {
                writeln!(self.out, "{}{line}", " ".repeat(lead_width))?;
            }
        }
        Ok(())
    }

    fn candidates(&mut self, answer: &Answer) -> io::Result<()> {
        self.section("Ways it could go")?;
        for (index, one) in answer.candidates.iter().enumerate() {
            let (words, tone) = fate(one);
            let when = one.not_before.map(|instant| format!(", {}", at(instant, self.offset))).unwrap_or_default();
            let level = one.level.map(|level| level.to_string()).unwrap_or_default();
            let way = clip(&channel(one.channel, one.mode), 21);
            let to = clip(&one.contact_point, 26);
            let fate = self.paint.text(tone, &format!("{words}{when}"));
            writeln!(self.out, "  {:<3}{way:<22}{to:<27}{:<9}{level:<4}{fate}", letter(index), one.form)?;
        }
        Ok(())
    }

    fn matrix(&mut self, answer: &Answer, all: bool) -> io::Result<()> {
        let mut rows = Vec::new();
        for rule in rules::ALL {
            let said = |one: &AnsweredCandidate| {
                let verdict = one.rules.iter().find(|verdict| verdict.rule == rule.id);
                verdict.map(|verdict| sign(&verdict.result, verdict.effect.as_deref()))
            };
            let signs: Vec<_> = answer.candidates.iter().map(said).collect();
            let against = signs.iter().flatten().any(|(sign, _)| *sign != '✓');
            let bears = signs.iter().any(Option::is_some);
            if bears || all {
                rows.push((!against, !bears, rule, signs));
            }
        }
        // What stands against something first; within that, the order of the catalogue.
        rows.sort_by_key(|(holds, idle, ..)| (*holds, *idle));
        self.section("Every rule on every way")?;
        let mut first = 0;
        while first < answer.candidates.len() {
            let abreast = answer.candidates.len().saturating_sub(first).min(ABREAST);
            let letters: String = (first..first + abreast).map(|index| format!("{:<2}", letter(index))).collect();
            writeln!(self.out, "           {}", self.paint.text(Tone::Soft, letters.trim_end()))?;
            for (_, _, rule, signs) in &rows {
                let row: String = signs.iter().skip(first).take(abreast).map(|said| self.cell(*said)).collect();
                let asks = clip(rule.asks, COLUMNS.saturating_sub(12 + abreast * 2));
                writeln!(self.out, "  {:<9}{row} {}", rule.id, self.paint.text(Tone::Soft, &asks))?;
            }
            first += abreast;
        }
        writeln!(self.out, "  {}", self.paint.text(Tone::Soft, SIGNS))
    }

    fn cell(&self, said: Option<(char, Tone)>) -> String {
        let (sign, tone) = said.unwrap_or(('·', Tone::Soft));
        format!("{} ", self.paint.text(tone, &sign.to_string()))
    }

    fn delivery(&self, delivery: &AnsweredDelivery) -> String {
        let when = match delivery.not_before {
            Some(instant) => format!("not before {}", at(instant, self.offset)),
            None if delivery.channel.is_human_task() => "for a person".to_owned(),
            None => "now".to_owned(),
        };
        let until = delivery.not_after.map(|end| format!(", before {}", at(end, self.offset))).unwrap_or_default();
        let way = channel(delivery.channel, delivery.mode);
        format!("{way} to {}: {}, {}, {when}{until}", delivery.contact_point, delivery.form, delivery.level)
    }

    fn plan(&mut self, answer: &Answer) -> io::Result<()> {
        self.section("The plan")?;
        if answer.deliveries.is_empty() {
            let text = match (answer.outcome.as_str(), &answer.waiting_for) {
                ("defer", Some(system)) => {
                    let system = if system == "ehr" { "EHR" } else { system.as_str() };
                    format!("Nothing goes yet: Postern waits for the {system} and tries again by itself.")
                }
                ("defer", None) => "Nothing goes yet: Postern tries again by itself.".to_owned(),
                ("hold", _) => "Nothing goes until a person has acted.".to_owned(),
                _ => "Nothing may be sent.".to_owned(),
            };
            return self.hanging("  ", 2, Tone::Plain, &text);
        }
        for delivery in &answer.deliveries {
            let line = self.delivery(delivery);
            self.hanging("  ", 2, Tone::Plain, &line)?;
            self.hanging("    ", 4, Tone::Soft, &because(delivery))?;
            if delivery.channel != Channel::Portal {
                self.passed_over(delivery, answer)?;
            }
        }
        Ok(())
    }

    /// Why each other contact point that could be used was not, the runner-up aside, of which the choice has spoken.
    fn passed_over(&mut self, delivery: &AnsweredDelivery, answer: &Answer) -> io::Result<()> {
        let next = delivery.why.as_ref().and_then(|why| why.over.as_ref());
        let mut told: Vec<(Channel, &str)> =
            next.map(|next| (next.channel, next.contact_point.as_str())).into_iter().collect();
        for one in &answer.candidates {
            let place = (one.channel, one.contact_point.as_str());
            let Some(why) = one.passed_over.as_ref().filter(|why| !matches!(why.by.as_str(), "other_form" | "task"))
            else {
                continue;
            };
            if !told.contains(&place) {
                told.push(place);
                let line = format!("Not by {} to {}: {}", one.channel, one.contact_point, why.sentence);
                self.hanging("    ", 4, Tone::Soft, &line)?;
            }
        }
        Ok(())
    }

    fn refusals(&mut self, answer: &Answer) -> io::Result<()> {
        let groups = grouped(answer);
        if groups.is_empty() {
            return Ok(());
        }
        self.section("Why not otherwise")?;
        for (index, (ways, reasons)) in groups.iter().enumerate() {
            if index > 0 {
                writeln!(self.out)?;
            }
            match ways.as_slice() {
                [only] => self.way(*only, answer)?,
                several => {
                    let letters: Vec<String> = several.iter().map(|way| letter(*way)).collect();
                    self.hanging("  ", 2, Tone::Strong, &letters.join(" "))?;
                }
            }
            for reason in reasons {
                self.reason(&reason.rule, &reason.sentence, &format!("{} · {}", reason.citation, reason.effect))?;
            }
        }
        Ok(())
    }

    fn way(&mut self, index: usize, answer: &Answer) -> io::Result<()> {
        let Some(one) = answer.candidates.get(index) else { return Ok(()) };
        let way = format!("{} to {}, {}", channel(one.channel, one.mode), one.contact_point, one.form);
        let letter = self.paint.text(Tone::Strong, &format!("{:<3}", letter(index)));
        self.hanging(&format!("  {letter}"), 5, Tone::Plain, &way)
    }

    fn reason(&mut self, rule: &str, sentence: &str, ground: &str) -> io::Result<()> {
        self.hanging(&format!("    {rule:<9}"), 13, Tone::Plain, sentence)?;
        self.hanging("             ", 13, Tone::Soft, ground)
    }

    fn duties(&mut self, answer: &Answer) -> io::Result<()> {
        if !answer.obligations.is_empty() {
            self.section("To do beside the send")?;
            for duty in &answer.obligations {
                self.reason(&duty.rule, &duty.what, citation(&duty.rule))?;
            }
        }
        if !answer.alerts.is_empty() {
            self.section("A person should look")?;
            for alert in &answer.alerts {
                self.reason(&alert.rule, &alert.sentence, citation(&alert.rule))?;
            }
        }
        Ok(())
    }

    fn changes(&mut self, answer: &Answer) -> io::Result<()> {
        let Some(changes) = &answer.changes else { return Ok(()) };
        let Some(goal) = &changes.goal else { return Ok(()) };
        self.section("What would change this")?;
        let aim = if goal == "contact" {
            "The portal copy goes. So that the patient also hears of it"
        } else {
            "So that it goes"
        };
        if changes.alternatives.is_empty() {
            return self.no_change(answer);
        }
        let any = if changes.alternatives.len() > 1 { ", any one of these is enough:" } else { ", this is enough:" };
        self.hanging("  ", 2, Tone::Plain, &format!("{aim}{any}"))?;
        for (index, alternative) in changes.alternatives.iter().enumerate() {
            self.alternative(index + 1, alternative)?;
        }
        Ok(())
    }

    fn alternative(&mut self, number: usize, alternative: &AnsweredAlternative) -> io::Result<()> {
        writeln!(self.out)?;
        for (index, change) in alternative.changes.iter().enumerate() {
            let lead = if index == 0 { format!("  {number}  ") } else { "     ".to_owned() };
            let until = change.until.map(|instant| format!(" ({})", at(instant, self.offset))).unwrap_or_default();
            self.hanging(&lead, 5, Tone::Plain, &format!("{}{until}", change.sentence))?;
            let place =
                [change.channel.map(|c| c.to_string()), change.contact_point.clone(), change.waiting_for.clone()];
            let place: Vec<String> = place.into_iter().flatten().collect();
            let place = if place.is_empty() { String::new() } else { format!(" · {}", place.join(" ")) };
            self.hanging("     ", 5, Tone::Soft, &format!("{}{place}", who(change)))?;
        }
        for delivery in &alternative.deliveries {
            let line = format!("→ {}", self.delivery(delivery));
            self.hanging("     ", 5, Tone::Good, &line)?;
        }
        Ok(())
    }

    fn no_change(&mut self, answer: &Answer) -> io::Result<()> {
        let nothing = answer.changes.iter().flat_map(|changes| &changes.nothing);
        let reasons: Vec<_> = nothing.collect();
        if reasons.is_empty() {
            let text = "Nothing that Postern knows of; a person must look at the reasons above.";
            return self.hanging("  ", 2, Tone::Plain, text);
        }
        self.hanging("  ", 2, Tone::Plain, "Nothing: this stands, and nobody may lift it.")?;
        for reason in reasons {
            self.reason(&reason.rule, &reason.sentence, &reason.citation)?;
            self.hanging("     ", 5, Tone::Soft, &reason.why)?;
        }
        Ok(())
    }
}

/// The citation of a rule.
fn citation(id: &str) -> &'static str {
    rules::ALL.iter().find(|rule| rule.id == id).map_or("", |rule| rule.citation)
}

/// Why this delivery is in the plan, and which would have come next.
fn because(delivery: &AnsweredDelivery) -> String {
    let Some(why) = &delivery.why else { return String::new() };
    match &why.over {
        Some(next) => {
            let way = channel(next.channel, next.mode);
            format!("{} The other: {way} to {}, {}.", why.sentence, next.contact_point, next.form)
        }
        None => why.sentence.clone(),
    }
}

/// The reasons by candidate; candidates with the very same reasons together.
fn grouped(answer: &Answer) -> Vec<(Vec<usize>, Vec<&AnsweredRefusal>)> {
    let mut groups: Vec<(Vec<usize>, Vec<&AnsweredRefusal>)> = Vec::new();
    for (index, one) in answer.candidates.iter().enumerate() {
        let here = |r: &&AnsweredRefusal| {
            (r.channel, &r.contact_point, r.mode, r.form) == (one.channel, &one.contact_point, one.mode, one.form)
        };
        let reasons: Vec<&AnsweredRefusal> = answer.refusals.iter().filter(here).collect();
        if reasons.is_empty() {
            continue;
        }
        let said = |r: &AnsweredRefusal| (r.rule.clone(), r.effect.clone(), r.sentence.clone());
        let same = |group: &&mut (Vec<usize>, Vec<&AnsweredRefusal>)| {
            group.1.iter().map(|r| said(r)).eq(reasons.iter().map(|r| said(r)))
        };
        match groups.iter_mut().find(same) {
            Some((ways, _)) => ways.push(index),
            None => groups.push((vec![index], reasons)),
        }
    }
    groups
}
