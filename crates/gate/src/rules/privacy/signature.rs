//! Whose signature a Consent bears. A name under a paper is not enough: an authorization and a written agreement bind the one who
//! signed them, so somebody else's signature gives nobody leave.

use crate::facts::{Consent, RelatedPerson};
use crate::rules::special::minors::is_minor;
use crate::view::View;

/// Who decides about care for another as a representative (HL7 v3-RoleCode): a guardian, and whoever holds a power of attorney for
/// health care.
const REPRESENTATIVES: [&str; 2] = ["GUARD", "HPOWATT"];

/// Who signs for a minor by being a parent, by birth or adoption; whoever else stands in their place has papers, and is a guardian.
const PARENTS: [&str; 9] = ["PRN", "MTH", "FTH", "NPRN", "NMTH", "NFTH", "ADOPTP", "ADOPTM", "ADOPTF"];

/// 47 CFR 64.1200(f)(9): "bearing the signature of the person called": the patient's own, on a document that is there.
pub(crate) fn is_patients(view: &View<'_>, consent: &Consent) -> bool {
    let signer = consent.signed_by.as_deref();
    consent.has_source && signer.is_some_and(|signer| signer == view.portal.reveal().as_ref())
}

/// 45 CFR 164.508(c)(1)(vi): the "signature of the individual", or of "a personal representative", whose "authority to act" is on
/// record.
pub(crate) fn is_patients_or_representatives(view: &View<'_>, consent: &Consent) -> bool {
    // 45 CFR 164.502(g)(5): where endangerment is believed, nobody else is treated as the patient.
    let safe = view.patient.is_some_and(|patient| !patient.flags.endangerment);
    let represented = || {
        let signer = consent.signed_by.as_deref();
        let mut persons = view.facts.related.iter().filter(|person| Some(person.reference.as_str()) == signer);
        persons.any(|person| person.is_active(view.now) && (represents(person) || is_parent_of_minor(view, person)))
    };
    is_patients(view, consent) || (consent.has_source && safe && represented())
}

fn represents(person: &RelatedPerson) -> bool {
    person.relationship.iter().any(|role| REPRESENTATIVES.contains(&role.as_str()))
}

/// 45 CFR 164.502(g)(3)(i): "a parent, guardian, or other person acting in loco parentis" who "has authority to act on behalf of" an
/// unemancipated minor is the representative, but not of care that the minor consented to alone. house: which of a minor's care is that
/// is read from labels and categories; where anything here is specially protected a person reads the paper.
fn is_parent_of_minor(view: &View<'_>, person: &RelatedPerson) -> bool {
    let parent = person.relationship.iter().any(|role| PARENTS.contains(&role.as_str()));
    parent && is_minor(view) && view.categories().next().is_none()
}

#[cfg(test)]
mod tests {
    use crate::facts::{ActReason, ConsentKind, Flags, Provision, Ruling};
    use crate::request::{Marketing, MarketingKind, Remuneration};
    use crate::sample::{Case, consent, refused_by};
    use postern_base::{Channel, Level};

    const OTHERS: [&str; 4] = ["Patient/p2", "Practitioner/x", "Organization/o", "RelatedPerson/neighbour"];

    fn offer(signer: &str, relationship: &str) -> Case {
        let mut case = Case::of("marketing", Level::L1, &[Channel::Sms]);
        let (kind, remuneration) = (MarketingKind::ThirdParty, Remuneration::AboveCost);
        case.request.marketing = Some(Marketing { kind, remuneration, drug_lapsed_days: 0 });
        case.facts.related.push(crate::sample::related("RelatedPerson/r1", relationship));
        let until = Some("2027-10-01T00:00:00Z".parse().unwrap());
        let reasons = vec![ActReason::HMarkt];
        let permit = Provision { decision: Some(Ruling::Permit), reasons, until, ..Provision::default() };
        let mut signed = consent(ConsentKind::MarketingAuthorization, permit);
        (signed.signed_by, signed.has_source) = (Some(signer.into()), true);
        signed.remuneration_disclosed = true;
        case.consents().push(signed);
        case
    }

    fn is_refused(case: &Case) -> bool {
        let (missing, void) = (refused_by(case, Channel::Sms, "PRI-08"), refused_by(case, Channel::Sms, "PRI-11"));
        assert_eq!(missing, void);
        missing
    }

    #[test]
    fn an_authorization_is_the_patients_own_or_a_representatives() {
        assert!(!is_refused(&offer("Patient/p1", "SIS")));
        assert!(OTHERS.iter().all(|signer| is_refused(&offer(signer, "GUARD"))));
        let person = "RelatedPerson/r1";
        assert!(is_refused(&offer(person, "SIS")), "a sister");
        assert!(!is_refused(&offer(person, "GUARD")) && !is_refused(&offer(person, "HPOWATT")));
        let mut over = offer(person, "GUARD");
        over.facts.related.iter_mut().for_each(|person| person.active = false);
        assert!(is_refused(&over), "whose part is over");
        let mut endangered = offer(person, "GUARD");
        endangered.patient().flags = Flags { endangerment: true, ..Flags::default() };
        assert!(is_refused(&endangered));
    }

    #[test]
    fn a_parent_signs_for_a_minor_and_not_for_a_grown_child_nor_of_care_the_minor_consented_to_alone() {
        let born = |day: &str| {
            let mut case = offer("RelatedPerson/r1", "MTH");
            case.patient().birth_date = Some(day.parse().unwrap());
            case
        };
        assert!(!is_refused(&born("2015-05-05")));
        assert!(is_refused(&born("1990-05-05")));
        let mut unknown = offer("RelatedPerson/r1", "PRN");
        unknown.patient().birth_date = None;
        assert!(is_refused(&unknown));
        let mut alone = born("2011-05-05");
        alone.patient().labels.push(postern_base::Category::MinorConfidential);
        assert!(refused_by(&alone, Channel::Sms, "PRI-08"));
        let mut aunt = offer("RelatedPerson/r1", "AUNT");
        aunt.patient().birth_date = Some("2015-05-05".parse().unwrap());
        assert!(is_refused(&aunt));
    }

    #[test]
    fn a_written_agreement_to_offers_bears_the_signature_of_the_person_called() {
        let signed_by = |signer: &str| {
            let mut case = Case::of("marketing", Level::L1, &[Channel::Sms]);
            case.sign_for_texts();
            let mut signed = case.consents().iter_mut().filter(|c| c.kind == ConsentKind::MarketingTextConsent);
            signed.by_ref().for_each(|consent| consent.signed_by = Some(signer.into()));
            !refused_by(&case, Channel::Sms, "TCP-22")
        };
        assert!(signed_by("Patient/p1"));
        assert!(!OTHERS.into_iter().any(signed_by) && !signed_by("the patient"));
    }
}
