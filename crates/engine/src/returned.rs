//! What comes back by e-mail: bounces end deliveries and close addresses, complaints and unsubscriptions are obeyed, a patient's words
//! go the way of every patient's words, and what needs a person is kept sealed for one.
//!
//! Whom a mail is about is never taken from what it says: the address it came to names the delivery and is signed by us.

mod desk;

use crate::accept::entry_for;
use crate::engine::Engine;
use crate::inbound::Thread;
use crate::ledger_entry;
use crate::receipts::ReceiveFailure;
use async_trait::async_trait;
use postern_base::{Channel, DeliveryId, MessageId, PatientId, Phi, Purpose, TenantId};
use postern_channels::email::arrived::{self, Arrived, Bounce, Enclosed, Outcome, Status, What, Words};
use postern_channels::email::back::{Mailbox, Role, Way};
use postern_channels::email::inbound::{InboundMail, MailSink, NotTaken};
use postern_channels::{InboundMessage, ProviderRef};
use postern_gate::facts::{Address, OptOut, OptOutScope};
use postern_gate::revocation::{Meaning, read};
use postern_ledger::Kind;
use postern_store::{DeliveryState, MailKind, NewKeptMail, NewSuppression, SuppressionReason};

/// The delivery that something came back of.
pub(crate) struct Of {
    pub(crate) tenant: TenantId,
    pub(crate) message: MessageId,
    pub(crate) delivery: DeliveryId,
    pub(crate) patient: PatientId,
    pub(crate) purpose: Purpose,
    /// Where it went.
    pub(crate) point: Address,
}

/// Whether no more mail goes to where this came from: it says stop, or that the patient is not there.
const fn ends(meaning: Meaning) -> bool {
    meaning.stops() || meaning.is_wrong_number()
}

/// The vendor under whose name mail comes in.
const MAIL: &str = "mail";

#[async_trait]
impl MailSink for Engine {
    async fn take(&self, mail: InboundMail) -> Result<(), NotTaken> {
        let mut arrived = arrived::read(mail.content.reveal(), mail.from.reveal().is_empty());
        if arrived.unnamed {
            // Two of the same words are two mails, though one of them may be the other come again.
            arrived.reference = format!("{}-{:x}", arrived.reference, mail.at.as_microsecond());
        }
        if self.is_circular(&arrived) {
            return Err(NotTaken::Never);
        }
        for mailbox in &mail.to {
            self.take_for_mailbox(*mailbox, &arrived, &mail).await.map_err(|failure| {
                tracing::warn!(%failure, "a mail could not be kept now; its sender comes again");
                NotTaken::Later
            })?;
        }
        Ok(())
    }
}

impl Engine {
    /// Whether a mail goes round: it passed too many servers, or says it is from an address to which our mail comes back.
    fn is_circular(&self, arrived: &Arrived) -> bool {
        let ours = || {
            let domain = arrived.from.as_ref().and_then(|from| crate::address::domain(from.reveal()));
            domain.is_some() && domain.as_deref() == self.inner.addresses.as_ref().map(|addresses| addresses.domain())
        };
        matches!(arrived.what, What::Loop) || ours()
    }

    async fn take_for_mailbox(
        &self,
        mailbox: Mailbox,
        arrived: &Arrived,
        mail: &InboundMail,
    ) -> Result<(), ReceiveFailure> {
        match mailbox {
            Mailbox::Delivery(way, delivery) => match self.of(delivery).await? {
                Some(of) => self.take_of(&of, way, arrived, mail).await,
                // Ours once, and its patient's key was destroyed since: there is nobody left to tell.
                None => Ok(()),
            },
            Mailbox::Role(role) => self.take_of_role(role, arrived, mail).await,
        }
    }

    /// What a delivery is of; `None` where nothing is left of it.
    pub(crate) async fn of(&self, delivery: DeliveryId) -> Result<Option<Of>, ReceiveFailure> {
        let Some((tenant, message)) = self.inner.store.delivery(delivery).await? else { return Ok(None) };
        let record = match self.inner.store.tenant(&tenant).message(message).await {
            Err(postern_store::StoreError::KeyDestroyed) => return Ok(None),
            record => record?,
        };
        Ok(record.and_then(|record| {
            let found = record.deliveries.iter().find(|d| d.id == delivery)?;
            let (purpose, point) = (record.purpose, found.candidate.point.clone());
            Some(Of { tenant, message, delivery, patient: record.patient, purpose, point })
        }))
    }

