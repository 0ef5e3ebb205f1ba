//! The body of a form, taken in. A plain form is short. One with files may be long, and is taken so only from who is signed in, brought the
//! token of their own page, and sends nothing else at that moment; few of them at once for the whole server (`seats.rs`).

use super::multipart;
use super::seats::Seat;
use super::visit::{Cut, Fields};
use crate::api::form;
use crate::problem::{Kind, Problem};
use crate::web::Web;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use hyper::body::{Body as _, Bytes};
use postern_base::{AccountId, TenantId};
use postern_engine::portal::{FILE_BYTES_MAX, FILES_MAX};
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

/// The most that a form of ours holds without its files, in bytes.
pub(super) const FORM_MAX: usize = 192 * 1024;
/// The most with them.
const UPLOAD_MAX: usize = FILES_MAX * FILE_BYTES_MAX + FORM_MAX;
/// What is read and thrown away, so that a browser which is still sending hears why nothing was taken.
const DRAINED_MAX: usize = 2 * UPLOAD_MAX;
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

/// The same from who has a seat, while they keep it.
async fn next_of(seat: &mut Seat, body: &mut Body, patience: Duration) -> Result<Option<Bytes>, Problem> {
    let piece = tokio::select! {
        piece = next(body, patience) => piece?,
        () = seat.given_way() => return Err(slow()),
    };
    seat.brought(piece.as_ref().map_or(0, Bytes::len));
    Ok(piece)
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
    let Came { bytes, cut, seat } =
        tokio::time::timeout(web.config().upload_time, reading).await.map_err(|_| slow())??;
    Ok(Fields::of_parts(multipart::read(&bytes, boundary), cut, seat))
}

/// A request of the API that brings files, each a part of its own, beside a part `request`: all of it, or the problem. It keeps its seat
/// among those that are held in memory until what comes with it is dropped.
pub(crate) async fn of_program(
    web: &Web,
    tenant: &TenantId,
    headers: &HeaderMap,
    mut body: Body,
) -> Result<(form::Form, Seat), Problem> {
    let boundary = form::boundary(content_type(headers).unwrap_or_default())?;
    let patience = web.config().body_time;
    let reading = async {
        let mut seat = web.uploads().of_programs.seat(tenant, patience).await.ok_or_else(busy)?;
        let mut bytes = Vec::new();
        while let Some(piece) = next_of(&mut seat, &mut body, patience).await? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > UPLOAD_MAX {
                return Err(large());
            }
        }
        Ok((form::read(&bytes, &boundary)?, seat))
    };
    tokio::time::timeout(web.config().upload_time, reading).await.map_err(|_| slow())?
}

fn busy() -> Problem {
    Problem::unavailable("Other files are coming in. Send this again in a minute; nothing was stored.")
}

/// A form as far as it came, and the seat that it was taken in at.
struct Came {
    bytes: Vec<u8>,
    cut: Option<Cut>,
    seat: Option<Seat>,
}

async fn read(web: &Web, boundary: &str, mut body: Body, sender: Option<(AccountId, &str)>) -> Result<Came, Problem> {
    let patience = web.config().body_time;
    let (mut bytes, mut seat) = (Vec::new(), None);
    loop {
        let piece = match &mut seat {
            Some(seat) => next_of(seat, &mut body, patience).await?,
            None => next(&mut body, patience).await?,
        };
        let Some(piece) = piece else { break };
        bytes.extend_from_slice(&piece);
        if bytes.len() > FORM_MAX && seat.is_none() {
            // A token stands first in a form of ours: without it nothing more is kept.
            let brought = multipart::read(&bytes, boundary).values.into_iter().find(|(name, _)| name == "csrf");
            let known = sender.filter(|(_, wanted)| brought.is_some_and(|(_, csrf)| super::visit::ours(wanted, &csrf)));
            let Some((account, _)) = known else { return drain(body, bytes, Cut::TooLong, patience).await };
            seat = web.uploads().of_patients.only_seat(&account, patience).await;
            if seat.is_none() {
                return drain(body, bytes, Cut::Busy, patience).await;
            }
        }
        if bytes.len() > UPLOAD_MAX {
            drop(seat);
            return drain(body, bytes, Cut::TooLong, patience).await;
        }
    }
    Ok(Came { bytes, cut: None, seat })
}

/// Keeps what a form holds before its files, and lets the rest go by.
async fn drain(mut body: Body, mut bytes: Vec<u8>, cut: Cut, patience: Duration) -> Result<Came, Problem> {
    bytes.truncate(FORM_MAX);
    let mut drained = 0;
    while let Some(piece) = next(&mut body, patience).await? {
        drained += piece.len();
        if drained > DRAINED_MAX {
            return Err(large());
        }
    }
    Ok(Came { bytes, cut: Some(cut), seat: None })
}
