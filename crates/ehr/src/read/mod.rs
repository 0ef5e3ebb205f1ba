//! Reading files of resources: bundles, single resources and NDJSON, told apart by themselves.
//!
//! A broken entry never stops the rest: it is counted, named with its place and its reason, and left. A resource whose
//! meaning is not certain but whose patient is (a modifier extension, two contents under one id) is handed on as it is, or
//! as a marker that reads as unreadable, so that a "no" in it is not lost on the way to the store.

mod bundle;
mod report;
mod source;

pub use report::{Place, Reason, Report, Unread};

use crate::facts::patient_of;
use crate::fhir::{Body, Issue, Problem, READ_TYPES, Resource};
use crate::json::{Limits, Refused};
use crate::normal;
use postern_base::{PatientId, Phi};
use postern_gate::facts::{Address, System};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::Path;

/// A resource that was read, ready to be stored.
#[derive(Debug, Clone)]
pub struct ReadResource {
    /// `Patient`, `Consent`, ...
    pub resource_type: String,
    /// Its logical id; made from its full URL or its content when it had none.
    pub id: String,
    /// Whose it is; `None` for organisations and locations only.
    pub patient: Option<PatientId>,
    /// Contact points it names, normalised.
    pub points: Vec<Address>,
    /// FHIR JSON: the document as it came, with references inside the bundle made relative.
    pub json: Phi<Vec<u8>>,
    /// What in it could not be understood.
    pub issues: Vec<Issue>,
}

/// The file as a whole could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The disk said no.
    #[error("the file cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// One bundle is larger than [`Limits::bundle_bytes`].
    #[error("the bundle is larger than {0} bytes; export it as NDJSON or in parts")]
    TooLarge(usize),
}

/// What the reader hands on.
pub type Sink<'a> = dyn FnMut(ReadResource) -> ControlFlow<()> + 'a;

