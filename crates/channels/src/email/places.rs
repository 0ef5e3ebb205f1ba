//! Places at a server, of which there are so many. Who goes ahead of others, such as a one-time code, waits for the next one that becomes
//! free and behind nobody else, however many stand in line.

use tokio::sync::{Semaphore, SemaphorePermit};

/// So many places, and the line before them.
#[derive(Debug)]
pub(super) struct Places {
    free: Semaphore,
    /// Of those who go ahead of nobody, as many stand before the places themselves as there are of them; the others stand in line here.
    line: Semaphore,
}

/// A place; free again when this is dropped: the place first, so that who goes ahead has it before the next in line steps up.
#[derive(Debug)]
pub(super) struct Place<'p> {
    _free: SemaphorePermit<'p>,
    _line: Option<SemaphorePermit<'p>>,
}

impl Places {
    pub(super) fn new(places: u32) -> Self {
        let places = usize::try_from(places.max(1)).unwrap_or(1);
        Self { free: Semaphore::new(places), line: Semaphore::new(places) }
    }

    /// Waits for a place; the caller bounds the time. `None` = there are none any more.
    pub(super) async fn enter(&self, ahead: bool) -> Option<Place<'_>> {
        let line = if ahead { None } else { Some(self.line.acquire().await.ok()?) };
        Some(Place { _free: self.free.acquire().await.ok()?, _line: line })
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
}
