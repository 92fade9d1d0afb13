//! What ssh says on its standard error, read while it runs and bounded.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::AsyncReadExt as _;
use tokio::process::ChildStderr;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Bytes that are kept from the start, where a host key is refused, and from the end, where the
/// last word stands.
const KEPT: usize = 16 << 10;

/// How ssh says that the login is over.
const LOGGED_IN: &str = "Authenticated to ";

/// The reader of a standard error.
pub(super) struct Errors {
    text: Arc<Mutex<Text>>,
    logged_in: watch::Receiver<bool>,
    reader: JoinHandle<()>,
}

#[derive(Default)]
struct Text {
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Text {
    fn push(&mut self, bytes: &[u8]) {
        let room = KEPT.saturating_sub(self.head.len()).min(bytes.len());
        let (first, rest) = bytes.split_at(room);
        self.head.extend_from_slice(first);
        self.tail.extend_from_slice(rest);
        let beyond = self.tail.len().saturating_sub(KEPT);
        self.tail.drain(..beyond);
    }

    fn shown(&self) -> String {
        let all = [self.head.as_slice(), &self.tail].concat();
        String::from_utf8_lossy(&all).into_owned()
    }
}

impl Errors {
    /// Starts to read.
    pub(super) fn read(mut stream: ChildStderr) -> Self {
        let text = Arc::new(Mutex::new(Text::default()));
        let (tell, logged_in) = watch::channel(false);
        let kept = Arc::clone(&text);
        let reader = tokio::spawn(async move {
            let mut block = vec![0; 4096];
            let mut line = Vec::new();
            while let Ok(length @ 1..) = stream.read(&mut block).await {
                let bytes = block.get(..length).unwrap_or(&[]);
                lock(&kept).push(bytes);
                for byte in bytes {
                    match byte {
                        b'\n' => line.clear(),
                        _ if line.len() < LOGGED_IN.len() => line.push(*byte),
                        _ => {}
                    }
                    if line == LOGGED_IN.as_bytes() {
                        _ = tell.send(true);
                    }
                }
            }
        });
        Self {
            text,
            logged_in,
            reader,
        }
    }

    /// Waits until ssh says that the login is over; for ever if it never does.
    pub(super) async fn logged_in(&mut self) {
        if self.logged_in.wait_for(|over| *over).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// True once the login is over.
    pub(super) fn has_logged_in(&self) -> bool {
        *self.logged_in.borrow()
    }

    /// Waits until everything is read.
    pub(super) async fn end(&mut self) {
        if !self.reader.is_finished() {
            _ = (&mut self.reader).await;
        }
    }

    /// What was said, with a gap in the middle when it is long.
    pub(super) fn text(&self) -> String {
        lock(&self.text).shown()
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

fn lock(text: &Mutex<Text>) -> std::sync::MutexGuard<'_, Text> {
    text.lock().unwrap_or_else(PoisonError::into_inner)
}
