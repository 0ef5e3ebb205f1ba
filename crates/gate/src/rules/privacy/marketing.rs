//! Marketing: what needs an authorization, and what is not marketing.

use crate::candidate::Candidate;
use crate::consent::{Query, in_force, ruling};
use crate::facts::{ActReason, Consent, ConsentKind, Provision, Ruling};
use crate::finding::{Finding, MISSING, deny, strip, unknown};
use crate::matrix::Mark;
use crate::remedy::Remedy;
use crate::request::{MarketingKind, Remuneration};
use crate::rules::privacy::restriction::system;
use crate::rules::privacy::signature::is_patients_or_representatives;
use crate::rules::scope::{Given, Scope};
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;
use postern_base::{Level, Purpose};

/// 45 CFR 164.508(a)(3)(i): "a covered entity must obtain an authorization for any use or disclosure of protected health information for
/// marketing", except face to face or by a gift of nominal value, which no message is.
pub(crate) const AUTHORIZATION: Rule = Rule {
    id: "PRI-08",
    citation: "45 CFR 164.508(a)(3)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Marketing that uses health information or is paid for travels only under a signed authorization in force that tells of any payment.",
    scope: Scope::ANY,
    check: authorization,
};

fn authorization(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(tells) = needed(view, candidate) else { return Finding::NotApplicable };
    let authorized = |consent: &Consent| covers_this(view, candidate, consent) && is_whole(view, consent, tells);
    // RULES section 2, `Xa`: denied unless the authorization names exactly this use; then the minimal text.
    if candidate.cell.has(Mark::ExactAuthorization) {
        let exactly = signed(view).any(|consent| authorized(consent) && describes_the_record(view, &consent.provision));
        return Finding::when(exactly, || {
            deny("An offer drawn from clinical data needs an authorization that names exactly this use of it: the record the offer is about.")
                .lifted_by(&[Remedy::SignAuthorization])
        });
    }
    Finding::when(signed(view).any(authorized), || {
        // Of several, the one that comes nearest is spoken of, whatever their order.
        let nearest = signed(view).map(|consent| miss(view, candidate, consent)).min();
        deny(match nearest {
            None => "Marketing needs the patient's signed authorization, in force, and telling of any payment; there is none on record.",
            Some(None) => "The patient's authorization for this marketing is on record, and it is not valid; have it signed anew.",
            Some(Some(miss)) => miss.sentence(),
        })
        .lifted_by(&[Remedy::SignAuthorization])
    })
}

/// Why an authorization does not speak of a use, the nearest miss first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Miss {
    Begin,
    End,
    Place,
    Purpose,
    Record,
}

impl Miss {
    const fn sentence(self) -> &'static str {
        match self {
            Self::Begin => {
                "The patient's authorization for marketing begins on a later day; wait for it, or have one signed that begins now."
            }
            Self::End => "The patient's authorization for marketing has run out; it takes a new one.",
            Self::Place => {
                "The patient's authorization for marketing does not name this way to reach them; use one it names, or have it signed for this one too."
            }
            Self::Purpose => {
                "The patient's authorization on record is for something else than marketing; it takes one for marketing."
            }
            Self::Record => {
                "The patient's authorization for marketing names the records it is for, and the one this offer is about is not among them."
            }
        }
    }
}

/// 45 CFR 164.508(b)(2): an authorization "is not valid, if" it lacks an element, has expired, was revoked, or is a condition of care.
pub(crate) const VALID_AUTHORIZATION: Rule = Rule {
    id: "PRI-11",
    citation: "45 CFR 164.508(b)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "An authorization that is relied on holds every element, is signed, has an end, and is no condition of care.",
    scope: Scope::ANY,
    check: valid_authorization,
};

fn valid_authorization(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(tells) = needed(view, candidate) else { return Finding::NotApplicable };
    let relied_on = || signed(view).filter(|consent| covers_this(view, candidate, consent));
    // Of several that are not valid, the one that lacks least is spoken of, whatever their order.
    match relied_on().map(|consent| lack(view, consent, tells)).min() {
        None => Finding::NotApplicable,
        Some(None) => Finding::Satisfied,
        Some(Some(lack)) => deny(lack.sentence()).lifted_by(&[Remedy::SignAuthorization]),
    }
}

/// What makes an authorization none, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lack {
    WordOfPayment,
    End,
    Signature,
    Element,
}

