//! Where a text may travel: its form and level against the cells of the matrix (RULES section 2).

use super::{Template, Text};
use postern_base::{Channel, Form, Level, Purpose};
use postern_gate::Policy;
use postern_gate::matrix::{Column, Mark, cell};

/// A purpose and a column of the matrix that take a text.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Reach {
    /// The purpose.
    pub purpose: Purpose,
    /// The column.
    pub column: &'static str,
    /// What must hold for it, in the notation of the matrix; empty = nothing more.
    pub conditions: String,
}

/// The highest level that content of `form` can come from: a full text is its own source, a smaller form may stand for a source
/// of any level.
const fn sources(form: Form, worst: Level) -> &'static [Level] {
    match (form, worst) {
        (Form::Full, Level::L0) => &[Level::L0],
        (Form::Full, Level::L1) => &[Level::L1],
        (Form::Full, Level::L2) => &[Level::L2],
        (Form::Full, Level::L3) => &[Level::L3],
        (Form::Full, Level::L4) => &[Level::L4],
        _ => &[Level::L0, Level::L1, Level::L2, Level::L3, Level::L4],
    }
}

const fn channel_of(column: Column) -> Channel {
    match column {
        Column::Sms => Channel::Sms,
        Column::EmailNotify | Column::EmailEnforcedTls | Column::EmailSmime => Channel::Email,
        Column::Voice => Channel::Voice,
        Column::Voicemail => Channel::Voicemail,
        Column::ChatAnonymous => Channel::ChatAnonymous,
        Column::Chat => Channel::Chat,
        Column::Portal => Channel::Portal,
        Column::Push => Channel::Push,
        Column::MessagingApp => Channel::MessagingApp,
    }
}

/// The highest form that the matrix and `policy` leave for `purpose` at `level` in `column`.
pub(crate) fn highest(policy: &Policy, purpose: Purpose, level: Level, column: Column) -> Option<Form> {
    let channel = channel_of(column);
    if policy.disabled_channels.contains(&channel) {
        return None;
    }
    let lowered = policy.lowered.iter().filter(|l| (l.purpose, l.level, l.channel) == (purpose, level, channel));
    lowered.map(|lowered| lowered.highest).fold(cell(purpose, level, column).highest, Option::min)
}

fn takes(policy: &Policy, purpose: Purpose, level: Level, column: Column, form: Form, worst: Level) -> bool {
    let fits = highest(policy, purpose, level, column).is_some_and(|highest| form <= highest);
    let cell = cell(purpose, level, column);
    let carries = if form == Form::Full { worst } else { Level::L0 };
    fits && !(cell.has(Mark::CarriesL0) && carries > Level::L0)
}

/// The columns that `text` is meant for: those of its channel, or of every channel without a text of its own in that form.
pub(crate) fn columns(template: &Template, text: &Text) -> Vec<Column> {
    let own = |channel: Channel| {
        let same = |t: &&Text| t.language == text.language && t.form == text.form && t.channel == Some(channel);
        template.texts.iter().any(|t| same(&t))
    };
    let meant = |column: &Column| match text.channel {
        Some(channel) => channel_of(*column) == channel,
        None => !own(channel_of(*column)),
    };
    Column::ALL.into_iter().filter(meant).collect()
}

/// Where `text`, which carries at most `worst`, may travel for `purpose`.
#[must_use]
pub fn reach(policy: &Policy, template: &Template, text: &Text, purpose: Purpose, worst: Level) -> Vec<Reach> {
    let mut found = Vec::new();
    for column in columns(template, text) {
        let mut levels = sources(text.form, worst).iter().copied();
        if let Some(level) = levels.find(|level| takes(policy, purpose, *level, column, text.form, worst)) {
            let notation = cell(purpose, level, column).notation();
            let conditions = notation.trim_start_matches(['F', 'M', 'G', 'C', 'X']).trim().to_owned();
            found.push(Reach { purpose, column: column.as_str(), conditions });
        }
    }
    found
}
