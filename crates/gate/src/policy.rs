//! The tenant's policy: it may only tighten what the law and the built-in matrix allow.

use crate::matrix::{Column, cell};
use crate::tables::{EXEMPT_DAILY_MOST, EXEMPT_WEEKLY_MOST};
use crate::window;
use jiff::civil::Time;
use postern_base::{Channel, Form, Level, Purpose};

/// The policy a decision is made under. Made by [`Policy::tighten`]; `Policy::default()` is the built-in floor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Names this text of the policy in permits and ledger entries; `built-in` when the tenant set nothing.
    pub version: String,
    /// Lowered cells: the highest form for purpose, level and channel. `None` = refused.
    pub lowered: Vec<LoweredCell>,
    /// A narrower sending window, local time.
    pub window: Option<(Time, Time)>,
    /// How many automated treatment messages a patient may get.
    pub caps: Caps,
    /// Channels switched off.
    pub disabled_channels: Vec<Channel>,
    /// What the tenant asked for that would loosen the floor: refuses every decision.
    pub defects: Vec<PolicyDefect>,
}

/// How many automated treatment calls and texts a patient may get, all numbers together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// In any 24 hours.
    pub per_day: u32,
    /// In any seven days.
    pub per_week: u32,
}

impl Caps {
    /// One a day, three a week: 47 CFR 64.1200(a)(9)(iv)(F), applied to every basis (RULES TCP-03).
    pub const FLOOR: Self = Self { per_day: EXEMPT_DAILY_MOST, per_week: EXEMPT_WEEKLY_MOST };
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
    /// The rule that refuses it: `SYS-01`, or `IB-01` for a hold of all results.
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
    pub window: Option<(Time, Time)>,
    /// The daily cap wanted.
    pub per_day: Option<u32>,
    /// The weekly cap wanted.
    pub per_week: Option<u32>,
    /// `results.hold_all_days`: hold every result for so many days.
    pub hold_all_results_days: Option<u32>,
    /// Channels switched off.
    pub disabled_channels: Vec<Channel>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            version: "built-in".into(),
            lowered: Vec::new(),
            window: None,
            caps: Caps::FLOOR,
            disabled_channels: Vec::new(),
            defects: Vec::new(),
        }
    }
}

impl Policy {
    /// Judges a tenant's policy: what tightens is taken, what would loosen becomes a defect that names the key, the floor
    /// and what it stands on. A policy with a defect refuses every decision until it is corrected (RULES SYS-01, IB-01).
    ///
    /// The caller adds a [`PolicyDefect`] of its own for what it could not read at all.
    #[must_use]
    pub fn tighten(asked: Overrides) -> Self {
        let mut policy = Self { disabled_channels: asked.disabled_channels, ..Self::default() };
        if !asked.version.is_empty() {
            policy.version = asked.version;
        }
        for cell in asked.cells {
            policy.lower(cell);
        }
        if let Some((from, to)) = asked.window {
            policy.narrow(from, to);
        }
        policy.cap(asked.per_day, asked.per_week);
        if asked.hold_all_results_days.is_some_and(|days| days > 0) {
            // 45 CFR 171.103: a blanket delay of results is information blocking; no exception covers it.
            policy.defect(
                "IB-01",
                "results.hold_all_days".into(),
                "The practice's policy holds all results back, which is information blocking (45 CFR 171.103); remove `results.hold_all_days`.".into(),
            );
        }
        policy
    }

    fn lower(&mut self, asked: LoweredCell) {
        let floor = highest(asked.purpose, asked.level, asked.channel);
        if asked.highest <= floor {
            self.lowered.push(asked);
            return;
        }
        let key = format!("matrix.{}.{}.{}", asked.purpose, asked.level, asked.channel);
        let floor = floor.map_or("refused", Form::as_str);
        let sentence = format!(
            "The practice's policy raises {key} above the floor, which is `{floor}` (45 CFR 164.530(c)); it may only lower it."
        );
        self.defect("SYS-01", key, sentence);
    }

    fn narrow(&mut self, from: Time, to: Time) {
        let (earliest, latest) = window::DEFAULT;
        if from >= earliest && to <= latest && from < to {
            self.window = Some((from, to));
        } else {
            self.defect(
                "SYS-01",
                "window".into(),
                "The practice's sending window is empty or reaches beyond 09:00 to 20:00 (47 CFR 64.1200(c)(1) and state hours); narrow it.".into(),
            );
        }
    }

    fn cap(&mut self, per_day: Option<u32>, per_week: Option<u32>) {
        let floor = Caps::FLOOR;
        let (day, week) = (per_day.unwrap_or(floor.per_day), per_week.unwrap_or(floor.per_week));
        if day <= floor.per_day && week <= floor.per_week {
            self.caps = Caps { per_day: day, per_week: week };
        } else {
            self.defect(
                "SYS-01",
                "caps".into(),
                "The practice's caps exceed one message a day and three a week (47 CFR 64.1200(a)(9)(iv)); lower them."
                    .into(),
            );
        }
    }

    /// Adds a defect, for what the policy's reader could not understand: it refuses every decision too.
    pub fn defect(&mut self, rule: &'static str, key: String, sentence: String) {
        self.defects.push(PolicyDefect { rule, key, sentence });
    }
}

/// The highest form of the built-in matrix over every mode of the channel; people's tasks take everything.
fn highest(purpose: Purpose, level: Level, channel: Channel) -> Option<Form> {
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
    fn wider_hours_and_higher_caps_are_defects_and_narrower_ones_are_taken() {
        let hours =
            |from, to| Overrides { window: Some((time(from, 0, 0, 0), time(to, 0, 0, 0))), ..Overrides::default() };
        assert!(Policy::tighten(hours(10, 18)).defects.is_empty());
        for loose in [hours(8, 18), hours(10, 21), hours(18, 10)] {
            assert_eq!(Policy::tighten(loose).defects[0].key, "window");
        }
        assert_eq!(Policy::tighten(Overrides { per_day: Some(0), ..Overrides::default() }).caps.per_day, 0);
        assert_eq!(Policy::tighten(Overrides { per_week: Some(4), ..Overrides::default() }).defects[0].key, "caps");
    }

    #[test]
    fn holding_all_results_is_information_blocking() {
        let policy = Policy::tighten(Overrides { hold_all_results_days: Some(3), ..Overrides::default() });
        assert_eq!(policy.defects[0].rule, "IB-01");
    }
}
