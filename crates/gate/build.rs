//! Turns the reference tables under `tables/` into Rust that `src/reference.rs` includes, so that the gate reads no file and
//! allocates nothing for them. A row that cannot be read fails the build and names its file and line.

#[path = "src/revocation/normal.rs"]
#[expect(
    dead_code,
    reason = "the words of the tables are read as messages are; what is done with messages besides is the gate's"
)]
mod normal;
#[path = "build/reader.rs"]
mod reader;
#[path = "build/schema.rs"]
mod schema;

use reader::{Schema, Table};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    match generate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(errors) => {
            for error in errors {
                // Where standard error is closed there is nobody to tell; the build fails all the same.
                let _told = writeln!(io::stderr(), "crates/gate/tables/{error}");
            }
            ExitCode::FAILURE
        }
    }
}

fn generate() -> Result<(), Vec<String>> {
    let failed = |name: &str, error: io::Error| vec![format!("{name}: {error}")];
    let told = writeln!(io::stdout(), "cargo::rerun-if-changed=tables\ncargo::rerun-if-changed=build");
    told.map_err(|error| failed("", error))?;
    let mut out = String::new();
    let mut all = String::from("/// Every reference table.\npub static TABLES: &[Table] = &[\n");
    let mut errors = Vec::new();
    for schema in schema::ALL {
        let file = format!("{}.tsv", schema.name);
        let text = std::fs::read_to_string(Path::new("tables").join(&file)).map_err(|error| failed(&file, error))?;
        match reader::read(schema, &text) {
            Ok(table) => {
                let typed = match schema.name {
                    "constants" => constants(&table),
                    "revocation-words" => lists(&table, as_heard) + &tongues(&table),
                    "language-words" => languages(&table),
                    "offer-words" | "actor-words" => lists(&table, |words| words.to_owned()),
                    _ => rows(schema, &table),
                };
                out.push_str(&typed);
                all.push_str(&generic(schema, &table));
            }
            Err(found) => errors.extend(found),
        }
    }
    all.push_str("];\n");
    out.push_str(&all);
    if !errors.is_empty() {
        return Err(errors);
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "a build script is told by Cargo where to write, through the environment"
    )]
    let directory = std::env::var_os("OUT_DIR");
    let Some(directory) = directory else { return Err(vec!["OUT_DIR is not set".into()]) };
    std::fs::write(Path::new(&directory).join("reference.rs"), out).map_err(|error| failed("reference.rs", error))
}

/// Each row of the constants as a constant of its own.
fn constants(table: &Table) -> String {
    let mut out = String::new();
    for row in &table.rows {
        if let ([key, _, value, _], [_, _, _, means, source, ..]) = (row.rust.as_slice(), row.cells.as_slice()) {
            let name = key.trim_matches('"').to_ascii_uppercase();
            // A string cannot fail to be written to.
            let _written = writeln!(out, "/// {means} ({source}).\npub const {name}: {value};");
        }
    }
    out
}

/// The words of each list as `read` makes them, sorted.
fn lists(table: &Table, read: fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut lists: Vec<(&str, Vec<String>)> = Vec::new();
    for row in &table.rows {
        let [list, _, words, ..] = row.cells.as_slice() else { continue };
        if list.starts_with(OF_TONGUES) {
            continue;
        }
        match lists.iter_mut().find(|(name, _)| name == list) {
            Some((_, all)) => all.push(read(words)),
            None => lists.push((list, vec![read(words)])),
        }
    }
    for (list, mut words) in lists {
        words.sort_unstable();
        words.dedup();
        let name = list.to_ascii_uppercase();
        let _written =
            writeln!(out, "/// `{list}`: see the table of these words.\npub static {name}: &[&str] = &{words:?};");
    }
    out
}

/// How the lists begin that are kept apart by language.
const OF_TONGUES: &str = "tongue_";

