//! Which files the given paths stand for, each once and in one order.

use std::collections::HashSet;
use std::fs::{self, FileType, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::slice;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::UNIX_EPOCH;

use crate::model::origin::Origin;
use crate::model::report::ReadStatus;

/// Why a path that was given cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Nothing is there.
    #[error("no such file or folder: '{path}'")]
    NotFound {
        /// The path as given.
        path: String,
    },
    /// Something is there that cannot be read.
    #[error("cannot read '{path}'")]
    Unreadable {
        /// The path as given.
        path: String,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// Two or more of the paths cannot be used.
    #[error("{} paths cannot be read", .0.len())]
    Several(Vec<SourceError>),
}

impl SourceError {
    /// Each problem on its own, in the order of the paths.
    pub fn problems(&self) -> &[SourceError] {
        match self {
            Self::Several(problems) => problems,
            one => slice::from_ref(one),
        }
    }
}

/// What the given paths stand for: checked, sorted by origin, each file once.
#[derive(Debug, Default)]
pub struct Selection {
    items: Vec<Item>,
    total_bytes: u64,
}

impl Selection {
    /// Size of all regular files on disk, in bytes.
    pub fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// The same with a text that stands in no file: what somebody pasted or a node answered.
    #[must_use]
    pub fn with_text(mut self, origin: &str, text: Arc<str>) -> Self {
        self.total_bytes = self.total_bytes.saturating_add(text.len() as u64);
        self.items.push(Item {
            origin: Origin::top(origin),
            what: What::Text(text),
        });
        self.items.sort_by(|a, b| a.origin.cmp(&b.origin));
        self
    }

    pub(super) fn items(&self) -> &[Item] {
        &self.items
    }
}

/// One thing to read, or one that cannot be.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) origin: Origin,
    pub(super) what: What,
}

/// How it is read.
#[derive(Debug)]
pub(super) enum What {
    /// A regular file.
    File {
        path: PathBuf,
        size: u64,
        modified: Option<i64>,
    },
    /// A named pipe or a device that was given explicitly.
    Stream(PathBuf),
    /// A file that grows until the flag is set.
    Followed(PathBuf, Arc<AtomicBool>),
    /// Standard input.
    Stdin,
    /// Text that is held in memory.
    Text(Arc<str>),
    /// It is not read, because …
    Gap(ReadStatus, String),
}

/// Checks every path before anything is read, and finds the files in folders.
///
/// `-` is standard input. Links are followed when given, not when met inside a folder.
///
/// # Errors
/// Paths that do not exist or cannot be read; [`SourceError::problems`] has all of them. What
/// cannot be read inside a folder is no error but a [`super::Gap`] of the walk.
pub fn select(paths: &[String]) -> Result<Selection, SourceError> {
    let mut found = Found::default();
    let mut problems = Vec::new();
    for path in paths {
        if let Err(problem) = found.argument(path) {
            problems.push(problem);
        }
    }
    match problems.len() {
        0 => Ok(found.selection()),
        1 => Err(problems.remove(0)),
        _ => Err(SourceError::Several(problems)),
    }
}

/// Every file on its own, to be followed while it grows: read from the beginning, and on until
/// `stop` is set. Named pipes are read as always.
///
/// # Errors
/// Those of [`select`].
pub fn follow(paths: &[String], stop: &Arc<AtomicBool>) -> Result<Vec<Selection>, SourceError> {
    let one = |mut item: Item| {
        if let What::File { path, .. } = item.what {
            item.what = What::Followed(path, Arc::clone(stop));
        }
        Selection {
            items: vec![item],
            total_bytes: 0,
        }
    };
    Ok(select(paths)?.items.into_iter().map(one).collect())
}

/// What was found so far, with what tells two ways to one file from two files.
#[derive(Default)]
struct Found(Vec<(Item, Identity)>);

impl Found {
    fn argument(&mut self, path: &str) -> Result<(), SourceError> {
        if path == "-" {
            self.push(path, What::Stdin, Identity::Stdin);
            return Ok(());
        }
        let unreadable = |cause: io::Error| match cause.kind() {
            io::ErrorKind::NotFound if fs::symlink_metadata(path).is_ok() => {
                let cause = io::Error::new(io::ErrorKind::NotFound, "the link leads nowhere");
                SourceError::Unreadable {
                    path: path.to_owned(),
                    cause,
                }
            }
            io::ErrorKind::NotFound => SourceError::NotFound {
                path: path.to_owned(),
            },
            _ => SourceError::Unreadable {
                path: path.to_owned(),
                cause,
            },
        };
        let metadata = fs::metadata(path).map_err(unreadable)?;
        let kind = metadata.file_type();
        if kind.is_dir() {
            fs::read_dir(path).map_err(unreadable)?;
            let given = path.trim_end_matches('/');
            self.folder(given.to_owned(), Path::new(path), &metadata);
        } else if kind.is_file() {
            fs::File::open(path).map_err(unreadable)?;
            self.file(path, PathBuf::from(path), &metadata);
        } else if is_socket(kind) {
            let cause = io::Error::new(io::ErrorKind::Unsupported, "it is a socket");
            return Err(unreadable(cause));
        } else {
            let identity = Identity::of(Path::new(path), &metadata);
            let stream = What::Stream(PathBuf::from(path));
            self.push(path, stream, identity);
        }
        Ok(())
    }