    async fn take_of(&self, of: &Of, way: Way, arrived: &Arrived, mail: &InboundMail) -> Result<(), ReceiveFailure> {
        match (&arrived.what, way) {
            (What::Bounce(bounce), Way::Bounce) => self.take_bounce(of, bounce).await,
            (What::Complaint(_), _) => {
                self.take_complaint(of).await?;
                self.keep(of, MailKind::Complaint, arrived, mail).await
            }
            // RFC 2369 section 3.2: what the address was made for, whatever the mail to it says.
            (_, Way::Unsubscribe) => self.opt_out(of, OptOutScope::Purpose(of.purpose)).await,
            (What::Reply(words), Way::Reply) => self.take_reply(of, words, arrived, mail).await,
            // To the envelope's sender only machines write. RFC 3464 section 2: a report goes there and nowhere else; at the address for answers,
            // which whoever was shown the mail knows, it proves nothing of the mailbox.
            (What::Reply(_) | What::AutoReply, Way::Bounce) | (What::AutoReply | What::Bounce(_), Way::Reply) => {
                self.keep(of, MailKind::AutoReply, arrived, mail).await
            }
            (What::Unreadable | What::Loop, _) => self.keep(of, MailKind::Unreadable, arrived, mail).await,
        }
    }

    /// A mail that did not arrive, or not yet. Twice is harmless.
    async fn take_bounce(&self, of: &Of, bounce: &Bounce) -> Result<(), ReceiveFailure> {
        if bounce.outcome != Outcome::Failed {
            return Ok(());
        }
        let code = bounce.status.map_or_else(|| "bounced".to_owned(), |status| format!("bounced-{status}"));
        let entry = |kind, code: &str| entry_for(self, &of.tenant, kind, MAIL, code, of.message, of.delivery);
        let entries = vec![entry(Kind::Receipt, &code)?, entry(Kind::Terminal, DeliveryState::Failed.as_str())?];
        let store = self.inner.store.tenant(&of.tenant);
        if store.bounced(of.delivery, code, entries).await? {
            self.inner.metrics.ended(DeliveryState::Failed.as_str());
            self.inner.wake.notify_one();
        }
        match bounce.status {
            Some(status) => self.take_status(of, status).await,
            None => Ok(()),
        }
    }

    /// What a server said of a mail that it did not take, in the session or later. OCR FAQ 570, "checking the e-mail address for
    /// accuracy": an address that is nobody's is verified anew before it is used.
    pub(crate) async fn take_status(&self, of: &Of, status: Status) -> Result<(), ReceiveFailure> {
        if !status.is_about_the_address() {
            return Ok(());
        }
        let entry =
            entry_for(self, &of.tenant, Kind::ConsentChanged, MAIL, "address_bounced", of.message, of.delivery)?;
        self.inner.store.tenant(&of.tenant).put_verification(&of.point, None, entry).await?;
        self.suppress(of, SuppressionReason::HardBounce, Some(status.to_string())).await?;
        self.inner.metrics.alert("EML-03");
        Ok(())
    }

    async fn suppress(&self, of: &Of, reason: SuppressionReason, code: Option<String>) -> Result<(), ReceiveFailure> {
        let new = NewSuppression { point: of.point.clone(), reason, code, delivery: of.delivery, at: self.now() };
        let code = match reason {
            SuppressionReason::HardBounce => "suppressed_hard_bounce",
            SuppressionReason::Complaint => "suppressed_complaint",
        };
        let entry = entry_for(self, &of.tenant, Kind::ConsentChanged, MAIL, code, of.message, of.delivery)?;
        Ok(self.inner.store.tenant(&of.tenant).suppress(new, entry).await?)
    }

    /// RFC 5965: somebody pressed "this is spam". RULES TCP-11: any reasonable means of saying no is one.
    async fn take_complaint(&self, of: &Of) -> Result<(), ReceiveFailure> {
        self.opt_out(of, OptOutScope::All).await?;
        self.suppress(of, SuppressionReason::Complaint, None).await?;
        self.inner.metrics.alert("TCP-11");
        Ok(())
    }

    /// Notes an opt-out that does not stand yet.
    pub(crate) async fn opt_out(&self, of: &Of, scope: OptOutScope) -> Result<(), ReceiveFailure> {
        let store = self.inner.store.tenant(&of.tenant);
        let standing = store.reading().await?.opt_outs(std::slice::from_ref(&of.point)).await?;
        if standing.iter().any(|known| known.scope == scope) {
            return Ok(());
        }
        let is_address = of.point.reveal().contains('@');
        let channel = if is_address { Channel::Email } else { Channel::Sms };
        let opt_out = OptOut { at: self.now(), channel, point: of.point.clone(), scope };
        let entry = entry_for(self, &of.tenant, Kind::ConsentChanged, "patient", "opt_out", of.message, of.delivery)?;
        Ok(store.put_opt_out(opt_out, entry).await?)
    }

