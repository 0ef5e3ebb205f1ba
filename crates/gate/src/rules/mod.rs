//! The catalogue: one list of rules, and the only control flow there is. Folder = source of law, file = one group.
//!
//! A rule is data first (id, citation, law or house, how far the source was read, what it asks), then one total function
//! over the facts and a candidate. To add one, write it in the file of its group beside a case that it refuses and one
//! that it lets pass, and name it in the array behind [`ALL`] (`CATALOGUE`). Nothing else calls it; every rule runs on every
//! candidate in its [`scope`].
//!
//! Duties of RULES that are held elsewhere and have no function here, so that nobody looks for them:
//! SYS-07 (a fallback never raises exposure) is how candidates are made: every form is judged against its own cell, and
//! the plan can only pick one that stands. SYS-11 (no PHI in logs and errors) is the type [`postern_base::Phi`].
//! SYS-12 (tenants are walls) is the store's. SEC-21 (no send without a durable record) is the permit's type.

mod blocking;
mod house;
#[cfg(test)]
mod pairs;
mod privacy;
pub(crate) mod roster;
pub(crate) mod scope;
mod security;
mod special;
mod tcpa;

use crate::candidate::Candidate;
use crate::decision::RuleId;
use crate::finding::Finding;
use crate::view::{Today, View};
use jiff::civil::{Date, date};

/// One rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its id, as RULES section 1 has it; `HSE-nn` where Postern adds one of its own.
    pub id: RuleId,
    /// What it stands on, as a lawyer writes it; `house` when on nothing but our own policy.
    pub citation: &'static str,
    /// Law, a standard, or our own policy.
    pub ground: Ground,
    /// How far the source was read.
    pub read: SourceRead,
    /// When it is in force.
    pub effective: Effective,
    /// What lifts it, besides being met.
    pub waived_by: &'static [Waiver],
    /// What it asks, in a sentence.
    pub asks: &'static str,
    /// What it can bear on.
    pub(crate) scope: scope::Scope,
    pub(crate) check: fn(&View<'_>, &Candidate<'_>) -> Finding,
}

/// Whether a rule is law, a standard, or our own policy. They are never mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ground {
    /// A legal duty, or what enforces one.
    Law,
    /// Not law: a guideline, or what carriers and contracts ask for.
    Standard,
    /// Our own policy.
    House,
}

impl Ground {
    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Law => "legal",
            Self::Standard => "standard",
            Self::House => "house",
        }
    }
}

/// When a rule is in force. Before and after, it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effective {
    /// First day; `None` = longer than Postern decides anything.
    pub from: Option<Date>,
    /// Last day; `None` = until further notice.
    pub until: Option<Date>,
}

impl Effective {
    /// Whenever Postern decides.
    pub const ALWAYS: Self = Self { from: None, until: None };

    /// From a day on.
    pub(crate) const fn from(year: i16, month: i8, day: i8) -> Self {
        Self { from: Some(date(year, month, day)), until: None }
    }

    /// Whether it is in force, in at least one time zone, on the days of a decision.
    #[inline]
    pub(crate) fn covers(self, today: Today) -> bool {
        self.from.is_none_or(|first| first <= today.latest) && self.until.is_none_or(|last| today.earliest <= last)
    }
}

/// What lifts a rule for one decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Waiver {
    /// A named human breaks the glass, with a reason and an end (45 CFR 164.312(a)(2)(ii), RULES TCP-17).
    Emergency,
    /// The patient asked for access this way (45 CFR 164.524(c), RULES section 2 note (c)).
    AccessRequest,
    /// It is the first answer to what the patient sent (RULES TCP-15).
    Answer,
    /// A person speaks on the call, now (RULES TCP-15).
    LiveCall,
    /// It is a one-time code, or confirms an opt-in or opt-out.
    Formality,
    /// A clinician released the result.
    ClinicianRelease,
}

impl Waiver {
    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::AccessRequest => "access_request",
            Self::Answer => "answer",
            Self::LiveCall => "live_call",
            Self::Formality => "formality",
            Self::ClinicianRelease => "clinician_release",
        }
    }
}

/// How far the source of a rule was read (RULES 0.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceRead {
    /// The source itself, or a full quotation of it.
    Read,
    /// A quotation of parts of it, or somebody else's account: counsel must check.
    SecondHand,
    /// From knowledge: counsel must check the wording before anybody relies on it.
    FromKnowledge,
    /// There is no source: it is ours.
    Own,
}

impl SourceRead {
    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "source read",
            Self::SecondHand => "second-hand",
            Self::FromKnowledge => "from knowledge",
            Self::Own => "house",
        }
    }
}

pub(crate) use house::points::IN_USE;
pub(crate) use house::system::{STILL_TRUE, begins, worthless_from};

/// How many rules there are.
pub(crate) const COUNT: usize = CATALOGUE.len();

/// Every rule, in the order of the answer.
pub static ALL: &[Rule] = &CATALOGUE;

