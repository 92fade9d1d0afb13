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
