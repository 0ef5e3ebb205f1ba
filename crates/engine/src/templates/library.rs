//! The templates a tenant can use: its own, and the built-in ones that none of its own replaces.

use super::{ALL, Template};
use crate::measure::KnownTexts;
use std::sync::{Arc, LazyLock};

/// The template whose texts stand beside every message: notice and callback. No request names it.
pub const NOTICE: &str = "notice";

/// The templates a tenant can use.
#[derive(Debug, Clone, Default)]
pub struct Library {
    own: Vec<Arc<Template>>,
    unreadable: Vec<String>,
    /// What the texts beside every message say.
    beside: Arc<KnownTexts>,
}

static BUILT_IN: LazyLock<Library> = LazyLock::new(Library::default);

impl Library {
    /// The built-in templates alone.
    #[must_use]
    pub fn builtin() -> &'static Self {
        &BUILT_IN
    }

    /// The built-in templates and a tenant's `own`, which stand before them. A name in `unreadable` is one that this binary
    /// could not read: it finds nothing, because sending the built-in text instead would not be what two people approved.
    #[must_use]
    pub fn new(own: Vec<Arc<Template>>, unreadable: Vec<String>) -> Self {
        Self { own, unreadable, beside: Arc::default() }
    }

    /// The template of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Template> {
        if self.unreadable.iter().any(|lost| lost == name) {
            return None;
        }
        let own = self.own.iter().find(|template| template.name == name);
        own.map(Arc::as_ref).or_else(|| ALL.iter().map(|built| &built.template).find(|template| template.name == name))
    }

    /// The notice and callback texts.
    #[must_use]
    pub fn notice(&self) -> Option<&Template> {
        self.find(NOTICE)
    }

    /// What the texts that stand beside every message were found to say.
    pub(crate) fn beside(&self) -> &KnownTexts {
        &self.beside
    }

    /// Every name a request may use, in order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let built = ALL.iter().map(|built| built.template.name.as_str());
        let mut names: Vec<&str> = built.chain(self.own.iter().map(|template| template.name.as_str())).collect();
        names.sort_unstable();
        names.dedup();
        names.retain(|name| *name != NOTICE && !self.unreadable.iter().any(|lost| lost == name));
        names
    }

    /// The tenant's own templates.
    #[must_use]
    pub fn own(&self) -> &[Arc<Template>] {
        &self.own
    }
}
