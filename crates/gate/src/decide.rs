//! Every rule on every candidate, every reason kept.

use crate::candidate::{self, Candidate, PortalCopy};
use crate::decision::{Alert, Decision, Obligation, Refusal, RuleId, RuleResult, Verdict, WaitingFor};
use crate::facts::{Ehr, Facts};
use crate::finding::{Against, Bar, Finding, deny};
use crate::permit::{Binding, Permit, TransportFloor};
use crate::plan::{self, Plan};
use crate::policy::Policy;
use crate::reference::{LETTER_SOONEST, LETTER_UNDER_WAY};
use crate::remedy::Remedy;
use crate::request::Request;
use crate::rules::roster::{self, RuleSet};
use crate::rules::{self, Rule};
use crate::turns;
use crate::view::View;
use jiff::{SignedDuration, Timestamp, ToSpan};
use postern_base::{Channel, EmailMode, Form};
use std::borrow::Cow;

/// A candidate and what came of it.
#[derive(Debug)]
pub(crate) struct Evaluated<'a> {
    pub(crate) candidate: Candidate<'a>,
    /// The strongest bar any rule put before it.
    pub(crate) bar: Bar,
    /// The last instant any rule defers it to.
    pub(crate) until: Option<Timestamp>,
    /// What it waits for besides.
    pub(crate) waiting_for: Option<WaitingFor>,
    /// Some rule leaves it to a person, whatever others say.
    held: bool,
    /// It could come only when the message is worthless.
    pub(crate) late: bool,
    /// When what a person may do now ends.
    pub(crate) ends: Option<End>,
}

/// From when on a rule stands against what a person may do now, and what it says (docs/decisions/0049).
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) at: Timestamp,
    rule: RuleId,
    sentence: String,
}

impl<'a> Evaluated<'a> {
    /// Nothing came of it yet.
    const fn of(candidate: Candidate<'a>) -> Self {
        Self { candidate, bar: Bar::Clear, until: None, waiting_for: None, held: false, late: false, ends: None }
    }

    /// It may go, now or later.
    pub(crate) fn stands(&self) -> bool {
        self.bar <= Bar::Wait && self.waiting_for.is_none()
    }

    /// What it is to the notices and calls beside it, when it is the portal copy.
    fn as_copy(&self) -> PortalCopy {
        match self.held {
            _ if self.stands() => PortalCopy::Stands,
            true => PortalCopy::Held,
            false => PortalCopy::Missing,
        }
    }
}

/// Everything the rules said.
#[derive(Debug)]
pub(crate) struct Reasons {
    refusals: Vec<Refusal>,
    alerts: Vec<Alert>,
    verdicts: [Verdict; rules::COUNT],
    /// The rules that oblige somebody for at least one candidate.
    obliging: [bool; rules::COUNT],
    /// The rules that are asked of the next candidate: those in force that can bear on the message, less those of the message
    /// that have spoken.
    asked: RuleSet,
}

impl Reasons {
    pub(crate) fn new(view: &View<'_>) -> Self {
        Self::asking(roster::of(view))
    }

    /// Nothing yet, of the rules in `asked`.
    pub(crate) fn asking(asked: RuleSet) -> Self {
        Self {
            refusals: Vec::with_capacity(16),
            alerts: Vec::new(),
            verdicts: [Verdict::NotApplicable; rules::COUNT],
            obliging: [false; rules::COUNT],
            asked,
        }
    }

    fn alert(&mut self, rule: &'static str, sentence: Cow<'static, str>) {
        let alert = Alert { rule, sentence };
        if !self.alerts.contains(&alert) {
            self.alerts.push(alert);
        }
    }

