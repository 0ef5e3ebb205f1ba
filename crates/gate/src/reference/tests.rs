//! The tables as committed, and what their reader refuses.

use super::*;
use reader::{Kind, Schema};
use std::fmt::Write;

#[expect(dead_code, reason = "the build script uses the rest")]
#[path = "../../build/reader.rs"]
mod reader;

const HEAD: &str = "\
Every reference table, row by row, as it was built from crates/gate/tables: what the rules count with and where it comes from.
Written by `cargo xtask matrix`; a test compares. Review its diff as a change of policy.
";

fn shown() -> String {
    let mut out = HEAD.to_owned();
    for table in TABLES {
        let counsel = table.rows.iter().filter(|row| row.basis.standing.needs_counsel()).count();
        writeln!(out, "\n{} ({} rows, {counsel} need counsel)", table.name, table.rows.len()).unwrap();
        writeln!(out, "  {}", table.about).unwrap();
        writeln!(out, "  {} | source | read on | how far", table.columns.join(" | ")).unwrap();
        for Row { cells, basis } in table.rows {
            let counsel = if basis.standing.needs_counsel() { ": needs counsel" } else { "" };
            let standing = basis.standing.as_str();
            let cells = cells.join(" | ");
            writeln!(out, "  {cells} | {} | {} | {standing}{counsel}", basis.source, basis.read_on).unwrap();
        }
    }
    out
}

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tables.out");

#[test]
fn the_holidays_of_a_year_are_where_the_statute_puts_them() {
    let year = |year: i16| {
        let days = jiff::civil::date(year, 1, 1).series(jiff::ToSpan::day(1)).take_while(|day| day.year() == year);
        days.filter(|day| is_holiday(*day)).map(|day| day.strftime("%m-%d").to_string()).collect::<Vec<_>>()
    };
    // The Fourth of July of 2026 is a Saturday; Juneteenth of 2027 too, and the New Year of 2028, kept on the last day of 2027.
    let of_2026 =
        ["01-01", "01-19", "02-16", "05-25", "06-19", "07-03", "07-04", "09-07", "10-12", "11-11", "11-26", "12-25"];
    assert_eq!(year(2026), of_2026);
    assert!(year(2027).contains(&"06-18".to_owned()) && year(2027).contains(&"12-31".to_owned()), "{:?}", year(2027));
}

#[test]
fn an_area_code_stands_in_one_row_and_tells_its_state() {
    assert_eq!(["+14015550100", "+12125550100", "+15025550100"].map(state_of_number), [Some("RI"), None, Some("KY")]);
    assert_eq!([state_of_number("+44 20 5550 100"), state_of_number("pat@example.org")], [None, None]);
    let mut all: Vec<&str> = AREA_CODES.iter().flat_map(|row| row.codes.split(' ')).collect();
    let many = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), many);
    assert!(all.iter().all(|code| code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit())));
}

#[test]
fn the_committed_tables_are_the_ones_that_are_built_in() {
    let committed = std::fs::read_to_string(PATH).unwrap();
    for (line, (is, was)) in shown().lines().zip(committed.lines()).enumerate() {
        assert_eq!(is, was, "line {} of tables.out; run `cargo xtask matrix` and review the diff", line + 1);
    }
    assert_eq!(shown().lines().count(), committed.lines().count());
}

#[test]
#[ignore = "writes the committed tables anew: `cargo xtask matrix`"]
fn regenerate_tables() {
    std::fs::write(PATH, shown()).unwrap();
}

const HOLDS: Schema = Schema {
    name: "holds",
    item: "Hold",
    columns: &[("state", Kind::Place), ("hours", Kind::Hours), ("until", Kind::Word("Until", &["days", "a_word"]))],
    key: 1,
};
const TOP: &str = "# What.\nstate\thours\tuntil\tsource\tread_on\tstanding\n";

fn errors(row: &str) -> Vec<String> {
    reader::read(&HOLDS, &format!("{TOP}{row}\n")).err().unwrap_or_default()
}

#[test]
fn a_good_row_is_read_as_rust_writes_it() {
    let text = format!("{TOP}TX\t08:00-20:30\ta_word\tTex. Code\t2026-11-21\tread\n");
    let table = reader::read(&HOLDS, &text).unwrap();
    let hours = "(jiff::civil::time(8, 0, 0, 0), jiff::civil::time(20, 30, 0, 0))";
    assert_eq!(table.rows[0].rust, ["\"TX\"", hours, "Until::AWord"]);
    assert_eq!((table.about.as_str(), table.rows[0].cells.len()), ("What.", 6));
}

