//! The output while it is made: a hidden folder beside it that goes away unless it is published.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::folder;
use super::map_file::{make_folder, private};
use super::places::Single;
use crate::pipeline::redact::{Sink, Spool};
use crate::source::pack::{Pack, Packed, pack};

/// A file that is being written.
#[derive(Debug)]
struct Open {
    file: io::BufWriter<File>,
    modified: Option<i64>,
}

/// The members that were written.
#[derive(Debug)]
pub(super) struct Tree {
    root: PathBuf,
    /// Where the members stand.
    members: PathBuf,
    names: BTreeMap<String, Option<i64>>,
    open: Option<Open>,
}

impl Drop for Tree {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.root);
    }
}

impl Tree {
    /// A new one, beside the output.
    pub(super) fn new(output: &Path) -> io::Result<Self> {
        let name = output.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.tmp", std::process::id()));
        let root = folder(output).join(hidden);
        if fs::symlink_metadata(&root).is_ok() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                format!("'{}' is in the way", root.display()),
            ));
        }
        if !folder(output).is_dir() {
            return Err(io::ErrorKind::NotFound.into());
        }
        make_folder(&root)?;
        let members = root.join("members");
        make_folder(&members)?;
        Ok(Self {
            root,
            members,
            names: BTreeMap::new(),
            open: None,
        })
    }

    /// A name that no other member has, and that no other one needs as a folder.
    fn free(&self, name: &str) -> String {
        let taken = |name: &str| {
            let below = format!("{name}/");
            let folders = name.match_indices('/').filter_map(|(at, _)| name.get(..at));
            self.names.contains_key(name)
                || self
                    .names
                    .range(below.clone()..)
                    .next()
                    .is_some_and(|(other, _)| other.starts_with(&below))
                || folders
                    .into_iter()
                    .any(|folder| self.names.contains_key(folder))
        };
        let mut free = name.to_owned();
        let mut number = 2_u64;
        while taken(&free) {
            free = match name.rsplit_once('/') {
                Some((folder, file)) if taken(folder) => format!("{folder}-{number}/{file}"),
                _ => format!("{name}-{number}"),
            };
            number += 1;
        }
        free
    }

    /// What is to be published: of a plain file its copy, of an archive an archive of the kind that
    /// the output is named after, else the input; of more than one file the folder.
    pub(super) fn shape(
        &self,
        single: Single,
        inputs: &[String],
        output: &Path,
    ) -> io::Result<PathBuf> {
        let name = output.file_name().unwrap_or_default().to_string_lossy();
        let named = || inputs.iter().find_map(|input| Pack::of(input));
        match (single, self.names.keys().next()) {
            (Single::Plain, Some(only)) => Ok(self.members.join(only)),
            (Single::Archive, Some(_)) => {
                self.packed(Pack::of(&name).or_else(named).unwrap_or(Pack::TarGz))
            }
            _ => Ok(self.members.clone()),
        }
    }

    fn packed(&self, kind: Pack) -> io::Result<PathBuf> {
        let file = |(name, modified): (&String, &Option<i64>)| Packed {
            name: name.clone(),
            path: self.members.join(name),
            modified: *modified,
        };
        let files: Vec<Packed> = self.names.iter().map(file).collect();
        let path = self.root.join("packed");
        pack(kind, &files, private(&path)?)?;
        Ok(path)
    }

    /// Gives the result its name.
    pub(super) fn publish(&self, result: &Path, output: &Path) -> io::Result<()> {
        if fs::symlink_metadata(output).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(result, output)
    }
}

impl Sink for Tree {
    fn begin(&mut self, name: &str, modified: Option<i64>) -> io::Result<()> {
        let name = self.free(name);
        let path = self.members.join(&name);
        make_folder(path.parent().unwrap_or(&self.members))?;
        let file = private(&path)?;
        self.names.insert(name, modified);
        self.open = Some(Open {
            file: io::BufWriter::new(file),
            modified,
        });
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.open {
            Some(open) => open.file.write_all(bytes),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let file = open
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        let seconds = open
            .modified
            .and_then(|seconds| u64::try_from(seconds).ok());
        if let Some(seconds) = seconds {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            // a time that the disk cannot hold stays today's
            _ = file.set_modified(time);
        }
        Ok(())
    }

    fn spool(&mut self) -> io::Result<Box<dyn Spool>> {
        let path = self.root.join("spool");
        let file = private(&path)?;
        // it goes away with whoever reads it
        fs::remove_file(&path)?;
        Ok(Box::new(file))
    }
}
