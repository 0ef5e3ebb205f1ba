//! Looking for messages: by a word, a kind, a time. What is looked for is sent as a form and never stands in an address.

use super::messages::{Asked, Pick, draw_list};
use super::visit::Visit;
use crate::problem::Problem;
use crate::web::Web;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use jiff::SignedDuration;
use postern_base::{MessageId, Purpose};
use postern_engine::portal::Sought;
use uuid::Uuid;

/// How far back one may look: the word of the form, and days.
const WITHIN: &[(&str, Option<i64>)] = &[("any", None), ("month", Some(31)), ("half", Some(183)), ("year", Some(366))];

/// `POST /messages/find`: it changes nothing; the word is no part of an address so that it lies in no history.
pub(super) async fn find(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let typed = |name| visit.fields.value(name);
    let days = WITHIN.iter().find(|(name, _)| *name == typed("within")).and_then(|(_, days)| *days);
    let now = web.engine().clock().now();
    let sought = Sought {
        word: typed("word").chars().take(100).collect(),
        purpose: typed("purpose").parse::<Purpose>().ok(),
        since: days.and_then(|days| now.checked_sub(SignedDuration::from_hours(24 * days)).ok()),
    };
    let before = typed("before").parse::<Uuid>().ok().map(MessageId);
    let (found, further) = web.engine().find_messages(visit.signed_in()?, &sought, before).await?;
    let said = if further.is_some() {
        visit.texts.with("find-found-more", "count", i64::try_from(found.len()).unwrap_or(0))
    } else {
        visit.texts.with("find-found", "count", i64::try_from(found.len()).unwrap_or(0))
    };
    let asked = Asked {
        word: sought.word,
        purpose: sought.purpose.map_or_else(String::new, |purpose| purpose.to_string()),
        within: typed("within").to_owned(),
    };
    draw_list(&visit, found, further, (asked, Some(said)))
}

/// What there is to choose from for how far back.
pub(super) fn times(visit: &Visit, chosen: &str) -> Vec<Pick> {
    let pick = |(name, _): &(&str, Option<i64>)| Pick {
        value: (*name).to_owned(),
        label: visit.texts.say(&format!("find-{name}")),
        chosen: *name == chosen,
    };
    WITHIN.iter().map(pick).collect()
}
