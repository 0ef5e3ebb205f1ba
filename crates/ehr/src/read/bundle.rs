//! Taking a bundle apart, entry by entry, so that one damaged entry costs only itself.

use super::{Place, Reading, Reason, Surroundings, fingerprint, is_id};
use crate::facts::{local, patient_of};
use crate::json::{Members, elements, members};
use serde::Deserialize;
use std::collections::HashMap;
use std::ops::Range;

/// How deep bundles may stand in bundles.
const NESTED: usize = 3;

fn member<'t>(text: &'t [u8], members: &Members, name: &str) -> Option<&'t [u8]> {
    members.iter().find(|(key, _)| key == name.as_bytes()).and_then(|(_, range)| text.get(range.clone()))
}

fn string(value: Option<&[u8]>) -> Option<String> {
    serde_json::from_slice(value?).ok()
}

#[derive(Deserialize)]
struct Call {
    method: Option<String>,
    url: Option<String>,
}

#[derive(Deserialize)]
struct Search {
    mode: Option<String>,
}

#[derive(Deserialize)]
struct Link {
    reference: Option<String>,
}

/// An entry, looked at from outside.
struct Entry<'t> {
    /// The text of the resource, when there is one.
    resource: Option<&'t [u8]>,
    resource_type: Option<String>,
    id: Option<String>,
    full_url: Option<String>,
    method: Option<String>,
    request_url: Option<String>,
    outcome: bool,
    has_response: bool,
    /// Whom a RelatedPerson is related to.
    related_to: Option<String>,
}

impl<'t> Entry<'t> {
    fn look(text: &'t [u8]) -> Self {
        let (parts, _) = members(text, 0);
        let resource = member(text, &parts, "resource").filter(|r| r.starts_with(b"{"));
        let call: Option<Call> = member(text, &parts, "request").and_then(|t| serde_json::from_slice(t).ok());
        let search: Option<Search> = member(text, &parts, "search").and_then(|t| serde_json::from_slice(t).ok());
        let full_url = string(member(text, &parts, "fullUrl"));
        let inner = resource.map(|r| members(r, 0).0).unwrap_or_default();
        let of = |name: &str| resource.and_then(|r| member(r, &inner, name));
        let resource_type = string(of("resourceType"));
        let written = string(of("id")).filter(|id| is_id(id.trim()));
        let from_url = full_url.as_deref().and_then(|url| url.rsplit(['/', ':']).next()).filter(|id| is_id(id));
        let related = resource_type.as_deref() == Some("RelatedPerson");
        let link: Option<Link> = of("patient").filter(|_| related).and_then(|t| serde_json::from_slice(t).ok());
        Self {
            id: written.map(|id| id.trim().to_owned()).or_else(|| from_url.map(ToOwned::to_owned)),
            resource_type,
            method: call.as_ref().and_then(|c| c.method.clone()),
            request_url: call.and_then(|c| c.url),
            outcome: search.and_then(|s| s.mode).as_deref() == Some("outcome"),
            has_response: member(text, &parts, "response").is_some(),
            related_to: link.and_then(|l| l.reference),
            full_url,
            resource,
        }
    }
}

impl Reading<'_, '_> {
    /// One document: a bundle, a list of resources, or a resource. `offset` is where it begins, for the progress.
    pub(super) fn document(&mut self, text: &[u8], place: Place, offset: u64, progress: &mut dyn FnMut(u64)) {
        if text.starts_with(b"[") {
            let (found, closed) = elements(text, 0);
            let count = found.len();
            for (index, range) in found.into_iter().enumerate() {
                let cut = !closed && index + 1 == count;
                let place = Place { entry: Some(index), ..place };
                self.nested(text.get(range).unwrap_or_default(), place, &Surroundings::default(), 1, cut);
            }
            return;
        }
        self.bundle_or_resource(text, place, &Surroundings::default(), 0, &mut |done| progress(offset + done));
    }