/// The words of each language whose sentences are not read, by list.
fn tongues(table: &Table) -> String {
    let mut out =
        String::from("/// Each language of which a few words are known.\npub static TONGUES: &[Tongue] = &[\n");
    let mut known: Vec<&str> = Vec::new();
    for row in &table.rows {
        let [list, language, ..] = row.cells.as_slice() else { continue };
        if list.starts_with(OF_TONGUES) && !known.contains(&language.as_str()) {
            known.push(language);
        }
    }
    for language in known {
        let words = |wanted: &str| -> Vec<String> {
            let rows = table.rows.iter().map(|row| row.cells.as_slice());
            let of = |cells: &[String]| match cells {
                [list, of, words, ..] if list == wanted && of == language => Some(sought(words)),
                _ => None,
            };
            rows.filter_map(of).collect()
        };
        let fields = ["alone", "stops", "refuses", "sent", "courtesies", "assents"];
        let fields = fields.map(|field| format!("{field}: &{:?}", words(&format!("{OF_TONGUES}{field}"))));
        let _written = writeln!(out, "Tongue {{ {} }},", fields.join(", "));
    }
    out + "];\n"
}

/// Every word by which languages are known, sorted, with a bit for each language that has it.
fn languages(table: &Table) -> String {
    let mut known = std::collections::BTreeMap::<String, u64>::new();
    let mut read_languages = 0_u64;
    for (place, row) in table.rows.iter().enumerate() {
        let [_, _, read, words, ..] = row.cells.as_slice() else { continue };
        let bit = 1_u64 << place;
        read_languages |= if read == "yes" { bit } else { 0 };
        for word in words.split(' ').map(as_heard) {
            *known.entry(word).or_default() |= bit;
        }
    }
    let words: Vec<(String, u64)> = known.into_iter().collect();
    format!(
        "/// The languages that are read, a bit for each.\npub const READ_LANGUAGES: u64 = {read_languages};\n\
         /// The words by which languages are known, each with the bits of those that have it.\n\
         pub static WORDS_OF_LANGUAGES: &[(&str, u64)] = &{words:?};\n"
    )
}

/// Words as the reading of a message makes them.
fn as_heard(words: &str) -> String {
    normal::Normal::new(words).text
}

/// The same, with the signs that say where in a word they are looked for.
fn sought(words: &str) -> String {
    let anywhere = if words.starts_with('*') { "*" } else { "" };
    let begins = if words.ends_with('*') { "*" } else { "" };
    format!("{anywhere}{}{begins}", as_heard(words))
}

/// The rows as values of their type.
fn rows(schema: &Schema, table: &Table) -> String {
    let name = schema.name.replace('-', "_").to_ascii_uppercase();
    let mut out = format!("/// {}\npub static {name}: &[{}] = &[\n", table.about, schema.item);
    for row in &table.rows {
        let fields = schema.columns.iter().zip(&row.rust).map(|((name, _), value)| format!("{name}: {value}"));
        let _written = writeln!(
            out,
            "{} {{ {}, basis: {} }},",
            schema.item,
            fields.collect::<Vec<_>>().join(", "),
            basis(&row.cells)
        );
    }
    out.push_str("];\n");
    out
}

/// The table as text, for people.
fn generic(schema: &Schema, table: &Table) -> String {
    let columns: Vec<&str> = schema.columns.iter().map(|(name, _)| *name).collect();
    let mut out =
        format!("Table {{ name: {:?}, about: {:?}, columns: &{columns:?}, rows: &[\n", schema.name, table.about);
    for row in &table.rows {
        let cells: Vec<&String> = row.cells.iter().take(columns.len()).collect();
        let _written = writeln!(out, "Row {{ cells: &{cells:?}, basis: {} }},", basis(&row.cells));
    }
    out.push_str("] },\n");
    out
}

fn basis(cells: &[String]) -> String {
    let [.., source, read_on, standing] = cells else { return String::new() };
    let standing = reader::variant(standing);
    format!("Basis {{ source: {source:?}, read_on: {read_on:?}, standing: Standing::{standing} }}")
}
