//! The form of what the gate sees, field by field. A new fact is one word in its list here: until it is there, this file does
//! not compile. The lists themselves name the format ([`format()`]), so that bytes of another form are never misread.

use super::pack::{Pack, spellings};
use aws_lc_rs::digest;
use postern_gate::Missing;
use postern_gate::deployment::{Actor, ChannelRisk, Deployment, DoNotCall, Proposed, Reviews};
use postern_gate::facts::{
    ActReason, Agreement, AgreementStatus, AvailableTime, Certificate, ClinicianHold, Consent, ConsentKind,
    ContactPoint, EarlierRequest, Ehr, Event, EventStatus, Facts, Flags, History, Inbound, LineType, MailboxKind,
    NoticeGiven, NumberCheck, OptOut, PastDelivery, PastOutcome, Patient, PointSource, Provision, Reassigned,
    Registration, RelatedPerson, ResultClass, RevocationRegime, Ruling, System, Tenant, TenantRole, Vendor,
    Verification, WantedHours,
};
use postern_gate::rendition::{Confirms, Content, LinkState, Offers, Rendition, TemplateRef};
use postern_gate::request::{
    Ai, AnsweredBy, Breach, BreakGlass, Disclosure, Marketing, MarketingKind, NoticeElement, Recipient, Remuneration,
    Request, Translation, Voice, VoiceMode,
};
use postern_gate::revocation::Heard;
use std::sync::LazyLock;

