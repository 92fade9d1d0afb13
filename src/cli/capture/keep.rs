//! Packets on their way to files: into one, into a ring, or held back until a fault is found.
//!
//! What passes is pcapng of one section. It is taken apart into blocks, no further than their
//! types: each file begins with the blocks that describe section and interface, and none ends in
//! the middle of one.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::args::Ring;

/// Types of blocks.
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const STATISTICS: u32 = 5;
const PACKET: u32 = 6;
/// The helper writes no larger block; more than that is no pcapng.
const LARGEST: usize = 1 << 20;
/// Bytes of packets that are held back until a fault is found.
const HELD: usize = 64 << 20;
/// What writing leaves of a disk.
pub(super) const SPARE: u64 = 200 << 20;
/// Bytes after which the disk is asked again.
const ASK: u64 = 4 << 20;

/// Where packets are to be kept.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The file, or the pattern of a ring's files.
    pub(super) path: PathBuf,
    /// A ring instead of one file.
    pub(super) ring: Option<Ring>,
    /// Not before somebody says so.
    pub(super) held: bool,
    /// Bytes that must stay free.
    pub(super) spare: u64,
}

/// What passed so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Passed {
    /// Packets.
    pub(super) packets: u64,
    /// Packets that kernel or interface lost.
    pub(super) lost: u64,
}

/// Takes what passes.
pub(super) struct Keeper {
    /// A block that is not whole yet.
    part: Vec<u8>,
    /// It is no pcapng, and nothing is looked at any longer.
    broken: bool,
    passed: Passed,
    head: Vec<u8>,
    held: Option<Held>,
    files: Option<Files>,
    /// What went wrong, until somebody asks.
    said: Option<String>,
}

impl Keeper {
    /// One that keeps nothing, or what the plan says. The first file is made at once.
    ///
    /// # Errors
    /// When that cannot be, for example because it is already there.
    pub(super) fn new(plan: Option<&Plan>) -> io::Result<Self> {
        let files = plan.map(Files::new).transpose()?;
        Ok(Self {
            part: Vec::new(),
            broken: false,
            passed: Passed::default(),
            head: Vec::new(),
            held: plan.filter(|plan| plan.held).map(|_| Held::default()),
            files,
            said: None,
        })
    }

    /// What passed so far.
    pub(super) fn passed(&self) -> Passed {
        self.passed
    }

    /// What went wrong since the last question.
    pub(super) fn said(&mut self) -> Option<String> {
        self.said.take()
    }

    /// From now on packets are written, those that were held back first.
    pub(super) fn release(&mut self) {
        let Some(held) = self.held.take() else { return };
        let head = std::mem::take(&mut self.head);
        self.write(&head);
        self.head = head;
        for block in held.blocks {
            self.write(&block);
        }
    }

    /// Nothing was written because what it waits for was not found: the empty file goes.
    pub(super) fn finish(&mut self) {
        if self.held.is_some() {
            self.discard();
        } else if let Some(mut files) = self.files.take()
            && let Err(error) = files.file.flush()
        {
            self.said = Some(files.failed(&error));
        }
    }

    /// Nothing was captured: the files that were made for it go.
    pub(super) fn discard(&mut self) {
        if let Some(files) = self.files.take() {
            files.remove();
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        if self.broken {
            return;
        }
        let mut part = std::mem::take(&mut self.part);
        part.extend_from_slice(bytes);
        let mut rest = part.as_slice();
        while let Some(block) = self.next(rest) {
            rest = rest.get(block.len()..).unwrap_or_default();
            self.block(block);
        }
        let used = part.len() - rest.len();
        part.drain(..used);
        self.part = part;
    }

    /// The first block, if it is whole.
    fn next<'b>(&mut self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let total = usize::try_from(word(bytes, 4)?).unwrap_or(usize::MAX);
        if !(12..=LARGEST).contains(&total) || !total.is_multiple_of(4) {
            self.broken = true;
            self.said = Some("what the capture helper sends is not pcapng".to_owned());
            return None;
        }
        bytes.get(..total)
    }

    fn block(&mut self, block: &[u8]) {
        match word(block, 0) {
            Some(SECTION | INTERFACE) => self.head.extend_from_slice(block),
            Some(PACKET) => self.passed.packets += 1,
            Some(STATISTICS) => self.passed.lost = lost(block).unwrap_or(self.passed.lost),
            _ => {}
        }
        match &mut self.held {
            Some(held) if word(block, 0) == Some(PACKET) => held.push(block),
            Some(_) => {}
            None => self.write(block),
        }
    }

    fn write(&mut self, block: &[u8]) {
        let Some(files) = &mut self.files else { return };
        let done = files.write(block, &self.head);
        if let Err(error) = done {
            // the diagnosis goes on without
            self.said = Some(files.failed(&error));
            self.files = None;
        }
    }
}

