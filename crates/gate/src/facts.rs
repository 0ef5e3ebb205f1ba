//! Everything a decision depends on besides the request (CASES, "Facts in the bundle").

mod event;
mod history;

pub(crate) use event::is_report;
pub use event::{ClinicianHold, Event, EventStatus, ResultClass};
pub use history::{
    EarlierRequest, History, Inbound, NoticeGiven, NumberCheck, OptOut, OptOutScope, PastDelivery, PastOutcome,
    Reassigned,
};

use crate::deployment::Deployment;
use crate::fact::Fact;
use crate::rendition::{Content, Rendition};
use jiff::Timestamp;
use jiff::civil::Date;
use postern_base::{Category, Channel, EmailTier, PatientId, Phi, Purpose};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An address in its one normal form: E.164 for numbers, lower-case domain for e-mail, a FHIR reference for the portal.
pub type Address = Phi<Arc<str>>;

/// The facts.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The instant of the decision.
    pub now: Timestamp,
    /// Who speaks.
    pub tenant: Tenant,
    /// The vendor and agreement registry. No row that covers a channel now = no send on it.
    pub vendors: Vec<Vendor>,
    /// What recipient domains enforce, by lower-case domain; a domain that is absent is Unknown.
    pub email_tiers: BTreeMap<String, EmailTier>,
    /// S/MIME certificates of recipients; an address without a row has none on record.
    pub certificates: Vec<Certificate>,
    /// Whether the EHR answered just now.
    pub ehr: Ehr,
    /// The patient.
    pub patient: Fact<Patient>,
    /// Every Consent of the patient, of every kind and status; one that could not be read is [`ConsentKind::Unreadable`].
    pub consents: Fact<Vec<Consent>>,
    /// The persons the patient's records name as related.
    pub related: Vec<RelatedPerson>,
    /// The event the request is about.
    pub event: Fact<Event>,
    /// What went out and came in before.
    pub history: Fact<History>,
    /// The source content.
    pub content: Content,
    /// Every form that was rendered.
    pub renditions: Vec<Rendition>,
    /// Facts of the deployment.
    pub deployment: Deployment,
}

/// Who speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// The organisation's own name.
    pub name: String,
    /// Covered entity or business associate.
    pub role: TenantRole,
    /// The neutral name used on open channels; `None` = there is no neutral alias.
    pub alias: Option<String>,
    /// The name on open channels reveals a specialty.
    pub reveals_specialty: bool,
    /// The call-back number, E.164.
    pub callback: Option<String>,
    /// The state, two letters.
    pub state: Option<String>,
    /// The IANA zones of that state; empty = not known.
    pub zones: Vec<String>,
    /// Domains that links may point at.
    pub link_domains: Vec<String>,
    /// Which text of 47 CFR 64.1200(a)(10) is applied.
    pub revocation_regime: RevocationRegime,
    /// Texts from the sender's number can be answered (47 CFR 64.1200(a)(10)).
    pub accepts_replies: bool,
}

/// An S/MIME certificate of a recipient, as far as it was checked (RFC 8551 section 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The address it is used for.
    pub address: Address,
    /// First instant it is valid.
    pub from: Timestamp,
    /// Last instant it is valid.
    pub until: Timestamp,
    /// Its chain ends in an authority the practice trusts.
    pub trusted: bool,
    /// It was revoked; Unknown when nobody could tell.
    pub revoked: Fact<bool>,
    /// Its `rfc822Name` is the address (RFC 8551 section 3.1).
    pub names_address: bool,
}

/// The tenant's HIPAA role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantRole {
    /// A covered entity.
    CoveredEntity,
    /// A business associate.
    BusinessAssociate,
}

/// Which text of the revocation rule is applied (RULES TCP-14).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationRegime {
    /// FCC 24-24 with revoke-all waived by DA 26-12.
    R2024,
    /// FCC 26-67.
    R2667,
}

