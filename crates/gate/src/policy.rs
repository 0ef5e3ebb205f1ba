//! The tenant's policy: it may only tighten what the law and the built-in matrix allow.
//!
//! A reader makes [`Overrides`] of a text; [`Policy::tighten`] judges them. What tightens is taken. What would loosen becomes
//! a [`PolicyDefect`] that names the key, the floor and what it stands on; a policy with a defect is refused when it is
//! loaded, and should one be decided under all the same, it refuses every decision (RULES SYS-01, IB-01).

use crate::matrix::{Column, cell};
use crate::reference::{
    AUDIT_RETENTION, BLOCKING_EXCEPTIONS, EXEMPT_DAILY_MOST, EXEMPT_WEEKLY_MOST, Hours, OFFERS_DAILY_MOST,
    OPT_OUT_RETENTION, RESULTS_EXCEPTION_LONGEST, RESULTS_HOLD_LONGEST,
};
use crate::rules;
use crate::window;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Channel, Form, Level, Purpose};

/// The policy a decision is made under. Made by [`Policy::tighten`]; `Policy::default()` is the built-in floor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Names this text of the policy in permits and ledger entries; `built-in` when the tenant set nothing.
    pub version: String,
    /// Lowered cells: the highest form for purpose, level and channel. `None` = refused.
    pub lowered: Vec<LoweredCell>,
    /// A narrower sending window, local time.
    pub window: Option<Hours>,
    /// Narrower windows of single purposes, inside the one above.
    pub windows: Vec<(Purpose, Hours)>,
    /// How many automated messages a patient may get.
    pub caps: Caps,
    /// All results wait, under a recorded exception to information blocking.
    pub results_hold: Option<ResultsHold>,
    /// Channels switched off.
    pub disabled_channels: Vec<Channel>,
    /// How long records are kept.
    pub retention: Retention,
    /// What the tenant asked for that would loosen the floor: refuses every decision.
    pub defects: Vec<PolicyDefect>,
}

/// How many automated messages a patient may get, all contact points together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Calls and texts of care in any 24 hours.
    pub per_day: u32,
    /// Calls and texts of care in any seven days.
    pub per_week: u32,
    /// Offers in any 24 hours.
    pub offers_per_day: usize,
}

impl Caps {
    /// One a day, three a week: 47 CFR 64.1200(a)(9)(iv)(F), applied to every basis (RULES TCP-03). Three offers a day: the
    /// strictest of the states that count them (RULES TCP-09).
    pub const FLOOR: Self =
        Self { per_day: EXEMPT_DAILY_MOST, per_week: EXEMPT_WEEKLY_MOST, offers_per_day: OFFERS_DAILY_MOST };
}

/// How long records are kept, in years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Entries of the ledger.
    pub ledger: i16,
    /// Opt-outs.
    pub opt_outs: i16,
}

impl Retention {
    /// Law's six years (45 CFR 164.316(b)(2)(i)) and Virginia's ten for opt-outs, ours ten for both.
    pub const FLOOR: Self = Self { ledger: AUDIT_RETENTION, opt_outs: OPT_OUT_RETENTION };
}

/// A delay of all results, with the exception that lets it stand (45 CFR part 171).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResultsHold {
    /// Days from when a result is final.
    pub days: u32,
    /// The exception's code, a row of `blocking-exceptions`.
    pub exception: &'static str,
    /// When the exception ends; from then on nothing is held.
    pub until: Timestamp,
}

/// A cell the tenant lowered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoweredCell {
    /// The row.
    pub purpose: Purpose,
    /// The level.
    pub level: Level,
    /// The column.
    pub channel: Channel,
    /// The highest form left; `None` = refused.
    pub highest: Option<Form>,
}

/// Something in a tenant's policy that would loosen the floor, or could not be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDefect {
    /// The rule that refuses it: `SYS-01`, or `IB-01` for what keeps all patients from their results.
    pub rule: &'static str,
    /// The key in the policy, such as `matrix.test_result.L3.sms`.
    pub key: String,
    /// What the floor is, and on what it stands.
    pub sentence: String,
}