    fn bundle_or_resource(
        &mut self,
        text: &[u8],
        place: Place,
        around: &Surroundings<'_>,
        depth: usize,
        progress: &mut dyn FnMut(u64),
    ) {
        let (parts, whole) = members(text, 0);
        if string(member(text, &parts, "resourceType")).as_deref() != Some("Bundle") {
            return self.resource(text, place, around);
        }
        if depth >= NESTED {
            return self.report.unread(place, Some("Bundle"), Reason::NestedBundle);
        }
        let history = string(member(text, &parts, "type")).as_deref() == Some("history");
        let lists = parts.iter().filter(|(key, _)| key == b"entry").map(|(_, range)| range.clone());
        let mut cut = false;
        let mut found: Vec<Range<usize>> = Vec::new();
        for list in lists {
            let base = list.start;
            let inner = text.get(list).unwrap_or_default();
            if !inner.starts_with(b"[") {
                self.report.unread(place, Some("Bundle"), Reason::NoResource);
                continue;
            }
            let (ranges, closed) = elements(inner, 0);
            cut |= !closed;
            found.extend(ranges.into_iter().map(|r| base + r.start..base + r.end));
        }
        let entries: Vec<Entry<'_>> =
            found.iter().map(|range| Entry::look(text.get(range.clone()).unwrap_or_default())).collect();
        let known = self.known(&entries);
        let count = entries.len();
        for (index, (entry, range)) in entries.iter().zip(&found).enumerate() {
            let place = Place { entry: Some(index), ..place };
            self.entry(entry, place, &known, history, depth, cut && index + 1 == count);
            progress(range.end as u64);
            if self.stopped {
                return;
            }
        }
        // Cut off behind the entries, or before the first: nothing seen is lost, but nobody knows what is missing.
        if !whole && (!cut || count == 0) {
            self.report.unread(place, Some("Bundle"), Reason::CutOff);
        }
    }

    /// `Type/id` by full URL, and the related persons, before anything refers to them.
    fn known(&mut self, entries: &[Entry<'_>]) -> HashMap<String, String> {
        let mut known = HashMap::new();
        for entry in entries {
            let (Some(kind), Some(text)) = (&entry.resource_type, entry.resource) else { continue };
            let id = entry.id.clone().unwrap_or_else(|| format!("h-{:032x}", fingerprint(text)));
            if let Some(url) = &entry.full_url {
                known.insert(url.clone(), format!("{kind}/{id}"));
            }
        }
        for entry in entries {
            let (Some(id), Some(whom)) = (&entry.id, &entry.related_to) else { continue };
            let whom = known.get(whom).unwrap_or(whom);
            if let Some(patient) = patient_of(whom) {
                self.related.insert(format!("RelatedPerson/{id}"), patient);
            }
        }
        known
    }

    fn entry(
        &mut self,
        entry: &Entry<'_>,
        place: Place,
        known: &HashMap<String, String>,
        history: bool,
        depth: usize,
        cut: bool,
    ) {
        if entry.method.as_deref() == Some("DELETE") {
            // In a history, what stands below a deletion is gone.
            if let Some(gone) = entry.request_url.as_deref().or(entry.full_url.as_deref()).and_then(local) {
                self.deleted(gone, history);
            }
            return self.report.skipped("deletion");
        }
        if entry.outcome {
            return self.report.skipped("OperationOutcome");
        }
        let Some(text) = entry.resource else {
            if entry.has_response {
                return self.report.skipped("response");
            }
            let reason = if cut { Reason::CutOff } else { Reason::NoResource };
            return self.report.unread(place, None, reason);
        };
        let around = Surroundings { known: Some(known), id: entry.id.as_deref(), history };
        self.nested(text, place, &around, depth + 1, cut);
    }

    fn nested(&mut self, text: &[u8], place: Place, around: &Surroundings<'_>, depth: usize, cut: bool) {
        if cut && serde_json::from_slice::<serde::de::IgnoredAny>(text).is_err() {
            return self.report.unread(place, None, Reason::CutOff);
        }
        self.bundle_or_resource(text, place, around, depth, &mut |_| {});
    }

    fn deleted(&mut self, reference: &str, history: bool) {
        if history {
            let gone = super::Seen { content: 0, patient: None, last_updated: None };
            self.seen.entry(reference.to_owned()).or_insert(gone);
        }
    }
}
