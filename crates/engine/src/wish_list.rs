//! What patients asked for in the portal, as staff see it: the gate obeys each at once, but a person has to know of a request to be reached
//! in one way only (45 CFR 164.522(b)), and of whom to call in an emergency.

use crate::attestations::of_kind;
use crate::engine::Engine;
use crate::error::UseError;
use crate::ledger_entry;
use crate::principal::{Principal, Scope};
use crate::reads::PAGE;
use crate::wishes::{self, Kept, Wish};
use jiff::Timestamp;
use postern_base::{Channel, Language, PatientId, Purpose};
use postern_ledger::Kind;
use serde::Serialize;
use std::fmt;

/// Rows that one page looks at, of which some say something else than a wish.
const LOOKED: usize = 1_000;

/// What a patient asked for, in the clear.
#[derive(Clone, Serialize)]
pub struct WishView {
    /// Its number, also the cursor of the page after it.
    pub id: i64,
    /// Whose, `Patient/ID`.
    pub patient: String,
    /// When they said so.
    pub at: Timestamp,
    /// What, as a word; `only_at` and `anywhere` are requests under 45 CFR 164.522(b).
    pub wish: &'static str,
    /// The number or address it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_point: Option<String>,
    /// The kinds of messages it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<Purpose>,
    /// The hours they want to be reached in, from and to, by their own clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<(i8, i8)>,
    /// The language they want to be written to in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// Of a contact point that was added: by what it is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// Of the same: others read there too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<bool>,
    /// Whom to call in an emergency: name, number and who they are to the patient; empty = nobody any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emergency_contact: Option<EmergencyContact>,
    /// Who is to stand for the patient no more, `RelatedPerson/ID`: a minor asks, and the practice decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The name with which an authorization was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// The words that were shown, and in which language.
    pub shown: String,
    /// That language.
    pub shown_in: Language,
}

/// Whom to call.
#[derive(Clone, Serialize)]
pub struct EmergencyContact {
    /// Their name.
    pub name: String,
    /// Their number.
    pub phone: String,
    /// Who they are to the patient.
    pub relation: String,
}

impl fmt::Debug for EmergencyContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmergencyContact")
    }
}

impl fmt::Debug for WishView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WishView({})", self.id)
    }
}

impl Engine {
    /// What the patients of the practice asked for in the portal, the newest first, below `before`, at most [`PAGE`]; of one patient, where one
    /// is named. Gives also where the next page begins, where there is more to look through. That it was read is entered first.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn wish_list(
        &self,
        principal: &Principal,
        patient: Option<&str>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<(Vec<WishView>, Option<i64>), UseError> {
        principal.must(Scope::ContentRead)?;
        let whose = patient.map(crate::attestations::patient_id).transpose()?;
        let store = self.inner.store.tenant(&principal.tenant);
        let limit = usize::try_from(limit.clamp(1, PAGE)).unwrap_or(1);
        let (mut found, mut from, mut looked) = (Vec::new(), before, 0);
        let next = 'pages: loop {
            let page = store.attested_lately(from, PAGE).await?;
            let last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            for (number, row) in page {
                from = Some(number);
                looked += 1;
                if let Some((patient, attested)) =
                    row.filter(|(patient, _)| whose.as_ref().is_none_or(|one| one == patient))
                {
                    let kept = of_kind::<Kept>(std::slice::from_ref(&attested), wishes::KIND)?;
                    found.extend(kept.into_iter().map(|one| {
                        let point = one.point.map(|point| point.reveal().to_string());
                        view(number, &patient, point, one.content)
                    }));
                }
                if found.len() >= limit || looked >= LOOKED {
                    break 'pages from;
                }
            }
            if last {
                break None;
            }
        };
        let entry = ledger_entry::of(self, &principal.tenant, Kind::Disclosed, principal.actor(), "wishes_read");
        store.append(vec![entry.map_err(|_| UseError::Unavailable)?]).await?;
        Ok((found, next))
    }
}

fn view(id: i64, patient: &PatientId, point: Option<String>, kept: Kept) -> WishView {
    let only_at = point.is_some();
    let mut view = WishView {
        id,
        patient: patient.reference(),
        at: kept.at,
        wish: "",
        contact_point: point,
        purposes: Vec::new(),
        hours: None,
        language: None,
        channel: None,
        shared: None,
        emergency_contact: None,
        person: None,
        signature: None,
        shown: kept.shown,
        shown_in: kept.language,
    };
    view.wish = match kept.wish {
        Wish::Stop { purposes } => {
            view.purposes = purposes;
            "stop"
        }
        Wish::Resume { purposes } => {
            view.purposes = purposes;
            "resume"
        }
        Wish::OnlyAt if only_at => "only_at",
        Wish::OnlyAt => "anywhere",
        Wish::Offers { signature } => {
            view.signature = Some(signature);
            "offers"
        }
        Wish::NoOffers => "no_offers",
        Wish::Times { from, to } => {
            view.hours = from.zip(to);
            "times"
        }
        Wish::Language { language } => {
            view.language = Some(language);
            "language"
        }
        Wish::AddPoint { channel, shared } => {
            (view.channel, view.shared) = (Some(channel), Some(shared));
            "point_added"
        }
        Wish::RemovePoint => "point_removed",
        Wish::Prefer => "point_first",
        Wish::EmergencyContact { name, phone, relation } => {
            view.emergency_contact = Some(EmergencyContact { name, phone, relation });
            "emergency"
        }
        Wish::EndProxy { person } => {
            view.person = Some(person);
            "proxy_end"
        }
    };
    view
}