impl Lack {
    const fn sentence(self) -> &'static str {
        match self {
            Self::WordOfPayment => {
                "The authorization on record is not valid for this: it does not tell the patient that somebody pays for the message."
            }
            Self::End => "The authorization on record is not valid: it has no day on which it ends.",
            Self::Signature => {
                "The authorization on record is not valid: no signed document of the patient, or of who may sign for them, is with it."
            }
            Self::Element => {
                "The authorization on record is not valid: the record says that a part the law asks for is missing, or that care was made to depend on it."
            }
        }
    }
}

/// What the authorization that a message needs must tell the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tells {
    /// What is done.
    Use,
    /// That it is paid for, too.
    Payment,
}

/// The authorization that a message needs; `None` = it needs none.
fn needed(view: &View<'_>, candidate: &Candidate<'_>) -> Option<Tells> {
    let Some(offer) = view.request.marketing else {
        // 45 CFR 164.508(a)(3)(ii): "if the marketing involves financial remuneration": nobody said that it does not.
        return (view.purpose == Purpose::Marketing).then_some(Tells::Payment);
    };
    // 45 CFR 164.514(f)(1): fundraising for the practice itself needs none (PRI-13).
    if offer.kind == MarketingKind::Fundraising {
        return None;
    }
    // RULES section 2, `a`: asked where it is marketing, or drawn from the record. 45 CFR 164.501 "marketing" (2)(ii): what the practice
    // tells of its own services, unpaid, is none, and logistics at most draws on nothing.
    let cell_asks = candidate.cell.has(Mark::Authorization) || candidate.cell.has(Mark::ExactAuthorization);
    let draws_on_record = view.level.is_none_or(|level| level > Level::L1);
    if !(offer.is_marketing() || (cell_asks && draws_on_record)) {
        return None;
    }
    let paid = offer.remuneration != Remuneration::None;
    Some(if paid { Tells::Payment } else { Tells::Use })
}

/// Every authorization for marketing on record.
fn signed<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Consent> + use<'a> {
    view.active(ConsentKind::MarketingAuthorization)
}

/// Whether a valid authorization covers this, whatever it needs.
fn is_authorized(view: &View<'_>, candidate: &Candidate<'_>, tells: Tells) -> bool {
    signed(view).any(|consent| covers_this(view, candidate, consent) && is_whole(view, consent, tells))
}

/// 45 CFR 164.508(c)(1): whether an authorization describes what is used here (i), to whom it goes (iii), and for what (iv).
fn covers_this(view: &View<'_>, candidate: &Candidate<'_>, authorization: &Consent) -> bool {
    miss(view, candidate, authorization).is_none()
}

/// What an authorization does not speak of; `None` = it speaks of this very use.
fn miss(view: &View<'_>, candidate: &Candidate<'_>, authorization: &Consent) -> Option<Miss> {
    let provision = &authorization.provision;
    // (i): one that describes records covers those and no others; one that describes none covers what is no record.
    if !provision.data.is_empty() && !describes_the_record(view, provision) {
        return Some(Miss::Record);
    }
    if !in_force(provision, view.now) {
        return Some(if provision.from.is_some_and(|from| from > view.now) { Miss::Begin } else { Miss::End });
    }
    // (iii), (iv): it names marketing, and where it names channels or contact points no other is used. The portal reaches out to nobody.
    let names_marketing = provision.reasons.contains(&ActReason::HMarkt);
    let covers = if candidate.is_contact() {
        let (purpose, asked_as) = (Purpose::Marketing, Purpose::Marketing);
        let query = Query { purpose, asked_as, ..view.query(system(candidate), candidate.address) };
        ruling(provision, query) == Some(Ruling::Permit)
    } else {
        provision.decision == Some(Ruling::Permit) && names_marketing
    };
    (!covers).then_some(if names_marketing { Miss::Place } else { Miss::Purpose })
}

/// 45 CFR 164.508(c)(1)(i): a description of the information "in a specific and meaningful fashion": the authorization names the very
/// record that the offer is drawn from.
fn describes_the_record(view: &View<'_>, provision: &Provision) -> bool {
    view.request.event.as_ref().is_some_and(|record| provision.data.contains(record))
}

/// Whether an authorization holds what makes it one.
fn is_whole(view: &View<'_>, authorization: &Consent, tells: Tells) -> bool {
    lack(view, authorization, tells).is_none()
}

