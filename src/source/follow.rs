//! A file that is still being written, from its beginning: what is appended is read until somebody
//! says stop. A file that was rotated away is read to its end before the new one begins; one that
//! was emptied begins anew.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::select::Identity;

/// How often the end of the file is looked at.
const GLANCE: Duration = Duration::from_millis(100);

/// A growing file as a stream that ends after a stop.
pub(super) struct Follow {
    path: PathBuf,
    file: File,
    identity: Identity,
    read: u64,
    last: u8,
    stop: Arc<AtomicBool>,
}

impl Follow {
    /// Opens a file.
    ///
    /// # Errors
    /// Those of opening it.
    pub(super) fn open(path: &Path, stop: Arc<AtomicBool>) -> io::Result<Self> {
        let (file, identity) = open(path)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            identity,
            read: 0,
            last: b'\n',
            stop,
        })
    }

    fn some(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(out)?;
        self.read = self.read.saturating_add(read as u64);
        if let Some(last) = read.checked_sub(1).and_then(|at| out.get(at)) {
            self.last = *last;
        }
        Ok(read)
    }

    /// Goes on with what now has the file's name, if that is another one or begins anew. True when
    /// it does.
    fn turn(&mut self) -> io::Result<bool> {
        if self.file.metadata()?.len() < self.read {
            self.file.seek(SeekFrom::Start(0))?;
        } else {
            let Ok(now) = fs::metadata(&self.path) else {
                // between the two steps of a rotation there is none
                return Ok(false);
            };
            if !now.is_file() || Identity::of(&self.path, &now) == self.identity {
                return Ok(false);
            }
            let Ok((file, identity)) = open(&self.path) else {
                return Ok(false);
            };
            (self.file, self.identity) = (file, identity);
        }
        self.read = 0;
        Ok(true)
    }
}

fn open(path: &Path) -> io::Result<(File, Identity)> {
    let file = File::open(path)?;
    let metadata: Metadata = file.metadata()?;
    let identity = Identity::of(path, &metadata);
    Ok((file, identity))
}

impl Read for Follow {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            // asked before the file is: what was there at the stop is still read
            let stop = self.stop.load(Ordering::Relaxed);
            let read = self.some(out)?;
            if read > 0 {
                return Ok(read);
            }
            let torn = self.last != b'\n';
            if self.turn()? {
                if let Some(first) = out.first_mut().filter(|_| torn) {
                    // the last line of the old file does not go on in the new one
                    *first = b'\n';
                    self.last = b'\n';
                    return Ok(1);
                }
            } else if stop {
                return Ok(0);
            } else {
                thread::sleep(GLANCE);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    /// Reads until `text` ends with what is awaited.
    fn read_to(follow: &mut Follow, end: &str) -> String {
        let mut text = String::new();
        while !text.ends_with(end) {
            let mut some = [0; 5];
            let read = follow.read(&mut some).unwrap();
            text.push_str(std::str::from_utf8(&some[..read]).unwrap());
        }
        text
    }

    #[test]
    fn what_is_appended_rotated_and_emptied_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "one\ntwo").unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let mut follow = Follow::open(&path, Arc::clone(&stop)).unwrap();
        assert_eq!(read_to(&mut follow, "two"), "one\ntwo");
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b" and a half").unwrap();
        assert_eq!(read_to(&mut follow, "half"), " and a half");
        fs::rename(&path, folder.path().join("log.1")).unwrap();
        file.write_all(b" late").unwrap();
        fs::write(&path, "new\n").unwrap();
        assert_eq!(read_to(&mut follow, "new\n"), " late\nnew\n");
        File::create(&path).unwrap();
        fs::write(&path, "x\n").unwrap();
        assert_eq!(read_to(&mut follow, "x\n"), "x\n");
        fs::write(&path, "x\nlast").unwrap();
        stop.store(true, Ordering::Relaxed);
        let mut rest = String::new();
        follow.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "last");
    }
}
