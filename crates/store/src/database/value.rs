//! What a statement takes and what a row holds.

use crate::records::StoreError;
use jiff::Timestamp;

/// A value of a statement or of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// NULL.
    Null,
    /// An INTEGER.
    Integer(i64),
    /// A TEXT.
    Text(String),
    /// A BLOB.
    Blob(Vec<u8>),
    /// What Postern never writes: a REAL, or a TEXT that is not UTF-8. No column reads it.
    Unreadable,
}

macro_rules! integers {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Value {
            fn from(number: $kind) -> Self {
                Self::Integer(i64::from(number))
            }
        }
    )*};
}
integers!(i64, i32, u32, u8);

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Blob(bytes)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row as it was read.
#[derive(Debug)]
pub(crate) struct Row(pub(super) Vec<Value>);

impl Row {
    /// The value of a column, by position.
    fn value(&self, index: usize) -> Result<&Value, StoreError> {
        self.0.get(index).ok_or(StoreError::Damaged)
    }
}

/// What a column can be read as. Nothing is converted: a value of another kind is a damaged row.
pub(crate) trait Column: Sized {
    /// The value, if it is of this kind.
    fn of(value: &Value) -> Option<Self>;
}

impl Column for i64 {
    fn of(value: &Value) -> Option<Self> {
        if let Value::Integer(number) = value { Some(*number) } else { None }
    }
}

impl Column for i32 {
    fn of(value: &Value) -> Option<Self> {
        i64::of(value)?.try_into().ok()
    }
}

impl Column for u32 {
    fn of(value: &Value) -> Option<Self> {
        i64::of(value)?.try_into().ok()
    }
}

impl Column for String {
    fn of(value: &Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text.clone()) } else { None }
    }
}

impl Column for Vec<u8> {
    fn of(value: &Value) -> Option<Self> {
        if let Value::Blob(bytes) = value { Some(bytes.clone()) } else { None }
    }
}

impl<T: Column> Column for Option<T> {
    fn of(value: &Value) -> Option<Self> {
        if *value == Value::Null { Some(None) } else { T::of(value).map(Some) }
    }
}

/// A column of a row, by position.
pub(crate) fn column<T: Column>(row: &Row, index: usize) -> Result<T, StoreError> {
    T::of(row.value(index)?).ok_or(StoreError::Damaged)
}

/// A column of bytes, where it lies.
pub(crate) fn blob(row: &Row, index: usize) -> Result<&[u8], StoreError> {
    if let Value::Blob(bytes) = row.value(index)? { Ok(bytes) } else { Err(StoreError::Damaged) }
}

/// A column of text, where it lies.
fn text(row: &Row, index: usize) -> Result<&str, StoreError> {
    if let Value::Text(text) = row.value(index)? { Ok(text) } else { Err(StoreError::Damaged) }
}

/// Whether a column is NULL.
fn is_null(row: &Row, index: usize) -> Result<bool, StoreError> {
    Ok(*row.value(index)? == Value::Null)
}

/// A column as it stands, for a digest.
pub(crate) fn raw(row: &Row, index: usize) -> Result<&Value, StoreError> {
    row.value(index)
}

/// A column of fixed length.
pub(crate) fn array<const N: usize>(row: &Row, index: usize) -> Result<[u8; N], StoreError> {
    blob(row, index)?.try_into().map_err(|_| StoreError::Damaged)
}

/// A column that holds an id.
pub(crate) fn id(row: &Row, index: usize) -> Result<uuid::Uuid, StoreError> {
    array::<16>(row, index).map(uuid::Uuid::from_bytes)
}

/// A column that may hold an id.
pub(crate) fn optional_id(row: &Row, index: usize) -> Result<Option<uuid::Uuid>, StoreError> {
    if is_null(row, index)? { Ok(None) } else { id(row, index).map(Some) }
}

/// A column that holds a word of a vocabulary.
pub(crate) fn word<T: std::str::FromStr>(row: &Row, index: usize) -> Result<T, StoreError> {
    text(row, index)?.parse().map_err(|_| StoreError::Damaged)
}

/// A column that may hold a word of a vocabulary.
pub(crate) fn optional_word<T: std::str::FromStr>(row: &Row, index: usize) -> Result<Option<T>, StoreError> {
    if is_null(row, index)? { Ok(None) } else { word(row, index).map(Some) }
}

/// A column that holds a time.
pub(crate) fn time(row: &Row, index: usize) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(column(row, index)?).map_err(|_| StoreError::Damaged)
}

/// A column that may hold a time.
pub(crate) fn optional_time(row: &Row, index: usize) -> Result<Option<Timestamp>, StoreError> {
    if is_null(row, index)? { Ok(None) } else { time(row, index).map(Some) }
}

/// An id as a value.
pub(crate) fn bytes(id: uuid::Uuid) -> Value {
    Value::Blob(id.as_bytes().to_vec())
}

/// A count as a value.
pub(crate) fn count(n: u64) -> Value {
    Value::Integer(i64::try_from(n).unwrap_or(i64::MAX))
}
