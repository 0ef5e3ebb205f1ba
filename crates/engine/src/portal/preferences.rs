//! How a patient wants to be reached, chosen by themselves: what may come to which contact point, one place alone (45 CFR 164.522(b)),
//! the risk of e-mail, marketing. Every choice is obeyed from the next decision on, also by what is queued.

use super::{Aal, Visitor, messages};
use crate::attestations::Attested;
use crate::engine::Engine;
use crate::error::UseError;
use crate::facts::{Directory, preferred};
use crate::ledger_entry;
use crate::notices;
use crate::number_checks::{self, ending};
use crate::verifications;
use crate::wire::{self, NoticeAnswer, NoticeKind, TemplateUse, WireError};
use crate::wishes::{self, Kept, Wish};
use jiff::{SignedDuration, Timestamp};
use postern_base::{Channel, Language, PatientId, Phi, Purpose, TenantId};
use postern_ehr::PatientRecord;
use postern_ehr::normal::normalise;
use postern_gate::facts::{Address, ConsentKind, ContactPoint, History, OptOut, OptOutScope, System};
use postern_gate::silence::{Silence, silences};
use postern_gate::{Content, Fact, Facts, Missing};
use postern_ledger::Kind;
use postern_store::{Attestation, NewInbound};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a patient may turn off and on, in the order it is shown. Codes, breach notices, emergencies and answers to their own word are
/// not among them.
pub const CHOSEN: &[Purpose] = &[
    Purpose::AppointmentReminder,
    Purpose::TestResult,
    Purpose::Medication,
    Purpose::FollowUp,
    Purpose::TreatmentUpdate,
    Purpose::Recall,
    Purpose::Billing,
    Purpose::Survey,
    Purpose::Marketing,
];

/// The longest signature, in characters.
const SIGNATURE_MAX: usize = 100;

/// How a patient is reached now, as far as it is theirs to choose.
#[derive(Debug, Clone)]
pub struct Choices {
    /// Their contact points.
    pub points: Vec<PointChoice>,
    /// They asked at the practice, not here, to be reached in one way only: that is changed there.
    pub asked_elsewhere: bool,
    /// They agreed to marketing here.
    pub offers: bool,
    /// The hours they want to be reached in by machine, where they said so.
    pub hours: Option<(i8, i8)>,
    /// The hours in which the practice reaches anybody by machine.
    pub open: (i8, i8),
    /// The language they are written to in, where one is known.
    pub language: Option<Language>,
    /// Whom to call in an emergency: name, number, who that is to them; told to who has shown two factors.
    pub emergency: Option<(String, String, String)>,
}

/// What may come to a contact point.
#[derive(Debug, Clone)]
pub struct PointChoice {
    /// Names it in a form; it holds nothing of the address.
    pub handle: String,
    /// How it is reached.
    pub channel: Channel,
    /// Enough of it to tell it from another: the end of a number, the ends of an address.
    pub ends: String,
    /// What may come there, of [`CHOSEN`].
    pub wanted: Vec<Purpose>,
    /// It is the only one they want to be reached at.
    pub only: bool,
    /// They know the risk of e-mail there and accept it.
    pub risk_accepted: bool,
    /// They said stop, here or in a message, and nothing comes there by machine.
    pub stopped: bool,
    /// What they wrote may mean stop: until somebody has read it nothing comes there.
    pub unclear: bool,
    /// It is known to be their own.
    pub verified: bool,
    /// It is the one they want to be reached at first.
    pub first: bool,
    /// It may be the only one they are reached at: the practice has it on record, or its holder has said a code that went there.
    pub may_be_only: bool,
}

/// The words that were shown when something was chosen.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The words.
    pub words: String,
    /// Their language.
    pub language: Language,
}

/// What a patient said before.
#[derive(Debug, Clone)]
pub struct Said {
    /// When.
    pub at: Timestamp,
    /// What, as a word: `stop`, `resume`, `only_at`, `anywhere`, `risk_accepted`, `risk_declined`, `offers`, `no_offers`, `times`,
    /// `language`, `point_added`, `point_removed`, `point_first`, `emergency`, `proxy_end`, `told`.
    pub what: &'static str,
    /// The same of the contact point it was about.
    pub ends: Option<String>,
    /// The purposes it was about.
    pub purposes: Vec<Purpose>,
    /// The words that were shown, where they were shown here.
    pub words: Option<String>,
    /// Their language, where it was kept.
    pub language: Option<Language>,
}