/// What a tenant's policy text asks for, parsed but not yet judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Names this text, such as the first characters of its digest; empty = `built-in`.
    pub version: String,
    /// Cells: the highest form wanted; `None` = refused.
    pub cells: Vec<LoweredCell>,
    /// The sending window wanted, local time, from (inclusive) and to (exclusive).
    pub window: Option<Hours>,
    /// The windows wanted for single purposes.
    pub windows: Vec<(Purpose, Hours)>,
    /// The daily cap wanted.
    pub per_day: Option<u32>,
    /// The weekly cap wanted.
    pub per_week: Option<u32>,
    /// The daily cap on offers wanted.
    pub offers_per_day: Option<u32>,
    /// `results.hold_all_days`: hold every result for so many days.
    pub hold_all_results_days: Option<u32>,
    /// `results.exception`: the exception that lets the hold stand, and when it ends.
    pub results_exception: Option<ResultsException>,
    /// Channels switched off.
    pub disabled_channels: Vec<Channel>,
    /// Rules the tenant would switch off; none can be.
    pub disabled_rules: Vec<String>,
    /// `retention.ledger_years`.
    pub ledger_years: Option<i16>,
    /// `retention.opt_out_years`.
    pub opt_out_years: Option<i16>,
}

/// The exception a tenant names for a hold of all results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultsException {
    /// Its code.
    pub code: String,
    /// When it ends.
    pub until: Option<Timestamp>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            version: "built-in".into(),
            lowered: Vec::new(),
            window: None,
            windows: Vec::new(),
            caps: Caps::FLOOR,
            results_hold: None,
            disabled_channels: Vec::new(),
            retention: Retention::FLOOR,
            defects: Vec::new(),
        }
    }
}

impl Policy {
    /// Judges a tenant's policy: what tightens is taken, what would loosen becomes a defect that names the key, the floor
    /// and what it stands on. Every defect is kept, not only the first.
    ///
    /// The caller adds a [`PolicyDefect`] of its own for what it could not read at all.
    #[must_use]
    pub fn tighten(asked: Overrides) -> Self {
        let mut policy = Self::default();
        if !asked.version.is_empty() {
            policy.version = asked.version;
        }
        for channel in asked.disabled_channels {
            policy.switch_off(channel);
        }
        for cell in asked.cells {
            policy.lower(cell);
        }
        if let Some(hours) = asked.window {
            policy.window = policy.narrow("window".into(), hours);
        }
        for (purpose, hours) in asked.windows {
            policy.narrow_purpose(purpose, hours);
        }
        let floor = Caps::FLOOR;
        policy.caps = Caps {
            per_day: policy.cap("per_day", asked.per_day, floor.per_day),
            per_week: policy.cap("per_week", asked.per_week, floor.per_week),
            offers_per_day: policy.offers(asked.offers_per_day),
        };
        policy.results_hold = policy.hold(asked.hold_all_results_days.unwrap_or(0), asked.results_exception);
        policy.retention = Retention {
            ledger: policy.keep("ledger_years", asked.ledger_years, Retention::FLOOR.ledger),
            opt_outs: policy.keep("opt_out_years", asked.opt_out_years, Retention::FLOOR.opt_outs),
        };
        for id in asked.disabled_rules {
            policy.keep_rule(&id);
        }
        policy
    }

    /// The sending window of a purpose: the tenant's, inside the built-in one.
    #[must_use]
    pub fn hours(&self, purpose: Purpose) -> Hours {
        let own = self.windows.iter().filter(|(of, _)| *of == purpose).map(|(_, hours)| *hours);
        own.chain(self.window).fold(window::DEFAULT, window::narrow)
    }

