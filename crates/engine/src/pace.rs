//! How fast texts go: what carriers let a number, a campaign and a brand send, counted in segments ([`postern_channels::sms::rates`]). What
//! is too much now stays in the queue, where a code still passes it, and its code says which limit it waits for. Once it is with a vendor
//! nothing passes it any more.

use crate::engine::Engine;
use jiff::{SignedDuration, Timestamp};
use postern_channels::sms::rates::{Carrier, Each};
use postern_gate::decision::VendorRef;
use postern_store::{StoreError, TextHour};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use tokio::sync::OnceCell;

/// house: what was not used of a pace is kept for this long.
const SAVED: SignedDuration = SignedDuration::from_millis(100);
/// How soon, and how late, what waits looks again.
const SOONEST: SignedDuration = SignedDuration::from_millis(50);
const LATEST: SignedDuration = SignedDuration::from_mins(5);
/// house: one in so many segments of a day is kept for what goes ahead of others.
const KEPT_OF_DAY: u32 = 20;
/// house: what is used of a day is written down ahead of itself, one in so many of its segments at once, so that the disk is not asked for every
/// text, and a process that dies has used no more than stands there.
const WRITTEN_AHEAD: u32 = 200;
/// An hour in seconds, and the hours in which a day's segments are counted: one more than a day has, so that no day by any clock holds more.
const HOUR: i64 = 3600;
const HOURS: i64 = 25;

/// How many segments one service of a vendor may send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextLimit {
    /// Through whom, as the registry names it.
    pub vendor: String,
    /// By which of their services.
    pub service: String,
    /// To whose subscribers; `None` = anybody's.
    pub carrier: Option<Carrier>,
    /// So many segments,
    pub segments: u32,
    /// in each of these,
    pub each: Each,
    /// counted together with whatever else has this name: a number's, a campaign's, a brand's.
    pub of: String,
    /// What waits for it is said to wait for this: `number`, `campaign`, `brand`.
    pub word: &'static str,
}

impl TextLimit {
    const fn span(&self) -> SignedDuration {
        match self.each {
            Each::Second => SignedDuration::from_secs(1),
            Each::Minute => SignedDuration::from_mins(1),
            Each::Day => SignedDuration::from_hours(24),
        }
    }

    /// The time that so many segments take up.
    fn step(&self, segments: u32) -> SignedDuration {
        let one = self.span().checked_div(i32::try_from(self.segments).unwrap_or(i32::MAX)).unwrap_or_default();
        one.saturating_mul(i32::try_from(segments).unwrap_or(i32::MAX))
    }

    /// house: how much of the time to come may be drawn on by what goes ahead: a second, of a minute ten.
    const fn drawn(&self) -> SignedDuration {
        match self.each {
            Each::Second => SignedDuration::from_secs(1),
            Each::Minute | Each::Day => SignedDuration::from_secs(10),
        }
    }

    /// What is said of what waits for it.
    fn why(&self) -> String {
        let of_carrier = self.carrier.filter(|carrier| *carrier != Carrier::Other).map(word);
        format!("rate:{}", of_carrier.unwrap_or(self.word))
    }

    /// The name under which a day's use of it is kept.
    fn name(&self) -> String {
        self.carrier.map_or_else(|| self.of.clone(), |carrier| format!("{} {}", self.of, word(carrier)))
    }
}

const fn word(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::Att => "att",
        Carrier::TMobile => "t_mobile",
        Carrier::Verizon => "verizon",
        Carrier::Other => "other",
    }
}

/// Why a text does not go now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wait {
    /// When to ask again.
    pub(crate) until: Timestamp,
    /// Which limit it waits for.
    pub(crate) why: String,
}

/// What was used of one limit.
#[derive(Debug, Clone, Default)]
struct Meter {
    /// From when on the next may go; what went ahead has moved it into the time to come.
    free: Option<Timestamp>,
    /// Until when the time to come is spoken for by texts that look again.
    booked: Option<Timestamp>,
    /// Segments by the hour, of a limit of a day.
    hours: VecDeque<Hour>,
}