    /// Finds what is in a folder and in the folders below it.
    fn folder(&mut self, origin: String, path: &Path, metadata: &Metadata) {
        let identity = Identity::of(path, metadata);
        let mut folders = vec![(origin, path.to_path_buf(), identity)];
        while let Some((origin, path, identity)) = folders.pop() {
            let entries = match fs::read_dir(&path) {
                Ok(entries) => entries,
                Err(error) => {
                    let note = format!("the folder cannot be read: {error}");
                    self.push(&origin, What::Gap(ReadStatus::Unread, note), identity);
                    continue;
                }
            };
            for entry in entries {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        let note = format!("the folder cannot be read to its end: {error}");
                        let gap = What::Gap(ReadStatus::Partial, note);
                        self.push(&origin, gap, identity.clone());
                        break;
                    }
                };
                let inner = format!("{origin}/{}", entry.file_name().to_string_lossy());
                // This asks about a link itself, not about what it points to.
                match entry.metadata() {
                    Ok(metadata) if metadata.is_dir() => {
                        let identity = Identity::of(&entry.path(), &metadata);
                        folders.push((inner, entry.path(), identity));
                    }
                    Ok(metadata) => self.inside(&inner, entry.path(), &metadata),
                    Err(error) => {
                        let note = format!("it cannot be read: {error}");
                        let identity = Identity::Path(entry.path());
                        self.push(&inner, What::Gap(ReadStatus::Unread, note), identity);
                    }
                }
            }
        }
    }

    /// Something in a folder that is not a folder.
    fn inside(&mut self, origin: &str, path: PathBuf, metadata: &Metadata) {
        let kind = metadata.file_type();
        if kind.is_symlink() {
            return;
        }
        if kind.is_file() {
            self.file(origin, path, metadata);
            return;
        }
        let note = format!("it is {}, which is not read from a folder", special(kind));
        let identity = Identity::of(&path, metadata);
        self.push(origin, What::Gap(ReadStatus::Unread, note), identity);
    }

    fn file(&mut self, origin: &str, path: PathBuf, metadata: &Metadata) {
        let identity = Identity::of(&path, metadata);
        let size = metadata.len();
        let modified = modified(metadata);
        let file = What::File {
            path,
            size,
            modified,
        };
        self.push(origin, file, identity);
    }

    fn push(&mut self, origin: &str, what: What, identity: Identity) {
        let origin = Origin::top(origin);
        self.0.push((Item { origin, what }, identity));
    }

    /// Sorts, and keeps the first of several ways to one file.
    fn selection(mut self) -> Selection {
        // Names that are no text may share an origin; the path on disk keeps their order.
        self.0.sort_by(|(a, _), (b, _)| {
            (a.origin.cmp(&b.origin)).then_with(|| a.what.path().cmp(&b.what.path()))
        });
        let mut seen = HashSet::new();
        let mut selection = Selection::default();
        for (item, identity) in self.0 {
            if !seen.insert(identity) {
                continue;
            }
            if let What::File { size, .. } = item.what {
                selection.total_bytes = selection.total_bytes.saturating_add(size);
            }
            selection.items.push(item);
        }
        selection
    }
}

impl What {
    fn path(&self) -> Option<&Path> {
        match self {
            Self::File { path, .. } | Self::Stream(path) | Self::Followed(path, _) => Some(path),
            Self::Stdin | Self::Text(_) | Self::Gap(..) => None,
        }
    }
}

/// What tells two ways to one file from two files.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Identity {
    Stdin,
    #[cfg(unix)]
    Inode(u64, u64),
    Path(PathBuf),
}

impl Identity {
    #[cfg(unix)]
    pub(super) fn of(_path: &Path, metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self::Inode(metadata.dev(), metadata.ino())
    }

    #[cfg(not(unix))]
    pub(super) fn of(path: &Path, _metadata: &Metadata) -> Self {
        Self::Path(fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf()))
    }
}

/// Whole seconds since 1970.
fn modified(metadata: &Metadata) -> Option<i64> {
    let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

#[cfg(unix)]
fn is_socket(kind: FileType) -> bool {
    use std::os::unix::fs::FileTypeExt;
    kind.is_socket()
}

#[cfg(not(unix))]
fn is_socket(_kind: FileType) -> bool {
    false
}

#[cfg(unix)]
fn special(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn special(_kind: FileType) -> &'static str {
    "not a regular file"
}
