use super::sayings::Sayings;
use super::{TABLE, speaks_of_danger};

const CORPUS: &str = include_str!("../../corpus/danger.tsv");

struct Row {
    id: &'static str,
    kept: bool,
    danger: bool,
    text: &'static str,
}

fn corpus() -> Vec<Row> {
    let lines = CORPUS.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let [id, set, expected, _, text] = columns[..] else { panic!("{line}") };
            Row { id, kept: set == "kept", danger: expected == "danger", text }
        })
        .collect()
}

/// Ids of a set that are not read as expected.
fn misread(kept: bool, danger: bool) -> Vec<&'static str> {
    let rows = corpus().into_iter().filter(|row| row.kept == kept && row.danger == danger);
    rows.filter(|row| speaks_of_danger(row.text) != row.danger).map(|row| row.id).collect()
}

#[test]
fn every_wording_that_the_table_was_made_with_is_read_as_it_should_be() {
    assert_eq!(misread(false, true), [""; 0], "danger that is not heard");
    assert_eq!(misread(false, false), [""; 0], "no danger that is heard as one");
    assert!(corpus().len() >= 150 && corpus().iter().filter(|row| row.kept).count() >= 50);
}

#[test]
fn of_the_wordings_that_were_kept_out_of_its_making_none_of_danger_is_missed() {
    assert_eq!(misread(true, true), [""; 0], "danger that is not heard");
    assert_eq!(misread(true, false), [""; 0], "no danger that is heard as one");
}

#[test]
fn danger_is_heard_in_both_languages_however_it_is_written() {
    for text in [
        "I don't want to live anymore.",
        "i dont  want to live",
        "I'm thinking of SUICIDE",
        "Sometimes I think about killing myself…",
        "I have chest pain since this morning",
        "I can’t breathe",
        "Ya no quiero vivir",
        "Quiero hacerme daño",
        "Quiero hacerme dan\u{303}o",
        "Me duele mucho: dolor en el pecho",
        "My husband says he is going to kill me",
        "I want to kіll myself",
        "kill\u{200b} myself",
        "I am going to end it",
        "No, chest pain started an hour ago",
    ] {
        assert!(speaks_of_danger(text), "{text}");
    }
}

#[test]
fn danger_is_heard_wherever_it_stands_in_a_long_text() {
    let long = "My appointment was moved again and nobody called me. ".repeat(1_000);
    assert!(!speaks_of_danger(&long));
    assert!(speaks_of_danger(&format!("{long} I want to die. {long}")));
}

#[test]
fn every_row_of_the_table_says_what_it_is_and_where_it_comes_from() {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    for line in lines.skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        assert_eq!(columns.len(), 6, "{line}");
        assert!(["group", "clean", "danger"].contains(&columns[0]), "{line}");
        assert!(columns.iter().all(|column| !column.is_empty()), "{line}");
        let names = columns[2].split(['<', '>']).skip(1).step_by(2);
        for name in names {
            assert!(TABLE.contains(&format!("\ngroup\t{name}\t")), "{name} is no group");
        }
    }
}

#[test]
fn a_row_added_is_heard_and_a_row_taken_away_is_not() {
    let table = "kind\twords\ndanger\tx\tgreen apples~\th\td\th\nclean\tx\tgreen apples pie\th\td\th\n";
    let sayings = Sayings::read(table);
    let hears = |text: &str| super::readings::readings(text, &sayings).iter().any(|words| sayings.are_in(words));
    assert!(hears("GREEN aples") && hears("greenapples") && !hears("green apples pie") && !hears("I want to die"));
}