    /// Runs every rule that can bear on it on a candidate, and once more as of when it may go, where that is later.
    fn evaluate<'a, E: Ear>(
        &mut self,
        candidate: Candidate<'a>,
        course: &mut Course<'a>,
        ear: &mut E,
    ) -> Evaluated<'a> {
        let view = course.view;
        let places = self.asked.and(roster::on(candidate.channel));
        let mut evaluated = self.evaluate_in(view, candidate, places, ear);
        if matches!(candidate.form, Form::Notice | Form::Callback) {
            // A notice of something that is not in the portal yet would send the patient to an empty page, and who is asked to call
            // would ask for it.
            evaluated.until = evaluated.until.max(course.copy_from);
        }
        self.foresee(&mut evaluated, course, ear);
        self.arrive(&mut evaluated, course, ear);
        self.too_late(view, &mut evaluated, ear);
        if candidate.channel.is_human_task() && !candidate.placeholder && evaluated.stands() {
            evaluated.ends = end(&evaluated, course);
        }
        evaluated
    }

    /// Runs the rules at `places`, in their order, on a candidate. What comes of it does not depend on the order.
    pub(crate) fn evaluate_in<'a, E: Ear>(
        &mut self,
        view: &View<'a>,
        candidate: Candidate<'a>,
        places: impl Iterator<Item = usize>,
        ear: &mut E,
    ) -> Evaluated<'a> {
        let mut evaluated = Evaluated::of(candidate);
        ear.turns_to_next();
        for place in places {
            let Some(check) = roster::check(place) else { continue };
            let finding = check(view, &candidate);
            self.verdict(place, finding.verdict());
            ear.hears(place, &finding);
            // Most rules have nothing more to say: one branch that is nearly always the same.
            if finding.speaks() {
                self.keep(place, finding, &mut evaluated);
            } else if !E::LISTENS && roster::is_of_the_message(place) {
                // A rule of the message that holds would say so of every candidate: it is asked once, unless somebody listens.
                self.asked.remove(place);
            }
        }
        evaluated
    }

    /// Asks the rules again of what waits, as of the instant at which it may go: a consent, an agreement or what a parent may do can end
    /// before it, and a denial begin (docs/decisions/0045). What they say then only adds to what they say now.
    fn foresee<'a, E: Ear>(&mut self, evaluated: &mut Evaluated<'a>, course: &mut Course<'a>, ear: &mut E) {
        let view = course.view;
        for _ in 0..MOMENTS {
            let Some(at) = plan::not_before(view, evaluated).filter(|_| evaluated.stands()) else { return };
            let then = course.as_of(at);
            let candidate = candidate::seen_by(then, &evaluated.candidate);
            evaluated.candidate.vendor = candidate::vendor(then, candidate.channel);
            let mut moves = false;
            for place in roster::of(then).and(roster::on(candidate.channel)) {
                let (Some(rule), Some(check)) = (rules::ALL.get(place), roster::check(place)) else { continue };
                let Finding::Against(mut against) = check(then, &candidate) else { continue };
                // That it comes too late is said with both instants, once this is known; and what waits until then waits no longer.
                let waited = against.bar == Bar::Wait && against.until.is_some_and(|until| until <= at);
                if waited || rule.id == rules::STILL_TRUE.id {
                    continue;
                }
                moves |= against.until > Some(at);
                against.sentence = view.says_then(at, &against.sentence).into();
                let finding = Finding::Against(against.clone());
                self.verdict(place, finding.verdict());
                ear.hears(place, &finding);
                self.against(rule, evaluated, against);
            }
            if !moves {
                return;
            }
        }
    }

    /// Asks the rules of a letter again, as of the instant until which it may be under way: nobody calls it back. What they say then only
    /// adds to what they say now (docs/decisions/0049).
    fn arrive<'a, E: Ear>(&mut self, evaluated: &mut Evaluated<'a>, course: &mut Course<'a>, ear: &mut E) {
        let (view, channel) = (course.view, evaluated.candidate.channel);
        let Some(at) = arrival(view, evaluated, LETTER_UNDER_WAY).filter(|_| evaluated.stands()) else { return };
        let then = course.as_of(at);
        let candidate = candidate::seen_by(then, &evaluated.candidate);
        for place in roster::of(then).and(roster::on(channel)) {
            let Some((rule, mut against)) = barred(then, &candidate, place) else { continue };
            // Whether it comes too late is asked of the visit alone, and said with both instants.
            if rule.id == rules::STILL_TRUE.id {
                continue;
            }
            against.sentence = view.says_under_way(at, &against.sentence).into();
            let finding = Finding::Against(against.clone());
            self.verdict(place, finding.verdict());
            ear.hears(place, &finding);
            self.against(rule, evaluated, against);
        }
    }

    /// Keeps what a rule says besides its verdict.
    #[inline(never)]
    fn keep(&mut self, index: usize, finding: Finding, evaluated: &mut Evaluated<'_>) {
        let Some(rule) = rules::ALL.get(index) else { return };
        match finding {
            Finding::Alerts(sentence) => self.alert(rule.id, sentence),
            Finding::Against(against) => self.against(rule, evaluated, against),
            Finding::Obliges(_) => {
                if let Some(obliging) = self.obliging.get_mut(index) {
                    *obliging = true;
                }
            }
            Finding::NotApplicable | Finding::Satisfied => {}
        }
    }

    /// Keeps a rule's strongest verdict.
    fn verdict(&mut self, index: usize, verdict: Verdict) {
        if let Some(strongest) = self.verdicts.get_mut(index) {
            *strongest = (*strongest).max(verdict);
        }
    }

    /// Keeps a reason against a candidate.
    fn against(&mut self, rule: &Rule, evaluated: &mut Evaluated<'_>, against: Against) {
        evaluated.bar = evaluated.bar.max(against.bar);
        evaluated.held |= against.bar == Bar::Person;
        evaluated.until = evaluated.until.max(against.until);
        evaluated.waiting_for = evaluated.waiting_for.or(against.waiting_for);
        if against.alert {
            self.alert(rule.id, against.sentence.clone());
        }
        self.refusals.push(Refusal {
            channel: evaluated.candidate.channel,
            contact_point: evaluated.candidate.address.clone(),
            mode: evaluated.candidate.mode,
            form: evaluated.candidate.form,
            effect: against.effect,
            rule: rule.id,
            citation: against.citation.unwrap_or(rule.citation),
            sentence: against.sentence,
        });
    }

    /// A candidate that could go only when the message is worthless does not stand.
    fn too_late(&mut self, view: &View<'_>, evaluated: &mut Evaluated<'_>, ear: &mut impl Ear) {
        let (from, letter) = (plan::not_before(view, evaluated), arrival(view, evaluated, LETTER_SOONEST));
        let visit = rules::begins(view);
        let after = |at: Option<Timestamp>, end| at.zip(end).filter(|(at, end)| end <= at);
        // How long the message lives besides the visit is its sender's to say, and no measure of a letter.
        let late = match (after(from, rules::worthless_from(view)), after(letter, visit)) {
            (Some((from, worthless)), _) => deny(view.says_too_late(from, worthless)),
            (None, Some((soonest, _))) => deny(view.says_letter_late(soonest)),
            (None, None) => return,
        };
        let finding = match after(from.max(letter), visit) {
            Some(_) => {
                late.for_good("The visit does not wait; until it begins a person may call, which is a task for people.")
            }
            None => late.lifted_by(&[Remedy::ExtendExpiry]),
        };
        let Some(index) = rules::ALL.iter().position(|rule| rule.id == rules::STILL_TRUE.id) else { return };
        evaluated.late = evaluated.stands();
        self.verdict(index, finding.verdict());
        ear.hears(index, &finding);
        if let Finding::Against(against) = finding {
            self.against(&rules::STILL_TRUE, evaluated, against);
        }
    }
}

