//! The only door to a decompressor, and every cap on what an input may cost.
//!
//! Archives come from elsewhere and may be built to exhaust whoever reads them. Every byte that
//! is unpacked passes through `Inflate`, every member through `Leaf`; both know the
//! `Budget` of the walk. A limit that is hit, like damage, is an [`io::Error`] whose text is
//! fit for a reader of the report.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, BufRead, Read};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::peek::{Peek, Pool};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// First bytes of a gzip member that can be unpacked: magic and the method deflate.
pub(super) const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b, 0x08];

/// What one walk may cost. The defaults let real bundles pass and stop hostile ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many containers may stand in one another; a tar in a gzip counts as one.
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
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 8,
            members: 1_000_000,
            total_bytes: 256 * GIB,
            member_bytes: 64 * GIB,
            ratio: 200,
            ratio_from: 64 * MIB,
            path_bytes: 4096,
            nested_zip_bytes: 64 * MIB,
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

/// What is left of the limits during one walk, and the buffers that it reuses.
pub(super) struct Budget {
    /// The limits.
    pub(super) limits: Limits,
    /// Buffers that are not in use.
    pub(super) pool: Pool,
    members: Cell<u64>,
    bytes: Cell<u64>,
    held: Cell<u64>,
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

/// What an [`Inflate`] unpacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// One or more gzip members up to the end of the source.
    Gzip,
    /// One bare deflate stream, as zip archives hold; the source stands behind it at the end.
    Deflate,
}

impl Packing {
    fn engine(self) -> Decompress {
        /// The largest window there is, which every stream fits.
        const WINDOW_BITS: u8 = 15;
        match self {
            Self::Gzip => Decompress::new_gzip(WINDOW_BITS),
            Self::Deflate => Decompress::new(false),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip stream",
            Self::Deflate => "compressed data",
        }
    }
}

/// Unpacks a stream within the limits.
///
/// The engine is driven directly and not through a `GzDecoder`: those drop up to a buffer of
/// good bytes before damage, and cannot tell padding after the last member from damage.
pub(super) struct Inflate<'p, 'r> {
    source: &'p mut Peek<'r>,
    budget: &'p Budget,
    packing: Packing,
    engine: Decompress,
    packed: u64,
    unpacked: u64,
    member_over: bool,
    over: bool,
    fault: Option<Fault>,
    garbage: u64,
}

impl<'p, 'r> Inflate<'p, 'r> {
    pub(super) fn new(source: &'p mut Peek<'r>, packing: Packing, budget: &'p Budget) -> Self {
        Self {
            source,
            budget,
            packing,
            engine: packing.engine(),
            packed: 0,
            unpacked: 0,
            member_over: false,
            over: false,
            fault: None,
            garbage: 0,
        }
    }

    /// Bytes that came out so far.
    pub(super) fn unpacked(&self) -> u64 {
        self.unpacked
    }

    /// Bytes after the last gzip member that belong to nothing; known once the end was read.
    /// Zeros are padding and do not count.
    pub(super) fn garbage(&self) -> u64 {
        self.garbage
    }

    fn unpack(&mut self, out: &mut [u8]) -> Result<usize, Fault> {
        loop {
            if self.member_over && !self.next_member()? {
                return Ok(0);
            }
            let input = self
                .source
                .fill_buf()
                .map_err(|error| Fault::from(&error))?;
            let at_end = input.is_empty();
            let (packed, unpacked) = (self.engine.total_in(), self.engine.total_out());
            let status = self.engine.decompress(input, out, FlushDecompress::None);
            let taken = usize::try_from(self.engine.total_in() - packed).unwrap_or(usize::MAX);
            let made = usize::try_from(self.engine.total_out() - unpacked).unwrap_or(usize::MAX);
            self.source.consume(taken);
            self.packed += taken as u64;
            self.unpacked += made as u64;
            let trouble = match status {
                Ok(Status::StreamEnd) => {
                    self.member_over = true;
                    None
                }
                Ok(_) if taken > 0 || made > 0 => None,
                Ok(_) if at_end => Some(self.cut()),
                Ok(_) | Err(_) => Some(self.damaged()),
            };
            if made > 0 {
                // What came out before the damage or the limit is delivered first.
                self.fault = self.check(made).err().or(trouble);
                return Ok(made);
            }
            if let Some(trouble) = trouble {
                return Err(trouble);
            }
        }
    }

    fn check(&self, made: usize) -> Result<(), Fault> {
        self.budget.spend(made)?;
        if self.budget.is_bomb(self.packed, self.unpacked) {
            return Err(Fault::limit(self.budget.bomb_note()));
        }
        Ok(())
    }

    fn cut(&self) -> Fault {
        Fault::cut(format!(
            "the {} ends unexpectedly after {}",
            self.packing.name(),
            Size(self.unpacked)
        ))
    }

    fn damaged(&self) -> Fault {
        Fault::damaged(format!(
            "the {} is damaged after {}",
            self.packing.name(),
            Size(self.unpacked)
        ))
    }

    /// Goes on to the next gzip member if there is one.
    fn next_member(&mut self) -> Result<bool, Fault> {
        if self.packing == Packing::Deflate {
            return Ok(false);
        }
        if self.source.peek(GZIP_MAGIC.len()) == GZIP_MAGIC {
            self.engine = self.packing.engine();
            self.member_over = false;
            return Ok(true);
        }
        loop {
            let rest = self
                .source
                .fill_buf()
                .map_err(|error| Fault::from(&error))?;
            if rest.is_empty() {
                return Ok(false);
            }
            if self.garbage > 0 || rest.iter().any(|byte| *byte != 0) {
                self.garbage += rest.len() as u64;
            }
            let length = rest.len();
            self.source.consume(length);
        }
    }
}

impl Read for Inflate<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() || self.over {
            return Ok(0);
        }
        if let Some(fault) = &self.fault {
            return Err(fault.error());
        }
        match self.unpack(out) {
            Ok(count) => {
                self.over = count == 0;
                Ok(count)
            }
            Err(fault) => {
                let error = fault.error();
                self.fault = Some(fault);
                Err(error)
            }
        }
    }
}

/// A zip member's content, compared at its end with the size and checksum that the archive states.
pub(super) struct Checked<'s> {
    source: &'s mut dyn Read,
    size: u64,
    checksum: u32,
    found: Crc,
    bytes: u64,
}

impl<'s> Checked<'s> {
    pub(super) fn new(source: &'s mut dyn Read, size: u64, checksum: u32) -> Self {
        Self {
            source,
            size,
            checksum,
            found: Crc::new(),
            bytes: 0,
        }
    }

    /// Bytes that were read so far.
    pub(super) fn delivered(&self) -> u64 {
        self.bytes
    }
}

impl Read for Checked<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let count = self.source.read(out)?;
        if let Some(read) = out.get(..count) {
            self.found.update(read);
        }
        self.bytes += count as u64;
        if count > 0 || (self.bytes == self.size && self.found.sum() == self.checksum) {
            return Ok(count);
        }
        let fault = if self.bytes < self.size {
            Fault::cut(format!(
                "the content ends after {} of {}",
                Size(self.bytes),
                Size(self.size)
            ))
        } else {
            Fault::damaged("the content does not fit its checksum".to_owned())
        };
        Err(fault.error())
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
