//! What is recorded of a patient beside the chart. Every kind is added to and listed in one way, so the API and the command line each
//! have one door for all of them.

use crate::engine::Engine;
use crate::error::UseError;
use crate::principal::Principal;
use crate::wire::{
    CertificateView, DisclosureView, DoNotCallView, NewCertificate, NewDisclosure, NewDoNotCall, NewNotice,
    NewNumberCheck, NewVerification, NoticeView, NumberCheckView, VerificationView,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// One kind of record of a patient.
pub trait OfPatient {
    /// Its name in answers: what the list of them is called.
    const NAME: &'static str;
    /// What is handed in to record one.
    type New: DeserializeOwned + Send + Sync;
    /// How one is shown.
    type View: Serialize + Send;

    /// Records one.
    ///
    /// # Errors
    /// [`UseError`].
    fn add(
        engine: &Engine,
        principal: &Principal,
        patient: &str,
        new: &Self::New,
    ) -> impl Future<Output = Result<Added<Self::View>, UseError>> + Send;

    /// What is on record, in the order it was recorded.
    ///
    /// # Errors
    /// [`UseError`]; `NotFound` where nothing is, and no such patient either.
    fn list(
        engine: &Engine,
        principal: &Principal,
        patient: &str,
    ) -> impl Future<Output = Result<Vec<Self::View>, UseError>> + Send;
}

/// What came of recording one.
#[derive(Debug, Clone)]
pub enum Added<V> {
    /// It, as it is shown.
    One(V),
    /// All that is on record now: what was said may have been about several contact points.
    All(Vec<V>),
}

impl<V> Added<V> {
    /// As a list.
    #[must_use]
    pub fn into_list(self) -> Vec<V> {
        match self {
            Self::One(one) => vec![one],
            Self::All(all) => all,
        }
    }
}

/// Says which of the engine's methods add and list a kind.
macro_rules! of_patient {
    ($(#[$doc:meta])* $kind:ident, $name:literal, $new:ty, $view:ty, $add:ident as $added:path, $list:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub enum $kind {}

        impl OfPatient for $kind {
            const NAME: &'static str = $name;
            type New = $new;
            type View = $view;

            async fn add(
                engine: &Engine,
                principal: &Principal,
                patient: &str,
                new: &$new,
            ) -> Result<Added<$view>, UseError> {
                engine.$add(principal, patient, new).await.map($added)
            }

            async fn list(engine: &Engine, principal: &Principal, patient: &str) -> Result<Vec<$view>, UseError> {
                let all = engine.$list(principal, patient).await?;
                // That nothing is on record of somebody is only said of who is in the record.
                if all.is_empty() {
                    engine.must_know(principal, patient).await?;
                }
                Ok(all)
            }
        }
    };
}

of_patient!(
    /// Certificates of patients' mailboxes (RFC 8551).
    Certificates, "certificates", NewCertificate, CertificateView, add_certificate as Added::One, certificates
);
of_patient!(
    /// Disclosures that a patient may ask an accounting of.
    Disclosures, "disclosures", NewDisclosure, DisclosureView, add_disclosure as Added::One, disclosures
);
of_patient!(
    /// Requests not to be called to sell.
    DoNotCall, "do_not_call", NewDoNotCall, DoNotCallView, add_do_not_call as Added::All, do_not_call
);
of_patient!(
    /// What patients were told, and what they said to it.
    Notices, "notices", NewNotice, NoticeView, add_notice as Added::One, notices
);
of_patient!(
    /// Look-ups of patients' numbers.
    NumberChecks, "number_checks", NewNumberCheck, NumberCheckView, add_number_check as Added::One, number_checks
);
of_patient!(
    /// Whether contact points are the patient's own.
    Verifications, "verifications", NewVerification, VerificationView, add_verification as Added::One, verifications
);