/// What stands against a candidate at a place of the catalogue, where no wait lifts it.
fn barred(view: &View<'_>, candidate: &Candidate<'_>, place: usize) -> Option<(&'static Rule, Against)> {
    let (rule, check) = (rules::ALL.get(place)?, roster::check(place)?);
    match check(view, candidate) {
        Finding::Against(against) if against.bar > Bar::Wait => Some((rule, against)),
        _ => None,
    }
}

/// When a letter is there that takes so long; `None` of everything else.
fn arrival(view: &View<'_>, evaluated: &Evaluated<'_>, takes: SignedDuration) -> Option<Timestamp> {
    let posted = plan::not_before(view, evaluated).unwrap_or(view.now);
    (evaluated.candidate.channel == Channel::Mail).then_some(posted)?.checked_add(takes).ok()
}

/// When what a person may do now ends, as far as the record has a day for it.
fn end<'a>(evaluated: &Evaluated<'a>, course: &mut Course<'a>) -> Option<End> {
    let (view, candidate) = (course.view, &evaluated.candidate);
    let from = plan::not_before(view, evaluated).unwrap_or(view.now);
    turns::after(view, candidate, from).into_iter().find_map(|at| {
        let then = course.as_of(at);
        let seen = candidate::seen_by(then, candidate);
        let mut asked = roster::of(then).and(roster::on(candidate.channel));
        let (rule, against) = asked.find_map(|place| barred(then, &seen, place))?;
        Some(End { at, rule: rule.id, sentence: view.says_before(at, &against.sentence) })
    })
}

/// Who listens to every rule on every candidate. Sending needs nobody to: `()` hears nothing and costs nothing.
pub(crate) trait Ear {
    /// Whether it must hear a rule that says the same of every candidate of each.
    const LISTENS: bool = true;
    /// The rules turn to the next candidate.
    fn turns_to_next(&mut self) {}
    /// The rule at `index` of the catalogue said `finding` of it.
    fn hears(&mut self, _index: usize, _finding: &Finding) {}
}