    /// What the tenant lowered for a level or for one below it: what may not be said of less may not be said of more.
    pub fn lowered_for(&self, purpose: Purpose, level: Level, channel: Channel) -> impl Iterator<Item = &LoweredCell> {
        let binds =
            move |cell: &&LoweredCell| cell.purpose == purpose && cell.channel == channel && cell.level <= level;
        self.lowered.iter().filter(binds)
    }

    fn lower(&mut self, asked: LoweredCell) {
        let floor = floor(asked.purpose, asked.level, asked.channel);
        let key = format!("matrix.{}.{}.{}", asked.purpose, asked.level, asked.channel);
        if asked.highest <= floor {
            match owed(asked).filter(|_| asked.highest < Some(Form::Full)) {
                Some(owed) => self.close(key, owed, "lowers"),
                None => self.lowered.push(asked),
            }
            return;
        }
        let floor = floor.map_or("none", Form::as_str);
        let sentence = format!(
            "The practice's policy raises {key} above the floor, which is `{floor}` (45 CFR 164.530(c)); it may only lower it."
        );
        self.defect("SYS-01", key, sentence);
    }

    fn switch_off(&mut self, channel: Channel) {
        match owed_to_all(channel) {
            Some(owed) => self.close(format!("disabled_channels.{channel}"), owed, "switches off"),
            None => self.disabled_channels.push(channel),
        }
    }

    /// Refuses a policy that closes a way the law keeps open.
    fn close(&mut self, key: String, owed: Owed, how: &str) {
        let sentence = format!("The practice's policy {how} {key}, and {}; take it out.", owed.because);
        self.defect(owed.rule, key, sentence);
    }

    /// The hours, when they lie inside the built-in window; else a defect.
    fn narrow(&mut self, key: String, hours: Hours) -> Option<Hours> {
        let (from, to) = hours;
        let (earliest, latest) = window::DEFAULT;
        if from >= earliest && to <= latest && from < to {
            return Some(hours);
        }
        let sentence = format!(
            "The practice's sending window (`{key}`) is empty or reaches beyond {} to {} (47 CFR 64.1200(c)(1) and state hours); narrow it.",
            earliest.strftime("%H:%M"),
            latest.strftime("%H:%M")
        );
        self.defect("SYS-01", key, sentence);
        None
    }

    fn narrow_purpose(&mut self, purpose: Purpose, hours: Hours) {
        let key = format!("windows.{purpose}");
        if matches!(purpose, Purpose::OneTimeCode | Purpose::ConsentConfirmation) {
            let sentence = format!(
                "The practice's policy sets {key}, and this purpose answers the patient at once and has no hours of its own; take it out."
            );
            self.defect("SYS-01", key, sentence);
            return;
        }
        let Some(hours) = self.narrow(key.clone(), hours) else { return };
        self.windows.push((purpose, hours));
        let (from, to) = self.hours(purpose);
        if from >= to {
            let sentence =
                format!("The practice's window {key} and its other windows have no hour in common; widen one.");
            self.defect("SYS-01", key, sentence);
        }
    }

    fn cap(&mut self, name: &str, asked: Option<u32>, floor: u32) -> u32 {
        match asked {
            Some(most) if most > floor => {
                let sentence = format!(
                    "The practice's cap caps.{name} is above the floor, which is {floor} (47 CFR 64.1200(a)(9)(iv)); lower it."
                );
                self.defect("SYS-01", format!("caps.{name}"), sentence);
                floor
            }
            asked => asked.unwrap_or(floor),
        }
    }

    fn offers(&mut self, asked: Option<u32>) -> usize {
        let floor = Caps::FLOOR.offers_per_day;
        let asked = asked.map_or(floor, |most| usize::try_from(most).unwrap_or(usize::MAX));
        if asked > floor {
            let sentence = format!(
                "The practice's cap caps.offers_per_day is above the floor, which is {floor} (state law: Fla. Stat. 501.616); lower it."
            );
            self.defect("SYS-01", "caps.offers_per_day".into(), sentence);
        }
        asked.min(floor)
    }

