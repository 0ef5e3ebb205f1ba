//! Whose portal a page belongs to: the practice, by its own host name or, on this machine, by its name in the path.

use crate::problem::Problem;
use crate::web::Web;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use postern_base::TenantId;
use postern_ehr::zones;
use postern_engine::portal::Site;
use postern_engine::{Principal, UseError};

/// What stands before the path of every page where the host does not say whose it is.
pub(super) const PREFIX: &str = "/p/";

/// The portal of one practice.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) tenant: TenantId,
    /// What stands before every path: nothing on a host of the practice's own.
    pub(crate) base: String,
    /// Its neutral name: a title lies open on screens and in histories (RULES SPC-02).
    pub(crate) name: String,
    pub(crate) callback: Option<String>,
    pub(crate) zone: TimeZone,
    /// What passkeys are bound to.
    pub(crate) site: Site,
    /// The colour of its top bar, as it asked for it.
    pub(crate) colour: Option<String>,
    /// Its patients may sign in with codes by text.
    pub(crate) texts_codes: bool,
    /// After how many seconds of standing still a session ends.
    pub(crate) idle_seconds: i64,
}

/// The request came to a host that is a practice's own.
#[derive(Debug, Clone)]
pub(super) struct OwnHost(TenantId);

impl Place {
    /// The portal of `tenant`; `None` = there is no such practice.
    async fn of(web: &Web, tenant: TenantId, own_host: bool, asked: &str) -> Result<Option<Self>, Problem> {
        let settings = match web.engine().settings(&Principal::system(tenant.clone())).await {
            Ok(settings) => settings,
            Err(UseError::NotFound) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let zone = settings.tenant.state.as_deref().and_then(|state| zones::of_state(state, None).first().copied());
        Ok(Some(Self {
            site: site(web, own_host, asked),
            base: if own_host { String::new() } else { format!("{PREFIX}{tenant}") },
            name: settings.tenant.sender.alias.clone().unwrap_or_else(|| settings.tenant.name.clone()),
            callback: settings.tenant.callback.as_deref().map(written),
            zone: zone.and_then(|zone| TimeZone::get(zone).ok()).unwrap_or(TimeZone::UTC),
            colour: settings.portal.colour.clone(),
            texts_codes: settings.portal.codes_by_text,
            idle_seconds: web.engine().signs_out_after().as_secs(),
            tenant,
        }))
    }

    /// The portal that a request is for: its host's, or the one its path names. A practice's own host shows no other practice.
    pub(super) async fn asked(
        web: &Web,
        named: &str,
        own: Option<&OwnHost>,
        headers: &HeaderMap,
    ) -> Result<Option<Self>, Problem> {
        let asked = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match (named.parse::<TenantId>(), own) {
            (Ok(tenant), Some(OwnHost(host))) if tenant == *host => Self::of(web, tenant, true, asked).await,
            (Ok(tenant), None) => Self::of(web, tenant, false, asked).await,
            _ => Ok(None),
        }
    }
}

/// What passkeys of this portal are bound to (WebAuthn level 3, section 5.1.2): the practice's own host, which was found among those it
/// names; this machine, where somebody tries it out; or the address that the configuration gives.
fn site(web: &Web, own_host: bool, asked: &str) -> Site {
    let name = asked.rsplit_once(':').map_or(asked, |(name, _)| name);
    let scheme = if web.config().behind_tls { "https" } else { "http" };
    if own_host || (name == "localhost" && !web.config().behind_tls) {
        return Site { host: name.to_ascii_lowercase(), origin: format!("{scheme}://{}", asked.to_ascii_lowercase()) };
    }
    let origin = web.config().public_url.clone();
    let host = origin.split("://").nth(1).unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned();
    Site { host, origin }
}

/// A North American number as people write it.
fn written(e164: &str) -> String {
    let digits = e164.strip_prefix("+1").filter(|rest| rest.len() == 10);
    let parts = digits.and_then(|rest| Some((rest.get(..3)?, rest.get(3..6)?, rest.get(6..)?)));
    parts.map_or_else(|| e164.to_owned(), |(area, exchange, line)| format!("{area}-{exchange}-{line}"))
}

/// Stands before the router: a page of the portal that is asked of a practice's own host is that practice's.
pub(crate) async fn by_host(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let host = host(request.headers()).to_ascii_lowercase();
    let path = request.uri().path();
    if !super::is_page(path) && !path.starts_with(PREFIX) {
        let asked = asks_for_a_page(&request).then(|| again(&request));
        let routes = next.clone();
        let response = next.run(request).await;
        return match asked.filter(|_| response.status() == StatusCode::NOT_FOUND) {
            Some(asked) => nothing_here(&web, &host, asked, routes).await.unwrap_or(response),
            None => response,
        };
    }
    match web.engine().tenant_of_domain(&host).await {
        Ok(Some(tenant)) => {
            if !path.starts_with(PREFIX)
                && let Some(uri) = within(&tenant, request.uri())
            {
                *request.uri_mut() = uri;
            }
            request.extensions_mut().insert(OwnHost(tenant));
            next.run(request).await
        }
        Ok(None) => next.run(request).await,
        Err(error) => Problem::from(error).into_response(),
    }
}

/// Whether a person opened an address: a browser asks for pages first, and what lies below `/v1` is for programs.
fn asks_for_a_page(request: &Request) -> bool {
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    request.method() == Method::GET && accepts.contains("text/html") && !request.uri().path().starts_with("/v1/")
}

/// The same request once more, without the body that a GET has not.
fn again(request: &Request) -> Request {
    let mut copy = Request::new(Body::empty());
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    copy
}

/// What a practice's own host says of an address that is none: a page of that practice, and no words of programs.
async fn nothing_here(web: &Web, host: &str, mut asked: Request, routes: Next) -> Option<Response> {
    let tenant = web.engine().tenant_of_domain(host).await.ok()??;
    *asked.uri_mut() = within(&tenant, asked.uri())?;
    asked.extensions_mut().insert(OwnHost(tenant));
    Some(routes.run(asked).await)
}

/// The host without its port.
pub(super) fn host(headers: &HeaderMap) -> &str {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

fn within(tenant: &TenantId, uri: &Uri) -> Option<Uri> {
    let rest = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(format!("{PREFIX}{tenant}{rest}").parse().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_as_people_write_it() {
        assert_eq!(written("+12125550100"), "212-555-0100");
        assert_eq!(written("+442071838750"), "+442071838750");
    }

    #[test]
    fn a_page_of_a_practices_own_host_is_that_practices() {
        let tenant: TenantId = "sunrise".parse().unwrap();
        let uri = within(&tenant, &"/messages?lang=es".parse().unwrap()).unwrap();
        assert_eq!(uri, "/p/sunrise/messages?lang=es");
    }
}
