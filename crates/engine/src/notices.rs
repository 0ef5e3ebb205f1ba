//! What a patient was told once, and what they said to it: the risk of e-mail, the notice of privacy practices, fundraising. What they
//! said last is obeyed at the next decision, also for what is queued.

use crate::attestations::{Attested, happened, of_kind, patient_id, source};
use crate::engine::Engine;
use crate::error::UseError;
use crate::number_checks::ending;
use crate::principal::{Principal, Scope};
use crate::wire::{NewNotice, NoticeAnswer, NoticeKind, NoticeView, WireError};
use jiff::Timestamp;
use postern_base::{PatientId, Phi, TenantId};
use postern_gate::Fact;
use postern_gate::facts::{Address, Consent, ConsentKind, NoticeGiven, Provision, Ruling, System};
use postern_store::{Attestation, StoreError};
use serde::{Deserialize, Serialize};

const KIND: &str = "notice 1";

/// A notice as kept; the contact point stands beside it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    kind: NoticeKind,
    at: Timestamp,
    how: String,
    version: Option<String>,
    answer: Option<NoticeAnswer>,
    /// The words, where Postern showed them itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    words: Option<String>,
}

/// A notice and whether what the patient said to it still stands.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    kept: Attested<Kept>,
    stands: bool,
}

impl Engine {
    /// Records what a patient was told, or said.
    ///
    /// # Errors
    /// [`UseError`]: malformed when it lacks what its kind needs, or is of the future.
    pub async fn add_notice(
        &self,
        principal: &Principal,
        patient: &str,
        new: &NewNotice,
    ) -> Result<NoticeView, UseError> {
        principal.must(Scope::ConsentWrite)?;
        let patient = patient_id(patient)?;
        let kept = read(new, self.now())?;
        let point = match &new.contact_point {
            Some(text) => Some(self.point_of(principal, &patient, "contact_point", text).await?),
            None => None,
        };
        let is_address = point.as_ref().is_some_and(|point| point.reveal().contains('@'));
        if kept.kind == NoticeKind::EmailRisk && !is_address {
            return Err(WireError::new("contact_point", "expected an e-mail address").into());
        }
        let code = match kept.answer {
            None => "notice_given",
            Some(NoticeAnswer::Accepts) => "notice_accepted",
            Some(NoticeAnswer::Objects) => "objected",
        };
        let added_at = self.attest(principal, &patient, (KIND, code), point.clone(), &kept).await?;
        let all = self.notices_of(principal, &patient).await?;
        let this = all.iter().rev().find(|notice| notice.kept.added_at == added_at && notice.kept.point == point);
        Ok(view(this.unwrap_or(&Notice { kept: Attested { point, content: kept, added_at }, stands: false })))
    }

    /// Records what a patient themselves, standing in the ledger as `actor`, said in the portal to the risk of e-mail at `point`.
    pub(crate) async fn say_of_email_risk(
        &self,
        (tenant, actor): (&TenantId, String),
        patient: &PatientId,
        point: Address,
        (answer, words): (NoticeAnswer, &str),
    ) -> Result<(), UseError> {
        let kept = Kept {
            kind: NoticeKind::EmailRisk,
            at: self.now(),
            how: "in the portal".to_owned(),
            version: None,
            answer: Some(answer),
            words: Some(words.to_owned()),
        };
        let code = if answer == NoticeAnswer::Accepts { "notice_accepted" } else { "objected" };
        self.attest_as((tenant, actor), patient, (KIND, code), Some(point), &kept).await?;
        Ok(())
    }

    /// What a patient was told and said, in the order it was recorded.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn notices(&self, principal: &Principal, patient: &str) -> Result<Vec<NoticeView>, UseError> {
        principal.must(Scope::ConsentRead)?;
        Ok(self.notices_of(principal, &patient_id(patient)?).await?.iter().map(view).collect())
    }

    async fn notices_of(&self, principal: &Principal, patient: &PatientId) -> Result<Vec<Notice>, UseError> {
        let mut reading = self.inner.store.tenant(&principal.tenant).reading().await?;
        Ok(given(&reading.attestations(patient).await?)?)
    }
}

/// A notice, its contact point, and its words where Postern showed them itself.
pub(crate) type ShownNotice = (NoticeView, Option<Address>, Option<String>);

/// The notices among what is attested, as they were shown.
pub(crate) fn shown(all: &[Attestation]) -> Result<Vec<ShownNotice>, StoreError> {
    let told = |one: &Notice| (view(one), one.kept.point.clone(), one.kept.content.words.clone());
    Ok(given(all)?.iter().map(told).collect())
}