    /// 45 CFR 171.103: a delay of all results is information blocking, unless an exception that can cover all of them is on
    /// record and has an end (45 CFR 171.203 to 171.205).
    fn hold(&mut self, days: u32, exception: Option<ResultsException>) -> Option<ResultsHold> {
        let Some(asked) = exception else {
            if days > 0 {
                self.defect(
                    "IB-01",
                    "results.hold_all_days".into(),
                    "The practice's policy holds all results back, which is information blocking (45 CFR 171.103); remove `results.hold_all_days`, or name the exception it stands on.".into(),
                );
            }
            return None;
        };
        let found = BLOCKING_EXCEPTIONS.iter().find(|row| row.code == asked.code);
        let (key, sentence) = match (found, asked.until) {
            (None, _) => ("results.exception.code", "The practice names an exception to information blocking that there is not (45 CFR part 171); see the table of exceptions.".to_owned()),
            (Some(row), _) if !row.for_all_results => ("results.exception.code", format!("The exception `{}` ({}) is {}; it covers no delay of all results.", row.code, row.basis.source, row.means)),
            (Some(_), None) => ("results.exception.until", "An exception to information blocking ends (45 CFR part 171): say when, as an instant such as 2027-01-31T00:00:00Z.".to_owned()),
            // house: what an exception covers is short, and the law of no state in `result-holds` asks for longer.
            (Some(_), Some(_)) if i64::from(days) > RESULTS_HOLD_LONGEST => ("results.hold_all_days", format!("The practice's policy holds results for {days} days, and the floor is {RESULTS_HOLD_LONGEST} at most, under whatever exception (45 CFR 171.103; house); shorten it.")),
            (Some(_), Some(_)) if days == 0 => ("results.exception", "The practice names an exception and holds nothing; take it out, or set `results.hold_all_days`.".to_owned()),
            (Some(row), Some(until)) => return Some(ResultsHold { days, exception: row.code, until }),
        };
        self.defect("IB-01", key.into(), sentence);
        None
    }

    /// What is wrong with a hold of all results at `now`: its exception ends too late to be one. An exception is for what
    /// passes (45 CFR 171.203 to 171.205); house: for no more than a season at a time.
    #[must_use]
    pub fn ends_too_late(&self, now: Timestamp) -> Option<PolicyDefect> {
        let hold = self.results_hold?;
        let longest = SignedDuration::from_hours(24 * RESULTS_EXCEPTION_LONGEST);
        (hold.until.duration_since(now) > longest).then(|| PolicyDefect {
            rule: "IB-01",
            key: "results.exception.until".into(),
            sentence: format!(
                "The exception behind the practice's hold of all results ends more than {RESULTS_EXCEPTION_LONGEST} days from now (45 CFR part 171; house); let it end sooner, and record it again if it is still needed then."
            ),
        })
    }

    fn keep(&mut self, name: &str, asked: Option<i16>, floor: i16) -> i16 {
        match asked {
            Some(years) if years < floor => {
                let sentence = format!(
                    "The practice's policy keeps records shorter than the floor: retention.{name} is at least {floor} (45 CFR 164.316(b)(2)(i) and our own policy); lengthen it."
                );
                self.defect("SYS-01", format!("retention.{name}"), sentence);
                floor
            }
            asked => asked.unwrap_or(floor),
        }
    }

    fn keep_rule(&mut self, id: &str) {
        let sentence = match rules::ALL.iter().find(|rule| rule.id == id) {
            Some(rule) => format!(
                "The practice's policy switches off {id} ({}): {} No rule can be switched off.",
                rule.citation, rule.asks
            ),
            None => {
                "The practice's policy switches off a rule that there is not; no rule can be switched off.".to_owned()
            }
        };
        self.defect("SYS-01", "disabled_rules".into(), sentence);
    }

    /// Adds a defect, for what the policy's reader could not understand: it refuses every decision too.
    pub fn defect(&mut self, rule: &'static str, key: String, sentence: String) {
        self.defects.push(PolicyDefect { rule, key, sentence });
    }
}