impl Ear for () {
    const LISTENS: bool = false;
}

/// How often a candidate is judged as of a later instant: each time some rule may ask for a still later one.
const MOMENTS: usize = 8;

/// What is known on the way through the candidates of one decision.
struct Course<'a> {
    view: &'a View<'a>,
    /// When the portal copy may be read, where that is later.
    copy_from: Option<Timestamp>,
    /// The facts as of the last later instant that was asked about: most of what waits, waits for the same.
    then: Option<View<'a>>,
}

impl<'a> Course<'a> {
    fn as_of(&mut self, at: Timestamp) -> &View<'a> {
        let known = self.then.take().filter(|then| then.now == at);
        self.then.insert(known.unwrap_or_else(|| self.view.as_of(at)))
    }
}

/// Every candidate, judged.
#[derive(Debug)]
pub(crate) struct Survey<'a> {
    pub(crate) portal: Option<Evaluated<'a>>,
    pub(crate) contacts: Vec<Evaluated<'a>>,
}

impl<'a> Survey<'a> {
    /// The portal copy, then every contact, as the ear heard them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Evaluated<'a>> {
        self.portal.iter().chain(&self.contacts)
    }
}

/// Judges every candidate.
pub(crate) fn survey<'a>(view: &'a View<'a>, reasons: &mut Reasons, ear: &mut impl Ear) -> Survey<'a> {
    let mut course = Course { view, copy_from: None, then: None };
    let portal = candidate::portal(view).map(|candidate| reasons.evaluate(candidate, &mut course, ear));
    course.copy_from = portal.as_ref().filter(|copy| copy.stands()).and_then(|copy| plan::not_before(view, copy));
    let copy = portal.as_ref().map_or(PortalCopy::Missing, Evaluated::as_copy);
    let candidates = candidate::contacts(view, copy);
    let mut contacts = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        contacts.push(reasons.evaluate(candidate, &mut course, ear));
    }
    if portal.is_none() && contacts.is_empty() {
        // Not one way to reach anybody: the rules still say everything that stands against it.
        contacts.push(reasons.evaluate(candidate::placeholder(view), &mut course, ear));
    } else {
        miss(view, &contacts, reasons);
    }
    Survey { portal, contacts }
}

/// Says of every channel that was asked for, and that the record holds nothing to reach by, that it is so. It stands for no way, so that
/// nothing is planned or advised by it.
fn miss(view: &View<'_>, contacts: &[Evaluated<'_>], reasons: &mut Reasons) {
    let found: Vec<Channel> = contacts.iter().map(|one| one.candidate.channel).collect();
    let missing = candidate::missing(view, &found);
    if missing.is_empty() {
        return;
    }
    let Some((place, rule)) = rules::ALL.iter().enumerate().find(|(_, rule)| rule.id == rules::IN_USE.id) else {
        return;
    };
    for channel in missing {
        let mut nobody = Evaluated::of(Candidate { channel, ..candidate::placeholder(view) });
        if let Finding::Against(against) = (rule.check)(view, &nobody.candidate) {
            reasons.verdict(place, against.verdict);
            reasons.against(rule, &mut nobody, against);
        }
    }
}

/// What a person is told where the portal copy stands alone and every contact would come too late.
const MISSED: &str = "No message reaches the patient in time, and no call is planned; somebody must see to it that they learn of it before it is over.";

/// The plan with its reasons.
pub(crate) fn conclude(view: &View<'_>, mut reasons: Reasons, plan: Plan<'_>) -> Decision {
    let mut obligations = Vec::new();
    for chosen in &plan.chosen {
        oblige(view, &chosen.candidate, &reasons.obliging, &mut obligations);
        let ends = chosen.ends.as_ref();
        obligations.extend(ends.map(|end| Obligation { rule: end.rule, what: end.sentence.clone().into() }));
    }
    if plan.missed {
        reasons.alert(rules::STILL_TRUE.id, MISSED.into());
    }
    Decision {
        outcome: plan.outcome,
        deliveries: plan.deliveries,
        refusals: reasons.refusals,
        obligations,
        alerts: reasons.alerts,
        rules: rules::ALL
            .iter()
            .zip(reasons.verdicts)
            .map(|(rule, verdict)| RuleResult { rule: rule.id, verdict })
            .collect(),
        waiting_for: plan.waiting_for,
        advisory: view.facts.ehr == Ehr::NotAsked,
    }
}

