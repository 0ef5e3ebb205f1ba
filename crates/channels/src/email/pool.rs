//! Sessions kept for the next message, and how many a server is asked to bear: more while it takes what it gets, fewer once it
//! does not, none for a while after it was not there.

use super::session::Session;
use crate::line::{Booked, Line};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// After how long an idle session is no longer used: servers close theirs after a while, Postfix after 300 s.
const IDLE_TIME: Duration = Duration::from_secs(60);
/// How many idle sessions are kept in all.
const IDLE_SESSIONS: usize = 256;
/// How many messages one session carries.
const MESSAGES_PER_SESSION: u32 = 100;
/// The first and the longest rest after a server was not there.
const FIRST_REST: Duration = Duration::from_secs(2);
const LONGEST_REST: Duration = Duration::from_secs(120);
/// With how many sessions at once a server is met for the first time.
const AT_FIRST: u32 = 4;
/// Servers that are remembered.
const SERVERS: usize = 10_000;

/// What is known of a server.
#[derive(Debug)]
struct Server {
    open: u32,
    limit: u32,
    failures: u32,
    rests_until: Option<Instant>,
    used_at: Instant,
    idle: Vec<(u64, Session)>,
    /// How many wait who go ahead of others; while there are any, nobody else steps up.
    ahead: u32,
    freed: Arc<Notify>,
    freed_ahead: Arc<Notify>,
    /// Who may come to it.
    line: Line,
}

/// The servers we speak to.
#[derive(Debug)]
pub(super) struct Pool {
    most: u32,
    servers: Mutex<HashMap<String, Server>>,
}

/// The server was not there lately: it is left alone until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Resting;

/// Leave for one session with a server; given back when dropped.
#[derive(Debug)]
pub(super) struct Place<'p> {
    pool: &'p Pool,
    server: String,
    since: Instant,
}

/// Somebody who goes ahead of others waits at a server for as long as this is held.
struct Ahead<'p> {
    pool: &'p Pool,
    server: String,
}

impl Drop for Ahead<'_> {
    fn drop(&mut self) {
        if let Some(known) = self.pool.servers().get_mut(&self.server) {
            known.ahead = known.ahead.saturating_sub(1);
            // Who stood back for them may step up.
            known.freed.notify_one();
        }
    }
}

impl Pool {
    /// A server gets at most `most` sessions at once.
    pub(super) fn new(most: u32) -> Self {
        Self { most: most.max(1), servers: Mutex::default() }
    }

    fn servers(&self) -> MutexGuard<'_, HashMap<String, Server>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known<'s>(&self, servers: &'s mut HashMap<String, Server>, server: &str, now: Instant) -> &'s mut Server {
        if servers.len() >= SERVERS {
            servers.retain(|_, known| known.open > 0 || known.used_at + LONGEST_REST > now);
        }
        servers.entry(server.to_owned()).or_insert_with(|| Server::new(self.most, now))
    }

    /// Leave to come to the first of `servers` that does not rest; `None` where there are none.
    ///
    /// # Errors
    /// After how long to ask again.
    pub(super) fn book<'s>(
        &self,
        servers: impl Iterator<Item = &'s str>,
        ahead: bool,
    ) -> Result<Option<Booked>, Duration> {
        let (now, mut all) = (Instant::now(), self.servers());
        let mut rest: Option<Duration> = None;
        for server in servers {
            let known = self.known(&mut all, server, now);
            match known.rests_until.filter(|until| now < *until) {
                Some(until) => rest = Some(rest.map_or(until - now, |rest| rest.min(until - now))),
                None => return known.line.book(known.limit, ahead, now).map(Some),
            }
        }
        rest.map_or(Ok(None), Err)
    }

    /// Waits for a place at `server`; the caller bounds the time. Who goes `ahead`, such as a one-time code, gets the next one, however many
    /// others wait and for whose domains.
    pub(super) async fn enter(&self, server: &str, ahead: bool) -> Result<Place<'_>, Resting> {
        let mut waits: Option<Ahead<'_>> = None;
        loop {
            let now = Instant::now();
            let freed = {
                let mut servers = self.servers();
                let known = self.known(&mut servers, server, now);
                if known.rests_until.is_some_and(|until| now < until) {
                    return Err(Resting);
                }
                if known.open < known.limit && (ahead || known.ahead == 0) {
                    known.open = known.open.saturating_add(1);
                    known.used_at = now;
                    return Ok(Place { pool: self, server: server.to_owned(), since: now });
                }
                if ahead && waits.is_none() {
                    known.ahead = known.ahead.saturating_add(1);
                    waits = Some(Ahead { pool: self, server: server.to_owned() });
                }
                Arc::clone(if ahead { &known.freed_ahead } else { &known.freed }).notified_owned()
            };
            freed.await;
        }
    }
}

impl Server {
    fn new(most: u32, now: Instant) -> Self {
        let (freed, freed_ahead) = (Arc::default(), Arc::default());
        let limit = AT_FIRST.min(most);
        let (idle, line) = (Vec::new(), Line::default());
        Self { open: 0, limit, failures: 0, rests_until: None, used_at: now, idle, ahead: 0, freed, freed_ahead, line }
    }

    /// It took a message: it may be given one session more.
    fn bears(&mut self, most: u32) {
        self.failures = 0;
        self.rests_until = None;
        self.limit = self.limit.saturating_add(1).min(most);
    }

