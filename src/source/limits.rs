//! The only door to decompressors, and every cap on what an input may cost.
//!
//! Archives come from elsewhere and may be built to exhaust whoever reads them. Every byte that
//! is unpacked passes through `Unpack`, every member through `Leaf`; both know the
//! `Budget` of the walk. A limit that is hit, like damage, is an [`io::Error`] whose text is
//! fit for a reader of the report.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, BufRead, Read};

use super::peek::{Peek, Pool};

mod bzip2;
mod deflate;
mod unpack;
mod xz;
mod zstd;

pub(super) use deflate::Checked;
pub(super) use unpack::{Packing, Unpack};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// What one walk may cost. The defaults let real bundles pass and stop hostile ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many containers may stand in one another; a tar in a compressed stream counts as one.
    pub depth: u32,
    /// How many members may be delivered in all.
    pub members: u64,
    /// How many bytes may be read in all, after decompression.
    pub total_bytes: u64,
    /// How many bytes of one member are delivered.
    pub member_bytes: u64,
    /// How many times its packed size a stream or a zip archive may unpack to.
    pub ratio: u64,
    /// The ratio is judged only once this many bytes came out: small texts pack very well.
    pub ratio_from: u64,
    /// How long the name of a member may be, in bytes; longer ones are shortened.
    pub path_bytes: usize,
    /// How many bytes of zip archives that cannot be read in place (inside another archive, or
    /// from a stream) are held in memory at one time.
    pub nested_zip_bytes: u64,
    /// How far back compressed streams may refer, in bytes, all that are open at one time
    /// together: what is unpacked has to be held in memory that long (the dictionary of xz, the
    /// window of zstd).
    pub window_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 8,
            members: 250_000,
            total_bytes: 256 * GIB,
            member_bytes: 64 * GIB,
            ratio: 200,
            ratio_from: 64 * MIB,
            path_bytes: 4096,
            nested_zip_bytes: 64 * MIB,
            window_bytes: 128 * MIB,
        }
    }
}

/// A number of bytes for a note: in whole GiB or MiB where that is exact.
pub(super) struct Size(pub(super) u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => write!(f, "1 byte"),
            n if n >= GIB && n % GIB == 0 => write!(f, "{} GiB", n / GIB),
            n if n >= MIB && n % MIB == 0 => write!(f, "{} MiB", n / MIB),
            n => write!(f, "{n} bytes"),
        }
    }
}

/// Why a stream cannot be read further. Unlike [`io::Error`] it can be told more than once.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    kind: io::ErrorKind,
    text: String,
}

impl Fault {
    /// The bytes are not what they should be.
    pub(super) fn damaged(text: String) -> Self {
        Self {
            kind: io::ErrorKind::InvalidData,
            text,
        }
    }

    /// The bytes end too early.
    pub(super) fn cut(text: String) -> Self {
        Self {
            kind: io::ErrorKind::UnexpectedEof,
            text,
        }
    }

    /// A limit was reached.
    pub(super) fn limit(text: String) -> Self {
        Self {
            kind: io::ErrorKind::QuotaExceeded,
            text,
        }
    }

    /// The error that readers return.
    pub(super) fn error(&self) -> io::Error {
        io::Error::new(self.kind, self.text.clone())
    }

