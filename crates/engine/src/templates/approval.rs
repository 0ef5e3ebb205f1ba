//! A tenant's own templates: written by one, proposed by a person, approved by another, in use, retired. Every step is an entry
//! in the ledger that commits to the file.

use super::check::{check, check_override};
use super::{ALL, BuiltIn, DiffLine, Library, Preview, Problem, Template, diff, preview};
use crate::engine::Engine;
use crate::error::UseError;
use crate::ledger_entry;
use crate::principal::{Principal, PrincipalKind, Scope, is_one_name};
use crate::tenants::TenantState;
use aws_lc_rs::digest;
use jiff::Timestamp;
use postern_base::{Language, Purpose, TenantId};
use postern_ledger::{Entry, Kind};
use postern_store::{StoreError, TemplateMove, TemplateRecord, TemplateState};
use serde::Serialize;
use std::sync::Arc;

/// The state of a template that comes with Postern and that no own version replaces.
const BUILT_IN: &str = "built_in";

/// A version of a template, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TemplateVersion {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// `built_in`, `draft`, `proposed`, `approved`, `superseded` or `retired`.
    pub state: &'static str,
    /// Whether messages are made from it now.
    pub in_use: bool,
    /// What it is for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// The purposes it may be used for.
    pub purposes: Vec<Purpose>,
    /// The languages it has texts in.
    pub languages: Vec<Language>,
    /// Who wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drafted_by: Option<String>,
    /// Who asked that it be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed_by: Option<String>,
    /// Who agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// When it was last changed; absent for a built-in template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
    /// The file, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A file to begin a template of one's own with: the built-in template for `purpose` under another name.
#[must_use]
pub fn skeleton(name: &str, purpose: Purpose) -> Option<String> {
    let like = ALL.iter().find(|built| built.template.purposes == [purpose])?;
    Some(like.source.replacen(&format!("name = \"{}\"", like.template.name), &format!("name = \"{name}\""), 1))
}

impl TemplateVersion {
    fn of(record: &TemplateRecord) -> Self {
        // What does not read any more is still listed: somebody must be able to retire it.
        let template = Template::parse(&record.source, record.version).ok();
        Self {
            name: record.name.clone(),
            version: record.version,
            state: record.state.as_str(),
            in_use: record.state == TemplateState::Approved,
            about: template.as_ref().map(|t| t.about.clone()).unwrap_or_default(),
            purposes: template.as_ref().map(|t| t.purposes.clone()).unwrap_or_default(),
            languages: template.as_ref().map(Template::languages).unwrap_or_default(),
            drafted_by: Some(record.drafted_by.clone()),
            proposed_by: record.proposed_by.clone(),
            approved_by: record.approved_by.clone(),
            changed_at: Some(record.changed_at),
            source: None,
        }
    }

    fn of_built_in(built: &BuiltIn, in_use: bool) -> Self {
        let BuiltIn { template, .. } = built;
        Self {
            name: template.name.clone(),
            version: template.version,
            state: BUILT_IN,
            in_use,
            about: template.about.clone(),
            purposes: template.purposes.clone(),
            languages: template.languages(),
            drafted_by: None,
            proposed_by: None,
            approved_by: None,
            changed_at: None,
            source: None,
        }
    }
}

/// The library of a tenant whose stored versions are `records`.
pub(crate) fn library_of(records: &[TemplateRecord]) -> Library {
    let (mut own, mut unreadable) = (Vec::new(), Vec::new());
    for record in records.iter().filter(|record| record.state == TemplateState::Approved) {
        match Template::parse(&record.source, record.version) {
            Ok(template) => own.push(Arc::new(template)),
            Err(_) => unreadable.push(record.name.clone()),
        }
    }
    Library::new(own, unreadable)
}

/// Everything that keeps a file from being saved for a tenant.
fn problems(template: &Template, state: &TenantState) -> Vec<Problem> {
    let mut found = check(template, &state.policy);
    found.extend(check_override(template));
    found
}

/// Only a named person answers for what patients are told (RULES SYS-09).
fn person(principal: &Principal, scope: Scope) -> Result<(), UseError> {
    principal.must(scope)?;
    if principal.kind == PrincipalKind::Staff { Ok(()) } else { Err(UseError::NotAPerson) }
}

