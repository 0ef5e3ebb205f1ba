//! Several values in one sealed column: each as a presence byte, a length of four bytes, and its bytes.

use crate::records::StoreError;

/// Puts values one after the other.
#[derive(Debug, Default)]
pub(crate) struct Framer(Vec<u8>);

impl Framer {
    /// Appends a value.
    pub(crate) fn put(&mut self, value: &[u8]) -> &mut Self {
        self.0.push(1);
        self.0.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.0.extend_from_slice(value);
        self
    }

    /// Appends a value that may be absent.
    pub(crate) fn put_optional(&mut self, value: Option<&[u8]>) -> &mut Self {
        match value {
            Some(value) => self.put(value),
            None => {
                self.0.push(0);
                self
            }
        }
    }

    /// The bytes.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Takes values back in the same order.
#[derive(Debug)]
pub(crate) struct Frames<'b>(pub(crate) &'b [u8]);

impl<'b> Frames<'b> {
    /// Nothing is left.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next value, which may be absent.
    pub(crate) fn optional(&mut self) -> Result<Option<&'b [u8]>, StoreError> {
        let (present, rest) = self.0.split_first().ok_or(StoreError::Damaged)?;
        if *present == 0 {
            self.0 = rest;
            return Ok(None);
        }
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(StoreError::Damaged)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| StoreError::Damaged)?;
        let (value, rest) = rest.split_at_checked(length).ok_or(StoreError::Damaged)?;
        self.0 = rest;
        Ok(Some(value))
    }

    /// The next value.
    pub(crate) fn take(&mut self) -> Result<&'b [u8], StoreError> {
        self.optional()?.ok_or(StoreError::Damaged)
    }

    /// The next value as text.
    pub(crate) fn text(&mut self) -> Result<&'b str, StoreError> {
        std::str::from_utf8(self.take()?).map_err(|_| StoreError::Damaged)
    }

    /// The next value as text, which may be absent.
    pub(crate) fn optional_text(&mut self) -> Result<Option<&'b str>, StoreError> {
        self.optional()?.map(|value| std::str::from_utf8(value).map_err(|_| StoreError::Damaged)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_in_order_and_rubbish_is_an_error() {
        let mut framer = Framer::default();
        framer.put(b"one").put_optional(None).put(b"");
        let bytes = framer.finish();
        let mut frames = Frames(&bytes);
        assert_eq!(frames.text().unwrap(), "one");
        assert_eq!(frames.optional_text().unwrap(), None);
        assert_eq!(frames.take().unwrap(), b"");
        assert!(frames.is_empty());
        assert!(frames.take().is_err());
        assert!(Frames(&[1, 0, 0, 0, 9, 1]).take().is_err());
    }
}
