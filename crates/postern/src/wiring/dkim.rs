//! What the `[[dkim]]` sections of the configuration name: keys that sign mail for the domain it comes from.

use crate::config::Dkim as Section;
use crate::exit::Failure;
use postern_base::Secret;
use postern_channels::email::{Dkim, DkimError};
use std::fs;
use std::sync::Arc;

/// The signers for mail from `address`: one a key of its domain.
///
/// # Errors
/// [`Failure`], naming the file or the key of the configuration.
pub(crate) fn of(sections: &[Section], address: &str) -> Result<Vec<Arc<Dkim>>, Failure> {
    let signers = sections.iter().map(signer).collect::<Result<Vec<_>, _>>()?;
    Ok(signers.into_iter().filter(|dkim| dkim.is_for(address)).map(Arc::new).collect())
}

fn signer(section: &Section) -> Result<Dkim, Failure> {
    let path = &section.key_file;
    let key = fs::read(path).map_err(|why| Failure::Read { path: path.clone(), why })?;
    Dkim::new(&section.domain, &section.selector, &Secret::new(key)).map_err(|error| match error {
        DkimError::Key => Failure::Data { path: path.clone(), what: error.to_string() },
        DkimError::Name => Failure::Usage(format!("dkim: {error}")),
    })
}
