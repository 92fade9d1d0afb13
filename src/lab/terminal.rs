//! One session at a node's command line: echo, line editing, pages, questions, Ctrl-C.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::hub::Hub;
use super::manner::Manner;
use super::world::{End, Reply};

const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const BACKSPACE: [u8; 2] = [8, 127];
/// Keys that are kept while a command runs.
const TYPED_AHEAD: usize = 4096;
/// Longest line that a node reads.
const LONGEST: usize = 1024;
/// What a pager asks.
const MORE: &str = "Press <enter> for 1 line, <space> for one page, or <q> to quit";

/// Why a session cannot go on.
enum Over {
    /// The other side left, or the node hung up.
    Left,
    /// Reading or writing failed.
    Broken(io::Error),
}

impl From<io::Error> for Over {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

/// What interrupts a wait.
enum Waited {
    Over,
    CtrlC,
}

/// A session over any stream of bytes.
pub(super) struct Terminal<'h, S> {
    stream: S,
    hub: &'h Hub,
    node: usize,
    echo: bool,
    keys: VecDeque<u8>,
    /// Nothing more will be typed.
    deaf: bool,
    /// The last key was a carriage return, whose line feed says nothing more.
    returned: bool,
}

impl<'h, S: AsyncRead + AsyncWrite + Unpin> Terminal<'h, S> {
    /// A session at a node; with a terminal on the other side it echoes.
    pub(super) fn new(stream: S, hub: &'h Hub, node: usize, echo: bool) -> Self {
        Self {
            stream,
            hub,
            node,
            echo,
            keys: VecDeque::new(),
            deaf: false,
            returned: false,
        }
    }

