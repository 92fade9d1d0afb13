//! Whom something is about: a node and its peer, each of which a record may leave open.

use std::collections::BTreeMap;

/// (node, peer); `None` fits any.
pub(super) type Key = (Option<usize>, Option<usize>);

/// Things of one (node, peer) each.
pub(super) type ByKey<T> = BTreeMap<Key, Vec<T>>;

/// The lists of everything whose key fits.
pub(super) fn fitting<T>(things: &ByKey<T>, key: Key) -> impl Iterator<Item = &Vec<T>> {
    let all: Box<dyn Iterator<Item = (&Key, &Vec<T>)>> = match key {
        // only four keys can fit a full one, and only one and a range one without a peer
        (Some(_), Some(_)) => Box::new(
            [key, (key.0, None), (None, key.1), (None, None)]
                .into_iter()
                .filter_map(|k| things.get_key_value(&k)),
        ),
        (Some(_), None) => Box::new(
            things
                .get_key_value(&(None, None))
                .into_iter()
                .chain(things.range(key..=(key.0, Some(usize::MAX)))),
        ),
        _ => Box::new(things.iter().filter(move |(other, _)| fits(**other, key))),
    };
    all.map(|(_, list)| list)
}

/// True when both may speak of the same nodes. Where one names only the node and the other only
/// the peer, nothing says that they do.
pub(super) fn fits(a: Key, b: Key) -> bool {
    let one = |a: Option<usize>, b: Option<usize>| a.is_none() || b.is_none() || a == b;
    let half = |a: Key, b: Key| a.0.is_some() && a.1.is_none() && b.0.is_none() && b.1.is_some();
    one(a.0, b.0) && one(a.1, b.1) && !half(a, b) && !half(b, a)
}
