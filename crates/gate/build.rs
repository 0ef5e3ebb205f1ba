//! Turns the reference tables under `tables/` into Rust that `src/reference.rs` includes, so that the gate reads no file and
//! allocates nothing for them. A row that cannot be read fails the build and names its file and line.

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
                    "revocation-words" | "offer-words" => lists(&table),
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

/// The words of each list, in the order of the file.
fn lists(table: &Table) -> String {
    let mut out = String::new();
    let mut lists: Vec<(&str, Vec<&str>)> = Vec::new();
    for row in &table.rows {
        let [list, _, words, ..] = row.cells.as_slice() else { continue };
        match lists.iter_mut().find(|(name, _)| name == list) {
            Some((_, all)) => all.push(words),
            None => lists.push((list, vec![words])),
        }
    }
    for (list, words) in lists {
        let name = list.to_ascii_uppercase();
        let _written =
            writeln!(out, "/// `{list}`: see the table of these words.\npub static {name}: &[&str] = &{words:?};");
    }
    out
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