    /// Serves until one side leaves.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(super) async fn serve(mut self) -> io::Result<()> {
        match self.session().await {
            Ok(()) | Err(Over::Left) => {
                // whoever left first does not mind
                _ = self.stream.shutdown().await;
                Ok(())
            }
            Err(Over::Broken(error)) => Err(error),
        }
    }

    async fn session(&mut self) -> Result<(), Over> {
        let greeting = self.hub.greeting(self.node);
        self.say(&greeting).await?;
        if self.hub.manners(self.node).contains(&Manner::NoPrompt) {
            return self.ignore().await;
        }
        loop {
            let prompt = self.hub.prompt(self.node);
            self.say(&prompt).await?;
            let Some(line) = self.line().await? else {
                continue;
            };
            let line = line.trim();
            if self.hub.shell().leave.contains(&line) {
                return Ok(());
            }
            if !line.is_empty() {
                self.run(line).await?;
            }
        }
    }

    /// Runs a command and all that follows of it.
    async fn run(&mut self, line: &str) -> Result<(), Over> {
        let hub = self.hub;
        let met = |m: &&Manner| m.meets(line);
        let manners: Vec<&Manner> = hub.manners(self.node).iter().filter(met).collect();
        let mut reply = hub.command(self.node, line);
        let mut cut = false;
        for manner in manners {
            cut |= matches!(manner, Manner::Close { .. });
            self.misbehave(manner).await?;
        }
        loop {
            if let Waited::CtrlC = self.print(&reply, cut).await? {
                return Ok(());
            }
            match reply.end {
                End::Ready => return Ok(()),
                End::Follow(last) => {
                    while self.key().await? != CTRL_C {}
                    self.say("^C\n").await?;
                    return self.say(&last).await;
                }
                End::Ask(question) => {
                    self.say(&format!("{question} ")).await?;
                    let answer = self.line().await?.unwrap_or_default();
                    reply = hub.answered(self.node, line, &answer);
                }
            }
        }
    }

    async fn misbehave(&mut self, manner: &Manner) -> Result<(), Over> {
        match manner {
            Manner::Hang { .. } => self.ignore().await,
            Manner::Flood { bytes, .. } => self.flood(*bytes).await,
            Manner::Chatter { text, .. } => self.send(text.as_bytes()).await,
            Manner::Question { text, .. } => {
                self.say(text).await?;
                self.line().await.map(drop)
            }
            Manner::Close { .. }
            | Manner::NoPrompt
            | Manner::ChangedKey
            | Manner::ChangedKeyAfterRestart
            | Manner::OtherAlgorithm => Ok(()),
        }
    }

    /// Reads what comes and says nothing.
    async fn ignore(&mut self) -> Result<(), Over> {
        loop {
            self.key().await?;
        }
    }

    async fn flood(&mut self, bytes: u64) -> Result<(), Over> {
        let line = [b"x".repeat(98).as_slice(), b"\r\n"].concat();
        let mut left = usize::try_from(bytes).unwrap_or(usize::MAX);
        while left > 0 {
            let part = line.get(..left.min(line.len())).unwrap_or(&line);
            self.send(part).await?;
            left -= part.len();
        }
        Ok(())
    }

    /// Prints the pieces of an answer, each in its time; `cut` hangs up in the middle of it.
    async fn print(&mut self, reply: &Reply, cut: bool) -> Result<Waited, Over> {
        let lines: usize = reply.parts.iter().map(|(_, t)| t.lines().count()).sum();
        for (wait, text) in &reply.parts {
            if let Waited::CtrlC = self.wait(self.hub.real(*wait)).await? {
                self.say("^C\n").await?;
                return Ok(Waited::CtrlC);
            }
            if cut {
                let half = text.chars().take(text.chars().count() / 2);
                self.say(&half.collect::<String>()).await?;
                return Err(Over::Left);
            }
            match self.hub.shell().page {
                Some(page) if lines > page => self.page(text, page).await?,
                _ => self.say(text).await?,
            }
        }
        Ok(Waited::Over)
    }

    /// Prints a long text page by page.
    async fn page(&mut self, text: &str, page: usize) -> Result<(), Over> {
        let mut room = page;
        for line in text.split_inclusive('\n') {
            if room == 0 {
                self.say(MORE).await?;
                let key = self.key().await?;
                self.say(&format!("\r{}\r", " ".repeat(MORE.len()))).await?;
                room = match key {
                    b' ' => page,
                    b'q' | CTRL_C => return Ok(()),
                    _ => 1,
                };
            }
            room -= 1;
            self.say(line).await?;
        }
        Ok(())
    }

    /// Lets time pass. What is typed meanwhile waits, but for Ctrl-C.
    async fn wait(&mut self, span: Duration) -> Result<Waited, Over> {
        let until = tokio::time::Instant::now() + span;
        loop {
            let mut bytes = [0; 256];
            let read = tokio::select! {
                biased;
                read = self.stream.read(&mut bytes), if !self.deaf => read?,
                () = tokio::time::sleep_until(until) => return Ok(Waited::Over),
            };
            // who types no more may still listen
            self.deaf = read == 0;
            let bytes = bytes.get(..read).unwrap_or_default();
            if bytes.contains(&CTRL_C) {
                self.keys.clear();
                return Ok(Waited::CtrlC);
            }
            let room = TYPED_AHEAD.saturating_sub(self.keys.len());
            self.keys.extend(bytes.iter().take(room));
        }
    }

    /// Reads a line, with its keys echoed; `None` when it was interrupted.
    async fn line(&mut self) -> Result<Option<String>, Over> {
        let mut line: Vec<u8> = Vec::new();
        loop {
            let key = self.key().await?;
            let after_return = std::mem::replace(&mut self.returned, key == b'\r');
            match key {
                b'\n' if after_return => {}
                b'\r' | b'\n' => {
                    self.echo(b"\r\n").await?;
                    return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
                }
                CTRL_C => {
                    self.echo(b"^C\r\n").await?;
                    return Ok(None);
                }
                CTRL_D if line.is_empty() => return Err(Over::Left),
                _ if BACKSPACE.contains(&key) => {
                    if line.pop().is_some() {
                        self.echo(b"\x08 \x08").await?;
                    }
                }
                b' '..=b'~' | 128.. if line.len() < LONGEST => {
                    line.push(key);
                    self.echo(&[key]).await?;
                }
                _ => self.echo(b"\x07").await?,
            }
        }
    }

    /// The next key.
    async fn key(&mut self) -> Result<u8, Over> {
        loop {
            if let Some(key) = self.keys.pop_front() {
                return Ok(key);
            }
            let mut bytes = [0; 1024];
            if self.deaf {
                return Err(Over::Left);
            }
            let read = self.stream.read(&mut bytes).await?;
            self.deaf = read == 0;
            self.keys.extend(bytes.iter().take(read));
        }
    }

    async fn echo(&mut self, bytes: &[u8]) -> Result<(), Over> {
        if self.echo {
            self.send(bytes).await?;
        }
        Ok(())
    }

    /// Sends a text with the ends of lines of a terminal.
    async fn say(&mut self, text: &str) -> Result<(), Over> {
        if text.is_empty() {
            return Ok(());
        }
        let text = text.replace('\n', "\r\n");
        self.send(text.as_bytes()).await
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Over> {
        self.stream.write_all(bytes).await?;
        Ok(self.stream.flush().await?)
    }
}

#[cfg(test)]
mod tests;
