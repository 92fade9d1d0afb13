//! Compressed streams of every kind, unpacked within the limits.

use std::io::{self, BufRead, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::bzip2::{self as bz2, Bzip2};
use super::deflate::{Deflate, GZIP_MAGIC};
use super::xz::{self, Xz};
use super::zstd::{self, Zstd};
use super::{Budget, Fault, Size};
use crate::source::peek::Peek;

/// What an [`Unpack`] unpacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) enum Packing {
    /// One or more gzip members up to the end of the source.
    Gzip,
    /// One bare deflate stream, as zip archives hold; the source stands behind it at the end.
    Deflate,
    /// One or more bzip2 streams.
    Bzip2,
    /// One or more xz streams, with padding between them.
    Xz,
    /// One or more zstd frames, with others to skip between them.
    Zstd,
}

impl Packing {
    /// The packing that first bytes promise; bare deflate has no mark.
    pub(in crate::source) fn of(head: &[u8]) -> Option<Self> {
        [Self::Gzip, Self::Bzip2, Self::Xz, Self::Zstd]
            .into_iter()
            .find(|packing| packing.is_start(head))
    }

    /// What it is called in a note.
    pub(in crate::source) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip stream",
            Self::Deflate => "compressed data",
            Self::Bzip2 => "bzip2 stream",
            Self::Xz => "xz stream",
            Self::Zstd => "zstd stream",
        }
    }

    fn is_start(self, head: &[u8]) -> bool {
        match self {
            Self::Gzip => head.starts_with(GZIP_MAGIC),
            Self::Deflate => false,
            Self::Bzip2 => bz2::is_start(head),
            Self::Xz => head.starts_with(xz::MAGIC),
            Self::Zstd => zstd::is_start(head),
        }
    }

    fn engine(self, budget: &Budget) -> Box<dyn Engine> {
        match self {
            Self::Gzip => Box::new(Deflate::gzip()),
            Self::Deflate => Box::new(Deflate::bare()),
            Self::Bzip2 => Box::new(Bzip2::new()),
            Self::Xz => Box::new(Xz::new(budget.room())),
            Self::Zstd => Box::new(Zstd::new(budget.room())),
        }
    }
}

/// How a stream goes on.
pub(super) enum State {
    /// There may be more of it.
    Going,
    /// It is complete; the source stands behind it.
    Over,
    /// It is not what it should be.
    Damaged,
    /// It cannot be unpacked here, for the reason given.
    Refused(Fault),
}

/// One decompressor, good for one stream.
pub(super) trait Engine {
    /// Takes something from the source, or writes something to `out`, and tells how many bytes
    /// it wrote; these are good whatever the state is. At the end of the source, or an error of
    /// it, it does neither.
    fn unpack(&mut self, source: &mut Peek<'_>, out: &mut [u8]) -> (usize, State);

    /// How far back the stream may refer, in bytes, if that is much.
    fn window(&self) -> u64 {
        0
    }
}

/// Unpacks streams within the limits.
pub(in crate::source) struct Unpack<'p, 'r> {
    source: &'p mut Peek<'r>,
    budget: &'p Budget,
    packing: Packing,
    engine: Box<dyn Engine>,
    window: u64,
    packed: u64,
    unpacked: u64,
    stream_over: bool,
    over: bool,
    fault: Option<Fault>,
    garbage: u64,
}

impl<'p, 'r> Unpack<'p, 'r> {
    pub(in crate::source) fn new(
        source: &'p mut Peek<'r>,
        packing: Packing,
        budget: &'p Budget,
    ) -> Self {
        Self {
            source,
            budget,
            packing,
            engine: packing.engine(budget),
            window: 0,
            packed: 0,
            unpacked: 0,
            stream_over: false,
            over: false,
            fault: None,
            garbage: 0,
        }
    }

    /// Bytes that came out so far.
    pub(in crate::source) fn unpacked(&self) -> u64 {
        self.unpacked
    }

    /// Bytes after the last stream that belong to nothing; known once the end was read.
    /// Zeros are padding and do not count.
    pub(in crate::source) fn garbage(&self) -> u64 {
        self.garbage
    }

    fn unpack(&mut self, out: &mut [u8]) -> Result<usize, Fault> {
        loop {
            if self.stream_over && !self.next_stream()? {
                return Ok(0);
            }
            let (made, trouble) = self.step(out);
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

    fn step(&mut self, out: &mut [u8]) -> (usize, Option<Fault>) {
        let before = self.source.taken();
        let (engine, source) = (&mut self.engine, &mut *self.source);
        // Decoders are others' work on a stranger's bytes: one that panics costs its stream only.
        let job = AssertUnwindSafe(|| engine.unpack(source, out));
        let (made, state) = catch_unwind(job).unwrap_or((0, State::Damaged));
        let taken = self.source.taken() - before;
        self.packed += taken;
        self.unpacked += made as u64;
        let window = self.engine.window();
        self.budget.change_window(self.window, window);
        self.window = window;
        let trouble = match state {
            State::Over => {
                self.stream_over = true;
                None
            }
            State::Going if taken > 0 || made > 0 => None,
            State::Going => Some(self.stopped()),
            State::Damaged => Some(self.damaged()),
            State::Refused(fault) => Some(fault),
        };
        (made, trouble)
    }

    fn check(&self, made: usize) -> Result<(), Fault> {
        self.budget.spend(made)?;
        if self.budget.is_bomb(self.packed, self.unpacked) {
            return Err(Fault::limit(self.budget.bomb_note()));
        }
        Ok(())
    }

    /// Why nothing goes on: the source failed or is at its end, else the stream is to blame.
    fn stopped(&mut self) -> Fault {
        match self.source.fill_buf() {
            Err(error) => Fault::from(&error),
            Ok([]) => Fault::cut(format!(
                "the {} ends unexpectedly after {}",
                self.packing.name(),
                Size(self.unpacked)
            )),
            Ok(_) => self.damaged(),
        }
    }

    fn damaged(&self) -> Fault {
        Fault::damaged(format!(
            "the {} is damaged after {}",
            self.packing.name(),
            Size(self.unpacked)
        ))
    }

    /// Goes on to the next stream if there is one.
    fn next_stream(&mut self) -> Result<bool, Fault> {
        if self.packing == Packing::Deflate {
            return Ok(false);
        }
        if self.packing == Packing::Xz {
            while self.source.peek(xz::PADDING.len()) == xz::PADDING {
                self.source.skip(xz::PADDING.len() as u64)?;
            }
        }
        if self.packing.is_start(self.source.peek(bz2::HEAD)) {
            self.budget.change_window(self.window, 0);
            self.window = 0;
            self.engine = self.packing.engine(self.budget);
            self.stream_over = false;
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

impl Read for Unpack<'_, '_> {
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

impl Drop for Unpack<'_, '_> {
    fn drop(&mut self) {
        self.budget.change_window(self.window, 0);
    }
}
