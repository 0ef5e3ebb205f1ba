//! Security labels as the categories they protect (HL7 v3-ActCode sensitivity codes, `42CFRPart2`, `postern-label`).

use crate::fhir::Coding;
use postern_base::Category;

const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
const POSTERN_LABEL: &str = "https://postern.example/fhir/CodeSystem/postern-label";

/// A label names a category, none, or is of a vocabulary Postern must understand and does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    Protects(Category),
    Neutral,
    Unknown,
}

/// What one label says.
pub(super) fn label(coding: &Coding) -> Label {
    let code = coding.code.as_deref().unwrap_or_default();
    // 42 CFR 2.13(c): even that somebody is such a patient is protected. Systems differ on where this code lives.
    if code.eq_ignore_ascii_case("42CFRPart2") {
        return Label::Protects(Category::Part2);
    }
    match coding.system.as_deref() {
        Some(ACT_CODE | "urn:oid:2.16.840.1.113883.5.4" | "http://hl7.org/fhir/v3/ActCode") => act_code(code),
        Some(CONFIDENTIALITY | "urn:oid:2.16.840.1.113883.5.25" | "http://hl7.org/fhir/v3/Confidentiality") => {
            confidentiality(code)
        }
        Some(POSTERN_LABEL) if code == "minor-consented" => Label::Protects(Category::MinorConfidential),
        Some(POSTERN_LABEL) => code.parse().map_or(Label::Unknown, Label::Protects),
        None => Label::Unknown,
        Some(_) => Label::Neutral,
    }
}

fn act_code(code: &str) -> Label {
    let category = match code {
        "HIV" => Category::Hiv,
        "STD" => Category::Sti,
        "SEX" | "PREGNANT" => Category::Reproductive,
        "SOGI" | "GENDER" => Category::GenderAffirming,
        "PSY" | "MH" | "BH" | "EMOTDIS" | "COGN" | "DVD" => Category::MentalHealth,
        "PSYTHPN" => Category::PsychotherapyNotes,
        "ETH" | "ETHUD" | "SUD" | "ALC" | "OPIOIDUD" | "TBOO" => Category::SubstanceUse,
        "GDIS" | "SICKLE" => Category::Genetic,
        "SDV" | "DIVIO" | "VIO" => Category::Abuse,
        "ADOL" => Category::MinorConfidential,
        // Sensitivities of another kind (celebrity, employee, location ...) and handling codes: no category of care.
        "CEL" | "VIP" | "EMP" | "EMPL" | "DEMO" | "DOB" | "LIVARG" | "LOCIS" | "MARST" | "PATLOC" | "RACE" | "REL"
        | "SSP" | "PDS" | "PHY" | "PRS" | "COMPT" | "INF" | "NOAUTH" | "NOREUSE" | "DELAU" | "PERSISTLABEL"
        | "PRIVMARK" | "ENCRYPT" => return Label::Neutral,
        _ => return Label::Unknown,
    };
    Label::Protects(category)
}

/// HL7 v3-Confidentiality: `R` and `V` are how most systems mark what a special law protects, without a word of which.
fn confidentiality(code: &str) -> Label {
    match code {
        "R" | "V" => Label::Protects(Category::Restricted),
        "N" | "M" | "L" | "U" => Label::Neutral,
        _ => Label::Unknown,
    }
}

/// The categories of several labels; `None` when one of them is not understood.
pub(super) fn categories(labels: &[Coding]) -> Option<Vec<Category>> {
    let mut found = Vec::new();
    for coding in labels {
        match label(coding) {
            Label::Protects(category) if !found.contains(&category) => found.push(category),
            Label::Protects(_) | Label::Neutral => {}
            Label::Unknown => return None,
        }
    }
    Some(found)
}
