//! Who calls: the API key of a request, and whether its holder may do what is asked.

use crate::key;
use crate::problem::{Kind, Problem};
use crate::routes::{Access, Route};
use crate::web::Web;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use postern_engine::{Forbidden, Principal};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How long a key that was found is believed without asking the store. A revocation through this process ends it at once.
const BELIEVED: SignedDuration = SignedDuration::from_secs(1);
/// How many keys are remembered; beyond it all are forgotten.
const REMEMBERED: usize = 4096;

/// The principal behind a request, for handlers.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Arc<Principal>);

/// What a response says of its request, for the log: ids and patterns only.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    pub(crate) route: &'static str,
    pub(crate) caller: Option<Arc<Principal>>,
}

/// The callers seen lately.
#[derive(Debug)]
pub(crate) struct Callers {
    rate: u32,
    known: Mutex<HashMap<[u8; 32], Known>>,
    /// Counts revocations: who was looked up before one is not believed after it.
    revocations: AtomicU64,
}

#[derive(Debug)]
struct Known {
    principal: Arc<Principal>,
    until: Timestamp,
    /// Requests left in the bucket, in thousandths, and when that was counted.
    left: u64,
    counted: Timestamp,
}

impl Callers {
    pub(crate) fn new(rate: u32) -> Self {
        Self { rate, known: Mutex::default(), revocations: AtomicU64::new(0) }
    }

    fn believed(&self, hash: &[u8; 32], now: Timestamp) -> Option<Arc<Principal>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(hash).filter(|k| now < k.until).map(|k| Arc::clone(&k.principal))
    }

    fn learn(&self, hash: [u8; 32], principal: Arc<Principal>, now: Timestamp, revocations: u64) {
        let until = now.checked_add(BELIEVED).unwrap_or(now);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if self.revocations.load(Ordering::SeqCst) != revocations {
            return;
        }
        if known.len() >= REMEMBERED {
            known.clear();
        }
        let full = u64::from(self.rate).saturating_mul(1000);
        let entry =
            known.entry(hash).or_insert(Known { principal: Arc::clone(&principal), until, left: full, counted: now });
        entry.principal = principal;
        entry.until = until;
    }

    fn forget(&self, hash: &[u8; 32]) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(hash);
    }

    /// Believes nobody of what it knew: the next call of every key asks the store.
    pub(crate) fn after_revocation(&self) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        self.revocations.fetch_add(1, Ordering::SeqCst);
        for entry in known.values_mut() {
            entry.until = Timestamp::MIN;
        }
    }

    /// Takes one request from the key's bucket, which refills at the rate and holds one second's worth.
    fn admits(&self, hash: &[u8; 32], now: Timestamp) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = known.get_mut(hash) else { return true };
        let millis = u64::try_from(now.duration_since(entry.counted).as_millis()).unwrap_or(0);
        let rate = u64::from(self.rate);
        entry.left = entry.left.saturating_add(millis.saturating_mul(rate)).min(rate.saturating_mul(1000));
        entry.counted = now.max(entry.counted);
        let Some(left) = entry.left.checked_sub(1000) else { return false };
        entry.left = left;
        true
    }
}

/// Stands before every handler: finds out who calls and whether they may.
pub(crate) async fn guard(
    State((web, route)): State<(Web, &'static Route)>,
    mut request: Request,
    next: Next,
) -> Response {
    let mut trace = Trace { route: route.path, caller: None };
    let mut response = match admit(&web, route, request.headers()).await {
        Ok(None) => next.run(request).await,
        Ok(Some(principal)) => {
            trace.caller = Some(Arc::clone(&principal));
            request.extensions_mut().insert(Caller(principal));
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    };
    response.extensions_mut().insert(trace);
    response
}

async fn admit(web: &Web, route: &Route, headers: &HeaderMap) -> Result<Option<Arc<Principal>>, Problem> {
    let scopes = match route.access {
        Access::Anyone | Access::Vendor | Access::Link => return Ok(None),
        // The portal has a guard of its own, which no route of this one goes by.
        Access::Browser | Access::Patient => return Err(Problem::not_found()),
        Access::ThisMachine => return crate::simulator::is_local(headers).map(|()| None),
        Access::Scopes(scopes) => scopes,
    };
    let token = bearer(headers)
        .ok_or_else(|| Problem::new(Kind::Unauthorized, "Send the API key as `Authorization: Bearer pk_...`."))?;
    let hash = key::hash(token);
    let now = web.engine().clock().now();
    let principal = match web.callers().believed(&hash, now) {
        Some(principal) => principal,
        None => look_up(web, hash, now).await?,
    };
    if !web.callers().admits(&hash, now) {
        return Err(Problem::new(Kind::TooMany, "This key sends more requests per second than it may.")
            .after(SignedDuration::from_secs(1)));
    }
    if let Some(missing) = scopes.iter().find(|scope| !principal.may(**scope)) {
        return Err(Forbidden(*missing).into());
    }
    Ok(Some(principal))
}

async fn look_up(web: &Web, hash: [u8; 32], now: Timestamp) -> Result<Arc<Principal>, Problem> {
    let revocations = web.callers().revocations.load(Ordering::SeqCst);
    let record = web
        .engine()
        .store()
        .principal(hash)
        .await
        .map_err(|_| Problem::unavailable("The store does not answer now, so the key cannot be checked."))?;
    let Some(principal) = record.as_ref().and_then(Principal::from_record) else {
        web.callers().forget(&hash);
        return Err(Problem::new(Kind::Unauthorized, "This API key is not known, or was revoked."));
    };
    let principal = Arc::new(principal);
    web.callers().learn(hash, Arc::clone(&principal), now, revocations);
    Ok(principal)
}

/// The token of `Authorization: Bearer TOKEN` (RFC 6750 section 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    let well = scheme.eq_ignore_ascii_case("bearer") && token.starts_with(key::PREFIX) && token.len() <= 128;
    well.then_some(token)
}
