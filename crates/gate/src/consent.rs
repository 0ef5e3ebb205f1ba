//! Reading Consents: which of them speaks for or against a contact point and a purpose now.
//!
//! A denial reaches as far as it can be read to reach, a permission only as far as it says (invariants 2 and 3).

use crate::facts::{ActReason, Address, Consent, ConsentKind, Provision, Ruling, System};
use crate::view::same_place;
use jiff::{SignedDuration, Timestamp};
use postern_base::Purpose;

/// What is asked of a Consent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query<'a> {
    /// The kind of contact point.
    pub(crate) system: System,
    /// The contact point.
    pub(crate) address: &'a Address,
    /// Why, by what the message is: a permission must cover it.
    pub(crate) purpose: Purpose,
    /// Why, as its caller calls it: a denial of either denies.
    pub(crate) asked_as: Purpose,
    /// When.
    pub(crate) now: Timestamp,
}

/// Where a contact point stands under all contact consents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// One denies it: deny wins.
    Denied,
    /// One permits it, none denies it.
    Permitted,
    /// One permitted it and was withdrawn or ran out, none permits it now.
    Lapsed,
    /// None speaks of it.
    Silent,
}

/// The codes of v3-ActReason that a purpose falls under (CASES, "Purpose → v3-ActReason").
pub(crate) const fn reasons(purpose: Purpose) -> &'static [ActReason] {
    use ActReason::{CareMgt, HMarkt, HOperat, HPaymt, PatAdmin, Treat};
    match purpose {
        Purpose::AppointmentReminder => &[PatAdmin, Treat],
        Purpose::Recall | Purpose::FollowUp => &[CareMgt, Treat],
        Purpose::TestResult | Purpose::Medication | Purpose::TreatmentUpdate => &[Treat],
        Purpose::Billing => &[HPaymt],
        Purpose::Survey => &[HOperat],
        Purpose::Marketing => &[HMarkt],
        Purpose::Emergency | Purpose::OneTimeCode | Purpose::ConsentConfirmation | Purpose::BreachNotice => {
            &[Treat, CareMgt, HPaymt, HOperat, PatAdmin]
        }
    }
}

/// Whether a provision is in force at `now`. A period that ends before it begins says nothing of when: what it permits is never
/// permitted, what it denies is always denied.
pub(crate) fn in_force(provision: &Provision, now: Timestamp) -> bool {
    if let (Some(from), Some(until)) = (provision.from, provision.until)
        && until < from
    {
        return provision.decision != Some(Ruling::Permit);
    }
    provision.from.is_none_or(|from| from <= now) && provision.until.is_none_or(|until| now < until)
}

/// 45 CFR 164.524(b)(2): thirty days to answer a request for access, and once thirty more with a written reason.
const ACCESS_ANSWERED_WITHIN: SignedDuration = SignedDuration::from_hours(24 * (30 + 30));

/// Whether a request for access that is in force waits for its answer at `now`: the patient set an end, or the time to answer it is not over.
/// Of one without a date nobody knows.
pub(crate) fn is_to_be_answered(request: &Consent, now: Timestamp) -> bool {
    let lately = request.given.is_some_and(|given| now.duration_since(given) <= ACCESS_ANSWERED_WITHIN);
    request.provision.until.is_some() || lately
}

/// Whether what a Consent permits was given by `now`: what is dated ahead proves nothing yet. What it denies counts from when it is known.
fn given_by(consent: &Consent, now: Timestamp) -> bool {
    consent.given.is_none_or(|given| given <= now)
}

/// Whether a Consent speaks at `now`: it is active, not dated ahead where it opens something, and no later one of its kind takes a
/// signature back.
pub(crate) fn speaks(consents: &[Consent], consent: &Consent, now: Timestamp) -> bool {
    let closes = matches!(
        consent.kind,
        ConsentKind::Restriction | ConsentKind::ConfidentialCommunication | ConsentKind::Unreadable
    ) || consent.provision.decision == Some(Ruling::Deny);
    consent.active && (closes || (given_by(consent, now) && !taken_back(consents, consent, now)))
}

