//! Replay: every recorded decision made again from what it was made from, and held against what the ledger says was decided.
//!
//! It needs the root key, because the facts are sealed with each patient's. It writes nothing.

use crate::grounds::{self, FACTS, Opened, Unread, VERDICT};
use crate::policy;
use crate::wire;
use postern_base::{EntryId, MessageId, TenantId};
use postern_gate::{Policy, RULES_VERSION};
use postern_ledger::{CommitmentKey, Entry, commit};
use postern_store::{Decisions, KeptDecision, OpenError, RootKey, StoreError};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Decisions read at a time.
const PAGE: u32 = 256;
/// What is named of each kind of trouble; the others are counted.
const NAMED: usize = 1000;

/// What replay found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replay {
    /// Decisions that come out as they are recorded.
    pub same: u64,
    /// Decisions that do not, and records that were tampered with.
    pub wrong: Vec<Wrong>,
    /// How many more of them.
    pub omitted: u64,
    /// Decisions whose patient's key was destroyed: they can never be made again, which is as it should be.
    pub destroyed: u64,
    /// Decisions recorded under other rules than this program's, by the version of those rules.
    pub other_rules: BTreeMap<u32, u64>,
    /// Decisions kept by a Postern that knew other facts than this one.
    pub other_form: u64,
}

/// A decision that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The tenant.
    pub tenant: TenantId,
    /// The message.
    pub message: MessageId,
    /// The entry that records the decision; `None` = there is none.
    pub entry: Option<EntryId>,
    /// What is wrong.
    pub why: Why,
}

/// What is wrong with a recorded decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The ledger has no entry that records it.
    NoEntry,
    /// What was kept does not open, or is not what its entry commits to.
    Tampered,
    /// The policy it was made under is not kept, or is another text than the one that its version names.
    NoPolicy,
    /// It comes out otherwise.
    Differs {
        /// The outcome now.
        now: &'static str,
    },
}

impl Why {
    /// A short word for programs; stable.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoEntry => "decision_without_entry",
            Self::Tampered => "decision_tampered",
            Self::NoPolicy => "policy_missing",
            Self::Differs { .. } => "decision_differs",
        }
    }
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.entry {
            Some(entry) => write!(f, "the decision of entry {entry} on message {} ", self.message)?,
            None => write!(f, "a decision on message {} ", self.message)?,
        }
        match self.why {
            Why::NoEntry => f.write_str("is kept, and the ledger has no entry that records it"),
            Why::Tampered => f.write_str("was made from other facts than are kept: what is kept was changed"),
            Why::NoPolicy => f.write_str("cannot be made again: the policy it was made under is not kept as it was"),
            Why::Differs { now } => write!(f, "comes out otherwise when it is made again: now it is `{now}`"),
        }
    }
}

/// Why replay could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It stopped answering.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Replay {
    /// Whether every decision that could be made again came out as recorded.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.wrong.is_empty()
    }

    fn wrong(&mut self, kept: &KeptDecision, why: Why) {
        if self.wrong.len() >= NAMED {
            self.omitted += 1;
            return;
        }
        let (tenant, message) = (kept.tenant.clone(), kept.message);
        self.wrong.push(Wrong { tenant, message, entry: kept.entry.as_ref().map(|entry| entry.id), why });
    }
}

/// Makes every decision kept in the data directory `dir` again; `progress` is told how many more were done.
///
/// # Errors
/// [`ReplayError`].
pub async fn replay(dir: &Path, root: RootKey, progress: &dyn Fn(u64)) -> Result<Replay, ReplayError> {
    let decisions = Decisions::open(dir, root).await?;
    let mut policies = Policies { decisions: &decisions, known: HashMap::new() };
    let mut found = Replay::default();
    let mut after = 0;
    loop {
        let page = decisions.page(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = last.place;
        for kept in &page {
            again(kept, &mut policies, &mut found).await?;
        }
        progress(u64::try_from(page.len()).unwrap_or(0));
    }
}

async fn again(kept: &KeptDecision, policies: &mut Policies<'_>, found: &mut Replay) -> Result<(), StoreError> {
    let Some((key, entry, opened)) = comparable(kept, found)? else { return Ok(()) };
    let named = format!("{}/{}", opened.rules, opened.policy);
    let policy = policies.named(&kept.tenant, &opened.policy).await?;
    let Some(policy) = policy.filter(|_| entry.policy.as_ref() == Some(&named)) else {
        found.wrong(kept, Why::NoPolicy);
        return Ok(());
    };
    let (decision, verdict) = opened.decide(policy, key);
    if committed(entry, VERDICT) == Some(verdict) {
        found.same += 1;
    } else {
        found.wrong(kept, Why::Differs { now: decision.outcome.as_str() });
    }
    Ok(())
}

/// What was kept of a decision and the entry that records it, when they belong together and these rules can decide it again; else what
/// is the matter is counted.
fn comparable<'k>(
    kept: &'k KeptDecision,
    found: &mut Replay,
) -> Result<Option<(&'k CommitmentKey, &'k Entry, Opened)>, StoreError> {
    let (key, facts) = match &kept.opened {
        Ok(opened) => opened,
        Err(StoreError::KeyDestroyed) => {
            found.destroyed += 1;
            return Ok(None);
        }
        Err(StoreError::Damaged) => {
            found.wrong(kept, Why::Tampered);
            return Ok(None);
        }
        Err(error) => return Err(*error),
    };
    let Some(entry) = &kept.entry else {
        found.wrong(kept, Why::NoEntry);
        return Ok(None);
    };
    if committed(entry, FACTS) != Some(commit(key, FACTS, facts.reveal())) {
        found.wrong(kept, Why::Tampered);
        return Ok(None);
    }
    match grounds::open(facts.reveal()) {
        Ok(opened) if opened.rules == RULES_VERSION => return Ok(Some((key, entry, opened))),
        Ok(opened) => *found.other_rules.entry(opened.rules).or_default() += 1,
        Err(Unread::OtherForm) => found.other_form += 1,
        Err(Unread::Malformed) => found.wrong(kept, Why::Tampered),
    }
    Ok(None)
}

