//! Vendors of text messages as the configuration has them, and what they tell us over sessions of ours.

use crate::config::{Bandwidth as BandwidthSettings, LongTexts, Smpp as SmppSettings, Twilio as TwilioSettings};
use crate::exit::Failure;
use crate::wiring::{Sources, https, secret};
use postern_base::Clock;
use postern_channels::sms::bandwidth::{Bandwidth, BandwidthConfig};
use postern_channels::sms::smpp::{Long, Smpp, SmppConfig};
use postern_channels::sms::twilio::{Sender, Twilio, TwilioConfig};
use postern_channels::tls::Roots;
use postern_channels::{Received, Told};
use postern_engine::Engine;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// How long a message centre may take for an answer.
const CENTRE_ANSWER: Duration = Duration::from_secs(30);
/// Receipts that are brought to the store side by side.
const SIDE_BY_SIDE: usize = 512;

/// Twilio as `settings` say; `public_url` is where it reaches us.
///
/// # Errors
/// [`Failure`], naming the file or the key.
pub(super) fn twilio(settings: &TwilioSettings, public_url: &str, clock: &Arc<dyn Clock>) -> Result<Twilio, Failure> {
    let key = match (&settings.api_key, &settings.api_key_secret_file) {
        (Some(key), Some(file)) => Some((key.clone(), secret(file)?)),
        _ => None,
    };
    let sender = match (&settings.messaging_service, &settings.from) {
        (Some(service), _) => Sender::Service(service.clone()),
        (None, from) => Sender::Number(from.clone().unwrap_or_default()),
    };
    let public_url = public_url.trim_end_matches('/');
    let config = TwilioConfig {
        vendor: settings.vendor.clone(),
        service: settings.service.clone(),
        https: https(settings.endpoint.clone(), settings.trust.as_deref()),
        account: settings.account.clone(),
        token: secret(&settings.token_file)?,
        key,
        sender,
        callback: format!("{public_url}/v1/webhooks/{}/{}", settings.vendor, settings.service),
    };
    Twilio::new(config, Arc::clone(clock)).map_err(|error| Failure::Usage(error.to_string()))
}

/// Bandwidth as `settings` say.
///
/// # Errors
/// [`Failure`], naming the file or the key.
pub(super) fn bandwidth(settings: &BandwidthSettings, clock: &Arc<dyn Clock>) -> Result<Bandwidth, Failure> {
    let trust = settings.trust.as_deref();
    let config = BandwidthConfig {
        vendor: settings.vendor.clone(),
        service: settings.service.clone(),
        https: https(settings.endpoint.clone(), trust),
        tokens: https(settings.token_endpoint.clone(), trust),
        account: settings.account.clone(),
        client: settings.client_id.clone(),
        client_secret: secret(&settings.client_secret_file)?,
        application: settings.application.clone(),
        from: settings.from.clone(),
        callback_user: settings.callback_user.clone(),
        callback_password: secret(&settings.callback_password_file)?,
    };
    Bandwidth::new(config, Arc::clone(clock)).map_err(|error| Failure::Usage(error.to_string()))
}

/// A message centre as `settings` say; what it delivers goes to `told`.
///
/// # Errors
/// [`Failure`], naming the file or the key.
pub(super) fn smpp(settings: &SmppSettings, told: mpsc::Sender<Told>, sources: &Sources) -> Result<Smpp, Failure> {
    let config = SmppConfig {
        vendor: settings.vendor.clone(),
        service: settings.service.clone(),
        host: settings.host.clone(),
        port: settings.port,
        address: None,
        roots: settings.trust.clone().map_or(Roots::System, Roots::File),
        system_id: settings.system_id.clone(),
        password: secret(&settings.password_file)?,
        system_type: settings.system_type.clone(),
        from: settings.from.clone(),
        window: settings.window,
        per_second: settings.per_second,
        long: match settings.long {
            LongTexts::Header => Long::Header,
            LongTexts::Parameters => Long::Parameters,
        },
        opted_out: settings.opted_out_statuses.clone(),
        answer_time: CENTRE_ANSWER,
        silence: Duration::from_secs(u64::from(settings.silence_seconds)),
    };
    Smpp::new(config, told, Arc::clone(&sources.clock), Arc::clone(&sources.rng))
        .map_err(|error| Failure::Usage(error.to_string()))
}

/// Brings what vendors tell us to the engine, until `stop`. Receipts go side by side; patients' messages one after the other, since a
/// START after a STOP means something else than a STOP after a START.
pub(super) async fn listen(engine: Engine, mut told: mpsc::Receiver<Told>, mut stop: watch::Receiver<bool>) {
    let mut receipts = JoinSet::new();
    loop {
        tokio::select! {
            Some(one) = told.recv(), if receipts.len() < SIDE_BY_SIDE => match one.received {
                Received::Receipt(_) => {
                    receipts.spawn(keep(engine.clone(), one));
                }
                Received::Message(_) => keep(engine.clone(), one).await,
            },
            Some(ended) = receipts.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(panicked = error.is_panic(), "a receipt was not brought to its end");
                }
            }
            changed = stop.changed() => {
                if changed.is_err() || *stop.borrow() {
                    while receipts.join_next().await.is_some() {}
                    return;
                }
            }
        }
    }
}

async fn keep(engine: Engine, told: Told) {
    let kept = engine.take_told(&told.vendor, told.received.clone()).await;
    if let Received::Receipt(receipt) = &told.received {
        engine.applied(&told.vendor, &receipt.reference).await;
    }
    if let Err(error) = &kept {
        tracing::warn!(vendor = %told.vendor, %error, "what a vendor told was not kept; it tells it again");
    }
    told.kept(kept.is_ok());
}