/// Records by their fields, and words by their variants, in the order of their bytes.
macro_rules! shapes {
    (records { $($record:ident { $($field:ident),* $(,)? })* } words { $($word:ident { $($variant:ident),* $(,)? })* }) => {
        $(impl Pack for $record {
            fn put(&self, out: &mut Vec<u8>) {
                let Self { $($field),* } = self;
                $($field.put(out);)*
            }
            fn take(from: &mut &[u8]) -> Option<Self> {
                Some(Self { $($field: Pack::take(from)?),* })
            }
        })*
        $(impl Pack for $word {
            fn put(&self, out: &mut Vec<u8>) {
                // Names every variant, so that a new one is missed here and not in a reader's record.
                match self { $(Self::$variant)|* => {} }
                [$(Self::$variant),*].iter().position(|word| word == self).unwrap_or(usize::MAX).put(out);
            }
            fn take(from: &mut &[u8]) -> Option<Self> {
                [$(Self::$variant),*].get(usize::take(from)?).copied()
            }
        })*
        const SHAPES: &[(&str, &[&str])] = &[
            $((stringify!($record), &[$(stringify!($field)),*]),)*
            $((stringify!($word), &[$(stringify!($variant)),*]),)*
        ];
    };
}
shapes! {
    records {
        Facts { now, tenant, vendors, email_tiers, certificates, ehr, patient, consents, related, event, history, content, renditions, deployment }
        Tenant { name, role, alias, reveals_specialty, callback, state, zones, link_domains, revocation_regime, accepts_replies }
        Certificate { address, from, until, trusted, revoked, names_address }
        Vendor { vendor, service, tier, channels, agreement, sender_registration, free_to_end_user }
        Agreement { status, effective, expires, services, required_terms }
        Patient { id, active, replaced, deceased, birth_date, language, states, unknown_state, country, zones, unknown_clock, wanted_hours, points, postal, flags, labels, dependent, names }
        WantedHours { from, to }
        Flags { endangerment, no_automated, unsafe_device, deaf, blind, await_clinician, unreadable }
        ContactPoint { system, value, rank, expired, from, until, source, line_type, mailbox, shared_with, closed_by_another, crowded, of_another, verification, only_for, hours }
        AvailableTime { day, from_minute, to_minute }
        Verification { validated, last, next }
        Consent { id, kind, active, given, provision, signed_by, has_source, remuneration_disclosed, defective, access_mode, self_pay }
        Provision { decision, from, until, systems, points, reasons, actors, labels, data, exceptions }
        RelatedPerson { reference, relationship, active, until, points }
        Event { reference, status, at, result_class, told_classes, tested_classes, clinician_release, hold, labels }
        ClinicianHold { named, physical_harm, until }
        History { deliveries, inbound, opt_outs, number_checks, notices, earlier }
        PastDelivery { at, channel, point, purpose, automated, outcome }
        Inbound { at, channel, point, text, thread_purpose, reviewed, heard }
        OptOut { at, channel, point, scope }
        NumberCheck { point, checked_at, reassigned }
        NoticeGiven { kind, point, at, objected }
        EarlierRequest { at, purpose, event, template, same_content, commitment }
        Request { patient, purpose, recipient, channels, email_mode, origin, basis, event, in_reply_to, send_at, expires_at, urgency, break_glass, marketing, ai, model_vendor, voice, translation, breach, disclosure }
        Translation { machine, reviewed }
        Breach { elements, discovered, delayed_until }
        Recipient { role, reference }
        BreakGlass { actor, reason, expires_at }
        Marketing { kind, remuneration, drug_lapsed_days }
        Ai { generated, human_reviewed, clinical }
        Voice { mode, answered_by, identity_verified, recording, transcribing, recording_consent, disclosed }
        Content { level, categories, language, template, commitment }
        TemplateRef { name, version }
        Rendition { channel, form, level, categories, chars, links, names_sender, names_callback, says_opt_out, says_no_reply, says_code, says_keep_secret, says_business, confirms, offers, tells_result, bills, result_classes, names_address, language, commitment }
        Deployment { risk_record, channel_risks, portal_available, portal_two_factor, actor, reauthenticated, template_approvals, paused, dkim, voice_srtp, no_trackers, visitor_consent, do_not_call, postal_address, privacy_notice, bias_tested, reviews, proposed }
        ChannelRisk { channel, approved, reviewed }
        Actor { unique, enabled, permitted, trained_until, two_factor }
        DoNotCall { registry, own }
        Reviews { addressable, activity, evaluation, backup, restore }
        Proposed { two_factor_everywhere, encrypted_everywhere, inventory, scan, penetration_test, vendors_verified }
    }
    words {
        PastOutcome { Delivered, Failed, Unknown }
        TenantRole { CoveredEntity, BusinessAssociate }
        RevocationRegime { R2024, R2667 }
        AgreementStatus { Executed, Draft, Terminated, Missing }
        Registration { Approved, Pending, NotApproved, NotNeeded }
        Ehr { Live, Unreachable, NotAsked }
        System { Sms, Phone, Email, App, Postal, Portal, MessagingApp, Other }
        PointSource { Patient, Staff, ThirdParty }
        LineType { Mobile, Landline, Voip, Emergency, PatientRoom }
        MailboxKind { Personal, Employer, Shared, Family }
        ConsentKind { ContactConsent, EmailRiskAcknowledgement, MarketingAuthorization, MarketingTextConsent, ConfidentialCommunication, Restriction, ProxyCommunication, Part2Consent, AccessRequest, ElectronicNotice, Other, Unreadable }
        Ruling { Permit, Deny }
        ActReason { Treat, CareMgt, HPaymt, HOperat, PatAdmin, HMarkt, Unknown }
        EventStatus { Active, Pending, Cancelled, InError, Past, Unknown }
        ResultClass { Malignancy, Genetic, Hiv, Hepatitis, DrugTest, Other }
        Reassigned { No, Yes, NoData }
        NoticeElement { WhatHappened, Information, Steps, Response, Contact }
        Disclosure { RequiredByLaw, Oversight, Whistleblower }
        MarketingKind { OwnService, ThirdParty, Refill, Fundraising, Sale }
        Remuneration { None, CostOnly, AboveCost }
        VoiceMode { Human, Ivr, Ai }
        AnsweredBy { Patient, Machine, Other, Unknown }
        Confirms { Unsaid, End, Beginning }
        Offers { Nothing, Perhaps, Plainly }
        LinkState { NoLinks, Clean, Foreign, CarriesIdentifiers }
        Missing { NotRecorded, EhrUnreachable, Unreadable, StoreUnavailable, ClassifierFailed }
    }
}

impl Pack for Heard {
    /// What was heard is no fact of its own: a decision that is made again reads the text again, and whether the two agree is what
    /// `verify --replay` is there to say.
    fn put(&self, _: &mut Vec<u8>) {}

    fn take(_: &mut &[u8]) -> Option<Self> {
        Some(Self::NOT_YET)
    }
}

/// Names this form: the first four bytes of the SHA-256 over every name in it and every spelling of the vocabulary.
pub(super) fn format() -> [u8; 4] {
    static FORMAT: LazyLock<[u8; 4]> = LazyLock::new(|| {
        let mut text = String::from("postern grounds 1");
        let names = SHAPES.iter().flat_map(|(name, parts)| std::iter::once(name).chain(*parts)).copied();
        for name in names.chain(spellings()) {
            text.push(' ');
            text.push_str(name);
        }
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        hash.as_ref().first_chunk().copied().unwrap_or_default()
    });
    *FORMAT
}
