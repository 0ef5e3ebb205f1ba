//! Consents of every kind. The most suspicious file of the crate: a misread here is a message to somebody who said no.

use super::points::{extension, postern_name, systems};
use super::{Context, Own, labels, local, patient_of};
use crate::fhir::{self, Body, ExtensionValue, Resource};
use crate::normal;
use jiff::Timestamp;
use postern_gate::facts::{ActReason, Address, Consent, ConsentKind, Provision, Ruling, System};

const KINDS: &str = "https://postern.example/fhir/CodeSystem/postern-consent";
const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
const POLICY_CODES: &str = "http://terminology.hl7.org/CodeSystem/consentpolicycodes";

const CONSENT_SCOPE: &str = "http://terminology.hl7.org/CodeSystem/consentscope";
/// Advance directives, emergencies, orders on resuscitation, notices of privacy practices, research and the like.
const CONSENT_CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/consentcategorycodes";
const LOINC: &str = "http://loinc.org";
/// Information access and disclosure, research, emergencies, as v3-ActCode has them.
const OTHER_ACTS: [&str; 9] = ["ICOL", "IDSCL", "INFA", "INFAO", "INFASO", "IRDSCL", "RESEARCH", "RSDID", "RSREID"];
/// LOINC: privacy policy acknowledgement, release of information, advance directives, consents to treatment and procedures.
const OTHER_DOCUMENTS: [&str; 5] = ["57016-8", "64292-6", "42348-3", "64293-4", "64299-1"];

/// Extensions that say an authorization lacks an element, or is a condition of care (45 CFR 164.508(b)(2), (b)(4), (c)).
const DEFECTS: [&str; 2] = ["missing-element", "conditioned"];

/// Something in a provision that could not be understood: the whole Consent denies.
struct NotUnderstood;

