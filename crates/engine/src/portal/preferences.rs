//! How a patient wants to be reached, chosen by themselves: what may come to which contact point, one place alone (45 CFR 164.522(b)),
//! the risk of e-mail, marketing. Every choice is obeyed from the next decision on, also by what is queued.

use super::Visitor;
use crate::engine::Engine;
use crate::error::UseError;
use crate::ledger_entry;
use crate::notices;
use crate::number_checks::ending;
use crate::wire::{NoticeAnswer, NoticeKind, WireError};
use crate::wishes::{self, Kept, Wish};
use jiff::Timestamp;
use postern_base::{Channel, Language, Phi, Purpose};
use postern_gate::facts::{Address, ConsentKind, ContactPoint, OptOut, OptOutScope, System};
use postern_ledger::Kind;
use postern_store::NewInbound;

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
    /// What, as a word: `stop`, `resume`, `only_at`, `anywhere`, `risk_accepted`, `risk_declined`, `offers`, `no_offers`, `told`.
    pub what: &'static str,
    /// The same of the contact point it was about.
    pub ends: Option<String>,
    /// The purposes it was about.
    pub purposes: Vec<Purpose>,
    /// The words that were shown, where they were shown here.
    pub words: Option<String>,
}

impl Engine {
    /// How the patient is reached now.
    ///
    /// # Errors
    /// [`UseError`]: not found for a proxy.
    pub async fn choices(&self, visitor: &Visitor) -> Result<Choices, UseError> {
        themselves(visitor)?;
        let (points, directory_asks) = self.own_points(visitor).await?;
        let addresses: Vec<Address> = points.iter().map(|point| point.value.clone()).collect();
        let mut reading = self.inner.store.tenant(&visitor.tenant).reading().await?;
        let opt_outs = reading.opt_outs(&addresses).await?;
        let attested = reading.attestations(&visitor.patient).await?;
        let wishes = wishes::all(&attested)?;
        let only = wishes::only_at(&wishes).and_then(|one| one.point.clone());
        let accepted = notices::acknowledgements(&notices::given(&attested)?);
        let points = points.iter().enumerate().filter_map(|(nth, point)| {
            let channel = channel_of(point.system)?;
            let out = |purpose: Purpose| {
                let here = opt_outs.iter().filter(|row| row.point == point.value);
                here.map(|row| row.scope)
                    .any(|scope| scope == OptOutScope::All || scope == OptOutScope::Purpose(purpose))
            };
            Some(PointChoice {
                handle: handle(nth, channel),
                channel,
                ends: told(&point.value),
                wanted: CHOSEN.iter().copied().filter(|purpose| !out(*purpose)).collect(),
                only: only.as_ref() == Some(&point.value),
                risk_accepted: accepted.iter().any(|consent| consent.provision.points.contains(&point.value)),
            })
        });
        let offers = wishes::offers(&wishes).is_some_and(|one| matches!(one.content.wish, Wish::Offers { .. }));
        Ok(Choices { points: points.collect(), asked_elsewhere: directory_asks, offers })
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
        let point = self.point_called(visitor, handle).await?;
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
    /// [`UseError`]: not found when no contact point is called so.
    pub async fn reach_only_at(&self, visitor: &Visitor, handle: Option<&str>, shown: &Shown) -> Result<(), UseError> {
        let point = match handle {
            Some(handle) => Some(self.point_called(visitor, handle).await?),
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
        let point = self.point_called(visitor, handle).await?;
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

    /// Everything the patient, or somebody for them, said of how they are reached, newest first.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn said(&self, visitor: &Visitor) -> Result<Vec<Said>, UseError> {
        themselves(visitor)?;
        let mut reading = self.inner.store.tenant(&visitor.tenant).reading().await?;
        let attested = reading.attestations(&visitor.patient).await?;
        let mut said: Vec<Said> = wishes::all(&attested)?.iter().map(said_of).collect();
        for (notice, words) in notices::shown(&attested)? {
            said.push(Said {
                at: notice.at,
                what: match (notice.kind, notice.answer) {
                    (NoticeKind::EmailRisk, Some(NoticeAnswer::Accepts)) => "risk_accepted",
                    (NoticeKind::EmailRisk, Some(NoticeAnswer::Objects)) => "risk_declined",
                    _ => "told",
                },
                ends: notice.contact_point_ends.map(|ends| format!("…{ends}")),
                purposes: Vec::new(),
                words,
            });
        }
        said.sort_by_key(|one| std::cmp::Reverse(one.at));
        Ok(said)
    }

    /// Keeps a wish with the words that were shown.
    async fn wish(&self, visitor: &Visitor, point: Option<Address>, wish: Wish, shown: &Shown) -> Result<(), UseError> {
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
        };
        let entry = ledger_entry::of(self, &visitor.tenant, Kind::Inbound, visitor.actor(), "resumes")
            .map_err(|_| UseError::Unavailable)?;
        self.inner.store.tenant(&visitor.tenant).put_inbound(inbound, vec![entry]).await?;
        Ok(())
    }

    /// The patient's own contact points that can be reached by machine, in the order of the record; and whether the record holds a request
    /// for confidential communications.
    async fn own_points(&self, visitor: &Visitor) -> Result<(Vec<ContactPoint>, bool), UseError> {
        let mut reading = self.inner.store.tenant(&visitor.tenant).reading().await?;
        let directory = self.directory(&mut reading, &visitor.patient, None, self.now()).await?;
        let asks = directory.record.consents.known().is_some_and(|consents| {
            consents.iter().any(|consent| consent.active && consent.kind == ConsentKind::ConfidentialCommunication)
        });
        let patient = directory.record.patient.known().ok_or(UseError::NotFound)?;
        let points = patient.points.iter().filter(|point| !point.expired && channel_of(point.system).is_some());
        Ok((points.cloned().collect(), asks))
    }

    async fn point_called(&self, visitor: &Visitor, wanted: &str) -> Result<Address, UseError> {
        let (points, _) = self.own_points(visitor).await?;
        let found = points
            .into_iter()
            .enumerate()
            .find(|(nth, point)| channel_of(point.system).is_some_and(|channel| handle(*nth, channel) == wanted));
        found.map(|(_, point)| point.value).ok_or(UseError::NotFound)
    }
}

/// house: what a patient wishes is said by the patient. Who stands for one asks the practice, which knows how far that reaches
/// (45 CFR 164.502(g)).
fn themselves(visitor: &Visitor) -> Result<(), UseError> {
    if visitor.is_proxy() { Err(UseError::NotFound) } else { Ok(()) }
}

/// What a contact point is called in a form: its place on the record and its kind.
fn handle(nth: usize, channel: Channel) -> String {
    format!("{channel}-{nth}")
}

/// Enough of a contact point for its owner to know which it is, and no address.
pub(super) fn told(point: &Address) -> String {
    let text = point.reveal();
    match (text.split_once('@'), text.chars().next()) {
        (Some((_, domain)), Some(first)) => format!("{first}…@{domain}"),
        _ => format!("…{}", ending(point)),
    }
}

/// How a contact point is reached by machine.
const fn channel_of(system: System) -> Option<Channel> {
    match system {
        System::Sms => Some(Channel::Sms),
        System::Phone => Some(Channel::Voice),
        System::Email => Some(Channel::Email),
        _ => None,
    }
}

fn said_of(one: &crate::attestations::Attested<Kept>) -> Said {
    let (what, purposes) = match &one.content.wish {
        Wish::Stop { purposes } => ("stop", purposes.clone()),
        Wish::Resume { purposes } => ("resume", purposes.clone()),
        Wish::OnlyAt if one.point.is_some() => ("only_at", Vec::new()),
        Wish::OnlyAt => ("anywhere", Vec::new()),
        Wish::Offers { .. } => ("offers", Vec::new()),
        Wish::NoOffers => ("no_offers", Vec::new()),
    };
    Said {
        at: one.content.at,
        what,
        ends: one.point.as_ref().map(told),
        purposes,
        words: Some(one.content.shown.clone()),
    }
}
