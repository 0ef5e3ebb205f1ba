//! What the `[smime]` section of the configuration names: whom to believe, and what to sign with.

use crate::config::{Cipher as CipherName, Smime};
use crate::exit::Failure;
use postern_base::Secret;
use postern_channels::email::smime::{Cipher, Signer, SignerError, Trust, TrustError};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// The authorities and revocation lists, as their files are now.
///
/// # Errors
/// [`Failure`], naming the file.
pub(crate) fn trust(section: Option<&Smime>) -> Result<Option<Arc<Trust>>, Failure> {
    let Some(Smime { authorities, revocations, .. }) = section else { return Ok(None) };
    let anchors = read(authorities)?;
    let lists = revocations.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let trust = Trust::read(&anchors, &lists).map_err(|error| {
        let path = match error {
            TrustError::Anchors => authorities,
            TrustError::List(number) => revocations.get(number).unwrap_or(authorities),
        };
        Failure::Data { path: path.clone(), what: error.to_string() }
    })?;
    Ok(Some(Arc::new(trust)))
}

/// The signer for mail from `address`, if one of the practice's certificates is for it.
///
/// # Errors
/// [`Failure`], naming the file.
pub(crate) fn signer(section: Option<&Smime>, address: &str) -> Result<Option<Arc<Signer>>, Failure> {
    let Some(Smime { sender, cipher, .. }) = section else { return Ok(None) };
    let cipher = match cipher {
        CipherName::Aes256Gcm => Cipher::Aes256Gcm,
        CipherName::Aes256Cbc => Cipher::Aes256Cbc,
    };
    for own in sender {
        let key = Secret::new(read(&own.key_file)?);
        match Signer::new(&read(&own.certificate)?, &key, address, cipher) {
            Ok(signer) => return Ok(Some(Arc::new(signer))),
            Err(SignerError::OtherAddress) => {}
            Err(error) => {
                let path = if error == SignerError::Key { &own.key_file } else { &own.certificate };
                return Err(Failure::Data { path: path.clone(), what: error.to_string() });
            }
        }
    }
    Ok(None)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|why| Failure::Read { path: path.to_path_buf(), why })
}
