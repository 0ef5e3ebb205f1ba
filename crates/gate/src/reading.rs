//! Reading in the portal: whether who is signed in may see a message, on the facts as they stand when they ask.
//!
//! A portal copy was let through when it was put there. Since then a minor came of age, a grant was taken back, a flag was set, somebody
//! other than the patient asks: so the rules about who may see what are asked again. The rules about when and where a message may travel
//! are not: it has arrived.

use crate::candidate;
use crate::decision::Refusal;
use crate::facts::Facts;
use crate::finding::{Bar, Finding};
use crate::policy::Policy;
use crate::request::Request;
use crate::rules;
use crate::view::View;
use postern_base::{Channel, Level, RecipientRole};

/// The rules that say who may see a message, whoever asks.
const WHO_SEES: &[&str] = &[
    "PRI-01", "PRI-05", "PRI-06", "PRI-07", "PRI-12", "PRI-14", "PRI-30", "SPC-01", "SPC-05", "SPC-06", "SPC-08",
    "SPC-09", "IB-02", "CHT-02", "SYS-02",
];
/// Those besides that are between a patient and who stands for them.
const BETWEEN: &[&str] = &["PRI-19", "SYS-03"];

/// How somebody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// Two factors were shown (RULES IDN-01).
    pub two_factors: bool,
    /// A strong one was shown just now (RULES CHT-03).
    pub anew: bool,
}

/// What comes of asking.
#[derive(Debug, Clone)]
pub enum Reading {
    /// It may be read.
    Open,
    /// It may be read after a sign-in with two factors.
    SignInStronger,
    /// It may be read after showing a strong factor again.
    SignInAnew,
    /// It may not be read by this person, as things are.
    Closed(Vec<Refusal>),
}

/// Whether the recipient of `request` may read it in the portal now.
///
/// RULES IDN-01 (NIST SP 800-63B-4): two factors from L2 on. RULES CHT-03 (45 CFR 164.312(d)): what is specially protected, or nobody
/// could classify, is shown to who has just signed in anew.
#[must_use]
pub fn reading(request: &Request, facts: &Facts, policy: &Policy, reader: Reader) -> Reading {
    let request = Request { channels: None, ..request.clone() };
    let view = View::new(&request, facts, policy);
    let Some(copy) = candidate::portal(&view) else { return Reading::Closed(Vec::new()) };
    let proxy = request.recipient.role != RecipientRole::SelfPatient;
    let asked = rules::ALL.iter().filter(|rule| WHO_SEES.contains(&rule.id) || (proxy && BETWEEN.contains(&rule.id)));
    let mut against = Vec::new();
    for rule in asked.filter(|rule| rule.effective.covers(view.today)) {
        if let Finding::Against(found) = (rule.check)(&view, &copy)
            && found.bar > Bar::Clear
        {
            against.push(Refusal {
                channel: Channel::Portal,
                contact_point: copy.address.clone(),
                mode: None,
                form: copy.form,
                effect: found.effect,
                rule: rule.id,
                citation: found.citation.unwrap_or(rule.citation),
                sentence: found.sentence,
            });
        }
    }
    if !against.is_empty() {
        return Reading::Closed(against);
    }
    // What nobody could classify may be anything.
    let carried = view.level.and(copy.carried(view.level)).unwrap_or(Level::L4);
    match carried {
        Level::L4 if !(reader.anew && reader.two_factors) => {
            if reader.two_factors {
                Reading::SignInAnew
            } else {
                Reading::SignInStronger
            }
        }
        Level::L2 | Level::L3 if !reader.two_factors => Reading::SignInStronger,
        Level::L0 | Level::L1 | Level::L2 | Level::L3 | Level::L4 => Reading::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Fact;
    use crate::facts::{ConsentKind, Provision, Ruling};
    use crate::sample::{Case, consent, related};
    use postern_base::Category;

    const STRONG: Reader = Reader { two_factors: true, anew: false };
    const ANEW: Reader = Reader { two_factors: true, anew: true };
    const WEAK: Reader = Reader { two_factors: false, anew: false };

    fn read(case: &Case, reader: Reader) -> Reading {
        reading(&case.request, &case.facts, &Policy::default(), reader)
    }

    fn closed_by(case: &Case, rule: &str) -> bool {
        matches!(read(case, ANEW), Reading::Closed(against) if against.iter().any(|one| one.rule == rule))
    }

    /// A result of a child of twelve, read by their mother, with a grant on record.
    fn mother() -> Case {
        let mut case = Case::result();
        let person = "RelatedPerson/r1";
        case.request.recipient.role = RecipientRole::Proxy;
        case.request.recipient.reference = Some(person.into());
        case.facts.related.push(related(person, "NMTH"));
        let permit = Provision { decision: Some(Ruling::Permit), actors: vec![person.into()], ..Default::default() };
        case.consents().push(consent(ConsentKind::ProxyCommunication, permit));
        case.patient().birth_date = Some("2014-05-05".parse().unwrap());
        case
    }

    #[test]
    fn a_result_asks_for_two_factors_and_what_is_specially_protected_for_a_fresh_one() {
        let mut case = Case::result();
        assert!(matches!(read(&case, WEAK), Reading::SignInStronger));
        assert!(matches!(read(&case, STRONG), Reading::Open));
        case.facts.content.categories.push(Category::Hiv);
        assert!(matches!(read(&case, WEAK), Reading::SignInStronger));
        assert!(matches!(read(&case, STRONG), Reading::SignInAnew));
        assert!(matches!(read(&case, ANEW), Reading::Open));
        let mut unread = Case::result();
        unread.facts.content.level = Fact::Unknown(crate::Missing::NotRecorded);
        assert!(matches!(read(&unread, STRONG), Reading::SignInAnew), "what nobody could classify is guarded most");
    }

    #[test]
    fn who_stands_for_a_child_reads_what_the_child_did_not_consent_to_alone() {
        assert!(matches!(read(&mother(), STRONG), Reading::Open), "{:?}", read(&mother(), STRONG));
        let mut alone = mother();
        alone.facts.content.categories.push(Category::MinorConfidential);
        assert!(closed_by(&alone, "PRI-05"));
        let mut sti = mother();
        sti.facts.content.categories.push(Category::Sti);
        assert!(closed_by(&sti, "SPC-05"));
    }

    #[test]
    fn a_grant_that_was_taken_back_a_birthday_and_a_flag_end_it_at_once() {
        let mut revoked = mother();
        revoked.consents().retain(|one| one.kind != ConsentKind::ProxyCommunication);
        assert!(closed_by(&revoked, "PRI-05"));
        let mut off = mother();
        off.facts.related[0].active = false;
        assert!(closed_by(&off, "PRI-05"));
        let mut grown = mother();
        grown.patient().birth_date = Some("2008-05-05".parse().unwrap());
        assert!(closed_by(&grown, "SPC-06"));
        let mut danger = mother();
        danger.patient().flags.endangerment = true;
        assert!(closed_by(&danger, "PRI-06"));
        let mut stranger = mother();
        stranger.request.recipient.reference = Some("RelatedPerson/other".into());
        assert!(closed_by(&stranger, "PRI-05"));
    }
}
