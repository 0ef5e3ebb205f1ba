//! For whom an account stands. That a person may act for a patient is never copied here: every message asks the gate, on the records as
//! they are. What is kept is only that staff invited them as that person.

use super::preferences::Shown;
use super::{Aal, Identifiers, Person, Refused, SignedIn, Visitor};
use crate::engine::Engine;
use crate::error::UseError;
use crate::wishes::{self, Wish};
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};
use postern_base::{PatientId, Phi};
use postern_ehr::PatientRecord;
use postern_gate::facts::{ConsentKind, Ruling};
use postern_gate::reference::majority_ages;
use postern_store::{PortalPerson, PortalStep};
use uuid::Uuid;

/// A record that an account may ask for.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Names it when the visitor turns to it.
    pub id: Uuid,
    /// The patient.
    pub patient: PatientId,
    /// The patient's first name, as their record has it.
    pub first_name: Option<Phi<String>>,
    /// Who the account is to them.
    pub person: Person,
    /// It is the one that is looked at.
    pub this: bool,
    /// How far they may act for the patient; nothing is said of oneself.
    pub grant: Option<Grant>,
}

/// How long somebody may act for a patient, as the record says. Whether they may see a message is asked for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// There is a permission on record, in force.
    pub on_record: bool,
    /// It ends then.
    pub until: Option<Timestamp>,
    /// The patient comes of age then, and what a parent may do ends (RULES SPC-06).
    pub of_age_on: Option<Date>,
}

/// Somebody who has an account to act for a patient.
#[derive(Debug, Clone)]
pub struct Acting {
    /// `RelatedPerson/ID`.
    pub reference: String,
    /// What the record calls them.
    pub name: Option<Phi<String>>,
    /// How long they may.
    pub grant: Grant,
    /// What comes of it where the patient says that it is to end.
    pub ends: ProxyEnd,
    /// When the patient, a minor, asked the practice to end it.
    pub asked_at: Option<Timestamp>,
}

/// What came of a patient's word that somebody is to stand for them no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyEnd {
    /// It is over.
    Ended,
    /// The patient is a minor, or of unknown age: the practice was asked, and decides.
    Asked,
}

impl Engine {
    /// Whose records the account of `visitor` may ask for.
    ///
    /// # Errors
    /// [`UseError::Unavailable`].
    pub async fn persons(&self, visitor: &Visitor) -> Result<Vec<Standing>, UseError> {
        let store = self.inner.store.tenant(&visitor.tenant);
        let mut found = Vec::new();
        for one in store.portal_persons(visitor.account).await? {
            let mut reading = store.reading().await?;
            let directory = self.directory(&mut reading, &one.patient, None, self.now()).await?;
            drop(reading);
            let grant = one.person.as_ref().map(|person| grant(&directory.record, person.reveal(), self.now()));
            found.push(Standing {
                id: one.id,
                this: one.id == visitor.standing,
                patient: one.patient,
                grant,
                first_name: directory.record.identity.first_name,
                person: one.person.map_or(Person::Patient, Person::Proxy),
            });
        }
        Ok(found)
    }

    /// Turns to another record that the account may ask for. The session goes on under a new token.
    ///
    /// # Errors
    /// [`Refused::NoMatch`]: the account does not stand for them, or one factor alone was shown: 45 CFR 164.514(h)(1), what a code to one's
    /// own telephone opens is one's own.
    pub async fn turn_to(&self, visitor: &Visitor, standing: Uuid) -> Result<SignedIn, Refused> {
        if visitor.aal < Aal::Aal2 {
            return Err(Refused::NoMatch);
        }
        let persons = self.inner.store.tenant(&visitor.tenant).portal_persons(visitor.account).await?;
        let other = persons.into_iter().find(|one| one.id == standing).ok_or(Refused::NoMatch)?;
        let raised = (visitor.aal, visitor.confirmed_at);
        self.turn_session(visitor, other.id, raised, "portal_person_chosen", Vec::new()).await
    }

    /// Takes up an invitation with the account that is signed in: it may ask for one record more, and the session turns to it. The same
    /// two identifiers are asked for as of who enrols.
    ///
    /// # Errors
    /// [`Refused`]; [`Refused::Over`] also where somebody stands for that person already.
    pub async fn take_up(
        &self,
        visitor: &Visitor,
        invitation: &str,
        identifiers: &Identifiers,
        source: &str,
    ) -> Result<SignedIn, Refused> {
        if visitor.aal < Aal::Aal2 {
            return Err(Refused::NoMatch);
        }
        let (one, invited, _) = self.answered(&visitor.tenant, invitation, identifiers, source).await?;
        // An invitation of the patient's own makes the patient's account: nobody is somebody else beside themself, unseen by that one.
        let person = invited.person.map(Phi::new).ok_or(Refused::NoMatch)?;
        let now = self.now();
        let id = postern_base::id::new_v7(now, self.inner.rng.as_ref())?;
        let person = PortalPerson {
            id,
            account: visitor.account,
            patient: one.patient,
            person: Some(person),
            added_at: now,
            ended_at: None,
        };
        let beside = vec![PortalStep::UseInvitation(one.id), PortalStep::AddPerson(person)];
        self.turn_session(visitor, id, (visitor.aal, visitor.confirmed_at), "portal_person_added", beside).await
    }