/// 45 CFR 164.508(b)(5): "An individual may revoke an authorization … at any time, provided that the revocation is in writing"; 47 CFR
/// 64.1200(a)(10): so may a written consent be. A denial of the same kind that is not older, and that is not about other places, does it.
fn taken_back(consents: &[Consent], signed: &Consent, now: Timestamp) -> bool {
    if !matches!(signed.kind, ConsentKind::MarketingAuthorization | ConsentKind::MarketingTextConsent) {
        return false;
    }
    let permitted = &signed.provision;
    consents.iter().filter(|other| other.kind == signed.kind && other.active).any(|other| {
        let denied = &other.provision;
        let denies = denied.decision == Some(Ruling::Deny) && in_force(denied, now);
        let older = matches!((other.given, signed.given), (Some(denial), Some(signature)) if denial < signature);
        let elsewhere = apart(&denied.systems, &permitted.systems, PartialEq::eq)
            || apart(&denied.points, &permitted.points, same_place);
        denies && !older && !elsewhere
    })
}

/// Whether both lists name something and have nothing in common; an empty one stands for all.
fn apart<T>(one: &[T], other: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    !one.is_empty() && !other.is_empty() && !one.iter().any(|a| other.iter().any(|b| same(a, b)))
}

/// What `provision` rules on `query`: the innermost exception that matches, and a denial before a permission.
pub(crate) fn ruling(provision: &Provision, query: Query<'_>) -> Option<Ruling> {
    if !in_force(provision, query.now) {
        return None;
    }
    let exceptions = provision.exceptions.iter().filter_map(|exception| ruling(exception, query));
    let excepted = exceptions.fold(None, |so_far, next| match (so_far, next) {
        (Some(Ruling::Deny), _) | (_, Ruling::Deny) => Some(Ruling::Deny),
        (_, Ruling::Permit) => Some(Ruling::Permit),
    });
    let own = provision.decision.filter(|decision| reaches(provision, *decision, query));
    excepted.or(own)
}

fn reaches(provision: &Provision, decision: Ruling, query: Query<'_>) -> bool {
    let place = match decision {
        Ruling::Permit => names_point(provision, query),
        Ruling::Deny => names_place(provision, query),
    };
    place
        && is_for_all_data(provision, decision)
        && (names_purpose(provision, decision, query.purpose)
            || (decision == Ruling::Deny && names_purpose(provision, decision, query.asked_as)))
}

/// Leave for one kind of data is no leave for another, and of which kind a message is nobody can tell here. A denial stands for all.
fn is_for_all_data(provision: &Provision, decision: Ruling) -> bool {
    decision == Ruling::Deny || provision.labels.is_empty()
}

/// Whether the provision's channels and contact points include the queried one; empty = all.
pub(crate) fn names_point(provision: &Provision, query: Query<'_>) -> bool {
    let system = provision.systems.is_empty() || provision.systems.contains(&query.system);
    system && (provision.points.is_empty() || provision.points.contains(query.address))
}

/// The same for a denial, which reaches as far as it can be read to reach.
fn names_place(provision: &Provision, query: Query<'_>) -> bool {
    let system = provision.systems.is_empty() || provision.systems.contains(&query.system);
    system && (provision.points.is_empty() || provision.points.iter().any(|point| same_place(point, query.address)))
}

/// Whether the provision, read as `decision`, covers `purpose`.
pub(crate) fn names_purpose(provision: &Provision, decision: Ruling, purpose: Purpose) -> bool {
    let named = &provision.reasons;
    let listed = || reasons(purpose).iter().any(|reason| named.contains(reason));
    match decision {
        // A Consent without `purpose` covers all but marketing.
        Ruling::Permit if named.is_empty() => purpose != Purpose::Marketing,
        Ruling::Permit => listed(),
        // A denial without a purpose, or with one that nobody here understands, covers everything.
        Ruling::Deny => named.is_empty() || named.contains(&ActReason::Unknown) || listed(),
    }
}

/// Where the contact point stands under the patient's contact consents. What was permitted before somebody `said_wrong` that the place is
/// not the patient's permits nothing any more; what was denied stays denied.
pub(crate) fn standing(consents: &[Consent], query: Query<'_>, said_wrong: Option<Timestamp>) -> Standing {
    let mut found = Standing::Silent;
    for consent in consents.iter().filter(|c| c.kind == ConsentKind::ContactConsent) {
        let outlived = said_wrong.is_some_and(|said| consent.given.is_none_or(|given| given <= said));
        if !consent.active {
            if found == Standing::Silent && would_permit(&consent.provision, query) {
                found = Standing::Lapsed;
            }
            continue;
        }
        match ruling(&consent.provision, query) {
            Some(Ruling::Deny) => return Standing::Denied,
            Some(Ruling::Permit) if given_by(consent, query.now) && !outlived => found = Standing::Permitted,
            Some(Ruling::Permit) => {}
            None if found == Standing::Silent && would_permit(&consent.provision, query) => found = Standing::Lapsed,
            None => {}
        }
    }
    found
}

