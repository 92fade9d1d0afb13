//! Names that a user may have meant.

/// Up to three of the candidates that are near to what was written, the nearest first; those that
/// are much farther away than the nearest are not offered.
pub(super) fn near<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let wanted: Vec<char> = wanted.to_lowercase().chars().take(80).collect();
    let limit = (wanted.len() / 3).max(1);
    let mut found: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter_map(|name| {
            let lower: Vec<char> = name.to_lowercase().chars().take(80).collect();
            let distance = distance(&wanted, &lower);
            let distance = distance.min(by_segment(&wanted, &lower).unwrap_or(usize::MAX));
            (distance <= limit).then_some((distance, name))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    let nearest = found.first().map_or(0, |(distance, _)| *distance);
    found.retain(|(distance, _)| *distance <= nearest + 1);
    found
        .into_iter()
        .take(3)
        .map(|(_, name)| name.to_owned())
        .collect()
}

/// How far `wanted` is from the start of a dotted or dashed name, segment by segment; none when it
/// is no such name, or when a segment is too far away to be a slip.
///
/// `cms.db.conection` is two changes away from `cms.db.connection-refused`: a letter, and a rest.
fn by_segment(wanted: &[char], name: &[char]) -> Option<usize> {
    let split = |text: &[char]| -> Vec<Vec<char>> {
        text.split(|c| matches!(c, '.' | '-' | '_'))
            .map(<[char]>::to_vec)
            .collect()
    };
    let (wanted, name) = (split(wanted), split(name));
    if wanted.len() < 2 || wanted.len() > name.len() {
        return None;
    }
    let mut sum = usize::from(wanted.len() < name.len());
    for (own, other) in wanted.iter().zip(&name) {
        let apart = distance(own, other);
        if apart > own.len() / 3 {
            return None;
        }
        sum += apart;
    }
    Some(sum)
}

/// Insertions, removals and replacements between two words.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let cost = corner + usize::from(x != y);
            corner = *cell;
            left = cost.min(corner + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let of = |a: &str, b: &str| {
            distance(
                &a.chars().collect::<Vec<_>>(),
                &b.chars().collect::<Vec<_>>(),
            )
        };
        assert_eq!(of("", ""), 0);
        assert_eq!(of("abc", ""), 3);
        assert_eq!(of("", "ab"), 2);
        assert_eq!(of("kitten", "sitting"), 3);
    }

    #[test]
    fn a_start_with_a_slip_is_near() {
        let known = [
            "cms.db.connection-refused",
            "cms.db.connection-blocked",
            "cms.db.no-primary",
            "net.tcp.refused",
        ];
        let refused = ["cms.db.connection-blocked", "cms.db.connection-refused"];
        assert_eq!(near("cms.db.conection", known), refused);
        assert_eq!(near("cms.db.connection", known), refused);
        assert!(near("cms.xx", known).is_empty());
    }

    #[test]
    fn only_near_names_the_nearest_first() {
        assert_eq!(
            near(
                "cms.db.conection",
                ["imp.x", "cms.db.connections", "cms.db.connection"]
            ),
            ["cms.db.connection", "cms.db.connections"]
        );
        assert!(near("zzz", ["abc"]).is_empty());
    }
}
