//! Words that could not be taken because whoever wrote them was signed out meanwhile, or has to sign in more strongly. They wait, in memory
//! alone, for the same account to come back: a letter takes longer to write than a session may stand still.

use super::Visitor;
use super::sessions::sha256;
use crate::engine::Engine;
use crate::error::UseError;
use jiff::{SignedDuration, Timestamp};
use postern_base::{AccountId, MessageId, Phi, Secret, TenantId};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// house: how long words wait.
const LASTS: SignedDuration = SignedDuration::from_hours(1);
/// house: how many wait at once. What is not kept is given back on the page all the same.
const ALL: usize = 1_000;
/// house: the same of one account.
const OF_ONE: usize = 3;

/// Words that wait.
#[derive(Debug)]
struct Draft {
    until: Timestamp,
    standing: Uuid,
    text: Phi<String>,
}

/// Everybody's words that wait, by who wrote them to what.
#[derive(Debug, Default)]
pub(super) struct Drafts(Mutex<HashMap<(AccountId, MessageId), Draft>>);

impl Drafts {
    /// Keeps `text` in the place of what waited there before; `false` = there is no room for it.
    fn keep(&self, whose: (AccountId, MessageId), draft: Draft, now: Timestamp) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, draft| now < draft.until);
        let own = all.keys().filter(|(account, _)| *account == whose.0).count();
        let room = all.contains_key(&whose) || (own < OF_ONE && all.len() < ALL);
        if room {
            all.insert(whose, draft);
        }
        room
    }

    /// What waits there.
    fn look(&self, whose: (AccountId, MessageId), now: Timestamp) -> Option<Phi<String>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&whose).filter(|draft| now < draft.until).map(|draft| draft.text.clone())
    }

    /// The message to which words of `account`, as it stands for one patient, wait: the last that were kept.
    fn newest(&self, account: AccountId, standing: Uuid, now: Timestamp) -> Option<MessageId> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = all.iter().filter(|((of, _), draft)| *of == account && draft.standing == standing);
        own.filter(|(_, draft)| now < draft.until).max_by_key(|(_, draft)| draft.until).map(|((_, to), _)| *to)
    }

    /// Forgets what waits there.
    pub(super) fn forget(&self, whose: (AccountId, MessageId)) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&whose);
    }
}

impl Engine {
    /// Keeps what `visitor` wrote to a message, for the time they need to show who they are; `false` = it is not kept.
    #[must_use]
    pub fn keep_words(&self, visitor: &Visitor, message: MessageId, text: &str) -> bool {
        self.keep_words_of((visitor.account, visitor.standing), message, text)
    }

    /// The same of somebody whose session of `token` has run out by itself. Words that come under one that was ended are not kept: whoever
    /// ended it may have meant whoever sends them.
    ///
    /// # Errors
    /// [`UseError::Unavailable`].
    pub async fn keep_words_of_session(
        &self,
        tenant: &TenantId,
        token: &Secret<String>,
        (message, text): (MessageId, &str),
    ) -> Result<bool, UseError> {
        let found = self.inner.store.portal_session(&sha256(token.reveal().as_bytes())).await?;
        let session = found.filter(|(of, session)| of == tenant && session.ended_at.is_none());
        Ok(session.is_some_and(|(_, session)| self.keep_words_of((session.account, session.person), message, text)))
    }

    fn keep_words_of(&self, (account, standing): (AccountId, Uuid), message: MessageId, text: &str) -> bool {
        if text.trim().is_empty() || text.chars().count() > super::replies::LONGEST {
            return false;
        }
        let now = self.now();
        let until = now.checked_add(LASTS).unwrap_or(now);
        let draft = Draft { until, standing, text: Phi::new(text.to_owned()) };
        self.inner.portal.drafts.keep((account, message), draft, now)
    }

    /// The words of `visitor` to a message that wait to be sent.
    #[must_use]
    pub fn words_to(&self, visitor: &Visitor, message: MessageId) -> Option<Phi<String>> {
        self.inner.portal.drafts.look((visitor.account, message), self.now())
    }

    /// The message to which words of `visitor` wait.
    #[must_use]
    pub fn words_wait_at(&self, visitor: &Visitor) -> Option<MessageId> {
        self.inner.portal.drafts.newest(visitor.account, visitor.standing, self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(seconds: i64) -> Draft {
        let until = Timestamp::from_second(seconds).unwrap();
        Draft { until, standing: Uuid::nil(), text: Phi::new("Dear doctor".to_owned()) }
    }

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    #[test]
    fn words_wait_for_who_wrote_them_until_their_time_and_for_nobody_else() {
        let drafts = Drafts::default();
        let (now, later) = (Timestamp::from_second(10).unwrap(), Timestamp::from_second(20).unwrap());
        let whose = (AccountId(id(1)), MessageId(id(7)));
        assert!(drafts.keep(whose, draft(20), now));
        assert_eq!(drafts.look(whose, now).unwrap().reveal(), "Dear doctor");
        assert!(drafts.look((AccountId(id(2)), whose.1), now).is_none());
        assert!(drafts.look((whose.0, MessageId(id(8))), now).is_none());
        assert_eq!(drafts.newest(whose.0, Uuid::nil(), now), Some(whose.1));
        assert_eq!(drafts.newest(whose.0, id(3), now), None, "as they stand for somebody else");
        assert!(drafts.look(whose, later).is_none() && drafts.newest(whose.0, Uuid::nil(), later).is_none());
        drafts.forget(whose);
        assert!(drafts.look(whose, now).is_none());
    }

    #[test]
    fn nobody_fills_the_room_of_all() {
        let drafts = Drafts::default();
        let now = Timestamp::from_second(10).unwrap();
        let of_one = |number| (AccountId(id(1)), MessageId(id(number)));
        assert!((0..3).all(|number| drafts.keep(of_one(number), draft(20), now)));
        assert!(!drafts.keep(of_one(3), draft(20), now) && drafts.keep(of_one(2), draft(30), now));
        let others =
            (2..2_000).filter(|account| drafts.keep((AccountId(id(*account)), MessageId(id(0))), draft(20), now));
        assert_eq!(others.count(), ALL - 3);
        let later = Timestamp::from_second(25).unwrap();
        assert!(drafts.keep(of_one(3), draft(40), later), "what is over makes room");
    }
}
