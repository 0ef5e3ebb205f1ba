//! The root key file: 64 hexadecimal digits, readable by its owner alone.

use crate::records::{OpenError, RootKey};
use postern_base::{Rng, Secret};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use zeroize::Zeroizing;

impl RootKey {
    /// Reads the root key from `path`, or makes one and writes it there, with permissions 0600, when there is no file.
    ///
    /// # Errors
    /// [`OpenError::WrongRootKey`]: the file is not a root key. [`OpenError::Io`]: it cannot be read or written, or there is no
    /// randomness.
    pub fn load_or_create(path: &Path, rng: &dyn Rng) -> Result<Self, OpenError> {
        match Self::load(path) {
            Err(OpenError::Io(error)) if error.kind() == ErrorKind::NotFound => Self::create(path, rng),
            other => other,
        }
    }

    /// Reads the root key from `path`.
    ///
    /// # Errors
    /// As [`RootKey::load_or_create`]; no file is [`OpenError::Io`] with `NotFound`.
    pub fn load(path: &Path) -> Result<Self, OpenError> {
        let mut text = Zeroizing::new(String::new());
        let file = OpenOptions::new().read(true).open(path).map_err(OpenError::Io)?;
        file.take(1024).read_to_string(&mut text).map_err(OpenError::Io)?;
        parse(text.trim()).map(|key| Self(Secret::new(key))).ok_or(OpenError::WrongRootKey)
    }

    fn create(path: &Path, rng: &dyn Rng) -> Result<Self, OpenError> {
        let mut key = Zeroizing::new([0u8; 32]);
        rng.fill(key.as_mut_slice()).map_err(|_| OpenError::Io(ErrorKind::Other.into()))?;
        let mut text = Zeroizing::new(String::with_capacity(65));
        for byte in key.iter() {
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
        text.push('\n');
        if let Some(parent) = path.parent() {
            crate::open::private_directory(parent).map_err(OpenError::Io)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(OpenError::Io)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(OpenError::Io)?;
        Ok(Self(Secret::new(*key)))
    }
}

fn parse(text: &str) -> Option<[u8; 32]> {
    let mut digits = text.bytes().map(|byte| char::from(byte).to_digit(16));
    let mut key = [0u8; 32];
    for byte in &mut key {
        let (high, low) = (digits.next()??, digits.next()??);
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    digits.next().is_none().then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_64_hexadecimal_digits_are_a_root_key() {
        assert_eq!(parse(&"0f".repeat(32)), Some([15; 32]));
        for bad in ["", "0f", &"0f".repeat(33), &"0g".repeat(32)] {
            assert_eq!(parse(bad), None);
        }
    }
}
