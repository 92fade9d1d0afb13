//! Tar archives as streams: v7, ustar, GNU and pax, also damaged ones.
//!
//! The headers' fields are decoded by the `tar` crate. Its own iterator is not used: it keeps
//! long names of any length in memory and gives up at the first damaged header, while here the
//! search goes on for the next good one.

use std::borrow::Cow;
use std::io::{self, Read};
use std::mem;

use super::limits::{Fault, Size};
use super::peek::Peek;

/// No file is larger; what states more is damaged.
const MOST: u64 = i64::MAX.unsigned_abs();
/// Headers and contents are padded to a multiple of this.
const BLOCK: usize = 512;
/// The most that is read of a pax header; real ones have some hundred bytes.
const PAX_BYTES: u64 = 1 << 20;

/// A member that holds a file's content.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// Its name as the archive has it.
    pub(super) name: Vec<u8>,
    /// When the file was last changed, seconds since 1970.
    pub(super) modified: Option<i64>,
    /// The content is stored without its holes and cannot be delivered as it was.
    pub(super) sparse: bool,
}

/// A tar archive, read member by member.
pub(super) struct Tar<'p, 'r> {
    source: &'p mut Peek<'r>,
    /// Bytes of the current member's content and of its padding that were not taken yet.
    left: u64,
    padding: u64,
    name: String,
    size: u64,
    offset: u64,
    name_cap: usize,
    marked: bool,
    searching: bool,
    over: bool,
    fault: Option<Fault>,
    notes: Vec<String>,
}

impl<'p, 'r> Tar<'p, 'r> {
    /// Names longer than `name_cap` bytes are not read to their end.
    pub(super) fn new(source: &'p mut Peek<'r>, name_cap: usize) -> Self {
        Self {
            source,
            left: 0,
            padding: 0,
            name: String::new(),
            size: 0,
            offset: 0,
            name_cap,
            marked: false,
            searching: false,
            over: false,
            fault: None,
            notes: Vec::new(),
        }
    }

    /// The next file; what is left of the one before is skipped.
    pub(super) fn next(&mut self) -> Option<Member> {
        let mut extended = Extended::default();
        loop {
            self.finish_member();
            let header = self.next_header()?;
            if !header.is_extension() {
                self.name.clear();
            }
            self.size = header.size;
            self.left = header.size;
            self.padding = padding(header.size);
            match header.kind {
                b'L' => {
                    let cap = (self.name_cap as u64).saturating_add(1);
                    extended.name = Some(until_nul(&self.payload(cap)).to_vec());
                }
                b'x' | b'X' => {
                    let payload = self.payload(PAX_BYTES);
                    extended.read_pax(&payload);
                }
                // Long link names and defaults for the whole archive say nothing we need.
                b'K' | b'g' => {}
                _ => {
                    if let Some(member) = self.member(header, mem::take(&mut extended)) {
                        return Some(member);
                    }
                }
            }
        }
    }

