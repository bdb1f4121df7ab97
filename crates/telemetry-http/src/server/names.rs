//! Names of server spans, kept: there are as many as routes.

use std::borrow::Cow;
use std::cell::RefCell;

use telemetry_core::interned;

use crate::attributes::span_name;

/// A power of two.
const SLOTS: usize = 64;

thread_local! {
    /// Those that this thread used last, by the address of the template.
    static RECENT: RefCell<[Option<Name>; SLOTS]> = const { RefCell::new([None; SLOTS]) };
}

#[derive(Clone, Copy)]
struct Name {
    method: &'static str,
    /// Ends with the template.
    name: &'static str,
    template_at: usize,
}

/// The name of the span of a request with this method and route template, and the template itself, as
/// spans keep them.
pub(super) fn of(method: &'static str, template: &str) -> (Cow<'static, str>, Cow<'static, str>) {
    let address = template.as_ptr().addr();
    let slot = (address >> 3 ^ address >> 9) & (SLOTS - 1);
    let kept = RECENT.try_with(|recent| {
        let mut recent = recent.try_borrow_mut().ok()?;
        let known = recent[slot].filter(|known| known.is_of(method, template));
        if known.is_none() {
            recent[slot] = Some(Name::keep(method, template)?);
        }
        recent[slot]
    });
    match kept.ok().flatten() {
        Some(kept) => (kept.name.into(), kept.template().into()),
        None => (
            span_name(method, Some(template)),
            template.to_owned().into(),
        ),
    }
}

impl Name {
    fn template(&self) -> &'static str {
        &self.name[self.template_at..]
    }

    fn is_of(&self, method: &'static str, template: &str) -> bool {
        // Methods are constants.
        std::ptr::eq(self.method, method) && self.template() == template
    }

    #[cold]
    fn keep(method: &'static str, template: &str) -> Option<Self> {
        match interned(&span_name(method, Some(template))) {
            Cow::Borrowed(name) => Some(Self {
                method,
                name,
                template_at: name.len() - template.len(),
            }),
            Cow::Owned(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_and_told_apart() {
        let template = String::from("/api/tournaments/{id}/");
        for _ in 0..2 {
            for method in ["GET", "POST"] {
                let (name, kept) = of(method, &template);
                assert_eq!(name, format!("{method} {template}"));
                assert_eq!(kept, template);
                assert!(matches!((name, kept), (Cow::Borrowed(_), Cow::Borrowed(_))));
            }
        }
        // Another text at the same address.
        let other = template.replace("tournaments", "leagues");
        let mut memory = template;
        for text in ["/api/tournaments/{id}/", &other] {
            memory.clear();
            memory.push_str(text);
            assert_eq!(of("GET", &memory).1, text);
        }
    }
}
