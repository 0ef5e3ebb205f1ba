//! Which clocks a person may live by: from state and ZIP code, and from the area code of a number.
//!
//! RULES TCP-07: every plausible zone counts, so a boundary that cannot be told apart gives both sides.

use std::collections::HashMap;
use std::sync::LazyLock;

const AREA_CODES: &str = include_str!("../data/area-codes.tsv");
const STATES: &str = include_str!("../data/states.tsv");
const ZIPS: &str = include_str!("../data/zips.tsv");

const COUNTRIES: &str = include_str!("../data/countries.tsv");

type Zones = Vec<&'static str>;

/// A country as an address may name it, or a part of one that keeps its own clock.
struct Country {
    codes: Vec<&'static str>,
    /// Of a part of a country: its code and name.
    part: Option<(&'static str, &'static str)>,
    /// What its numbers begin with, behind the `+`.
    dialled: Vec<&'static str>,
    zones: Zones,
}

static ABROAD: LazyLock<Vec<Country>> = LazyLock::new(|| {
    let countries = rows(COUNTRIES).filter_map(|row| match row.as_slice() {
        [codes, part, dialled, zones] => Some(Country {
            codes: codes.split('|').collect(),
            part: part.split_once('|'),
            dialled: dialled.split(' ').filter(|code| *code != "-").collect(),
            zones: zones.split(' ').collect(),
        }),
        _ => None,
    });
    countries.collect()
});

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

/// The state that a ZIP code lies in, by its first three digits; `None` = it is none, or one of the armed forces abroad.
#[must_use]
pub fn state_of_zip(zip: &str) -> Option<&'static str> {
    let zip = zip.trim();
    let (five, rest) = zip.split_at_checked(5)?;
    if !five.bytes().all(|b| b.is_ascii_digit()) || !(rest.is_empty() || rest.starts_with('-')) {
        return None;
    }
    let prefix = five.get(..3)?;
    let holds = |ranges: &str| {
        ranges.split(' ').any(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            first <= prefix && prefix <= last
        })
    };
    rows(ZIPS).find_map(|row| match row.as_slice() {
        [state, ranges] if holds(ranges) => Some(*state),
        _ => None,
    })
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

/// The IANA zones of a country, by its code or name, or of the part of it that `part` names. `None` when the country is not known.
#[must_use]
pub fn of_country(country: &str, part: Option<&str>) -> Option<Vec<&'static str>> {
    let same = |one: &str, other: &str| one.trim().eq_ignore_ascii_case(other);
    let of_it = || ABROAD.iter().filter(|row| row.codes.iter().any(|code| same(country, code)));
    let named = |row: &&Country| {
        row.part.is_some_and(|(code, name)| part.is_some_and(|part| same(part, code) || same(part, name)))
    };
    let found = of_it().find(named).or_else(|| of_it().find(|row| row.part.is_none()))?;
    Some(found.zones.clone())
}

/// The IANA zones that an E.164 number may ring in: by its area code in North America, by its country elsewhere. Empty when its code names
/// no place.
#[must_use]
pub fn of_number(e164: &str) -> &'static [&'static str] {
    if let Some(national) = e164.strip_prefix("+1") {
        return national.get(..3).and_then(|code| BY_AREA_CODE.get(code)).map_or(&[], Vec::as_slice);
    }
    let Some(digits) = e164.strip_prefix('+') else { return &[] };
    let begins =
        |row: &Country| row.dialled.iter().filter(|code| digits.starts_with(**code)).map(|code| code.len()).max();
    let longest = ABROAD.iter().filter_map(|row| Some((begins(row)?, row))).max_by_key(|(length, _)| *length);
    longest.map_or(&[], |(_, row)| row.zones.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zone_in_the_tables_exists() {
        let by_state = BY_STATE.values().flat_map(|row| row.rest.iter().chain(row.parts.iter().flat_map(|(_, z)| z)));
        let abroad = ABROAD.iter().flat_map(|row| &row.zones);
        for zone in BY_AREA_CODE.values().flatten().chain(by_state).chain(abroad) {
            assert!(jiff::tz::TimeZone::get(zone).is_ok(), "{zone}");
        }
        assert!(ABROAD.len() > 200);
        assert_eq!(BY_STATE.len(), 56);
        assert!(BY_AREA_CODE.len() > 400);
    }

    #[test]
    fn a_zip_code_tells_its_state_and_what_is_none_tells_nothing() {
        for (zip, state) in [("90001", "CA"), ("10001-0001", "NY"), (" 02134 ", "MA"), ("99950", "AK"), ("73301", "TX")]
        {
            assert_eq!(state_of_zip(zip), Some(state), "{zip}");
        }
        for none in ["", "9000", "90001x", "09012", "0900\u{e9}", "M5V 2T6"] {
            assert_eq!(state_of_zip(none), None, "{none}");
        }
        let known = rows(ZIPS).all(|row| row.len() == 2 && BY_STATE.contains_key(row[0]));
        assert!(known && rows(ZIPS).count() == 54, "every state and territory but two that share a prefix");
        // A part of a state that keeps its own clock lies in that state.
        for (state, row) in BY_STATE.iter() {
            for (prefix, _) in row.parts.iter().filter(|(prefix, _)| prefix.len() == 3) {
                assert_eq!(state_of_zip(&format!("{prefix}01")), Some(*state), "{prefix}");
            }
        }
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
        assert!(of_number("+99912345678").is_empty());
    }

    #[test]
    fn a_number_and_an_address_abroad_have_the_zones_of_their_country() {
        assert_eq!(of_number("+81312345678"), ["Asia/Tokyo"]);
        assert_eq!(of_number("+442071234567"), ["Europe/London"]);
        assert!(of_number("+525512345678").contains(&"America/Mexico_City"));
        assert_eq!(of_country("JP", None), Some(vec!["Asia/Tokyo"]));
        assert_eq!(of_country("japan", Some("Tokyo")), Some(vec!["Asia/Tokyo"]));
        assert_eq!(of_country("CA", Some("ON")), Some(vec!["America/Toronto", "America/Winnipeg"]));
        assert!(of_country("Canada", None).is_some_and(|zones| zones.len() > 4));
        assert_eq!(of_country("Atlantis", None), None);
    }
}
