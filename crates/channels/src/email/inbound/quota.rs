//! How much is kept in a day. Anybody may write to `postmaster` (RFC 5321 section 4.5.1), and whoever holds a mail of ours may answer it as
//! often as they like: without an end to either, anybody could fill the disk.

use super::doors::network;
use super::urgent::Urgent;
use jiff::Timestamp;
use postern_base::DeliveryId;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

const DAY_SECONDS: i64 = 86_400;

/// A number of mails and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// Mails.
    pub mails: u64,
    /// Bytes, headers and all.
    pub bytes: u64,
}

impl Amount {
    const fn holds(self, kept: Self) -> bool {
        kept.mails < self.mails && kept.bytes < self.bytes
    }

    const fn add(&mut self, bytes: usize) {
        self.mails = self.mails.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }
}

/// How much is kept in one day (UTC). A mail that begins below the limit is taken whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of mail that answers no mail of ours, in all.
    pub all: Amount,
    /// The same from one network: an IPv4 address, or an IPv6 /64.
    pub network: Amount,
    /// To the addresses of one mail of ours: its bounces, and what its reader answers.
    pub answers: Amount,
}

impl Default for Limits {
    /// house: a practice gets some reports a day from each large receiver, and hardly any mail for `postmaster`. A reader answers a mail a few
    /// times, and sends some pictures.
    fn default() -> Self {
        Self {
            all: Amount { mails: 1000, bytes: 64 << 20 },
            network: Amount { mails: 100, bytes: 16 << 20 },
            answers: Amount { mails: 100, bytes: 16 << 20 },
        }
    }
}

#[derive(Debug, Default)]
struct Today {
    day: i64,
    all: Amount,
    networks: HashMap<IpAddr, Amount>,
    answers: HashMap<DeliveryId, Amount>,
    /// What came beyond those, as much again of either kind.
    urgent: HashMap<(DeliveryId, Urgent), Amount>,
    warned: bool,
    warned_of_answers: bool,
}

/// What was kept today; begins anew each day and when the process starts.
#[derive(Debug)]
pub(super) struct Quota {
    limits: Limits,
    today: Mutex<Today>,
}

