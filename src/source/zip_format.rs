//! The records of a zip archive: the directory at its end and the header before each member.
//!
//! Entries are read one by one, so that memory does not grow with the directory, members that
//! share a name are all found, and an odd extra field spoils nothing.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use chrono::NaiveDate;

use super::limits::{Fault, Packing};
use super::peek::Peek;

/// Start of the header before a member's content.
const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_BYTES: usize = 30;
/// Start of a directory entry.
const ENTRY: &[u8] = b"PK\x01\x02";
const ENTRY_BYTES: usize = 46;
/// Start of the end record; up to 64 KiB of comment may follow it.
const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
/// Start of the record, just before the end record, that tells where the large one stands.
const LOCATOR: &[u8] = b"PK\x06\x07";
const LOCATOR_BYTES: usize = 20;
/// Start of the end record of archives with large sizes.
const LARGE_END: &[u8] = b"PK\x06\x06";
const LARGE_END_BYTES: usize = 56;

/// What a zip archive is read from.
pub(super) trait ReadSeek: Read + Seek {}

impl ReadSeek for io::Cursor<&[u8]> {}

/// What is known of a member.
#[derive(Debug)]
pub(super) struct Member {
    /// Its name; names that are no text are shown as well as possible.
    pub(super) name: String,
    /// When it was last changed, seconds since 1970. The zone is mostly unknown and taken for UTC.
    pub(super) modified: Option<i64>,
    /// Bytes that it takes in the archive.
    pub(super) packed: u64,
    /// Bytes that it unpacks to.
    pub(super) size: u64,
    /// CRC-32 of the content.
    pub(super) checksum: u32,
    /// Where its header stands.
    pub(super) start: u64,
    /// Sizes and checksum stand behind the content only (told of headers, not of entries).
    pub(super) described: bool,
    method: u16,
    encrypted: bool,
    link: bool,
}

impl Member {
    /// False for folders and links.
    pub(super) fn is_file(&self) -> bool {
        !self.link && !self.name.ends_with('/')
    }

    /// How the content is packed; `None` when it is stored as it is, or [`Member::locked`].
    pub(super) fn packing(&self) -> Option<Packing> {
        match self.method {
            8 => Some(Packing::Deflate),
            12 => Some(Packing::Bzip2),
            93 => Some(Packing::Zstd),
            95 => Some(Packing::Xz),
            _ => None,
        }
    }

    /// Why the content cannot be read, if it cannot.
    pub(super) fn locked(&self) -> Option<String> {
        if self.encrypted {
            return Some("it is encrypted; unpack the archive with its password first".to_owned());
        }
        if self.method == 0 || self.packing().is_some() {
            return None;
        }
        let method = match self.method {
            9 => "deflate64",
            14 => "LZMA",
            98 => "PPMd",
            _ => "unknown",
        };
        Some(format!(
            "it is packed with method {} ({method}), which cannot be read here; unpack the \
             archive first",
            self.method
        ))
    }
}

/// The directory, read entry by entry.
pub(super) struct Directory<'r> {
    source: Peek<'r>,
    stated: u64,
    read: u64,
}

impl<'r> Directory<'r> {
    /// `source` stands at the first entry.
    pub(super) fn new(source: Peek<'r>, place: &Place) -> Self {
        Self {
            source,
            stated: place.entries,
            read: 0,
        }
    }

    /// The next entry; an error says what is wrong with the directory.
    pub(super) fn next(&mut self) -> Option<Result<Member, String>> {
        if !self.source.peek(ENTRY_BYTES).starts_with(ENTRY) {
            // Small archives state the number of entries modulo 65536: only a lack is wrong.
            let lacking = self.read < self.stated;
            return lacking.then(|| Err(self.damaged()));
        }
        let member = self.entry();
        self.read += 1;
        Some(member.ok_or_else(|| self.damaged()))
    }

    fn damaged(&self) -> String {
        format!("{} of {} entries are readable", self.read, self.stated)
    }

