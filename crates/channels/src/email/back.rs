//! Addresses of our own to which mail comes back: one for each delivery and way, signed, so that whoever writes to one holds a
//! mail of that delivery, and nobody can make one up.
//!
//! A local part is `b-`, `r-` or `u-`, the delivery's id and the beginning of an HMAC-SHA-256 over both, in hexadecimal digits: 54
//! characters of the 64 that RFC 5321 section 4.5.3.1.1 allows, and the same after a server that changes letters' case.

use aws_lc_rs::{constant_time, hmac};
use postern_base::{DeliveryId, Hex, Secret};
use std::fmt;
use thiserror::Error;
use uuid::Uuid;

/// The length of the signature in bytes: 80 bits, checked online only.
const TAG: usize = 10;

/// What an address of a delivery is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// The envelope's sender: what could not be delivered comes back here (RFC 5321 section 4.5.5, VERP).
    Bounce,
    /// `Reply-To`: what the patient answers.
    Reply,
    /// `List-Unsubscribe` by mail (RFC 2369).
    Unsubscribe,
}

impl Way {
    const ALL: [Self; 3] = [Self::Bounce, Self::Reply, Self::Unsubscribe];

    const fn letter(self) -> &'static str {
        match self {
            Self::Bounce => "b",
            Self::Reply => "r",
            Self::Unsubscribe => "u",
        }
    }
}

/// A mailbox of the domain that belongs to no delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// RFC 5321 section 4.5.1: every server that takes mail takes it for `postmaster`.
    Postmaster,
    /// RFC 2142 section 2: complaints, feedback loops.
    Abuse,
    /// Aggregate reports as a DMARC record's `rua` asks for them (RFC 7489 section 7.2).
    DmarcReports,
    /// Reports as a `_smtp._tls` record's `rua` asks for them (RFC 8460 section 3).
    TlsReports,
}

impl Role {
    const ALL: [Self; 4] = [Self::Postmaster, Self::Abuse, Self::DmarcReports, Self::TlsReports];

    /// Its local part.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postmaster => "postmaster",
            Self::Abuse => "abuse",
            Self::DmarcReports => "dmarc-reports",
            Self::TlsReports => "tls-reports",
        }
    }
}

/// Whom an address of ours belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mailbox {
    /// A delivery.
    Delivery(Way, DeliveryId),
    /// A role.
    Role(Role),
}

/// Where what comes back of one mail goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailBack {
    /// The envelope's sender.
    pub bounces: String,
    /// `Reply-To`.
    pub replies: String,
    /// The `mailto:` of `List-Unsubscribe`.
    pub unsubscribe: String,
}

/// The domain is not one that mail can come back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected a domain of letters, digits, hyphens and dots, at most 190 characters")]
pub struct BadDomain;

/// Makes and reads the addresses of one domain.
#[derive(Clone)]
pub struct ReturnAddresses {
    domain: String,
    key: hmac::Key,
}

impl fmt::Debug for ReturnAddresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReturnAddresses").field(&self.domain).finish()
    }
}