/// What keeps a way to the patient open, whatever a practice would rather do.
#[derive(Debug, Clone, Copy)]
struct Owed {
    /// The rule that refuses a policy which closes it.
    rule: &'static str,
    /// Why, with the section.
    because: &'static str,
}

/// 45 CFR 171.103, 45 CFR 164.524(a)(1): the portal is where patients reach their results and record, at once.
const ACCESS: Owed = Owed {
    rule: "IB-01",
    because: "that keeps all patients from their own results and record, which is information blocking (45 CFR 171.103; 45 CFR 164.524(a)(1))",
};
/// 45 CFR 164.404(d)(1)(i): a notice of a breach is "first-class mail".
const BREACH_LETTER: Owed =
    Owed { rule: "SYS-01", because: "a notice of a breach goes by first-class mail (45 CFR 164.404(d)(1))" };
/// 45 CFR 164.522(b)(1)(i): "must accommodate reasonable requests" to be reached by letter, or by a call, and no other way.
const ACCOMMODATION: Owed =
    Owed { rule: "SYS-01", because: "a patient may ask to be reached that way alone (45 CFR 164.522(b)(1))" };
const LETTERS: Owed = Owed {
    rule: "SYS-01",
    because: "a notice of a breach goes by first-class mail (45 CFR 164.404(d)(1)), and a patient may ask for letters alone (45 CFR 164.522(b)(1))",
};

/// What keeps a channel open for every patient; `None` = a practice may switch it off.
const fn owed_to_all(channel: Channel) -> Option<Owed> {
    match channel {
        Channel::Portal => Some(ACCESS),
        Channel::Mail => Some(LETTERS),
        Channel::HumanCall => Some(ACCOMMODATION),
        _ => None,
    }
}

/// What keeps a cell whole; `None` = a practice may lower it.
const fn owed(cell: LoweredCell) -> Option<Owed> {
    match (cell.channel, cell.purpose) {
        // What tells of the record itself. A reminder or a survey in the portal is a courtesy.
        (
            Channel::Portal,
            Purpose::TestResult | Purpose::Medication | Purpose::FollowUp | Purpose::TreatmentUpdate | Purpose::Billing,
        ) => Some(ACCESS),
        (Channel::Mail, Purpose::BreachNotice) => Some(BREACH_LETTER),
        (Channel::Mail | Channel::HumanCall, Purpose::Marketing | Purpose::Survey) => None,
        (Channel::Mail | Channel::HumanCall, _) => Some(ACCOMMODATION),
        _ => None,
    }
}

