//! The journal on disk: append-only, synchronised before the next thing happens.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::model::digest::sha256;
use crate::model::journal::{Answer, Entry, Record, SCHEMA};
use crate::model::plan::Plan;
use crate::model::time::rfc3339;

/// Largest journal that is read.
const LARGEST: u64 = 256 << 20;

/// Hides secrets in a text.
pub type Mask = Box<dyn Fn(&str) -> String + Send>;

/// A journal that is being written; without a file it only counts.
pub struct Journal {
    file: Option<File>,
    mask: Mask,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It cannot be read or written.
    #[error("cannot use the journal '{}'", .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// It is none.
    #[error("'{}' is no journal of clusterdx: {}", .0.display(), .1)]
    Unknown(PathBuf, String),
}

impl Journal {
    /// A journal that goes nowhere, for a run that changes nothing.
    pub fn nowhere() -> Self {
        Self {
            file: None,
            mask: Box::new(str::to_owned),
        }
    }

    /// Begins a journal in a new file that only its owner may read.
    ///
    /// # Errors
    /// The file exists or cannot be made.
    pub fn create(path: &Path, plan: &Plan, mask: Mask) -> Result<Self, JournalError> {
        let io = |error| JournalError::Io(path.to_owned(), error);
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(io)?;
        let mut journal = Self {
            file: Some(file),
            mask,
        };
        if let Err(error) = journal.begin(path, plan) {
            // nobody could resume it
            _ = fs::remove_file(path);
            return Err(io(error));
        }
        Ok(journal)
    }

    fn begin(&mut self, path: &Path, plan: &Plan) -> io::Result<()> {
        let plan = Box::new(plan.clone());
        self.put(Some(SCHEMA), Record::Plan { plan })?;
        // the name of the file has to survive as well
        match path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }

    /// The plan of a journal; nothing is changed.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn plan_of(path: &Path) -> Result<Plan, JournalError> {
        planned(path, Self::entries(path)?.into_iter().next())
    }

    /// Everything that a journal says; nothing is changed.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn entries(path: &Path) -> Result<Vec<Entry>, JournalError> {
        let io = |error| JournalError::Io(path.to_owned(), error);
        let mut file = File::open(path).map_err(io)?;
        let (entries, _) = read(&mut file).map_err(io)?;
        entries.map_err(|why| JournalError::Unknown(path.to_owned(), why))
    }

    /// Opens a journal to go on with it, and gives what it says.
    ///
    /// A last line that was cut off is dropped: what it was to announce did not happen.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn resume(path: &Path, mask: Mask) -> Result<(Self, Plan, Vec<Entry>), JournalError> {
        let io = |error| JournalError::Io(path.to_owned(), error);
        let unknown = |why: String| JournalError::Unknown(path.to_owned(), why);
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .open(path)
            .map_err(io)?;
        let (entries, whole) = read(&mut file).map_err(io)?;
        let mut entries = entries.map_err(unknown)?.into_iter();
        let plan = planned(path, entries.next())?;
        file.set_len(whole).map_err(io)?;
        let mut journal = Self {
            file: Some(file),
            mask,
        };
        journal.put(None, Record::Resumed).map_err(io)?;
        Ok((journal, plan, entries.collect()))
    }

    /// Writes a record and waits until it is on the disk.
    ///
    /// # Errors
    /// The disk is full or gone; nothing may be sent then.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        self.put(None, record.clone())
    }

    /// What a node said, as journals keep it.
    pub fn answer(&self, text: &str, dropped: u64) -> Answer {
        let masked = (self.mask)(text);
        let mut kept = masked.len().min(Answer::KEPT);
        while !masked.is_char_boundary(kept) {
            kept -= 1;
        }
        Answer {
            digest: format!("sha256:{}", sha256(text)),
            text: masked.get(..kept).unwrap_or_default().to_owned(),
            dropped: dropped + (masked.len() - kept) as u64,
        }
    }

    /// A text without secrets.
    pub fn masked(&self, text: &str) -> String {
        (self.mask)(text)
    }

    fn put(&mut self, schema: Option<&str>, record: Record) -> io::Result<()> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let entry = Entry {
            schema: schema.map(str::to_owned),
            at: now(),
            record,
        };
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        file.write_all(&line)?;
        file.sync_all()
    }
}

/// The plan that a journal begins with.
fn planned(path: &Path, first: Option<Entry>) -> Result<Plan, JournalError> {
    match first {
        Some(Entry {
            schema: Some(schema),
            record: Record::Plan { plan },
            ..
        }) if schema == SCHEMA => Ok(*plan),
        _ => {
            let why = format!("the first line is not of {SCHEMA}");
            Err(JournalError::Unknown(path.to_owned(), why))
        }
    }
}

/// The time, RFC 3339.
#[expect(
    clippy::disallowed_methods,
    reason = "a journal says when things were done"
)]
pub fn now() -> String {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
    rfc3339(micros).unwrap_or_default()
}

/// The entries of a journal, and how many bytes of it are whole lines.
fn read(file: &mut File) -> io::Result<(Result<Vec<Entry>, String>, u64)> {
    file.seek(SeekFrom::Start(0))?;
    if file.metadata()?.len() > LARGEST {
        return Ok((Err("it is longer than anybody reads".to_owned()), 0));
    }
    let mut lines = BufReader::new(file.take(LARGEST));
    let (mut entries, mut whole) = (Vec::new(), 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = lines.read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\n") {
            return Ok((Ok(entries), whole));
        }
        match serde_json::from_slice(&line) {
            Ok(entry) => entries.push(entry),
            Err(error) => {
                let number = entries.len() + 1;
                return Ok((Err(format!("line {number}: {error}")), whole));
            }
        }
        whole += length as u64;
    }
}

/// Makes the folder for journals, readable by its owner only.
///
/// # Errors
/// It cannot be made.
pub fn folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
