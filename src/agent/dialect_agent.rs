//! Talks to a command line the way its dialect says, over any session of bytes.
//!
//! Nothing a node says is taken for more than it is. The prompt is learned at login as it stands
//! and only that text ends an answer, at the very end of what came and followed by silence.
//! Questions are answered only when the dialect knows them; anything else that waits for an answer
//! stops the work with a typed error.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

use super::screen::Screen;
use super::session::Session;
use super::{AgentError, Answer, BoxFuture, ClusterAgent, Command, FailureKind, Output};
use crate::catalog::remedy::Dialect;
use answer::{Heard, Last};
use talk::Talk;

mod answer;
mod login;
mod run;
mod talk;

/// Bytes that one answer may have; what is beyond [`super::KEPT`] is read and counted only.
pub const FLOOD: u64 = 64 << 20;

/// Bytes that are read at a time.
const BLOCK: usize = 1 << 14;

/// How long the agent waits for what, and how much it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For greeting and first prompt.
    pub greeting: Duration,
    /// Silence behind the first prompt, before which it may be a line of a banner.
    pub settle: Duration,
    /// Silence behind a prompt or a question of the dialect, before which more may come.
    pub quiet: Duration,
    /// Silence behind what looks like a question that nobody knows.
    pub idle: Duration,
    /// For bytes that came before a command is sent.
    pub early: Duration,
    /// Bytes that one answer may have.
    pub flood: u64,
    /// For an interrupt to be written, and for a node to end a session that is left.
    pub leave: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            greeting: Duration::from_secs(30),
            settle: Duration::from_millis(500),
            quiet: Duration::from_millis(200),
            idle: Duration::from_secs(4),
            early: Duration::from_millis(10),
            flood: FLOOD,
            leave: Duration::from_secs(2),
        }
    }
}

/// A command line that is spoken to in its dialect.
pub struct DialectAgent<S> {
    session: S,
    talk: Talk,
    limits: Limits,
    screen: Screen,
    /// The prompt as the node writes it; empty where answers end with marks.
    prompt: String,
    /// The node repeats what is typed.
    echoes: bool,
    /// An error ended the conversation.
    broken: bool,
    block: Box<[u8]>,
}

/// What came within a time.
enum Came {
    /// So many bytes of the block.
    Bytes(usize),
    /// The end of the stream.
    End,
    /// Nothing.
    Nothing,
}

impl<S: Session> DialectAgent<S> {
    fn new(session: S, talk: Talk, limits: Limits) -> Self {
        Self {
            session,
            talk,
            limits,
            screen: Screen::default(),
            prompt: String::new(),
            echoes: false,
            broken: false,
            block: vec![0; BLOCK].into_boxed_slice(),
        }
    }

    /// The prompt as the node writes it, without blanks at its end; empty where answers end with
    /// marks.
    pub fn prompt(&self) -> &str {
        &self.prompt
    }

    /// Reads what comes until then.
    async fn hear(&mut self, until: Instant) -> Came {
        let read = self.session.read(&mut self.block);
        match timeout_at(until, read).await {
            Ok(Ok(0) | Err(_)) => Came::End,
            Ok(Ok(length)) => Came::Bytes(length),
            Err(_) => Came::Nothing,
        }
    }

    /// Writes all bytes until then.
    async fn write(&mut self, bytes: &[u8], until: Instant) -> Result<(), FailureKind> {
        let writing = async {
            self.session.write_all(bytes).await?;
            self.session.flush().await
        };
        match timeout_at(until, writing).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(FailureKind::Closed),
            Err(_) => Err(FailureKind::Timeout),
        }
    }

    /// Stops what runs, if the node still listens.
    async fn interrupt(&mut self) {
        if let Some(byte) = self.talk.interrupt() {
            let until = Instant::now() + self.limits.leave;
            _ = self.write(&[byte], until).await;
        }
    }

    /// Why the stream ended: in the carrier's words if it has any.
    async fn closed(&mut self, what: &str, said: String, sent: bool) -> AgentError {
        match self.session.ended().await {
            Some(mut error) => {
                error.sent = sent;
                if !said.is_empty() {
                    error.said = format!("{said}\n{}", error.said).trim_end().to_owned();
                }
                error
            }
            None => self.error(FailureKind::Closed, what, &said, sent),
        }
    }

    fn error(&self, kind: FailureKind, what: &str, said: &str, sent: bool) -> AgentError {
        AgentError {
            kind,
            what: what.to_owned(),
            said: super::mask::words(said, &self.talk.dialect.mask),
            help: String::new(),
            sent,
        }
    }
}

impl<S: Session + 'static> ClusterAgent for DialectAgent<S> {
    fn run<'a>(
        &'a mut self,
        command: &'a Command,
        deadline: std::time::Instant,
    ) -> BoxFuture<'a, Result<Output, AgentError>> {
        Box::pin(async move {
            let result = self.converse(command, deadline.into()).await;
            let over = match &result {
                Ok(output) => output.answer == Answer::Closed,
                Err(error) => error.kind != FailureKind::Refused,
            };
            self.broken |= over;
            result
        })
    }

    fn close(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let until = Instant::now() + self.limits.leave;
            if let Some(leave) = self.talk.dialect.leave.clone().filter(|_| !self.broken) {
                let line = leave + "\r";
                if self.write(line.as_bytes(), until).await.is_ok() {
                    while let Came::Bytes(_) = self.hear(until).await {}
                }
            }
            _ = timeout_at(until, self.session.shutdown()).await;
            _ = timeout_at(until, self.session.ended()).await;
        })
    }
}

#[cfg(test)]
mod tests;