impl Engine {
    /// How the patient is reached now.
    ///
    /// # Errors
    /// [`UseError`]: not found for a proxy.
    pub async fn choices(&self, visitor: &Visitor) -> Result<Choices, UseError> {
        themselves(visitor)?;
        let own = self.own_points(visitor).await?;
        let addresses: Vec<Address> = own.points.iter().map(|(_, point)| point.value.clone()).collect();
        let mut reading = self.inner.store.tenant(&visitor.tenant).reading().await?;
        let opt_outs = reading.opt_outs(&addresses).await?;
        drop(reading);
        let silences = self.silences(visitor, &own, &opt_outs).await?;
        let wishes = wishes::all(&own.attested)?;
        let only = wishes::only_at(&wishes).and_then(|one| one.point.clone());
        let accepted = notices::acknowledgements(&notices::given(&own.attested)?);
        let first = wishes.iter().rfind(|one| one.content.wish == Wish::Prefer).and_then(|one| one.point.clone());
        let points = own.points.iter().filter_map(|(nth, point)| {
            let channel = channel_of(point.system)?;
            let out = |purpose: Purpose| {
                let here = opt_outs.iter().filter(|row| row.point == point.value);
                here.map(|row| row.scope)
                    .any(|scope| scope == OptOutScope::All || scope == OptOutScope::Purpose(purpose))
            };
            let said = silences.iter().find(|said| said.point == point.value);
            let by_word = said.is_some_and(|said| said.stopped);
            let wanted: Vec<Purpose> = CHOSEN.iter().copied().filter(|purpose| !by_word && !out(*purpose)).collect();
            Some(PointChoice {
                handle: handle(*nth, channel),
                channel,
                ends: told(&point.value),
                stopped: wanted.is_empty(),
                wanted,
                only: only.as_ref() == Some(&point.value),
                risk_accepted: accepted.iter().any(|consent| consent.provision.points.contains(&point.value)),
                unclear: said.is_some_and(|said| said.unclear) && !by_word,
                verified: is_verified(point, self.now()),
                first: first.as_ref() == Some(&point.value),
                may_be_only: may_be_only(point, &wishes, self.now()),
            })
        });
        let state = self.tenant_state(&visitor.tenant).await?;
        let (from, to) = state.policy.hours(Purpose::AppointmentReminder);
        let patient = own.record.patient.known();
        Ok(Choices {
            points: points.collect(),
            asked_elsewhere: own.asked_elsewhere,
            offers: wishes::offers(&wishes).is_some_and(|one| matches!(one.content.wish, Wish::Offers { .. })),
            hours: patient.and_then(|patient| patient.wanted_hours).map(|hours| (hours.from, hours.to)),
            open: (from.hour(), to.hour()),
            language: preferred(&own.record.patient),
            emergency: wishes::emergency_contact(&wishes)
                .filter(|_| visitor.aal == Aal::Aal2)
                .map(|(name, phone, relation)| (name.to_owned(), phone.to_owned(), relation.to_owned())),
        })
    }

    /// Where the patient has said stop in so many words, as the gate hears them (47 CFR 64.1200(a)(10)): by text, by mail or in the portal.
    async fn silences(&self, visitor: &Visitor, own: &Own, opt_outs: &[OptOut]) -> Result<Vec<Silence>, UseError> {
        let mut heard: Vec<Address> = own.points.iter().map(|(_, point)| point.value.clone()).collect();
        heard.push(Phi::new(Arc::from(visitor.patient.reference())));
        let mut reading = self.inner.store.tenant(&visitor.tenant).reading().await?;
        let inbound = reading.inbound(&heard, Timestamp::MIN).await?;
        drop(reading);
        let template = TemplateUse { name: String::new(), data: BTreeMap::new() };
        let request = wire::Request::ours(&visitor.patient, Purpose::AppointmentReminder, template, Channel::Sms);
        let request = request.to_gate().map_err(|_| UseError::Unavailable)?;
        let state = self.tenant_state(&visitor.tenant).await?;
        let content = Content {
            level: Fact::Unknown(Missing::NotRecorded),
            categories: Vec::new(),
            language: Language::En,
            template: None,
            commitment: None,
        };
        let history = History {
            deliveries: Vec::new(),
            inbound,
            opt_outs: opt_outs.to_vec(),
            number_checks: Vec::new(),
            notices: Vec::new(),
            earlier: Vec::new(),
        };
        let facts = messages::on_record(self.now(), &state, own.record.clone(), content);
        Ok(silences(&request, &Facts { history: Fact::Known(history), ..facts }, &state.policy))
    }

