//! Amazon SES as the configuration has it.

use crate::config::Ses as Settings;
use crate::exit::Failure;
use crate::wiring::secret;
use postern_base::Clock;
use postern_channels::email::smime::Signer;
use postern_channels::email::{Dkim, Roots, Ses, SesConfig};
use postern_channels::https::HttpsConfig;
use postern_channels::sigv4::AwsKey;
use std::sync::Arc;
use std::time::Duration;

/// How long connecting to it may take, and how long its answer may.
const CONNECT: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(40);

/// SES as `settings` say.
///
/// # Errors
/// [`Failure`], naming the file or the key.
pub(super) fn provider(
    settings: &Settings,
    signer: Option<Arc<Signer>>,
    dkim: Vec<Arc<Dkim>>,
    clock: &Arc<dyn Clock>,
) -> Result<Ses, Failure> {
    let token = settings.session_token_file.as_deref().map(secret).transpose()?;
    let key = AwsKey { id: settings.access_key_id.clone(), secret: secret(&settings.secret_access_key_file)?, token };
    let https = HttpsConfig {
        origin: settings.origin(),
        address: None,
        roots: settings.trust.clone().map_or(Roots::System, Roots::File),
        connect_time: CONNECT,
        answer_time: ANSWER,
    };
    let config = SesConfig {
        vendor: settings.vendor.clone(),
        service: settings.service.clone(),
        region: settings.region.clone(),
        https,
        key,
        configuration_set: settings.configuration_set.clone(),
        enforces_tls: settings.enforces_tls,
        from: settings.from.clone(),
        html: true,
        signer,
        dkim,
    };
    Ses::new(config, Arc::clone(clock)).map_err(|error| Failure::Usage(error.to_string()))
}