    /// It was not there, or wanted no more: half as many, after a rest that doubles.
    fn shrinks_back(&mut self, now: Instant) {
        self.limit = (self.limit / 2).max(1);
        let rest = FIRST_REST.saturating_mul(1 << self.failures.min(10)).min(LONGEST_REST);
        self.failures = self.failures.saturating_add(1);
        self.rests_until = Some(now + rest);
        self.idle.clear();
    }
}

impl Place<'_> {
    /// A session that was kept under `mark`: one whose peer was verified in the same way.
    pub(super) fn kept(&self, mark: u64) -> Option<Session> {
        let mut servers = self.pool.servers();
        let known = servers.get_mut(&self.server)?;
        known.idle.retain(|(_, session)| session.idle_since.elapsed() < IDLE_TIME);
        let at = known.idle.iter().rposition(|(kept, _)| *kept == mark)?;
        Some(known.idle.swap_remove(at).1)
    }

    /// The server took a message over `session`, which is kept for the next one.
    pub(super) fn took(&self, mark: u64, session: Session) {
        let mut servers = self.pool.servers();
        let idle: usize = servers.values().map(|known| known.idle.len()).sum();
        if idle >= IDLE_SESSIONS {
            for known in servers.values_mut() {
                known.idle.retain(|(_, session)| session.idle_since.elapsed() < IDLE_TIME / 4);
            }
        }
        let Some(known) = servers.get_mut(&self.server) else { return };
        known.bears(self.pool.most);
        if idle < IDLE_SESSIONS && session.messages < MESSAGES_PER_SESSION {
            known.idle.push((mark, session));
        }
    }

    /// The server was not there, or wanted no more.
    pub(super) fn failed(&self) {
        if let Some(known) = self.pool.servers().get_mut(&self.server) {
            known.shrinks_back(Instant::now());
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(known) = self.pool.servers().get_mut(&self.server) {
            known.open = known.open.saturating_sub(1);
            known.line.moved(self.since.elapsed());
            let next = if known.ahead > 0 { &known.freed_ahead } else { &known.freed };
            next.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_gets_so_many_sessions_and_the_next_waits_for_one_to_end() {
        let pool = Pool::new(2);
        let (first, _second) =
            (pool.enter("mx.test", false).await.unwrap(), pool.enter("mx.test", false).await.unwrap());
        let mut third = std::pin::pin!(pool.enter("mx.test", false));
        let mut waits = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(third.as_mut().poll(&mut waits).is_pending());
        assert!(pool.enter("other.test", false).await.is_ok(), "another server is another queue");
        drop(first);
        assert!(third.await.is_ok());
    }

    #[tokio::test]
    async fn who_goes_ahead_has_the_next_session_and_the_others_go_on_after_that_also_when_nobody_waited_to_the_end() {
        let pool = Pool::new(1);
        let first = pool.enter("mx.test", false).await.unwrap();
        let mut waits = std::task::Context::from_waker(std::task::Waker::noop());
        let mut line: Vec<_> = (0..50).map(|_| Box::pin(pool.enter("mx.test", false))).collect();
        assert!(line.iter_mut().all(|one| one.as_mut().poll(&mut waits).is_pending()));
        let mut gives_up = Box::pin(pool.enter("mx.test", true));
        assert!(gives_up.as_mut().poll(&mut waits).is_pending());
        let mut code = Box::pin(pool.enter("mx.test", true));
        assert!(code.as_mut().poll(&mut waits).is_pending());
        drop(first);
        assert!(line.iter_mut().all(|one| one.as_mut().poll(&mut waits).is_pending()), "it is the code's");
        drop(gives_up);
        let code = code.await.unwrap();
        drop(code);
        let mut through = 0;
        for one in line {
            drop(tokio::time::timeout(Duration::from_secs(5), one).await.expect("nobody is forgotten").unwrap());
            through += 1;
        }
        assert_eq!(through, 50);
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_rests_and_is_met_with_less() {
        let pool = Pool::new(8);
        pool.enter("mx.test", false).await.unwrap().failed();
        assert_eq!(pool.enter("mx.test", false).await.unwrap_err(), Resting);
        assert_eq!(pool.servers()["mx.test"].limit, AT_FIRST / 2);
    }

    #[tokio::test]
    async fn who_comes_to_a_server_that_rests_is_told_for_how_long_unless_another_of_the_same_domain_does_not() {
        let pool = Pool::new(8);
        assert!(pool.book(std::iter::empty(), false).unwrap().is_none(), "nobody knows the servers yet");
        pool.enter("mx1.test", false).await.unwrap().failed();
        let told = pool.book(["mx1.test"].into_iter(), true).unwrap_err();
        assert!(told <= FIRST_REST && told > FIRST_REST / 2, "a code waits for it too: {told:?}");
        assert!(pool.book(["mx1.test", "mx2.test"].into_iter(), false).unwrap().is_some());
        pool.servers().get_mut("mx1.test").unwrap().rests_until = Some(Instant::now());
        assert!(pool.book(["mx1.test"].into_iter(), false).unwrap().is_some());
    }

    #[test]
    fn rests_double_and_stop_growing_and_what_is_taken_ends_them() {
        let now = Instant::now();
        let mut server = Server::new(8, now);
        let rests: Vec<u64> = (0..9)
            .map(|_| {
                server.shrinks_back(now);
                (server.rests_until.unwrap() - now).as_secs()
            })
            .collect();
        assert_eq!(rests, [2, 4, 8, 16, 32, 64, 120, 120, 120]);
        assert_eq!(server.limit, 1);
        for _ in 0..20 {
            server.bears(8);
        }
        assert_eq!((server.limit, server.failures, server.rests_until), (8, 0, None));
    }
}