/// The notices among what is attested, each with whether it stands: of the answers to one notice about one contact point, the newest
/// does, and of two of the same instant the one recorded later.
pub(crate) fn given(all: &[Attestation]) -> Result<Vec<Notice>, StoreError> {
    let all: Vec<Attested<Kept>> = of_kind(all, KIND)?;
    let newest = |of: &Attested<Kept>| {
        let about = |one: &&Attested<Kept>| {
            one.content.kind == of.content.kind && one.point == of.point && one.content.answer.is_some()
        };
        all.iter().filter(about).max_by_key(|one| one.content.at)
    };
    let stands =
        |one: &Attested<Kept>| one.content.answer.is_none() || newest(one).is_some_and(|n| std::ptr::eq(n, one));
    let standing: Vec<bool> = all.iter().map(stands).collect();
    Ok(all.into_iter().zip(standing).map(|(kept, stands)| Notice { kept, stands }).collect())
}

/// What the gate hears of them. One that is about no contact point was given to the patient themselves.
pub(crate) fn told(all: &[Notice], patient: &PatientId) -> Vec<NoticeGiven> {
    let themselves = || Phi::new(patient.reference().into());
    all.iter()
        .map(|Notice { kept, stands }| NoticeGiven {
            kind: kept.content.kind.as_str().to_owned(),
            point: kept.point.clone().unwrap_or_else(themselves),
            at: kept.content.at,
            objected: *stands && kept.content.answer == Some(NoticeAnswer::Objects),
        })
        .collect()
}

/// Whether the patient was told the risk of e-mail at `point`: by people, or by us in this `version` of the words.
pub(crate) fn knows_email_risk(all: &[Notice], point: &Address, version: &str) -> bool {
    let ours = |known: &str| known.split(' ').next() == version.split(' ').next();
    all.iter().map(|notice| &notice.kept).any(|kept| {
        let known = kept.content.version.as_deref();
        kept.content.kind == NoticeKind::EmailRisk
            && kept.point.as_ref() == Some(point)
            && known.is_none_or(|known| known == version || !ours(known))
    })
}

/// 78 FR 5634: who was told the risk of e-mail and accepts it has acknowledged it, at that address and nowhere else.
pub(crate) fn acknowledgements(all: &[Notice]) -> Vec<Consent> {
    let accepted = |notice: &&Notice| {
        let kept = &notice.kept.content;
        notice.stands && kept.kind == NoticeKind::EmailRisk && kept.answer == Some(NoticeAnswer::Accepts)
    };
    all.iter()
        .filter(accepted)
        .filter_map(|notice| {
            let provision = Provision {
                decision: Some(Ruling::Permit),
                systems: vec![System::Email],
                points: vec![notice.kept.point.clone()?],
                ..Provision::default()
            };
            Some(Consent {
                id: "notice".to_owned(),
                kind: ConsentKind::EmailRiskAcknowledgement,
                active: true,
                given: Some(notice.kept.content.at),
                provision,
                signed_by: None,
                has_source: false,
                remuneration_disclosed: false,
                defective: false,
                access_mode: None,
                self_pay: false,
            })
        })
        .collect()
}

/// 45 CFR 164.520(c)(2): the patient was offered the notice that is in force, where the practice says which that is.
pub(crate) fn privacy_notice(all: &[Notice], current: Option<&str>) -> Fact<bool> {
    let of_it = |notice: &Notice| {
        notice.kept.content.kind == NoticeKind::PrivacyPractices && notice.kept.content.version.as_deref() == current
    };
    Fact::recorded(current.map(|_| all.iter().any(of_it)))
}

/// What a visitor of the open chat said to it that what they type is kept.
pub(crate) fn visitor_consent(all: &[Notice]) -> Fact<bool> {
    let said = |notice: &&Notice| {
        notice.stands && notice.kept.content.kind == NoticeKind::VisitorData && notice.kept.content.answer.is_some()
    };
    // An objection to keeping it at one place is one everywhere.
    let answers = all.iter().filter(said).map(|notice| notice.kept.content.answer == Some(NoticeAnswer::Accepts));
    Fact::recorded(answers.reduce(|so_far, next| so_far && next))
}

fn read(new: &NewNotice, now: Timestamp) -> Result<Kept, WireError> {
    let of_a_point = matches!(new.kind, NoticeKind::EmailRisk | NoticeKind::AppRisk);
    if of_a_point && new.contact_point.is_none() {
        return Err(WireError::new("contact_point", "this field is required for a notice of a channel's risk"));
    }
    if !of_a_point && new.contact_point.is_some() {
        return Err(WireError::new(
            "contact_point",
            "expected none: this notice is about the patient, not a contact point",
        ));
    }
    let version = new.version.as_deref().map(|text| source("version", text)).transpose()?;
    if new.kind == NoticeKind::PrivacyPractices && version.is_none() {
        return Err(WireError::new("version", "this field is required for a notice of privacy practices"));
    }
    let at = happened("at", new.at, now)?;
    Ok(Kept { kind: new.kind, at, how: source("how", &new.how)?, version, answer: new.answer, words: None })
}

