//! The templates that come with Postern, a file each.

use super::Template;
use std::sync::LazyLock;

/// A built-in template and the file it comes from.
#[derive(Debug)]
pub struct BuiltIn {
    /// The template.
    pub template: Template,
    /// The file.
    pub source: &'static str,
}

/// Version and file of each. A version is raised whenever a text or slot changes: messages name the version they were made from.
const FILES: &[(u32, &str)] = &[
    (3, include_str!("builtin/appointment_reminder.toml")),
    (2, include_str!("builtin/recall.toml")),
    (3, include_str!("builtin/test_result.toml")),
    (2, include_str!("builtin/medication.toml")),
    (2, include_str!("builtin/follow_up.toml")),
    (3, include_str!("builtin/billing_statement.toml")),
    (2, include_str!("builtin/treatment_update.toml")),
    (2, include_str!("builtin/emergency.toml")),
    (2, include_str!("builtin/survey.toml")),
    (2, include_str!("builtin/marketing.toml")),
    (2, include_str!("builtin/one_time_code.toml")),
    (1, include_str!("builtin/address_code.toml")),
    (1, include_str!("builtin/address_check.toml")),
    (1, include_str!("builtin/email_risk.toml")),
    (1, include_str!("builtin/sign_in_changed.toml")),
    (1, include_str!("builtin/places_changed.toml")),
    (3, include_str!("builtin/opt_out_confirmation.toml")),
    (3, include_str!("builtin/opt_in_confirmation.toml")),
    (2, include_str!("builtin/consent_confirmation.toml")),
    (3, include_str!("builtin/help.toml")),
    (2, include_str!("builtin/breach_notice.toml")),
    (3, include_str!("builtin/notice.toml")),
];

/// Every built-in template. A file that does not read is left out; a test counts them.
pub static ALL: LazyLock<Vec<BuiltIn>> = LazyLock::new(|| {
    let read = |(version, source): &(u32, &'static str)| {
        Template::parse(source, *version).ok().map(|template| BuiltIn { template, source })
    };
    FILES.iter().filter_map(read).collect()
});

/// How many files there are.
#[cfg(test)]
pub(crate) const COUNT: usize = FILES.len();

/// What keeps a file from being read.
#[cfg(test)]
pub(crate) fn defects() -> Vec<String> {
    FILES
        .iter()
        .filter_map(|(version, source)| Template::parse(source, *version).err())
        .map(|e| e.to_string())
        .collect()
}