/// What an authorization lacks, the worst first; `None` = it is whole.
fn lack(view: &View<'_>, authorization: &Consent, tells: Tells) -> Option<Lack> {
    // 45 CFR 164.508(b)(2): nothing that makes it void.
    if authorization.defective {
        return Some(Lack::Element);
    }
    // 45 CFR 164.508(c)(1)(vi): the signature of who may sign, on a document that is there.
    if !is_patients_or_representatives(view, authorization) {
        return Some(Lack::Signature);
    }
    // 45 CFR 164.508(c)(1)(v): an expiration.
    if authorization.provision.until.is_none() {
        return Some(Lack::End);
    }
    // 45 CFR 164.508(a)(3)(ii): "the authorization must state that such remuneration is involved".
    (tells == Tells::Payment && !authorization.remuneration_disclosed).then_some(Lack::WordOfPayment)
}

/// 45 CFR 164.501 "marketing" (2)(i): a refill reminder is not marketing while any payment is "reasonably related to the …
/// cost"; HHS reads a drug as current for 90 days after it lapsed. What nobody pays for is treatment, however long ago (PRI-10).
pub(crate) const REFILL: Rule = Rule {
    id: "PRI-09",
    citation: "45 CFR 164.501",
    ground: Ground::Law,
    read: SourceRead::Read,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A refill reminder that is paid for is treatment while the drug is current and the payment does not exceed the cost.",
    scope: Scope::ANY.with(Given::Marketing),
    check: refill,
};

fn refill(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    match view.request.marketing {
        Some(facts) if facts.kind == MarketingKind::Refill => {
            Finding::when(!facts.is_marketing() || is_authorized(view, candidate, Tells::Payment), || {
                deny(match facts.remuneration {
                    Remuneration::AboveCost => "This is no refill reminder any more: more is paid for it than it costs.",
                    _ => "This is no refill reminder any more: it is paid for, and the drug lapsed more than 90 days ago.",
                })
                .lifted_by(&[Remedy::SignAuthorization])
            })
        }
        _ => Finding::NotApplicable,
    }
}

/// 45 CFR 164.501 "marketing" (2)(ii): treatment, coordination, alternatives and the practice's own services are not marketing,
/// "except where the covered entity receives financial remuneration".
pub(crate) const OWN_SERVICE: Rule = Rule {
    id: "PRI-10",
    citation: "45 CFR 164.501",
    ground: Ground::Law,
    read: SourceRead::Read,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "The practice tells of its own services and of treatment without an authorization only while nobody pays for it.",
    scope: Scope::ANY.with(Given::Marketing),
    check: own_service,
};

fn own_service(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    match view.request.marketing {
        Some(facts) if facts.kind == MarketingKind::OwnService => {
            Finding::when(!facts.is_marketing() || is_authorized(view, candidate, Tells::Payment), || {
                deny("Somebody pays for this message about the practice's own service, which makes it marketing.")
                    .lifted_by(&[Remedy::SignAuthorization])
            })
        }
        _ => Finding::NotApplicable,
    }
}

/// The kind of notice by which a patient who wants no fundraising is on record.
const FUNDRAISING: &str = "fundraising";

/// 45 CFR 164.514(f): fundraising uses no more than demographics and dates of care, tells in each message how to hear no more, and
/// stops at once for who said so. 45 CFR 164.502(a)(5)(ii): no sale of health information without an authorization that tells of it.
pub(crate) const FUNDRAISING_AND_SALE: Rule = Rule {
    id: "PRI-13",
    citation: "45 CFR 164.514(f); 45 CFR 164.502(a)(5)(ii)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Fundraising tells how to hear no more of it and stops for who said so; a sale of health information is no message of a machine.",
    scope: Scope::ANY.with(Given::Marketing),
    check: fundraising_and_sale,
};

fn fundraising_and_sale(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    match view.request.marketing.map(|facts| facts.kind) {
        Some(MarketingKind::Sale) => {
            deny("Health information is not given for payment by a message; a person sees to it, under an authorization of its own.")
                .for_good("A sale needs an authorization that tells of the payment, of its own; no record of one is read here.")
        }
        Some(MarketingKind::Fundraising) => fundraising(view, candidate),
        _ => Finding::NotApplicable,
    }
}

