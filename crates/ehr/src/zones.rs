//! Which clocks a person may live by: from state and ZIP code, and from the area code of a number.
//!
//! RULES TCP-07: every plausible zone counts, so a boundary that cannot be told apart gives both sides.

use std::collections::HashMap;
use std::sync::LazyLock;

const AREA_CODES: &str = include_str!("../data/area-codes.tsv");
const STATES: &str = include_str!("../data/states.tsv");

type Zones = Vec<&'static str>;

/// A state's name and zones, and the parts of it that keep another clock.
struct State {
    name: &'static str,
    rest: Zones,
    parts: Vec<(&'static str, Zones)>,
}

static BY_AREA_CODE: LazyLock<HashMap<&'static str, Zones>> = LazyLock::new(|| {
    let mut found = HashMap::new();
    for row in rows(AREA_CODES) {
        if let [zones, codes] = row.as_slice() {
            for code in codes.split(' ') {
                found.insert(code, zones.split(' ').collect());
            }
        }
    }
    found
});

static BY_STATE: LazyLock<HashMap<&'static str, State>> = LazyLock::new(|| {
    let mut found: HashMap<&'static str, State> = HashMap::new();
    for row in rows(STATES) {
        let [code, second, zones] = row.as_slice() else { continue };
        let zones: Zones = zones.split(' ').collect();
        if second.starts_with(|c: char| c.is_ascii_digit()) {
            if let Some(state) = found.get_mut(code) {
                state.parts.extend(second.split(' ').map(|prefix| (prefix, zones.clone())));
            }
        } else {
            found.insert(code, State { name: second, rest: zones, parts: Vec::new() });
        }
    }
    found
});

fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

/// The two-letter code of a state, given by code or name.
#[must_use]
pub fn state_code(state: &str) -> Option<&'static str> {
    let state = state.trim();
    let mut all = BY_STATE.iter();
    all.find(|(code, row)| code.eq_ignore_ascii_case(state) || row.name.eq_ignore_ascii_case(state))
        .map(|(code, _)| *code)
}

/// The IANA zones of a state, or of the part of it that a ZIP code names. Empty when the state is not known.
#[must_use]
pub fn of_state(state: &str, zip: Option<&str>) -> Vec<&'static str> {
    let Some(row) = state_code(state).and_then(|code| BY_STATE.get(code)) else { return Vec::new() };
    let prefix = zip.map(str::trim).filter(|zip| zip.bytes().take(5).filter(u8::is_ascii_digit).count() == 5);
    let mut zones = match prefix.and_then(|zip| zip.get(..3)) {
        Some(prefix) => row.parts.iter().find(|(p, _)| *p == prefix).map_or(&row.rest, |(_, zones)| zones).clone(),
        None => row.rest.iter().chain(row.parts.iter().flat_map(|(_, zones)| zones)).copied().collect(),
    };
    zones.sort_unstable();
    zones.dedup();
    zones
}

/// The IANA zones that the area code of an E.164 number serves. Empty when the number is not North American or its code
/// names no place.
#[must_use]
pub fn of_number(e164: &str) -> &'static [&'static str] {
    let code = e164.strip_prefix("+1").and_then(|national| national.get(..3));
    code.and_then(|code| BY_AREA_CODE.get(code)).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zone_in_the_tables_exists() {
        let by_state = BY_STATE.values().flat_map(|row| row.rest.iter().chain(row.parts.iter().flat_map(|(_, z)| z)));
        for zone in BY_AREA_CODE.values().flatten().chain(by_state) {
            assert!(jiff::tz::TimeZone::get(zone).is_ok(), "{zone}");
        }
        assert_eq!(BY_STATE.len(), 56);
        assert!(BY_AREA_CODE.len() > 400);
    }

    #[test]
    fn a_split_state_has_all_its_zones_until_a_zip_code_tells() {
        assert_eq!(of_state("TN", None), ["America/Chicago", "America/New_York"]);
        assert_eq!(of_state("Tennessee", Some("37901-1234")), ["America/New_York"]);
        assert_eq!(of_state("TN", Some("37201")), ["America/Chicago"]);
        assert_eq!(of_state("TX", Some("79901")), ["America/Chicago", "America/Denver"]);
        assert_eq!(of_state("NY", None), ["America/New_York"]);
        assert!(of_state("Ontario", None).is_empty());
    }

    #[test]
    fn area_codes_name_places_and_toll_free_codes_name_none() {
        assert_eq!(of_number("+12125550101"), ["America/New_York"]);
        assert_eq!(of_number("+18085550101"), ["Pacific/Honolulu"]);
        assert_eq!(of_number("+18505550101"), ["America/Chicago", "America/New_York"]);
        assert!(of_number("+18005550101").is_empty());
        assert!(of_number("+525512345678").is_empty());
    }
}
