//! How commands reach a node.
//!
//! A [`Transport`](connect::Transport) opens a connection to a node and gives a [`ClusterAgent`], which sends one
//! command at a time and gives back what the node said. Byte transports wrap their session in the
//! dialect agent, which knows prompts, pagers and questions from `rules/dialects`; structured ones
//! implement [`ClusterAgent`] directly. Whatever a node says is hostile until it is cleaned.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

#[cfg(unix)]
pub mod askpass;
pub mod connect;
pub mod dialect_agent;
pub mod manual;
pub mod mask;
pub mod screen;
pub mod session;
pub mod soap;
#[cfg(unix)]
pub mod ssh;
pub mod target;

/// A future that may be moved between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Bytes of one answer that are kept.
pub const KEPT: usize = 1 << 20;

/// A command as it is sent, printable ASCII without a line feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The line.
    pub line: String,
    /// The node may close the connection instead of answering: it restarts.
    pub closes: bool,
    /// The command runs until it is interrupted, which is done after this time.
    pub stop_after: Option<Duration>,
}

/// How a node took a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It answered and waits for the next command.
    Done,
    /// It does not know the command; nothing was done.
    Unknown,
    /// It said that the command failed.
    Failed,
    /// It closed the connection, which the command allows.
    Closed,
}

/// What a node said to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Clean text, lines ended by line feeds: without the echo of the command, the prompt, control
    /// characters and what a pager printed between. At most [`KEPT`] bytes.
    pub text: String,
    /// How the command was taken.
    pub answer: Answer,
    /// Bytes that are not in `text` because there were too many.
    pub dropped: u64,
    /// Questions that the node asked and that the dialect answered, cleaned, each with the answer.
    pub confirmed: Vec<(String, String)>,
}

/// What kept a command from being answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureKind {
    /// No connection.
    Connect,
    /// The login was refused.
    Auth,
    /// The host key or certificate is unknown, changed, revoked or somebody else's.
    HostKey,
    /// No prompt came.
    Prompt,
    /// No answer in time.
    Timeout,
    /// The node closed the connection in the middle.
    Closed,
    /// The node sent more than anybody reads.
    Flood,
    /// The node asked what the dialect does not know, or spoke out of turn.
    Dialect,
    /// The command is none that the dialect allows; it was not sent.
    Refused,
}

impl FailureKind {
    /// The word used in journals.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Auth => "auth",
            Self::HostKey => "host-key",
            Self::Prompt => "prompt",
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::Flood => "flood",
            Self::Dialect => "dialect",
            Self::Refused => "refused",
        }
    }
}

/// Why an agent stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentError {
    /// What kind of trouble.
    pub kind: FailureKind,
    /// What happened, one clean sentence without a full stop.
    pub what: String,
    /// What the node or its transport said last, clean and bounded; may be empty.
    pub said: String,
    /// What may help, one clean sentence without a full stop; may be empty.
    pub help: String,
    /// The command had been sent: its effect is unknown.
    pub sent: bool,
}

impl fmt::Display for AgentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for AgentError {}

/// Sends commands to one node over one connection.
pub trait ClusterAgent: Send {
    /// Sends a command and waits for its answer until the deadline. After an error the connection
    /// is of no use any more.
    fn run<'a>(
        &'a mut self,
        command: &'a Command,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Output, AgentError>>;

    /// The name of the node that the connection itself proved, as a certificate does; most ways
    /// prove only that it is a node of known keys.
    fn proved_name(&self) -> Option<&str> {
        None
    }

    /// Leaves politely and ends the connection.
    fn close(self: Box<Self>) -> BoxFuture<'static, ()>;
}
