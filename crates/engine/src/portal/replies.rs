//! Writing back: the same door as for texts and mails that come in. A revocation is read by the gate from the words themselves; words of
//! somebody in danger are answered at once and raise an alert (CHT-01).

use super::files::{FileRefused, Upload};
use super::{NotNow, Person, Visitor};
use crate::alerts::DANGER;
use crate::engine::Engine;
use crate::error::UseError;
use crate::inbound::Thread;
use crate::receipts::ReceiveFailure;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Channel, MessageId, Phi};
use postern_channels::{InboundMessage, ProviderRef};
use postern_gate::facts::{Address, OptOut, OptOutScope, System};
use postern_gate::revocation;
use postern_ledger::Kind;
use postern_store::NewAlert;
use std::sync::Arc;

/// house: what one visitor writes in an hour. Whoever reads it must find what matters among it.
const HOURLY: usize = 20;
/// The longest text that is taken, in characters.
pub(super) const LONGEST: usize = 4_000;
/// The same of somebody who may be in danger: whoever helps them wants to read all of it.
const LONGEST_IN_DANGER: usize = 50_000;
/// The name of the portal among the vendors that messages come in by.
const VENDOR: &str = "self/portal";

/// What came of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replied {
    /// It is with the practice.
    Taken,
    /// It is, and messages stop from now on: what was written said so.
    Stopped,
    /// It is, and what was written sounds like danger: the page says at once where there is help now (911, 988).
    Danger,
    /// What was written sounds like danger, and could not be taken: the page says so, and where there is help now. Somebody is told.
    DangerNotTaken,
    /// Nothing was written. Nothing was taken.
    Empty,
    /// Too much was written. Nothing was taken.
    TooLong,
    /// More was written within the hour than people write. Nothing was taken.
    TooMany,
    /// A file could not be taken, and so nothing was.
    NotThisFile(FileRefused),
}

/// Where what a visitor writes comes from.
pub(super) fn point(visitor: &Visitor) -> Address {
    match &visitor.person {
        Person::Patient => Phi::new(Arc::from(visitor.patient.reference())),
        Person::Proxy(person) => Phi::new(Arc::from(person.reveal().as_str())),
    }
}

/// What was written, as it is seen. Texts that are pasted bring signs that nobody sees: line breaks of word processors, and quotation marks
/// of an old character set of Windows that came as control characters (Unicode section 23.1).
fn visible(text: &str) -> String {
    let lines = text.replace("\r\n", "\n");
    let shown = lines.chars().filter_map(|sign| match sign {
        '\n' | '\t' => Some(sign),
        '\r' | '\u{b}' | '\u{c}' | '\u{85}' => Some('\n'),
        '\u{1e}' | '\u{96}' | '\u{97}' => Some('-'),
        '\u{91}' | '\u{92}' => Some('\''),
        '\u{93}' | '\u{94}' => Some('"'),
        sign if sign.is_control() => None,
        sign => Some(sign),
    });
    shown.collect()
}

impl Engine {
    /// Takes what `visitor` writes to a message, with files or without. It stays sealed with the patient's key, and staff read it where they
    /// read what comes in by text or mail.
    ///
    /// # Errors
    /// [`NotNow::NotFound`]: there is no such message for them; what asks for two factors to be read asks for them here too. That one was
    /// shown lately is not asked: who writes is shown nothing, and a letter takes its time.
    pub async fn reply(
        &self,
        visitor: &Visitor,
        message: MessageId,
        text: &str,
        files: &[Upload],
    ) -> Result<Replied, NotNow> {
        let text = visible(text);
        // RULES CHT-01: whatever becomes of it otherwise, it is read for danger first.
        let danger = postern_classify::speaks_of_danger(&text);
        match self.take_written(visitor, message, (text.trim(), files), danger).await {
            Ok(Replied::TooLong) | Err(_) if danger => {
                let new = NewAlert { rule: DANGER, channel: Channel::Portal, patient: visitor.patient.clone() };
                let entry = self.alert_entry(&visitor.tenant, "alert_raised")?;
                self.inner.store.tenant(&visitor.tenant).raise_alert(new, entry).await?;
                self.inner.metrics.alert(DANGER);
                self.inner.wake.notify_one();
                Ok(Replied::DangerNotTaken)
            }
            Ok(taken @ (Replied::Taken | Replied::Stopped | Replied::Danger)) => {
                self.inner.portal.drafts.forget((visitor.account, message));
                Ok(taken)
            }
            other => other,
        }
    }