const CATALOGUE: [Rule; 114] = [
    house::system::POLICY_FLOOR,
    house::system::RECORD_READ,
    house::system::BOTH_LEDGERS,
    house::system::STILL_TRUE,
    house::system::DUPLICATE,
    house::practice::PAUSED,
    house::practice::TWO_PERSONS,
    house::system::CONTENT_MEASURED,
    house::system::MACHINE_TEXT,
    security::risk::RISK_RECORD,
    security::reviews::ADDRESSABLE,
    security::reviews::ACTIVITY,
    security::actor::ENABLED,
    security::actor::ROLE,
    security::actor::TRAINED,
    security::reviews::CONTINGENCY,
    security::reviews::EVALUATION,
    security::agreement::AGREEMENT,
    security::agreement::TERMS,
    security::actor::UNIQUE,
    security::emergency::BREAK_GLASS,
    security::transmission::EMAIL_TIER,
    security::transmission::CERTIFICATE,
    security::transmission::SIGNED_MAIL,
    security::transmission::SECURE_VOICE,
    security::reviews::PROPOSED,
    privacy::purpose::PERMITTED_PURPOSE,
    privacy::purpose::BY_A_PERSON,
    privacy::notice::NOTICE_IS_PROTECTED,
    privacy::notice::PRIVACY_NOTICE,
    privacy::safeguards::CEILING,
    privacy::safeguards::MACHINE_OR_HOUSEHOLD,
    privacy::safeguards::IDENTITY,
    privacy::representative::MINOR,
    privacy::representative::ENDANGERMENT,
    privacy::representative::DECEASED,
    privacy::representative::INVOLVED,
    privacy::marketing::AUTHORIZATION,
    privacy::marketing::REFILL,
    privacy::marketing::OWN_SERVICE,
    privacy::marketing::VALID_AUTHORIZATION,
    privacy::marketing::FUNDRAISING_AND_SALE,
    privacy::restriction::RESTRICTION,
    privacy::restriction::CONFIDENTIAL,
    privacy::email::ACCESS,
    privacy::email::WARNING,
    privacy::email::THREAD,
    privacy::notes::PSYCHOTHERAPY,
    privacy::preemption::STRICTER_STATE,
    special::abroad::ELSEWHERE,
    special::abroad::CANADA,
    special::part2::DISCLOSURE,
    special::part2::NEUTRAL_SENDER,
    special::neutral::NEUTRAL_SENDER,
    special::reproductive::SHIELDED,
    special::minors::MINOR_CONSENTED,
    special::minors::MAJORITY,
    special::policyholder::DEPENDENT,
    special::results::TIMED,
    special::results::CLINICIAN,
    special::visitor::VISITOR,
    blocking::results::BLANKET_HOLD,
    blocking::results::CLINICIAN_HOLD,
    blocking::results::PATIENT_WAITS,
    blocking::breach::FIRST_CLASS_MAIL,
    blocking::breach::ELEMENTS,
    blocking::breach::LAW_ENFORCEMENT_DELAY,
    blocking::breach::EARLIEST_DEADLINE,
    blocking::language::LANGUAGE,
    blocking::language::TRANSLATION,
    blocking::language::ACCOMMODATION,
    blocking::language::BIAS,
    tcpa::consent::CONSENT,
    tcpa::consent::PROVIDED_NUMBER,
    tcpa::consent::EXEMPTION_AND_CAPS,
    tcpa::consent::RESIDENTIAL_LINE,
    tcpa::offers::WRITTEN_CONSENT,
    tcpa::offers::DO_NOT_CALL,
    tcpa::revocation::REVOKED,
    tcpa::revocation::CANCEL,
    tcpa::confirmation::CONFIRMATION,
    tcpa::revocation::SCOPE,
    tcpa::window::HOURS,
    tcpa::window::EVERY_ZONE,
    tcpa::window::STATE_HOURS,
    tcpa::window::MARKETING_CAP,
    tcpa::emergency::EMERGENCY,
    tcpa::number::REASSIGNED,
    tcpa::number::WRONG_NUMBER,
    tcpa::number::PROTECTED_LINE,
    tcpa::sender::REGISTRATION,
    tcpa::sender::PROGRAMME,
    tcpa::sender::HELP,
    tcpa::sender::IDENTIFIES,
    tcpa::sender::MACHINE_VOICE,
    tcpa::sender::RECORDING,
    tcpa::sender::NO_REPLY,
    tcpa::sender::LINKS,
    privacy::marketing::COMMERCIAL_EMAIL,
    house::points::VERIFIED,
    house::points::MAILBOX,
    house::points::PUSH,
    house::points::CHAT,
    house::sessions::NO_TRACKERS,
    house::sessions::SIGNED_IN_ANEW,
    house::sessions::TWO_FACTORS,
    house::points::APPS,
    house::codes::ONE_TIME_CODE,
    house::codes::OUT_OF_BAND,
    house::points::IN_USE,
    house::points::SAFE_DEVICE,
    house::announcement::ANNOUNCED,
    house::appeals::READ_FIRST,
    house::availability::AVAILABLE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_has_an_id_of_its_own_and_says_what_it_asks() {
        let ids: BTreeSet<_> = ALL.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), ALL.len());
        for rule in ALL {
            assert!(rule.asks.ends_with('.') && !rule.citation.is_empty(), "{}", rule.id);
            assert_eq!(rule.ground == Ground::House, rule.read == SourceRead::Own, "{}", rule.id);
        }
    }

    #[test]
    fn how_far_a_source_was_read_is_what_the_register_says() {
        let register = include_str!("../../../../law/index.tsv");
        let rows = || register.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        for rule in ALL {
            let bases: Vec<&str> = rows().filter(|row| row.first() == Some(&rule.id)).map(|row| row[4]).collect();
            assert_eq!(bases, [rule.read.as_str()], "{}", rule.id);
        }
    }
}
