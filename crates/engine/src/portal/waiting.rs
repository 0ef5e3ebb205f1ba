//! What waits for the next step of who has shown something already: an enrolment, a sign-in between its two factors. It is kept in
//! memory alone: what a restart forgets is begun again, and nothing half is ever on disk.

use super::drafts::Drafts;
use super::enrolment::Enrolling;
use super::factors::NewApp;
use super::passkey::Challenges;
use super::sessions::{sha256, token};
use super::sign_in::Between;
use super::texted::NewPhone;
use jiff::{SignedDuration, Timestamp};
use postern_base::rng::NoEntropy;
use postern_base::{Rng, Secret};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Steps that wait at once at most; whoever comes then is told to come back. Each of them cost its holder an invitation or a password.
const WAITING: usize = 10_000;
/// Passwords worked on at once: each takes 19 MiB.
const PASSWORDS: usize = 2;

/// A step that waits.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Enrolling(Box<Enrolling>),
    Between(Between),
    NewApp(NewApp),
    NewPhone(NewPhone),
}

/// Everything that waits, and what the portal shares besides.
#[derive(Debug)]
pub(crate) struct Waiting {
    steps: Mutex<HashMap<[u8; 32], (Timestamp, Step)>>,
    pub(super) drafts: Drafts,
    pub(super) challenges: Challenges,
    pub(super) passwords: Semaphore,
}

impl Waiting {
    pub(crate) fn new(key: &Secret<[u8; 32]>) -> Self {
        let passwords = Semaphore::new(PASSWORDS);
        Self { steps: Mutex::default(), drafts: Drafts::default(), challenges: Challenges::new(key), passwords }
    }

    /// Keeps a step under a new token; `None` = too many wait.
    pub(super) fn keep(
        &self,
        step: Step,
        (now, lasts): (Timestamp, SignedDuration),
        rng: &dyn Rng,
    ) -> Result<Option<Secret<String>>, NoEntropy> {
        let (token, hash) = token(rng)?;
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if steps.len() >= WAITING {
            steps.retain(|_, (until, _)| now < *until);
        }
        if steps.len() >= WAITING {
            return Ok(None);
        }
        steps.insert(hash, (now.checked_add(lasts).unwrap_or(now), step));
        Ok(Some(token))
    }

    /// The step of `token`, which goes on waiting.
    pub(super) fn look(&self, token: &Secret<String>, now: Timestamp) -> Option<Step> {
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.get(&sha256(token.reveal().as_bytes())).filter(|(until, _)| now < *until).map(|(_, step)| step.clone())
    }

    /// Puts another step in the place of that of `token`. Its end stays where it is.
    pub(super) fn replace(&self, token: &Secret<String>, step: Step) {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = steps.get_mut(&sha256(token.reveal().as_bytes())) {
            *known = step;
        }
    }

    /// Forgets the step of `token`; `false` = somebody was faster.
    pub(super) fn end(&self, token: &Secret<String>) -> bool {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.remove(&sha256(token.reveal().as_bytes())).is_some()
    }
}
