//! How fast carriers let a sender of texts send, as data: `rates.tsv`, each row with where it comes from and when that was read. Counted in
//! segments ([`super::text`]). The engine holds what is queued to it.

use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// What texts come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sender {
    /// A ten-digit number of a registered campaign (10DLC).
    LongCode,
    /// A verified toll-free number.
    TollFree,
    /// A short code.
    ShortCode,
}

/// How far the carriers trust whoever registered a long code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// AT&T classes A and B, T-Mobile's top tier.
    Top,
    /// C and D, high-mid.
    HighMid,
    /// E and F, low-mid: what a verified brand begins with.
    LowMid,
    /// T, low: a brand that was not vetted.
    Low,
    /// One person without a tax number.
    SoleProprietor,
}

/// Whose subscriber a recipient is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// AT&T.
    Att,
    /// T-Mobile, with Sprint and Metro.
    TMobile,
    /// Verizon.
    Verizon,
    /// Another, for which no row counts but those of any carrier.
    Other,
}

/// Over which time a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Each {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// A day.
    Day,
}

/// Who shares a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// One number, or a vendor's service that sends from one.
    Number,
    /// Every number of a campaign.
    Campaign,
    /// Every campaign of a brand.
    Brand,
}

/// One limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// What texts come from.
    pub sender: Sender,
    /// Of which class; `None` = of any.
    pub class: Option<Class>,
    /// To whose subscribers; `None` = anybody's.
    pub carrier: Option<Carrier>,
    /// So many segments,
    pub segments: u32,
    /// in each of these,
    pub each: Each,
    /// together for these.
    pub of: Of,
    /// Where it stands.
    pub source: String,
    /// The day that was read.
    pub read_on: String,
    /// How far: `read`, `second-hand`.
    pub standing: String,
}

static RATES: LazyLock<Vec<Rate>> = LazyLock::new(|| rows(TABLE).filter_map(rate).collect());
const TABLE: &str = include_str!("rates.tsv");

/// Every limit there is, in the order of the table.
#[must_use]
pub fn rates() -> &'static [Rate] {
    &RATES
}

/// The limits of a sender. A long code without a class has those of the lowest one that a practice has: nobody vetted it.
#[must_use]
pub fn limits(sender: Sender, class: Option<Class>) -> Vec<&'static Rate> {
    let class = (sender == Sender::LongCode).then(|| class.unwrap_or(Class::Low));
    rates().iter().filter(|rate| rate.sender == sender && rate.class == class).collect()
}

/// The rows of the table below its head.
fn rows(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.starts_with('#')).skip(1)
}

/// What a row says; `None` = it cannot be read, which a test does not let happen.
fn rate(row: &str) -> Option<Rate> {
    let cells: Vec<&str> = row.split('\t').collect();
    let [sender, class, carrier, segments, each, of, source, read_on, standing] = cells.as_slice() else {
        return None;
    };
    Some(Rate {
        sender: word(sender)?,
        class: if *class == "-" { None } else { Some(word(class)?) },
        carrier: if *carrier == "any" { None } else { Some(word(carrier)?) },
        segments: segments.parse().ok().filter(|segments| *segments > 0)?,
        each: word(each)?,
        of: word(of)?,
        source: (*source).to_owned(),
        read_on: (*read_on).to_owned(),
        standing: (*standing).to_owned(),
    })
}

fn word<T: for<'a> Deserialize<'a>>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::from(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read_and_says_where_it_comes_from_and_when_that_was_read() {
        assert_eq!(rates().len(), rows(TABLE).count());
        for rate in rates() {
            assert!(!rate.source.is_empty() && rate.read_on.parse::<jiff::civil::Date>().is_ok(), "{rate:?}");
            assert!(["read", "second-hand"].contains(&rate.standing.as_str()), "{rate:?}");
            assert_eq!(rate.class.is_some(), rate.sender == Sender::LongCode, "{rate:?}");
        }
        assert!(rate("long_code\tlow\tatt\tmany\tminute\tcampaign\tx\t2026-11-23\tread").is_none());
        assert!(rate("long_code\tlow\tatt\t75\tminute\tcampaign\tx").is_none());
    }

    #[test]
    fn less_trust_never_means_more_segments_and_no_class_means_little_trust() {
        let classes = [Class::Top, Class::HighMid, Class::LowMid, Class::Low, Class::SoleProprietor];
        for carrier in [Carrier::Att, Carrier::TMobile] {
            let of = |class| {
                let found = limits(Sender::LongCode, Some(class)).into_iter().find(|r| r.carrier == Some(carrier));
                found.unwrap().segments
            };
            assert!(classes.map(of).is_sorted_by(|more, less| more > less), "{carrier:?}");
        }
        assert_eq!(limits(Sender::LongCode, None), limits(Sender::LongCode, Some(Class::Low)));
        assert_eq!(limits(Sender::TollFree, Some(Class::Top)), limits(Sender::TollFree, None));
        assert!(!limits(Sender::ShortCode, None).is_empty());
    }
}
