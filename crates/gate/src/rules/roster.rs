//! Who is asked: sets of rules, made when Postern is built, so that a decision never goes through rules that cannot bear on it.

use super::scope::given;
use super::{ALL, CATALOGUE, COUNT, Rule, STILL_TRUE};
use crate::candidate::Candidate;
use crate::finding::Finding;
use crate::view::View;
use postern_base::{Channel, Purpose};

/// What a rule is asked by.
type Check = fn(&View<'_>, &Candidate<'_>) -> Finding;

const WORDS: usize = COUNT.div_ceil(u64::BITS as usize);

/// A set of rules, by their places in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RuleSet([u64; WORDS]);

impl RuleSet {
    const NONE: Self = Self([0; WORDS]);

    const fn add(&mut self, place: usize) {
        if let Some((_, [word, ..])) = self.0.as_mut_slice().split_at_mut_checked(place / 64) {
            *word |= 1 << (place % 64);
        }
    }

    /// Leaves a rule out.
    #[inline]
    pub(crate) fn remove(&mut self, place: usize) {
        if let Some(word) = self.0.get_mut(place / 64) {
            *word &= !(1 << (place % 64));
        }
    }

    /// Whether it holds a rule.
    #[inline]
    pub(crate) fn has(&self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|word| word & (1 << (place % 64)) != 0)
    }

    /// What both hold.
    #[inline]
    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, others)| *word &= others);
        self
    }

    /// What either holds.
    fn or(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, others)| *word |= others);
        self
    }

    fn but(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, others)| *word &= !others);
        self
    }
}

/// The places of its rules, in the order of the catalogue.
impl Iterator for RuleSet {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let (at, word) = self.0.iter_mut().enumerate().find(|(_, word)| **word != 0)?;
        let bit = word.trailing_zeros() as usize;
        *word &= *word - 1;
        Some(at * 64 + bit)
    }
}

/// What the rules are sorted by.
#[derive(Clone, Copy)]
enum Trait {
    Channel,
    Purpose,
    Need,
    /// Bit 0: not always in force. Bit 1: asks nothing of the candidate. Bit 2: is a rule.
    Kind,
}

impl Trait {
    const fn of(self, rule: &Rule) -> u32 {
        match self {
            Self::Channel => rule.scope.channels,
            Self::Purpose => rule.scope.purposes,
            Self::Need => rule.scope.needs as u32,
            Self::Kind => {
                let dated = rule.effective.from.is_some() || rule.effective.until.is_some();
                dated as u32 | (rule.scope.of_the_message as u32) << 1 | 1 << 2
            }
        }
    }
}

/// The set of rules that have it, for each bit of a trait.
const fn sets<const N: usize>(by: Trait) -> [RuleSet; N] {
    let mut sets = [RuleSet::NONE; N];
    let (mut left, mut bit) = (sets.as_mut_slice(), 0);
    while let [set, left_over @ ..] = left {
        let (mut rules, mut place): (&[Rule], usize) = (&CATALOGUE, 0);
        while let [rule, others @ ..] = rules {
            if by.of(rule) & (1 << bit) != 0 {
                set.add(place);
            }
            (rules, place) = (others, place + 1);
        }
        (left, bit) = (left_over, bit + 1);
    }
    sets
}

/// The rules that can bear on each channel.
static ON: [RuleSet; Channel::ALL.len()] = sets(Trait::Channel);
/// The rules that can bear on each purpose.
static FOR: [RuleSet; Purpose::ALL.len()] = sets(Trait::Purpose);
/// The rules that bear on nothing without each of [`super::scope::Given`].
static NEEDING: [RuleSet; u16::BITS as usize] = sets(Trait::Need);
/// The rules that are not always in force, those that ask nothing of the candidate, and all.
static KINDS: [RuleSet; 3] = sets(Trait::Kind);

/// What each rule is asked by, side by side: a decision goes through them for every candidate.
static CHECKS: [Check; COUNT] = {
    let mut checks: [Check; COUNT] = [STILL_TRUE.check; COUNT];
    let (mut left, mut rules): (&mut [Check], &[Rule]) = (&mut checks, &CATALOGUE);
    while let ([check, left_over @ ..], [rule, others @ ..]) = (left, rules) {
        *check = rule.check;
        (left, rules) = (left_over, others);
    }
    checks
};

/// The rules in force that can bear on a message.
pub(crate) fn of(view: &View<'_>) -> RuleSet {
    let given = given(view.request, view.facts, view.policy);
    let [dated, _, every] = &KINDS;
    let mut asked = *FOR.get(view.request.purpose as usize).unwrap_or(every);
    if view.purpose != view.request.purpose {
        asked = asked.or(FOR.get(view.purpose as usize).unwrap_or(every));
    }
    for (bit, needing) in NEEDING.iter().enumerate() {
        if given & (1 << bit) == 0 {
            asked = asked.but(needing);
        }
    }
    for place in asked.and(dated) {
        if ALL.get(place).is_some_and(|rule| !rule.effective.covers(view.today)) {
            asked.remove(place);
        }
    }
    asked
}

/// The rules that can bear on a channel.
#[inline]
pub(crate) fn on(channel: Channel) -> &'static RuleSet {
    let [_, _, every] = &KINDS;
    ON.get(channel as usize).unwrap_or(every)
}

/// Whether a rule asks nothing of the candidate.
#[inline]
pub(crate) fn is_of_the_message(place: usize) -> bool {
    let [_, of_the_message, _] = &KINDS;
    of_the_message.has(place)
}

/// What the rule at a place is asked by.
#[inline]
pub(crate) fn check(place: usize) -> Option<Check> {
    CHECKS.get(place).copied()
}
