//! When a guess is answered. Where there is something, more is read than where there is nothing: a record, the rows of an account. Equal
//! writes hide most of that ([`Engine::admit`](crate::engine::Engine)), and never all of it; so that nobody reads the rest off a clock,
//! what is refused is answered on a beat that counts from when it was asked. Who is right waits for nothing.

use super::Refused;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// house: longer than a guess takes to weigh, the longest being a password, on a machine that does other things besides. Whoever takes longer
/// waits for the next.
const BEAT: Duration = Duration::from_millis(100);

/// The first beat of what was asked `asked` that is not over by `now`.
fn next(asked: Instant, now: Instant) -> Instant {
    let took = now.duration_since(asked).as_micros();
    let beats = u32::try_from(took.div_ceil(BEAT.as_micros())).unwrap_or(u32::MAX).max(1);
    asked.checked_add(BEAT.saturating_mul(beats)).unwrap_or(now)
}

/// Does what is asked, and answers on a beat if that is refused.
pub(super) async fn refused_on_beat<T>(asked: impl Future<Output = Result<T, Refused>>) -> Result<T, Refused> {
    let begun = Instant::now();
    let answer = asked.await;
    if answer.is_err() {
        sleep_until(next(begun, Instant::now())).await;
    }
    answer
}

/// Does what is asked, and answers on a beat whatever comes of it: where the answer itself tells nothing.
pub(super) async fn on_beat<T>(asked: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let answer = asked.await;
    sleep_until(next(begun, Instant::now())).await;
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_little_and_what_took_more_are_answered_at_the_same_time() {
        let asked = Instant::now();
        let after = |micros| next(asked, asked + Duration::from_micros(micros)) - asked;
        assert_eq!([0, 1, 900, 2_100, 33_000, 99_999, 100_000].map(after), [BEAT; 7]);
        assert_eq!([100_001, 150_000, 200_000].map(after), [BEAT * 2; 3]);
        assert_eq!(after(10_000_001), BEAT * 101, "who waited long for a turn waits no longer than a beat more");
    }

    #[tokio::test]
    async fn who_is_right_does_not_wait_where_the_answer_tells_it_and_who_is_wrong_does() {
        let took = async |answer: Result<(), Refused>| {
            let begun = Instant::now();
            assert_eq!(refused_on_beat(async { answer.clone() }).await, answer);
            begun.elapsed()
        };
        // A timer is never early, however busy the machine is.
        for refused in [Refused::NoMatch, Refused::Over, Refused::Unavailable] {
            assert!(took(Err(refused)).await >= BEAT);
        }
        // Of many that wait for nothing one is quick, however busy it is.
        let mut right = Vec::new();
        for _ in 0..50 {
            right.push(took(Ok(())).await);
        }
        assert!(right.into_iter().min() < Some(BEAT));
        let begun = Instant::now();
        on_beat(async {}).await;
        assert!(begun.elapsed() >= BEAT);
    }
}