impl Quota {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, today: Mutex::default() }
    }

    /// Whether one more mail from `from` may be kept. Says so in the log the first time in a day that none may.
    pub(super) fn has_room(&self, from: IpAddr, now: Timestamp) -> bool {
        let limits = self.limits;
        self.with(now, |today| {
            let theirs = today.networks.get(&network(from)).copied().unwrap_or_default();
            let room = limits.all.holds(today.all) && limits.network.holds(theirs);
            if !room && !std::mem::replace(&mut today.warned, true) {
                tracing::warn!(
                    mails = today.all.mails,
                    bytes = today.all.bytes,
                    "mail that answers no mail of ours came to as much as is kept in a day; its senders are told 452 until tomorrow"
                );
            }
            room
        })
    }

    /// Whether one more mail that answers the mails of `deliveries` may be kept. Says so in the log the first time in a day that none may.
    pub(super) fn has_room_for_answers(
        &self,
        mut deliveries: impl Iterator<Item = DeliveryId>,
        now: Timestamp,
    ) -> bool {
        let limit = self.limits.answers;
        self.with(now, |today| {
            let room = |delivery| limit.holds(today.answers.get(&delivery).copied().unwrap_or_default());
            let room = deliveries.all(room);
            if !room && !std::mem::replace(&mut today.warned_of_answers, true) {
                tracing::warn!(
                    mails = limit.mails,
                    bytes = limit.bytes,
                    "a mail of ours was answered as often as is kept in a day; whoever answers it is told 452 until tomorrow, but for bounces \
                     and those who want no more mail"
                );
            }
            room
        })
    }

    /// The same of a mail that is `urgent`, where there is no room for others.
    pub(super) fn has_room_for_urgent(&self, urgent: Urgent, deliveries: &[DeliveryId], now: Timestamp) -> bool {
        let limit = self.limits.answers;
        self.with(now, |today| {
            let kept = |delivery: &DeliveryId| today.urgent.get(&(*delivery, urgent)).copied().unwrap_or_default();
            deliveries.iter().all(|delivery| limit.holds(kept(delivery)))
        })
    }

    /// Notes such a mail that was kept.
    pub(super) fn kept_urgent(&self, urgent: Urgent, deliveries: Vec<DeliveryId>, bytes: usize, now: Timestamp) {
        self.with(now, |today| {
            for delivery in deliveries {
                today.urgent.entry((delivery, urgent)).or_default().add(bytes);
            }
        });
    }

    /// Notes a mail that was kept and answers those of `deliveries`.
    pub(super) fn kept_answers(&self, deliveries: impl Iterator<Item = DeliveryId>, bytes: usize, now: Timestamp) {
        self.with(now, |today| deliveries.for_each(|delivery| today.answers.entry(delivery).or_default().add(bytes)));
    }

    /// Notes a mail that was kept.
    pub(super) fn kept(&self, from: IpAddr, bytes: usize, now: Timestamp) {
        self.with(now, |today| {
            today.all.add(bytes);
            today.networks.entry(network(from)).or_default().add(bytes);
        });
    }

    fn with<T>(&self, now: Timestamp, act: impl FnOnce(&mut Today) -> T) -> T {
        let mut today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
        let day = now.as_second().div_euclid(DAY_SECONDS);
        if today.day != day {
            *today = Today { day, ..Today::default() };
        }
        act(&mut today)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        all: Amount { mails: 3, bytes: 1000 },
        network: Amount { mails: 2, bytes: 500 },
        answers: Amount { mails: 2, bytes: 300 },
    };

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_network_and_all_together_have_as_many_mails_a_day_as_were_set() {
        let quota = Quota::new(LIMITS);
        for _ in 0..2 {
            assert!(quota.has_room(ip("2001:db8::1"), at(0)));
            quota.kept(ip("2001:db8::1"), 1, at(0));
        }
        assert!(!quota.has_room(ip("2001:db8::2"), at(0)), "the same subscriber");
        assert!(quota.has_room(ip("192.0.2.1"), at(0)));
        quota.kept(ip("192.0.2.1"), 1, at(0));
        assert!(!quota.has_room(ip("192.0.2.2"), at(0)), "all together");
        assert!(quota.has_room(ip("2001:db8::1"), at(DAY_SECONDS)), "the next day");
    }

    #[test]
    fn a_mail_of_ours_is_answered_so_often_in_a_day_and_another_has_its_own() {
        let quota = Quota::new(LIMITS);
        let of = |n: u128| std::iter::once(DeliveryId(uuid::Uuid::from_u128(n)));
        for _ in 0..2 {
            assert!(quota.has_room_for_answers(of(1), at(0)));
            quota.kept_answers(of(1), 10, at(0));
        }
        assert!(!quota.has_room_for_answers(of(1), at(0)) && !quota.has_room_for_answers(of(2).chain(of(1)), at(0)));
        assert!(quota.has_room_for_answers(of(2), at(0)));
        quota.kept_answers(of(2), 300, at(0));
        assert!(!quota.has_room_for_answers(of(2), at(0)), "bytes count as mails do");
        assert!(quota.has_room_for_answers(of(1).chain(of(2)), at(DAY_SECONDS)), "the next day");
        assert!(quota.has_room(ip("192.0.2.1"), at(0)), "what nobody asked for is counted apart");
    }

    #[test]
    fn what_is_urgent_has_as_much_room_again_and_one_kind_takes_none_of_the_others() {
        let quota = Quota::new(LIMITS);
        let one = DeliveryId(uuid::Uuid::from_u128(1));
        for _ in 0..2 {
            quota.kept_answers(std::iter::once(one), 10, at(0));
            assert!(quota.has_room_for_urgent(Urgent::Stop, &[one], at(0)));
            assert!(!quota.today.lock().unwrap().warned_of_answers);
            quota.kept_urgent(Urgent::Stop, vec![one], 10, at(0));
        }
        assert!(!quota.has_room_for_answers(std::iter::once(one), at(0)));
        assert!(quota.today.lock().unwrap().warned_of_answers, "the log is told");
        assert!(!quota.has_room_for_urgent(Urgent::Stop, &[one], at(0)));
        assert!(quota.has_room_for_urgent(Urgent::Bounce, &[one], at(0)));
        assert!(quota.has_room_for_urgent(Urgent::Stop, &[one], at(DAY_SECONDS)), "the next day");
    }

    #[test]
    fn bytes_count_as_mails_do() {
        let quota = Quota::new(LIMITS);
        quota.kept(ip("192.0.2.1"), 500, at(0));
        assert!(!quota.has_room(ip("192.0.2.1"), at(0)));
        assert!(quota.has_room(ip("192.0.2.2"), at(0)));
        quota.kept(ip("192.0.2.2"), 500, at(0));
        assert!(!quota.has_room(ip("192.0.2.3"), at(0)));
    }

    #[test]
    fn the_log_is_told_once_a_day() {
        let quota = Quota::new(LIMITS);
        quota.kept(ip("192.0.2.1"), 5000, at(0));
        assert!(!quota.today.lock().unwrap().warned);
        assert!(!quota.has_room(ip("192.0.2.1"), at(0)) && !quota.has_room(ip("192.0.2.1"), at(1)));
        assert!(quota.today.lock().unwrap().warned);
        assert!(quota.has_room(ip("192.0.2.1"), at(DAY_SECONDS)));
        assert!(!quota.today.lock().unwrap().warned);
    }
}