    /// Has only messages of the `wanted` purposes come to a contact point from now on. What is not changed stays as it is.
    ///
    /// # Errors
    /// [`UseError`]: not found when no contact point is called so.
    pub async fn choose(
        &self,
        visitor: &Visitor,
        handle: &str,
        wanted: &[Purpose],
        shown: &Shown,
    ) -> Result<(), UseError> {
        let before = self.choices(visitor).await?;
        let before = before.points.into_iter().find(|point| point.handle == handle).ok_or(UseError::NotFound)?;
        let point = self.point_called(visitor, handle).await?.value;
        let of = |wants: &[Purpose], not: &[Purpose]| -> Vec<Purpose> {
            CHOSEN.iter().copied().filter(|p| wants.contains(p) && !not.contains(p)).collect()
        };
        let (stopped, resumed) = (of(&before.wanted, wanted), of(wanted, &before.wanted));
        if stopped.is_empty() && resumed.is_empty() {
            return Ok(());
        }
        let at = self.now();
        let scopes: Vec<OptOutScope> = if of(wanted, &[]).is_empty() {
            // 47 CFR 64.1200(a)(10): who unmarks everything says stop, and stop reaches what has no mark, too.
            vec![OptOutScope::All]
        } else {
            CHOSEN.iter().filter(|p| !wanted.contains(p)).map(|p| OptOutScope::Purpose(*p)).collect()
        };
        let rows = scopes.into_iter().map(|scope| OptOut { at, channel: Channel::Portal, point: point.clone(), scope });
        let code = if resumed.is_empty() { "opt_out" } else { "opt_in" };
        let entry = ledger_entry::of(self, &visitor.tenant, Kind::ConsentChanged, visitor.actor(), code)
            .map_err(|_| UseError::Unavailable)?;
        self.inner.store.tenant(&visitor.tenant).replace_opt_outs(&point, at, rows.collect(), entry).await?;
        if !resumed.is_empty() {
            self.say_start(visitor, &point, at).await?;
        }
        for (purposes, wish) in [
            (stopped, (|purposes| Wish::Stop { purposes }) as fn(Vec<Purpose>) -> Wish),
            (resumed, |purposes| Wish::Resume { purposes }),
        ] {
            if !purposes.is_empty() {
                self.wish(visitor, Some(point.clone()), wish(purposes), shown).await?;
            }
        }
        Ok(())
    }

    /// Has the patient reached at one contact point only, or, with none, at any again. Nobody asks why (45 CFR 164.522(b)(1)(ii)).
    ///
    /// # Errors
    /// [`UseError`]: not found when no contact point is called so; malformed when it was added and nobody has said a code that went there:
    /// it may be a stranger's, and nothing would come anywhere from then on.
    pub async fn reach_only_at(&self, visitor: &Visitor, handle: Option<&str>, shown: &Shown) -> Result<(), UseError> {
        let point = match handle {
            Some(handle) => {
                let own = self.own_points(visitor).await?;
                let point = own.called(handle).ok_or(UseError::NotFound)?;
                if !may_be_only(point, &wishes::all(&own.attested)?, self.now()) {
                    return Err(WireError::new("only", "expected a number or address that was confirmed").into());
                }
                Some(point.value.clone())
            }
            None => None,
        };
        self.wish(visitor, point, Wish::OnlyAt, shown).await
    }

    /// Records what the patient says to the risk of e-mail at an address (78 FR 5634).
    ///
    /// # Errors
    /// [`UseError`]: not found when no address is called so.
    pub async fn answer_email_risk(
        &self,
        visitor: &Visitor,
        handle: &str,
        accepts: bool,
        shown: &Shown,
    ) -> Result<(), UseError> {
        themselves(visitor)?;
        let point = self.point_called(visitor, handle).await?.value;
        let answer = if accepts { NoticeAnswer::Accepts } else { NoticeAnswer::Objects };
        let by = (&visitor.tenant, visitor.actor());
        self.say_of_email_risk(by, &visitor.patient, point, (answer, &shown.words)).await?;
        self.inner.wake.notify_one();
        Ok(())
    }