/// Reads a file. `progress` is told bytes done and bytes in all.
///
/// # Errors
/// When the file as a whole cannot be read; broken entries are in the report.
pub fn read_file(
    path: &Path,
    limits: &Limits,
    sink: &mut Sink<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, ReadError> {
    let file = File::open(path)?;
    let total = file.metadata()?.len();
    read(BufReader::with_capacity(1 << 18, file), limits, sink, &mut |done| progress(done, total))
}

/// Reads a stream. `progress` is told bytes done.
///
/// # Errors
/// When the stream as a whole cannot be read; broken entries are in the report.
pub fn read(
    reader: impl BufRead,
    limits: &Limits,
    sink: &mut Sink<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Report, ReadError> {
    let mut reading = Reading::new(limits, Target::Store(sink));
    source::each(reader, limits, &mut reading, progress)?;
    Ok(reading.report)
}

/// Reads bytes into resources, those whose patient cannot be told included: what `explain` needs.
///
/// # Errors
/// As [`read`].
pub fn resources(text: &[u8], limits: &Limits) -> Result<(Vec<Resource>, Report), ReadError> {
    let mut found = Vec::new();
    let mut keep = |resource: Resource| found.push(resource);
    let mut reading = Reading::new(limits, Target::View(&mut keep));
    source::each(text, limits, &mut reading, &mut |_| {})?;
    let report = reading.report;
    Ok((found, report))
}

enum Target<'a, 's> {
    Store(&'a mut Sink<'s>),
    View(&'a mut dyn FnMut(Resource)),
}

/// One run of the reader.
struct Reading<'a, 's> {
    limits: Limits,
    target: Target<'a, 's>,
    report: Report,
    /// Content of every resource handed on, by `Type/id`.
    seen: HashMap<String, Seen>,
    /// The patient of each related person, for verifications of their contact points.
    related: HashMap<String, PatientId>,
    stopped: bool,
}

struct Seen {
    content: u128,
    patient: Option<PatientId>,
    last_updated: Option<jiff::Timestamp>,
}

/// What a bundle adds to a resource in it.
#[derive(Default)]
struct Surroundings<'b> {
    /// `Type/id` by full URL.
    known: Option<&'b HashMap<String, String>>,
    /// The id to use when the resource has none.
    id: Option<&'b str>,
    /// The bundle is a history: the first of one id is the newest.
    history: bool,
}

impl<'a, 's> Reading<'a, 's> {
    fn new(limits: &Limits, target: Target<'a, 's>) -> Self {
        Self {
            limits: *limits,
            target,
            report: Report::default(),
            seen: HashMap::new(),
            related: HashMap::new(),
            stopped: false,
        }
    }

    fn resource(&mut self, text: &[u8], place: Place, around: &Surroundings<'_>) {
        let parsed = crate::json::check(text, &self.limits)
            .and_then(|()| serde_json::from_slice::<Value>(text).map_err(|_| Refused::NotJson));
        let mut value = match parsed {
            Ok(value) => value,
            Err(refused) => return self.report.unread(place, None, Reason::Refused(refused)),
        };
        if let Some(known) = around.known {
            resolve(&mut value, known);
        }
        let id = give_id(&mut value, around.id, text);
        let resource = match Resource::from_value(value) {
            Ok(resource) => resource,
            Err(refused) => return self.report.unread(place, None, Reason::Refused(refused)),
        };
        if !READ_TYPES.contains(&resource.resource_type()) {
            self.report.skipped(resource.resource_type());
            if let (Target::View(keep), Body::Other(_)) = (&mut self.target, resource.body()) {
                keep(resource);
            }
            return;
        }
        if let Some(why) = resource.unreadable() {
            self.report.unread(place, Some(resource.resource_type()), Reason::Unreadable(why));
        }
        if let Target::View(keep) = &mut self.target {
            self.report.read(place, &resource, resource.issues());
            keep(resource);
            return;
        }
        self.store(resource, id, place, around.history);
    }

    fn store(&mut self, resource: Resource, id: String, place: Place, history: bool) {
        let kind = resource.resource_type().to_owned();
        let patient = match self.patient(&resource) {
            Ok(patient) => patient,
            Err(None) => return self.report.skipped(&format!("{kind} without a patient")),
            Err(Some(reason)) => return self.report.unread(place, Some(&kind), reason),
        };
        if let (Body::RelatedPerson(_), Some(patient)) = (resource.body(), &patient) {
            self.related.insert(format!("{kind}/{id}"), patient.clone());
        }
        let json = Value::Object(resource.document().clone()).to_string().into_bytes();
        let mut key = format!("{kind}/{id}");
        let now = Seen { content: fingerprint(&json), patient: patient.clone(), last_updated: resource.last_updated() };
        let mut out = Out { kind, id, patient, json };
        if let Some(before) = self.seen.get(&key) {
            match repeated(before, &now, history) {
                Repeat::Same => return self.report.skipped(&format!("{} again", out.kind)),
                Repeat::Older => return self.report.skipped(&format!("{} older version", out.kind)),
                Repeat::Newer => {}
                Repeat::OtherPatient => {
                    self.report.unread(place, Some(&out.kind), Reason::RepeatedId);
                    out.rename(format!("h-{:032x}", now.content));
                    key = format!("{}/{}", out.kind, out.id);
                }
                Repeat::Contradiction => {
                    self.report.unread(place, Some(&out.kind), Reason::RepeatedId);
                    out.json = marker(&out);
                }
            }
        }
        self.seen.insert(key, now);
        let (points, bad) = points(&resource);
        let issues: Vec<Issue> = resource.issues().iter().cloned().chain(bad).collect();
        self.report.read(place, &resource, &issues);
        let Out { kind, id, patient, json } = out;
        let read = ReadResource { resource_type: kind, id, patient, points, json: Phi::new(json), issues };
        if let Target::Store(sink) = &mut self.target {
            self.stopped = sink(read).is_break();
        }
    }

    /// Whose the resource is. `Err(None)`: it is about nobody Postern writes to.
    fn patient(&self, resource: &Resource) -> Result<Option<PatientId>, Option<Reason>> {
        match resource.body() {
            Body::Organization(_) | Body::Location(_) => return Ok(None),
            Body::Patient(_) => {
                let id = resource.id().and_then(|id| id.parse().ok());
                return id.map(Some).ok_or(Some(Reason::BadId));
            }
            _ => {}
        }
        let by_related = |reference: &str| self.related.get(crate::facts::local(reference)?).cloned();
        let mut patients = resource.subjects().into_iter().filter_map(|r| patient_of(r).or_else(|| by_related(r)));
        match (patients.next(), resource.body()) {
            (Some(patient), _) => Ok(Some(patient)),
            // Leave, or its refusal, that belongs to nobody: somebody has to look.
            (None, Body::Consent(_) | Body::RelatedPerson(_)) => Err(Some(Reason::NoPatient)),
            (None, _) => Err(None),
        }
    }
}

struct Out {
    kind: String,
    id: String,
    patient: Option<PatientId>,
    json: Vec<u8>,
}

impl Out {
    fn rename(&mut self, id: String) {
        if let Ok(Value::Object(mut document)) = serde_json::from_slice(&self.json) {
            document.insert("id".into(), Value::String(id.clone()));
            self.json = Value::Object(document).to_string().into_bytes();
        }
        self.id = id;
    }
}

enum Repeat {
    Same,
    Older,
    Newer,
    OtherPatient,
    Contradiction,
}

fn repeated(before: &Seen, now: &Seen, history: bool) -> Repeat {
    if before.content == now.content {
        return Repeat::Same;
    }
    if history {
        return Repeat::Older;
    }
    if before.patient != now.patient {
        return Repeat::OtherPatient;
    }
    match (before.last_updated, now.last_updated) {
        (Some(old), Some(new)) if old < new => Repeat::Newer,
        (Some(old), Some(new)) if old > new => Repeat::Older,
        _ => Repeat::Contradiction,
    }
}

/// A resource that stands for two contents under one id. `implicitRules` makes it unreadable to everybody (FHIR R4
/// Resource.implicitRules: whoever does not know the rules shall not process the resource).
fn marker(out: &Out) -> Vec<u8> {
    let mut document = Map::new();
    document.insert("resourceType".into(), out.kind.clone().into());
    document.insert("id".into(), out.id.clone().into());
    document.insert("implicitRules".into(), "https://postern.example/fhir/two-contents-under-one-id".into());
    if let Some(patient) = &out.patient {
        let reference = json!({ "reference": patient.reference() });
        let (name, value) = match out.kind.as_str() {
            "Consent" | "RelatedPerson" => ("patient", reference),
            "VerificationResult" => ("target", json!([reference])),
            "Appointment" => ("participant", json!([{ "actor": reference }])),
            _ => ("subject", reference),
        };
        if out.kind != "Patient" {
            document.insert(name.into(), value);
        }
    }
    Value::Object(document).to_string().into_bytes()
}

/// Makes references to entries of the same bundle relative.
fn resolve(value: &mut Value, known: &HashMap<String, String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter_mut() {
                match inner {
                    Value::String(text) if key == "reference" => {
                        if let Some(local) = known.get(text.as_str()) {
                            text.clone_from(local);
                        }
                    }
                    _ => resolve(inner, known),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| resolve(item, known)),
        _ => {}
    }
}

/// The resource's id; a missing or unusable one is replaced, the same for the same text. A Patient's is left: to rename a
/// person is to lose who they are.
fn give_id(value: &mut Value, from_bundle: Option<&str>, text: &[u8]) -> String {
    let Value::Object(document) = value else { return String::new() };
    let written = document.get("id").and_then(Value::as_str).map(str::trim).unwrap_or_default().to_owned();
    let is_patient = document.get("resourceType").and_then(Value::as_str) == Some("Patient");
    if is_id(&written) || (is_patient && !written.is_empty()) {
        return written;
    }
    let id =
        from_bundle.filter(|id| is_id(id)).map_or_else(|| format!("h-{:032x}", fingerprint(text)), ToOwned::to_owned);
    document.insert("id".into(), Value::String(id.clone()));
    id
}

/// FHIR R4 `id`: 1 to 64 characters of `A-Z a-z 0-9 - .`.
fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

/// FNV-1a, 128 bits: tells contents apart and names what has no name. Nothing is kept safe by it.
fn fingerprint(text: &[u8]) -> u128 {
    text.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash: u128, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}

/// The contact points that a Patient or RelatedPerson names and that can be used, each once.
#[must_use]
pub fn addresses(resource: &Resource) -> Vec<Address> {
    points(resource).0
}

/// The contact points a resource names, and those that could not be read.
fn points(resource: &Resource) -> (Vec<Address>, Vec<Issue>) {
    let (telecom, kind) = match resource.body() {
        Body::Patient(body) => (&body.telecom, "Patient"),
        Body::RelatedPerson(body) => (&body.telecom, "RelatedPerson"),
        _ => return (Vec::new(), Vec::new()),
    };
    let (mut found, mut bad): (Vec<Address>, _) = (Vec::new(), Vec::new());
    for (index, point) in telecom.iter().enumerate() {
        let system = crate::facts::system(point);
        let Some(value) = point.value.as_deref().filter(|_| system != System::Other) else { continue };
        match normal::normalise(system, value) {
            Some(address) if !found.contains(&address) => found.push(address),
            Some(_) => {}
            None => bad.push(Issue { path: format!("{kind}.telecom[{index}].value"), problem: Problem::BadAddress }),
        }
    }
    (found, bad)
}

#[cfg(test)]
mod tests;