/// A vendor's service and the agreement that covers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vendor {
    /// The vendor.
    pub vendor: String,
    /// Its service.
    pub service: String,
    /// The tier bought.
    pub tier: String,
    /// The channels it carries for us.
    pub channels: Vec<Channel>,
    /// The agreement.
    pub agreement: Agreement,
    /// Sender registration (10DLC, toll-free, short code; verified domain).
    pub sender_registration: Registration,
    /// Free-to-end-user short code (RULES TCP-03).
    pub free_to_end_user: bool,
}

/// A business associate agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Where it stands.
    pub status: AgreementStatus,
    /// First day it is in force.
    pub effective: Option<Date>,
    /// Last day it is in force.
    pub expires: Option<Date>,
    /// The services it names.
    pub services: Vec<String>,
    /// Every required term is in it (45 CFR 164.504(e)(2), 164.314(a)(2)).
    pub required_terms: bool,
}

/// Where an agreement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgreementStatus {
    /// Signed by both.
    Executed,
    /// Not signed yet.
    Draft,
    /// Ended early.
    Terminated,
    /// Anything else, or none at all.
    Missing,
}

/// Where a sender registration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// Approved.
    Approved,
    /// Asked for.
    Pending,
    /// Refused, suspended, or never asked for.
    NotApproved,
    /// Nothing to register on this channel.
    NotNeeded,
}

/// Whether the EHR answered just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ehr {
    /// It did, or the built-in directory is the record.
    Live,
    /// It did not, or what it gave was stale.
    Unreachable,
    /// It was not asked: accept decides on the directory at hand, and the decision is advisory.
    NotAsked,
}

/// The patient.
#[derive(Debug, Clone)]
pub struct Patient {
    /// The id.
    pub id: PatientId,
    /// The record is in use and not replaced by another (`active`, `link`).
    pub active: bool,
    /// Another record stands in its place (`link` of the type `replaced-by`).
    pub replaced: bool,
    /// A death flag or date is on the record.
    pub deceased: bool,
    /// Date of birth.
    pub birth_date: Option<Date>,
    /// Preferred language, BCP 47.
    pub language: Option<String>,
    /// Every state that an address of theirs in use lies in, two letters each: the law of each is kept.
    pub states: Vec<String>,
    /// An address of theirs in use lies in a state that cannot be told: the law of any may be theirs.
    pub unknown_state: bool,
    /// Country of residence: `US`, `CA`, or as the record writes it; `None` = the record does not say.
    pub country: Option<String>,
    /// IANA names of every zone the patient may be in: address, facility, area code, stated. Empty = unknown.
    pub zones: Vec<String>,
    /// The record puts them, or a number of theirs, in a country whose time zones are not known, and states none.
    pub unknown_clock: bool,
    /// The hours in which they want to be reached by machine, where they said so: never more than the window.
    pub wanted_hours: Option<WantedHours>,
    /// Every contact point.
    pub points: Vec<ContactPoint>,
    /// Postal addresses, one line each: of the record, and of requests to be written to elsewhere (45 CFR 164.522(b)).
    pub postal: Vec<Address>,
    /// Safety flags.
    pub flags: Flags,
    /// Categories that labels on the patient's records make protected.
    pub labels: Vec<Category>,
    /// Somebody else holds the insurance that pays for them (RULES SPC-07).
    pub dependent: bool,
    /// Their names on record, so that who answers "no, there is no alma here" is understood.
    pub names: Vec<Phi<String>>,
}

impl Patient {
    /// Whether the law of a state may be that of where they live.
    #[must_use]
    pub fn may_live_in(&self, state: &str) -> bool {
        self.unknown_state || self.states.iter().any(|own| own == state)
    }
}

/// Whole hours of the patient's own clock, from (inclusive) and to (exclusive).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WantedHours {
    /// From this hour on.
    pub from: i8,
    /// Until this hour.
    pub to: i8,
}

/// Safety flags on the record (CASES, `postern-flag`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// Abuse or endangerment is believed (45 CFR 164.502(g)(5)).
    pub endangerment: bool,
    /// No automated contact.
    pub no_automated: bool,
    /// A device others can read.
    pub unsafe_device: bool,
    /// The patient does not hear: no path of calls only (45 CFR 92.202).
    pub deaf: bool,
    /// The patient does not see print: large print, Braille or a reading aloud (45 CFR 92.202).
    pub blind: bool,
    /// The patient asked not to be told of results before a clinician has spoken with them (RULES IB-05).
    pub await_clinician: bool,
    /// A Flag was there that could not be understood.
    pub unreadable: bool,
}

