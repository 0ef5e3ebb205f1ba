//! Who calls, and what they may do.

use jiff::Timestamp;
use postern_base::TenantId;
use postern_store::PrincipalRecord;
use std::fmt;
use std::str::FromStr;

/// Who calls. Every use case takes one; the tenant comes from here and from nowhere else (invariant 9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The tenant.
    pub tenant: TenantId,
    /// Public id, such as `key_01...`.
    pub id: String,
    /// What kind of caller.
    pub kind: PrincipalKind,
    /// What they may do.
    pub scopes: Vec<Scope>,
    /// Who holds the key.
    pub holder: Holder,
}

/// Who holds a key, as far as it was said when the key was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holder {
    /// The name for people that it bears (45 CFR 164.312(a)(2)(i)); `None` = none.
    pub name: Option<String>,
    /// What they do, as a name of a role (45 CFR 164.308(a)(4)).
    pub role: Option<String>,
    /// A second factor of theirs was checked, and counts until then (45 CFR 164.312(d)).
    pub second_factor_until: Option<Timestamp>,
}

/// What kind of caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrincipalKind {
    /// A program with an API key.
    ApiKey,
    /// A named human.
    Staff,
    /// Postern itself: the command line on its own data directory, journeys, replies.
    System,
}

/// What a principal may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Ask for messages, and for decisions without side effects.
    MessagesWrite,
    /// Read status, decisions and proofs.
    MessagesRead,
    /// Read the content of messages; every read is an entry in the ledger.
    ContentRead,
    /// Read the vendor registry.
    VendorsRead,
    /// Change the vendor registry.
    VendorsWrite,
    /// Read what is on record of patients' wishes and of their contact points, and which addresses are not written to.
    ConsentRead,
    /// Record what patients were told and what they wish, and what was found out of their contact points; write to an address again.
    ConsentWrite,
    /// Read templates.
    TemplatesRead,
    /// Write templates, and propose them.
    TemplatesWrite,
    /// Approve what somebody else proposed, and retire.
    TemplatesApprove,
    /// Put patients' records into the built-in directory.
    DirectoryWrite,
    /// Read the ledger's tiles. A log may hold entries of several tenants, so no other scope gives this one.
    LedgerRead,
    /// Everything, for this tenant.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: &'static [Self] = &[
        Self::MessagesWrite,
        Self::MessagesRead,
        Self::ContentRead,
        Self::VendorsRead,
        Self::VendorsWrite,
        Self::ConsentRead,
        Self::ConsentWrite,
        Self::TemplatesRead,
        Self::TemplatesWrite,
        Self::TemplatesApprove,
        Self::DirectoryWrite,
        Self::LedgerRead,
        Self::Admin,
    ];

    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MessagesWrite => "messages:write",
            Self::MessagesRead => "messages:read",
            Self::ContentRead => "content:read",
            Self::VendorsRead => "vendors:read",
            Self::VendorsWrite => "vendors:write",
            Self::ConsentRead => "consent:read",
            Self::ConsentWrite => "consent:write",
            Self::TemplatesRead => "templates:read",
            Self::TemplatesWrite => "templates:write",
            Self::TemplatesApprove => "templates:approve",
            Self::DirectoryWrite => "directory:write",
            Self::LedgerRead => "ledger:read",
            Self::Admin => "admin",
        }
    }
}

/// The word is not a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a scope")]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;
    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == text).ok_or(UnknownScope)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The principal lacks a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this key lacks the scope `{0}`")]
pub struct Forbidden(pub Scope);

/// Whether two names are one person's: spaces and capitals aside.
pub(crate) fn is_one_name(one: &str, other: &str) -> bool {
    let words = |name: &str| name.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    words(one) == words(other)
}

impl PrincipalKind {
    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::Staff => "staff",
            Self::System => "system",
        }
    }
}

impl Principal {
    /// Postern itself, for `tenant`.
    #[must_use]
    pub fn system(tenant: TenantId) -> Self {
        Self {
            tenant,
            id: "system".into(),
            kind: PrincipalKind::System,
            scopes: vec![Scope::Admin],
            holder: Holder::default(),
        }
    }

    /// The principal of a stored record; `None` when it is revoked or of a kind this binary does not know. Scopes it does
    /// not know give nothing.
    #[must_use]
    pub fn from_record(record: &PrincipalRecord) -> Option<Self> {
        let kind = match record.kind.as_str() {
            "api_key" => PrincipalKind::ApiKey,
            "staff" => PrincipalKind::Staff,
            "system" => PrincipalKind::System,
            _ => return None,
        };
        if record.revoked {
            return None;
        }
        Some(Self {
            tenant: record.tenant.clone(),
            id: record.id.clone(),
            kind,
            scopes: record.scopes.iter().filter_map(|scope| scope.parse().ok()).collect(),
            holder: Holder {
                name: Some(record.label.trim().to_owned()).filter(|name| !name.is_empty()),
                role: record.role.clone(),
                second_factor_until: record.second_factor_until,
            },
        })
    }

    /// Whether they hold `scope`.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|held| *held == scope || (*held == Scope::Admin && scope != Scope::LedgerRead))
    }

    /// Whether they hold `scope`, as an answer that `?` can carry.
    ///
    /// # Errors
    /// [`Forbidden`].
    pub fn must(&self, scope: Scope) -> Result<(), Forbidden> {
        if self.may(scope) { Ok(()) } else { Err(Forbidden(scope)) }
    }

    /// Whether `actor` is whoever holds this key: by its id or the name it bears, bare or as a reference to a practitioner.
    #[must_use]
    pub fn is(&self, actor: &str) -> bool {
        let actor = actor.trim();
        let reference = ["Practitioner/", "PractitionerRole/"].iter().find_map(|kind| actor.strip_prefix(kind));
        let who = reference.unwrap_or(actor);
        who == self.id || self.holder.name.as_deref().is_some_and(|name| is_one_name(name, who))
    }

    /// How they stand in ledger entries: `key:ID`, `staff:ID`, `system`.
    #[must_use]
    pub fn actor(&self) -> String {
        match self.kind {
            PrincipalKind::ApiKey => format!("key:{}", self.id),
            PrincipalKind::Staff => format!("staff:{}", self.id),
            PrincipalKind::System => "system".into(),
        }
    }
}
