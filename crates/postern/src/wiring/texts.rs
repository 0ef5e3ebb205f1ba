//! Vendors of text messages as the configuration has them, and what they tell us over sessions of ours.

use crate::config::{
    Bandwidth as BandwidthSettings, Config, LongTexts, Smpp as SmppSettings, TextRate, Twilio as TwilioSettings,
};
use crate::exit::Failure;
use crate::wiring::{Sources, https, secret};
use postern_base::Clock;
use postern_channels::sms::bandwidth::{Bandwidth, BandwidthConfig};
use postern_channels::sms::rates::{self, Each, Of};
use postern_channels::sms::smpp::{Long, Smpp, SmppConfig};
use postern_channels::sms::twilio::{Sender, Twilio, TwilioConfig};
use postern_channels::tls::Roots;
use postern_channels::{Received, Told};
use postern_engine::{Engine, TextLimit};
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

/// How many segments may go by whom, as `config` says.
pub(super) fn limits(config: &Config) -> Vec<TextLimit> {
    let mut limits: Vec<TextLimit> = config.text_rate.iter().flat_map(of_sender).collect();
    for centre in &config.smpp {
        let Some(segments) = centre.per_second else { continue };
        let bought = own(&centre.vendor, &centre.service, segments);
        // What is said of the sender itself counts, and what the centre takes still holds its session.
        if !limits.iter().any(|limit| same_meter(limit, &bought)) {
            limits.push(bought);
        }
    }
    limits
}

/// The limits of one sender: those of the table, and what its contract says in the place of the table's word on its number.
fn of_sender(rate: &TextRate) -> Vec<TextLimit> {
    let name = format!("{}/{}", rate.vendor, rate.service);
    let bought = rate.segments_per_second.map(|segments| own(&rate.vendor, &rate.service, segments));
    let listed = rates::limits(rate.sender, rate.class).into_iter().map(|row| {
        let (of, word) = match row.of {
            Of::Number => (name.clone(), "number"),
            Of::Campaign => (format!("campaign {}", rate.campaign.as_deref().unwrap_or(&name)), "campaign"),
            // house: who does not tell brands apart has one.
            Of::Brand => (format!("brand {}", rate.brand.as_deref().unwrap_or_default()), "brand"),
        };
        let (vendor, service) = (rate.vendor.clone(), rate.service.clone());
        TextLimit { vendor, service, carrier: row.carrier, segments: row.segments, each: row.each, of, word }
    });
    let stands = |limit: &TextLimit| !bought.as_ref().is_some_and(|bought| same_meter(limit, bought));
    listed.filter(stands).chain(bought.clone()).collect()
}

/// What a vendor's service may send in a second.
fn own(vendor: &str, service: &str, segments: u32) -> TextLimit {
    TextLimit {
        vendor: vendor.to_owned(),
        service: service.to_owned(),
        carrier: None,
        segments,
        each: Each::Second,
        of: format!("{vendor}/{service}"),
        word: "number",
    }
}

fn same_meter(one: &TextLimit, other: &TextLimit) -> bool {
    (&one.of, one.carrier, one.each) == (&other.of, other.carrier, other.each)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn of(text: &str) -> Vec<(Option<u32>, u32, Each, String)> {
        let centre =
            "[[smpp]]\nvendor = \"centre\"\nhost = \"c\"\nsystem_id = \"a\"\npassword_file = \"p\"\nfrom = \"12345\"\n";
        let config = Config::parse(Path::new("postern.toml"), &format!("{centre}{text}")).unwrap();
        let seen =
            |limit: TextLimit| (limit.carrier.map(|carrier| carrier as u32), limit.segments, limit.each, limit.of);
        limits(&config).into_iter().map(seen).collect()
    }

    const OF: &str = "[[text_rate]]\nvendor = \"centre\"\n";

    #[test]
    fn what_nobody_limits_has_no_limit_and_what_a_centre_takes_is_one() {
        assert_eq!(of(""), []);
        assert_eq!(of("per_second = 30\n"), [(None, 30, Each::Second, "centre/messaging".to_owned())]);
    }

    #[test]
    fn a_contract_stands_above_the_table_for_the_number_and_for_no_carrier() {
        let toll_free = format!("{OF}sender = \"toll_free\"\n");
        assert_eq!(of(&toll_free), [(None, 3, Each::Second, "centre/messaging".to_owned())]);
        let bought = of(&format!("{toll_free}segments_per_second = 25\n"));
        assert_eq!(bought, [(None, 25, Each::Second, "centre/messaging".to_owned())]);
        let long_code =
            of(&format!("per_second = 9\n{OF}sender = \"long_code\"\nsegments_per_second = 50\ncampaign = \"C1\"\n"));
        assert_eq!(long_code.len(), 4, "three carriers and the number: {long_code:?}");
        assert!(
            long_code
                .iter()
                .any(|(carrier, segments, _, of)| carrier.is_some() && *segments == 75 && of == "campaign C1")
        );
        assert!(long_code.contains(&(None, 50, Each::Second, "centre/messaging".to_owned())));
    }

    #[test]
    fn a_rate_of_nobody_or_a_class_of_no_long_code_is_named() {
        let told = |text: &str| Config::parse(Path::new("postern.toml"), text).unwrap_err().to_string();
        assert!(told(&format!("{OF}sender = \"toll_free\"\n")).contains("text_rate[0].vendor"));
        let twilio =
            "[[simulator]]\nchannel = \"sms\"\nvendor = \"centre\"\nservice = \"messaging\"\naddress = \"+1\"\n";
        assert!(told(&format!("{twilio}{OF}sender = \"toll_free\"\nclass = \"low\"\n")).contains("text_rate[0].class"));
        assert!(told(&format!("{twilio}{OF}sender = \"pigeon\"\n")).contains("text_rate"));
    }
}
