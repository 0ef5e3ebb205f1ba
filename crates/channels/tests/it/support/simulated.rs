//! Two simulators with one inbox, and the end of the line where their webhooks arrive.

use super::permits::Wish;
use jiff::Timestamp;
use postern_base::{Channel, Secret, SystemRng};
use postern_channels::simulator::{Callback, Inbox, Line, SimulatedVendor};
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{self, Receiver};

pub(crate) struct Simulated {
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) sms: Arc<SimulatedVendor>,
    pub(crate) email: Arc<SimulatedVendor>,
    pub(crate) callbacks: Mutex<Receiver<Callback>>,
}

/// The line of the vendor that `wish` names.
pub(crate) fn line(wish: &Wish) -> Line {
    Line {
        vendor: wish.vendor.clone(),
        service: wish.service.clone(),
        address: "+15555550199".to_owned(),
        secret: Secret::new(b"signed-with-this".to_vec()),
    }
}

impl Simulated {
    pub(crate) fn new(wish: &Wish) -> Self {
        let (sender, receiver) = mpsc::channel(64);
        let inbox = Arc::new(Inbox::new(sender, Arc::new(SystemRng)));
        Self {
            sms: Arc::new(SimulatedVendor::sms(line(wish), Arc::clone(&inbox))),
            email: Arc::new(SimulatedVendor::email(line(wish), Arc::clone(&inbox))),
            inbox,
            callbacks: Mutex::new(receiver),
        }
    }

    /// The patient of `wish` writes `text`.
    pub(crate) async fn reply(&self, wish: &Wish, text: &str, now: Timestamp) -> bool {
        if wish.channel == Channel::Sms {
            self.sms.reply(&wish.to, text, now).await
        } else {
            self.email.reply(&wish.to, text, now).await
        }
    }
}
