//! How fast the gate decides: one patient with eight candidates and a history, every rule that can bear on each.

use crate::machine::cpu_seconds;
use crate::report::Line;
use crate::sample::{Case, address, point};
use crate::timing::Timings;
use jiff::SignedDuration;
use postern_base::{Channel, Level, Phi, Purpose};
use postern_gate::facts::{Event, EventStatus, Inbound, PastDelivery, System};
use postern_gate::revocation::Heard;
use postern_gate::{Fact, Outcome, examine};
use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How many candidates the goal is about.
const CANDIDATES: usize = 8;
/// How long decisions are counted.
const COUNTED: Duration = Duration::from_secs(2);
/// How many are timed alone at most, and how long that may take: one that reads twenty texts takes milliseconds.
const TIMED: usize = 200_000;
const TIMING: Duration = Duration::from_secs(5);

/// Measures an ordinary case, one that has reasons to give, and a crowded one, on one thread.
pub(crate) fn run() -> Result<Vec<Line>, Box<dyn Error>> {
    let mut lines = measured("", "a text every five weeks before, so nothing stands against any way", &ordinary(35))?;
    let capped = "a text every day before, so each automated text and call is put off, with its reason and its hour";
    lines.extend(measured(", over the caps", capped, &ordinary(1))?);
    let many = "two numbers, two mailboxes, a device and a letter box, half of them without consent, over the caps too";
    lines.extend(measured(", crowded", many, &crowded())?);
    // As the engine gives it: each text was read when it came.
    let read = "what the patient wrote was read when it came";
    lines.extend(measured(", twenty texts of the patient", read, &with_replies(true))?);
    let unread = "what the patient wrote is read in the decision, as `explain` does";
    lines.extend(measured(", twenty texts read in the decision", unread, &with_replies(false))?);
    Ok(lines)
}

/// Measures `case`, in which things are as `says` says, for some seconds, then each decision alone.
fn measured(which: &str, says: &str, case: &Case) -> Result<Vec<Line>, Box<dyn Error>> {
    let decision = case.decide();
    if decision.outcome != Outcome::Send {
        return Err("the benchmark's request should be sent; its facts no longer fit the rules".into());
    }
    decide_for(Duration::from_millis(100), case);
    let (started, cpu) = (Instant::now(), cpu_seconds("self"));
    let decisions = decide_for(COUNTED, case);
    let cpu_each = (cpu_seconds("self") - cpu) / f64::from(decisions);
    let per_second = f64::from(decisions) / started.elapsed().as_secs_f64();
    let mut timings = Timings::with_capacity(TIMED);
    let until = Instant::now() + TIMING;
    for _ in 0..TIMED {
        let began = Instant::now();
        if began > until {
            break;
        }
        black_box(black_box(case).decide());
        timings.add(began.elapsed());
    }
    let candidates = examine(&case.request, &case.facts, &case.policy).candidates.len();
    let note = format!(
        "{says}; one thread: {:.2} µs CPU each, {per_second:.0}/s by the clock of a shared machine; {} rules, {candidates} candidates, {} reasons kept",
        cpu_each * 1e6,
        decision.rules.len(),
        decision.refusals.len()
    );
    // The goals are about deciding eight candidates; what is read in the decision only `explain` reads there.
    let unread =
        case.facts.history.known().is_some_and(|past| past.inbound.iter().any(|one| one.heard == Heard::NOT_YET));
    let (rate, latest) = if candidates <= CANDIDATES && !unread { ("200,000", "20 µs") } else { ("-", "-") };
    let what = |what: &str| format!("{what}{which}");
    Ok(vec![
        Line::rate("gate", &what("decisions per second of one core"), 1.0 / cpu_each, rate, &note),
        Line::time("gate", &what("decision, p50"), timings.quantile(500), "-", "each timed alone"),
        Line::time("gate", &what("decision, p99"), timings.quantile(990), latest, "each timed alone"),
    ])
}

/// How many times `case` is decided within `time`.
fn decide_for(time: Duration, case: &Case) -> u32 {
    let started = Instant::now();
    let mut decisions = 0;
    while started.elapsed() < time {
        for _ in 0..16 {
            black_box(black_box(case).decide());
        }
        decisions += 16;
    }
    decisions
}

/// The sample patient, by text, e-mail, call and portal, with a history of ten texts, some days apart.
fn ordinary(days_apart: i64) -> Case {
    let mut case =
        Case::of("appointment_reminder", Level::L1, &[Channel::Portal, Channel::Sms, Channel::Email, Channel::Voice]);
    with_history(&mut case, days_apart);
    case
}

/// An ordinary case in which the patient wrote twenty times, heard before or to be read.
fn with_replies(heard: bool) -> Case {
    const SAID: [&str; 5] = [
        "Yes, I'll be there on Tuesday",
        "can I come half an hour later, the bus is slow",
        "gracias, ya voy en camino",
        "my cough won't stop, should I still come in?",
        "Thank you so much for the reminder!",
    ];
    let mut case = ordinary(35);
    let now = case.facts.now;
    let names: Vec<_> = case.patient().names.iter().map(|name| name.reveal().clone()).collect();
    case.history().inbound = (1..=20)
        .zip(SAID.iter().cycle())
        .map(|(day, said)| Inbound {
            at: now - SignedDuration::from_hours(24 * day),
            channel: Channel::Sms,
            point: address("+12125550101"),
            text: Phi::new((*said).to_owned()),
            thread_purpose: None,
            reviewed: None,
            heard: if heard { Heard::of(said, names.iter().map(String::as_str)) } else { Heard::NOT_YET },
        })
        .collect();
    case
}

/// Every channel, two numbers, two mailboxes, a device and a letter box, half of them without consent; texts every day, over
/// every cap.
fn crowded() -> Case {
    let mut case = Case::of("appointment_reminder", Level::L1, &[]);
    with_history(&mut case, 1);
    case.patient().zones.push("America/Chicago".into());
    case.patient().points.push(point(System::Sms, "+12125550102", 4));
    case.patient().points.push(point(System::Email, "alma@example.org", 5));
    case.patient().points.push(point(System::App, "device-1", 6));
    case.patient().postal.push(address("1 Main St, New York NY 10001"));
    case
}

/// Ten earlier messages, some days apart, and the visit that this one is about.
fn with_history(case: &mut Case, days_apart: i64) {
    let now = case.facts.now;
    let past = |back: i64| PastDelivery {
        at: now - SignedDuration::from_hours(24 * days_apart * back),
        channel: Channel::Sms,
        point: address("+12125550101"),
        purpose: Purpose::Recall,
        automated: true,
        outcome: None,
    };
    case.history().deliveries = (2..12).map(past).collect();
    case.request.event = Some("Appointment/a1".into());
    case.facts.event = Fact::Known(Event::new(
        "Appointment/a1".into(),
        EventStatus::Active,
        Some(now + SignedDuration::from_hours(48)),
    ));
}
