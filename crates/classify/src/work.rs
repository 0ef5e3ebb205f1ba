//! Steps of work, counted in tests only: that the work grows with a text's length and no faster is asserted on counts, because
//! time depends on the machine.

#[cfg(test)]
thread_local! {
    static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Notes that steps were made.
#[cfg(test)]
pub(crate) fn count(steps: usize) {
    STEPS.with(|all| all.set(all.get() + steps));
}

#[cfg(not(test))]
#[inline]
pub(crate) const fn count(_steps: usize) {}

/// How many steps were made by what is called.
#[cfg(test)]
pub(crate) fn of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = STEPS.with(std::cell::Cell::get);
    let result = work();
    (result, STEPS.with(std::cell::Cell::get) - before)
}