    /// Ends that somebody stands for the patient who is signed in: at once, in every session of theirs. The record of the EHR stays what
    /// it is; who is to act for the patient again is invited again. A minor asks for it, with the words that were `shown`: 45 CFR
    /// 164.502(g)(3), who represents an unemancipated minor is a matter of state law, a court and the practice, and not of the minor alone.
    ///
    /// # Errors
    /// [`UseError::NotFound`]: the patient is not the visitor themself, or nobody of that reference has an account.
    pub async fn end_proxy(&self, visitor: &Visitor, person: &str, shown: &Shown) -> Result<ProxyEnd, UseError> {
        if visitor.is_proxy() || visitor.aal < Aal::Aal2 {
            return Err(UseError::NotFound);
        }
        let store = self.inner.store.tenant(&visitor.tenant);
        let related = Phi::new(person.to_owned());
        let standing = store.portal_person(&visitor.patient, Some(&related)).await?;
        // A reference of nobody is no proxy: above all not the patient, whose own way in it would end.
        let standing = standing.filter(|standing| standing.person.is_some()).ok_or(UseError::NotFound)?;
        let mut reading = store.reading().await?;
        let directory = self.directory(&mut reading, &visitor.patient, None, self.now()).await?;
        drop(reading);
        if ends_by_word(&directory.record, self.now()) == ProxyEnd::Asked {
            if wishes::asked_to_end(&wishes::all(&directory.attested)?, person).is_none() {
                self.wish(visitor, None, Wish::EndProxy { person: person.to_owned() }, shown).await?;
                // A child who may be afraid of who reads along: somebody at the practice must look.
                self.inner.metrics.alert("PRI-05");
            }
            return Ok(ProxyEnd::Asked);
        }
        let entry = self.account_entry(&visitor.tenant, visitor.account, "portal_proxy_ended")?;
        store.portal_change(vec![PortalStep::EndPerson(standing.id)], vec![entry]).await?;
        Ok(ProxyEnd::Ended)
    }

    /// Gives up acting for somebody: at once, in every session of the account. One's own record is not given up here.
    ///
    /// # Errors
    /// [`UseError::NotFound`]: the account does not act for them.
    pub async fn leave_person(&self, visitor: &Visitor, standing: Uuid) -> Result<(), UseError> {
        if visitor.aal < Aal::Aal2 {
            return Err(UseError::NotFound);
        }
        let store = self.inner.store.tenant(&visitor.tenant);
        let persons = store.portal_persons(visitor.account).await?;
        let left = persons.iter().find(|one| one.id == standing && one.person.is_some()).ok_or(UseError::NotFound)?;
        let entry = self.account_entry(&visitor.tenant, visitor.account, "portal_proxy_left")?;
        store.portal_change(vec![PortalStep::EndPerson(left.id)], vec![entry]).await?;
        Ok(())
    }

    /// The persons related to the patient who is signed in that have an account to act for them; none for who is a proxy.
    ///
    /// # Errors
    /// [`UseError::Unavailable`].
    pub async fn proxies(&self, visitor: &Visitor) -> Result<Vec<Acting>, UseError> {
        if visitor.is_proxy() {
            return Ok(Vec::new());
        }
        let store = self.inner.store.tenant(&visitor.tenant);
        let mut reading = store.reading().await?;
        let directory = self.directory(&mut reading, &visitor.patient, None, self.now()).await?;
        drop(reading);
        let (record, wishes) = (directory.record, wishes::all(&directory.attested)?);
        let mut found = Vec::new();
        for related in &record.related {
            let person = Phi::new(related.reference.clone());
            if store.portal_person(&visitor.patient, Some(&person)).await?.is_some() {
                let named = record.identity.related_names.iter().find(|(of, _)| *of == related.reference);
                found.push(Acting {
                    name: named.map(|(_, name)| name.clone()),
                    grant: grant(&record, &related.reference, self.now()),
                    ends: ends_by_word(&record, self.now()),
                    asked_at: wishes::asked_to_end(&wishes, &related.reference),
                    reference: related.reference.clone(),
                });
            }
        }
        Ok(found)
    }
}

/// What the record says of how long `person` may act for its patient.
fn grant(record: &PatientRecord, person: &str, now: Timestamp) -> Grant {
    let consents = record.consents.known().map_or(&[][..], Vec::as_slice);
    let ends: Vec<Option<Timestamp>> = consents
        .iter()
        .filter(|one| one.active && one.kind == ConsentKind::ProxyCommunication)
        .map(|one| &one.provision)
        .filter(|one| one.decision == Some(Ruling::Permit) && one.actors.iter().any(|actor| actor == person))
        .filter(|one| one.from.is_none_or(|from| from <= now) && one.until.is_none_or(|until| now < until))
        .map(|one| one.until)
        .collect();
    // Of several the one that lasts longest; one without an end lasts.
    let until = if ends.contains(&None) { None } else { ends.iter().copied().flatten().max() };
    let of_age_on = comes_of_age(record).filter(|_| !is_of_age(record, now));
    Grant { on_record: !ends.is_empty(), until, of_age_on }
}

/// The day on which the patient comes of age, where it is known when they were born.
fn comes_of_age(record: &PatientRecord) -> Option<Date> {
    let patient = record.patient.known()?;
    let (years, _) = majority_ages(patient);
    patient.birth_date?.checked_add(i32::from(years).years()).ok()
}

/// Whether the patient is known to be of age, wherever they are: the day begins last at twelve hours west of Greenwich.
fn is_of_age(record: &PatientRecord, now: Timestamp) -> bool {
    let today = now.to_zoned(TimeZone::fixed(Offset::constant(-12))).date();
    comes_of_age(record).is_some_and(|day| day <= today)
}

/// What comes of it where the patient says that somebody stands for them no more.
fn ends_by_word(record: &PatientRecord, now: Timestamp) -> ProxyEnd {
    if is_of_age(record, now) { ProxyEnd::Ended } else { ProxyEnd::Asked }
}
