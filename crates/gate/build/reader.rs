//! Reads one reference table: comment lines, a line that names the columns, then rows; cells are parted by tabs.
//!
//! Every row ends with where it comes from, when that was read, and how far. What cannot be read is an error that names
//! file and line, and fails the build.

/// What a cell holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Words; `-` = none.
    Text,
    /// Two capital letters; `US` = everywhere else.
    Place,
    /// A number.
    Count,
    /// A number, or `-`.
    MaybeCount,
    /// A day such as `2026-07-01`, or `-`.
    MaybeDate,
    /// `08:00-21:00`.
    Hours,
    /// `yes` or `no`.
    YesNo,
    /// One of these words: a variant of the enum of that name.
    Word(&'static str, &'static [&'static str]),
    /// A constant's value; the cell before it says in which unit.
    Value,
}

/// What a table's file must look like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schema {
    /// The file's name without its ending.
    pub(crate) name: &'static str,
    /// The name of a row's type; empty = it has none (a constant for each row, lists of words).
    pub(crate) item: &'static str,
    /// The columns before `source`, `read_on` and `standing`.
    pub(crate) columns: &'static [(&'static str, Kind)],
    /// How many of the first columns together are met once only.
    pub(crate) key: usize,
}

/// A table, read.
#[derive(Debug)]
pub(crate) struct Table {
    /// What it is, from its first lines.
    pub(crate) about: String,
    /// Its rows.
    pub(crate) rows: Vec<Row>,
}

/// A row, read.
#[derive(Debug)]
pub(crate) struct Row {
    /// The cells as written.
    pub(crate) cells: Vec<String>,
    /// The cells before the last three as Rust writes them.
    pub(crate) rust: Vec<String>,
}

/// How far a source was read.
const STANDINGS: &[&str] = &["read", "second-hand", "from knowledge", "house"];
/// The last columns of every table.
const LAST: [&str; 3] = ["source", "read_on", "standing"];

/// Reads the text of a table's file.
///
/// # Errors
/// Every line that cannot be read, as `name.tsv:LINE: what is expected`.
pub(crate) fn read(schema: &Schema, text: &str) -> Result<Table, Vec<String>> {
    let mut table = Table { about: String::new(), rows: Vec::new() };
    let mut errors = Vec::new();
    let mut keys = Vec::new();
    let mut header = false;
    for (index, line) in text.lines().enumerate() {
        let mut wrong = |what: &str| errors.push(format!("{}.tsv:{}: {what}", schema.name, index + 1));
        if let Some(comment) = line.strip_prefix('#') {
            if header {
                wrong("comments stand before the columns");
            }
            table.about.push_str(if table.about.is_empty() { "" } else { " " });
            table.about.push_str(comment.trim());
            continue;
        }
        let cells: Vec<&str> = line.split('\t').collect();
        if !header {
            header = true;
            let expected: Vec<&str> = schema.columns.iter().map(|(name, _)| *name).chain(LAST).collect();
            if cells != expected {
                wrong(&format!("expected the columns {}", expected.join(" | ")));
            }
            continue;
        }
        match row(schema, &cells) {
            Ok(row) => {
                let key: Vec<String> = row.cells.iter().take(schema.key).cloned().collect();
                if keys.contains(&key) {
                    wrong(&format!("`{}` is there already", key.join(" ")));
                }
                keys.push(key);
                table.rows.push(row);
            }
            Err(what) => wrong(&what),
        }
    }
    if table.about.is_empty() || table.rows.is_empty() {
        errors.push(format!("{}.tsv:1: expected a first line that says what the table is, and rows", schema.name));
    }
    if errors.is_empty() { Ok(table) } else { Err(errors) }
}

fn row(schema: &Schema, cells: &[&str]) -> Result<Row, String> {
    if cells.len() != schema.columns.len() + LAST.len() {
        return Err(format!("{} cells, {} are needed", cells.len(), schema.columns.len() + LAST.len()));
    }
    if let Some(bad) = cells.iter().find(|cell| cell.is_empty() || cell.trim() != **cell) {
        return Err(format!("`{bad}` is an empty cell, or has spaces around it; `-` = none"));
    }
    let mut rust = Vec::new();
    let mut unit = "";
    for (cell, (name, kind)) in cells.iter().zip(schema.columns) {
        rust.push(written(cell, *kind, unit).map_err(|what| format!("`{name}` is `{cell}`; expected {what}"))?);
        unit = cell;
    }
    let [source, read_on, standing] = cells.get(schema.columns.len()..).unwrap_or_default() else {
        return Err("no source".into());
    };
    if *source == "-" {
        return Err("every row has a source; `house` = our own".into());
    }
    if !STANDINGS.contains(standing) {
        return Err(format!("`standing` is `{standing}`; expected one of {}", STANDINGS.join(", ")));
    }
    let unread = *standing == "from knowledge";
    if unread != (*read_on == "-") || !(unread || date(read_on).is_some()) {
        return Err(format!("`read_on` is `{read_on}`; expected a day, and `-` for what is from knowledge"));
    }
    if (*standing == "house") != (*source == "house") {
        return Err("what is `house` has the source `house`, and nothing else has".into());
    }
    Ok(Row { cells: cells.iter().map(|cell| (*cell).to_owned()).collect(), rust })
}

