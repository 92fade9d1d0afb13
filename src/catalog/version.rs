//! Ranges of software versions, such as `>=X14.0, <X15`.

use serde::{Deserialize, Serialize};

/// How a version compares with a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Bound {
    AtLeast,
    Above,
    AtMost,
    Below,
}

/// Versions that a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// As the rule has it.
    pub written: String,
    bounds: Vec<(Bound, Vec<u32>)>,
}

impl Versions {
    /// Reads comparisons that are joined by commas; `None` when one of them is none.
    pub fn parse(written: &str) -> Option<Self> {
        let bounds = written.split(',').map(|part| {
            let part = part.trim();
            let signs = [
                (">=", Bound::AtLeast),
                ("<=", Bound::AtMost),
                (">", Bound::Above),
                ("<", Bound::Below),
            ];
            let (sign, bound) = signs.iter().find(|(sign, _)| part.starts_with(sign))?;
            Some((*bound, numbers(part.strip_prefix(sign)?)?))
        });
        Some(Self {
            bounds: bounds.collect::<Option<_>>()?,
            written: written.to_owned(),
        })
    }

    /// Whether a version lies in the range; `None` when it cannot be read as a version.
    pub fn hold(&self, version: &str) -> Option<bool> {
        let version = numbers(version)?;
        Some(self.bounds.iter().all(|(bound, limit)| {
            // X14 and X14.0 are the same release
            let len = version.len().max(limit.len());
            let padded = |of: &[u32]| {
                let mut of = of.to_vec();
                of.resize(len, 0);
                of
            };
            let (version, limit) = (padded(&version), padded(limit));
            match bound {
                Bound::AtLeast => version >= limit,
                Bound::Above => version > limit,
                Bound::AtMost => version <= limit,
                Bound::Below => version < limit,
            }
        }))
    }
}

/// The numbers of `X14.0.7` or `3.8.1`; what follows them, such as a build, is left out.
fn numbers(version: &str) -> Option<Vec<u32>> {
    let version = version.trim().trim_start_matches(['X', 'x', 'V', 'v']);
    let end = version
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(version.len());
    let version = version.get(..end)?.trim_end_matches('.');
    version
        .split('.')
        .map(|number| number.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        let holds = |range: &str, version: &str| Versions::parse(range).unwrap().hold(version);
        assert_eq!(holds(">=2.7", "2.10.1"), Some(true));
        assert_eq!(holds(">=2.7", "2.6.9"), Some(false));
        assert_eq!(holds(">=X14.0, <X15", "X14.3.2"), Some(true));
        assert_eq!(holds(">=X14.0, <X15", "X15.0"), Some(false));
        assert_eq!(holds("<=X14", "X14.0.0"), Some(true));
        assert_eq!(holds(">X14", "x14.0.1-build5"), Some(true));
        assert_eq!(holds(">=2.7", "unknown"), None);
        assert_eq!(holds(">=2.7", ""), None);
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for wrong in ["", "2.7", ">=", ">=2.7,", "=>2.7", ">=two"] {
            assert_eq!(Versions::parse(wrong), None, "{wrong}");
        }
    }
}
