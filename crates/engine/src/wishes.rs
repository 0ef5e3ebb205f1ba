//! What patients wish of how they are reached, said by themselves in the portal: kept with the words that were shown to them, and read
//! by the gate at the next decision as the Consent it is.

use crate::attestations::{Attested, of_kind};
use jiff::{SignedDuration, Timestamp};
use postern_base::{Channel, Language, PatientId, Purpose};
use postern_gate::facts::{
    ActReason, Address, Consent, ConsentKind, ContactPoint, LineType, MailboxKind, Patient, PointSource, Provision,
    Ruling, System, WantedHours,
};
use postern_gate::{Fact, Missing};
use postern_store::{Attestation, StoreError};
use serde::{Deserialize, Serialize};

pub(crate) const KIND: &str = "wish 1";

/// house: an authorization given in the portal ends after a year (45 CFR 164.508(c)(1)(v) asks for an end).
const AUTHORIZED: SignedDuration = SignedDuration::from_hours(24 * 365);

/// What is wished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "wish")]
pub(crate) enum Wish {
    /// No messages of these purposes at the contact point; of none = of any.
    Stop { purposes: Vec<Purpose> },
    /// Messages of these purposes at the contact point again.
    Resume { purposes: Vec<Purpose> },
    /// To be reached at the contact point only, or, without one, anywhere (45 CFR 164.522(b)).
    OnlyAt,
    /// Marketing, signed (45 CFR 164.508(a)(3)).
    Offers { signature: String },
    /// No marketing: the authorization is taken back (45 CFR 164.508(b)(5)).
    NoOffers,
    /// To be reached by machine in these hours of their own clock, or, without, at any that is allowed.
    Times { from: Option<i8>, to: Option<i8> },
    /// To be written to in this language (45 CFR 92.201).
    Language { language: Language },
    /// One more contact point: a mobile number or a mailbox of their own. It counts once it is verified (RULES EML-03).
    AddPoint {
        channel: Channel,
        /// Others read it too (RULES EML-04).
        shared: bool,
    },
    /// The contact point is not to be used.
    RemovePoint,
    /// The contact point first, where several will do.
    Prefer,
    /// Whom the practice calls about them in an emergency; without a name, nobody any more.
    EmergencyContact { name: String, phone: String, relation: String },
    /// A minor asks that somebody (`RelatedPerson/ID`) stands for them no more: the practice decides (45 CFR 164.502(g)(3)).
    EndProxy { person: String },
}

impl Wish {
    /// The code of its entry.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Stop { .. } => "stop_wished",
            Self::Resume { .. } => "resume_wished",
            Self::OnlyAt => "one_place_wished",
            Self::Offers { .. } => "marketing_authorized",
            Self::NoOffers => "marketing_withdrawn",
            Self::Times { .. } => "times_wished",
            Self::Language { .. } => "language_wished",
            Self::AddPoint { .. } => "point_added",
            Self::RemovePoint => "point_removed",
            Self::Prefer => "point_preferred",
            Self::EmergencyContact { .. } => "emergency_contact",
            Self::EndProxy { .. } => "proxy_end_wished",
        }
    }
}

/// A wish as kept; the contact point stands beside it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) wish: Wish,
    pub(crate) at: Timestamp,
    /// The words that were shown, and in which language.
    pub(crate) shown: String,
    pub(crate) language: Language,
}

/// Every wish on record, in the order they were said.
///
/// # Errors
/// [`StoreError::Damaged`].
pub(crate) fn all(attested: &[Attestation]) -> Result<Vec<Attested<Kept>>, StoreError> {
    of_kind(attested, KIND)
}

/// The newest word on whether, and where alone, the patient wants to be reached; `None` = nothing was said.
pub(crate) fn only_at(wishes: &[Attested<Kept>]) -> Option<&Attested<Kept>> {
    wishes.iter().rfind(|one| one.content.wish == Wish::OnlyAt)
}

/// The newest word on marketing.
pub(crate) fn offers(wishes: &[Attested<Kept>]) -> Option<&Attested<Kept>> {
    wishes.iter().rfind(|one| matches!(one.content.wish, Wish::Offers { .. } | Wish::NoOffers))
}

/// The newest word on whom to call in an emergency; `None` = nobody was named, or nobody any more.
pub(crate) fn emergency_contact(wishes: &[Attested<Kept>]) -> Option<(&str, &str, &str)> {
    let named = |one: &'_ Attested<Kept>| matches!(one.content.wish, Wish::EmergencyContact { .. });
    match &wishes.iter().rfind(|one| named(one))?.content.wish {
        Wish::EmergencyContact { name, phone, relation } if !name.is_empty() => Some((name, phone, relation)),
        _ => None,
    }
}

/// When the patient last asked that `person` stand for them no more; `None` = they did not.
pub(crate) fn asked_to_end(wishes: &[Attested<Kept>], person: &str) -> Option<Timestamp> {
    let asks = |one: &&Attested<Kept>| matches!(&one.content.wish, Wish::EndProxy { person: of } if of == person);
    wishes.iter().rfind(asks).map(|one| one.content.at)
}

