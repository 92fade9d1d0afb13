//! Questions on the terminal. The only user of terminal modes.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::thread;

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
}

impl Drop for Mode {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}