    /// Records a marketing authorization that the patient signs with their name, or, without one, that it is taken back
    /// (45 CFR 164.508(b)(5), (c)).
    ///
    /// # Errors
    /// [`UseError`]: malformed when the signature is none.
    pub async fn answer_offers(
        &self,
        visitor: &Visitor,
        signature: Option<&str>,
        shown: &Shown,
    ) -> Result<(), UseError> {
        let wish = match signature.map(str::trim) {
            None => Wish::NoOffers,
            Some(name) if name.is_empty() || name.chars().count() > SIGNATURE_MAX => {
                return Err(WireError::new("signature", "expected the full name of who signs").into());
            }
            Some(name) => Wish::Offers { signature: name.to_owned() },
        };
        self.wish(visitor, None, wish, shown).await
    }

    /// Has the patient reached by machine in these hours of their own clock only, or, without, in any that is allowed.
    ///
    /// # Errors
    /// [`UseError`]: malformed when the hours are none that the practice is open in.
    pub async fn choose_hours(
        &self,
        visitor: &Visitor,
        hours: Option<(i8, i8)>,
        shown: &Shown,
    ) -> Result<(), UseError> {
        let (open_from, open_to) = self.choices(visitor).await?.open;
        if hours.is_some_and(|(from, to)| from.max(open_from) >= to.min(open_to)) {
            return Err(WireError::new("hours", "expected hours in which messages go out").into());
        }
        self.wish(visitor, None, Wish::Times { from: hours.map(|one| one.0), to: hours.map(|one| one.1) }, shown).await
    }

