//! What the fuzz target reaches into: compiled for it alone (`--cfg fuzzing`), so that nothing else sees it.

use super::dialogue::{Bounds, Dialogue};
use super::wire::Wire;
use super::{Hop, InboundMail, Listener, ListenerConfig, MailSink, NotTaken};
use crate::email::back::{ReturnAddresses, Way};
use async_trait::async_trait;
use postern_base::{DeliveryId, Secret, SystemClock};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::watch;

/// The largest mail that is taken, in bytes.
pub const MESSAGE_BYTES: usize = 512;
/// What stands in the bytes for the address of ours that a delivery has: its signature cannot be guessed.
const OURS: &[u8] = b"<OURS>";

#[derive(Debug, Default)]
struct Kept(Mutex<Vec<InboundMail>>);

#[async_trait]
impl MailSink for Kept {
    async fn take(&self, mail: InboundMail) -> Result<(), NotTaken> {
        self.0.lock().map_err(|_| NotTaken::Later)?.push(mail);
        Ok(())
    }
}

/// Says `bytes` to a listener, `piece` of them at a time, and gives what it answered and what it took.
#[must_use]
pub fn session(bytes: &[u8], piece: usize) -> (Vec<u8>, Vec<InboundMail>) {
    let kept = Arc::<Kept>::default();
    let Ok(addresses) = ReturnAddresses::new("back.example", &Secret::new([7; 32])) else { return Default::default() };
    let ours = format!("<{}>", addresses.address(Way::Bounce, DeliveryId(uuid::Uuid::from_u128(1))));
    let bytes = said(bytes, ours.as_bytes());
    let config = ListenerConfig { message_bytes: MESSAGE_BYTES, host: "mx.example".to_owned(), ..Default::default() };
    let Ok(listener) = Listener::new(config, addresses, Arc::clone(&kept) as _, Arc::new(SystemClock)) else {
        return Default::default();
    };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else {
        return Default::default();
    };
    let answered = runtime.block_on(async {
        let (theirs, ours) = tokio::io::duplex(piece.max(1));
        let listener = &listener;
        let (mut hears, mut says) = tokio::io::split(theirs);
        let (_stop, stopped) = watch::channel(false);
        let bounds = Bounds { message_bytes: MESSAGE_BYTES, recipients: 3, messages: 3, errors: 10 };
        let mut dialogue = Dialogue::new("mx.example", &listener.addresses, bounds, false);
        let hop = Hop { from: IpAddr::V4(Ipv4Addr::LOCALHOST), secured: false };
        let mut wire = Wire::new(ours, listener.config.idle_time, stopped);
        let mut answers = Vec::new();
        let talk = async move { listener.talk(&mut wire, &mut dialogue, hop).await.ok() };
        let say = async move {
            says.write_all(&bytes).await.ok();
            says.shutdown().await.ok();
        };
        let hear = async { hears.read_to_end(&mut answers).await.ok() };
        tokio::join!(talk, say, hear);
        answers
    });
    let mails = kept.0.lock().map(|mut mails| std::mem::take(&mut *mails)).unwrap_or_default();
    (answered, mails)
}

/// `bytes` with the address of ours where it is meant.
fn said(bytes: &[u8], ours: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some((first, more)) = rest.split_first() {
        match rest.strip_prefix(OURS) {
            Some(after) => {
                out.extend_from_slice(ours);
                rest = after;
            }
            None => {
                out.push(*first);
                rest = more;
            }
        }
    }
    out
}