/// The record as its patient wishes it to be, in the order in which they said so. The chart itself is not changed.
pub(crate) fn apply(patient: &mut Fact<Patient>, wishes: &[Attested<Kept>]) {
    let Fact::Known(patient) = patient else { return };
    for one in wishes {
        let here = |point: &ContactPoint| one.point.as_ref() == Some(&point.value);
        match &one.content.wish {
            Wish::Times { from, to } => {
                patient.wanted_hours = from.zip(*to).map(|(from, to)| WantedHours { from, to });
            }
            Wish::Language { language } => patient.language = Some(language.as_str().to_owned()),
            Wish::AddPoint { channel, shared } => {
                let Some(value) = &one.point else { continue };
                match patient.points.iter_mut().find(|point| here(point)) {
                    Some(known) => (known.expired, known.until) = (false, None),
                    None => patient.points.push(added(value, *channel, *shared)),
                }
            }
            Wish::RemovePoint => {
                patient.points.iter_mut().filter(|point| here(point)).for_each(|point| point.expired = true)
            }
            Wish::Prefer => {
                for point in &mut patient.points {
                    point.rank = if here(point) { Some(1) } else { point.rank.map(|rank| rank.saturating_add(1)) };
                }
            }
            Wish::Stop { .. }
            | Wish::Resume { .. }
            | Wish::OnlyAt
            | Wish::Offers { .. }
            | Wish::NoOffers
            | Wish::EmergencyContact { .. }
            | Wish::EndProxy { .. } => {}
        }
    }
}

/// A contact point that the patient gave themselves. They said that the number takes texts, and whether others read there.
fn added(value: &Address, channel: Channel, shared: bool) -> ContactPoint {
    let mail = channel == Channel::Email;
    let kind = if shared { MailboxKind::Shared } else { MailboxKind::Personal };
    let unknown = Missing::NotRecorded;
    ContactPoint {
        system: if mail { System::Email } else { System::Sms },
        value: value.clone(),
        rank: None,
        expired: false,
        from: None,
        until: None,
        source: Fact::Known(PointSource::Patient),
        line_type: if mail { Fact::Unknown(unknown) } else { Fact::Known(LineType::Mobile) },
        mailbox: if mail { Fact::Known(kind) } else { Fact::Unknown(unknown) },
        shared_with: if shared { vec!["others".to_owned()] } else { Vec::new() },
        closed_by_another: false,
        crowded: false,
        of_another: false,
        only_for: None,
        hours: Fact::Known(Vec::new()),
        verification: Fact::Unknown(unknown),
    }
}

/// What the gate hears of them: Consents of the patient's own, the newest of each kind.
pub(crate) fn consents(wishes: &[Attested<Kept>], patient: &PatientId) -> Vec<Consent> {
    let mut heard = Vec::new();
    if let Some(point) = only_at(wishes).and_then(|one| one.point.clone()) {
        let provision = Provision { decision: Some(Ruling::Permit), points: vec![point], ..Provision::default() };
        heard.push(consent("only-at", ConsentKind::ConfidentialCommunication, None, provision));
    }
    if let Some(one) = offers(wishes) {
        let at = one.content.at;
        let signed = matches!(one.content.wish, Wish::Offers { .. });
        let provision = Provision {
            decision: Some(if signed { Ruling::Permit } else { Ruling::Deny }),
            until: if signed { at.checked_add(AUTHORIZED).ok() } else { None },
            reasons: vec![ActReason::HMarkt],
            ..Provision::default()
        };
        let mut signature = consent("offers", ConsentKind::MarketingAuthorization, Some(at), provision);
        // 45 CFR 164.508(c)(1)(vi): the patient signed it themselves, and the words they signed are kept with it.
        signature.signed_by = signed.then(|| patient.reference());
        signature.has_source = signed;
        // The words say that the practice may be paid for it (45 CFR 164.508(a)(3)(ii)).
        signature.remuneration_disclosed = signed;
        heard.push(signature);
    }
    heard
}

fn consent(id: &str, kind: ConsentKind, given: Option<Timestamp>, provision: Provision) -> Consent {
    Consent {
        id: id.to_owned(),
        kind,
        active: true,
        given,
        provision,
        signed_by: None,
        has_source: false,
        remuneration_disclosed: false,
        defective: false,
        access_mode: None,
        self_pay: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postern_base::Phi;

    fn wish(at: i64, point: Option<&str>, wish: Wish) -> Attested<Kept> {
        let at = Timestamp::from_second(at).unwrap();
        let content = Kept { wish, at, shown: "Words.".into(), language: Language::En };
        Attested { point: point.map(|text| Phi::new(text.into())), content, added_at: at }
    }

    fn heard(wishes: &[Attested<Kept>]) -> Vec<Consent> {
        consents(wishes, &"p1".parse().unwrap())
    }

    #[test]
    fn the_newest_word_on_where_to_be_reached_is_the_one_that_is_heard() {
        assert!(heard(&[]).is_empty());
        let one = wish(1, Some("+12125550101"), Wish::OnlyAt);
        let two = wish(2, Some("pat@example.org"), Wish::OnlyAt);
        let heard_two = heard(&[one.clone(), two.clone()]);
        assert_eq!(heard_two.len(), 1);
        assert_eq!(heard_two[0].provision.points, vec![two.point.unwrap()]);
        assert!(heard(&[one, wish(2, None, Wish::OnlyAt)]).is_empty(), "taken back");
    }

    #[test]
    fn an_authorization_ends_and_one_that_is_taken_back_is_a_denial() {
        let yes = wish(1, None, Wish::Offers { signature: "Pat Beech".into() });
        let given = heard(std::slice::from_ref(&yes));
        assert_eq!(given[0].provision.decision, Some(Ruling::Permit));
        assert!(given[0].provision.until.is_some() && given[0].signed_by.is_some());
        let back = heard(&[yes, wish(2, None, Wish::NoOffers)]);
        assert_eq!((back.len(), back[0].provision.decision), (1, Some(Ruling::Deny)));
    }
}
