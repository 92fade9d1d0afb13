//! Who said of whom which role it has: changes only, in the order of their times.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::timeline::{Parts, Places};
use crate::model::node::Role;
use crate::model::time::EventTime;

/// A node says which role another one, or itself, has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewSeen {
    /// Index of the node that says it.
    pub observer: usize,
    /// Index of the node it is about.
    pub node: usize,
    /// The role.
    pub role: Role,
    /// When it was last said; a screen without a time comes after all records that have one.
    pub time: EventTime,
    /// Index of the file.
    pub file: u32,
    /// Line of the record.
    pub line: u64,
    /// The record.
    pub excerpt: Option<Arc<str>>,
}

/// What all nodes said, by observer, node and time.
pub(super) fn read(parts: &Parts<'_, '_>, places: &Places) -> Vec<ViewSeen> {
    let place = |handle| places.get(&parts.names.node(handle)).copied();
    let seen = parts.facts.roles.iter().filter_map(|stated| {
        let (role, observer) = stated.value;
        Some(ViewSeen {
            observer: place(observer?)?,
            node: place(stated.node)?,
            role,
            time: stated.time,
            file: stated.file,
            line: stated.hit.line,
            excerpt: stated.hit.excerpt.clone(),
        })
    });
    let mut seen: Vec<ViewSeen> = seen.collect();
    seen.sort_by_key(|view| {
        let micros = view.time.micros;
        let when = (micros.is_none(), micros, view.file, view.line);
        (view.observer, view.node, when)
    });
    seen.dedup_by_key(|view| (view.observer, view.node, view.role));
    // screens without a time have no order: the same one in another file says nothing new
    let mut undated = BTreeSet::new();
    seen.retain(|view| {
        view.time.micros.is_some() || undated.insert((view.observer, view.node, view.role))
    });
    seen
}