fn fundraising(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(history) = view.history else {
        return unknown("Whether the patient wants to hear of fundraising is not on record.").for_good(MISSING);
    };
    if history.notices.iter().any(|notice| notice.kind == FUNDRAISING && notice.objected) {
        return deny("The patient does not want to hear of fundraising.")
            .for_good("The patient said so, and nobody asks them again (45 CFR 164.514(f)(2)(iv)).");
    }
    if view.level.is_none_or(|level| level > Level::L1) {
        return deny("Fundraising uses nothing of the patient's care beyond dates and departments.")
            .for_good("Fundraising may use demographics, dates and departments, nothing of the care itself.");
    }
    let told = candidate.channel.is_human_task() || candidate.rendition.is_some_and(|text| text.says_opt_out);
    Finding::when(told, || {
        strip("Fundraising must tell how to hear no more of it; add the words.").lifted_by(&[Remedy::NameSender])
    })
}

/// 15 USC 7704(a): a commercial e-mail identifies itself, its sender and a way to opt out, with a postal address.
pub(crate) const COMMERCIAL_EMAIL: Rule = Rule {
    id: "EML-01",
    citation: "15 USC 7704",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A commercial e-mail names its sender, where they are, and how to opt out.",
    scope: Scope::ANY,
    check: commercial_email,
};

fn commercial_email(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if !candidate.cell.has(Mark::CanSpam) {
        return Finding::NotApplicable;
    }
    let named = candidate.rendition.filter(|text| text.names_sender);
    let Some(text) = named.filter(|text| text.says_opt_out) else {
        let lack = if named.is_some() { "a way to get no more of them" } else { "the sender's name" };
        return strip(format!("A commercial e-mail must give {lack}; put it into the text."))
            .lifted_by(&[Remedy::NameSender]);
    };
    // 15 USC 7704(a)(5)(A)(iii): a valid physical postal address: it stands in this text, and the practice vouches for it.
    if !text.names_address {
        return unknown("A commercial e-mail gives the practice's postal address; set the tenant's `postal_address`, and give it in the text.")
            .lifted_by(&[Remedy::GivePostalAddress]);
    }
    if view.facts.deployment.postal_address.known() != Some(&true) {
        return unknown(
            "Nobody vouches that mail arrives at the practice's postal address in this e-mail; look, and record it.",
        )
        .lifted_by(&[Remedy::GivePostalAddress]);
    }
    Finding::Obliges("Label the e-mail as an offer.".into())
}

#[cfg(test)]
mod tests {
    use crate::request::{Marketing, MarketingKind, Remuneration};
    use crate::sample::{Case, refused_by, sends};
    use postern_base::{Channel, Level, Purpose};

    fn refill(remuneration: Remuneration, drug_lapsed_days: u32) -> Case {
        let mut case = Case::of("medication", Level::L1, &[Channel::Sms]);
        case.request.marketing = Some(Marketing { kind: MarketingKind::Refill, remuneration, drug_lapsed_days });
        case
    }

    #[test]
    fn a_commercial_mail_without_the_practices_address_in_it_is_refused() {
        let mut case = Case::of("marketing", Level::L1, &[Channel::Email]);
        assert!(!refused_by(&case, Channel::Email, "EML-01"));
        case.facts.renditions.iter_mut().for_each(|text| text.names_address = false);
        assert!(refused_by(&case, Channel::Email, "EML-01"));
    }

    /// 15 USC 7704(a)(5): the sender, the way out and the address; a telephone number is not among them.
    #[test]
    fn a_commercial_mail_needs_no_telephone_number_and_each_thing_it_lacks_is_named() {
        let why = |spoil: fn(&mut crate::Rendition)| {
            let mut case = Case::of("marketing", Level::L1, &[Channel::Email]);
            case.facts.renditions.iter_mut().for_each(spoil);
            let refusals = case.decide().refusals;
            refusals.into_iter().find(|r| r.rule == "EML-01").map(|r| r.sentence.into_owned())
        };
        assert_eq!(why(|text| text.names_callback = false), None);
        assert!(why(|text| text.names_sender = false).is_some_and(|said| said.contains("the sender's name")));
        assert!(why(|text| text.says_opt_out = false).is_some_and(|said| said.contains("no more")));
        assert!(why(|text| text.names_address = false).is_some_and(|said| said.contains("postal_address")));
    }

    #[test]
    fn a_refill_reminder_at_cost_is_treatment() {
        assert!(sends(&refill(Remuneration::CostOnly, 90), Channel::Sms));
    }