    /// Has the patient written to in `language`.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn choose_message_language(
        &self,
        visitor: &Visitor,
        language: Language,
        shown: &Shown,
    ) -> Result<(), UseError> {
        self.wish(visitor, None, Wish::Language { language }, shown).await
    }

    /// Records whom to call about the patient in an emergency; without a name, nobody.
    ///
    /// # Errors
    /// [`UseError`]: malformed when the number is none, or a word is too long.
    pub async fn choose_emergency_contact(
        &self,
        visitor: &Visitor,
        (name, phone, relation): (&str, &str, &str),
        shown: &Shown,
    ) -> Result<(), UseError> {
        if visitor.aal < Aal::Aal2 {
            return Err(UseError::NotFound);
        }
        let words = [name, relation].map(str::trim);
        if words.iter().any(|word| word.chars().count() > SIGNATURE_MAX || word.chars().any(char::is_control)) {
            return Err(WireError::new("name", "expected one line").into());
        }
        let phone = match normalise(System::Phone, phone) {
            Some(phone) => phone.reveal().to_string(),
            None if words[0].is_empty() => String::new(),
            None => return Err(WireError::new("phone", "expected a number").into()),
        };
        let [name, relation] = words.map(str::to_owned);
        self.wish(visitor, None, Wish::EmergencyContact { name, phone, relation }, shown).await
    }

    /// Everything the patient, or somebody for them, said of how they are reached, newest first.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn said(&self, visitor: &Visitor) -> Result<Vec<Said>, UseError> {
        themselves(visitor)?;
        let mut reading = self.inner.store.tenant(&visitor.tenant).reading().await?;
        let attested = reading.attestations(&visitor.patient).await?;
        let own = self.own_points(visitor).await?;
        let mut places: Vec<Address> = own.points.iter().map(|(_, point)| point.value.clone()).collect();
        places.push(Phi::new(Arc::from(visitor.patient.reference())));
        let stopped = stops(&reading.opt_outs(&places).await?, &visitor.patient.reference());
        let mut said: Vec<Said> = wishes::all(&attested)?.iter().map(said_of).chain(stopped).collect();
        for (notice, point, words) in notices::shown(&attested)? {
            said.push(Said {
                at: notice.at,
                what: match (notice.kind, notice.answer) {
                    (NoticeKind::EmailRisk, Some(NoticeAnswer::Accepts)) => "risk_accepted",
                    (NoticeKind::EmailRisk, Some(NoticeAnswer::Objects)) => "risk_declined",
                    _ => "told",
                },
                ends: point.as_ref().map(told),
                purposes: Vec::new(),
                words,
                language: None,
            });
        }
        // Of one instant, what was said last stands first.
        said.reverse();
        said.sort_by_key(|one| std::cmp::Reverse(one.at));
        Ok(said)
    }

    /// Keeps a wish with the words that were shown.
    pub(super) async fn wish(
        &self,
        visitor: &Visitor,
        point: Option<Address>,
        wish: Wish,
        shown: &Shown,
    ) -> Result<(), UseError> {
        themselves(visitor)?;
        let code = wish.code();
        let kept = Kept { wish, at: self.now(), shown: shown.words.clone(), language: shown.language };
        let by = (&visitor.tenant, visitor.actor());
        self.attest_as(by, &visitor.patient, (wishes::KIND, code), point, &kept).await?;
        self.inner.wake.notify_one();
        Ok(())
    }

    /// RULES TCP-16: an affirmative act of the patient's own, kept as the word it stands for, so that the gate hears it after a STOP that
    /// came as a text.
    async fn say_start(&self, visitor: &Visitor, point: &Address, at: Timestamp) -> Result<(), UseError> {
        let id = postern_base::id::new_v7(at, self.inner.rng.as_ref()).map_err(|_| UseError::Unavailable)?;
        let inbound = NewInbound {
            vendor: "portal".to_owned(),
            reference: id.to_string(),
            channel: Channel::Portal,
            from: point.clone(),
            text: Phi::new("START".to_owned()),
            thread_purpose: None,
            answers: None,
            patient: Some(visitor.patient.clone()),
            at,
            attachments: Vec::new(),
        };
        let entry = ledger_entry::of(self, &visitor.tenant, Kind::Inbound, visitor.actor(), "resumes")
            .map_err(|_| UseError::Unavailable)?;
        self.inner.store.tenant(&visitor.tenant).put_inbound(inbound, vec![entry]).await?;
        Ok(())
    }

    /// The patient's own contact points that can be reached by machine, each with its place on the record; and what else of the record
    /// the choices rest on.
    pub(super) async fn own_points(&self, visitor: &Visitor) -> Result<Own, UseError> {
        self.points_of(&visitor.tenant, &visitor.patient).await
    }

    /// The same of a patient who is not signed in yet.
    pub(super) async fn points_of(&self, tenant: &TenantId, patient: &PatientId) -> Result<Own, UseError> {
        let mut reading = self.inner.store.tenant(tenant).reading().await?;
        let Directory { mut record, attested, .. } = self.directory(&mut reading, patient, None, self.now()).await?;
        let asked_elsewhere = record.consents.known().is_some_and(|consents| {
            consents.iter().any(|consent| consent.active && consent.kind == ConsentKind::ConfidentialCommunication)
        });
        let Fact::Known(patient) = &mut record.patient else { return Err(UseError::NotFound) };
        let values: Vec<Address> = patient.points.iter().map(|point| point.value.clone()).collect();
        let known = reading.verifications(&values).await?;
        verifications::know(&mut patient.points, &known, &verifications::found_out(&attested)?);
        number_checks::know_lines(&mut patient.points, &number_checks::looked_up(&attested)?);
        let reached = |point: &ContactPoint| !point.expired && channel_of(point.system).is_some();
        let points = patient.points.iter().cloned().enumerate().filter(|(_, point)| reached(point)).collect();
        Ok(Own { points, asked_elsewhere, record, attested })
    }

    pub(super) async fn point_called(&self, visitor: &Visitor, wanted: &str) -> Result<ContactPoint, UseError> {
        self.own_points(visitor).await?.called(wanted).cloned().ok_or(UseError::NotFound)
    }
}

/// What choices rest on.
pub(super) struct Own {
    /// The contact points in use, each with its place on the record: that stays what it is when another one goes.
    pub(super) points: Vec<(usize, ContactPoint)>,
    asked_elsewhere: bool,
    record: PatientRecord,
    pub(super) attested: Vec<Attestation>,
}

impl Own {
    /// The contact point that is called `wanted` in a form.
    fn called(&self, wanted: &str) -> Option<&ContactPoint> {
        let called = |(nth, point): &&(usize, ContactPoint)| {
            channel_of(point.system).is_some_and(|channel| handle(*nth, channel) == wanted)
        };
        self.points.iter().find(called).map(|(_, point)| point)
    }
}