/// An hour of a limit of a day.
#[derive(Debug, Clone, Copy)]
struct Hour {
    /// Hours since 1970.
    at: i64,
    used: u32,
    /// So many stand on disk.
    written: u32,
}

impl Meter {
    /// Whether so many segments may go now, or when to ask again.
    fn ask(&mut self, limit: &TextLimit, segments: u32, ahead: bool, now: Timestamp) -> Result<(), Timestamp> {
        if limit.each == Each::Day {
            return self.ask_of_day(limit, segments, ahead, now);
        }
        let drawn = if ahead { limit.drawn() } else { SignedDuration::ZERO };
        let free = self.free.and_then(|free| free.checked_sub(drawn).ok()).filter(|free| *free > now);
        let Some(free) = free else { return Ok(()) };
        let soonest = after(now, SOONEST);
        if ahead {
            return Err(free.max(soonest));
        }
        let next = self.booked.map_or(free, |booked| booked.max(free)).max(soonest).min(after(now, LATEST));
        self.booked = Some(after(next, limit.step(segments)).min(after(now, LATEST)));
        Err(next)
    }

    fn ask_of_day(&mut self, limit: &TextLimit, segments: u32, ahead: bool, now: Timestamp) -> Result<(), Timestamp> {
        let hour = now.as_second().div_euclid(HOUR);
        while self.hours.front().is_some_and(|first| hour - first.at >= HOURS) {
            self.hours.pop_front();
        }
        let used = self.hours.iter().fold(0_u32, |sum, hour| sum.saturating_add(hour.used));
        let kept = if ahead { 0 } else { limit.segments / KEPT_OF_DAY };
        if used.saturating_add(segments) <= limit.segments.saturating_sub(kept) {
            return Ok(());
        }
        let leaves = self.hours.front().map_or(hour, |first| first.at.saturating_add(HOURS));
        Err(Timestamp::from_second(leaves.saturating_mul(HOUR)).unwrap_or(Timestamp::MAX).max(after(now, SOONEST)))
    }

    /// Uses so many segments; gives what is to stand on disk before they go.
    fn spend(&mut self, limit: &TextLimit, segments: u32, now: Timestamp) -> Option<TextHour> {
        if limit.each == Each::Day {
            let at = now.as_second().div_euclid(HOUR);
            if self.hours.back().is_none_or(|last| last.at != at) {
                self.hours.push_back(Hour { at, used: 0, written: 0 });
            }
            let last = self.hours.back_mut()?;
            last.used = last.used.saturating_add(segments);
            if last.used <= last.written {
                return None;
            }
            let segments = last.used.saturating_add(limit.segments / WRITTEN_AHEAD);
            return Some(TextHour { name: limit.name(), hour: at, segments });
        }
        let oldest = now.checked_sub(SAVED).unwrap_or(now);
        let from = self.free.map_or(oldest, |free| free.max(oldest));
        self.free = Some(after(from, limit.step(segments)));
        None
    }
}

/// Who shares a limit, of which carrier, and over which time.
type Shared = (String, Option<Carrier>, Each);

/// The limits of a deployment and what was used of them. In memory, for one process; what was used of a day is on disk besides, and a restart
/// forgets none of it.
#[derive(Debug, Default)]
pub(crate) struct Paces {
    limits: Vec<TextLimit>,
    meters: Mutex<HashMap<Shared, Meter>>,
    recalled: OnceCell<()>,
}

impl Paces {
    pub(crate) fn new(limits: Vec<TextLimit>) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Remembers what earlier processes wrote down, the earliest hours first.
    fn recall(&self, written: Vec<TextHour>) {
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        for TextHour { name, hour, segments } in written {
            let Some(limit) = self.of_day(&name) else { continue };
            let hour = Hour { at: hour, used: segments, written: segments };
            meters.entry(shared(limit)).or_default().hours.push_back(hour);
        }
    }

