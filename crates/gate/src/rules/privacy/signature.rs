//! Whose signature a Consent bears. A name under a paper is not enough: an authorization and a written agreement bind the one who
//! signed them, so somebody else's signature gives nobody leave.

use crate::facts::{Consent, RelatedPerson};
use crate::view::View;

/// Who decides about care for another as a representative (HL7 v3-RoleCode): a guardian, and whoever holds a power of attorney for
/// health care. Whether a parent signs for a minor turns on the minor's age and the state, so a person reads that paper.
const REPRESENTATIVES: [&str; 2] = ["GUARD", "HPOWATT"];

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
        persons.any(|person| person.active && represents(person))
    };
    is_patients(view, consent) || (consent.has_source && safe && represented())
}

fn represents(person: &RelatedPerson) -> bool {
    person.relationship.iter().any(|role| REPRESENTATIVES.contains(&role.as_str()))
}

#[cfg(test)]
mod tests {
    use crate::facts::{ActReason, ConsentKind, Flags, Provision, RelatedPerson, Ruling};
    use crate::request::{Marketing, MarketingKind, Remuneration};
    use crate::sample::{Case, consent, refused_by};
    use postern_base::{Channel, Level};

    const OTHERS: [&str; 4] = ["Patient/p2", "Practitioner/x", "Organization/o", "RelatedPerson/neighbour"];

    fn offer(signer: &str, relationship: &str) -> Case {
        let mut case = Case::of("marketing", Level::L1, &[Channel::Sms]);
        let (kind, remuneration) = (MarketingKind::ThirdParty, Remuneration::AboveCost);
        case.request.marketing = Some(Marketing { kind, remuneration, drug_lapsed_days: 0 });
        case.facts.related.push(RelatedPerson {
            reference: "RelatedPerson/r1".into(),
            relationship: vec![relationship.into()],
            active: true,
            points: vec![],
        });
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