#[test]
fn a_bad_row_fails_with_its_file_and_line() {
    let bad = [
        "TX\t08:00-20:00\tdays\tTex. Code\t2026-11-21",
        "Tx\t08:00-20:00\tdays\tTex. Code\t2026-11-21\tread",
        "TX\t20:00-08:00\tdays\tTex. Code\t2026-11-21\tread",
        "TX\t08:00-24:00\tdays\tTex. Code\t2026-11-21\tread",
        "TX\t08:00-20:00\tweeks\tTex. Code\t2026-11-21\tread",
        "TX\t08:00-20:00\tdays\t-\t2026-11-21\tread",
        "TX\t08:00-20:00\tdays\tTex. Code\t2026-11-21\tbelieved",
        "TX\t08:00-20:00\tdays\tTex. Code\t2026-13-21\tread",
        "TX\t08:00-20:00\tdays\tTex. Code\t-\tread",
        "TX\t08:00-20:00\tdays\tTex. Code\t2026-11-21\tfrom knowledge",
        "TX\t08:00-20:00\tdays\tTex. Code\t2026-11-21\thouse",
        "TX\t 08:00-20:00\tdays\tTex. Code\t2026-11-21\tread",
        "TX\t\tdays\tTex. Code\t2026-11-21\tread",
    ];
    for row in bad {
        let found = errors(row);
        assert!(found.iter().any(|error| error.starts_with("holds.tsv:3: ")), "{row}: {found:?}");
    }
}

#[test]
fn a_row_that_is_there_twice_and_columns_of_other_names_fail_too() {
    let row = "TX\t08:00-20:00\tdays\tTex. Code\t2026-11-21\tread";
    assert!(errors(row).is_empty());
    assert_eq!(errors(&format!("{row}\n{row}")), ["holds.tsv:4: `TX` is there already"]);
    let text = format!("# What.\nstate\thours\tsource\tread_on\tstanding\n{row}\n");
    assert!(reader::read(&HOLDS, &text).unwrap_err()[0].starts_with("holds.tsv:2: expected the columns state"));
}

/// A patient with homes in these states, and perhaps in one that cannot be told.
fn living_in(states: &[&str], unknown_state: bool) -> crate::facts::Patient {
    let mut case = crate::sample::Case::result();
    let patient = case.patient();
    patient.states = states.iter().map(|state| (*state).to_owned()).collect();
    patient.unknown_state = unknown_state;
    patient.clone()
}

#[test]
fn ages_come_from_the_states_own_row_or_the_house() {
    let ages = |states: &[&str], unknown| majority_ages(&living_in(states, unknown));
    assert_eq!([ages(&["AL"], false), ages(&["NY"], false), ages(&[], false)], [(19, 19), (18, 18), (18, 18)]);
    assert_eq!(
        [ages(&["AL", "GA"], false), ages(&["AL"], true)],
        [(18, 19), (18, 19)],
        "of several homes both ages count"
    );
    let from = |state: &str, care| protected_from(|other| other == state, care);
    assert_eq!(from("TX", MinorCare::Sti), 0);
    // A row never raises the age from which the house protects.
    assert!(MINOR_CONSENT.iter().all(|row| from(row.state, row.care) <= PROTECTED_MINOR_FROM));
    assert_eq!(protected_from(|_| false, MinorCare::MentalHealth), PROTECTED_MINOR_FROM);
    assert_eq!(protected_from(|_| true, MinorCare::Sti), 0, "the youngest age of all that bear");
}

#[test]
fn nothing_automated_goes_to_an_emergency_number() {
    for number in ["911", "+1911", "988", "+18002221222", "8002221222"] {
        assert!(is_emergency_number(number), "{number}");
    }
    assert!(!is_emergency_number("+12125550101"));
}

#[test]
fn house_hours_lie_inside_the_federal_ones() {
    assert!(SOLICIT_FROM <= WINDOW_FROM && WINDOW_TO <= SOLICIT_TO);
    assert!(OFFERS_SUNDAY_FROM >= WINDOW_FROM && OFFERS_SUNDAY_TO <= WINDOW_TO);
}

#[test]
fn a_notice_of_a_breach_is_asked_for_as_many_elements_as_the_table_has() {
    use crate::request::NoticeElement::{Contact, Information, Response, Steps, WhatHappened};
    let rows =
        TABLES.iter().find(|table| table.name == "breach-notice-elements").map(|table| table.rows).unwrap_or_default();
    let words = crate::request::NoticeElement::ALL.map(|element| match element {
        WhatHappened => "what_happened",
        Information => "types",
        Steps => "steps",
        Response => "response",
        Contact => "contact",
    });
    assert_eq!(rows.iter().filter_map(|row| row.cells.first().copied()).collect::<Vec<_>>(), words);
}
