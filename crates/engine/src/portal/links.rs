//! The links of notices. One leads to a sign-in, and afterwards to its message; whoever holds it has proven nothing by that.

use super::sessions::sha256;
use super::{NotNow, Visitor};
use crate::engine::Engine;
use crate::error::UseError;
use crate::ledger_entry;
use postern_base::{MessageId, TenantId};
use postern_ledger::Kind;
use postern_store::PortalStep;

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTarget {
    /// Where to sign in.
    pub tenant: TenantId,
    /// What to show after that, to who may see it; `None` = the link was used, and leads to the sign-in alone.
    pub message: Option<MessageId>,
}

/// What a link is found by.
pub(crate) fn digest(token: &str) -> [u8; 32] {
    sha256(token.as_bytes())
}

impl Engine {
    /// Where the link with the opaque part `token` leads. Asking changes nothing: programs that look for viruses open every link.
    ///
    /// # Errors
    /// [`UseError::Unavailable`].
    pub async fn resolve_link(&self, token: &str) -> Result<Option<LinkTarget>, UseError> {
        let found = self.inner.store.portal_link(&digest(token)).await?;
        Ok(found.map(|link| LinkTarget {
            tenant: link.tenant,
            message: Some(link.message).filter(|_| link.used_at.is_none()),
        }))
    }

    /// Follows a link, signed in: gives its message, and the link leads there no more. A link of another patient's or another practice's
    /// message gives nothing and stays what it was.
    ///
    /// # Errors
    /// [`NotNow::NotFound`].
    pub async fn follow_link(&self, visitor: &Visitor, token: &str) -> Result<MessageId, NotNow> {
        let link = self.inner.store.portal_link(&digest(token)).await?.ok_or(NotNow::NotFound)?;
        if link.tenant != visitor.tenant || link.used_at.is_some() {
            return Err(NotNow::NotFound);
        }
        let thread = self.portal_thread(visitor, link.message).await?;
        let entry = ledger_entry::of(self, &visitor.tenant, Kind::Administered, visitor.actor(), "portal_link_used")
            .map_err(|_| NotNow::Unavailable)?;
        let entry = ledger_entry::about(entry, thread.message.message, None);
        let store = self.inner.store.tenant(&visitor.tenant);
        store.portal_change(vec![PortalStep::UseLink(link.message)], vec![entry]).await?;
        Ok(link.message)
    }
}