    async fn take_written(
        &self,
        visitor: &Visitor,
        message: MessageId,
        (text, files): (&str, &[Upload]),
        danger: bool,
    ) -> Result<Replied, NotNow> {
        let longest = if danger { LONGEST_IN_DANGER } else { LONGEST };
        if text.is_empty() && files.is_empty() {
            return Ok(Replied::Empty);
        }
        if text.chars().count() > longest {
            return Ok(Replied::TooLong);
        }
        let (record, _) = self.portal_record(visitor, message).await?;
        match self.is_open(visitor, &record).await {
            Ok(()) | Err(NotNow::SignInAnew) => {}
            Err(why) => return Err(why),
        }
        let at = self.now();
        let name = postern_base::id::new_v7(at, self.inner.rng.as_ref()).map_err(|_| NotNow::Unavailable)?;
        let from = point(visitor);
        // Who is in danger, or says stop, is heard however much they wrote.
        let stops = revocation::read(text).stops();
        if !danger && !stops && self.wrote_enough(visitor, &from, at).await? {
            return Ok(Replied::TooMany);
        }
        let files = match self.weigh(visitor, files, at).await? {
            Ok(files) => files,
            // What they say counts, whatever becomes of a picture.
            Err(_) if danger || stops => Vec::new(),
            Err(why) => return Ok(Replied::NotThisFile(why)),
        };
        let inbound = InboundMessage {
            reference: ProviderRef(name.to_string()),
            channel: Channel::Portal,
            from: Phi::new(from.reveal().to_string()),
            to: String::new(),
            text: Phi::new(text.to_owned()),
            at,
        };
        let (patient, key) = (visitor.patient.clone(), Some(record.commitment_key));
        let thread = Thread { message, purpose: record.purpose, patient, files, danger, key };
        let taken = self.take_for(&visitor.tenant, VENDOR, &inbound, &from, Some(&thread)).await;
        taken.map_err(|_: ReceiveFailure| NotNow::Unavailable)?;
        if stops && visitor.is_proxy() {
            self.stop_proxy(visitor).await?;
        }
        if danger {
            return Ok(Replied::Danger);
        }
        Ok(if stops { Replied::Stopped } else { Replied::Taken })
    }

    /// Whether `visitor` wrote words of danger within the hour: what their page says of staff is so only then.
    ///
    /// # Errors
    /// [`UseError::Unavailable`].
    pub async fn spoke_of_danger(&self, visitor: &Visitor) -> Result<bool, UseError> {
        let since = self.now().checked_sub(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MIN);
        let mut reading = self.inner.store.tenant(&visitor.tenant).reading().await?;
        let lately = reading.inbound(&[point(visitor)], since).await?;
        drop(reading);
        Ok(lately.iter().any(|one| postern_classify::speaks_of_danger(one.text.reveal())))
    }

    async fn wrote_enough(&self, visitor: &Visitor, from: &Address, at: Timestamp) -> Result<bool, NotNow> {
        let since = at.checked_sub(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MIN);
        let store = self.inner.store.tenant(&visitor.tenant);
        let lately = store.reading().await?.inbound(std::slice::from_ref(from), since).await?;
        Ok(lately.len() >= HOURLY)
    }

    /// 47 CFR 64.1200(a)(10): "any reasonable method". Who stands for a patient stops what comes to themself; what comes to the patient is
    /// the patient's to stop.
    async fn stop_proxy(&self, visitor: &Visitor) -> Result<(), NotNow> {
        let Person::Proxy(person) = &visitor.person else { return Ok(()) };
        let store = self.inner.store.tenant(&visitor.tenant);
        let mut reading = store.reading().await?;
        let directory = self.directory(&mut reading, &visitor.patient, None, self.now()).await?;
        drop(reading);
        let own = directory.record.related.iter().filter(|related| related.reference == *person.reveal());
        for point in own.flat_map(|related| &related.points) {
            let channel = match point.system {
                System::Sms => Channel::Sms,
                System::Phone => Channel::Voice,
                System::Email => Channel::Email,
                _ => continue,
            };
            let opt_out = OptOut { at: self.now(), channel, point: point.value.clone(), scope: OptOutScope::All };
            let entry =
                crate::ledger_entry::of(self, &visitor.tenant, Kind::ConsentChanged, visitor.actor(), "opt_out")
                    .map_err(|_| NotNow::Unavailable)?;
            store.put_opt_out(opt_out, entry).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn signs_that_nobody_sees_are_line_breaks_and_quotation_marks_or_nothing() {
        assert_eq!(visible("Dear doctor,\u{b}I feel better.\u{c}Thanks"), "Dear doctor,\nI feel better.\nThanks");
        assert_eq!(visible("a\r\nb\rc\u{85}d\te"), "a\nb\nc\nd\te");
        assert_eq!(visible("I don\u{92}t \u{93}know\u{94} \u{96} well\u{1e}being"), "I don't \"know\" - well-being");
        assert_eq!(visible("\u{0}\u{7f}hy\u{1f}phen\u{9c}"), "hyphen");
        assert_eq!(visible("¿Está bien? ¡Sí! 👍"), "¿Está bien? ¡Sí! 👍");
    }
}
