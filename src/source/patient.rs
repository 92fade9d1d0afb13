//! Streams that may keep their reader waiting for ever, a pipe nobody writes to or a keyboard: a
//! thread of its own waits for the bytes, so that whoever wants them can stop wanting.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// Bytes of a block, and blocks that may wait to be read.
const BLOCK: usize = 256 << 10;
const WAITING: usize = 2;
/// How soon a stop is noticed.
const GLANCE: Duration = Duration::from_millis(50);

/// A stream that ends when it is over or when `stop` turns true.
pub(super) struct Patient<'s> {
    blocks: Receiver<io::Result<Vec<u8>>>,
    block: io::Cursor<Vec<u8>>,
    stop: &'s AtomicBool,
}

impl<'s> Patient<'s> {
    /// Opens a stream, which may take as long as reading it; `None` when it was stopped.
    ///
    /// # Errors
    /// Those of `open`.
    pub(super) fn open<R: Read>(
        stop: &'s AtomicBool,
        open: impl FnOnce() -> io::Result<R> + Send + 'static,
    ) -> io::Result<Option<Self>> {
        let (sender, blocks) = sync_channel(WAITING);
        // not waited for: what it waits for may never come
        thread::Builder::new().spawn(move || fetch(open, &sender))?;
        let mut patient = Self {
            blocks,
            block: io::Cursor::default(),
            stop,
        };
        // the first block is empty and says that it is open
        Ok(patient.next()?.map(|_| patient))
    }

    /// The next block; `None` at the end and after a stop.
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        while !self.stop.load(Ordering::Relaxed) {
            match self.blocks.recv_timeout(GLANCE) {
                Ok(block) => return block.map(Some),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Ok(None)
    }
}

impl Read for Patient<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.block.read(out)?;
        if read > 0 || out.is_empty() {
            return Ok(read);
        }
        match self.next()? {
            Some(block) => {
                self.block = io::Cursor::new(block);
                self.block.read(out)
            }
            None => Ok(0),
        }
    }
}

/// Hands over the stream block by block until it ends, fails or nobody wants more.
fn fetch<R: Read>(open: impl FnOnce() -> io::Result<R>, sender: &SyncSender<io::Result<Vec<u8>>>) {
    let mut stream = match open() {
        Ok(stream) => stream,
        Err(error) => {
            _ = sender.send(Err(error));
            return;
        }
    };
    let mut said = sender.send(Ok(Vec::new()));
    while said.is_ok() {
        let mut block = vec![0; BLOCK];
        said = match stream.read(&mut block) {
            Ok(0) => return,
            Ok(read) => {
                block.truncate(read);
                sender.send(Ok(block))
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => {
                _ = sender.send(Err(error));
                return;
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn all_bytes_come_in_order_and_then_the_error() {
        struct Once(Vec<io::Result<Vec<u8>>>);
        impl Read for Once {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                let bytes = self.0.pop().unwrap_or_else(|| Ok(Vec::new()))?;
                out[..bytes.len()].copy_from_slice(&bytes);
                Ok(bytes.len())
            }
        }
        let stop = AtomicBool::new(false);
        let parts = || {
            vec![
                Err(io::Error::other("broken")),
                Ok(b"cd".to_vec()),
                Err(io::ErrorKind::Interrupted.into()),
                Ok(b"ab".to_vec()),
            ]
        };
        let mut patient = Patient::open(&stop, move || Ok(Once(parts())))
            .unwrap()
            .unwrap();
        let mut text = Vec::new();
        let error = patient.read_to_end(&mut text).unwrap_err();
        assert_eq!(
            (text.as_slice(), error.to_string().as_str()),
            (&b"abcd"[..], "broken")
        );
        let refused = Patient::open(&stop, || Err::<io::Empty, _>(io::Error::other("closed")));
        assert_eq!(refused.err().unwrap().to_string(), "closed");
    }

    #[test]
    fn a_stop_ends_the_waiting_wherever_it_is() {
        struct Never(Receiver<()>);
        impl Read for Never {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                let _ = self.0.recv();
                Ok(0)
            }
        }
        let stop = AtomicBool::new(false);
        let (_open, waits) = mpsc::channel();
        let mut patient = Patient::open(&stop, || Ok(Never(waits))).unwrap().unwrap();
        stop.store(true, Ordering::Relaxed);
        assert_eq!(patient.read(&mut [0; 8]).unwrap(), 0);
        let (_closed, waits) = mpsc::channel::<()>();
        let open = move || {
            let _ = waits.recv();
            Ok(io::empty())
        };
        assert!(Patient::open(&stop, open).unwrap().is_none());
    }
}
