//! Places at a server, of which there are so many. Who goes ahead of others, such as a one-time code, waits for the next one that becomes
//! free and behind nobody else, however many stand in line.

use crate::line::{Booked, Line};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// So many places, and the line before them.
#[derive(Debug)]
pub(super) struct Places {
    places: u32,
    free: Semaphore,
    /// Of those who go ahead of nobody, as many stand before the places themselves as there are of them; the others stand in line here.
    line: Semaphore,
    /// Who may come to them.
    outside: Line,
}

/// A place; free again when this is dropped: the place first, so that who goes ahead has it before the next in line steps up.
#[derive(Debug)]
pub(super) struct Place<'p> {
    _free: SemaphorePermit<'p>,
    _line: Option<SemaphorePermit<'p>>,
    outside: &'p Line,
    since: Instant,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.outside.moved(self.since.elapsed());
    }
}

impl Places {
    pub(super) fn new(places: u32) -> Self {
        let count = usize::try_from(places.max(1)).unwrap_or(1);
        Self { places, free: Semaphore::new(count), line: Semaphore::new(count), outside: Line::default() }
    }

    /// Leave to come to the places.
    ///
    /// # Errors
    /// After how long to ask again.
    pub(super) fn book(&self, ahead: bool) -> Result<Booked, Duration> {
        self.outside.book(self.places, ahead, Instant::now())
    }

    /// Waits for a place; the caller bounds the time. `None` = there are none any more.
    pub(super) async fn enter(&self, ahead: bool) -> Option<Place<'_>> {
        let line = if ahead { None } else { Some(self.line.acquire().await.ok()?) };
        let free = self.free.acquire().await.ok()?;
        Some(Place { _free: free, _line: line, outside: &self.outside, since: Instant::now() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    #[tokio::test]
    async fn who_goes_ahead_has_the_next_place_however_many_stand_in_line() {
        let places = Places::new(2);
        let (first, second) = (places.enter(false).await.unwrap(), places.enter(false).await.unwrap());
        let mut waits = Context::from_waker(Waker::noop());
        let mut line: Vec<_> = (0..100).map(|_| Box::pin(places.enter(false))).collect();
        assert!(line.iter_mut().all(|one| one.as_mut().poll(&mut waits).is_pending()));
        let mut code = pin!(places.enter(true));
        assert!(code.as_mut().poll(&mut waits).is_pending(), "both places are taken");
        drop(first);
        assert!(line.iter_mut().all(|one| one.as_mut().poll(&mut waits).is_pending()), "it is the code's");
        let Poll::Ready(Some(code)) = code.as_mut().poll(&mut waits) else { panic!("the code waits on") };
        drop((second, code));
        let stepped_up = line.iter_mut().filter_map(|one| match one.as_mut().poll(&mut waits) {
            Poll::Ready(place) => place,
            Poll::Pending => None,
        });
        assert_eq!(stepped_up.collect::<Vec<_>>().len(), 2, "nobody has more places than there are");
    }

    #[tokio::test]
    async fn how_many_are_let_into_the_line_is_told_by_those_who_were_at_the_server() {
        let places = Places::new(2);
        let let_in = || (0..100).filter_map(|_| places.book(false).ok()).collect::<Vec<Booked>>().len();
        assert_eq!(let_in(), 7, "before anybody knows how fast it is");
        drop(places.enter(false).await.unwrap());
        assert_eq!(let_in(), 100, "it takes no time at all");
        for _ in 0..100 {
            places.outside.moved(Duration::from_secs(4));
        }
        assert_eq!(let_in(), 4, "two at the server, and who waits five seconds");
        let _inside: Vec<Booked> = (0..100).filter_map(|_| places.book(false).ok()).collect();
        assert!(places.book(true).is_ok());
    }
}
