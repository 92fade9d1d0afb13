//! Where things go: the names of members in the output, and outputs that are refused.

use std::fs;
use std::path::Path;

use super::{folder, real, refuse};
use crate::cli::failure::Failure;

/// Endings of files that hold one packed file.
const PACKED: [&str; 4] = [".gz", ".bz2", ".xz", ".zst"];

/// What is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Single {
    /// Several files, or a folder.
    No,
    /// One file that is no archive.
    Plain,
    /// One archive.
    Archive,
}

/// The paths of a task, judged.
#[derive(Debug)]
pub(super) struct Places {
    /// One file is given.
    pub(super) single: Single,
    paths: Vec<String>,
}

impl Places {
    /// Judges them.
    ///
    /// # Errors
    /// When something would be overwritten, or read and written at a time.
    pub(super) fn new(
        paths: &[String],
        output: &Path,
        map: Option<&Path>,
    ) -> Result<Self, Failure> {
        let shown = output.display();
        if fs::symlink_metadata(output).is_ok() {
            return Err(refuse(
                format!("cannot write to '{shown}'"),
                "it exists",
                "name a new file or folder",
            ));
        }
        let (to, map_at) = (real(output), map.map(real));
        let map_in = |folder: &Path| map_at.as_ref().is_some_and(|map| map.starts_with(folder));
        if !folder(output).is_dir() {
            return Err(refuse(
                format!("cannot write to '{shown}'"),
                "the folder that it would stand in does not exist",
                "make the folder first, or name another place",
            ));
        }
        if map_in(&to) {
            return Err(refuse(
                format!("cannot keep the map in '{shown}'"),
                "who gets the output must not get the map",
                "name a file elsewhere by '--map'",
            ));
        }
        for path in paths {
            let known = fs::metadata(path);
            if path == "-"
                || known
                    .as_ref()
                    .is_ok_and(|known| !known.is_file() && !known.is_dir())
            {
                return Err(refuse(
                    format!("cannot redact '{path}'"),
                    "it can be read only once, and names have to be known before anything is written",
                    "save it to a file first",
                ));
            }
            let from = real(Path::new(path));
            if to.starts_with(&from) {
                return Err(refuse(
                    format!("cannot write to '{shown}'"),
                    &format!("it lies in '{path}', which is read"),
                    "name a place outside of the input",
                ));
            }
            if map_in(&from) {
                return Err(refuse(
                    "cannot keep the map there",
                    &format!("it lies in '{path}', which is read"),
                    "name a place outside of the input",
                ));
            }
        }
        let single = match paths {
            [path] if Path::new(path).is_file() => Single::Plain,
            _ => Single::No,
        };
        Ok(Self {
            single,
            paths: paths.to_vec(),
        })
    }

    /// What is left out of the beginning of every name: the folders that all have in common. A
    /// folder or archive whose own name says whose it is keeps it.
    pub(super) fn prefix(&self, mut telling: impl FnMut(&str) -> bool) -> String {
        let split = |path: &str| -> Vec<String> { path.split('/').map(str::to_owned).collect() };
        let trimmed = |path: &String| path.trim_end_matches('/').to_owned();
        let mut common = match self.paths.as_slice() {
            [one] => {
                let path = split(&trimmed(one));
                let telling = path.last().is_some_and(|name| telling(name));
                let length = path.len().saturating_sub(usize::from(telling));
                path.into_iter().take(length).collect()
            }
            [first, ..] => {
                let mut first = split(&trimmed(first));
                first.pop();
                first
            }
            [] => Vec::new(),
        };
        for path in self.paths.iter().skip(1) {
            let mut other = split(&trimmed(path));
            other.pop();
            let same = common
                .iter()
                .zip(&other)
                .take_while(|(a, b)| a == b)
                .count();
            common.truncate(same);
        }
        common.join("/")
    }
}

/// The name of a member below the output.
pub(super) fn relative(prefix: &str, origin: &str) -> String {
    let rest = match origin.strip_prefix(prefix) {
        Some("") => origin.rsplit('/').next().unwrap_or(origin),
        Some(rest) => rest,
        None => origin,
    };
    let rest = rest.trim_start_matches('!').trim_start_matches('/');
    let usable = |part: &&str| !matches!(*part, "" | "." | ".." | "!");
    let parts: Vec<String> = rest
        .split('/')
        .map(|part| part.trim_end_matches('!'))
        .filter(usable)
        .map(|part| part.chars().filter(|c| !c.is_control()).collect())
        .collect();
    let name = parts.join("/");
    let packed = PACKED.iter().find_map(|ending| name.strip_suffix(ending));
    let name = packed
        .filter(|name| !name.is_empty() && !name.ends_with('/'))
        .unwrap_or(&name);
    match name {
        "" => "unnamed".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(paths: &[&str]) -> Places {
        Places {
            single: Single::No,
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        }
    }

    #[test]
    fn names_begin_where_the_inputs_differ() {
        for (paths, prefix, origin, name) in [
            (&["logs/"][..], "logs", "logs/a/x.log", "a/x.log"),
            (
                &["/x/b.zip"],
                "/x/b.zip",
                "/x/b.zip!/n/c.tar.gz!/y.log.gz",
                "n/c.tar.gz/y.log",
            ),
            (&["/x/a.log"], "/x/a.log", "/x/a.log", "a.log"),
            (&["n1/log", "n2/log"], "", "n1/log", "n1/log"),
            (&["/t/n1/log", "/t/n2/x"], "/t", "/t/n1/log/y", "n1/log/y"),
            (&["imp1a"], "", "imp1a/y", "imp1a/y"),
            (&["a.zip"], "a.zip", "a.zip!/../../etc/x", "etc/x"),
        ] {
            let found = places(paths).prefix(|name| name == "imp1a");
            assert_eq!(found, prefix, "{paths:?}");
            assert_eq!(relative(&found, origin), name, "{paths:?}");
        }
    }
}