    #[test]
    fn a_refill_reminder_above_cost_or_long_lapsed_needs_an_authorization() {
        assert!(refused_by(&refill(Remuneration::AboveCost, 0), Channel::Sms, "PRI-08"));
        assert!(refused_by(&refill(Remuneration::CostOnly, 91), Channel::Sms, "PRI-08"));
        assert!(sends(&refill(Remuneration::None, 91), Channel::Sms), "nobody pays: it is treatment");
    }

    #[test]
    fn an_offer_under_the_name_of_care_is_texted_only_to_who_signed_for_offers() {
        for purpose in [Purpose::Medication, Purpose::Recall, Purpose::FollowUp, Purpose::Billing] {
            let mut case = refill(Remuneration::AboveCost, 0);
            case.request.purpose = purpose;
            assert!(refused_by(&case, Channel::Sms, "TCP-22"), "{purpose}");
            case.sign_for_texts();
            assert!(!refused_by(&case, Channel::Sms, "TCP-22"), "{purpose}");
            assert!(
                refused_by(&case, Channel::Sms, "PRI-08"),
                "{purpose}: signed for texts, not for the use of the record"
            );
        }
    }

    #[test]
    fn a_denial_of_care_messages_stands_against_an_offer_under_their_name_too() {
        use crate::facts::{ActReason, ConsentKind, Provision, Ruling};
        let mut case = refill(Remuneration::AboveCost, 0);
        let denied =
            Provision { decision: Some(Ruling::Deny), reasons: vec![ActReason::Treat], ..Provision::default() };
        case.consents().push(crate::sample::consent(ConsentKind::ContactConsent, denied));
        assert!(refused_by(&case, Channel::Sms, "SYS-03"));
    }

    #[test]
    fn an_offer_drawn_from_a_record_needs_an_authorization_that_names_the_record() {
        use crate::facts::{ActReason, ConsentKind, Provision, Ruling};
        let offered = |data: &[&str], event: Option<&str>| {
            let mut case = Case::of("marketing", Level::L2, &[Channel::Email]);
            if let Some(event) = event {
                case.is_about(event, crate::facts::EventStatus::Active, None);
            }
            let until = Some("2027-06-01T00:00:00Z".parse().unwrap());
            let provision = Provision {
                decision: Some(Ruling::Permit),
                until,
                reasons: vec![ActReason::HMarkt],
                data: data.iter().map(|one| (*one).to_owned()).collect(),
                ..Provision::default()
            };
            let mut signed = crate::sample::consent(ConsentKind::MarketingAuthorization, provision.clone());
            (signed.signed_by, signed.has_source) = (Some("Patient/p1".into()), true);
            signed.remuneration_disclosed = true;
            case.consents().push(signed);
            case.consents().push(crate::sample::consent(ConsentKind::ContactConsent, provision));
            case
        };
        let (named, other) = ("MedicationRequest/m1", "MedicationRequest/m2");
        assert!(crate::sample::sends_form(
            &offered(&[named], Some(named)),
            Channel::Email,
            postern_base::Form::Minimal
        ));
        assert!(refused_by(&offered(&[], Some(named)), Channel::Email, "PRI-08"), "it names no record");
        assert!(refused_by(&offered(&[other], Some(named)), Channel::Email, "PRI-08"), "it names another");
        assert!(refused_by(&offered(&[named], None), Channel::Email, "PRI-08"), "the offer says not what it is about");
    }

    #[test]
    fn an_authorization_reaches_no_further_than_it_says() {
        use crate::facts::{ActReason, ConsentKind, Provision, Ruling, System};
        let authorized = |systems: Vec<System>, reasons: Vec<ActReason>| {
            let mut case = refill(Remuneration::AboveCost, 0);
            let until = Some("2027-06-01T00:00:00Z".parse().unwrap());
            let provision =
                Provision { decision: Some(Ruling::Permit), until, systems, reasons, ..Provision::default() };
            let mut signed = crate::sample::consent(ConsentKind::MarketingAuthorization, provision);
            (signed.signed_by, signed.has_source) = (Some("Patient/p1".into()), true);
            signed.remuneration_disclosed = true;
            case.consents().push(signed);
            case.sign_for_texts();
            case
        };
        assert!(sends(&authorized(vec![], vec![ActReason::HMarkt]), Channel::Sms));
        assert!(refused_by(&authorized(vec![System::Email], vec![ActReason::HMarkt]), Channel::Sms, "PRI-08"));
        assert!(refused_by(&authorized(vec![], vec![ActReason::Treat]), Channel::Sms, "PRI-08"));
    }
}