    /// What a patient wrote. A STOP counts for the address we wrote to, wherever it was sent from: only who holds that mail knows
    /// where to answer. Everything else counts only from that address; from another, a person looks.
    async fn take_reply(
        &self,
        of: &Of,
        words: &Words,
        arrived: &Arrived,
        mail: &InboundMail,
    ) -> Result<(), ReceiveFailure> {
        let from = arrived.from.as_ref().map(|from| crate::address::normal(from.reveal()).to_lowercase());
        let theirs = from.is_some_and(|from| from == of.point.reveal().to_lowercase());
        if theirs {
            let message = InboundMessage {
                reference: ProviderRef(arrived.reference.clone()),
                channel: Channel::Email,
                from: Phi::new(of.point.reveal().to_string()),
                to: String::new(),
                text: words.text.clone(),
                at: mail.at,
            };
            let danger = postern_classify::speaks_of_danger(words.text.reveal());
            let (message_id, patient) = (of.message, of.patient.clone());
            let (purpose, files) = (of.purpose, Vec::new());
            let thread = Thread { message: message_id, purpose, patient, files, danger, key: None };
            self.take_for(&of.tenant, MAIL, &message, &of.point, Some(&thread)).await?;
            let meaning = read(words.text.reveal());
            if !ends(meaning) && !self.take_code(of, words.text.reveal()).await? {
                // RULES PRI-23: who begins to write by e-mail hears of its risk, once.
                self.tell_email_risk(of, mail.at).await?;
            }
        } else if ends(read(words.text.reveal())) {
            self.opt_out(of, OptOutScope::All).await?;
        }
        if theirs && words.whole && self.is_ours(of, words.below.reveal()).await? {
            return Ok(());
        }
        self.keep(of, MailKind::Reply, arrived, mail).await
    }

    /// Whether every line of `quoted` is of the message that is answered, so that nothing in between is the patient's.
    async fn is_ours(&self, of: &Of, quoted: &str) -> Result<bool, ReceiveFailure> {
        if quoted.trim().is_empty() {
            return Ok(true);
        }
        let Some(record) = self.inner.store.tenant(&of.tenant).message(of.message).await? else { return Ok(false) };
        let squeezed = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
        let written: Vec<String> = record.renditions.iter().map(|one| squeezed(one.body.reveal())).collect();
        let ours = |line: &str| written.iter().any(|body| body.contains(&squeezed(line)));
        Ok(quoted.lines().all(ours))
    }

    async fn keep(&self, of: &Of, kind: MailKind, arrived: &Arrived, mail: &InboundMail) -> Result<(), ReceiveFailure> {
        let entry = entry_for(self, &of.tenant, Kind::Inbound, MAIL, kind.as_str(), of.message, of.delivery)?;
        let new = NewKeptMail {
            reference: arrived.reference.clone(),
            kind,
            delivery: Some(of.delivery),
            at: mail.at,
            secured: mail.secured,
            content: mail.content.clone(),
        };
        self.inner.store.tenant(&of.tenant).keep_mail(new, entry).await?;
        Ok(())
    }

    /// Mail to a mailbox that is nobody's own. A complaint that encloses a mail of ours is about that one; all else is for whoever
    /// runs this: the first tenant.
    async fn take_of_role(&self, role: Role, arrived: &Arrived, mail: &InboundMail) -> Result<(), ReceiveFailure> {
        if matches!(role, Role::DmarcReports | Role::TlsReports) && self.take_report(&mail.content, mail.at).await? {
            return Ok(());
        }
        let find = |text: &str| self.inner.addresses.as_ref().and_then(|addresses| addresses.find(text));
        if role == Role::Abuse
            && let What::Complaint(Enclosed(text)) = &arrived.what
            && let Some((_, delivery)) = find(text.reveal())
            && let Some(of) = self.of(delivery).await?
        {
            return self.take_of(&of, Way::Bounce, arrived, mail).await;
        }
        let Some(tenant) = self.inner.store.tenants().await?.into_iter().next() else { return Ok(()) };
        let entry = ledger_entry::of(self, &tenant.id, Kind::Inbound, MAIL, role.as_str())?;
        let new = NewKeptMail {
            reference: arrived.reference.clone(),
            kind: MailKind::Role,
            delivery: None,
            at: mail.at,
            secured: mail.secured,
            content: mail.content.clone(),
        };
        self.inner.store.tenant(&tenant.id).keep_mail(new, entry).await?;
        Ok(())
    }
}
