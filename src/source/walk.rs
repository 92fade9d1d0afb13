//! Goes through a selection and into its archives, and hands each plain member to the visitor.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::follow::Follow;
use super::limits::{Budget, Leaf, Limits, Packing, Size, Unpack};
use super::patient::Patient;
use super::peek::Peek;
use super::select::{Selection, What};
use super::sniff::{self, Kind};
use super::tar::Tar;
use super::zip_format::ReadSeek;
use super::{Gap, Input, Visitor};
use crate::model::origin::Origin;
use crate::model::report::ReadStatus;

/// Reads a selection in its order.
///
/// `progress` is told how many bytes of the regular files on disk are dealt with so far; at the
/// end that is [`Selection::total_bytes`], if no file has changed its size since. Once `stop` is
/// true, nothing waits any longer for what a stream may still bring.
pub fn walk(
    selection: &Selection,
    limits: &Limits,
    progress: &dyn Fn(u64),
    stop: &AtomicBool,
    visitor: &mut dyn Visitor,
) {
    let budget = Budget::new(limits.clone());
    let mut walker = Walker::new(&budget, visitor);
    let mut before = 0;
    for item in selection.items() {
        if let Some(why) = budget.exhausted() {
            let (status, note) = match &item.what {
                What::Gap(status, note) => (*status, note.clone()),
                _ => (ReadStatus::Unread, why),
            };
            walker.gap(&item.origin, status, note);
            continue;
        }
        let flow = match &item.what {
            What::File {
                path,
                size,
                modified,
            } => {
                let meter = Meter {
                    before,
                    size: *size,
                    read: Cell::new(0),
                    tell: progress,
                };
                let flow = walker.file(&item.origin, path, *modified, &meter);
                before = before.saturating_add(*size);
                progress(before);
                flow
            }
            What::Stream(path) => {
                let path = path.clone();
                let open = move || Disk::open(&path, None);
                walker.slow(&item.origin, Patient::open(stop, open))
            }
            What::Followed(path, until) => {
                let (path, until) = (path.clone(), Arc::clone(until));
                let open = move || Follow::open(&path, until);
                walker.slow(&item.origin, Patient::open(stop, open))
            }
            What::Stdin => walker.slow(&item.origin, Patient::open(stop, || Ok(io::stdin()))),
            What::Text(text) => {
                let flow = walker.top(&item.origin, None, &mut text.as_bytes());
                before = before.saturating_add(text.len() as u64);
                progress(before);
                flow
            }
            What::Gap(status, note) => {
                walker.gap(&item.origin, *status, note.clone());
                ControlFlow::Continue(())
            }
        };
        if flow == ControlFlow::Break(Stop::Visitor) {
            return;
        }
    }
}

/// Why a walk ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The visitor wants no more.
    Visitor,
    /// A limit of the whole walk is reached.
    Limit,
}

/// Whether the walk goes on.
pub(super) type Flow = ControlFlow<Stop>;

/// Where in a nest of containers a stream stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Level {
    /// Containers around it.
    depth: u32,
    /// A decompressor delivers its bytes and counts them.
    counted: bool,
    /// It is what a compressed stream holds.
    unpacked: bool,
}

impl Level {
    /// The level of a member that is stored as it is, or unpacked.
    pub(super) fn member(self, unpacked: bool) -> Self {
        Self {
            counted: self.counted || unpacked,
            unpacked: false,
            ..self
        }
    }
}

/// One walk.
pub(super) struct Walker<'w> {
    pub(super) budget: &'w Budget,
    visitor: &'w mut dyn Visitor,
    /// How often each member's origin was given out, by hash: archives may repeat a name.
    origins: HashMap<u64, u32>,
    /// How many names of members were shortened, by archive.
    shortened: HashMap<Origin, u64>,
}

impl<'w> Walker<'w> {
    pub(super) fn new(budget: &'w Budget, visitor: &'w mut dyn Visitor) -> Self {
        Self {
            budget,
            visitor,
            origins: HashMap::new(),
            shortened: HashMap::new(),
        }
    }

