//! Who may come in: connections at once, in all and from one network, and how many a minute from one network.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_secs(60);

/// How many may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crowd {
    /// Connections at once.
    pub(super) open: usize,
    /// Connections at once from one network.
    pub(super) open_per_network: usize,
    /// New connections a minute from one network.
    pub(super) per_minute: usize,
}

#[derive(Debug, Default)]
struct Inside {
    open: usize,
    networks: HashMap<IpAddr, Visits>,
}

#[derive(Debug)]
struct Visits {
    open: usize,
    since: Instant,
    count: usize,
}

/// The doors.
#[derive(Debug, Clone)]
pub(super) struct Doors {
    crowd: Crowd,
    inside: Arc<Mutex<Inside>>,
}

/// Somebody is inside for as long as this is held.
#[derive(Debug)]
pub(super) struct Guest {
    doors: Doors,
    network: IpAddr,
}

impl Doors {
    pub(super) fn new(crowd: Crowd) -> Self {
        Self { crowd, inside: Arc::default() }
    }

    /// Lets a connection in, or not.
    pub(super) fn enter(&self, from: IpAddr, now: Instant) -> Option<Guest> {
        let network = network(from);
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.open >= self.crowd.open {
            return None;
        }
        // Whoever has left and was quiet for a minute is forgotten, so that the table is as small as the traffic.
        inside.networks.retain(|_, visits| visits.open > 0 || now.duration_since(visits.since) < MINUTE);
        let inside = &mut *inside;
        let visits = inside.networks.entry(network).or_insert(Visits { open: 0, since: now, count: 0 });
        if now.duration_since(visits.since) >= MINUTE {
            (visits.since, visits.count) = (now, 0);
        }
        // house: once half is taken, each network has one: few addresses cannot keep everybody else out.
        let share = if inside.open >= self.crowd.open.div_ceil(2) { 1 } else { self.crowd.open_per_network };
        if visits.open >= share || visits.count >= self.crowd.per_minute {
            return None;
        }
        visits.open = visits.open.saturating_add(1);
        visits.count = visits.count.saturating_add(1);
        inside.open = inside.open.saturating_add(1);
        Some(Guest { doors: self.clone(), network })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut inside = self.doors.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.open = inside.open.saturating_sub(1);
        if let Some(visits) = inside.networks.get_mut(&self.network) {
            visits.open = visits.open.saturating_sub(1);
        }
    }
}

/// One address of version 4, and the 64 bits of version 6 that one subscriber holds.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CROWD: Crowd = Crowd { open: 3, open_per_network: 2, per_minute: 4 };

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_network_takes_no_more_than_its_share_and_all_together_no_more_than_there_is() {
        let (doors, now) = (Doors::new(CROWD), Instant::now());
        let first = doors.enter(ip("2001:db8::1"), now).unwrap();
        let _second = doors.enter(ip("2001:db8::2"), now).unwrap();
        assert!(doors.enter(ip("2001:db8::3"), now).is_none(), "the same subscriber");
        let _third = doors.enter(ip("192.0.2.1"), now).unwrap();
        assert!(doors.enter(ip("192.0.2.2"), now).is_none(), "full");
        drop(first);
        assert!(doors.enter(ip("::ffff:192.0.2.2"), now).is_some());
    }

    #[test]
    fn four_addresses_that_hold_all_they_can_leave_half_to_everybody_else() {
        let (doors, now) = (Doors::new(Crowd { open: 64, open_per_network: 8, per_minute: 60 }), Instant::now());
        let held =
            |address: &str| -> Vec<Guest> { std::iter::from_fn(|| doors.enter(ip(address), now)).take(60).collect() };
        let greedy: Vec<Vec<Guest>> = (1..=4).map(|n| held(&format!("192.0.2.{n}"))).collect();
        assert_eq!(greedy.iter().map(Vec::len).collect::<Vec<_>>(), [8; 4]);
        let others: Vec<Vec<Guest>> = (1..=32).map(|n| held(&format!("198.51.100.{n}"))).collect();
        assert!(others.iter().all(|guests| guests.len() == 1));
        assert!(held("203.0.113.1").is_empty());
    }

    #[test]
    fn who_comes_too_often_waits_a_minute() {
        let (doors, now) = (Doors::new(CROWD), Instant::now());
        for _ in 0..4 {
            assert!(doors.enter(ip("192.0.2.1"), now).is_some());
        }
        assert!(doors.enter(ip("192.0.2.1"), now).is_none());
        assert!(doors.enter(ip("192.0.2.1"), now + MINUTE).is_some());
        assert_eq!(doors.inside.lock().unwrap().networks.len(), 1);
    }
}