    /// The content of the member that [`Tar::next`] returned last.
    pub(super) fn content(&mut self) -> Content<'_, 'p, 'r> {
        Content(self)
    }

    /// What is wrong with the archive; complete after the last member.
    pub(super) fn notes(&mut self) -> Vec<String> {
        mem::take(&mut self.notes)
    }

    /// Applies what preceded the header; `None` when it is not a file.
    fn member(&mut self, header: Header, extended: Extended) -> Option<Member> {
        if let Some(size) = extended.size {
            self.size = size;
            self.left = size;
            self.padding = padding(size);
        }
        let name = extended.name.unwrap_or(header.name);
        self.name = String::from_utf8_lossy(&name).into_owned();
        if header.kind == b'1' {
            // A hard link states the size of its target, but has no content.
            self.left = 0;
            self.padding = 0;
        }
        if header.kind == b'S' {
            self.skip_sparse_map(header.extended_map);
        }
        // By the standard, types that are not known are files. Old archives have no type for
        // folders but end their names in a slash. The rest are links, devices, folders and
        // other makers' notes.
        let known = matches!(header.kind, b'1'..=b'6') || header.kind.is_ascii_uppercase();
        let folder = header.kind == 0 && name.ends_with(b"/");
        let sparse = header.kind == b'S' || extended.sparse;
        (sparse || !(known || folder)).then_some(Member {
            name,
            modified: extended.modified.or(header.modified),
            sparse,
        })
    }

    /// Reads up to `cap` bytes of the current content.
    fn payload(&mut self, cap: u64) -> Vec<u8> {
        let mut payload = Vec::new();
        // Damage is remembered by the content's reader and ends the archive.
        let _ = self.content().take(cap).read_to_end(&mut payload);
        payload
    }

    /// Old GNU archives continue the list of holes in blocks of their own.
    fn skip_sparse_map(&mut self, mut more: bool) {
        while more {
            let block = self.source.peek(BLOCK);
            more = block.get(504).is_some_and(|flag| *flag != 0);
            self.advance(BLOCK as u64);
            if self.over {
                return;
            }
        }
    }

    /// Skips what is left of the current member.
    fn finish_member(&mut self) {
        let (left, padding) = (mem::take(&mut self.left), mem::take(&mut self.padding));
        if left > 0 && self.advance(left) < left {
            self.end_inside_member();
        }
        if padding > 0 && self.advance(padding) < padding && !self.marked && self.notes.is_empty() {
            self.note(format!("the archive ends after '{}'", shown(&self.name)));
        }
    }

    fn end_inside_member(&mut self) {
        self.over = true;
        if self.fault.is_none() {
            self.note(format!(
                "the archive ends in the middle of '{}'",
                shown(&self.name)
            ));
        }
    }

    /// Takes bytes from the source; remembers its error.
    fn advance(&mut self, count: u64) -> u64 {
        match self.source.skip(count) {
            Ok(taken) => {
                self.offset += taken;
                self.over |= taken < count;
                taken
            }
            Err(fault) => {
                self.fail(fault);
                0
            }
        }
    }

    fn fail(&mut self, fault: Fault) {
        if self.fault.is_none() {
            self.note(fault.text().to_owned());
            self.fault = Some(fault);
        }
        self.over = true;
    }

    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Finds the next good header. After damage and after the end mark the search goes on:
    /// other members may follow, and a compressed stream proves itself only at its end.
    fn next_header(&mut self) -> Option<Header> {
        while !self.over {
            let block = self.source.peek(BLOCK);
            let length = block.len();
            if length < BLOCK {
                let rest = block.iter().any(|byte| *byte != 0);
                self.end(length, rest);
                break;
            }
            let zeros = block.iter().all(|byte| *byte == 0);
            let header = Header::parse(block);
            let at = self.offset;
            self.advance(BLOCK as u64);
            match header {
                Some(header) => {
                    self.marked = false;
                    self.searching = false;
                    return Some(header);
                }
                None if zeros => self.marked |= !self.searching,
                None if self.marked => {
                    self.note("bytes after the end of the archive were left out".to_owned());
                }
                None => {
                    if !mem::replace(&mut self.searching, true) && self.notes.is_empty() {
                        self.note(format!(
                            "the archive is damaged at byte {at}; members may be missing"
                        ));
                    }
                }
            }
        }
        None
    }

    /// The source ended where a header was expected, after `length` bytes of one.
    fn end(&mut self, length: usize, rest: bool) {
        self.over = true;
        self.source.skip(length as u64).ok();
        if let Some(fault) = self.source.fault().cloned() {
            self.fail(fault);
        } else if !self.marked && self.notes.is_empty() {
            let what = if rest {
                "the archive ends in the middle of a header"
            } else {
                "the archive has no end mark; it may have been cut"
            };
            self.note(what.to_owned());
        }
    }
}

/// Reader of one member's content.
pub(super) struct Content<'t, 'p, 'r>(&'t mut Tar<'p, 'r>);

impl Read for Content<'_, '_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let tar = &mut *self.0;
        if tar.left == 0 || out.is_empty() {
            return Ok(0);
        }
        let most = usize::try_from(tar.left)
            .unwrap_or(usize::MAX)
            .min(out.len());
        match tar.source.read(out.get_mut(..most).unwrap_or_default()) {
            Ok(0) => {
                let there = tar.size - tar.left;
                tar.end_inside_member();
                Err(Fault::cut(format!(
                    "the archive ends after {there} of {} of this file",
                    Size(tar.size)
                ))
                .error())
            }
            Ok(count) => {
                tar.left -= count as u64;
                tar.offset += count as u64;
                Ok(count)
            }
            Err(error) => {
                tar.fail(Fault::from(&error));
                Err(error)
            }
        }
    }
}

