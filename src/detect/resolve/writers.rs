//! Who writes what names nobody.

use std::collections::BTreeMap;

use super::names::Handle;
use super::timeline::Parts;
use crate::model::node::Product;

/// Who writes what names nobody: the only node of its product that writes in its file, else in its
/// folder or archive, else the node after which one of these is named.
pub(super) struct Writers<'a, 'c> {
    parts: &'a Parts<'a, 'c>,
    /// The only writer of a folder or archive.
    sole: BTreeMap<(&'a str, Product), Option<Handle>>,
}

impl<'a, 'c> Writers<'a, 'c> {
    pub(super) fn new(parts: &'a Parts<'a, 'c>) -> Self {
        let mut sole: BTreeMap<(&str, Product), Option<Handle>> = BTreeMap::new();
        for (file, who) in (0u32..).zip(&parts.attach.writers) {
            for root in who {
                let product = parts
                    .names
                    .get(*root)
                    .map_or(Product::Unknown, |(product, _)| *product);
                let known = sole
                    .entry((unit_of(parts, file), product))
                    .or_insert(Some(*root));
                if *known != Some(*root) {
                    *known = None;
                }
            }
        }
        Self { parts, sole }
    }

    pub(super) fn of(&self, file: u32, product: Product) -> Option<Handle> {
        let of_unit = || {
            self.sole
                .get(&(unit_of(self.parts, file), product))
                .copied()
        };
        match only_writer(self.parts, file, product) {
            Some(writer) => Some(writer),
            None => of_unit().unwrap_or_else(|| self.named(file, product)),
        }
    }

    /// A folder or archive that bears the name of a node that is known otherwise; nobody where the
    /// file has several writers.
    fn named(&self, file: u32, product: Product) -> Option<Handle> {
        let writers = self.parts.attach.writers.get(file as usize)?;
        let origin = &self.parts.collected.files.get(file as usize)?.origin;
        let mut names = writers.is_empty().then(|| origin.names())?;
        let found = names.find_map(|name| self.parts.names.find(product, name))?;
        Some(self.parts.names.node(found))
    }
}

/// The folder or archive of a file.
fn unit_of<'p>(parts: &'p Parts<'_, '_>, file: u32) -> &'p str {
    let file = parts.collected.files.get(file as usize);
    file.map_or("", |file| file.origin.unit())
}

/// The only node of a product that writes in a file.
fn only_writer(parts: &Parts<'_, '_>, file: u32, product: Product) -> Option<Handle> {
    let who = parts.attach.writers.get(file as usize)?;
    let of_product = |root: &&Handle| {
        let name = parts.names.get(**root);
        name.is_some_and(|(other, _)| *other == product)
    };
    let mut own = who.iter().filter(of_product);
    let only = own.next()?;
    own.next().is_none().then_some(*only)
}
