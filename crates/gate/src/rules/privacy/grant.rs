//! What the patient's own grants let another person hear.
//!
//! A grant is a Consent that names a person. It may hold exceptions, and those exceptions of their own: "my sister, but nothing about
//! mental health". Read it from the inside out: the innermost part that bears on the person and the content decides, and of two that
//! decide at the same depth a denial wins.

use crate::consent::{in_force, names_purpose};
use crate::facts::{ConsentKind, Provision, Ruling};
use crate::view::View;

/// Whether a Consent of `kind` in force permits the recipient of the request to be told this.
pub(crate) fn granted(view: &View<'_>, kind: ConsentKind) -> bool {
    ruled(view, kind) == Some(Ruling::Permit)
}

/// Whether a Consent of `kind` in force forbids it.
pub(super) fn forbidden(view: &View<'_>, kind: ConsentKind) -> bool {
    ruled(view, kind) == Some(Ruling::Deny)
}

/// What the Consents of `kind` rule on telling the recipient this; `None` = nothing.
fn ruled(view: &View<'_>, kind: ConsentKind) -> Option<Ruling> {
    let person = view.request.recipient.reference.as_deref()?;
    let mut ruling = None;
    for consent in view.active(kind) {
        ruling = stricter(ruling, ruled_by(view, &consent.provision, person, false));
    }
    ruling
}

/// The stricter of two rulings: a denial before a permission, a permission before nothing.
fn stricter(one: Option<Ruling>, other: Option<Ruling>) -> Option<Ruling> {
    if one == Some(Ruling::Deny) || other == Some(Ruling::Deny) {
        return Some(Ruling::Deny);
    }
    one.or(other)
}

/// What `provision` rules on telling `person` this. `named` when a provision around it names the person: an exception that names
/// nobody is about whom the provision around it names.
fn ruled_by(view: &View<'_>, provision: &Provision, person: &str, named: bool) -> Option<Ruling> {
    let names_nobody = provision.actors.is_empty();
    let names_person = provision.actors.iter().any(|actor| actor == person);
    if !(names_nobody || names_person) || !in_force(provision, view.now) {
        return None;
    }
    let named = named || names_person;
    let mut excepted = None;
    for exception in &provision.exceptions {
        excepted = stricter(excepted, ruled_by(view, exception, person, named));
    }
    if excepted.is_some() {
        return excepted;
    }
    match provision.decision? {
        Ruling::Deny if forbids_this(view, provision) => Some(Ruling::Deny),
        // A permission that names nobody permits nobody in particular.
        Ruling::Permit if named && permits_this(view, provision) => Some(Ruling::Permit),
        Ruling::Deny | Ruling::Permit => None,
    }
}

/// A denial reaches as far as it can be read: to any content it names a part of.
fn forbids_this(view: &View<'_>, provision: &Provision) -> bool {
    let names_part = view.categories().any(|category| provision.labels.contains(&category));
    let content = provision.labels.is_empty() || names_part;
    let asked = [view.purpose, view.request.purpose];
    content && asked.into_iter().any(|purpose| names_purpose(provision, Ruling::Deny, purpose))
}

/// A permission reaches only as far as it says: to content that it names whole. A grant for visits is none for results.
fn permits_this(view: &View<'_>, provision: &Provision) -> bool {
    let has_categories = view.categories().next().is_some();
    let names_all = has_categories && view.categories().all(|category| provision.labels.contains(&category));
    let content = provision.labels.is_empty() || names_all;
    content && names_purpose(provision, Ruling::Permit, view.purpose)
}