    /// The text for a note.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

impl From<&io::Error> for Fault {
    fn from(error: &io::Error) -> Self {
        Self {
            kind: error.kind(),
            text: error.to_string(),
        }
    }
}

/// What a compressed stream may hold in memory.
#[derive(Clone, Copy)]
struct Room {
    free: u64,
    limit: u64,
}

impl Room {
    /// What is said about a stream that asks for more.
    fn refuse(self, asked: u64, how: &str) -> Fault {
        let left = if self.free < self.limit {
            format!(", of which {} are left", Size(self.free))
        } else {
            String::new()
        };
        Fault::limit(format!(
            "it needs {} of memory to be unpacked, more than the limit of {}{left}; unpack it \
             first ({how})",
            Size(asked),
            Size(self.limit)
        ))
    }
}

/// What is left of the limits during one walk, and the buffers that it reuses.
pub(super) struct Budget {
    /// The limits.
    pub(super) limits: Limits,
    /// Buffers that are not in use.
    pub(super) pool: Pool,
    members: Cell<u64>,
    bytes: Cell<u64>,
    held: Cell<u64>,
    windows: Cell<u64>,
    exhausted: RefCell<Option<Fault>>,
}

impl Budget {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            pool: Pool::default(),
            members: Cell::new(0),
            bytes: Cell::new(0),
            held: Cell::new(0),
            windows: Cell::new(0),
            exhausted: RefCell::new(None),
        }
    }

    /// Counts a member that is to be delivered; false when there may be no more.
    pub(super) fn take_member(&self) -> bool {
        if self.members.get() >= self.limits.members {
            let text = format!("the limit of {} members is reached", self.limits.members);
            self.exhausted
                .borrow_mut()
                .get_or_insert(Fault::limit(text));
            return false;
        }
        self.members.set(self.members.get() + 1);
        true
    }

    /// Counts bytes that were read.
    fn spend(&self, bytes: usize) -> Result<(), Fault> {
        let spent = self.bytes.get().saturating_add(bytes as u64);
        self.bytes.set(spent);
        if spent <= self.limits.total_bytes {
            return Ok(());
        }
        let text = format!(
            "the limit of {} in all is reached",
            Size(self.limits.total_bytes)
        );
        let fault = Fault::limit(text);
        self.exhausted
            .borrow_mut()
            .get_or_insert_with(|| fault.clone());
        Err(fault)
    }

    /// The limit that ended the walk, if one did.
    pub(super) fn exhausted(&self) -> Option<String> {
        self.exhausted
            .borrow()
            .as_ref()
            .map(|fault| fault.text.clone())
    }

    /// How many bytes of a further zip archive may be held in memory.
    pub(super) fn may_hold(&self) -> u64 {
        self.limits.nested_zip_bytes.saturating_sub(self.held.get())
    }

    /// Counts bytes that are held in memory; negative when they are given back.
    pub(super) fn hold(&self, bytes: i64) {
        self.held.set(self.held.get().saturating_add_signed(bytes));
    }

    /// How large the window of a further compressed stream may be.
    fn room(&self) -> Room {
        let limit = self.limits.window_bytes;
        let free = limit.saturating_sub(self.windows.get());
        Room { free, limit }
    }

    /// A stream that held a window of `before` bytes now holds one of `now` bytes.
    fn change_window(&self, before: u64, now: u64) {
        let others = self.windows.get().saturating_sub(before);
        self.windows.set(others.saturating_add(now));
    }

    /// True when `unpacked` bytes are more than `packed` bytes may become.
    pub(super) fn is_bomb(&self, packed: u64, unpacked: u64) -> bool {
        unpacked > self.limits.ratio_from
            && unpacked > packed.max(1).saturating_mul(self.limits.ratio)
    }

    /// What is said about a stream or an archive that unpacks to too much.
    pub(super) fn bomb_note(&self) -> String {
        format!(
            "it unpacks to more than {} times its size, the limit; the rest was not read",
            self.limits.ratio
        )
    }
}

/// A plain member on its way to the visitor.
pub(super) struct Leaf<'p, 'r> {
    source: &'p mut Peek<'r>,
    budget: &'p Budget,
    left: u64,
    counted: bool,
}

impl<'p, 'r> Leaf<'p, 'r> {
    /// `counted` says that the bytes come out of a decompressor, which counts them.
    pub(super) fn new(source: &'p mut Peek<'r>, counted: bool, budget: &'p Budget) -> Self {
        Self {
            source,
            budget,
            left: budget.limits.member_bytes,
            counted,
        }
    }
}

impl Read for Leaf<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            // Only a byte beyond the limit makes it a limit that was hit.
            if self.source.fill_buf()?.is_empty() {
                return Ok(0);
            }
            let text = format!(
                "only the first {} were read, the limit for one file",
                Size(self.budget.limits.member_bytes)
            );
            return Err(Fault::limit(text).error());
        }
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(out.len());
        let count = self.source.read(out.get_mut(..most).unwrap_or_default())?;
        self.left -= count as u64;
        if !self.counted {
            self.budget.spend(count).map_err(|fault| fault.error())?;
        }
        Ok(count)
    }
}
