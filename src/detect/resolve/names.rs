//! Who is who: names and addresses that mean one node are joined by facts.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use crate::model::node::Product;

/// A name or an address of one product, before it is known whose it is.
pub(super) type Handle = usize;

/// Sets that can be joined; the smallest element is the root, so that order does not matter.
#[derive(Clone, Debug, Default)]
pub(super) struct Sets {
    /// The set that each element is in.
    sets: Vec<usize>,
    /// The elements of each set, the smallest one first; nothing of a set that went into another.
    members: Vec<Vec<usize>>,
}

impl Sets {
    /// A new set of one.
    pub(super) fn add(&mut self) -> usize {
        let at = self.sets.len();
        self.sets.push(at);
        self.members.push(vec![at]);
        at
    }

    /// The root of an element's set.
    pub(super) fn root(&self, at: usize) -> usize {
        self.members(at).first().copied().unwrap_or(at)
    }

    /// The elements of the set that an element is in, the root first and the others in any order.
    fn members(&self, at: usize) -> &[usize] {
        let set = self.sets.get(at).and_then(|set| self.members.get(*set));
        set.map_or(&[], Vec::as_slice)
    }

    /// Joins two sets and tells how many elements had to move. Those of the smaller one do, so
    /// that none moves more often than the logarithm of all.
    pub(super) fn join(&mut self, a: usize, b: usize) -> usize {
        let (Some(&a), Some(&b)) = (self.sets.get(a), self.sets.get(b)) else {
            return 0;
        };
        let size = |set: usize| self.members.get(set).map_or(0, Vec::len);
        let (into, from) = if size(a) < size(b) { (b, a) } else { (a, b) };
        if into == from {
            return 0;
        }
        let moved = self.members.get_mut(from).map(std::mem::take);
        let moved = moved.unwrap_or_default();
        for at in &moved {
            if let Some(set) = self.sets.get_mut(*at) {
                *set = into;
            }
        }
        let Some(members) = self.members.get_mut(into) else {
            return 0;
        };
        let first = members.len();
        members.extend(&moved);
        if members.first() > moved.first() {
            members.swap(0, first);
        }
        moved.len()
    }
}

/// A node as a record names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Name {
    /// An address in its canonical form.
    Address(IpAddr),
    /// A host name, lower case.
    Host(String),
}

impl Name {
    /// Reads a raw value: `clusterdb@host`, `[::1]`, `host.`; loopback and words that cannot be
    /// a node's name give nothing. Of mnesia anywhere several nodes may share a host, so that
    /// there `rabbit@host` is a name as a whole.
    pub(super) fn parse(product: Product, raw: &str) -> Option<Self> {
        let text = bare(product, raw);
        if let Ok(address) = text.parse::<IpAddr>() {
            let address = address.to_canonical();
            return (!address.is_loopback() && !address.is_unspecified())
                .then_some(Self::Address(address));
        }
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
        let fits =
            !text.is_empty() && text.len() <= 253 && text.chars().all(plain) && text != "localhost";
        fits.then(|| Self::Host(text.to_lowercase()))
    }

    /// The part of a host name before its domain.
    fn label(&self) -> Option<&str> {
        match self {
            Self::Host(name) => name.split('.').next(),
            Self::Address(_) => None,
        }
    }

    /// True for a host name with a domain.
    fn qualified(&self) -> bool {
        matches!(self, Self::Host(name) if name.contains('.'))
    }
}

/// A raw value without what stands around the name.
fn bare(product: Product, raw: &str) -> &str {
    let name = match product {
        Product::Mnesia => raw,
        _ => raw.rsplit('@').next().unwrap_or(raw),
    };
    name.trim()
        .trim_matches(|c| matches!(c, '[' | ']' | '\'' | '"'))
        .trim_end_matches('.')
}

/// Names as they come, each with one of its spellings.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen(BTreeMap<(Product, Name), String>);

impl Seen {
    /// Adds a raw value; of several spellings the first in text order stays.
    pub(super) fn add(&mut self, product: Product, raw: &str) {
        let Some(name) = Name::parse(product, raw) else {
            return;
        };
        let spelling = bare(product, raw);
        let known = self
            .0
            .entry((product, name))
            .or_insert_with(|| spelling.to_owned());
        if spelling < known.as_str() {
            spelling.clone_into(known);
        }
    }

    /// True when a product has this name.
    pub(super) fn knows(&self, product: Product, raw: &str) -> bool {
        Name::parse(product, raw).is_some_and(|name| self.0.contains_key(&(product, name)))
    }

    /// The first product that has this name.
    pub(super) fn product_of(&self, raw: &str) -> Option<Product> {
        let products = [
            Product::Cms,
            Product::Expressway,
            Product::Imp,
            Product::Postgresql,
        ];
        products
            .into_iter()
            .find(|product| self.knows(*product, raw))
    }
}

/// Every name that was seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    known: HashMap<(Product, Name), Handle>,
    list: Vec<(Product, Name)>,
    spellings: Vec<String>,
    same: Sets,
}

impl Names {
    /// Collects names; they are numbered in their own order, not in the order of their coming.
    pub(super) fn new(seen: Seen) -> Self {
        let mut names = Self::default();
        for (entry, spelling) in seen.0 {
            names.known.insert(entry.clone(), names.list.len());
            names.list.push(entry);
            names.spellings.push(spelling);
            names.same.add();
        }
        names
    }

