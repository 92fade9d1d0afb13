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

    /// The folder or archive that holds this file: what one node's bundle usually is. Of an
    /// appliance's tree of logs it is what holds the tree, and of the archives that the node
    /// builds of single logs what holds those.
    pub fn unit(&self) -> &str {
        let folder = self.0.rfind('/').and_then(|at| self.0.get(..at));
        let unit = without_tree(folder.unwrap_or_default()).trim_end_matches('!');
        let (outer, name) = unit.rsplit_once('/').unwrap_or(("", unit));
        let built = name.starts_with("log_") && name.contains(".tar.");
        match built && folder.is_some_and(|folder| folder.len() > name.len()) {
            true => outer.trim_end_matches('!'),
            false => unit,
        }
    }

    /// Whether the file stands in an appliance's tree of logs.
    pub fn in_tree(&self) -> bool {
        let folder = self.0.rfind('/').and_then(|at| self.0.get(..at));
        folder.is_some_and(|folder| without_tree(folder).len() < folder.len())
    }

    /// The names of folders, archives and the file itself, the innermost first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.rsplit('/').map(|name| name.trim_end_matches('!'))
    }

    /// The file's own name without folders or archives.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or("")
    }
}

/// Folders with which an appliance's tree of logs begins.
const TREES: [(&str, &str); 6] = [
    ("epas", "trace"),
    ("tomcat", "logs"),
    ("cm", "trace"),
    ("cm", "log"),
    ("platform", "log"),
    ("taos-log-a", "syslog"),
];
/// Folders that stand above such a tree.
const ABOVE: [&str; 7] = [
    "active",
    "activelog",
    "taos-log-a",
    "taos-log-b",
    "log",
    "common",
    "var",
];

/// A path of folders without an appliance's tree of logs at its end.
fn without_tree(folder: &str) -> &str {
    let mut starts: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    for name in folder.split('/') {
        starts.push((at, name));
        at += name.len() + 1;
    }
    let pairs = starts.iter().zip(starts.iter().skip(1));
    let begins = pairs.map(|(a, b)| (a.1, b.1));
    let found = begins.enumerate().find(|(_, pair)| TREES.contains(pair));
    // the tree's system log stands in a folder of its own
    let last = starts.last().filter(|(_, name)| *name == "syslog");
    let Some(first) = found.map(|(nth, _)| nth).or(last.map(|_| starts.len() - 1)) else {
        return folder;
    };
    let above = starts.iter().take(first).rev();
    let above = above.take_while(|(_, name)| ABOVE.contains(name)).count();
    let cut = starts.get(first - above).map_or(0, |(at, _)| *at);
    folder.get(..cut.saturating_sub(1)).unwrap_or_default()
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
        let names: Vec<_> = o.names().collect();
        assert_eq!(names, ["x.txt", "log", "b.tar.gz", "a.zip", "dir"]);
    }

    #[test]
    fn the_logs_of_an_appliance_are_one_unit() {
        for (path, unit) in [
            ("imp1a/epas/trace/xcp/log/txt-conf-1_00.log.gz", "imp1a"),
            ("imp1a/syslog/CiscoSyslog", "imp1a"),
            (
                "imp1a/log_ha_2026-03-02.tar.gz!/epas/trace/srm/srm.log",
                "imp1a",
            ),
            (
                "imp1a/log_ha_2026-03-02.tar.gz!/common/log/taos-log-a/syslog/CiscoSyslog",
                "imp1a",
            ),
            (
                "log_ha_2026-03-02.tar.gz!/var/log/active/tomcat/logs/axl/a.log",
                "",
            ),
            (
                "all.zip!/imp1b/2026-03-02/cm/trace/dbl/sdi/dbmon.txt",
                "all.zip!/imp1b/2026-03-02",
            ),
            ("epas/trace/a.log", ""),
            ("log_book/a.txt", "log_book"),
            ("log_ha.tar.gz", ""),
            ("cm/a.log", "cm"),
        ] {
            assert_eq!(Origin::top(path).unit(), unit, "{path}");
        }
    }
}