/// The patient's Consents, and one unreadable for each Consent whose patient cannot be told.
pub(super) fn consents(own: &[Own<'_>], all: &[Resource], context: &Context<'_>) -> Vec<Consent> {
    let mut found: Vec<Consent> = own
        .iter()
        .filter_map(|record| match record.resource.body() {
            Body::Consent(body) => Some(consent(record, body, context)),
            _ => None,
        })
        .collect();
    for resource in all {
        // Nobody's Consent may be this patient's "no". One that names another patient is that patient's.
        if matches!(resource.body(), Body::Consent(_))
            && resource.subjects().iter().all(|reference| patient_of(reference).is_none())
        {
            found.push(unreadable(resource.id().unwrap_or_default()));
        }
    }
    found
}

/// The postal addresses that requests for confidential communications in force permit: 45 CFR 164.522(b)(1)(i), "at alternative
/// locations". Often they stand nowhere else on the record. Whether each may be used, the gate asks of the requests themselves.
pub(super) fn alternative_addresses(own: &[Own<'_>], consents: &[Consent]) -> Vec<Address> {
    let requested = |resource: &Resource| {
        let of = |c: &&Consent| Some(&*c.id) == resource.id();
        consents.iter().find(of).is_some_and(|c| c.active && c.kind == ConsentKind::ConfidentialCommunication)
    };
    let mut found = Vec::new();
    for record in own.iter().filter(|record| requested(record.resource)) {
        if let Body::Consent(body) = record.resource.body() {
            body.provision.iter().for_each(|provision| permitted_addresses(provision, &mut found));
        }
    }
    found
}

fn permitted_addresses(written: &fhir::Provision, found: &mut Vec<Address>) {
    if written.kind.as_deref() == Some("permit") {
        found.extend(written.extension.iter().filter_map(|extension| match &extension.value {
            ExtensionValue::Address(address) if postern_name(extension) == Some("contact-address") => {
                normal::postal(address)
            }
            _ => None,
        }));
    }
    written.provision.iter().for_each(|inner| permitted_addresses(inner, found));
}

fn unreadable(id: &str) -> Consent {
    Consent {
        id: id.into(),
        kind: ConsentKind::Unreadable,
        active: true,
        given: None,
        provision: Provision::default(),
        signed_by: None,
        has_source: false,
        remuneration_disclosed: false,
        defective: false,
        access_mode: None,
        self_pay: false,
    }
}

fn consent(record: &Own<'_>, body: &fhir::Consent, context: &Context<'_>) -> Consent {
    let id = record.resource.id().unwrap_or_default();
    let (Some(kind), Some(standing), false) = (kind(body), standing(body), record.unreadable()) else {
        return unreadable(id);
    };
    // 45 CFR 164.522(b)(1)(i): a request to be reached elsewhere is accommodated; until somebody has answered it, it is kept to.
    let asked = matches!(body.status.as_deref(), Some("draft" | "proposed"));
    let standing = if asked && kind == ConsentKind::ConfidentialCommunication { Standing::Active } else { standing };
    if kind == ConsentKind::Other && standing == Standing::Active && is_bare_denial(body, context) {
        return unreadable(id);
    }
    let provision = match (standing, root_provision(kind, body, context)) {
        _ if kind == ConsentKind::Other => Provision::default(),
        (Standing::NeverGiven, _) => Provision::default(),
        (_, Ok(provision)) => provision,
        (Standing::Active, Err(NotUnderstood)) => return unreadable(id),
        // What was withdrawn cannot be told: it is taken to be any permission there was.
        (Standing::Withdrawn, Err(NotUnderstood)) => {
            Provision { decision: Some(Ruling::Permit), ..Provision::default() }
        }
    };
    let provision = acknowledged(kind, body, provision);
    let provision = given_to_us(kind, body, provision, context);
    let active = standing == Standing::Active;
    let root = body.provision.as_ref();
    let in_either = |name: &str| {
        let in_provision = root.and_then(|p| extension(&p.extension, name));
        in_provision.or_else(|| extension(&body.extension, name))
    };
    let in_provision = root.map_or(&[][..], |p| &p.extension[..]);
    let access_mode = in_provision.iter().chain(&body.extension).find_map(|extension| {
        let mode = postern_name(extension).is_some_and(names_mode);
        match &extension.value {
            ExtensionValue::Text(word) if mode => word.parse().ok(),
            ExtensionValue::Concept(concept) if mode => {
                concept.coding.iter().find_map(|coding| coding.code.as_deref()?.parse().ok())
            }
            _ => None,
        }
    });
    Consent {
        id: id.into(),
        kind,
        active,
        given: body.date_time.as_deref().and_then(|text| context.calendar.begin(text)).map(|(earliest, _)| earliest),
        provision,
        signed_by: body.performer.iter().find_map(|r| r.reference.as_deref().map(|r| local(r).unwrap_or(r).into())),
        has_source: body.has_source,
        remuneration_disclosed: matches!(in_either("remuneration-disclosed"), Some(ExtensionValue::Boolean(true))),
        // 45 CFR 164.508(b)(2): a defect is one whatever its value says.
        defective: DEFECTS.iter().any(|name| !matches!(in_either(name), None | Some(ExtensionValue::Boolean(false)))),
        access_mode,
        self_pay: kind == ConsentKind::Restriction && is_self_pay(body),
    }
}

/// An acknowledgement of the risk of e-mail lets detail travel; one that says `minimal` does not, and is none for a body.
fn acknowledged(kind: ConsentKind, body: &fhir::Consent, provision: Provision) -> Provision {
    let written = body.provision.as_ref().and_then(|p| extension(&p.extension, "max-content"));
    let minimal = matches!(written, Some(ExtensionValue::Text(word)) if word != "detailed");
    if kind == ConsentKind::EmailRiskAcknowledgement && minimal {
        return Provision { decision: None, ..provision };
    }
    provision
}

/// A permission that somebody looked into and found not to be so permits nothing; nor does leave to be contacted that names only others than
/// whoever keeps this record.
fn given_to_us(kind: ConsentKind, body: &fhir::Consent, provision: Provision, context: &Context<'_>) -> Provision {
    let closes = matches!(kind, ConsentKind::ConfidentialCommunication | ConsentKind::Restriction);
    let ours = |actor: &String| {
        let to = body.organization.iter().filter_map(|one| one.reference.as_deref().and_then(local));
        let names_practice = to.into_iter().any(|one| one == actor);
        names_practice || !actor.starts_with("Organization/") || *actor == context.patient.reference()
    };
    let to_others =
        kind == ConsentKind::ContactConsent && !provision.actors.is_empty() && !provision.actors.iter().any(ours);
    let permits = provision.decision == Some(Ruling::Permit);
    if permits && !closes && (body.found_false || to_others) {
        return Provision { decision: None, ..provision };
    }
    provision
}

/// Where a Consent stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Active,
    /// It was given and is over, or was refused: that it is gone means something.
    Withdrawn,
    /// It never was one.
    NeverGiven,
}

/// `None` = a status nobody can act on.
fn standing(body: &fhir::Consent) -> Option<Standing> {
    match body.status.as_deref()? {
        "active" => Some(Standing::Active),
        "inactive" | "rejected" => Some(Standing::Withdrawn),
        "entered-in-error" | "draft" | "proposed" => Some(Standing::NeverGiven),
        _ => None,
    }
}

/// What a Consent is about; `None` = it claims to be one of Postern's kinds and cannot be understood.
fn kind(body: &fhir::Consent) -> Option<ConsentKind> {
    let mut found: Option<ConsentKind> = None;
    for coding in body.category.iter().flat_map(|category| &category.coding) {
        let named = coding.code.as_deref().and_then(kind_of);
        let kind = match coding.system.as_deref() {
            Some(KINDS) => named?,
            // One of our codes under another system, or none: meant for us, perhaps.
            _ if named.is_some() => return None,
            _ => continue,
        };
        if found.is_some_and(|other| other != kind) {
            return None;
        }
        found = Some(kind);
    }
    if (body.category_unreadable || body.category.is_empty()) && found.is_none() {
        return None;
    }
    found.or_else(|| Some(kind_by_policy(body)))
}

fn kind_of(code: &str) -> Option<ConsentKind> {
    Some(match code {
        "contact-consent" => ConsentKind::ContactConsent,
        "email-risk-acknowledgement" => ConsentKind::EmailRiskAcknowledgement,
        "marketing-authorization" => ConsentKind::MarketingAuthorization,
        "marketing-text-consent" => ConsentKind::MarketingTextConsent,
        "confidential-communication" => ConsentKind::ConfidentialCommunication,
        "restriction" => ConsentKind::Restriction,
        "proxy-communication" => ConsentKind::ProxyCommunication,
        "part2-consent" => ConsentKind::Part2Consent,
        "access-request" => ConsentKind::AccessRequest,
        "electronic-notice" => ConsentKind::ElectronicNotice,
        _ => return None,
    })
}

/// A Consent of another system is none of Postern's kinds, and above all no permit (an EHR's proxy Consent means "may
/// view"). Only what restricts is taken from the policy it names.
fn kind_by_policy(body: &fhir::Consent) -> ConsentKind {
    // 45 CFR 164.522(b)(1)(i): confidential communications. 45 CFR 164.522(a)(1)(vi): self-pay, HL7 code hipaa-self-pay.
    if body.policy_uris.iter().any(|uri| uri.contains("164.522(b)") || uri.contains("164.522%28b%29")) {
        return ConsentKind::ConfidentialCommunication;
    }
    if is_self_pay(body)
        || body.policy_uris.iter().any(|uri| uri.contains("164.522(a)") || uri.contains("164.522%28a%29"))
    {
        return ConsentKind::Restriction;
    }
    if denies_contact(body) { ConsentKind::ContactConsent } else { ConsentKind::Other }
}

/// Whoever wrote it and however it is filed: a denial that names a way to reach the patient, one of their places, or marketing alone is
/// about messages.
fn denies_contact(body: &fhir::Consent) -> bool {
    let Some(written) = &body.provision else { return false };
    let names = |name: &str| matches!(name, "contact-channel" | "contact-point" | "contact-address");
    let way = written.extension.iter().filter_map(postern_name).any(names);
    let offers = !written.purpose.is_empty() && written.purpose.iter().all(|purpose| purpose.is(ACT_REASON, "HMARKT"));
    denies(body) && (way || (offers && written.actor.is_empty() && !names_data(written)))
}

fn denies(body: &fhir::Consent) -> bool {
    let opted_out = body.policy_rule.iter().any(|rule| rule.codes(ACT_CODE).any(|code| code == "OPTOUT"));
    opted_out || body.provision.as_ref().is_some_and(|written| written.kind.as_deref() == Some("deny"))
}

/// A denial in force that says neither which way nor whom nor what it denies, and is filed under no other matter: it may be of all messages,
/// or of an exchange of records, and a person must find out which (RULES SYS-03).
fn is_bare_denial(body: &fhir::Consent, context: &Context<'_>) -> bool {
    let scoped = body.scope.iter().flat_map(|scope| scope.codes(CONSENT_SCOPE));
    let elsewhere =
        scoped.into_iter().any(|code| code != "patient-privacy") || body.category.iter().any(is_of_another_matter);
    let names_nothing = body.provision.as_ref().is_none_or(|written| {
        let whom = written.actor.is_empty();
        let what = written.action.is_empty() && written.purpose.is_empty() && written.security_label.is_empty();
        whom && what && written.data.is_empty() && written.provision.is_empty() && !written.has_unknown
    });
    let period = body.provision.as_ref().and_then(|written| written.period.as_ref());
    let now = context.now;
    let over = in_force(period, true, context)
        .is_ok_and(|(from, until)| until.is_some_and(|until| until <= now) || from.is_some_and(|from| from > now));
    denies(body) && !elsewhere && names_nothing && !over
}

/// Filed under what plainly is no message to the patient: research, advance directives, releases of records to others.
fn is_of_another_matter(category: &fhir::CodeableConcept) -> bool {
    category.coding.iter().any(|coding| {
        let code = coding.code.as_deref().unwrap_or_default();
        match coding.system.as_deref() {
            Some(CONSENT_CATEGORY) => true,
            Some(ACT_CODE) => OTHER_ACTS.contains(&code),
            Some(LOINC) => OTHER_DOCUMENTS.contains(&code),
            _ => false,
        }
    })
}

/// 45 CFR 164.522(a)(1)(vi): a restriction of what the patient paid for in full (HL7 code `hipaa-self-pay`).
fn is_self_pay(body: &fhir::Consent) -> bool {
    body.policy_rule.iter().any(|rule| rule.codes(POLICY_CODES).any(|code| code == "hipaa-self-pay"))
}

fn root_provision(kind: ConsentKind, body: &fhir::Consent, context: &Context<'_>) -> Result<Provision, NotUnderstood> {
    if body.provision_unreadable {
        return Err(NotUnderstood);
    }
    let codes: Vec<&str> = body.policy_rule.iter().flat_map(|rule| rule.codes(ACT_CODE)).collect();
    let by_policy = match (codes.contains(&"OPTIN"), codes.contains(&"OPTOUT")) {
        (true, true) => return Err(NotUnderstood),
        (true, false) => Some(Ruling::Permit),
        (false, true) => Some(Ruling::Deny),
        (false, false) => None,
    };
    let Some(written) = &body.provision else {
        return Ok(Provision { decision: by_policy, ..Provision::default() });
    };
    let own = ruling(written)?;
    // "Opted out" over "permit" contradicts itself. A deny under OPTIN is a deny.
    if by_policy == Some(Ruling::Deny) && own == Some(Ruling::Permit) {
        return Err(NotUnderstood);
    }
    // Only what an authorization describes may be named record by record; elsewhere nobody here knows what it narrows.
    let describes = kind == ConsentKind::MarketingAuthorization;
    if !describes && names_data(written) {
        return Err(NotUnderstood);
    }
    provision(written, own.or(by_policy), context)
}

fn names_data(written: &fhir::Provision) -> bool {
    !written.data.is_empty() || written.provision.iter().any(names_data)
}

fn ruling(written: &fhir::Provision) -> Result<Option<Ruling>, NotUnderstood> {
    match written.kind.as_deref() {
        None => Ok(None),
        Some("permit") => Ok(Some(Ruling::Permit)),
        Some("deny") => Ok(Some(Ruling::Deny)),
        Some(_) => Err(NotUnderstood),
    }
}

fn provision(
    written: &fhir::Provision,
    decision: Option<Ruling>,
    context: &Context<'_>,
) -> Result<Provision, NotUnderstood> {
    if written.has_unknown {
        return Err(NotUnderstood);
    }
    let denies = decision == Some(Ruling::Deny);
    let (from, until) = in_force(written.period.as_ref(), denies, context)?;
    if !denies && !permits_disclosure(written) {
        return Err(NotUnderstood);
    }
    let scope = scope(written)?;
    let exceptions = written.provision.iter().map(|inner| {
        // FHIR R4 Consent.provision.type: required in nested provisions.
        let decision = ruling(inner)?.ok_or(NotUnderstood)?;
        provision(inner, Some(decision), context)
    });
    let actors = written.actor.iter().map(|actor| {
        let reference = actor.reference.as_ref().and_then(|r| r.reference.as_deref()).ok_or(NotUnderstood)?;
        Ok(local(reference).ok_or(NotUnderstood)?.to_owned())
    });
    let data = written.data.iter().map(|named| {
        let reference = named.reference.as_ref().and_then(|r| r.reference.as_deref()).ok_or(NotUnderstood)?;
        Ok(local(reference).ok_or(NotUnderstood)?.to_owned())
    });
    Ok(Provision {
        decision,
        from,
        until,
        systems: scope.systems,
        points: scope.points,
        reasons: reasons(written, denies)?,
        actors: actors.collect::<Result<_, _>>()?,
        labels: labels::categories(&written.security_label).ok_or(NotUnderstood)?,
        data: data.collect::<Result<_, _>>()?,
        exceptions: exceptions.collect::<Result<_, _>>()?,
    })
}

/// When a provision is in force. Where a date leaves room, a permit is taken as shorter and a denial as longer.
fn in_force(
    period: Option<&fhir::Period>,
    denies: bool,
    context: &Context<'_>,
) -> Result<(Option<Timestamp>, Option<Timestamp>), NotUnderstood> {
    let Some(period) = period else { return Ok((None, None)) };
    if period.unreadable {
        return Err(NotUnderstood);
    }
    let start = period.start.as_deref().and_then(|text| context.calendar.begin(text));
    let end = period.end.as_deref().and_then(|text| context.calendar.end(text));
    let from = start.map(|(earliest, latest)| if denies { earliest } else { latest });
    let until = end.map(|(earliest, latest)| if denies { latest } else { earliest });
    Ok((from, until))
}

/// A permit that names actions must name one that lets something be said.
fn permits_disclosure(written: &fhir::Provision) -> bool {
    let mut codes = written.action.iter().flat_map(|action| &action.coding).filter_map(|c| c.code.as_deref());
    written.action.is_empty() || codes.any(|code| matches!(code, "disclose" | "use" | "access"))
}

fn reasons(written: &fhir::Provision, denies: bool) -> Result<Vec<ActReason>, NotUnderstood> {
    let read = |coding: &fhir::Coding| match (coding.system.as_deref(), coding.code.as_deref()) {
        (Some(ACT_REASON), Some("TREAT")) => ActReason::Treat,
        (Some(ACT_REASON), Some("CAREMGT")) => ActReason::CareMgt,
        (Some(ACT_REASON), Some("HPAYMT")) => ActReason::HPaymt,
        (Some(ACT_REASON), Some("HOPERAT")) => ActReason::HOperat,
        (Some(ACT_REASON), Some("PATADMIN")) => ActReason::PatAdmin,
        (Some(ACT_REASON), Some("HMARKT")) => ActReason::HMarkt,
        _ => ActReason::Unknown,
    };
    let reasons: Vec<ActReason> = written.purpose.iter().map(read).collect();
    // A permit for an unknown purpose permits nothing Postern does; a denial for one may deny anything it does.
    if denies && reasons.contains(&ActReason::Unknown) { Err(NotUnderstood) } else { Ok(reasons) }
}

#[derive(Default)]
struct Scope {
    systems: Vec<System>,
    points: Vec<Address>,
}

/// How an access request is to be answered (45 CFR 164.524(c)(2)): `access-mode`, or however the EHR's profile calls it.
fn names_mode(name: &str) -> bool {
    name == "mode" || name.ends_with("-mode")
}

/// The kinds of contact point, numbers and addresses that a provision's extensions name.
fn scope(written: &fhir::Provision) -> Result<Scope, NotUnderstood> {
    let mut scope = Scope::default();
    let mut implied = Vec::new();
    for extension in &written.extension {
        let Some(name) = postern_name(extension) else { continue };
        match (name, &extension.value) {
            ("contact-channel", ExtensionValue::Concept(concept)) => {
                scope.systems.push(systems(concept).ok_or(NotUnderstood)?);
            }
            ("contact-point", ExtensionValue::Point(point)) => {
                let system = super::points::system(point);
                let value = point.value.as_deref().ok_or(NotUnderstood)?;
                scope.points.push(normal::normalise(system, value).ok_or(NotUnderstood)?);
                implied.push(system);
            }
            ("contact-address", ExtensionValue::Address(address)) => {
                scope.points.push(normal::postal(address).ok_or(NotUnderstood)?);
                implied.push(System::Postal);
            }
            ("revocation-source" | "remuneration-disclosed", _) => {}
            (name, _) if names_mode(name) => {}
            (name, _) if DEFECTS.contains(&name) => {}
            ("max-content", ExtensionValue::Text(word)) if matches!(word.as_str(), "minimal" | "detailed") => {}
            // An extension of ours that this version does not know, or with a value it cannot read.
            _ => return Err(NotUnderstood),
        }
    }
    if scope.systems.is_empty() {
        scope.systems = implied;
    }
    scope.systems.dedup();
    Ok(scope)
}
