//! How long things last in the portal.

use jiff::SignedDuration;

/// The portal's own settings.
#[derive(Debug, Clone)]
pub struct PortalConfig {
    /// How long a session may stand still (45 CFR 164.312(a)(2)(iii): automatic logoff; NIST SP 800-63B-4 section 2.2.3).
    pub idle: SignedDuration,
    /// How long a session lasts at most, used or not.
    pub longest: SignedDuration,
    /// How long a strong factor counts for what is specially protected.
    pub confirmed: SignedDuration,
    /// How long an invitation is good for.
    pub invitation: SignedDuration,
}

impl Default for PortalConfig {
    fn default() -> Self {
        Self {
            idle: SignedDuration::from_mins(15),
            longest: SignedDuration::from_hours(12),
            confirmed: SignedDuration::from_mins(10),
            invitation: SignedDuration::from_hours(24 * 7),
        }
    }
}
