//! The gate: a request and the facts go in, a decision with reasons and citations comes out.
//!
//! [`decide`] is a pure function. It enumerates the candidates (channel × contact point × form), runs every rule on
//! every candidate, keeps every reason, and picks the plan: the portal copy plus exactly one best contact. [`admit`]
//! does the same at the last moment before a send and, only there, mints a [`Permit`] (invariant 1).
//!
//! What this crate must not do: I/O, clocks, randomness, async, logging, panics. It imports `base` and a calendar with
//! bundled zone data, nothing else, ever. Rules are total: a fact that could not be had is [`Fact::Unknown`], which never
//! satisfies a rule (invariant 2).
//!
//! Start at [`decide`], then read one file under `rules/` beside its tests, and `tests/matrix.out`, which is the whole
//! policy as a table.

// The sample facts name the gate as other crates do.
#[cfg(test)]
extern crate self as postern_gate;

pub mod agreement;
#[cfg(test)]
mod allocations;
#[cfg(test)]
mod answers;
mod candidate;
pub mod change;
#[cfg(test)]
mod conditions;
mod consent;
#[cfg(test)]
mod dates;
mod decide;
pub mod decision;
pub mod deployment;
#[cfg(test)]
mod edges;
pub mod examine;
pub mod fact;
pub mod facts;
mod finding;
pub mod matrix;
mod natural;
pub mod permit;
mod plan;
pub mod policy;
#[cfg(test)]
mod properties;
pub mod reading;
pub mod reference;
pub mod remedy;
pub mod rendition;
pub mod request;
pub mod result_kinds;
pub mod revocation;
pub mod rules;
#[cfg(test)]
mod sample;
pub mod silence;
#[cfg(test)]
mod tightening;
mod turns;
mod view;
mod window;
pub mod words;

pub use candidate::may_carry;
pub use consent::closes;
pub use decide::{admit, decide};
pub use decision::{
    Alert, Choice, Criterion, Decision, Delivery, Effect, Obligation, Outcome, PassedOver, Refusal, RuleId, RuleResult,
    Verdict, WaitingFor,
};
pub use deployment::Deployment;
pub use examine::{Examination, examine};
pub use fact::{Fact, Missing};
pub use facts::Facts;
pub use permit::{Binding, Permit, TransportFloor};
pub use policy::Policy;
pub use reading::{Reader, Reading, reading};
pub use rendition::{Commitment, Content, LinkState, Rendition};
pub use request::Request;

/// The version of the rules, raised whenever a rule's outcome can change.
pub const RULES_VERSION: u32 = 14;
