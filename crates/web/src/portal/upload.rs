//! The body of a form, taken in. A plain form is short. One with files may be long, and is taken so only from who is signed in, brought the
//! token of their own page, and sends nothing else at that moment; two of them at once for the whole server.

use super::multipart;
use super::visit::{Cut, Fields};
use crate::api::form;
use crate::problem::{Kind, Problem};
use crate::web::Web;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use hyper::body::{Body as _, Bytes};
use postern_base::AccountId;
use postern_engine::portal::{FILE_BYTES_MAX, FILES_MAX};
use std::collections::HashSet;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most that a form of ours holds without its files, in bytes.
pub(super) const FORM_MAX: usize = 192 * 1024;
/// The most with them.
const UPLOAD_MAX: usize = FILES_MAX * FILE_BYTES_MAX + FORM_MAX;
/// What is read and thrown away, so that a browser which is still sending hears why nothing was taken.
const DRAINED_MAX: usize = 2 * UPLOAD_MAX;
/// Forms with files that are taken in at once: each is held in memory.
const AT_ONCE: usize = 2;

/// Forms with files that are under way.
#[derive(Debug)]
pub(crate) struct Uploads {
    room: Arc<Semaphore>,
    accounts: Mutex<HashSet<AccountId>>,
    /// The same of practices' programs, which take no patient's place.
    of_programs: Arc<Semaphore>,
}

impl Default for Uploads {
    fn default() -> Self {
        let (room, of_programs) = (Arc::new(Semaphore::new(AT_ONCE)), Arc::new(Semaphore::new(AT_ONCE)));
        Self { room, accounts: Mutex::default(), of_programs }
    }
}

impl Uploads {
    /// A seat for one account's form, once there is room; `None` = there is none in time, or it is sending another.
    async fn seat(&self, account: AccountId, patience: Duration) -> Option<Seat<'_>> {
        if !self.accounts.lock().unwrap_or_else(PoisonError::into_inner).insert(account) {
            return None;
        }
        let mut seat = Seat { uploads: self, account, room: None };
        seat.room = tokio::time::timeout(patience, Arc::clone(&self.room).acquire_owned()).await.ok()?.ok();
        seat.room.is_some().then_some(seat)
    }
}

/// Held while a form with files is taken in.
struct Seat<'u> {
    uploads: &'u Uploads,
    account: AccountId,
    room: Option<OwnedSemaphorePermit>,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.uploads.accounts.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.account);
    }
}

/// Whether a request brings files.
pub(crate) fn brings_files(headers: &HeaderMap) -> bool {
    content_type(headers).is_some_and(form::is_form)
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok()
}

fn slow() -> Problem {
    Problem::new(Kind::TooSlow, "The form did not arrive in time; nothing was stored.")
}

fn large() -> Problem {
    Problem::new(Kind::TooLarge, "The form is larger than what is taken.")
}

/// The next piece of a body; `None` = it is over.
async fn next(body: &mut Body, patience: Duration) -> Result<Option<Bytes>, Problem> {
    loop {
        let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context));
        match tokio::time::timeout(patience, frame).await.map_err(|_| slow())? {
            None => return Ok(None),
            Some(Err(_)) => return Err(large()),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// A form without files.
pub(super) async fn plain(web: &Web, body: Body) -> Result<Fields, Problem> {
    let read = tokio::time::timeout(web.config().body_time, axum::body::to_bytes(body, FORM_MAX)).await;
    Ok(Fields::read(&read.map_err(|_| slow())?.map_err(|_| large())?))
}

/// A form that may hold files. `sender` is who is signed in, with the token that a form of theirs must bring; of anybody else no more is
/// read than of a plain form.
pub(super) async fn with_files(
    web: &Web,
    headers: &HeaderMap,
    body: Body,
    sender: Option<(AccountId, &str)>,
) -> Result<Fields, Problem> {
    let Some(boundary) = content_type(headers).and_then(multipart::boundary) else { return plain(web, body).await };
    let reading = read(web, boundary, body, sender);
    let (bytes, cut) = tokio::time::timeout(web.config().upload_time, reading).await.map_err(|_| slow())??;
    Ok(Fields::of_parts(multipart::read(&bytes, boundary), cut))
}

/// A request of the API that brings files, each a part of its own, beside a part `request`: all of it, or the problem. It keeps its place
/// among those that are held in memory until what comes with it is dropped.
pub(crate) async fn of_program(
    web: &Web,
    headers: &HeaderMap,
    mut body: Body,
) -> Result<(form::Form, OwnedSemaphorePermit), Problem> {
    let boundary = form::boundary(content_type(headers).unwrap_or_default())?;
    let patience = web.config().body_time;
    let reading = async {
        let places = Arc::clone(&web.uploads().of_programs);
        let place =
            tokio::time::timeout(patience, places.acquire_owned()).await.map_err(|_| busy())?.map_err(|_| busy())?;
        let mut bytes = Vec::new();
        while let Some(piece) = next(&mut body, patience).await? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > UPLOAD_MAX {
                return Err(large());
            }
        }
        Ok((form::read(&bytes, &boundary)?, place))
    };
    tokio::time::timeout(web.config().upload_time, reading).await.map_err(|_| slow())?
}

fn busy() -> Problem {
    Problem::unavailable("Other files are coming in. Send this again in a minute; nothing was stored.")
}

async fn read(
    web: &Web,
    boundary: &str,
    mut body: Body,
    sender: Option<(AccountId, &str)>,
) -> Result<(Vec<u8>, Option<Cut>), Problem> {
    let patience = web.config().body_time;
    let (mut bytes, mut seat) = (Vec::new(), None);
    while let Some(piece) = next(&mut body, patience).await? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > FORM_MAX && seat.is_none() {
            // A token stands first in a form of ours: without it nothing more is kept.
            let brought = multipart::read(&bytes, boundary).values.into_iter().find(|(name, _)| name == "csrf");
            let known = sender.filter(|(_, wanted)| brought.is_some_and(|(_, csrf)| super::visit::ours(wanted, &csrf)));
            let Some((account, _)) = known else { return drain(body, bytes, Cut::TooLong, patience).await };
            seat = web.uploads().seat(account, patience).await;
            if seat.is_none() {
                return drain(body, bytes, Cut::Busy, patience).await;
            }
        }
        if bytes.len() > UPLOAD_MAX {
            return drain(body, bytes, Cut::TooLong, patience).await;
        }
    }
    Ok((bytes, None))
}

/// Keeps what a form holds before its files, and lets the rest go by.
async fn drain(
    mut body: Body,
    mut bytes: Vec<u8>,
    cut: Cut,
    patience: Duration,
) -> Result<(Vec<u8>, Option<Cut>), Problem> {
    bytes.truncate(FORM_MAX);
    let mut drained = 0;
    while let Some(piece) = next(&mut body, patience).await? {
        drained += piece.len();
        if drained > DRAINED_MAX {
            return Err(large());
        }
    }
    Ok((bytes, Some(cut)))
}