    /// The handle of a raw value.
    pub(super) fn find(&self, product: Product, raw: &str) -> Option<Handle> {
        self.known
            .get(&(product, Name::parse(product, raw)?))
            .copied()
    }

    /// Both are one node.
    pub(super) fn join(&mut self, a: Handle, b: Handle) {
        self.same.join(a, b);
    }

    /// The handle that stands for the whole node.
    pub(super) fn node(&self, handle: Handle) -> Handle {
        self.same.root(handle)
    }

    /// Product and name of a handle.
    pub(super) fn get(&self, handle: Handle) -> Option<&(Product, Name)> {
        self.list.get(handle)
    }

    /// Number of handles.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// `expc01` and `expc01.example.com` are one node when no other domain claims the label.
    pub(super) fn join_short_names(&mut self) {
        let mut labels: BTreeMap<(Product, String), (Vec<Handle>, Vec<Handle>)> = BTreeMap::new();
        for (handle, (product, name)) in self.list.iter().enumerate() {
            let Some(label) = name.label() else { continue };
            let entry = labels.entry((*product, label.to_owned())).or_default();
            if name.qualified() {
                entry.1.push(handle);
            } else {
                entry.0.push(handle);
            }
        }
        for (short, long) in labels.into_values() {
            if let ([short], [long]) = (short.as_slice(), long.as_slice()) {
                self.join(*short, *long);
            }
        }
    }

    /// Names (most telling first) and addresses of the node with this root.
    pub(super) fn of_node(&self, root: Handle) -> (Vec<String>, Vec<String>) {
        let mut hosts = Vec::new();
        let mut addresses = Vec::new();
        let mut handles = self.same.members(root).to_vec();
        handles.sort_unstable();
        for handle in handles {
            match (self.list.get(handle), self.spellings.get(handle)) {
                (Some((_, Name::Host(_))), Some(spelling)) => hosts.push(spelling.clone()),
                (Some((_, Name::Address(address))), _) => addresses.push(address.to_string()),
                _ => {}
            }
        }
        // the short name is what the logs print and people say
        hosts.sort_by(|a, b| (a.contains('.'), a).cmp(&(b.contains('.'), b)));
        (hosts, addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_joined_in_any_order_and_in_little_work() {
        const MANY: usize = 1 << 12;
        let bits: usize = 12;
        let joined = |pairs: &mut dyn Iterator<Item = (usize, usize)>| {
            let mut sets = Sets::default();
            (0..MANY).for_each(|_| {
                sets.add();
            });
            let moved: usize = pairs.map(|(a, b)| sets.join(a, b)).sum();
            assert!((0..MANY).all(|at| sets.root(at) == 0));
            let mut members = sets.members(MANY / 2).to_vec();
            members.sort_unstable();
            assert_eq!(members, (0..MANY).collect::<Vec<_>>());
            moved
        };
        let ascending = joined(&mut (1..MANY).map(|at| (at - 1, at)));
        let descending = joined(&mut (1..MANY).rev().map(|at| (at - 1, at)));
        let backwards = joined(&mut (1..MANY).rev().map(|at| (at, at - 1)));
        assert_eq!([ascending, descending, backwards], [MANY - 1; 3]);
        // the worst there is: equal halves, again and again
        let steps = (0..bits).map(|bit| 1 << bit);
        let mut halves =
            steps.flat_map(|step| (0..MANY).step_by(2 * step).map(move |at| (at + step, at)));
        assert_eq!(joined(&mut halves), MANY / 2 * bits);
    }

    #[test]
    fn raw_values_are_read_as_names() {
        let parse = |raw| Name::parse(Product::Expressway, raw);
        assert_eq!(
            parse("clusterdb@expc02.Apolo.local"),
            Some(Name::Host("expc02.apolo.local".into()))
        );
        assert_eq!(parse("[2001:DB8::1]"), parse("2001:db8:0::1"));
        assert_eq!(parse("::ffff:10.0.0.1"), parse("10.0.0.1"));
        assert_eq!(parse("clusterdb@127.0.0.1"), None);
        assert_eq!(parse("not a name"), None);
        assert_eq!(
            Name::parse(Product::Mnesia, "'emqx@127.0.0.1'"),
            Some(Name::Host("emqx@127.0.0.1".into()))
        );
        assert_eq!(parse(""), None);
    }

    #[test]
    fn a_short_name_joins_its_only_long_one() {
        let seen = [
            "EXPC01",
            "expc01",
            "expc01.a.local",
            "expc02",
            "expc02.a.local",
            "expc02.b.local",
        ];
        let mut all = Seen::default();
        seen.iter()
            .for_each(|name| all.add(Product::Expressway, name));
        let mut names = Names::new(all);
        names.join_short_names();
        let of = |n| names.node(names.find(Product::Expressway, n).unwrap());
        assert_eq!(of("expc01"), of("expc01.a.local"));
        assert_ne!(of("expc02"), of("expc02.a.local"));
        assert_eq!(names.of_node(of("expc01")).0, ["EXPC01", "expc01.a.local"]);
    }
}
