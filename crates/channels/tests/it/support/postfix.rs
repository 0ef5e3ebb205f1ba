//! A real Postfix that plays a smarthost, in every state that one can be found in.

use super::authority::{Authority, Identity, self_signed};
use super::mta::{Listener, Mta, Settings};
use std::net::{SocketAddr, TcpListener};
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The name its good certificate is for.
pub(crate) const HOST: &str = "smarthost.test";
/// The domain it takes mail for.
pub(crate) const DOMAIN: &str = "patients.example";

/// A running Postfix; stopped when the last user lets go.
#[derive(Debug)]
pub(crate) struct Postfix {
    mta: Mta,
    /// Of the authority that signed its good certificate.
    pub(crate) roots: PathBuf,
    /// STARTTLS with a certificate that holds, for [`HOST`] and for `localhost`.
    pub(crate) good: u16,
    /// TLS from the first byte, with a certificate that holds.
    pub(crate) implicit: u16,
    /// No STARTTLS.
    pub(crate) plain: u16,
    /// A certificate of the right authority for another name.
    pub(crate) wrong_name: u16,
    /// A certificate nobody vouches for.
    pub(crate) self_signed: u16,
    /// A certificate whose time is over.
    pub(crate) expired: u16,
    /// Nothing newer than TLS 1.1.
    pub(crate) old_tls: u16,
}

impl Deref for Postfix {
    type Target = Mta;

    fn deref(&self) -> &Mta {
        &self.mta
    }
}

impl Postfix {
    /// The one that tests running at the same time share, or `None` when Postfix is not installed or may not be started.
    pub(crate) fn shared() -> Option<Arc<Self>> {
        static RUNNING: Mutex<Weak<Postfix>> = Mutex::new(Weak::new());
        if !Mta::may_start() {
            return None;
        }
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(postfix) = running.upgrade() {
            return Some(postfix);
        }
        let postfix = Arc::new(Self::start());
        *running = Arc::downgrade(&postfix);
        Some(postfix)
    }

    fn start() -> Self {
        let authority = Authority::new();
        let mut listeners = Vec::new();
        let mut listen = |identity: Option<Identity>, more: &[&str]| {
            // A free port; another program could take it before Postfix does, and then the start says so.
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let options = more.iter().map(|text| (*text).to_owned()).collect();
            listeners.push(Listener { address: SocketAddr::from(([127, 0, 0, 1], port)), identity, options });
            port
        };
        let good = listen(Some(authority.identity_of(&[HOST, "localhost"])), &[]);
        let implicit = listen(Some(authority.identity(HOST)), &["smtpd_tls_wrappermode=yes"]);
        let plain = listen(None, &[]);
        let wrong_name = listen(Some(authority.identity("other.test")), &[]);
        let self_signed = listen(Some(self_signed(HOST)), &[]);
        let expired = listen(Some(authority.expired(HOST)), &[]);
        let old = ["smtpd_tls_protocols=<=TLSv1.1", "smtpd_tls_mandatory_protocols=<=TLSv1.1"];
        let old_tls = listen(Some(authority.identity(HOST)), &old);
        let answers = format!("{{nobody@{DOMAIN}=550 5.1.1 No such user}}, {{later@{DOMAIN}=450 4.2.0 Try again}}");
        let settings = Settings { host: HOST, domains: &[DOMAIN], answers: &answers, more: "" };
        let mta = Mta::start(&settings, listeners);
        let roots = authority.write(&mta.dir);
        Self { mta, roots, good, implicit, plain, wrong_name, self_signed, expired, old_tls }
    }
}
