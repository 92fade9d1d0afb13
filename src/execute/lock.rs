//! One run per cluster at a time.
//!
//! A lock file holds who runs, since when and with which journal. The kernel releases the lock
//! when its holder dies, and the file still says what he was doing: a run that was cut off is never
//! passed over in silence.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Who holds a lock, or held it when he died.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Id of the process.
    pub pid: u32,
    /// Since when, RFC 3339.
    pub since: String,
    /// Journal of the run.
    pub journal: PathBuf,
}

/// A lock that this process holds.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process runs on the cluster.
    #[error("another run on this cluster is under way")]
    Busy(Option<Held>),
    /// The run that held the lock did not come to its end.
    #[error("an earlier run on this cluster did not come to its end")]
    Stale(Held, PathBuf),
    /// The file cannot be used.
    #[error("cannot use the lock file '{}'", .0.display())]
    Io(PathBuf, #[source] io::Error),
}

impl Lock {
    /// Takes the lock of a cluster. A lock that a dead run left is taken only by whoever resumes
    /// its journal.
    ///
    /// # Errors
    /// Another run, a run that was cut off, or a file that cannot be used.
    pub fn take(path: &Path, held: &Held) -> Result<Self, LockError> {
        let io = |error| LockError::Io(path.to_owned(), error);
        let mut file = loop {
            let file = locked(path)?;
            // who gave it back meanwhile took its name away: the next one makes another file
            if is_still(&file, path).map_err(io)? {
                break file;
            }
        };
        if let Some(left) = read(&mut file).filter(|left| left.journal != held.journal) {
            return Err(LockError::Stale(left, path.to_owned()));
        }
        let mut lock = Self {
            file,
            path: path.to_owned(),
        };
        let text = serde_json::to_vec(held).map_err(|error| io(error.into()))?;
        lock.write(&text).map_err(io)?;
        Ok(lock)
    }

    /// Gives the lock back after a run that came to its end.
    ///
    /// # Errors
    /// The file cannot be emptied: the next run will take this one for cut off.
    pub fn release(mut self) -> io::Result<()> {
        self.write(b"")?;
        fs::remove_file(&self.path)
    }

    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        self.file.rewind()?;
        self.file.set_len(0)?;
        self.file.write_all(text)?;
        self.file.sync_all()
    }
}

/// The file of a lock, held by nobody else.
fn locked(path: &Path) -> Result<File, LockError> {
    let io = |error| LockError::Io(path.to_owned(), error);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LockError::Busy(read(&mut file))),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

/// True when the path still names this file.
#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let own = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (own.dev(), own.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// True when the path still names this file: elsewhere a file that is open keeps its name.
#[cfg(not(unix))]
fn is_still(_: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}

/// Who is told in a lock file; nobody in an empty one.
fn read(file: &mut File) -> Option<Held> {
    let mut text = String::new();
    file.take(64 << 10).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(journal: &str) -> Held {
        Held {
            pid: 7,
            since: "2026-01-01T00:00:00Z".to_owned(),
            journal: journal.into(),
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_whose_name_went_away_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lab.lock");
        let first = locked(&path).unwrap();
        assert!(is_still(&first, &path).unwrap());
        fs::remove_file(&path).unwrap();
        assert!(!is_still(&first, &path).unwrap());
        let second = Lock::take(&path, &held("b")).unwrap();
        assert!(!is_still(&first, &path).unwrap());
        assert!(is_still(&second.file, &path).unwrap());
    }

    #[test]
    fn a_lock_is_taken_once_and_outlives_a_dead_run_until_it_is_resumed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lab.lock");
        let first = Lock::take(&path, &held("a")).unwrap();
        let second = Lock::take(&path, &held("b"));
        assert!(matches!(second, Err(LockError::Busy(Some(by))) if by.journal == Path::new("a")));
        // the process dies
        drop(first);
        let other = Lock::take(&path, &held("b"));
        assert!(matches!(other, Err(LockError::Stale(left, _)) if left == held("a")));
        let resumed = Lock::take(&path, &held("a")).unwrap();
        resumed.release().unwrap();
        assert!(Lock::take(&path, &held("b")).is_ok());
    }
}
