//! Wrappers for values that must not be seen by accident.
//!
//! Neither type has `Display` or `Serialize`; `Debug` prints a constant, so that not even the length leaks into a log
//! line. [`Phi::reveal`] and [`Secret::reveal`] are the only ways in, which makes every use easy to find in review.

use std::fmt;
use std::hash::{Hash, Hasher};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Protected health information: anything that ties a person to care, or says how to reach them
/// (45 CFR 160.103 "protected health information"; RULES 7.3 lists the identifiers).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Phi<T>(T);

impl<T> Phi<T> {
    /// Marks `value` as PHI.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Call it where the value is used, never to build a log line, an error or a metric.
    pub const fn reveal(&self) -> &T {
        &self.0
    }

    /// Takes the value out, for code that seals it or hands it to a provider.
    pub fn into_inner(self) -> T {
        self.0
    }

    /// Applies `f` inside the wrapper.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Phi<U> {
        Phi(f(self.0))
    }
}

impl<T> fmt::Debug for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phi")
    }
}

impl<T: Hash> Hash for Phi<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T> From<T> for Phi<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

/// A key, password or token. Wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Marks `value` as secret.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the one call that needs it.
    pub const fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> ZeroizeOnDrop for Secret<T> {}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_phi_is_a_constant_whatever_it_holds() {
        assert_eq!(format!("{:?}", Phi::new("+12125550101")), "Phi");
        assert_eq!(format!("{:?}", Phi::new(vec![1, 2, 3])), "Phi");
    }

    #[test]
    fn debug_of_a_secret_is_a_constant() {
        assert_eq!(format!("{:?}", Secret::new(String::from("hunter2"))), "Secret");
    }
}
