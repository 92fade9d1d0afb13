//! Ways to leaves: by indentation in text, by elements in XML.

use std::collections::HashSet;

use super::xml::{Document, Step};
use super::{Dump, Kind, Leaf, MAX_KEY};
use crate::parse::scan::text;

/// Branches inside one another that are followed.
const MAX_DEPTH: usize = 16;

/// Lists of which a dump of one system may hold a single item, so that the numbers do not show it.
const LISTS: [&str; 14] = [
    "Alarm",
    "Ethernet",
    "Feature",
    "Interface",
    "Mapping",
    "Option",
    "Peer",
    "Policy",
    "Rule",
    "SearchRule",
    "Server",
    "Subzone",
    "Warning",
    "Zone",
];

/// A key with one blank between its words and no dots or slashes at its ends.
pub(super) fn words(key: &[u8]) -> String {
    let key = text(key);
    let mut out = String::with_capacity(key.len());
    for word in key.split_ascii_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// The branches that are open at a line of a status dump.
#[derive(Debug, Default)]
pub(super) struct Branch {
    /// Name of the section, while one is open.
    section: Option<String>,
    /// Indent and name of each branch, and whether its entries stand at its own indent.
    inner: Vec<(usize, String, bool)>,
    /// The line before opened the innermost branch.
    fresh: bool,
}

impl Branch {
    pub(super) fn is_open(&self) -> bool {
        self.section.is_some()
    }

    pub(super) fn begin(&mut self, key: &[u8]) {
        self.section = Some(words(key));
        self.inner.clear();
        self.fresh = false;
    }

    pub(super) fn end(&mut self) {
        self.section = None;
        self.inner.clear();
        self.fresh = false;
    }

    /// Takes an entry: opens a branch, or gives the whole key of a leaf.
    pub(super) fn entry(&mut self, indent: usize, key: &[u8], opens: bool) -> Option<String> {
        let section = self.section.as_ref()?;
        let key = words(key);
        while self.inner.last().is_some_and(|(at, ..)| *at > indent) {
            self.inner.pop();
        }
        if let Some((at, name, flat)) = self.inner.last_mut()
            && *at == indent
        {
            // where the indent was lost, a numbered branch takes what follows
            let numbered = name.ends_with(|c: char| c.is_ascii_digit());
            if !opens && numbered && (*flat || self.fresh) {
                *flat = true;
            } else {
                self.inner.pop();
            }
        }
        self.fresh = opens;
        if opens {
            if self.inner.len() < MAX_DEPTH {
                self.inner.push((indent, key, false));
            }
            return None;
        }
        let mut whole = section.clone();
        for (_, name, _) in &self.inner {
            whole.push(' ');
            whole.push_str(name);
        }
        whole.push(' ');
        whole.push_str(&key);
        (whole.len() <= MAX_KEY * 4).then_some(whole)
    }
}

/// The dump of an XML document; `None` when it has no leaf.
pub(super) fn of_document(document: Document<'_>) -> Option<Dump<'_>> {
    let name = document.root.to_ascii_lowercase();
    let kind = if name.ends_with(b"configuration") {
        Kind::Config
    } else {
        Kind::Status
    };
    let mut lists: HashSet<(usize, Vec<u8>)> = HashSet::new();
    for leaf in &document.leaves {
        for (depth, step) in leaf.path.iter().enumerate() {
            if step.listed || step.item.is_some_and(|item| item != b"1") {
                lists.insert((depth, step.name.to_ascii_lowercase()));
            }
        }
    }
    let numbered = |depth: usize, step: &Step<'_>| {
        LISTS
            .iter()
            .any(|list| step.name.eq_ignore_ascii_case(list.as_bytes()))
            || lists.contains(&(depth, step.name.to_ascii_lowercase()))
    };
    let mut leaves: Vec<Leaf<'_>> = Vec::new();
    if let Some(version) = super::xml::attribute(document.attributes, b"version")
        .filter(|version| version.first().is_some_and(u8::is_ascii_alphanumeric))
        .filter(|_| kind == Kind::Status)
    {
        leaves.push(Leaf {
            key: "Version".to_owned(),
            value: text(version),
            start: document.start,
            end: document.start,
        });
    }
    let dropped = document.dropped;
    for leaf in document.leaves {
        let mut key = String::new();
        for (depth, step) in leaf.path.iter().enumerate() {
            if depth > 0 {
                key.push(' ');
            }
            key.push_str(&text(step.name));
            if let Some(item) = step.item.filter(|_| numbered(depth, step)) {
                key.push(' ');
                key.push_str(&text(item));
            }
        }
        if key.len() <= MAX_KEY * 4 {
            leaves.push(Leaf {
                key,
                value: leaf.value,
                start: leaf.start,
                end: leaf.end,
            });
        }
    }
    (!leaves.is_empty()).then_some(Dump {
        kind,
        leaves,
        dropped,
    })
}
