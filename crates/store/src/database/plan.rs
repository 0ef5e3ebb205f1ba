//! How SQLite finds what a statement asks for, on an empty database of the newest schema: it knows no numbers of rows, as in a practice's
//! database, which nobody analyses.

use super::{Value, column, in_memory};
use crate::schema;

/// A line for every table (https://www.sqlite.org/eqp.html).
pub(crate) async fn plan(sql: &str) -> Vec<String> {
    let mut on = in_memory().unwrap();
    schema::make(&mut on, schema::newest()).await.unwrap();
    let values = vec![Value::Null; sql.matches('?').count()];
    let rows = on.all(&format!("EXPLAIN QUERY PLAN {sql}"), &values).await.unwrap();
    rows.iter().map(|row| column::<String>(row, 3).unwrap()).collect()
}

/// An index that only the tenant narrows is a walk through everything the tenant has.
pub(crate) fn is_narrow(line: &str) -> bool {
    !line.starts_with("SCAN") && (!line.starts_with("SEARCH") || (line.contains("=? AND ") && !line.contains('<')))
}