    /// Tells of something that is not read, or only in part.
    pub(super) fn gap(&mut self, origin: &Origin, status: ReadStatus, note: String) {
        let origin = origin.clone();
        self.visitor.gap(Gap {
            origin,
            status,
            note,
        });
    }

    /// Tells of a member that is not delivered. It counts as one: archives may hold any number.
    pub(super) fn unread(&mut self, origin: &Origin, note: String) -> Flow {
        if !self.budget.take_member() {
            return self.beyond(origin);
        }
        self.gap(origin, ReadStatus::Unread, note);
        self.go_on()
    }

    /// Tells of the first member beyond a limit of the whole walk.
    fn beyond(&mut self, origin: &Origin) -> Flow {
        let why = self.budget.exhausted().unwrap_or_default();
        self.gap(origin, ReadStatus::Unread, why);
        Flow::Break(Stop::Limit)
    }

    /// A regular file; a zip is read in place, everything else as a stream.
    fn file(
        &mut self,
        origin: &Origin,
        path: &Path,
        modified: Option<i64>,
        meter: &Meter<'_>,
    ) -> Flow {
        let opened = Disk::open(path, Some(meter)).and_then(|mut disk| {
            let mut head = Vec::new();
            (&mut disk)
                .take(sniff::HEAD as u64)
                .read_to_end(&mut head)?;
            disk.seek(SeekFrom::Start(0))?;
            Ok((disk, sniff::kind(&head)))
        });
        let (mut disk, kind) = match opened {
            Ok(opened) => opened,
            Err(error) => return self.unopened(origin, &error),
        };
        if kind != Kind::Zip {
            return self.top(origin, modified, &mut disk);
        }
        match Disk::open(path, None) {
            Ok(mut directory) => self.enter(origin, Level::default(), |walker, level| {
                walker.zip(origin, &mut directory, &mut disk, level)
            }),
            Err(error) => self.unopened(origin, &error),
        }
    }

    /// A stream whose bytes may be long in coming; none when that was not waited for.
    fn slow(&mut self, origin: &Origin, opened: io::Result<Option<Patient<'_>>>) -> Flow {
        match opened {
            Ok(Some(mut stream)) => self.top(origin, None, &mut stream),
            Ok(None) => {
                let note = "nothing came before reading was interrupted".to_owned();
                self.gap(origin, ReadStatus::Unread, note);
                Flow::Break(Stop::Visitor)
            }
            Err(error) => self.unopened(origin, &error),
        }
    }

    fn unopened(&mut self, origin: &Origin, error: &io::Error) -> Flow {
        self.gap(
            origin,
            ReadStatus::Unread,
            format!("it cannot be read: {error}"),
        );
        Flow::Continue(())
    }

    /// A stream that nothing contains.
    pub(super) fn top(
        &mut self,
        origin: &Origin,
        modified: Option<i64>,
        source: &mut dyn Read,
    ) -> Flow {
        self.stream(origin, modified, source, Level::default())
    }

    /// Bytes of any kind: a plain member, or a container that is gone through.
    pub(super) fn stream(
        &mut self,
        origin: &Origin,
        modified: Option<i64>,
        source: &mut dyn Read,
        level: Level,
    ) -> Flow {
        let mut source = Peek::new(source, &self.budget.pool);
        match sniff::kind(source.peek(sniff::HEAD)) {
            Kind::Plain => self.plain(origin, modified, &mut source, level),
            Kind::Packed(packing) => self.enter(origin, level, |walker, level| {
                walker.packed(packing, origin, modified, &mut source, level)
            }),
            // A .tar.gz is one thing to people and one level to us.
            Kind::Tar if level.unpacked => self.tar(origin, &mut source, level),
            Kind::Tar => self.enter(origin, level, |walker, level| {
                walker.tar(origin, &mut source, level)
            }),
            Kind::Zip => self.enter(origin, level, |walker, level| {
                walker.held_zip(origin, &mut source, level)
            }),
            Kind::Foreign(what, advice) => {
                let note = format!("it is {what}, which cannot be read here; {advice}");
                self.unread(origin, note)
            }
        }
    }