fn committed(entry: &Entry, domain: &str) -> Option<[u8; 32]> {
    entry.commitments.iter().find(|(of, _)| of == domain).map(|(_, value)| *value)
}

/// The policies decisions were made under, as they were kept.
struct Policies<'d> {
    decisions: &'d Decisions,
    known: HashMap<(TenantId, String), Option<Policy>>,
}

impl Policies<'_> {
    async fn named(&mut self, tenant: &TenantId, version: &str) -> Result<Option<&Policy>, StoreError> {
        let name = (tenant.clone(), version.to_owned());
        if !self.known.contains_key(&name) {
            let policy = self.read(tenant, version).await?;
            self.known.insert(name.clone(), policy);
        }
        Ok(self.known.get(&name).and_then(Option::as_ref))
    }

    /// A text that is changed names itself otherwise: its version is the beginning of its digest.
    async fn read(&self, tenant: &TenantId, version: &str) -> Result<Option<Policy>, StoreError> {
        if version == Policy::default().version {
            return Ok(Some(Policy::default()));
        }
        let text = match self.decisions.policy(tenant, version).await {
            Ok(text) => text,
            Err(StoreError::Damaged) => None,
            Err(error) => return Err(error),
        };
        let file = text.and_then(|text| wire::parse::<wire::PolicyFile>(&text).ok());
        Ok(file.map(|file| policy::read(&file)).filter(|policy| policy.version == version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postern_base::Phi;
    use postern_ledger::Kind;

    /// The decision of a case, as the store keeps it, its facts changed by `edit` before anything commits to them.
    fn kept(edit: impl FnOnce(&mut Vec<u8>)) -> KeptDecision {
        let case = include_bytes!("../tests/cases/identity/a-code-that-lives-five-minutes.json");
        let read = crate::read_case(case).unwrap();
        let key = CommitmentKey::new([7; 32]);
        let decision = postern_gate::decide(&read.request, &read.facts, &read.policy);
        let mut facts = grounds::of(&read.request, &read.facts, &read.policy, &decision, &key).facts.reveal().clone();
        edit(&mut facts);
        let tenant: TenantId = "clinic".parse().unwrap();
        let at = read.facts.now;
        let rng = postern_base::rng::SystemRng;
        let mut entry = Entry::new(EntryId::new(at, &rng).unwrap(), tenant.clone(), Kind::Accepted, at);
        entry.commitments = vec![(FACTS.to_owned(), commit(&key, FACTS, &facts))];
        let message = MessageId::new(at, &rng).unwrap();
        KeptDecision { place: 1, tenant, message, entry: Some(entry), opened: Ok((key, Phi::new(facts))) }
    }

    #[test]
    fn a_decision_under_other_rules_is_counted_apart_and_judged_by_nobody() {
        let mut found = Replay::default();
        assert!(comparable(&kept(|_| {}), &mut found).unwrap().is_some());
        let other = kept(|facts| facts[4] = 3);
        assert!(comparable(&other, &mut found).unwrap().is_none());
        assert!(comparable(&other, &mut found).unwrap().is_none());
        assert_eq!(found, Replay { other_rules: BTreeMap::from([(3, 2)]), ..Replay::default() });
        assert!(found.holds());
    }

    #[test]
    fn facts_that_their_entry_does_not_commit_to_were_tampered_with() {
        let mut changed = kept(|_| {});
        if let Ok((_, facts)) = &mut changed.opened {
            let mut bytes = facts.reveal().clone();
            bytes[4] = 3;
            *facts = Phi::new(bytes);
        }
        let mut found = Replay::default();
        assert!(comparable(&changed, &mut found).unwrap().is_none());
        assert_eq!(found.wrong.iter().map(|wrong| wrong.why).collect::<Vec<_>>(), [Why::Tampered]);
    }
}