    fn entry(&mut self) -> Option<Member> {
        let fixed = self.source.peek(ENTRY_BYTES);
        let name_bytes = usize::from(u16_at(fixed, 28)?);
        let name_end = ENTRY_BYTES + name_bytes;
        let extra_end = name_end + usize::from(u16_at(fixed, 30)?);
        let comment = u16_at(fixed, 32)?;
        let entry = self.source.peek(extra_end);
        let name = entry.get(ENTRY_BYTES..name_end)?;
        let extra = entry.get(name_end..extra_end)?;
        let mut large = field(extra, ZIP64).unwrap_or_default();
        // Values that do not fit their places follow each other in an extra field.
        let mut wide = |value: u32| match large.split_first_chunk::<8>() {
            Some((wide, rest)) if value == u32::MAX => {
                large = rest;
                u64::from_le_bytes(*wide)
            }
            _ => u64::from(value),
        };
        let size = wide(u32_at(entry, 24)?);
        let packed = wide(u32_at(entry, 20)?);
        let start = wide(u32_at(entry, 42)?);
        let system = entry.get(5).copied()?;
        let mode = u32_at(entry, 38)? >> 16;
        let mut name = String::from_utf8_lossy(name).into_owned();
        if system == 0 {
            // Some Windows programs write their own separator.
            name = name.replace('\\', "/");
        }
        let member = Member {
            name,
            modified: modified(extra, u16_at(entry, 14)?, u16_at(entry, 12)?),
            packed,
            size,
            checksum: u32_at(entry, 16)?,
            start,
            described: false,
            method: u16_at(entry, 10)?,
            encrypted: u16_at(entry, 8)? & 1 != 0,
            link: system == 3 && mode & 0o170_000 == 0o120_000,
        };
        self.source.consume(extra_end);
        self.source.skip(u64::from(comment)).ok()?;
        Some(member)
    }
}

/// Where the directory stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    entries: u64,
    /// Offset of the first entry.
    pub(super) start: u64,
}

/// Finds the directory by the end record.
///
/// # Errors
/// What is wrong, in words for a note.
pub(super) fn find_directory(reader: &mut dyn ReadSeek) -> Result<Place, String> {
    let size = reader.seek(SeekFrom::End(0)).map_err(|e| e.to_string())?;
    let tail_bytes = size.min((END_BYTES + usize::from(u16::MAX)) as u64);
    let tail_start = size - tail_bytes;
    let tail = read_at(reader, tail_start, tail_bytes).map_err(|e| e.to_string())?;
    let mut found = None;
    for at in memchr::memmem::rfind_iter(&tail, END) {
        let Some(record) = tail.get(at..) else {
            continue;
        };
        found = place(reader, record, tail_start + at as u64);
        if found.is_some() {
            break;
        }
    }
    found.ok_or_else(|| "its end is missing".to_owned())
}

/// The place that an end record tells, if a directory stands there.
fn place(reader: &mut dyn ReadSeek, record: &[u8], at: u64) -> Option<Place> {
    let comment = usize::from(u16_at(record, 20)?);
    record.get(..END_BYTES + comment)?;
    let mut entries = u64::from(u16_at(record, 10)?);
    let mut start = u64::from(u32_at(record, 16)?);
    if let Some(large) = large_end(reader, at) {
        entries = u64_at(&large, 32)?;
        start = u64_at(&large, 48)?;
    }
    // Only the stated offset counts. A cut archive may end with a whole one that it holds,
    // whose directory would seem to be its own.
    let empty = entries == 0 && start == at;
    let there = empty || read_at(reader, start, 4).is_ok_and(|magic| magic == ENTRY);
    there.then_some(Place { entries, start })
}

/// The large end record, if the archive has one.
fn large_end(reader: &mut dyn ReadSeek, end: u64) -> Option<Vec<u8>> {
    let at = end.checked_sub(LOCATOR_BYTES as u64)?;
    let locator = read_at(reader, at, LOCATOR_BYTES as u64).ok()?;
    if !locator.starts_with(LOCATOR) {
        return None;
    }
    let stated = u64_at(&locator, 8);
    let adjacent = at.checked_sub(LARGE_END_BYTES as u64);
    [stated, adjacent].into_iter().flatten().find_map(|at| {
        let record = read_at(reader, at, LARGE_END_BYTES as u64).ok()?;
        let whole = record.len() == LARGE_END_BYTES && record.starts_with(LARGE_END);
        whole.then_some(record)
    })
}

