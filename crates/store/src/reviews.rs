//! What people who read patients' replies say they mean. Only ever added to: the newest word on a message counts, and once it is more
//! than `nothing` it is the last.

use crate::contacts::{OPT_OUT, VERIFICATION, opt_out_row, verification_row};
use crate::coverage::{INBOUND_REVIEWS, OPT_OUTS, VERIFICATIONS};
use crate::database::{Failure, Value, optional_word, places};
use crate::keys::TenantKeys;
use crate::open::Tenanted;
use crate::records::StoreError;
use crate::writer::{Tx, Write};
use postern_base::Review;
use postern_gate::facts::{Address, OptOut};
use postern_ledger::Entry;
use std::sync::Arc;

/// What somebody who read a message says of it, and what follows, each with its entry.
#[derive(Debug, Clone)]
pub struct NewReview {
    /// The message's number.
    pub number: i64,
    /// What it means.
    pub review: Review,
    /// Who said so, and when.
    pub entry: Entry,
    /// The opt-out that it is.
    pub opt_out: Option<(OptOut, Entry)>,
    /// The contact point that is not the patient's.
    pub unverified: Option<(Address, Entry)>,
}

/// What came of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reviewed {
    /// It is on record.
    Recorded,
    /// The same was on record, and nothing was written.
    AlreadySo,
    /// Something else stands on record, and nothing was written.
    Stands(Review),
}

const REVIEW: &str = "INSERT INTO inbound_reviews (tenant, inbound, verdict, at) VALUES";

impl Tenanted {
    /// Records what somebody who read a message says it means, with everything that follows, in one step.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: there is no such message.
    pub async fn review_inbound(&self, new: NewReview) -> Result<Reviewed, StoreError> {
        let tenant = self.keys().await?;
        let others = new.opt_out.iter().map(|(_, entry)| entry).chain(new.unverified.iter().map(|(_, entry)| entry));
        let entries: Vec<Entry> = std::iter::once(&new.entry).chain(others).cloned().collect();
        self.admissible(&entries)?;
        self.shared.queue.write(PutReview { tenant, new }).await
    }
}

#[derive(Debug)]
struct PutReview {
    tenant: Arc<TenantKeys>,
    new: NewReview,
}

impl Write for PutReview {
    type Output = Reviewed;
    async fn run(&self, tx: &mut Tx) -> Result<Reviewed, Failure> {
        let (tenant, new) = (&self.tenant, &self.new);
        let which: [Value; 2] = [tenant.seq.into(), new.number.into()];
        let sql = "SELECT (SELECT r.verdict FROM inbound_reviews r WHERE r.tenant = i.tenant AND r.inbound = i.seq \
             ORDER BY r.seq DESC LIMIT 1) FROM inbound i WHERE i.tenant = ? AND i.seq = ?";
        let found = tx.one(sql, which.to_vec()).await?.ok_or(StoreError::NotFound)?;
        match optional_word::<Review>(&found, 0)? {
            Some(stands) if stands == new.review => return Ok(Reviewed::AlreadySo),
            Some(stands) if stands != Review::Nothing => return Ok(Reviewed::Stands(stands)),
            _ => {}
        }
        let mut row = which.to_vec();
        row.extend([new.review.as_str().into(), new.entry.at.as_microsecond().into()]);
        tx.write(tenant, &INBOUND_REVIEWS, &format!("{REVIEW} ({})", places(row.len())), row).await?;
        tx.append(tenant, &new.entry).await?;
        if let Some((opt_out, entry)) = &new.opt_out {
            let row = opt_out_row(tenant, &opt_out.point, false, opt_out.at, Some(opt_out));
            tx.write(tenant, &OPT_OUTS, &format!("{OPT_OUT} ({})", places(row.len())), row).await?;
            tx.append(tenant, entry).await?;
        }
        if let Some((point, entry)) = &new.unverified {
            let row = verification_row(tenant, point, None, entry.at);
            tx.write(tenant, &VERIFICATIONS, &format!("{VERIFICATION} ({})", places(row.len())), row).await?;
            tx.append(tenant, entry).await?;
        }
        Ok(Reviewed::Recorded)
    }
}
