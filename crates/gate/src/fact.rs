//! A fact that may be missing. Missing is never a default: it is [`Fact::Unknown`] with the reason, and no rule is
//! satisfied by it (invariant 2).

/// Something a rule needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fact<T> {
    /// It is known.
    Known(T),
    /// It could not be had.
    Unknown(Missing),
}

/// Why a fact could not be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Missing {
    /// Nobody recorded it.
    NotRecorded,
    /// The EHR did not answer, or answered with stale data.
    EhrUnreachable,
    /// A record is there and could not be understood.
    Unreadable,
    /// Postern's own store did not answer.
    StoreUnavailable,
    /// The classifier failed.
    ClassifierFailed,
}

impl<T> Fact<T> {
    /// The value, when it is known.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// Whether it is known and `test` holds. Unknown is never satisfied.
    pub fn is_known_and(&self, test: impl FnOnce(&T) -> bool) -> bool {
        self.known().is_some_and(test)
    }

    /// Applies `f` to a known value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Self::Known(value) => Fact::Known(f(value)),
            Self::Unknown(why) => Fact::Unknown(why),
        }
    }

    /// A recorded value, or [`Missing::NotRecorded`].
    pub fn recorded(value: Option<T>) -> Self {
        value.map_or(Self::Unknown(Missing::NotRecorded), Self::Known)
    }
}