/// Decides. Total: every input has an answer, and a missing fact is never read as leave.
#[must_use]
pub fn decide(request: &Request, facts: &Facts, policy: &Policy) -> Decision {
    let view = View::new(request, facts, policy);
    let mut reasons = Reasons::new(&view);
    let found = survey(&view, &mut reasons, &mut ());
    let plan = plan::choose(&view, found.portal.as_ref(), &found.contacts);
    conclude(&view, reasons, plan)
}

/// Every channel, e-mail mode and form that stands, the plan aside: for the table of the whole policy.
#[cfg(test)]
pub(crate) fn standing(
    request: &Request,
    facts: &Facts,
    policy: &Policy,
) -> Vec<(Channel, Option<EmailMode>, postern_base::Form)> {
    let view = View::new(request, facts, policy);
    let found = survey(&view, &mut Reasons::new(&view), &mut ());
    let stand = found.all().filter(|e| e.stands() && !e.candidate.placeholder);
    stand.map(|e| (e.candidate.channel, e.candidate.mode, e.candidate.form)).collect()
}

/// What must be done for a chosen delivery to be lawful.
fn oblige(
    view: &View<'_>,
    candidate: &Candidate<'_>,
    obliging: &[bool; rules::COUNT],
    obligations: &mut Vec<Obligation>,
) {
    for (rule, obliges) in rules::ALL.iter().zip(obliging) {
        if *obliges && let Finding::Obliges(what) = (rule.check)(view, candidate) {
            let obligation = Obligation { rule: rule.id, what };
            if !obligations.contains(&obligation) {
                obligations.push(obligation);
            }
        }
    }
}

/// Decides on fresh facts and, when the plan holds a delivery on `channel` that may go now, mints the permit for it.
///
/// The permit names the content by the commitment of the rendition that was judged: where nothing was committed to, as in
/// `explain`, there is no permit. A decision that did not read the EHR does not bind, and mints none.
///
/// # Errors
/// The decision itself, when its plan has no such delivery now.
pub fn admit(
    request: &Request,
    facts: &Facts,
    policy: &Policy,
    binding: Binding,
    channel: Channel,
) -> Result<(Permit, Decision), Box<Decision>> {
    let decision = decide(request, facts, policy);
    if decision.advisory {
        return Err(Box::new(decision));
    }
    match mint(request, facts, policy, binding, channel, &decision) {
        Some(permit) => Ok((permit, decision)),
        None => Err(Box::new(decision)),
    }
}

fn mint(
    request: &Request,
    facts: &Facts,
    policy: &Policy,
    binding: Binding,
    channel: Channel,
    decision: &Decision,
) -> Option<Permit> {
    let delivery = decision.deliveries.iter().find(|d| d.channel == channel && d.not_before.is_none())?;
    let of = |c: Option<Channel>| facts.renditions.iter().find(|r| r.form == delivery.form && r.channel == c);
    let rendition = of(Some(channel)).or_else(|| of(None))?;
    let view = View::new(request, facts, policy);
    let lifetime = facts.now.checked_add(Permit::LIFETIME_SECONDS.seconds()).ok()?;
    // RULES TCP-06: what is sent at the last moment of the window must not arrive after it. SEC-18: an emergency that is over
    // lifts nothing.
    let ends = [request.expires_at, view.closes(channel, &delivery.contact_point), view.glass_mends()];
    Some(Permit {
        binding,
        channel,
        contact_point: delivery.contact_point.clone(),
        mode: delivery.mode,
        form: delivery.form,
        level: delivery.level,
        commitment: rendition.commitment?,
        vendor: delivery.vendor.clone()?,
        floor: floor(channel, delivery.mode),
        rules_version: crate::RULES_VERSION,
        policy_version: policy.version.clone(),
        not_after: ends.into_iter().flatten().fold(lifetime, Timestamp::min),
    })
}

/// The least protection of the session that carries a delivery.
const fn floor(channel: Channel, mode: Option<EmailMode>) -> TransportFloor {
    match (channel, mode) {
        (Channel::Portal | Channel::Chat, _) => TransportFloor::InProcess,
        // RULES SEC-27: an enforced-TLS body travels only over a session that MTA-STS or DANE enforces.
        (Channel::Email, Some(EmailMode::EnforcedTls)) => TransportFloor::EnforcedTls,
        // 45 CFR 164.524(c)(2)(ii): in the form and format that the person asked for.
        (Channel::Email, Some(EmailMode::Plain)) => TransportFloor::Plain,
        _ => TransportFloor::VerifiedTls,
    }
}
