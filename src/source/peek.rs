//! A buffered reader that can look ahead, with buffers that are used again.

use std::cell::RefCell;
use std::io::{self, BufRead, Read};

use super::limits::Fault;

/// Size of each buffer; no look-ahead reaches further.
pub(super) const BUFFER: usize = 256 * 1024;

/// Buffers that are not in use. A walk needs one for each level of nesting.
#[derive(Default)]
pub(super) struct Pool(RefCell<Vec<Box<[u8]>>>);

impl Pool {
    fn take(&self) -> Box<[u8]> {
        let free = self.0.borrow_mut().pop();
        free.unwrap_or_else(|| vec![0; BUFFER].into_boxed_slice())
    }

    fn give(&self, buffer: Box<[u8]>) {
        self.0.borrow_mut().push(buffer);
    }
}

/// Reads a source through a buffer; its end and its first error are remembered.
pub(super) struct Peek<'r> {
    source: &'r mut dyn Read,
    pool: &'r Pool,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    taken: u64,
    over: bool,
    fault: Option<Fault>,
}

impl<'r> Peek<'r> {
    pub(super) fn new(source: &'r mut dyn Read, pool: &'r Pool) -> Self {
        Self {
            source,
            pool,
            buffer: pool.take(),
            start: 0,
            end: 0,
            taken: 0,
            over: false,
            fault: None,
        }
    }

    /// The next `want` bytes without taking them; fewer before the end or an error.
    pub(super) fn peek(&mut self, want: usize) -> &[u8] {
        while self.end - self.start < want && self.refill() {}
        let held = self.held();
        held.get(..want).unwrap_or(held)
    }

    /// Takes up to `count` bytes and returns how many there were.
    pub(super) fn skip(&mut self, count: u64) -> Result<u64, Fault> {
        let mut left = count;
        while left > 0 {
            let length = self.fill_buf().map_err(|error| Fault::from(&error))?.len();
            if length == 0 {
                break;
            }
            let taken = usize::try_from(left).unwrap_or(usize::MAX).min(length);
            self.consume(taken);
            left -= taken as u64;
        }
        Ok(count - left)
    }

    /// How many bytes were taken so far.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// The error that ended the source, once everything before it was taken.
    pub(super) fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref().filter(|_| self.start == self.end)
    }

    fn held(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Reads once more into the buffer; false when nothing more can come.
    fn refill(&mut self) -> bool {
        if self.over || self.fault.is_some() {
            return false;
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let free = self.buffer.get_mut(self.end..).unwrap_or_default();
        if free.is_empty() {
            return false;
        }
        match read(self.source, free) {
            Ok(0) => self.over = true,
            Ok(count) => self.end += count,
            Err(error) => self.fault = Some(Fault::from(&error)),
        }
        !self.over && self.fault.is_none()
    }
}

/// Reads once; an interrupted system call is tried again.
fn read(source: &mut dyn Read, out: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(out) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

impl BufRead for Peek<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.refill();
        }
        match &self.fault {
            Some(fault) if self.start == self.end => Err(fault.error()),
            _ => Ok(self.held()),
        }
    }

    fn consume(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.taken += count as u64;
    }
}

impl Read for Peek<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let idle = self.start == self.end && !self.over && self.fault.is_none();
        if idle && out.len() >= BUFFER {
            // A reader with a buffer as large as ours is served without a copy.
            let result = read(self.source, out);
            match &result {
                Ok(count) => {
                    self.over = *count == 0;
                    self.taken += *count as u64;
                }
                Err(error) => self.fault = Some(Fault::from(error)),
            }
            return result;
        }
        let held = self.fill_buf()?;
        let count = held.len().min(out.len());
        if let (Some(from), Some(to)) = (held.get(..count), out.get_mut(..count)) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        Ok(count)
    }
}

impl Drop for Peek<'_> {
    fn drop(&mut self) {
        self.pool.give(std::mem::take(&mut self.buffer));
    }
}