/// Packets that kernel and interface lost, as the options of a statistics block say.
fn lost(block: &[u8]) -> Option<u64> {
    let (mut at, mut lost) = (20, 0);
    loop {
        let head = word(block, at)?;
        let (code, length) = (head & 0xffff, usize::try_from(head >> 16).ok()?);
        match code {
            0 => return Some(lost),
            5 | 7 => {
                let value = block.get(at + 4..at + 12)?;
                lost += u64::from_le_bytes(value.try_into().ok()?);
            }
            _ => {}
        }
        at += 4 + length.next_multiple_of(4);
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

/// The last packets.
#[derive(Debug, Default)]
struct Held {
    blocks: VecDeque<Box<[u8]>>,
    bytes: usize,
}

impl Held {
    fn push(&mut self, block: &[u8]) {
        self.bytes += block.len();
        self.blocks.push_back(block.into());
        while self.bytes > HELD {
            let Some(first) = self.blocks.pop_front() else {
                break;
            };
            self.bytes -= first.len();
        }
    }
}

/// The files, the last of which is written.
struct Files {
    path: PathBuf,
    ring: Option<Ring>,
    spare: u64,
    file: io::BufWriter<File>,
    /// All that are there, the oldest first.
    names: VecDeque<PathBuf>,
    number: u64,
    written: u64,
    asked: u64,
}

impl Files {
    fn new(plan: &Plan) -> io::Result<Self> {
        let first = name(&plan.path, plan.ring.map(|_| 1));
        guard(&first, plan.spare)?;
        Ok(Self {
            file: create(&first)?,
            names: VecDeque::from([first]),
            path: plan.path.clone(),
            ring: plan.ring,
            spare: plan.spare,
            number: 1,
            written: 0,
            asked: 0,
        })
    }

    fn write(&mut self, block: &[u8], head: &[u8]) -> io::Result<()> {
        let length = block.len() as u64;
        if let Some(ring) = self.ring
            && self.written > head.len() as u64
            && self.written + length > ring.bytes
        {
            self.turn(ring, head)?;
        }
        self.asked += length;
        if self.asked >= ASK {
            self.asked = 0;
            guard(&self.path, self.spare)?;
        }
        self.written += length;
        self.file.write_all(block)
    }

    fn turn(&mut self, ring: Ring, head: &[u8]) -> io::Result<()> {
        self.file.flush()?;
        self.number += 1;
        let next = name(&self.path, Some(self.number));
        self.file = create(&next)?;
        self.names.push_back(next);
        if self.names.len() > ring.count
            && let Some(oldest) = self.names.pop_front()
        {
            fs::remove_file(oldest)?;
        }
        self.written = head.len() as u64;
        self.file.write_all(head)
    }

    fn failed(&self, error: &io::Error) -> String {
        format!(
            "packets are no longer written to '{}': {error}; the diagnosis goes on",
            self.path.display()
        )
    }

    fn remove(self) {
        for name in &self.names {
            _ = fs::remove_file(name);
        }
    }
}

/// `x.pcapng`, or `x-00001.pcapng` in a ring.
fn name(path: &Path, number: Option<u64>) -> PathBuf {
    let Some(number) = number else {
        return path.to_owned();
    };
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number:05}"));
    if let Some(ending) = path.extension() {
        name.push(".");
        name.push(ending);
    }
    path.with_file_name(name)
}

/// A new file that only its owner can read: packets hold what people said.
fn create(path: &Path) -> io::Result<io::BufWriter<File>> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok(io::BufWriter::with_capacity(256 << 10, options.open(path)?))
}

/// Refuses when the disk of a file has less than `spare` left.
fn guard(path: &Path, spare: u64) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    match left(folder)? {
        left if left < spare => Err(io::Error::new(
            io::ErrorKind::StorageFull,
            format!(
                "less than {} MB would be left on the disk",
                spare / (1 << 20)
            ),
        )),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn left(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn left(_: &Path) -> io::Result<u64> {
    Ok(u64::MAX)
}

/// A stream that shows a keeper what passes.
pub(super) struct Tee<R> {
    pub(super) from: R,
    pub(super) keeper: Arc<Mutex<Keeper>>,
}

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(out)?;
        if let Some(bytes) = out.get(..read) {
            lock(&self.keeper).take(bytes);
        }
        Ok(read)
    }
}

