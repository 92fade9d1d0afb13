//! The bytes of a stream in one bounded buffer, read no further than somebody needs them.

use std::io::{self, Read};
use std::ops::Range;

/// Size at first, and how much is read at most at a time.
const SIZE: usize = 256 << 10;

/// A window into a stream. It grows when something longer is wanted.
pub(super) struct Buffer<'r> {
    source: &'r mut dyn Read,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes of the stream before `start`.
    offset: u64,
    over: bool,
    error: Option<io::Error>,
}

impl<'r> Buffer<'r> {
    /// A window that begins with bytes that were read already.
    pub(super) fn new(head: &[u8], source: &'r mut dyn Read) -> Self {
        let mut bytes = head.to_vec();
        bytes.resize(head.len().max(SIZE), 0);
        Self {
            source,
            bytes,
            start: 0,
            end: head.len(),
            offset: 0,
            over: false,
            error: None,
        }
    }

    /// Reads until so many bytes stand in the window; false when they do not come. Whoever wants
    /// many has made sure that they are plausible.
    #[inline]
    pub(super) fn ensure(&mut self, want: usize) -> bool {
        self.end - self.start >= want || self.fetch(want)
    }

    #[cold]
    fn fetch(&mut self, want: usize) -> bool {
        if self.bytes.len() - self.start < want {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            let size = want.max(self.bytes.len());
            self.bytes.resize(size, 0);
        }
        while self.end - self.start < want {
            if !self.read() {
                return false;
            }
        }
        true
    }

    /// Reads once; false when nothing more can come.
    fn read(&mut self) -> bool {
        if self.over {
            return false;
        }
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        let free = self.bytes.get_mut(self.end..).unwrap_or_default();
        match self.source.read(free) {
            Ok(0) => self.over = true,
            Ok(count) => self.end += count.min(free.len()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                self.over = true;
                self.error = Some(error);
            }
        }
        !self.over
    }

    /// What stands in the window.
    #[inline]
    pub(super) fn held(&self) -> &[u8] {
        self.get(self.start..self.end)
    }

    /// A place in the buffer that [`take`](Self::take) gave.
    #[inline]
    pub(super) fn get(&self, place: Range<usize>) -> &[u8] {
        self.bytes.get(place).unwrap_or_default()
    }

    /// Moves the window over bytes that stand in it, and tells their place, which is good until
    /// more is asked for.
    #[inline]
    pub(super) fn take(&mut self, count: usize) -> Range<usize> {
        let from = self.start;
        self.start = (from + count).min(self.end);
        self.offset += (self.start - from) as u64;
        from..self.start
    }

    /// Moves the window over bytes that may not have been read yet; false when there are fewer.
    pub(super) fn skip(&mut self, count: u64) -> bool {
        let mut left = count;
        loop {
            let held = self.end - self.start;
            let taken = self.take(usize::try_from(left).unwrap_or(held).min(held));
            left -= taken.len() as u64;
            if left == 0 || !self.read() {
                return left == 0;
            }
        }
    }

    /// Where the window begins in the stream.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The error that ended the stream.
    pub(super) fn error(&self) -> Option<&io::Error> {
        self.error.as_ref()
    }

    /// Bytes that are set aside.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}
