//! Invitations: a code that staff hand to a patient, or to who stands for them. It is shown once, ends, and works once; by itself it
//! opens nothing (two identifiers come to it, RULES PRI-17).

use super::account::{code, normal};
use super::sessions::sha256;
use crate::engine::Engine;
use crate::error::UseError;
use crate::ledger_entry;
use crate::principal::{Principal, Scope};
use crate::reads::patient_id;
use crate::wire::WireError;
use jiff::Timestamp;
use postern_base::{Phi, Secret};
use postern_ledger::Kind;
use postern_store::{PortalInvitation, PortalStep};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Groups of four signs in a code: 57 bits.
const GROUPS: usize = 3;

/// Whom to invite.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// `RelatedPerson/ID` of who stands for the patient; `None` = the patient.
    #[serde(default)]
    pub person: Option<String>,
}

/// An invitation, as whoever made it sees it: once.
#[derive(Debug, Clone, Serialize)]
pub struct Invitation {
    /// Its id.
    pub id: Uuid,
    /// What is handed over. It is stored nowhere.
    pub code: String,
    /// It is good for nothing after.
    pub expires_at: Timestamp,
}

/// What an invitation says, sealed.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct For {
    pub(super) person: Option<String>,
}

/// What the store looks an invitation up by.
pub(super) fn secret(said: &str) -> [u8; 32] {
    sha256(format!("invitation {}", normal(said)).as_bytes())
}

impl Engine {
    /// Makes an invitation for a patient, or for a person who is on the patient's record as related. Who has an account already and is
    /// invited again makes a new one in its place: the old factors and sessions end when it is taken up, which is how staff help who lost
    /// everything.
    ///
    /// # Errors
    /// [`UseError::NotFound`]: there is no such patient. Malformed: the record has no such related person.
    pub async fn invite(
        &self,
        principal: &Principal,
        patient: &str,
        new: &NewInvitation,
    ) -> Result<Invitation, UseError> {
        principal.must(Scope::DirectoryWrite)?;
        let (patient, now) = (patient_id(patient)?, self.now());
        let store = self.inner.store.tenant(&principal.tenant);
        let mut reading = store.reading().await?;
        let directory = self.directory(&mut reading, &patient, None, now).await?;
        drop(reading);
        if !directory.found {
            return Err(UseError::NotFound);
        }
        if let Some(person) = &new.person
            && !directory.record.related.iter().any(|related| related.reference == *person && related.active)
        {
            let what = "is no related person in use on the patient's record: import the record with them first";
            return Err(WireError::new("person", what).into());
        }
        let rng = self.inner.rng.as_ref();
        let code: Secret<String> = code(rng, GROUPS).map_err(|_| UseError::Unavailable)?;
        let id = postern_base::id::new_v7(now, rng).map_err(|_| UseError::Unavailable)?;
        let expires_at = now.checked_add(self.inner.config.portal.invitation).unwrap_or(now);
        let content = serde_json::to_vec(&For { person: new.person.clone() }).map_err(|_| UseError::Unavailable)?;
        let content = Phi::new(content);
        let invitation = PortalInvitation { id, patient, made_at: now, expires_at, tries: 0, used: false, content };
        let entry = ledger_entry::of(self, &principal.tenant, Kind::Administered, principal.actor(), "portal_invited")
            .map_err(|_| UseError::Unavailable)?;
        let steps = vec![PortalStep::Invite(invitation, secret(code.reveal()))];
        store.portal_change(steps, vec![entry]).await?;
        Ok(Invitation { id, code: code.reveal().clone(), expires_at })
    }
}