/// True for a block that is a tar header by its checksum.
pub(super) fn is_header(block: &[u8]) -> bool {
    Header::parse(block).is_some()
}

/// What is needed of a header.
struct Header {
    kind: u8,
    name: Vec<u8>,
    size: u64,
    modified: Option<i64>,
    extended_map: bool,
}

impl Header {
    /// `None` when the block is not a header or states an impossible size.
    fn parse(block: &[u8]) -> Option<Self> {
        if block.len() != BLOCK {
            return None;
        }
        let header = tar::Header::from_byte_slice(block);
        let stated = i64::from(header.cksum().ok()?);
        // The checksum field itself counts as blanks. Some old systems added signed bytes.
        let counted = |at: usize, byte: u8| if (148..156).contains(&at) { b' ' } else { byte };
        let bytes = || block.iter().enumerate().map(|(at, b)| counted(at, *b));
        let unsigned: i64 = bytes().map(i64::from).sum();
        let signed: i64 = bytes().map(|byte| i64::from(byte.cast_signed())).sum();
        if stated != unsigned && stated != signed {
            return None;
        }
        let blank = block
            .get(124..136)?
            .iter()
            .all(|byte| matches!(byte, 0 | b' '));
        let size = if blank { 0 } else { header.entry_size().ok()? };
        let modified = header.mtime().ok().filter(|seconds| *seconds > 0);
        Some(Self {
            kind: *block.get(156)?,
            name: header.path_bytes().into_owned(),
            size: Some(size).filter(|size| *size <= MOST)?,
            modified: modified.and_then(|seconds| i64::try_from(seconds).ok()),
            extended_map: block.get(482).is_some_and(|flag| *flag != 0),
        })
    }

    fn is_extension(&self) -> bool {
        matches!(self.kind, b'L' | b'K' | b'x' | b'X' | b'g')
    }
}

/// What headers before a member's own say about it.
#[derive(Default)]
struct Extended {
    name: Option<Vec<u8>>,
    size: Option<u64>,
    modified: Option<i64>,
    sparse: bool,
}

impl Extended {
    /// Reads pax records `LENGTH KEY=VALUE\n`, up to the first that is not one.
    fn read_pax(&mut self, mut records: &[u8]) {
        while let Some((key, value, rest)) = pax_record(records) {
            records = rest;
            let text = String::from_utf8_lossy(value);
            match key {
                b"path" if self.name.is_none() => self.name = Some(value.to_vec()),
                b"GNU.sparse.name" => self.name = Some(value.to_vec()),
                b"size" => self.size = text.parse().ok().filter(|size| *size <= MOST),
                b"mtime" => self.modified = seconds(&text),
                _ => self.sparse |= key.starts_with(b"GNU.sparse."),
            }
        }
    }
}

/// Whole seconds of a decimal number.
fn seconds(text: &str) -> Option<i64> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    whole.parse().ok().filter(|seconds| *seconds > 0)
}

/// The first record's key and value, and what follows it.
fn pax_record(records: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let blank = records.iter().take(20).position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(records.get(..blank)?)
        .ok()?
        .parse()
        .ok()?;
    let body = records.get(blank + 1..length)?.strip_suffix(b"\n")?;
    let equals = body.iter().position(|byte| *byte == b'=')?;
    Some((
        body.get(..equals)?,
        body.get(equals + 1..)?,
        records.get(length..)?,
    ))
}

fn padding(size: u64) -> u64 {
    let over = size % BLOCK as u64;
    if over == 0 { 0 } else { BLOCK as u64 - over }
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A name as it may stand in a note.
fn shown(name: &str) -> Cow<'_, str> {
    const MOST: usize = 120;
    if name.is_empty() {
        return "a header".into();
    }
    match name.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", name.get(..at).unwrap_or_default()).into(),
        None => name.into(),
    }
}