    /// Goes into a container unless it stands too deep.
    fn enter(
        &mut self,
        origin: &Origin,
        level: Level,
        into: impl FnOnce(&mut Self, Level) -> Flow,
    ) -> Flow {
        let most = self.budget.limits.depth;
        if level.depth >= most {
            let note = format!(
                "it stands more than {most} archives deep, the limit; unpack the outer ones first"
            );
            return self.unread(origin, note);
        }
        let depth = level.depth + 1;
        into(self, Level { depth, ..level })
    }

    fn plain(
        &mut self,
        origin: &Origin,
        modified: Option<i64>,
        source: &mut Peek<'_>,
        level: Level,
    ) -> Flow {
        if !self.budget.take_member() {
            return self.beyond(origin);
        }
        let mut leaf = Leaf::new(source, level.counted, self.budget);
        let flow = self.visitor.input(Input {
            origin: origin.clone(),
            modified,
            reader: &mut leaf,
        });
        match flow {
            ControlFlow::Break(()) => Flow::Break(Stop::Visitor),
            ControlFlow::Continue(()) => self.go_on(),
        }
    }

    /// Ends the walk once a limit of the whole is reached.
    pub(super) fn go_on(&self) -> Flow {
        match self.budget.exhausted() {
            Some(_) => Flow::Break(Stop::Limit),
            None => Flow::Continue(()),
        }
    }

    fn packed(
        &mut self,
        packing: Packing,
        origin: &Origin,
        modified: Option<i64>,
        source: &mut Peek<'_>,
        level: Level,
    ) -> Flow {
        // What the stream says of its content is better than what is known of the stream.
        let stated = match packing {
            Packing::Gzip => gzip_time(source.peek(8)),
            _ => None,
        };
        let modified = stated.or(modified);
        let mut unpack = Unpack::new(source, packing, self.budget);
        let inner = Level {
            counted: true,
            unpacked: true,
            ..level
        };
        let flow = self.stream(origin, modified, &mut unpack, inner);
        let garbage = unpack.garbage();
        if garbage > 0 {
            let note = format!(
                "{} after the end of the {} were left out",
                Size(garbage),
                packing.name()
            );
            self.gap(origin, ReadStatus::Partial, note);
        }
        flow
    }

    fn tar(&mut self, origin: &Origin, source: &mut Peek<'_>, level: Level) -> Flow {
        let mut tar = Tar::new(source, self.budget.limits.path_bytes);
        let mut flow = Flow::Continue(());
        while flow.is_continue() {
            let Some(member) = tar.next() else { break };
            let inner = self.member_origin(origin, &String::from_utf8_lossy(&member.name));
            if member.sparse {
                let note = "it is stored without its holes (a sparse file), which cannot be read \
                            here; unpack the archive first";
                flow = self.unread(&inner, note.to_owned());
                continue;
            }
            let level = level.member(false);
            flow = self.stream(&inner, member.modified, &mut tar.content(), level);
        }
        if flow.is_continue() {
            flow = self.go_on();
        }
        let mut notes = tar.notes();
        self.close(origin, &mut notes, flow)
    }

    /// Tells what is missing of an archive whose members were gone through.
    pub(super) fn close(&mut self, origin: &Origin, notes: &mut Vec<String>, flow: Flow) -> Flow {
        if flow == Flow::Break(Stop::Visitor) {
            return flow;
        }
        if let (Flow::Break(Stop::Limit), Some(why)) = (flow, self.budget.exhausted()) {
            notes.retain(|note| *note != why);
            notes.push(format!("{why}; the rest of the archive was not read"));
        }
        if let Some(count) = self.shortened.remove(origin) {
            notes.push(format!(
                "{count} names of members are longer than {} bytes and were shortened",
                self.budget.limits.path_bytes
            ));
        }
        if !notes.is_empty() {
            self.gap(origin, ReadStatus::Partial, notes.join("; "));
        }
        flow
    }

