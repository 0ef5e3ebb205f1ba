//! The catalogue: one list of rules, and the only control flow there is. Folder = source of law, file = one group.
//!
//! A rule is data first (id, citation, law or house, how far the source was read, what it asks), then one total function
//! over the facts and a candidate. To add one, write it in the file of its group beside a case that it refuses and one
//! that it lets pass, and name it in the array behind [`ALL`] (`CATALOGUE`). Nothing else calls it; every rule runs on every candidate.
//!
//! Duties of RULES that are held elsewhere and have no function here, so that nobody looks for them:
//! SYS-07 (a fallback never raises exposure) is how candidates are made: every form is judged against its own cell, and
//! the plan can only pick one that stands. SYS-11 (no PHI in logs and errors) is the type [`postern_base::Phi`].
//! SYS-12 (tenants are walls) is the store's. SEC-21 (no send without a durable record) is the permit's type.

mod blocking;
mod house;
mod privacy;
mod security;
mod special;
mod tcpa;

use crate::candidate::Candidate;
use crate::decision::RuleId;
use crate::finding::Finding;
use crate::view::View;

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
    /// What it asks, in a sentence.
    pub asks: &'static str,
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

/// How far the source of a rule was read (RULES 0.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceRead {
    /// The source itself, or a full quotation of it.
    Read,
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
            Self::FromKnowledge => "from knowledge",
            Self::Own => "house",
        }
    }
}

pub(crate) use house::system::{STILL_TRUE, worthless_from};

/// How many rules there are.
pub(crate) const COUNT: usize = CATALOGUE.len();

/// Every rule, in the order of the answer.
pub static ALL: &[Rule] = &CATALOGUE;

const CATALOGUE: [Rule; 68] = [
    house::system::POLICY_FLOOR,
    house::system::RECORD_READ,
    house::system::BOTH_LEDGERS,
    house::system::STILL_TRUE,
    house::system::DUPLICATE,
    house::system::CONTENT_MEASURED,
    house::system::MACHINE_TEXT,
    security::risk::RISK_RECORD,
    security::agreement::AGREEMENT,
    security::agreement::TERMS,
    security::transmission::EMAIL_TIER,
    security::transmission::CERTIFICATE,
    privacy::purpose::PERMITTED_PURPOSE,
    privacy::safeguards::CEILING,
    privacy::safeguards::MACHINE_OR_HOUSEHOLD,
    privacy::safeguards::IDENTITY,
    privacy::representative::MINOR,
    privacy::representative::ENDANGERMENT,
    privacy::representative::DECEASED,
    privacy::representative::INVOLVED,
    privacy::marketing::AUTHORIZATION,
    privacy::marketing::REFILL,
    privacy::restriction::RESTRICTION,
    privacy::restriction::CONFIDENTIAL,
    privacy::email::ACCESS,
    privacy::email::WARNING,
    privacy::notes::PSYCHOTHERAPY,
    special::part2::DISCLOSURE,
    special::part2::NEUTRAL_SENDER,
    special::neutral::NEUTRAL_SENDER,
    special::minors::MINOR_CONSENTED,
    special::minors::MAJORITY,
    special::results::TEXAS,
    special::results::CALIFORNIA,
    blocking::results::BLANKET_HOLD,
    blocking::breach::FIRST_CLASS_MAIL,
    blocking::language::LANGUAGE,
    tcpa::consent::CONSENT,
    tcpa::consent::PROVIDED_NUMBER,
    tcpa::consent::EXEMPTION_AND_CAPS,
    tcpa::consent::WRITTEN_CONSENT,
    tcpa::consent::DO_NOT_CALL,
    tcpa::revocation::REVOKED,
    tcpa::revocation::CANCEL,
    tcpa::revocation::CONFIRMATION,
    tcpa::revocation::SCOPE,
    tcpa::window::HOURS,
    tcpa::window::EVERY_ZONE,
    tcpa::window::STATE_HOURS,
    tcpa::window::MARKETING_CAP,
    tcpa::emergency::EMERGENCY,
    tcpa::number::REASSIGNED,
    tcpa::number::WRONG_NUMBER,
    tcpa::sender::REGISTRATION,
    tcpa::sender::IDENTIFIES,
    tcpa::sender::MACHINE_VOICE,
    tcpa::sender::RECORDING,
    tcpa::sender::LINKS,
    privacy::marketing::COMMERCIAL_EMAIL,
    house::points::VERIFIED,
    house::points::MAILBOX,
    house::points::PUSH,
    house::points::CHAT,
    house::points::APPS,
    house::points::ONE_TIME_CODE,
    house::points::OUT_OF_BAND,
    house::points::IN_USE,
    house::points::SAFE_DEVICE,
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
}