    /// It stands on disk: up to there nobody has to write again.
    fn wrote(&self, hour: &TextHour) {
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        let meter = self.of_day(&hour.name).and_then(|limit| meters.get_mut(&shared(limit)));
        let known = meter.and_then(|meter| meter.hours.iter_mut().find(|known| known.at == hour.hour));
        if let Some(known) = known {
            known.written = known.written.max(hour.segments);
        }
    }

    fn of_day(&self, name: &str) -> Option<&TextLimit> {
        self.limits.iter().find(|limit| limit.each == Each::Day && limit.name() == name)
    }

    /// Whether anything may go by `vendor` now, before anybody looks what it is and whose subscriber it is for.
    pub(crate) fn may(&self, vendor: &VendorRef, ahead: bool, now: Timestamp) -> Result<(), Wait> {
        let whoever = |limit: &&TextLimit| limit.carrier.is_none();
        self.ask(vendor, whoever, (1, ahead), now, false).map(drop)
    }

    /// Takes so many segments to a subscriber of `carrier`; one that nobody knows may be anybody's, and counts with everybody. Gives what is to
    /// stand on disk before they go.
    fn take(
        &self,
        vendor: &VendorRef,
        carrier: Option<Carrier>,
        segments: u32,
        ahead: bool,
        now: Timestamp,
    ) -> Result<Vec<TextHour>, Wait> {
        let counts = |limit: &&TextLimit| limit.carrier.is_none() || carrier.is_none() || limit.carrier == carrier;
        self.ask(vendor, counts, (segments, ahead), now, true)
    }

    fn ask(
        &self,
        vendor: &VendorRef,
        counts: impl Fn(&&TextLimit) -> bool,
        (segments, ahead): (u32, bool),
        now: Timestamp,
        spends: bool,
    ) -> Result<Vec<TextHour>, Wait> {
        let of = |limit: &&TextLimit| limit.vendor == vendor.vendor && limit.service == vendor.service;
        let limits: Vec<&TextLimit> = self.limits.iter().filter(of).filter(counts).collect();
        if limits.is_empty() {
            return Ok(Vec::new());
        }
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        for limit in &limits {
            let meter = meters.entry(shared(limit)).or_default();
            meter.ask(limit, segments, ahead, now).map_err(|until| Wait { until, why: limit.why() })?;
        }
        let spent = limits.into_iter().filter(|_| spends);
        Ok(spent.filter_map(|limit| meters.entry(shared(limit)).or_default().spend(limit, segments, now)).collect())
    }
}

/// Who shares `limit`.
fn shared(limit: &TextLimit) -> Shared {
    (limit.of.clone(), limit.carrier, limit.each)
}

impl Engine {
    /// Remembers, once, what earlier processes used of limits of a day. Nothing is sent before.
    pub(crate) async fn recall_text_hours(&self) -> Result<(), StoreError> {
        let paces = &self.inner.paces;
        let recall = || async {
            if paces.limits.iter().any(|limit| limit.each == Each::Day) {
                paces.recall(self.inner.store.text_hours().await?);
            }
            Ok::<(), StoreError>(())
        };
        paces.recalled.get_or_try_init(recall).await?;
        Ok(())
    }

    /// Takes so many segments of the limits of `vendor` to a subscriber of `carrier`; what is used of a day is on disk then.
    pub(crate) async fn take_segments(
        &self,
        vendor: &VendorRef,
        carrier: Option<Carrier>,
        (segments, ahead): (u32, bool),
        now: Timestamp,
    ) -> Result<Option<Wait>, StoreError> {
        match self.inner.paces.take(vendor, carrier, segments, ahead, now) {
            Err(wait) => Ok(Some(wait)),
            Ok(written) => {
                for hour in written {
                    let forgotten = hour.hour.saturating_sub(HOURS);
                    self.inner.store.keep_text_hour(hour.clone(), forgotten).await?;
                    self.inner.paces.wrote(&hour);
                }
                Ok(None)
            }
        }
    }
}