/// A way to reach the patient.
#[derive(Debug, Clone)]
pub struct ContactPoint {
    /// What kind.
    pub system: System,
    /// The address.
    pub value: Address,
    /// Preference, 1 = first.
    pub rank: Option<u32>,
    /// `use=old`, or its period is over: never used.
    pub expired: bool,
    /// It may be used from this instant on.
    pub from: Option<Timestamp>,
    /// It is out of use from this instant on.
    pub until: Option<Timestamp>,
    /// Who gave it.
    pub source: Fact<PointSource>,
    /// What the number is.
    pub line_type: Fact<LineType>,
    /// Whose mailbox it is.
    pub mailbox: Fact<MailboxKind>,
    /// References of others who use it.
    pub shared_with: Vec<String>,
    /// Another patient who uses it asked not to be reached at it (45 CFR 164.522(b)).
    pub closed_by_another: bool,
    /// More patients have it on record than are asked about it ([`crate::reference::SHARERS_MOST`]): whether one of them closed it nobody
    /// looked up.
    pub crowded: bool,
    /// The record gives it as a related person's, or as that of somebody to call about the patient, too.
    pub of_another: bool,
    /// Verified as the patient's own.
    pub verification: Fact<Verification>,
    /// What it was given for; `None` = everything.
    pub only_for: Option<Vec<Purpose>>,
    /// The hours in which it may be used, by the patient's own clock; empty = any. Unknown = the record has some that could not be read.
    pub hours: Fact<Vec<AvailableTime>>,
}

/// Hours of one day of the week in which a contact point may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AvailableTime {
    /// 1 = Monday to 7 = Sunday.
    pub day: i8,
    /// From this minute of the day on.
    pub from_minute: i16,
    /// Until this minute; 1440 = until the day is over.
    pub to_minute: i16,
}

/// The kind of a contact point (FHIR ContactPoint.system, and Postern's own).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum System {
    /// Text messages.
    Sms,
    /// Calls.
    Phone,
    /// E-mail.
    Email,
    /// A registered device for push.
    App,
    /// First-class mail.
    Postal,
    /// The portal.
    Portal,
    /// A messaging app.
    MessagingApp,
    /// Fax, pager, url, other: never used.
    Other,
}

impl System {
    /// The kind of contact point a channel uses, as a Consent names it.
    #[must_use]
    pub const fn of(channel: Channel) -> Self {
        match channel {
            Channel::Sms => Self::Sms,
            Channel::Email => Self::Email,
            Channel::Voice | Channel::Voicemail | Channel::HumanCall => Self::Phone,
            Channel::Push => Self::App,
            Channel::MessagingApp => Self::MessagingApp,
            Channel::Mail => Self::Postal,
            Channel::Portal | Channel::Chat | Channel::ChatAnonymous => Self::Portal,
        }
    }
}

/// Who gave a contact point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointSource {
    /// The patient.
    Patient,
    /// Staff.
    Staff,
    /// Somebody else.
    ThirdParty,
}

/// What a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineType {
    /// Wireless.
    Mobile,
    /// Residential or business landline.
    Landline,
    /// VoIP.
    Voip,
    /// An emergency line: of the police, a hospital, a poison control centre.
    Emergency,
    /// The line of a patient's room in a hospital or home.
    PatientRoom,
}

/// Whose mailbox it is (RULES EML-04).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailboxKind {
    /// The patient's alone.
    Personal,
    /// The employer's.
    Employer,
    /// Shared.
    Shared,
    /// The family's.
    Family,
}

/// A verification of a contact point (FHIR VerificationResult).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verification {
    /// `validated` (or `attested`, which does not count).
    pub validated: bool,
    /// When it was last performed.
    pub last: Option<Timestamp>,
    /// Good until.
    pub next: Option<Timestamp>,
}

