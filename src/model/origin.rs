//! Where a piece of text stands, so that every claim can be found again.

use std::fmt;
use std::sync::Arc;

/// Separates an archive from its member in a printed origin.
pub const MEMBER: &str = "!/";

/// A file as the user can find it: the path as given, then archive members joined by `!/`.
///
/// Never made absolute. Ordered as text, so that a set of inputs has one order whatever the
/// order of the arguments was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(Arc<str>);

impl Origin {
    /// A path as the user gave it; `-` is standard input.
    pub fn top(path: &str) -> Self {
        Self(path.into())
    }

    /// The member `name` inside this archive. A leading `/` or `./` of the name is dropped.
    pub fn member(&self, name: &str) -> Self {
        let name = name.trim_start_matches("./").trim_start_matches('/');
        Self(format!("{}{MEMBER}{name}", self.0).into())
    }

    /// The text as it is printed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder or archive that holds this file: what one node's bundle usually is.
    pub fn unit(&self) -> &str {
        self.0
            .rfind('/')
            .and_then(|at| self.0.get(..at))
            .map_or("", |unit| unit.trim_end_matches('!'))
    }

    /// The file's own name without folders or archives.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or("")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_joined_and_units_are_containers() {
        let o = Origin::top("dir/a.zip")
            .member("./b.tar.gz")
            .member("log/x.txt");
        assert_eq!(o.as_str(), "dir/a.zip!/b.tar.gz!/log/x.txt");
        assert_eq!(o.unit(), "dir/a.zip!/b.tar.gz!/log");
        assert_eq!(Origin::top("a.zip").member("x").unit(), "a.zip");
        assert_eq!(Origin::top("x").unit(), "");
        assert_eq!(o.file_name(), "x.txt");
    }
}