/// The highest form of the built-in matrix over every mode of the channel; people's tasks take everything.
#[must_use]
pub fn floor(purpose: Purpose, level: Level, channel: Channel) -> Option<Form> {
    if channel.is_human_task() {
        return Some(Form::Full);
    }
    let columns: &[Column] = match channel {
        Channel::Email => &[Column::EmailNotify, Column::EmailEnforcedTls, Column::EmailSmime],
        other => &[Column::of(other, None)].map(|column| column.unwrap_or(Column::Sms)),
    };
    columns.iter().filter_map(|column| cell(purpose, level, *column).highest).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    fn cell_of(level: Level, channel: Channel, highest: Option<Form>) -> LoweredCell {
        LoweredCell { purpose: Purpose::TestResult, level, channel, highest }
    }

    fn hours(from: i8, to: i8) -> Hours {
        (time(from, 0, 0, 0), time(to, 0, 0, 0))
    }

    fn keys(asked: Overrides) -> Vec<String> {
        Policy::tighten(asked).defects.into_iter().map(|defect| defect.key).collect()
    }

    #[test]
    fn a_lowered_cell_is_taken_and_a_raised_one_is_named_with_its_floor() {
        let lowered = cell_of(Level::L1, Channel::Sms, None);
        let raised = cell_of(Level::L3, Channel::Sms, Some(Form::Full));
        let policy = Policy::tighten(Overrides { cells: vec![lowered, raised], ..Overrides::default() });
        assert_eq!(policy.lowered, [lowered]);
        assert_eq!(policy.defects.len(), 1);
        assert_eq!((policy.defects[0].rule, policy.defects[0].key.as_str()), ("SYS-01", "matrix.test_result.L3.sms"));
        assert!(policy.defects[0].sentence.contains("`notice`"));
    }

    #[test]
    fn the_portal_stays_open_and_what_it_tells_of_the_record_stays_whole() {
        let off = |channel| Policy::tighten(Overrides { disabled_channels: vec![channel], ..Overrides::default() });
        let lowered = |purpose, highest| {
            let cells = vec![LoweredCell { purpose, level: Level::L0, channel: Channel::Portal, highest }];
            Policy::tighten(Overrides { cells, ..Overrides::default() })
        };
        let closed = off(Channel::Portal);
        assert_eq!((closed.defects[0].rule, closed.defects[0].key.as_str()), ("IB-01", "disabled_channels.portal"));
        assert!(closed.defects[0].sentence.contains("45 CFR 171.103") && closed.disabled_channels.is_empty());
        for highest in [None, Some(Form::Callback), Some(Form::Notice), Some(Form::Minimal)] {
            let policy = lowered(Purpose::TestResult, highest);
            assert_eq!(policy.defects[0].rule, "IB-01", "{highest:?}");
            assert_eq!(policy.defects[0].key, "matrix.test_result.L0.portal");
            assert!(lowered(Purpose::Survey, highest).defects.is_empty(), "{highest:?}");
        }
        assert!(lowered(Purpose::TestResult, Some(Form::Full)).defects.is_empty(), "as it is");
        for channel in [Channel::Sms, Channel::Email, Channel::Voice, Channel::Chat, Channel::Push] {
            assert_eq!(off(channel).disabled_channels, [channel]);
        }
    }

    #[test]
    fn letters_and_calls_by_people_stay_open_for_who_asked_for_them_and_for_a_notice_of_a_breach() {
        let off = |channel| keys(Overrides { disabled_channels: vec![channel], ..Overrides::default() });
        assert_eq!(off(Channel::Mail), ["disabled_channels.mail"]);
        assert_eq!(off(Channel::HumanCall), ["disabled_channels.human_call"]);
        let lowered = |purpose| {
            let cells = vec![LoweredCell { purpose, level: Level::L2, channel: Channel::Mail, highest: None }];
            Policy::tighten(Overrides { cells, ..Overrides::default() }).defects
        };
        assert!(lowered(Purpose::BreachNotice)[0].sentence.contains("45 CFR 164.404(d)(1)"));
        assert!(lowered(Purpose::Billing)[0].sentence.contains("45 CFR 164.522(b)(1)"));
        assert!(lowered(Purpose::Marketing).is_empty());
    }

    #[test]
    fn wider_hours_are_defects_and_narrower_ones_are_taken() {
        let asked = |from, to| Overrides { window: Some(hours(from, to)), ..Overrides::default() };
        assert_eq!(Policy::tighten(asked(10, 18)).hours(Purpose::Recall), hours(10, 18));
        for loose in [asked(8, 18), asked(10, 21), asked(18, 10)] {
            assert_eq!(keys(loose), ["window"]);
        }
    }

    #[test]
    fn a_purpose_has_hours_of_its_own_inside_the_practices() {
        let asked = |purpose, own| Overrides {
            window: Some(hours(10, 18)),
            windows: vec![(purpose, own)],
            ..Overrides::default()
        };
        let policy = Policy::tighten(asked(Purpose::Marketing, hours(12, 19)));
        assert_eq!((policy.hours(Purpose::Marketing), policy.hours(Purpose::Recall)), (hours(12, 18), hours(10, 18)));
        assert_eq!(keys(asked(Purpose::Marketing, hours(8, 12))), ["windows.marketing"]);
        assert_eq!(keys(asked(Purpose::Marketing, hours(18, 20))), ["windows.marketing"]);
        assert_eq!(keys(asked(Purpose::OneTimeCode, hours(10, 12))), ["windows.one_time_code"]);
    }

    #[test]
    fn caps_fall_and_never_rise() {
        let policy = Policy::tighten(Overrides { per_day: Some(0), offers_per_day: Some(1), ..Overrides::default() });
        assert_eq!(policy.caps, Caps { per_day: 0, per_week: 3, offers_per_day: 1 });
        let loose = Overrides { per_day: Some(2), per_week: Some(4), offers_per_day: Some(4), ..Overrides::default() };
        assert_eq!(keys(loose), ["caps.per_day", "caps.per_week", "caps.offers_per_day"]);
    }

    #[test]
    fn holding_all_results_is_information_blocking_without_an_exception_that_can_cover_it() {
        let asked = |code: Option<&str>, until: Option<&str>| Overrides {
            hold_all_results_days: Some(3),
            results_exception: code
                .map(|code| ResultsException { code: code.into(), until: until.map(|at| at.parse().unwrap()) }),
            ..Overrides::default()
        };
        let end = Some("2027-01-31T00:00:00Z");
        for (refused, key) in [
            (asked(None, None), "results.hold_all_days"),
            (asked(Some("preventing_harm"), end), "results.exception.code"),
            (asked(Some("because"), end), "results.exception.code"),
            (asked(Some("infeasibility"), None), "results.exception.until"),
        ] {
            let policy = Policy::tighten(refused);
            assert_eq!((policy.defects[0].rule, policy.defects[0].key.as_str()), ("IB-01", key));
            assert_eq!(policy.results_hold, None);
        }
        let longer = Overrides { hold_all_results_days: Some(4), ..asked(Some("security"), end) };
        assert_eq!(keys(longer), ["results.hold_all_days"]);
        let year = Overrides { hold_all_results_days: Some(300), ..asked(Some("health_it_performance"), end) };
        assert_eq!(keys(year), ["results.hold_all_days"]);
        let policy = Policy::tighten(asked(Some("infeasibility"), end));
        assert!(policy.defects.is_empty());
        assert_eq!(policy.results_hold.map(|hold| (hold.days, hold.exception)), Some((3, "infeasibility")));
    }

    #[test]
    fn an_exception_that_ends_in_another_age_is_none() {
        let now: Timestamp = "2026-12-01T20:00:00Z".parse().unwrap();
        let ends = |until: &str| {
            let exception = ResultsException { code: "infeasibility".into(), until: Some(until.parse().unwrap()) };
            let asked = Overrides {
                hold_all_results_days: Some(3),
                results_exception: Some(exception),
                ..Overrides::default()
            };
            Policy::tighten(asked).ends_too_late(now).map(|defect| defect.key)
        };
        assert_eq!(ends("2027-03-01T20:00:00Z"), None, "ninety days");
        assert_eq!(ends("2027-03-01T20:00:01Z").as_deref(), Some("results.exception.until"));
        assert_eq!(ends("2199-01-01T00:00:00Z").as_deref(), Some("results.exception.until"));
        assert_eq!(Policy::default().ends_too_late(now), None);
    }

    #[test]
    fn records_are_kept_longer_and_never_shorter() {
        let asked = |years| Overrides { ledger_years: Some(years), ..Overrides::default() };
        assert_eq!(Policy::tighten(asked(12)).retention, Retention { ledger: 12, ..Retention::FLOOR });
        assert_eq!(keys(asked(6)), ["retention.ledger_years"]);
    }

    #[test]
    fn no_rule_can_be_switched_off_and_the_refusal_names_what_it_stands_on() {
        let asked = Overrides { disabled_rules: vec!["TCP-06".into(), "X".into()], ..Overrides::default() };
        let policy = Policy::tighten(asked);
        assert_eq!(policy.defects.len(), 2);
        assert!(policy.defects[0].sentence.contains("47 CFR 64.1200(c)(1)"));
    }
}