/// A Consent, as far as it bears on communication.
#[derive(Debug, Clone)]
pub struct Consent {
    /// Its logical id.
    pub id: String,
    /// What it is about.
    pub kind: ConsentKind,
    /// `status` is `active`.
    pub active: bool,
    /// When it was given.
    pub given: Option<Timestamp>,
    /// The root provision.
    pub provision: Provision,
    /// Who signed, when a signer is recorded.
    pub signed_by: Option<String>,
    /// A signed source document is recorded.
    pub has_source: bool,
    /// `remuneration-disclosed` is true.
    pub remuneration_disclosed: bool,
    /// Elements that the record says are missing, or statements that make it void (45 CFR 164.508(b)(2), (c)).
    pub defective: bool,
    /// The mode an access request asks for, such as `plain`.
    pub access_mode: Option<postern_base::EmailMode>,
    /// A restriction of what was paid for in full: it binds toward the health plan (45 CFR 164.522(a)(1)(vi)).
    pub self_pay: bool,
}

/// What a Consent is about (CASES, "Facts in the bundle").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsentKind {
    /// May, or may not, be contacted.
    ContactConsent,
    /// Was warned about e-mail and accepts (45 CFR 164.522, OCR FAQ 570).
    EmailRiskAcknowledgement,
    /// HIPAA authorization for marketing (45 CFR 164.508(a)(3)).
    MarketingAuthorization,
    /// Prior express written consent (47 CFR 64.1200(f)(9)).
    MarketingTextConsent,
    /// 45 CFR 164.522(b).
    ConfidentialCommunication,
    /// 45 CFR 164.522(a).
    Restriction,
    /// A proxy's grant.
    ProxyCommunication,
    /// 42 CFR Part 2 consent.
    Part2Consent,
    /// 45 CFR 164.524.
    AccessRequest,
    /// 45 CFR 164.404(d)(1): agreed to be told of a breach by e-mail.
    ElectronicNotice,
    /// Not about communication (treatment, research, advance directives): counted and left.
    Other,
    /// It could not be understood: it denies everything it might have denied.
    Unreadable,
}

/// A provision of a Consent, with its exceptions.
#[derive(Debug, Clone, Default)]
pub struct Provision {
    /// Permit, or deny; `None` = the resource does not say.
    pub decision: Option<Ruling>,
    /// In force from.
    pub from: Option<Timestamp>,
    /// In force until.
    pub until: Option<Timestamp>,
    /// Kinds of contact point it names; empty = all.
    pub systems: Vec<System>,
    /// Contact points and postal addresses it names; empty = all.
    pub points: Vec<Address>,
    /// Purposes it names; empty = all but marketing.
    pub reasons: Vec<ActReason>,
    /// References of actors it names.
    pub actors: Vec<String>,
    /// Categories it names by security label.
    pub labels: Vec<Category>,
    /// Records it names, such as `MedicationRequest/m1`; empty = it names none (45 CFR 164.508(c)(1)(i)).
    pub data: Vec<String>,
    /// The exceptions.
    pub exceptions: Vec<Provision>,
}

/// Permit or deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// Permit.
    Permit,
    /// Deny.
    Deny,
}

/// Codes of HL7 v3-ActReason that Postern reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActReason {
    /// Treatment.
    Treat,
    /// Care management.
    CareMgt,
    /// Payment.
    HPaymt,
    /// Operations.
    HOperat,
    /// Patient administration.
    PatAdmin,
    /// Marketing.
    HMarkt,
    /// A code Postern does not know.
    Unknown,
}

/// A person the patient's records name as related.
#[derive(Debug, Clone)]
pub struct RelatedPerson {
    /// `RelatedPerson/ID`.
    pub reference: String,
    /// v3-RoleCode, such as `GUARD`, `HPOWATT`, `PRN`.
    pub relationship: Vec<String>,
    /// In use now.
    pub active: bool,
    /// What they are to the patient ends at this instant.
    pub until: Option<Timestamp>,
    /// Their contact points.
    pub points: Vec<ContactPoint>,
}

impl RelatedPerson {
    /// Whether they are related to the patient at an instant, as far as the record says.
    #[must_use]
    pub fn is_active(&self, at: Timestamp) -> bool {
        self.active && self.until.is_none_or(|until| at < until)
    }
}
