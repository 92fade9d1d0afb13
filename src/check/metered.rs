//! A stream that ends with an error when a server says more than any answer needs.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Most bytes that are taken from one connection.
const MOST: usize = 16 << 20;

/// What a connection runs over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A stream with a bound on what is read from it.
pub(super) struct Metered {
    inner: Box<dyn Stream>,
    left: usize,
}

impl Metered {
    pub(super) fn new(inner: impl Stream + 'static) -> Self {
        Self {
            inner: Box::new(inner),
            left: MOST,
        }
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::other("the server says more than is read")));
        }
        let before = buf.filled().len();
        let done = Pin::new(&mut self.inner).poll_read(cx, buf);
        self.left = self.left.saturating_sub(buf.filled().len() - before);
        done
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt as _;

    #[test]
    fn a_server_without_end_is_cut_off() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let endless = tokio::io::join(tokio::io::repeat(b'x'), tokio::io::sink());
        let mut taken = Vec::new();
        let error = runtime
            .block_on(Metered::new(endless).read_to_end(&mut taken))
            .unwrap_err();
        assert_eq!(error.to_string(), "the server says more than is read");
        assert!(taken.len() <= 2 * MOST);
    }
}
