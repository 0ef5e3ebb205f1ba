//! What waits for the next step of who has shown something already: an enrolment, a sign-in between its two factors. It is kept in
//! memory alone: what a restart forgets is begun again, and nothing half is ever on disk.

use super::drafts::Drafts;
use super::enrolment::Enrolling;
use super::factors::NewApp;
use super::hashing::Hashing;
use super::passkey::Challenges;
use super::sessions::{sha256, token};
use super::sign_in::Between;
use super::texted::NewPhone;
use jiff::{SignedDuration, Timestamp};
use postern_base::rng::NoEntropy;
use postern_base::{Rng, Secret};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Steps that wait at once at most, of who has shown something: each of them cost its holder an invitation or a password. Whoever comes then
/// is told to come back.
const WAITING: usize = 10_000;
/// house: steps of who has given a name alone, which costs nothing. They have places of their own, and who comes then takes the oldest one's:
/// nobody who names names shuts the door to who has shown something.
const NAMED_ALONE: usize = 2_000;

/// A step that waits.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Enrolling(Box<Enrolling>),
    Between(Between),
    NewApp(NewApp),
    NewPhone(NewPhone),
}

impl Step {
    /// Nothing was shown for it.
    const fn is_named_alone(&self) -> bool {
        matches!(self, Self::Between(between) if between.is_alone())
    }
}

/// Everything that waits, and what the portal shares besides.
#[derive(Debug)]
pub(crate) struct Waiting {
    steps: Mutex<HashMap<[u8; 32], (Timestamp, Step)>>,
    pub(super) drafts: Drafts,
    pub(super) challenges: Challenges,
    pub(super) hashing: Hashing,
}

impl Waiting {
    pub(crate) fn new(key: &Secret<[u8; 32]>) -> Self {
        let (challenges, hashing) = (Challenges::new(key), Hashing::new());
        Self { steps: Mutex::default(), drafts: Drafts::default(), challenges, hashing }
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
        if !make_room(&mut steps, step.is_named_alone(), now) {
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

/// Makes room for one more step; `false` = there is none.
fn make_room(steps: &mut HashMap<[u8; 32], (Timestamp, Step)>, named_alone: bool, now: Timestamp) -> bool {
    let most = if named_alone { NAMED_ALONE } else { WAITING };
    let alike = |step: &Step| step.is_named_alone() == named_alone;
    let is_full = |steps: &HashMap<_, (Timestamp, Step)>| {
        steps.len() >= most && steps.values().filter(|(_, step)| alike(step)).count() >= most
    };
    if is_full(steps) {
        steps.retain(|_, (until, _)| now < *until);
    }
    if !is_full(steps) {
        return true;
    }
    let oldest = steps.iter().filter(|(_, (_, step))| alike(step)).min_by_key(|(_, (until, _))| *until);
    match oldest.map(|(hash, _)| *hash).filter(|_| named_alone) {
        Some(oldest) => steps.remove(&oldest).is_some(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portal::texted::Texted;
    use postern_base::{AccountId, SystemRng};

    fn keep(waiting: &Waiting, step: Step, second: i64) -> Option<Secret<String>> {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second);
        waiting.keep(step, (now, SignedDuration::from_mins(10)), &SystemRng).expect("there is randomness")
    }

    fn named_alone() -> Step {
        Step::Between(Between::alone("clinic".parse().expect("an id"), None, "pat".into(), Texted::default()))
    }

    fn has_shown_a_password() -> Step {
        let account = AccountId(uuid::Uuid::nil());
        Step::Between(Between::shown("clinic".parse().expect("an id"), account, "pat".into(), (None, None)))
    }

    #[test]
    fn who_gives_names_takes_the_place_of_the_oldest_of_them_and_of_nobody_who_has_shown_something() {
        let waiting = Waiting::new(&Secret::new([1; 32]));
        let shown = keep(&waiting, has_shown_a_password(), 0).expect("there is room");
        let first = keep(&waiting, named_alone(), 1).expect("there is room");
        let second = keep(&waiting, named_alone(), 2).expect("there is room");
        for _ in 2..=NAMED_ALONE {
            assert!(keep(&waiting, named_alone(), 3).is_some());
        }
        let now = Timestamp::UNIX_EPOCH;
        assert!(waiting.look(&first, now).is_none(), "the oldest went");
        assert!(waiting.look(&second, now).is_some() && waiting.look(&shown, now).is_some());
        assert!(keep(&waiting, has_shown_a_password(), 4).is_some());
    }

    #[test]
    fn who_has_shown_something_waits_for_a_place_and_gets_one_when_others_are_over() {
        let waiting = Waiting::new(&Secret::new([1; 32]));
        for _ in 0..WAITING {
            assert!(keep(&waiting, has_shown_a_password(), 0).is_some());
        }
        assert!(keep(&waiting, has_shown_a_password(), 1).is_none());
        assert!(keep(&waiting, named_alone(), 1).is_some());
        assert!(keep(&waiting, has_shown_a_password(), 601).is_some());
    }
}