/// The keeper, also after a panic of somebody who held it.
pub(super) fn lock(keeper: &Mutex<Keeper>) -> MutexGuard<'_, Keeper> {
    keeper.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(kind: u32, body: &[u8]) -> Vec<u8> {
        let total = u32::try_from(body.len() + 12).unwrap();
        let mut out = kind.to_le_bytes().to_vec();
        out.extend(total.to_le_bytes());
        out.extend(body);
        out.extend(total.to_le_bytes());
        out
    }

    fn head() -> Vec<u8> {
        [block(SECTION, &[1; 16]), block(INTERFACE, &[2; 8])].concat()
    }

    fn packet(number: u8) -> Vec<u8> {
        block(PACKET, &[number; 100])
    }

    fn plan(folder: &tempfile::TempDir) -> Plan {
        Plan {
            path: folder.path().join("x.pcapng"),
            ring: None,
            held: false,
            spare: 0,
        }
    }

    fn files(folder: &tempfile::TempDir) -> Vec<String> {
        let entries = fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn one_file_is_what_passed_however_it_was_cut() {
        let folder = tempfile::tempdir().unwrap();
        let mut keeper = Keeper::new(Some(&plan(&folder))).unwrap();
        let all = [head(), packet(1), packet(2)].concat();
        for part in all.chunks(7) {
            keeper.take(part);
        }
        keeper.finish();
        assert_eq!(fs::read(folder.path().join("x.pcapng")).unwrap(), all);
        assert_eq!(keeper.passed().packets, 2);
        assert_eq!(keeper.said(), None);
        let again = Keeper::new(Some(&plan(&folder)));
        assert!(again.is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let _keeper = Keeper::new(Some(&plan(&folder))).unwrap();
        let mode = fs::metadata(folder.path().join("x.pcapng"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_ring_keeps_the_last_files_each_with_a_head() {
        let folder = tempfile::tempdir().unwrap();
        let ring = Ring {
            count: 2,
            bytes: (head().len() + 2 * packet(0).len()) as u64,
        };
        let plan = Plan {
            ring: Some(ring),
            ..plan(&folder)
        };
        let mut keeper = Keeper::new(Some(&plan)).unwrap();
        keeper.take(&head());
        (1..=5).for_each(|number| keeper.take(&packet(number)));
        keeper.finish();
        assert_eq!(files(&folder), ["x-00002.pcapng", "x-00003.pcapng"]);
        let second = fs::read(folder.path().join("x-00002.pcapng")).unwrap();
        assert_eq!(second, [head(), packet(3), packet(4)].concat());
        let third = fs::read(folder.path().join("x-00003.pcapng")).unwrap();
        assert_eq!(third, [head(), packet(5)].concat());
    }

    #[test]
    fn held_packets_come_first_and_without_a_fault_there_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan {
            held: true,
            ..plan(&folder)
        };
        let mut keeper = Keeper::new(Some(&plan)).unwrap();
        keeper.take(&[head(), packet(1)].concat());
        keeper.finish();
        assert!(files(&folder).is_empty());
        let mut keeper = Keeper::new(Some(&plan)).unwrap();
        keeper.take(&[head(), packet(1)].concat());
        keeper.release();
        keeper.take(&packet(2));
        keeper.finish();
        let written = fs::read(folder.path().join("x.pcapng")).unwrap();
        assert_eq!(written, [head(), packet(1), packet(2)].concat());
    }

    #[test]
    fn held_packets_are_bounded() {
        let mut held = Held::default();
        let block = vec![0; 1 << 20];
        (0..100).for_each(|_| held.push(&block));
        assert!(held.bytes <= HELD && held.blocks.len() == 64);
    }

    #[test]
    fn a_full_disk_ends_the_writing_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut keeper = Keeper::new(Some(&plan(&folder))).unwrap();
        keeper.take(&head());
        if let Some(files) = &mut keeper.files {
            (files.spare, files.asked) = (u64::MAX, ASK);
        }
        keeper.take(&packet(1));
        assert!(keeper.said().unwrap().contains("would be left on the disk"));
        keeper.take(&packet(2));
        assert_eq!((keeper.said(), keeper.passed().packets), (None, 2));
        let full = Plan {
            spare: u64::MAX,
            path: folder.path().join("y.pcapng"),
            ..plan(&folder)
        };
        assert!(
            Keeper::new(Some(&full)).is_err_and(|error| error.kind() == io::ErrorKind::StorageFull)
        );
    }

    #[test]
    fn losses_are_those_of_the_kernel_and_of_the_interface() {
        let mut body = vec![0; 12];
        for (code, number) in [(4_u16, 9_u64), (5, 1), (7, 2)] {
            body.extend(code.to_le_bytes());
            body.extend(8_u16.to_le_bytes());
            body.extend(number.to_le_bytes());
        }
        body.extend([0; 4]);
        let mut keeper = Keeper::new(None).unwrap();
        keeper.take(&block(STATISTICS, &body));
        assert_eq!(keeper.passed().lost, 3);
    }

    #[test]
    fn what_is_no_pcapng_is_said_once() {
        let mut keeper = Keeper::new(None).unwrap();
        keeper.take(&[0xff; 100]);
        assert!(keeper.said().is_some());
        keeper.take(&[0xff; 100]);
        assert_eq!(keeper.said(), None);
        assert!(keeper.part.is_empty() || keeper.part.len() <= 100);
    }
}