/// Up to `count` bytes at an offset.
fn read_at(reader: &mut dyn ReadSeek, at: u64, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.seek(SeekFrom::Start(at))?;
    reader.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Moves to the content of the member whose header stands at `start`.
pub(super) fn locate(content: &mut dyn ReadSeek, start: u64) -> io::Result<()> {
    let header = read_at(content, start, LOCAL_BYTES as u64)?;
    let lengths = u16_at(&header, 26).zip(u16_at(&header, 28));
    match lengths.filter(|_| header.starts_with(LOCAL)) {
        Some((name, extra)) => {
            let to = i64::from(name) + i64::from(extra);
            content.seek(SeekFrom::Current(to)).map(|_| ())
        }
        None => Err(Fault::damaged(format!("no member begins at byte {start}")).error()),
    }
}

/// Takes the member's header that the source stands at; `None` when there is none.
pub(super) fn take_header(source: &mut Peek<'_>) -> Option<Member> {
    let start = source.taken();
    let fixed = source.peek(LOCAL_BYTES);
    if !fixed.starts_with(LOCAL) {
        return None;
    }
    let name_end = LOCAL_BYTES + usize::from(u16_at(fixed, 26)?);
    let extra_end = name_end + usize::from(u16_at(fixed, 28)?);
    let header = source.peek(extra_end);
    let name = header.get(LOCAL_BYTES..name_end)?;
    let extra = header.get(name_end..extra_end)?;
    let (mut packed, mut size) = (u32_at(header, 18)?.into(), u32_at(header, 22)?.into());
    if packed == u64::from(u32::MAX) || size == u64::from(u32::MAX) {
        let large = field(extra, ZIP64).unwrap_or_default();
        size = u64_at(large, 0)?;
        packed = u64_at(large, 8)?;
    }
    let flags = u16_at(header, 6)?;
    let member = Member {
        name: String::from_utf8_lossy(name).into_owned(),
        modified: modified(extra, u16_at(header, 12)?, u16_at(header, 10)?),
        packed,
        size,
        checksum: u32_at(header, 14)?,
        start,
        described: flags & 8 != 0,
        method: u16_at(header, 8)?,
        encrypted: flags & 1 != 0,
        link: false,
    };
    source.consume(extra_end);
    Some(member)
}

/// Skips the sizes and the checksum behind a content.
pub(super) fn skip_descriptor(source: &mut Peek<'_>) {
    /// Usual, but not demanded.
    const MARK: &[u8] = b"PK\x07\x08";
    let next = source.peek(28);
    let mark = if next.starts_with(MARK) { 4 } else { 0 };
    // Each size has four bytes, or eight in large archives; behind them stands a record.
    let length = [mark + 12, mark + 20]
        .into_iter()
        .find(|end| next.get(*end..end + 2) == Some(b"PK"));
    source.consume(length.unwrap_or(mark + 12));
}

/// Extra field with the sizes of large members.
const ZIP64: u16 = 0x0001;
/// Extra field with times in seconds since 1970.
const TIMES: u16 = 0x5455;

/// The first day of 1980, midnight: what writers put that know no time.
const UNSET: (u16, u16) = (0x21, 0);

/// The content of the extra field `id`.
fn field(mut extra: &[u8], id: u16) -> Option<&[u8]> {
    loop {
        let found = u16_at(extra, 0)?;
        let end = 4 + usize::from(u16_at(extra, 2)?);
        let content = extra.get(4..end)?;
        if found == id {
            return Some(content);
        }
        extra = extra.get(end..)?;
    }
}

/// Seconds since 1970, from the extra field if there is one.
fn modified(extra: &[u8], date: u16, time: u16) -> Option<i64> {
    let exact = field(extra, TIMES).filter(|times| times.first().is_some_and(|has| has & 1 != 0));
    if let Some(seconds) = exact.and_then(|times| u32_at(times, 1)) {
        return Some(i64::from(seconds));
    }
    if (date, time) == UNSET {
        return None;
    }
    let [year, month, day] = [date >> 9, date >> 5 & 15, date & 31];
    let [hour, minute, second] = [time >> 11, time >> 5 & 63, (time & 31) * 2];
    NaiveDate::from_ymd_opt(i32::from(year) + 1980, month.into(), day.into())?
        .and_hms_opt(hour.into(), minute.into(), second.into())
        .map(|time| time.and_utc().timestamp())
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*bytes))
}
