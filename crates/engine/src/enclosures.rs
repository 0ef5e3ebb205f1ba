//! Files that a practice sends with a message. They are read where the message is, in the portal, and travel by nothing else; what is told of
//! them stands, sealed, in the request that is kept. Nobody here reads what is in them, so the practice says what they carry.

use crate::error::AcceptError;
use crate::inbound;
use crate::portal::{FILE_BYTES_MAX, FILES_MAX, FileRefused, NewFile, Upload, weigh};
use crate::render::Rendered;
use crate::wire::{AttachmentView, Request, WireError};
use jiff::Timestamp;
use postern_base::{AttachmentId, Channel, Form, Level, Phi, Rng};
use postern_ledger::{CommitmentKey, commit};
use postern_store::AttachmentRecord;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is told of a file, as it is kept with the request of its message.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Enclosure {
    id: AttachmentId,
    kind: String,
    name: String,
    bytes: u64,
    digest: [u8; 32],
}

impl std::fmt::Debug for Enclosure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Enclosure({})", self.id)
    }
}

impl Enclosure {
    pub(crate) fn of((about, _): &NewFile) -> Option<Self> {
        let (kind, name) = (about.kind.clone(), about.name.reveal().clone());
        Some(Self { id: about.id, kind, name, bytes: about.bytes, digest: about.digest? })
    }

    /// As a file that came is told of.
    pub(crate) fn record(&self) -> AttachmentRecord {
        let (kind, name) = (self.kind.clone(), Phi::new(self.name.clone()));
        AttachmentRecord { id: self.id, kind, name, bytes: self.bytes, digest: Some(self.digest) }
    }

    pub(crate) fn view(&self) -> AttachmentView {
        AttachmentView::of(self.record())
    }
}

/// The domain of a commitment to the files of a message.
pub(crate) const FILES: &str = "files";

/// What the entry of a portal copy says of the files beside its words, so that the patient can show which came with them: for each a zero
/// byte and its SHA-256 in hexadecimal. `None` = there are none.
pub(crate) fn stated(files: &[Enclosure], key: &CommitmentKey) -> Option<(String, [u8; 32])> {
    let digests = files.iter().map(|file| file.digest);
    (!files.is_empty()).then(|| (FILES.to_owned(), commit(key, FILES, &inbound::written("", digests))))
}

/// That files are read where a copy in the portal is planned, and nowhere else.
pub(crate) fn read_nowhere() -> AcceptError {
    WireError::new("file", "files are read in the portal alone, and this message has no copy there").into()
}

/// The files that go with `request`, weighed as those of patients are, and the request as it is with them.
///
/// # Errors
/// [`AcceptError::Malformed`], which says what to do.
pub(crate) async fn enclose(
    request: &mut Request,
    files: &[Upload],
    moment: (Timestamp, &Arc<dyn Rng>),
) -> Result<Vec<NewFile>, AcceptError> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let named = |channel| request.channels.as_ref().map(|channels| channels.contains(&channel));
    if named(Channel::Portal) == Some(false) || named(Channel::Mail) == Some(true) {
        let why = "files are read in the portal alone: name it, and no letter, which would come without them; or leave this out";
        return Err(WireError::new("channels", why).into());
    }
    let no_text = || WireError::new("content", "files go with `content`, not with a template");
    let content = request.content.as_mut().ok_or_else(no_text)?;
    // What nobody reads may be anything: who sends it says what it carries, and it is never called less than clinical (RULES IDN-01: two factors).
    let said = content
        .level
        .ok_or_else(|| WireError::new("content.level", "say what the files carry: nobody here reads them"))?;
    content.level = Some(said.max(Level::L2));
    match weigh(files, moment).await? {
        Ok(weighed) => Ok(weighed),
        Err(why) => Err(WireError::new("file", sentence(why)).into()),
    }
}

/// Leaves of the forms of a message those that are read where its files are, and those that lead there.
pub(crate) fn lead_to_portal(rendered: &mut Rendered) {
    let there = |form: Form, channel: Option<Channel>| form <= Form::Notice || channel == Some(Channel::Portal);
    rendered.forms.retain(|form| there(form.measured.form, form.measured.channel));
}

fn sentence(why: FileRefused) -> String {
    match why {
        FileRefused::TooMany | FileRefused::Enough => format!("at most {FILES_MAX} files go with a message"),
        FileRefused::TooLong => format!("a file has at most {FILE_BYTES_MAX} bytes"),
        FileRefused::NotOne => "expected a whole PDF, JPEG, PNG or plain text in UTF-8".to_owned(),
    }
}
