//! Amazon's services as the configuration has them.

use crate::config::{AmazonTexts, Ses as SesSettings};
use crate::exit::Failure;
use crate::wiring::{https, secret};
use postern_base::Clock;
use postern_channels::amazon::AwsKey;
use postern_channels::email::smime::Signer;
use postern_channels::email::{Dkim, Ses, SesConfig};
use postern_channels::sms::amazon::AmazonConfig;
use postern_channels::sms::amazon::end_user::EndUserMessaging;
use postern_channels::sms::amazon::sns::Sns;
use std::path::Path;
use std::sync::Arc;

/// The key whose parts stand in the configuration and in files.
fn key(id: &str, secret_file: &Path, token_file: Option<&Path>) -> Result<AwsKey, Failure> {
    Ok(AwsKey { id: id.to_owned(), secret: secret(secret_file)?, token: token_file.map(secret).transpose()? })
}

/// SES as `settings` say.
///
/// # Errors
/// [`Failure`], naming the file or the key.
pub(super) fn ses(
    settings: &SesSettings,
    signer: Option<Arc<Signer>>,
    dkim: Vec<Arc<Dkim>>,
    clock: &Arc<dyn Clock>,
) -> Result<Ses, Failure> {
    let token = settings.session_token_file.as_deref();
    let config = SesConfig {
        vendor: settings.vendor.clone(),
        service: settings.service.clone(),
        region: settings.region.clone(),
        https: https(settings.origin(), settings.trust.as_deref()),
        key: key(&settings.access_key_id, &settings.secret_access_key_file, token)?,
        configuration_set: settings.configuration_set.clone(),
        enforces_tls: settings.enforces_tls,
        from: settings.from.clone(),
        html: true,
        signer,
        dkim,
    };
    Ses::new(config, Arc::clone(clock)).map_err(|error| Failure::Usage(format!("ses: {error}")))
}

/// SNS as `settings` say.
///
/// # Errors
/// [`Failure`], naming the file or the key.
pub(super) fn sns(settings: &AmazonTexts, clock: &Arc<dyn Clock>) -> Result<Sns, Failure> {
    Sns::new(texts(settings)?, Arc::clone(clock)).map_err(|error| Failure::Usage(format!("sns: {error}")))
}

/// End User Messaging as `settings` say.
///
/// # Errors
/// [`Failure`], naming the file or the key.
pub(super) fn end_user_messaging(settings: &AmazonTexts, clock: &Arc<dyn Clock>) -> Result<EndUserMessaging, Failure> {
    let (from, set) = (settings.from.clone().unwrap_or_default(), settings.configuration_set.clone());
    EndUserMessaging::new(texts(settings)?, from, set, Arc::clone(clock))
        .map_err(|error| Failure::Usage(format!("end_user_messaging: {error}")))
}

fn texts(settings: &AmazonTexts) -> Result<AmazonConfig, Failure> {
    let token = settings.session_token_file.as_deref();
    Ok(AmazonConfig {
        vendor: settings.vendor.clone(),
        service: settings.service.clone(),
        region: settings.region.clone(),
        https: https(settings.endpoint.clone(), settings.trust.as_deref()),
        key: key(&settings.access_key_id, &settings.secret_access_key_file, token)?,
    })
}