/// Whether a contact point may be the only one. What the practice has on record may, a landline that takes no code too; what the patient
/// added has to be confirmed first.
fn may_be_only(point: &ContactPoint, wishes: &[Attested<Kept>], now: Timestamp) -> bool {
    let added = |one: &Attested<Kept>| matches!(one.content.wish, Wish::AddPoint { .. });
    let was_added = wishes.iter().any(|one| added(one) && one.point.as_ref() == Some(&point.value));
    !was_added || is_verified(point, now)
}

/// It counts as the patient's own now.
pub(super) fn is_verified(point: &ContactPoint, now: Timestamp) -> bool {
    point.verification.known().is_some_and(|one| {
        one.validated && one.last.is_some_and(|at| at <= now) && one.next.is_none_or(|until| now < until)
    })
}

/// house: what a patient wishes is said by the patient. Who stands for one asks the practice, which knows how far that reaches
/// (45 CFR 164.502(g)).
pub(super) fn themselves(visitor: &Visitor) -> Result<(), UseError> {
    if visitor.is_proxy() { Err(UseError::NotFound) } else { Ok(()) }
}

/// What a contact point is called in a form: its place on the record and its kind.
pub(super) fn handle(nth: usize, channel: Channel) -> String {
    format!("{channel}-{nth}")
}

/// Enough of a contact point for its owner to know which it is, and no address.
pub(crate) fn told(point: &Address) -> String {
    let text = point.reveal();
    match (text.split_once('@'), text.chars().next()) {
        (Some((_, domain)), Some(first)) => format!("{first}…@{domain}"),
        _ => format!("…{}", ending(point)),
    }
}

/// How a contact point is reached by machine.
pub(super) const fn channel_of(system: System) -> Option<Channel> {
    match system {
        System::Sms => Some(Channel::Sms),
        System::Phone => Some(Channel::Voice),
        System::Email => Some(Channel::Email),
        _ => None,
    }
}

/// Opt-outs that stand and were not chosen on the page of choices: a STOP in so many words, or by a link. What is chosen there is kept with its
/// words already.
fn stops(opt_outs: &[OptOut], patient: &str) -> Vec<Said> {
    let mut said: Vec<Said> = Vec::new();
    for one in opt_outs {
        let here = one.point.reveal().as_ref() == patient;
        if one.channel == Channel::Portal && !here {
            continue;
        }
        let ends = (!here).then(|| told(&one.point));
        let purpose = match one.scope {
            OptOutScope::All => None,
            OptOutScope::Purpose(purpose) => Some(purpose),
        };
        // One press of a link stops several kinds within a moment.
        let near =
            |other: &Said| other.ends == ends && one.at.duration_since(other.at).abs() < SignedDuration::from_secs(5);
        match (said.iter_mut().find(|other| near(other)), purpose) {
            (Some(other), Some(purpose)) if !other.purposes.is_empty() => other.purposes.push(purpose),
            _ => {
                let purposes = purpose.into_iter().collect();
                said.push(Said { at: one.at, what: "stop", ends, purposes, words: None, language: None });
            }
        }
    }
    said
}

fn said_of(one: &Attested<Kept>) -> Said {
    let (what, purposes) = match &one.content.wish {
        Wish::Stop { purposes } => ("stop", purposes.clone()),
        Wish::Resume { purposes } => ("resume", purposes.clone()),
        Wish::OnlyAt if one.point.is_some() => ("only_at", Vec::new()),
        Wish::OnlyAt => ("anywhere", Vec::new()),
        Wish::Offers { .. } => ("offers", Vec::new()),
        Wish::NoOffers => ("no_offers", Vec::new()),
        Wish::Times { .. } => ("times", Vec::new()),
        Wish::Language { .. } => ("language", Vec::new()),
        Wish::AddPoint { .. } => ("point_added", Vec::new()),
        Wish::RemovePoint => ("point_removed", Vec::new()),
        Wish::Prefer => ("point_first", Vec::new()),
        Wish::EmergencyContact { .. } => ("emergency", Vec::new()),
        Wish::EndProxy { .. } => ("proxy_end", Vec::new()),
    };
    Said {
        at: one.content.at,
        what,
        ends: one.point.as_ref().map(told),
        purposes,
        words: Some(one.content.shown.clone()),
        language: Some(one.content.language),
    }
}