impl Engine {
    /// Every template the tenant can use or works on, by name and version.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn templates(&self, principal: &Principal) -> Result<Vec<TemplateVersion>, UseError> {
        principal.must(Scope::TemplatesRead)?;
        let records = self.inner.store.tenant(&principal.tenant).templates().await?;
        let replaced = |name: &str| records.iter().any(|r| r.name == name && r.state == TemplateState::Approved);
        let built = ALL.iter().map(|built| TemplateVersion::of_built_in(built, !replaced(&built.template.name)));
        let mut all: Vec<_> = built.chain(records.iter().map(TemplateVersion::of)).collect();
        all.sort_by(|a, b| (&a.name, a.version).cmp(&(&b.name, b.version)));
        Ok(all)
    }

    /// One version with its file; without `version` the one in use, or the newest when none is.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn template(
        &self,
        principal: &Principal,
        name: &str,
        version: Option<u32>,
    ) -> Result<TemplateVersion, UseError> {
        let of_name: Vec<_> = self.templates(principal).await?.into_iter().filter(|t| t.name == name).collect();
        let chosen = match version {
            Some(version) => of_name.iter().find(|t| t.version == version),
            None => of_name.iter().find(|t| t.in_use).or_else(|| of_name.last()),
        };
        let mut found = chosen.cloned().ok_or(UseError::NotFound)?;
        found.source = if found.state == BUILT_IN {
            ALL.iter().find(|built| built.template.name == name).map(|built| built.source.to_owned())
        } else {
            Some(self.stored(&principal.tenant, name, found.version).await?.source)
        };
        Ok(found)
    }

    /// A version with worst-case data, in every form, channel and language.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn preview_template(
        &self,
        principal: &Principal,
        name: &str,
        version: Option<u32>,
    ) -> Result<Preview, UseError> {
        let found = self.template(principal, name, version).await?;
        let state = self.tenant_state(&principal.tenant).await?;
        let template = Template::parse(&found.source.unwrap_or_default(), found.version)?;
        Ok(preview(&template, &state.policy))
    }

    /// What changed between two versions.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn diff_template(
        &self,
        principal: &Principal,
        name: &str,
        older: u32,
        newer: u32,
    ) -> Result<Vec<DiffLine>, UseError> {
        let older = self.template(principal, name, Some(older)).await?.source.unwrap_or_default();
        let newer = self.template(principal, name, Some(newer)).await?.source.unwrap_or_default();
        Ok(diff(&older, &newer))
    }

    /// Saves a file as a new version, a draft. Nothing is ever overwritten: editing makes a version.
    ///
    /// # Errors
    /// [`UseError::Refused`] with everything that keeps it from being saved.
    pub async fn draft_template(&self, principal: &Principal, source: &str) -> Result<TemplateVersion, UseError> {
        principal.must(Scope::TemplatesWrite)?;
        let state = self.tenant_state(&principal.tenant).await?;
        let template = Template::parse(source, 0)?;
        let found = problems(&template, &state);
        if !found.is_empty() {
            return Err(UseError::Refused(found));
        }
        let store = self.inner.store.tenant(&principal.tenant);
        let stored = store.templates().await?;
        let built = ALL.iter().map(|built| (&built.template.name, built.template.version));
        let versions = built.chain(stored.iter().map(|r| (&r.name, r.version)));
        let newest = versions.filter(|(name, _)| **name == template.name).map(|(_, version)| version).max();
        let record = TemplateRecord {
            name: template.name,
            version: newest.unwrap_or(0).saturating_add(1),
            state: TemplateState::Draft,
            source: source.to_owned(),
            drafted_by: principal.actor(),
            proposed_by: None,
            approved_by: None,
            changed_at: self.now(),
        };
        let entry = self.template_entry(principal, "template_drafted", &record)?;
        store.add_template(record.clone(), entry).await?;
        Ok(TemplateVersion::of(&record))
    }

    /// A person asks that a draft be used.
    ///
    /// # Errors
    /// [`UseError::NotAPerson`], [`UseError::WrongState`], [`UseError::Refused`] when it could not be saved today.
    pub async fn propose_template(
        &self,
        principal: &Principal,
        name: &str,
        version: u32,
    ) -> Result<TemplateVersion, UseError> {
        person(principal, Scope::TemplatesWrite)?;
        self.step(principal, name, version, TemplateState::Draft, TemplateState::Proposed).await
    }

    /// A second person agrees: the version is in use from this instant, the one before it no more.
    ///
    /// # Errors
    /// [`UseError::SamePerson`], and as [`Engine::propose_template`].
    pub async fn approve_template(
        &self,
        principal: &Principal,
        name: &str,
        version: u32,
    ) -> Result<TemplateVersion, UseError> {
        person(principal, Scope::TemplatesApprove)?;
        let record = self.stored(&principal.tenant, name, version).await?;
        if self.is_proposer(principal, &record).await? {
            return Err(UseError::SamePerson);
        }
        self.step(principal, name, version, TemplateState::Proposed, TemplateState::Approved).await
    }

    /// Whether `principal` proposed it: with this key, or with another that bears the same name and may be revoked since.
    async fn is_proposer(&self, principal: &Principal, record: &TemplateRecord) -> Result<bool, UseError> {
        let Some(proposer) = record.proposed_by.as_deref() else { return Ok(false) };
        if proposer == principal.actor() {
            return Ok(true);
        }
        let keys = self.inner.store.tenant(&principal.tenant).principals().await?;
        let theirs = keys.iter().find(|key| proposer.strip_prefix("staff:") == Some(key.id.as_str()));
        let name = principal.holder.name.as_deref().unwrap_or_default();
        Ok(theirs.is_some_and(|key| is_one_name(&key.label, name)))
    }

    /// A person takes a version out of use, or gives up a draft. Where it replaced a built-in template, that one stands again.
    ///
    /// # Errors
    /// [`UseError::NotAPerson`], [`UseError::WrongState`].
    pub async fn retire_template(
        &self,
        principal: &Principal,
        name: &str,
        version: u32,
    ) -> Result<TemplateVersion, UseError> {
        person(principal, Scope::TemplatesApprove)?;
        let from = self.stored(&principal.tenant, name, version).await?.state;
        if from == TemplateState::Retired {
            return Err(UseError::WrongState);
        }
        self.step(principal, name, version, from, TemplateState::Retired).await
    }

    async fn step(
        &self,
        principal: &Principal,
        name: &str,
        version: u32,
        from: TemplateState,
        to: TemplateState,
    ) -> Result<TemplateVersion, UseError> {
        let record = self.stored(&principal.tenant, name, version).await?;
        if record.state != from {
            return Err(UseError::WrongState);
        }
        let code = match to {
            TemplateState::Proposed => "template_proposed",
            TemplateState::Approved => "template_approved",
            _ => "template_retired",
        };
        if to != TemplateState::Retired {
            // The policy, or what the classifier knows, may have changed since it was saved.
            let template = Template::parse(&record.source, version)?;
            let found = problems(&template, self.tenant_state(&principal.tenant).await?.as_ref());
            if !found.is_empty() {
                return Err(UseError::Refused(found));
            }
        }
        let entry = self.template_entry(principal, code, &record)?;
        let step = TemplateMove { name: name.to_owned(), version, from, to, by: principal.actor() };
        let moved = self.inner.store.tenant(&principal.tenant).move_template(step, entry).await?;
        self.forget_tenant(&principal.tenant);
        if moved {
            Ok(TemplateVersion::of(&self.stored(&principal.tenant, name, version).await?))
        } else {
            Err(UseError::WrongState)
        }
    }

    async fn stored(&self, tenant: &TenantId, name: &str, version: u32) -> Result<TemplateRecord, StoreError> {
        let records = self.inner.store.tenant(tenant).templates().await?;
        records.into_iter().find(|r| r.name == name && r.version == version).ok_or(StoreError::NotFound)
    }

    /// The entry of a step: which version, and the SHA-256 of its file, so that what was approved can be held against what is
    /// used.
    fn template_entry(&self, principal: &Principal, code: &str, record: &TemplateRecord) -> Result<Entry, UseError> {
        let entry = ledger_entry::of(self, &principal.tenant, Kind::Administered, principal.actor(), code)
            .map_err(|_| UseError::Unavailable)?;
        let hash = digest::digest(&digest::SHA256, record.source.as_bytes());
        let hash = <[u8; 32]>::try_from(hash.as_ref()).map_err(|_| UseError::Unavailable)?;
        Ok(Entry { commitments: vec![(format!("template:{}:{}", record.name, record.version), hash)], ..entry })
    }
}