fn after(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(carrier: Option<Carrier>, segments: u32, each: Each, of: &str) -> TextLimit {
        let (vendor, service) = ("centre".to_owned(), "messaging".to_owned());
        TextLimit { vendor, service, carrier, segments, each, of: of.to_owned(), word: "number" }
    }

    fn centre() -> VendorRef {
        VendorRef { vendor: "centre".into(), service: "messaging".into() }
    }

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(1_796_000_400_000 + millisecond).unwrap()
    }

    /// How many texts of `segments` to `carrier` go within these milliseconds, when one is tried in each.
    fn gone(paces: &Paces, carrier: Option<Carrier>, segments: u32, milliseconds: std::ops::Range<i64>) -> usize {
        milliseconds.filter(|ms| paces.take(&centre(), carrier, segments, false, at(*ms)).is_ok()).count()
    }

    #[test]
    fn segments_are_counted_and_not_texts_and_a_quiet_time_saves_nothing_up() {
        let paces = Paces::new(vec![limit(None, 20, Each::Second, "n")]);
        assert!((20..=23).contains(&gone(&paces, None, 1, 0..1000)));
        assert!((6..=8).contains(&gone(&paces, None, 3, 1000..2000)), "three segments each");
        assert!((20..=23).contains(&gone(&paces, None, 1, 600_000..601_000)), "after ten quiet minutes");
        let other = VendorRef { vendor: "other".into(), service: "messaging".into() };
        assert!((0..1000).all(|ms| paces.take(&other, None, 1, false, at(ms)).is_ok()), "it has no limit");
    }

    #[test]
    fn a_code_passes_whatever_waits_and_what_it_took_is_missing_afterwards() {
        let paces = Paces::new(vec![limit(None, 4, Each::Second, "n")]);
        assert!(paces.take(&centre(), None, 1, false, at(0)).is_ok());
        while paces.take(&centre(), None, 1, false, at(0)).is_ok() {}
        for _ in 0..1000 {
            assert!(paces.may(&centre(), false, at(1)).is_err());
        }
        assert_eq!(paces.take(&centre(), None, 1, true, at(1)), Ok(Vec::new()), "nothing of a second is written down");
        let before = gone(&paces, None, 1, 1..1000);
        assert!(before <= 3, "{before}: the code counts too");
        let codes = (0..100).filter(|_| paces.take(&centre(), None, 1, true, at(1000)).is_ok()).count();
        assert!(codes <= 5, "{codes}: no more than a second ahead");
    }

    #[test]
    fn a_carriers_limit_holds_its_own_subscribers_and_those_nobody_knows() {
        let paces = Paces::new(vec![
            limit(Some(Carrier::Att), 60, Each::Minute, "c"),
            limit(Some(Carrier::TMobile), 2, Each::Day, "b"),
        ]);
        assert_eq!(gone(&paces, Some(Carrier::TMobile), 1, 0..1000), 2);
        let full = paces.take(&centre(), Some(Carrier::TMobile), 1, false, at(1000)).unwrap_err();
        assert_eq!((full.why.as_str(), full.until.as_second() % HOUR), ("rate:t_mobile", 0));
        assert!(full.until.duration_since(at(1000)) > SignedDuration::from_hours(24));
        assert!(paces.take(&centre(), Some(Carrier::Att), 1, false, at(1000)).is_ok());
        assert_eq!(paces.take(&centre(), Some(Carrier::Att), 1, false, at(1001)).unwrap_err().why, "rate:att");
        assert!(paces.take(&centre(), None, 1, false, at(1001)).is_err(), "they may be anybody's");
        assert!((0..100).all(|ms| paces.take(&centre(), Some(Carrier::Other), 1, false, at(ms)).is_ok()));
        assert!(paces.may(&centre(), false, at(1001)).is_ok(), "somebody's may go");
    }

    #[test]
    fn no_day_by_any_clock_holds_more_than_its_limit_and_some_of_it_is_kept_for_codes() {
        let paces = Paces::new(vec![limit(None, 100, Each::Day, "b")]);
        let hour = |hour: i64| at(hour * HOUR * 1000);
        let mut went: Vec<i64> = Vec::new();
        for minute in 0..(72 * 60) {
            let now = at(minute * 60_000);
            if paces.take(&centre(), None, 1, false, now).is_ok() {
                went.push(minute);
            }
        }
        for from in 0..(48 * 60) {
            let day = went.iter().filter(|minute| (from..from + 24 * 60).contains(*minute)).count();
            assert!(day <= 95, "{day} from minute {from}");
        }
        assert!(went.len() > 190, "{}: the next day has its own", went.len());
        let codes = (0..100).filter(|_| paces.take(&centre(), None, 1, true, hour(72)).is_ok()).count();
        assert!(codes >= 5, "{codes}");
    }

    #[test]
    fn a_process_that_dies_has_used_no_more_of_a_day_than_was_written_before_and_the_disk_is_seldom_asked() {
        let limits = || vec![limit(Some(Carrier::TMobile), 1000, Each::Day, "brand")];
        let (paces, mut disk, mut asked) = (Paces::new(limits()), Vec::<TextHour>::new(), 0);
        for nth in 0..300 {
            // Two hours of it.
            let now = at(i64::from(nth) * 20_000);
            for hour in paces.take(&centre(), Some(Carrier::TMobile), 2, false, now).unwrap() {
                asked += 1;
                paces.wrote(&hour);
                disk.retain(|known| (&known.name, known.hour) != (&hour.name, hour.hour));
                disk.push(hour);
            }
            let written: u32 = disk.iter().map(|hour| hour.segments).sum();
            assert!(written >= 2 * (nth + 1) && written <= 2 * (nth + 1) + 10, "{written} after {nth}");
        }
        assert!(asked <= 102, "{asked}");
        let slow = Paces::new(limits());
        let asks = |_| slow.take(&centre(), Some(Carrier::TMobile), 2, false, at(0)).unwrap().len();
        assert_eq!((0..5).map(asks).sum::<usize>(), 5, "what is not written yet covers nobody");
        let next = Paces::new(limits());
        next.recall(disk);
        let now = at(7_000_000);
        let more = (0..1000).filter(|_| next.take(&centre(), Some(Carrier::TMobile), 2, false, now).is_ok()).count();
        assert!((170..=175).contains(&more), "950 of a day, 600 gone: {more} of two segments");
        assert!(next.take(&centre(), Some(Carrier::Att), 2, false, now).is_ok(), "another carrier's is another's");
    }

    #[test]
    fn what_shares_a_campaign_shares_its_limit() {
        let mut second = limit(None, 10, Each::Second, "campaign");
        second.vendor = "other".into();
        let paces = Paces::new(vec![limit(None, 10, Each::Second, "campaign"), second]);
        let other = VendorRef { vendor: "other".into(), service: "messaging".into() };
        let both = (0..1000).filter(|ms| {
            let vendor = if ms % 2 == 0 { centre() } else { other.clone() };
            paces.take(&vendor, None, 1, false, at(*ms)).is_ok()
        });
        assert!(both.count() <= 12);
    }

    #[test]
    fn those_who_wait_look_again_one_after_the_other_and_nobody_later_than_in_five_minutes() {
        let paces = Paces::new(vec![limit(None, 2, Each::Second, "n")]);
        while paces.take(&centre(), None, 1, false, at(0)).is_ok() {}
        let waits: Vec<Timestamp> = (0..2000).map(|_| paces.may(&centre(), false, at(0)).unwrap_err().until).collect();
        assert!(waits.is_sorted() && waits.iter().all(|until| *until <= after(at(0), LATEST)));
        let apart = waits[10].duration_since(waits[9]);
        assert_eq!(apart, SignedDuration::from_millis(500));
    }
}
