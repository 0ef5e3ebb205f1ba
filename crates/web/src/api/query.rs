//! What a caller asks for behind the `?`: named parameters, and lists a page at a time.

use super::json;
use crate::problem::{Kind, Problem};
use axum::http::StatusCode;
use axum::response::Response;
use postern_engine::wire::ReadReason;
use serde::Serialize;

/// Rows in a page when the caller does not say.
const PAGE: u32 = 50;

/// Query parameters by name, each at most once; unknown ones are refused, not ignored.
pub(super) fn parameters(query: Option<&str>, known: &[&str]) -> Result<Vec<(String, String)>, Problem> {
    let mut given: Vec<(String, String)> = Vec::new();
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Some(name) = known.iter().find(|k| **k == name) else {
            let what = format!("A query parameter is not known here; known: {}.", known.join(", "));
            return Err(Problem::new(Kind::Malformed, what).at("query"));
        };
        if given.iter().any(|(n, _)| n == name) {
            return Err(Problem::new(Kind::Malformed, format!("`{name}` is given twice.")).at(*name));
        }
        given.push(((*name).to_owned(), value.to_owned()));
    }
    Ok(given)
}

/// The value of a parameter.
pub(super) fn value<'a>(given: &'a [(String, String)], name: &str) -> Option<&'a str> {
    given.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

/// Whether a parameter says yes; `false` where it is not given.
pub(super) fn flag(given: &[(String, String)], name: &'static str) -> Result<bool, Problem> {
    match value(given, name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Problem::new(Kind::Malformed, format!("`{name}`: expected true or false.")).at(name)),
    }
}

/// Why something is read, which whoever reads it has to say.
pub(super) fn why(given: &[(String, String)]) -> Result<ReadReason, Problem> {
    value(given, "why").and_then(ReadReason::read).ok_or_else(|| {
        let known = ReadReason::ALL.map(ReadReason::as_str).join(", ");
        Problem::new(Kind::Malformed, format!("`why`: expected why you read it, one of {known}.")).at("why")
    })
}

/// How many rows are asked for.
pub(super) fn limit(given: &[(String, String)]) -> Result<u32, Problem> {
    match value(given, "limit") {
        None => Ok(PAGE),
        // The engine's page holds one hundred, and one row tells whether there are more.
        Some(text) => {
            text.parse().ok().filter(|n| (1..=99).contains(n)).ok_or_else(|| {
                Problem::new(Kind::Malformed, "`limit`: expected a whole number from 1 to 99.").at("limit")
            })
        }
    }
}

/// The number of a row, or the cursor of a page.
pub(super) fn number(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| no_cursor())
}

/// What is given as `cursor` is none.
pub(super) fn no_cursor() -> Problem {
    Problem::new(Kind::Malformed, "`cursor`: expected the `next` of a page before.").at("cursor")
}

/// A page of a list of rows that have numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paging {
    limit: u32,
    /// The row after which the page begins; `None` = the first page.
    pub(super) before: Option<i64>,
}

impl Paging {
    /// The page that `limit` and `cursor` ask for.
    pub(super) fn of(given: &[(String, String)]) -> Result<Self, Problem> {
        Ok(Self { limit: limit(given)?, before: value(given, "cursor").map(number).transpose()? })
    }

    /// One more than asked: it tells whether there is another page.
    pub(super) const fn rows(self) -> u32 {
        self.limit.saturating_add(1)
    }

    /// The answer: the rows under `name`, and as `next` the cursor of what follows, where something does.
    pub(super) fn page<T: Serialize>(
        self,
        name: &str,
        mut rows: Vec<T>,
        id: impl Fn(&T) -> i64,
    ) -> Result<Response, Problem> {
        let more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        let next = rows.last().map(|row| id(row).to_string()).filter(|_| more);
        json(StatusCode::OK, &serde_json::json!({ name: rows, "next": next }))
    }
}