    /// A zip archive that cannot be read in place. Its directory stands at its end, so it is
    /// held in memory.
    fn held_zip(&mut self, origin: &Origin, source: &mut Peek<'_>, level: Level) -> Flow {
        let most = self.budget.may_hold();
        let mut held = Vec::new();
        let read = source.take(most.saturating_add(1)).read_to_end(&mut held);
        if held.len() as u64 > most {
            let note = format!(
                "it is a zip archive of more than {} inside another archive or a stream, which \
                 cannot be read there; unpack it first",
                Size(self.budget.limits.nested_zip_bytes)
            );
            return self.unread(origin, note);
        }
        if let Err(error) = read {
            self.gap(origin, ReadStatus::Partial, error.to_string());
        }
        let size = i64::try_from(held.len()).unwrap_or(i64::MAX);
        self.budget.hold(size);
        let (mut directory, mut content) = (Cursor::new(&*held), Cursor::new(&*held));
        let flow = self.zip(origin, &mut directory, &mut content, level);
        self.budget.hold(-size);
        flow
    }

    /// The origin of a member: a label, never a path that is opened. Members of one name are
    /// told apart by a number.
    pub(super) fn member_origin(&mut self, archive: &Origin, name: &str) -> Origin {
        let most = self.budget.limits.path_bytes;
        let origin = archive.member(&label(name, most));
        if name.len() > most {
            *self.shortened.entry(archive.clone()).or_default() += 1;
        }
        let mut hasher = DefaultHasher::new();
        origin.hash(&mut hasher);
        let count = self.origins.entry(hasher.finish()).or_insert(0);
        *count += 1;
        match *count {
            1 => origin,
            again => Origin::top(&format!("{origin} ({again})")),
        }
    }
}

/// A member's name as it is shown: never empty, never longer than `most` bytes.
fn label(name: &str, most: usize) -> String {
    /// Stands for what was left out.
    const CUT: &str = "…";
    let bare = name.trim_start_matches("./").trim_start_matches('/');
    if bare.is_empty() {
        return "(no name)".to_owned();
    }
    if bare.len() <= most {
        return bare.to_owned();
    }
    let half = most.saturating_sub(CUT.len()) / 2;
    let head = bare.get(..bare.floor_char_boundary(half));
    let tail = bare.get(bare.ceil_char_boundary(bare.len() - half)..);
    format!(
        "{}{CUT}{}",
        head.unwrap_or_default(),
        tail.unwrap_or_default()
    )
}

/// The time in a gzip header, if it has one.
fn gzip_time(head: &[u8]) -> Option<i64> {
    let bytes: [u8; 4] = head.get(4..8)?.try_into().ok()?;
    Some(i64::from(u32::from_le_bytes(bytes))).filter(|seconds| *seconds > 0)
}

/// Tells how far the files on disk are read.
struct Meter<'p> {
    before: u64,
    size: u64,
    read: Cell<u64>,
    tell: &'p dyn Fn(u64),
}

impl Meter<'_> {
    fn add(&self, bytes: u64) {
        self.read.set(self.read.get().saturating_add(bytes));
        // A file that grows, or is read twice in places, counts no more than it promised.
        let done = self.before.saturating_add(self.read.get().min(self.size));
        (self.tell)(done);
    }
}

/// A file on disk, or a device.
struct Disk<'p> {
    file: File,
    read: u64,
    meter: Option<&'p Meter<'p>>,
}

impl<'p> Disk<'p> {
    fn open(path: &Path, meter: Option<&'p Meter<'p>>) -> io::Result<Self> {
        let file = File::open(path)?;
        let read = 0;
        Ok(Self { file, read, meter })
    }
}

impl Read for Disk<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = match self.file.read(out) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                let read = Size(self.read);
                let text = format!("it cannot be read further after {read}: {error}");
                return Err(io::Error::new(error.kind(), text));
            }
            result => result?,
        };
        self.read = self.read.saturating_add(count as u64);
        if let Some(meter) = self.meter {
            meter.add(count as u64);
        }
        Ok(count)
    }
}

impl Seek for Disk<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl ReadSeek for Disk<'_> {}
