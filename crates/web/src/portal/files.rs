//! Files with an answer: picked on the page of a message, shown below what was written, and given back as a download that no browser opens
//! by itself.

use super::messages::not_now;
use super::visit::{Cut, Visit};
use crate::problem::Problem;
use crate::web::Web;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use postern_base::{AttachmentId, MessageId, Phi};
use postern_engine::portal::{Attached, FILE_BYTES_MAX, FILES_MAX, FileKind, FileRefused};
use uuid::Uuid;

/// A file as the page shows it.
pub(super) struct Shown {
    pub(super) id: AttachmentId,
    pub(super) name: String,
    pub(super) about: String,
}

/// What is shown of a file.
pub(super) fn shown(visit: &Visit, file: Attached) -> Shown {
    let kind = visit.texts.say(&format!("file-kind-{}", file.kind.as_str()));
    Shown { id: file.id, name: file.name.into_inner(), about: format!("{kind}, {}", size(file.bytes)) }
}

/// How long something is, as people write it.
fn size(bytes: u64) -> String {
    const MEGA: u64 = 1024 * 1024;
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..MEGA => format!("{} KB", bytes.div_ceil(1024)),
        _ => format!("{}.{} MB", bytes / MEGA, bytes % MEGA * 10 / MEGA),
    }
}

/// What may be picked, in a sentence.
pub(super) fn hint(visit: &Visit) -> String {
    visit.texts.with("file-hint", "count", i64::try_from(FILES_MAX).unwrap_or(i64::MAX))
}

/// Why a file was not taken, in a sentence.
pub(super) fn refused(visit: &Visit, why: FileRefused) -> String {
    let count = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
    let why = match why {
        FileRefused::TooMany => visit.texts.with("file-too-many", "count", count(FILES_MAX)),
        FileRefused::TooLong => visit.texts.with("file-too-long", "size", count(FILE_BYTES_MAX / (1024 * 1024))),
        FileRefused::NotOne => visit.texts.say("file-not-one"),
        FileRefused::Enough => visit.texts.say("file-enough"),
    };
    format!("{why} {}", visit.texts.say("file-again"))
}

/// Why a form did not come whole, in a sentence.
pub(super) fn cut(visit: &Visit, cut: Cut) -> String {
    match cut {
        Cut::TooLong => refused(visit, FileRefused::TooLong),
        Cut::Busy => format!("{} {}", visit.texts.say("file-busy"), visit.texts.say("file-again")),
    }
}

/// `GET /messages/{id}/files/{file}`.
pub(super) async fn download(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
    Path((_, message, file)): Path<(String, Uuid, Uuid)>,
) -> Result<Response, Problem> {
    let message = MessageId(message);
    match web.engine().open_attachment(visit.signed_in()?, message, AttachmentId(file)).await {
        Ok((kind, content)) => given(kind, content),
        Err(why) => not_now(&visit, message, why),
    }
}

/// A file to keep. It is never given under its own type, nor under a name of its sender's: the one would let a browser open it here, the
/// other lies in a folder of downloads and says whose it is.
pub(crate) fn given(kind: FileKind, content: Phi<Vec<u8>>) -> Result<Response, Problem> {
    let mut response = content.into_inner().into_response();
    let name = format!("attachment; filename=\"file.{}\"", kind.extension());
    let name = HeaderValue::from_str(&name).map_err(|_| Problem::unavailable("The file could not be named."))?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_DISPOSITION, name);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A browser that shows what it was told to save shows it without any right of this portal.
    let alone = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");
    headers.insert(header::CONTENT_SECURITY_POLICY, alone);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_a_file_is_is_written_as_people_do() {
        assert_eq!(
            [0, 1023, 1024, 1025, 1024 * 1024, 10 * 1024 * 1024].map(size),
            ["0 B", "1023 B", "1 KB", "2 KB", "1.0 MB", "10.0 MB"]
        );
    }
}