impl ReturnAddresses {
    /// Addresses of `domain`, signed under `key`.
    ///
    /// # Errors
    /// [`BadDomain`].
    pub fn new(domain: &str, key: &Secret<[u8; 32]>) -> Result<Self, BadDomain> {
        let well = |label: &str| {
            !label.is_empty() && label.len() <= 63 && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if domain.len() > 190 || !domain.split('.').all(well) {
            return Err(BadDomain);
        }
        Ok(Self { domain: domain.to_ascii_lowercase(), key: hmac::Key::new(hmac::HMAC_SHA256, key.reveal()) })
    }

    /// The domain, in small letters.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The address of `delivery` for `way`.
    #[must_use]
    pub fn address(&self, way: Way, delivery: DeliveryId) -> String {
        let tag = self.tag(way, delivery);
        format!("{}-{}{}@{}", way.letter(), delivery.0.simple(), Hex(&tag), self.domain)
    }

    /// Every address of `delivery`.
    #[must_use]
    pub fn of(&self, delivery: DeliveryId) -> MailBack {
        MailBack {
            bounces: self.address(Way::Bounce, delivery),
            replies: self.address(Way::Reply, delivery),
            unsubscribe: self.address(Way::Unsubscribe, delivery),
        }
    }

    /// Whose mailbox `address` is; `None` when it is none of ours.
    #[must_use]
    pub fn mailbox(&self, address: &str) -> Option<Mailbox> {
        let (local, domain) = address.rsplit_once('@')?;
        if !domain.eq_ignore_ascii_case(&self.domain) {
            return None;
        }
        let role = Role::ALL.into_iter().find(|role| role.as_str().eq_ignore_ascii_case(local));
        role.map(Mailbox::Role).or_else(|| self.signed(local))
    }

    /// The first address of a delivery that `text` holds anywhere, such as in the headers of our mail that a complaint encloses.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<(Way, DeliveryId)> {
        let word = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '@'));
        text.split(word).filter(|word| word.contains('@')).find_map(|word| match self.mailbox(word.trim_matches('.')) {
            Some(Mailbox::Delivery(way, delivery)) => Some((way, delivery)),
            Some(Mailbox::Role(_)) | None => None,
        })
    }

    fn signed(&self, local: &str) -> Option<Mailbox> {
        let (letter, rest) = local.split_once('-')?;
        let way = Way::ALL.into_iter().find(|way| way.letter().eq_ignore_ascii_case(letter))?;
        let (id, tag) = rest.split_at_checked(32)?;
        let delivery = DeliveryId(Uuid::try_parse(id).ok()?);
        let expected = Hex(&self.tag(way, delivery)).to_string();
        constant_time::verify_slices_are_equal(expected.as_bytes(), tag.to_ascii_lowercase().as_bytes()).ok()?;
        Some(Mailbox::Delivery(way, delivery))
    }

    fn tag(&self, way: Way, delivery: DeliveryId) -> [u8; TAG] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(b"return address 1\0");
        context.update(way.letter().as_bytes());
        context.update(delivery.0.as_bytes());
        let mut tag = [0; TAG];
        for (to, from) in tag.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(key: u8) -> ReturnAddresses {
        ReturnAddresses::new("Back.Clinic.example", &Secret::new([key; 32])).unwrap()
    }

    fn delivery() -> DeliveryId {
        DeliveryId(Uuid::from_u128(0x0199_aaaa_bbbb_7ccc_8ddd_eeee_ffff_0001))
    }

    #[test]
    fn an_address_names_its_delivery_and_way_in_any_case_and_fits_a_local_part() {
        let own = addresses(1);
        for way in Way::ALL {
            let address = own.address(way, delivery());
            assert!(address.split('@').next().unwrap().len() <= 64, "{address}");
            assert_eq!(own.mailbox(&address), Some(Mailbox::Delivery(way, delivery())));
            assert_eq!(own.mailbox(&address.to_uppercase()), Some(Mailbox::Delivery(way, delivery())));
        }
    }

    #[test]
    fn an_address_that_was_made_up_or_changed_is_nobodys() {
        let own = addresses(1);
        let good = own.address(Way::Bounce, delivery());
        let other_way = good.replacen("b-", "r-", 1);
        let other_delivery = good.replacen("0199", "019a", 1);
        let short = good.replacen("@", "", 1).replacen("back", "@back", 1).replace("ff", "f");
        for bad in [
            other_way.as_str(),
            &other_delivery,
            &short,
            &addresses(2).address(Way::Bounce, delivery()),
            &good.replace("back.clinic", "clinic"),
            "b-@back.clinic.example",
            "x@back.clinic.example",
            "@back.clinic.example",
            "b-é@back.clinic.example",
            "postmaster",
            "",
        ] {
            assert_eq!(own.mailbox(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_mailboxes_that_standards_ask_for_are_there() {
        assert_eq!(addresses(1).mailbox("Postmaster@back.clinic.example"), Some(Mailbox::Role(Role::Postmaster)));
        assert_eq!(addresses(1).mailbox("tls-reports@BACK.clinic.example"), Some(Mailbox::Role(Role::TlsReports)));
    }

    #[test]
    fn an_address_is_found_in_the_headers_of_a_mail_that_another_encloses() {
        let own = addresses(1);
        let text = format!("Received: x\nReturn-Path: <{}>\nTo: a@b.example", own.address(Way::Bounce, delivery()));
        assert_eq!(own.find(&text), Some((Way::Bounce, delivery())));
        assert_eq!(own.find("no <b-00@back.clinic.example>"), None);
    }

    #[test]
    fn a_domain_that_is_none_is_refused() {
        for bad in ["", "a b.example", "a..example", "a@b.example", "[127.0.0.1]", ".example"] {
            assert!(ReturnAddresses::new(bad, &Secret::new([1; 32])).is_err(), "{bad}");
        }
    }
}