/// Whether the provision, its period aside, permits: a permission that was given and is over.
fn would_permit(provision: &Provision, query: Query<'_>) -> bool {
    let own = provision.decision == Some(Ruling::Permit) && reaches(provision, Ruling::Permit, query);
    own || provision.exceptions.iter().any(|exception| would_permit(exception, query))
}

/// Whether a Consent of `kind`, active and in force, permits for this contact point, whatever the purpose.
pub(crate) fn permits_point(consents: &[Consent], kind: ConsentKind, query: Query<'_>) -> bool {
    let mut permitted = false;
    for consent in consents.iter().filter(|c| c.kind == kind && c.active) {
        match point_ruling(&consent.provision, query) {
            Some(Ruling::Deny) => return false,
            Some(Ruling::Permit) => permitted |= given_by(consent, query.now),
            None => {}
        }
    }
    permitted
}

fn point_ruling(provision: &Provision, query: Query<'_>) -> Option<Ruling> {
    if !in_force(provision, query.now) {
        return None;
    }
    let mut excepted = None;
    for exception in &provision.exceptions {
        match point_ruling(exception, query) {
            Some(Ruling::Deny) => return Some(Ruling::Deny),
            Some(Ruling::Permit) => excepted = Some(Ruling::Permit),
            None => {}
        }
    }
    let own = |ruling: &Ruling| names_point(provision, query) && is_for_all_data(provision, *ruling);
    excepted.or_else(|| provision.decision.filter(own))
}

/// What a request for confidential communications (45 CFR 164.522(b)) says of a contact point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alternative {
    /// No such request is in force.
    NoRequest,
    /// Every request in force lists it.
    Listed,
    /// At least one does not list it, or forbids it.
    NotListed,
}

/// Whether a patient with these Consents asked not to be reached at a contact point (45 CFR 164.522(b)), for a reader of records who has
/// found that somebody else uses it too.
#[must_use]
pub fn closes(consents: &[Consent], system: System, address: &Address, now: Timestamp) -> bool {
    let purpose = Purpose::AppointmentReminder;
    let query = Query { system, address, purpose, asked_as: purpose, now };
    alternative(consents, query) == Alternative::NotListed
}

/// What every request for confidential communications in force says of the contact point; the strictest wins.
pub(crate) fn alternative(consents: &[Consent], query: Query<'_>) -> Alternative {
    let mut found = Alternative::NoRequest;
    let requests = consents.iter().filter(|c| c.kind == ConsentKind::ConfidentialCommunication && c.active);
    for provision in requests.map(|c| &c.provision).filter(|p| in_force(p, query.now)) {
        let allowed = if lists_any(provision) {
            lists(provision, query) && !forbids(provision, query)
        } else {
            // Without a list, only a denial that names what it forbids leaves anything allowed.
            forbids_any(provision) && !forbids(provision, query)
        };
        if !allowed {
            return Alternative::NotListed;
        }
        found = Alternative::Listed;
    }
    found
}

fn names_something(provision: &Provision) -> bool {
    !provision.systems.is_empty() || !provision.points.is_empty()
}

/// A permission that names nothing lists nothing: it is the frame around a list, or a request that cannot be read.
fn lists_any(provision: &Provision) -> bool {
    let own = provision.decision == Some(Ruling::Permit) && names_something(provision);
    own || provision.exceptions.iter().any(lists_any)
}

fn forbids_any(provision: &Provision) -> bool {
    let own = provision.decision == Some(Ruling::Deny) && names_something(provision);
    own || provision.exceptions.iter().any(forbids_any)
}

fn lists(provision: &Provision, query: Query<'_>) -> bool {
    let permits = provision.decision == Some(Ruling::Permit) && names_something(provision);
    // A place that was named for bills is named for nothing else.
    let for_this = provision.reasons.is_empty() || provision.reasons.iter().any(|r| reasons(query.purpose).contains(r));
    // RFC 5321 section 2.4 lets a mailbox tell large letters from small; no patient who lists one means another by it.
    let own = permits && for_this && names_place(provision, query);
    in_force(provision, query.now) && (own || provision.exceptions.iter().any(|e| lists(e, query)))
}

/// Whether a denial names this contact point itself (a bare denial of everything is the frame around the list).
fn forbids(provision: &Provision, query: Query<'_>) -> bool {
    let own = provision.decision == Some(Ruling::Deny) && names_something(provision) && names_place(provision, query);
    let excepted = provision.exceptions.iter().any(|e| lists(e, query));
    (own && !excepted) || provision.exceptions.iter().any(|e| forbids(e, query))
}