/// A cell as Rust writes it; else what was expected.
fn written(cell: &str, kind: Kind, unit: &str) -> Result<String, String> {
    let number = |what: &str| cell.parse::<u16>().map(|n| n.to_string()).map_err(|_| what.to_owned());
    match kind {
        Kind::Text => Ok(format!("{:?}", if cell == "-" { "" } else { cell })),
        Kind::Place => {
            let good = cell.len() == 2 && cell.bytes().all(|b| b.is_ascii_uppercase());
            good.then(|| format!("{cell:?}")).ok_or_else(|| "a state, two capital letters".into())
        }
        Kind::Count => number("a number"),
        Kind::MaybeCount if cell == "-" => Ok("None".into()),
        Kind::MaybeCount => number("a number or `-`").map(|n| format!("Some({n})")),
        Kind::MaybeDate if cell == "-" => Ok("None".into()),
        Kind::MaybeDate => match date(cell) {
            Some((year, month, day)) => Ok(format!("Some(jiff::civil::date({year}, {month}, {day}))")),
            None => Err("a day such as `2026-07-01`, or `-`".into()),
        },
        Kind::Hours => hours(cell).ok_or_else(|| "hours such as `08:00-21:00`, the first before the second".into()),
        Kind::YesNo => match cell {
            "yes" => Ok("true".into()),
            "no" => Ok("false".into()),
            _ => Err("`yes` or `no`".into()),
        },
        Kind::Word(of, words) if words.contains(&cell) => Ok(format!("{of}::{}", variant(cell))),
        Kind::Word(_, words) => Err(format!("one of {}", words.join(", "))),
        Kind::Value => value(cell, unit).ok_or_else(|| format!("a value in `{unit}`")),
    }
}

/// The type and value of a constant, `i64 = 5`.
fn value(cell: &str, unit: &str) -> Option<String> {
    let number = || cell.parse::<u16>().ok();
    Some(match unit {
        "years" => format!("i16 = {}", number()?),
        "days" | "business days" => format!("i64 = {}", number()?),
        "count" | "days since" => format!("u32 = {}", number()?),
        "chars" | "messages" => format!("usize = {}", number()?),
        "hours" => format!("SignedDuration = SignedDuration::from_hours({})", number()?),
        "minutes" => format!("SignedDuration = SignedDuration::from_mins({})", number()?),
        "seconds" => format!("SignedDuration = SignedDuration::from_secs({})", number()?),
        "clock" => format!("Time = {}", clock(cell)?),
        "date" => {
            let (year, month, day) = date(cell)?;
            format!("Date = jiff::civil::date({year}, {month}, {day})")
        }
        _ => return None,
    })
}

fn hours(cell: &str) -> Option<String> {
    let (from, to) = cell.split_once('-')?;
    (from < to).then_some(())?;
    Some(format!("({}, {})", clock(from)?, clock(to)?))
}

fn clock(cell: &str) -> Option<String> {
    let (hour, minute) = cell.split_once(':')?;
    let whole = cell.len() == 5 && cell.bytes().filter(u8::is_ascii_digit).count() == 4;
    let (hour, minute): (u8, u8) = (hour.parse().ok()?, minute.parse().ok()?);
    (whole && hour < 24 && minute < 60).then(|| format!("jiff::civil::time({hour}, {minute}, 0, 0)"))
}

fn date(cell: &str) -> Option<(i16, i8, i8)> {
    let [year, month, day] = cell.split('-').collect::<Vec<_>>().try_into().ok()?;
    let (year, month, day): (i16, i8, i8) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let good = cell.len() == 10 && (1990..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    good.then_some((year, month, day))
}

/// `second-hand` as `SecondHand`.
pub(crate) fn variant(word: &str) -> String {
    let parts = word.split(['-', '_', ' ']);
    parts
        .map(|part| {
            part.chars().take(1).map(|c| c.to_ascii_uppercase()).chain(part.chars().skip(1)).collect::<String>()
        })
        .collect()
}
