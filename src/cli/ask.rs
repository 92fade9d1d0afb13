//! Questions on the terminal. The only user of terminal modes.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::thread;

use rustix::termios::{InputModes, LocalModes};
use rustix::termios::{OptionalActions, QueueSelector, SpecialCodeIndex, Termios};
use rustix::termios::{tcflush, tcgetattr, tcsetattr};
use tokio::sync::oneshot;

use crate::execute::Stop;

/// What Esc sends.
const ESC: u8 = 0x1b;

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A line, without blanks around it.
    Line(String),
    /// Esc, or the end of input.
    Nothing,
    /// Ctrl-C.
    Interrupted,
}

/// True when there is somebody to ask.
pub(super) fn is_possible() -> bool {
    io::stdin().is_terminal()
}

/// Asks; the question stays the last text on its line. What was typed before it was asked does not
/// count as an answer.
pub(super) async fn ask(question: &str, stop: &Stop) -> Said {
    let (answer, answered) = oneshot::channel();
    let guard = Mode::set();
    {
        let mut out = io::stderr().lock();
        _ = out.write_all(question.as_bytes());
        _ = out.flush();
    }
    // a thread of its own: whoever stops does not wait for a line that never comes
    thread::spawn(move || answer.send(line()));
    let said = tokio::select! {
        said = answered => said.unwrap_or(Said::Nothing),
        () = stop.uttered() => Said::Interrupted,
    };
    drop(guard);
    if said != Said::Interrupted && !matches!(&said, Said::Line(_)) {
        _ = writeln!(io::stderr().lock());
    }
    said
}

/// One line; the terminal hands over what Esc or Enter ended.
fn line() -> Said {
    let mut input = io::stdin().lock();
    let Ok(bytes) = input.fill_buf() else {
        return Said::Nothing;
    };
    let text = String::from_utf8_lossy(bytes).into_owned();
    let length = bytes.len();
    input.consume(length);
    match length == 0 || text.contains(char::from(ESC)) {
        true => Said::Nothing,
        false => Said::Line(text.trim().to_owned()),
    }
}

/// A terminal on which Esc ends a line; as it was when this goes.
struct Mode {
    before: Option<Termios>,
}

impl Mode {
    fn set() -> Self {
        let terminal = io::stdin();
        _ = tcflush(&terminal, QueueSelector::IFlush);
        let before = tcgetattr(&terminal).ok();
        if let Some(before) = &before {
            let mut mode = before.clone();
            mode.special_codes[SpecialCodeIndex::VEOL] = ESC;
            _ = tcsetattr(&terminal, OptionalActions::Now, &mode);
        }
        Self { before }
    }

    /// A terminal that hands over every key at once, and echoes none.
    fn keys() -> Self {
        let terminal = io::stdin();
        let before = tcgetattr(&terminal).ok();
        if let Some(before) = &before {
            let mut mode = before.clone();
            let lines = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
            mode.local_modes.remove(lines | LocalModes::IEXTEN);
            mode.input_modes.remove(InputModes::IXON);
            mode.special_codes[SpecialCodeIndex::VMIN] = 1;
            mode.special_codes[SpecialCodeIndex::VTIME] = 0;
            _ = tcsetattr(&terminal, OptionalActions::Now, &mode);
        }
        Self { before }
    }

    /// Whether a read ends after a tenth of a second: Esc alone is told from a key that sends it first.
    fn wait_briefly(&self, brief: bool) {
        if let Ok(mut mode) = tcgetattr(io::stdin()) {
            mode.special_codes[SpecialCodeIndex::VMIN] = u8::from(!brief);
            mode.special_codes[SpecialCodeIndex::VTIME] = u8::from(brief);
            _ = tcsetattr(io::stdin(), OptionalActions::Now, &mode);
        }
    }
}

impl Drop for Mode {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}

/// A key as a person means it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Up,
    Down,
    Enter,
    Escape,
    Erase,
    /// Ctrl-D.
    End,
    /// Ctrl-C.
    Interrupt,
    Char(char),
}

/// The keys of the terminal one by one, unechoed; the terminal is as it was when this goes.
pub(super) struct Keys {
    mode: Mode,
    bytes: VecDeque<u8>,
    over: bool,
}

impl Keys {
    pub(super) fn open() -> Self {
        Self {
            mode: Mode::keys(),
            bytes: VecDeque::new(),
            over: false,
        }
    }

    /// What was typed and not read yet is no answer to what is asked next.
    pub(super) fn forget(&mut self) {
        self.bytes.clear();
        _ = tcflush(io::stdin(), QueueSelector::IFlush);
    }

    /// The next key.
    pub(super) fn next(&mut self) -> Key {
        loop {
            let Some(byte) = self.byte() else {
                return Key::End;
            };
            match byte {
                b'\r' | b'\n' => return Key::Enter,
                0x03 => return Key::Interrupt,
                0x04 => return Key::End,
                0x08 | 0x7f => return Key::Erase,
                ESC => {
                    if let Some(key) = self.sequence() {
                        return key;
                    }
                }
                b'\t' => return Key::Char(' '),
                0..=0x1f => {}
                first => {
                    if let Some(c) = self.character(first) {
                        return Key::Char(c);
                    }
                }
            }
        }
    }

    /// What follows Esc: an arrow, nothing, or something that nobody means here.
    fn sequence(&mut self) -> Option<Key> {
        if self.bytes.is_empty() {
            self.mode.wait_briefly(true);
            self.fill();
            self.over = false;
            self.mode.wait_briefly(false);
        }
        match self.bytes.front() {
            Some(b'[' | b'O') => _ = self.bytes.pop_front(),
            _ => return Some(Key::Escape),
        }
        // parameters, then the letter that says which key it is
        while self
            .bytes
            .front()
            .is_some_and(|byte| matches!(byte, b'0'..=b'?'))
        {
            self.bytes.pop_front();
        }
        match self.bytes.pop_front() {
            Some(b'A') => Some(Key::Up),
            Some(b'B') => Some(Key::Down),
            _ => None,
        }
    }

    fn character(&mut self, first: u8) -> Option<char> {
        let length = match first {
            ..0x80 => 1,
            0xc0..0xe0 => 2,
            0xe0..0xf0 => 3,
            0xf0.. => 4,
            _ => return None,
        };
        let mut bytes = vec![first];
        while bytes.len() < length {
            bytes.push(self.byte()?);
        }
        String::from_utf8_lossy(&bytes).chars().next()
    }

    fn byte(&mut self) -> Option<u8> {
        if self.bytes.is_empty() && !self.over {
            self.fill();
        }
        self.bytes.pop_front()
    }

    fn fill(&mut self) {
        let mut input = io::stdin().lock();
        let Ok(bytes) = input.fill_buf() else {
            self.over = true;
            return;
        };
        self.over = bytes.is_empty();
        self.bytes.extend(bytes);
        let length = bytes.len();
        input.consume(length);
    }
}
