//! What templates are judged and previewed with: a practice with a long name, and the longest value of every slot.

use super::{Shape, Slot, Value};
use postern_gate::facts::{RevocationRegime, Tenant, TenantRole};

/// The length of sender names up to which texts are measured, in characters.
pub(crate) const SENDER: &str = "Riverside Family Health Center";
/// Stands where a message's own token will be.
pub(crate) const TOKEN: &str = "wwwwwwwwwwwwwwww";
/// A postal address, as 15 USC 7704(a)(5)(A)(iii) asks of commercial e-mail.
pub(crate) const POSTAL: &str = "100 North Main St, Suite 1200, Springfield, NY 10001";

/// The practice.
pub(crate) fn tenant() -> Tenant {
    Tenant {
        name: SENDER.to_owned(),
        role: TenantRole::CoveredEntity,
        alias: Some(SENDER.to_owned()),
        reveals_specialty: false,
        callback: Some("+15555550100".to_owned()),
        state: Some("NY".to_owned()),
        zones: vec!["America/New_York".to_owned()],
        link_domains: vec!["portal.sunrise.example".to_owned()],
        revocation_regime: RevocationRegime::R2024,
        accepts_replies: true,
    }
}

/// The longest value of `slot`.
pub(crate) fn longest(slot: &Slot) -> Option<Value> {
    let text = match slot.class.shape() {
        // A Wednesday in September at half past twelve is as long as a date and time get.
        Shape::DateTime => "2026-09-30T12:30".to_owned(),
        Shape::Date => "2026-09-30".to_owned(),
        Shape::Time => "12:30".to_owned(),
        Shape::Line | Shape::Prose => "m".repeat(slot.chars_max),
        Shape::Code => "0123456789".to_owned(),
        Shape::Amount => "1234567.00".to_owned(),
        Shape::Phone => "+1 (555) 555-0100".to_owned(),
        Shape::Link => format!("https://portal.sunrise.example/{}", "w".repeat(slot.chars_max.saturating_sub(31))),
    };
    slot.read(&text).ok()
}
