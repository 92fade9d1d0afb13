//! The bytes between us and a node, whatever carries them.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{AgentError, BoxFuture};

/// A connection to the command line of a node.
pub trait Session: AsyncRead + AsyncWrite + Send + Unpin {
    /// Asked once the stream has ended: why, if the carrier knows more than that it did.
    fn ended(&mut self) -> BoxFuture<'_, Option<AgentError>>;
}