fn view(notice: &Notice) -> NoticeView {
    let kept = &notice.kept.content;
    NoticeView {
        kind: kept.kind,
        contact_point_ends: notice.kept.point.as_ref().map(ending),
        at: kept.at,
        how: kept.how.clone(),
        version: kept.version.clone(),
        answer: kept.answer,
        stands: notice.stands,
        added_at: notice.kept.added_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(kind: NoticeKind, at: i64, answer: Option<NoticeAnswer>) -> Attestation {
        let at = Timestamp::from_second(at).unwrap();
        let kept = Kept { kind, at, how: "on paper".into(), version: Some("v1".into()), answer, words: None };
        let point = (kind == NoticeKind::EmailRisk).then(|| Phi::new("pat@example.org".into()));
        let content = Phi::new(serde_json::to_vec(&kept).unwrap());
        Attestation { kind: KIND.into(), point, content, added_at: at }
    }

    fn objects(all: &[Attestation]) -> bool {
        told(&given(all).unwrap(), &"p1".parse().unwrap()).iter().any(|notice| notice.objected)
    }

    #[test]
    fn what_the_patient_said_last_is_what_stands_whenever_it_was_recorded() {
        use NoticeAnswer::{Accepts, Objects};
        let said = |at, answer| notice(NoticeKind::EmailRisk, at, answer);
        assert!(objects(&[said(1, Some(Objects))]));
        assert!(objects(&[said(1, Some(Objects)), said(2, None)]), "to be told again is no answer");
        assert!(!objects(&[said(1, Some(Objects)), said(2, Some(Accepts))]));
        assert!(!objects(&[said(2, Some(Accepts)), said(1, Some(Objects))]), "recorded late");
        assert!(objects(&[said(1, Some(Accepts)), said(1, Some(Objects))]), "of the same instant");
        let elsewhere = notice(NoticeKind::Fundraising, 3, Some(Accepts));
        assert!(objects(&[said(1, Some(Objects)), elsewhere]), "of another notice");
        let all = given(&[said(1, Some(Accepts)), said(2, Some(Objects))]).unwrap();
        assert!(acknowledgements(&all).is_empty(), "taken back");
        assert_eq!(acknowledgements(&given(&[said(1, Some(Accepts))]).unwrap()).len(), 1);
    }

    #[test]
    fn a_notice_of_privacy_practices_counts_for_its_version_and_only_where_one_is_in_force() {
        let all = given(&[notice(NoticeKind::PrivacyPractices, 1, None)]).unwrap();
        assert_eq!(privacy_notice(&all, Some("v1")), Fact::Known(true));
        assert_eq!(privacy_notice(&all, Some("v2")), Fact::Known(false));
        assert_eq!(privacy_notice(&[], Some("v1")), Fact::Known(false));
        assert_eq!(privacy_notice(&all, None).known(), None);
    }

    #[test]
    fn who_was_told_the_risk_of_email_is_told_again_only_when_our_words_change_and_only_there() {
        let all = given(&[notice(NoticeKind::EmailRisk, 1, None)]).unwrap();
        let at = |address: &str| Phi::new(address.into());
        assert!(knows_email_risk(&all, &at("pat@example.org"), "email_risk 1"), "somebody told them");
        assert!(!knows_email_risk(&all, &at("other@example.org"), "email_risk 1"));
        assert!(!knows_email_risk(&[], &at("pat@example.org"), "email_risk 1"));
        let mut ours = notice(NoticeKind::EmailRisk, 1, None);
        let text = String::from_utf8(ours.content.reveal().clone()).unwrap().replace("v1", "email_risk 1");
        ours.content = Phi::new(text.into_bytes());
        let all = given(&[ours]).unwrap();
        assert!(knows_email_risk(&all, &at("pat@example.org"), "email_risk 1"));
        assert!(!knows_email_risk(&all, &at("pat@example.org"), "email_risk 2"), "the words changed");
    }

    #[test]
    fn one_that_cannot_be_read_is_damage_and_no_silence() {
        let mut torn = notice(NoticeKind::Fundraising, 1, None);
        torn.content = Phi::new(b"{}".to_vec());
        assert_eq!(given(&[torn]).unwrap_err(), StoreError::Damaged);
    }
}
