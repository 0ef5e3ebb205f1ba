//! Where a patient has asked for silence, as the rules about STOP hear it: for the page on which they see it and take it back.

use crate::facts::{Address, Facts};
use crate::policy::Policy;
use crate::request::Request;
use crate::view::View;

/// What was said of one contact point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// The contact point.
    pub point: Address,
    /// Words that mean stop stand: said there, or elsewhere and meant for it (47 CFR 64.1200(a)(10)).
    pub stopped: bool,
    /// Words that may mean it, which a person has not read yet.
    pub unclear: bool,
}

/// What the recipient of `request` said of each of their contact points, in the order of the record.
#[must_use]
pub fn silences(request: &Request, facts: &Facts, policy: &Policy) -> Vec<Silence> {
    let view = View::new(request, facts, policy);
    let told = view.points.iter().map(|seen| Silence {
        point: seen.point.value.clone(),
        stopped: seen.stopped.by_message,
        unclear: seen.stopped.perhaps,
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Case;
    use postern_base::Channel;

    fn after(said: &[(&str, Channel, &str)]) -> Vec<Silence> {
        let mut case = Case::reminder_by_sms();
        for (minute, (from, channel, text)) in (1..).zip(said) {
            let at = case.facts.now.checked_sub(jiff::SignedDuration::from_mins(60 - minute)).unwrap();
            case.hears(at, *channel, from, text);
        }
        silences(&case.request, &case.facts, &Policy::default())
    }

    #[test]
    fn a_stop_is_seen_where_it_is_heard_and_start_takes_it_back_there() {
        let by_text = ("+12125550101", Channel::Sms, "STOP");
        let stopped = |all: Vec<Silence>| all.iter().map(|one| one.stopped).collect::<Vec<_>>();
        assert_eq!(stopped(after(&[])), [false, false, false]);
        assert!(stopped(after(&[by_text]))[0]);
        let in_the_portal = ("Patient/p1", Channel::Portal, "stop");
        assert_eq!(stopped(after(&[in_the_portal])), [true, true, true], "a bare word in the portal means them all");
        let again = ("+12125550101", Channel::Portal, "START");
        assert!(!stopped(after(&[in_the_portal, again]))[0]);
        assert!(after(&[("+12125550101", Channel::Sms, "should I stop?")])[0].unclear);
    }
}
